/** The picture of a panel: it answers, its steps can be walked, and it becomes a file. */
import { drawing } from "./drawing.js";
import { element } from "./element.js";
import { answer } from "./lab-answers.js";
import { DataView } from "./lab-data.js";
import { download } from "./lab-image.js";

/** @import {Answer, Data} from "./lab-answers.js" */
/** @import {Data as Sample} from "./lab-data.js" */
/** @import {Frames} from "./lab-gif.js" */
/** @import {Place} from "./lab-link.js" */
/**
 * @typedef {object} Drawn  a view of a layer, as labkit.diagrams.panel.show draws it
 * @property {string} view
 * @property {string} svg
 * @property {string[]} notes
 * @property {Data=} data  of a picture that answers; of 看数据 it is Sample
 */

export class Picture {
  element = element("div", { className: "lab-picture", role: "tabpanel" });
  /** Says what the chosen cell is connected with. */
  tell = element("p", { className: "lab-tell", ariaLive: "polite" });
  under = element("div", { className: "lab-under" });
  /** @type {Answer | null} */
  #answer = null;
  /** What is shown. @type {Drawn | null} */
  #drawn = null;
  /** It stays while what it shows is drawn anew. @type {DataView | null} */
  #data = null;

  /**
   * @param {string} id
   * @param {Place} place  where a picture is opened; then, what the reader looks at
   * @param {() => void} moved  the reader has chosen another cell or step
   * @param {() => void} changed  the reader sends other data through the layer
   */
  constructor(id, place, moved, changed) {
    this.element.id = id;
    this.place = place;
    this.moved = moved;
    this.changed = changed;
  }

  /** @param {Drawn} shown */
  show(shown) {
    const { view, svg, data } = shown;
    this.stop();
    this.#drawn = shown;
    this.element.replaceChildren(drawing(svg));
    // A picture without cells may have to be scrolled by keys.
    this.element.tabIndex = data ? -1 : 0;
    this.tell.textContent = "";
    const drawn = this.element.firstElementChild;
    if (!data || !(drawn instanceof SVGElement)) return this.under.replaceChildren();
    if (view === "data") return this.#look(drawn, /** @type {any} */ (data));
    this.#answer = answer(drawn, view, data, this.place, (sentence) => (this.tell.textContent = sentence), this.moved);
    this.under.replaceChildren(...this.#answer.below);
  }

  /** @param {SVGElement} svg @param {Sample} sample */
  #look(svg, sample) {
    this.#data ??= new DataView(this.place, this.changed);
    // What the reader drags or types in stays where it is.
    if (this.under.firstChild !== this.#data.element) this.under.replaceChildren(this.#data.element);
    const tell = (/** @type {string} */ sentence, /** @type {string} */ cell) => {
      this.tell.textContent = sentence;
      this.place.cell = cell;
    };
    this.#data.show(svg, sample, tell, this.moved);
  }

  /** The picture stays, and answers no more. */
  stop() {
    this.#answer?.stop();
    this.#data?.stop();
    this.#answer = null;
  }

  /** Only the picture itself stays. */
  still() {
    this.stop();
    this.tell.textContent = "";
    this.under.replaceChildren();
  }

  pause() {
    this.#answer?.player?.pause();
  }

  /** Look where the place says, which another picture has changed. */
  follow() {
    this.#answer?.follow();
  }

  get hasSteps() {
    return Boolean(this.#answer?.player);
  }

  /** A copy of the picture that goes through its steps by itself; null where it has none. @returns {Frames | null} */
  frames() {
    const svg = this.#drawn && drawing(this.#drawn.svg);
    if (!this.#drawn?.data || !(svg instanceof SVGElement)) return null;
    const { player } = answer(svg, this.#drawn.view, this.#drawn.data, { ...this.place }, () => {}, () => {});
    return player && { svg, count: player.count, go: (step) => player.go(step) };
  }

  /** @param {string} name  of the file, without its ending @param {"svg" | "png"} kind */
  download(name, kind) {
    const svg = this.element.querySelector("svg");
    if (svg) download(svg, name, kind);
  }
}
