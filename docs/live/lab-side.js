/** One layer of a panel: its picture, its settings, what it costs, and what is wrong with it. */
import { element } from "./element.js";
import { Form } from "./lab-form.js";
import { numbers } from "./lab-link.js";
import { Picture } from "./lab-picture.js";
import { warm } from "./lab-questions.js";
import { Trouble } from "./lab-trouble.js";
import { Waiting } from "./lab-waiting.js";

/** @import {Control} from "./lab-form.js" */
/** @import {Place, State} from "./lab-link.js" */
/** @import {Shown} from "./lab-opening.js" */
/** @import {Way} from "./lab-trouble.js" */
/**
 * @typedef {object} Owner
 * @property {(state: State, changed: string) => void} change
 * @property {() => void} moved  the reader looks at another cell or step
 * @property {() => void} redraw  the reader sends other data through the layer
 * @property {() => void} stop  waiting
 * @property {() => void} again
 */

/** The views in which a mask can be tried. */
const MASKED = new Set(["recurrent"]);

export class Side {
  /** @type {State} */
  state = /** @type {any} */ (null);
  /** Nothing of this layer, yet. @type {Shown | null} */
  shown = null;
  /** What the reader changed last. */
  changed = "";
  /** @type {Form} */
  #form = /** @type {any} */ (null);
  #formPlace = element("div");
  #notes = element("div", { className: "lab-notes" });
  #cost = element("ul", { className: "lab-cost" });
  /** For paper, where there is no form to read the settings from. */
  #code = element("p", { className: "lab-code" });
  #phase = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
  #phaseLabel = element("label", { className: "lab-phase" }, this.#phase, " 训练阶段");
  #mask = /** @type {HTMLInputElement} */ (element("input", { type: "text", placeholder: "例如 1, 3", size: 10, autocomplete: "off" }));
  #maskLabel = element("label", { className: "lab-mask" }, "掩码遮住的时间步 ", this.#mask);
  trouble = new Trouble();

  /**
   * @param {string} id
   * @param {Place} place  shared with the picture
   * @param {Owner} owner
   * @param {Node[]} chooser  of the layer
   */
  constructor(id, place, owner, ...chooser) {
    this.id = id;
    this.owner = owner;
    this.picture = new Picture(`${id}-picture`, place, owner.moved, owner.redraw);
    this.waiting = new Waiting((waits) => this.#wait(waits), owner.stop, owner.again);
    this.stage = element("div", { className: "lab-stage" }, this.picture.element, this.waiting.element);
    const settings = element(
      "div",
      { className: "lab-settings" },
      ...chooser,
      this.trouble.element,
      this.#maskLabel,
      this.#formPlace,
      this.#phaseLabel,
    );
    const main = element("div", { className: "lab-main" }, this.stage, this.picture.tell, this.picture.under, this.#notes);
    this.element = element("div", { className: "lab-side" }, main, settings, this.#cost, this.#code);
    settings.addEventListener("focusin", warm);
    settings.addEventListener("pointerenter", warm);
    this.#phase.addEventListener("change", () => owner.change({ ...this.state, training: this.#phase.checked }, "training"));
    this.#mask.addEventListener("input", () => owner.change({ ...this.state, masked: numbers(this.#mask.value) }, "masked"));
  }

  /** Another layer's controls. @param {Control[]} controls @param {State} state */
  open(controls, state) {
    this.shown = null;
    this.changed = "";
    this.#form = new Form(controls, state, this.id, (changed, name) => this.owner.change(changed, name));
    this.#formPlace.replaceChildren(this.#form.element);
    this.take(state);
  }

  /** A state that the reader has not typed. @param {State} state */
  take(state) {
    this.state = state;
    this.#form.set(state);
    this.#phase.checked = state.training;
    this.#mask.value = state.masked.join(", ");
  }

  /** What the reader typed. @param {State} state @param {string} changed */
  typed(state, changed) {
    this.state = state;
    this.changed = changed;
    this.#form.state = state;
    this.trouble.remark = "";
  }

  /** @param {Shown} shown */
  render(shown) {
    this.picture.stop();
    if (shown.error) return this.#refuse(shown.error, shown.fixes ?? []);
    this.#form.invalid("");
    this.trouble.clear();
    this.shown = shown;
    this.element.classList.remove("lab-stale", "lab-other");
    this.picture.show(shown);
    this.#notes.replaceChildren(...shown.notes.map((note) => element("p", { textContent: note })));
    this.#cost.replaceChildren(...shown.cost.map((line) => element("li", { textContent: line })));
    this.#code.replaceChildren(element("code", { textContent: lineOf(shown.code) }));
    this.#phaseLabel.hidden = !shown.phases;
    this.#maskLabel.hidden = !MASKED.has(shown.view);
  }

  /** What is there stands in for what Python is to draw. */
  still() {
    this.shown = null;
    this.picture.still();
    this.element.classList.add("lab-stale");
  }

  /** Mark the settings that differ from those of another layer. @param {Side} other */
  mark(other) {
    this.#form.mark(other.#form);
  }

  /** What is there belongs to another layer. */
  leave() {
    this.element.classList.add("lab-other");
    this.trouble.remark = "";
    this.trouble.clear();
    this.picture.stop();
  }

  /** @param {Record<string, [number | null, number | null]>} ranges */
  ranges(ranges) {
    this.#form.ranges(ranges);
  }

  /** @param {boolean} waits */
  #wait(waits) {
    this.picture.element.ariaBusy = waits ? "true" : null;
    if (waits) this.element.classList.add("lab-stale");
  }

  /** @param {string} error @param {{label: string, state: State}[]} fixes */
  #refuse(error, fixes) {
    this.element.classList.add("lab-stale");
    this.#form.invalid(this.changed);
    const ways = fixes.map(({ label, state }) => {
      const take = () => {
        this.take(state);
        this.owner.change(state, this.changed);
        // The button goes away with the error; the keyboard stays in the panel.
        this.#form.focus(this.changed);
      };
      return /** @type {Way} */ ([label, take]);
    });
    this.trouble.tell(error, ways);
  }
}

/** The settings as one line. @param {string} code */
function lineOf(code) {
  return code.match(/^layer = (.*)$/m)?.[1] ?? "";
}
