/** <layer-lab>: the pictures of a layer, and the panel that redraws them for any setting. */
import { copy } from "./copy.js";
import { element } from "./element.js";
import { Form } from "./lab-form.js";
import { fromHash, numbers, toHash } from "./lab-link.js";
import { Picture } from "./lab-picture.js";
import { Questions } from "./lab-questions.js";
import { Tabs } from "./lab-tabs.js";
import { page } from "./page.js";

/** @import {Control} from "./lab-form.js" */
/** @import {Place, State} from "./lab-link.js" */
/** @import {Drawn} from "./lab-picture.js" */
/**
 * @typedef {object} Described  by labkit.diagrams.panel.show, which also draws
 * @property {string[]} views
 * @property {string[]} notes
 * @property {string[]} cost
 * @property {string} code
 * @property {boolean} phases  whether training makes a difference
 * @property {string=} error
 * @property {{label: string, state: State}[]=} fixes
 * @typedef {Drawn & Described} Shown
 *
 * @typedef {object} Start  from labkit.diagrams.panel.start
 * @property {State} state
 * @property {Control[]} controls
 * @property {Record<string, string>} titles
 * @property {Shown} shown
 * @property {[string, string[]][]=} families  layers to choose from
 */

const NOWHERE = { layer: "", view: "shape", cell: "", step: 0, backward: false };
let count = 0;

export class LayerLab extends HTMLElement {
  #alive = new AbortController();
  /** Pictures of the default setting, made with the page. @type {Map<string, {svg: string, data: any}>} */
  #made = new Map();
  /** @type {Place} shared with the picture */
  #place = { ...NOWHERE };
  #changed = "";
  /** @type {Start} */
  #start = /** @type {any} */ (null);
  /** @type {State} */
  #state = /** @type {any} */ (null);
  /** @type {Shown} */
  #shown = /** @type {any} */ (null);
  /** @type {Form} */
  #form = /** @type {any} */ (null);
  #id = `lab-${++count}`;
  #picture = new Picture(`${this.#id}-picture`, this.#place, () => this.#keep());
  #tabs = new Tabs(this.#id, this.#picture.element, (view) => this.#turn(view));
  #questions = new Questions((shown) => this.#render(shown), (reason) => this.#lost(reason));
  #notes = element("div", { className: "lab-notes" });
  #error = element("div", { className: "lab-error", role: "alert" });
  #cost = element("ul", { className: "lab-cost" });
  #said = element("span", { className: "lab-status", role: "status" }); // of a button
  #formPlace = element("div");
  #phase = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
  #phaseLabel = element("label", { className: "lab-phase" }, this.#phase, " 训练阶段");
  #mask = /** @type {HTMLInputElement} */ (element("input", { type: "text", placeholder: "例如 1, 3", size: 10, autocomplete: "off" }));
  #maskLabel = element("label", { className: "lab-phase" }, "掩码遮住的时间步 ", this.#mask);

  connectedCallback() {
    this.#alive = new AbortController();
    const { signal } = this.#alive;
    window.addEventListener("hashchange", () => this.#follow(), { signal });
    // Python starts when a reader turns to the panel, not with every page.
    this.#formPlace.addEventListener("focusin", () => page.python.warm(), { signal });
    this.#formPlace.addEventListener("pointerenter", () => page.python.warm(), { signal });
    if (this.#start) return;
    this.#start = JSON.parse(this.querySelector(":scope > script")?.textContent ?? "{}");
    this.#state = this.#start.state;
    this.#shown = this.#start.shown;
    for (const figure of this.querySelectorAll("figure")) {
      const svg = figure.querySelector("svg")?.outerHTML ?? "";
      const data = JSON.parse(figure.querySelector("script")?.textContent ?? "null");
      this.#made.set(figure.dataset.view ?? "", { svg, data });
    }
    this.#build();
    if (!this.#follow()) this.#show();
  }

  disconnectedCallback() {
    this.#alive.abort();
    this.#picture.pause();
    this.#questions.stop();
  }

  #build() {
    this.#phase.addEventListener("change", () => this.#change({ ...this.#state, training: this.#phase.checked }, "training"));
    this.#mask.addEventListener("input", () => this.#change({ ...this.#state, masked: numbers(this.#mask.value) }, "masked"));
    const tools = [
      ["复制为代码", () => copy(this.#shown.code)],
      ["复制链接", () => copy(location.href.split("#")[0] + this.#hash())],
      ["下载 SVG", () => this.#download("svg")],
      ["下载 PNG", () => this.#download("png")],
      ["恢复默认", () => this.#reset()],
    ].map(([textContent, act]) => {
      const button = element("button", { type: "button", textContent });
      button.addEventListener("click", async () => {
        await /** @type {() => any} */ (act)();
        if (`${textContent}`.startsWith("复制")) this.#say("已复制");
      });
      return button;
    });
    this.#makeForm();
    this.replaceChildren(
      ...(this.#start.families ? [this.#picker(this.#start.families)] : []),
      this.#formPlace,
      this.#phaseLabel,
      this.#error,
      this.#tabs.element,
      this.#maskLabel,
      this.#picture.element,
      this.#picture.tell,
      this.#picture.under,
      this.#notes,
      this.#cost,
      element("div", { className: "lab-tools" }, ...tools, this.#said, this.#questions.status),
    );
  }

  #makeForm() {
    this.#form = new Form(this.#start.controls, this.#state, this.#id, (state, changed) => this.#change(state, changed));
    this.#formPlace.replaceChildren(this.#form.element);
  }

  /** @param {[string, string[]][]} families */
  #picker(families) {
    const select = /** @type {HTMLSelectElement} */ (element("select", { id: `${this.#id}-layer` }));
    for (const [label, names] of families) {
      select.append(element("optgroup", { label }, ...names.map((name) => element("option", { value: name, textContent: name }))));
    }
    select.value = this.#state.layer;
    select.addEventListener("change", () => this.#choose(select.value));
    return element("div", { className: "lab-field lab-layer" }, element("label", { htmlFor: select.id, textContent: "层" }), select);
  }

  /** Another layer, with its own controls and default, in the same view. @param {string} layer @param {string} [hash]  that asks for it */
  #choose(layer, hash = "") {
    this.#questions.ask({ action: "start", layer }, (/** @type {Start} */ start) => {
      const found = fromHash(hash, start.state);
      this.#start = { ...start, families: this.#start.families };
      this.#made.clear();
      Object.assign(this.#place, { ...NOWHERE, view: this.#place.view }, found?.place, { layer });
      this.#state = found?.state ?? start.state;
      this.#changed = "";
      this.#makeForm();
      this.#take(this.#state);
      const select = /** @type {HTMLSelectElement | null} */ (this.querySelector(`#${this.#id}-layer`));
      if (select) select.value = layer;
      this.#keep();
      this.#show();
    });
  }

  /** What the page's address asks for; false if nothing. */
  #follow() {
    const found = fromHash(location.hash, this.#start.state);
    // Several panels on a page: the link is the first one's.
    if (!found || this !== document.querySelector("layer-lab")) return false;
    this.scrollIntoView({ block: "start" });
    const { layer } = found.place;
    if (layer !== this.#place.layer && this.#start.families?.some(([, names]) => names.includes(layer))) {
      this.#choose(layer, location.hash);
      return true;
    }
    Object.assign(this.#place, found.place);
    this.#changed = "";
    this.#take(found.state);
    this.#show();
    return true;
  }

  #hash() {
    return toHash(this.#state, this.#start.state, this.#place);
  }

  #keep() {
    if (this !== document.querySelector("layer-lab")) return;
    history.replaceState(history.state, "", this.#hash());
  }

  /** A state that the reader has not typed. @param {State} state */
  #take(state) {
    this.#state = state;
    this.#form.set(state);
    this.#phase.checked = state.training;
    this.#mask.value = state.masked.join(", ");
  }

  /** @param {State} state @param {string} changed */
  #change(state, changed) {
    this.#state = state;
    this.#changed = changed;
    this.#form.state = state;
    this.#place.cell = "";
    this.#place.step = 0;
    this.#keep();
    this.#show();
  }

  #reset() {
    this.#take(this.#start.state);
    this.#change(this.#state, "");
    if (!this.#place.layer) history.replaceState(history.state, "", location.pathname + location.search);
  }

  /** Show the view of the state: as it came with the page, or by asking Python. */
  #show() {
    const same = JSON.stringify(this.#state) === JSON.stringify(this.#start.state);
    const made = same ? this.#made.get(this.#place.view) : undefined;
    if (!made) return this.#request();
    this.#questions.want(null);
    this.#render({ ...this.#start.shown, ...made, view: this.#place.view, notes: made.data?.notes ?? [] });
  }

  #request() {
    this.#questions.want({ action: "show", state: this.#state, view: this.#place.view, changed: this.#changed });
  }

  /** @param {string} reason */
  #lost(reason) {
    const retry = element("button", { type: "button", textContent: "重试" });
    retry.addEventListener("click", () => {
      this.#error.replaceChildren();
      this.#request();
    });
    this.#error.replaceChildren(element("p", { textContent: reason }), retry);
  }

  /** @param {Shown} shown */
  #render(shown) {
    this.#picture.stop();
    if (shown.error) return this.#refuse(shown.error, shown.fixes ?? []);
    this.#form.invalid("");
    this.#error.replaceChildren();
    this.#shown = shown;
    this.classList.remove("lab-stale");
    this.#place.view = shown.view;
    this.#picture.show(shown);
    this.#tabs.show(shown.views, shown.view, this.#start.titles);
    this.#notes.replaceChildren(...shown.notes.map((note) => element("p", { textContent: note })));
    this.#cost.replaceChildren(...shown.cost.map((line) => element("li", { textContent: line })));
    this.#phaseLabel.hidden = !shown.phases;
    this.#maskLabel.hidden = shown.view !== "unrolled";
    this.#questions.hint({ action: "ranges", state: this.#state }, (ranges) => this.#form.ranges(ranges));
  }

  /** @param {string} error @param {{label: string, state: State}[]} fixes */
  #refuse(error, fixes) {
    this.classList.add("lab-stale");
    this.#form.invalid(this.#changed);
    const buttons = fixes.map(({ label, state }) => {
      const button = element("button", { type: "button", textContent: label });
      button.addEventListener("click", () => {
        this.#take(state);
        this.#change(state, this.#changed);
        // The button goes away with the error; the keyboard stays in the panel.
        this.#form.focus(this.#changed);
      });
      return button;
    });
    this.#error.replaceChildren(element("p", { textContent: error }), ...buttons);
  }

  /** @param {string} view */
  #turn(view) {
    this.#place.view = view;
    this.#keep();
    this.#show();
  }

  /** @param {"svg" | "png"} kind */
  #download(kind) {
    this.#picture.download(`${this.#state.layer}-${this.#place.view}`, kind);
  }

  /** @param {string} text */
  #say(text) {
    this.#said.textContent = text;
    setTimeout(() => (this.#said.textContent = ""), 2000);
  }
}

customElements.define("layer-lab", LayerLab);
