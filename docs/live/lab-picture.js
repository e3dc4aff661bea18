/** The picture of a panel: its cells answer, its steps can be walked, and it becomes a file. */
import { drawing } from "./drawing.js";
import { element } from "./element.js";
import { Cells } from "./lab-cells.js";
import { download } from "./lab-image.js";
import { Recurrent } from "./lab-recurrent.js";
import { Steps } from "./lab-steps.js";
import { Volume } from "./lab-volume.js";

/** @import {Links} from "./lab-cells.js" */
/** @import {Place} from "./lab-link.js" */
/** @import {Passage} from "./lab-recurrent.js" */
/** @import {Walk} from "./lab-steps.js" */
/** @import {Volumes} from "./lab-volume.js" */
/**
 * @typedef {object} Drawn  a view of a layer, as labkit.diagrams.panel.show draws it
 * @property {string} view
 * @property {string} svg
 * @property {string[]} notes
 * @property {(Partial<Links> & Partial<Walk> & Partial<Volumes> & {recurrent?: Passage})=} data  of a picture that answers
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
  /** @type {Volume | null} */
  #volume = null;
  /** @type {Recurrent | null} */
  #recurrent = null;

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
    // A picture without cells may have to be scrolled by keys.
    this.element.tabIndex = data ? -1 : 0;
    this.tell.textContent = "";
    this.under.replaceChildren();
    const drawn = this.element.firstElementChild;
    if (!data || !(drawn instanceof SVGElement)) return;
    if (data.recurrent) this.#pass(drawn, data.recurrent);
    else if (data.walk) this.#move(drawn, /** @type {Volumes} */ (data));
    else if (view === "steps") this.#walk(drawn, /** @type {Walk} */ (data));
    else this.#point(drawn, /** @type {Links} */ (data));
  }

  /** The picture stays, and answers no more. */
  stop() {
    this.pause();
    this.#cells?.stop();
    this.#volume?.stop();
    this.#steps = this.#cells = this.#volume = this.#recurrent = null;
  }

  /** Only the picture itself stays. */
  still() {
    this.stop();
    this.tell.textContent = "";
    this.under.replaceChildren();
  }

  pause() {
    this.#steps?.stop();
    this.#volume?.pause();
    this.#recurrent?.stop();
  }

  /** Look where the place says, which another picture has changed. */
  follow() {
    const { cell, step, backward } = this.place;
    if (this.#steps && (this.#steps.step !== step || this.#steps.backward !== backward)) {
      this.#steps.backward = backward;
      this.#steps.go(step);
    } else if (this.#volume && this.#volume.step !== step) {
      this.#follow(this.#volume);
    } else if (this.#recurrent) {
      this.#recurrent.follow();
    } else if (this.#cells && !this.#steps && this.#cells.pinned !== cell) {
      this.#cells.pinned = cell;
      this.#cells.show(cell);
    }
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
      this.tell.textContent = cell === steps.key ? "" : sentence;
      this.place.cell = cell;
    };
    const cells = new Cells(svg, walk, tell, false);
    const steps = new Steps(cells, walk, () => this.#stepped());
    this.#cells = cells;
    this.#steps = steps;
    svg.addEventListener("click", () => {
      this.#steps?.choose(cells.pinned);
      this.moved();
    });
    steps.backward = this.place.backward;
    this.under.replaceChildren(steps.element);
    steps.go(this.place.step);
  }

  /** @param {SVGElement} svg @param {Volumes} volumes */
  #move(svg, volumes) {
    const volume = new Volume(svg, volumes, () => {
      if (this.#volume !== volume || this.place.step === volume.step) return;
      this.place.step = volume.step;
      this.moved();
    });
    this.under.replaceChildren(volume.element);
    this.#follow(volume);
  }

  /** Without telling anybody: the place is there already. @param {Volume} volume */
  #follow(volume) {
    this.#volume = null;
    volume.go(this.place.step < 0 ? volume.data.middle : this.place.step);
    this.#volume = volume;
  }

  /** @param {SVGElement} svg @param {Passage} passage */
  #pass(svg, passage) {
    const tell = (/** @type {string} */ sentence) => {
      this.tell.textContent = sentence;
    };
    this.#recurrent = new Recurrent(svg, passage, this.place, tell, () => this.#recurrent && this.moved());
    this.under.replaceChildren(this.#recurrent.element);
  }

  #stepped() {
    if (!this.#steps) return;
    const { step, backward } = this.#steps;
    const moved = Math.max(this.place.step, 0) !== step || this.place.backward !== backward;
    this.place.step = step;
    this.place.backward = backward;
    if (moved) this.moved();
  }
}
