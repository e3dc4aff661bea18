/** The picture of a panel: its cells answer, its steps can be walked, and it becomes a file. */
import { drawing } from "./drawing.js";
import { element } from "./element.js";
import { Cells } from "./lab-cells.js";
import { download } from "./lab-image.js";
import { Steps } from "./lab-steps.js";

/** @import {Links} from "./lab-cells.js" */
/** @import {Frames} from "./lab-gif.js" */
/** @import {Place} from "./lab-link.js" */
/** @import {Walk} from "./lab-steps.js" */
/**
 * @typedef {object} Drawn  a view of a layer, as labkit.diagrams.panel.show draws it
 * @property {string} view
 * @property {string} svg
 * @property {string[]} notes
 * @property {(Links & Partial<Walk>)=} data  of a picture of cells
 */

export class Picture {
  element = element("div", { className: "lab-picture", role: "tabpanel" });
  /** Says what the chosen cell is connected with. */
  tell = element("p", { className: "lab-tell", ariaLive: "polite" });
  under = element("div", { className: "lab-under" });
  /** @type {Cells | null} */
  #cells = null;
  /** @type {Steps | null} */
  #steps = null;
  /** What there is to walk through. @type {{svg: string, walk: Walk} | null} */
  #walked = null;

  /**
   * @param {string} id
   * @param {Place} place  where a picture is opened; then, what the reader looks at
   * @param {() => void} moved  the reader has chosen another cell or step
   */
  constructor(id, place, moved) {
    this.element.id = id;
    this.place = place;
    this.moved = moved;
  }

  /** @param {Drawn} drawn */
  show({ view, svg, data }) {
    this.stop();
    this.element.replaceChildren(drawing(svg));
    this.#walked = view === "steps" && data?.links ? { svg, walk: /** @type {Walk} */ (data) } : null;
    // A picture without cells may have to be scrolled by keys.
    this.element.tabIndex = data?.links ? -1 : 0;
    this.tell.textContent = "";
    this.under.replaceChildren();
    const drawn = this.element.firstElementChild;
    if (!data?.links || !(drawn instanceof SVGElement)) return;
    if (view === "steps") this.#walk(drawn, /** @type {Walk} */ (data));
    else this.#point(drawn, data);
  }

  /** The picture stays, and answers no more. */
  stop() {
    this.pause();
    this.#cells?.stop();
    this.#steps = this.#cells = null;
  }

  /** Only the picture itself stays. */
  still() {
    this.stop();
    this.tell.textContent = "";
    this.under.replaceChildren();
  }

  pause() {
    this.#steps?.stop();
  }

  /** Look where the place says, which another picture has changed. */
  follow() {
    const { cell, step, backward } = this.place;
    if (this.#steps && (this.#steps.step !== step || this.#steps.backward !== backward)) {
      this.#steps.backward = backward;
      this.#steps.go(step);
    } else if (this.#cells && !this.#steps && this.#cells.pinned !== cell) {
      this.#cells.pinned = cell;
      this.#cells.show(cell);
    }
  }

  /** A copy of the picture that goes through its steps by itself; null where it has none. @returns {Frames | null} */
  frames() {
    if (!this.#walked) return null;
    const svg = drawing(this.#walked.svg);
    if (!(svg instanceof SVGElement)) return null;
    const { walk } = this.#walked;
    const steps = new Steps(new Cells(svg, walk, () => {}, false), walk, () => {});
    steps.backward = this.place.backward;
    return { svg, count: walk.y.length, go: (step) => steps.go(step) };
  }

  get hasSteps() {
    return this.#walked !== null;
  }

  /** @param {string} name  of the file, without its ending @param {"svg" | "png"} kind */
  download(name, kind) {
    const svg = this.element.querySelector("svg");
    if (svg) download(svg, name, kind);
  }

  /** @param {SVGElement} svg @param {Links} links */
  #point(svg, links) {
    const cells = new Cells(svg, links, (sentence, cell) => {
      this.tell.textContent = sentence;
      this.place.cell = cell;
    });
    this.#cells = cells;
    svg.addEventListener("click", () => this.moved());
    cells.pinned = this.place.cell;
    cells.show(this.place.cell);
  }

  /** @param {SVGElement} svg @param {Walk} walk */
  #walk(svg, walk) {
    const tell = (/** @type {string} */ sentence, /** @type {string} */ cell) => {
      // A step says by itself what its output is made of.
      this.tell.textContent = cell === `y${steps.step}` ? "" : sentence;
      this.place.cell = cell;
    };
    const cells = new Cells(svg, walk, tell, false);
    const steps = new Steps(cells, walk, () => this.#stepped());
    this.#cells = cells;
    this.#steps = steps;
    svg.addEventListener("click", () => {
      if (this.#steps && cells.pinned[0] === "y") this.#steps.go(Number(cells.pinned.slice(1)));
      this.moved();
    });
    steps.backward = this.place.backward;
    this.under.replaceChildren(steps.element);
    steps.go(this.place.step);
  }

  #stepped() {
    if (!this.#steps) return;
    const { step, backward } = this.#steps;
    const moved = this.place.step !== step || this.place.backward !== backward;
    this.place.step = step;
    this.place.backward = backward;
    if (moved) this.moved();
  }
}
