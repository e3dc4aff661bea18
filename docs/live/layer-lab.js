/** <layer-lab>: the pictures of a layer, and the panel that redraws them for any setting. */
import { copy } from "./copy.js";
import { element } from "./element.js";
import { Animation } from "./lab-animation.js";
import { embedCode } from "./lab-embed.js";
import { Form } from "./lab-form.js";
import { fromHash, numbers, toHash } from "./lab-link.js";
import { embedded, fetched, picture } from "./lab-opening.js";
import { picker } from "./lab-picker.js";
import { Picture } from "./lab-picture.js";
import { Questions, warm } from "./lab-questions.js";
import { Tabs } from "./lab-tabs.js";
import { tools } from "./lab-tools.js";
import { Trouble } from "./lab-trouble.js";
import { Waiting } from "./lab-waiting.js";

/** @import {Place, State} from "./lab-link.js" */
/** @import {Opening, Shown} from "./lab-opening.js" */
/** @import {Way} from "./lab-trouble.js" */

const NOWHERE = { layer: "", view: "shape", cell: "", step: 0, backward: false };
let count = 0;

export class LayerLab extends HTMLElement {
  #alive = new AbortController();
  /** @type {Place} shared with the picture */
  #place = { ...NOWHERE };
  #changed = "";
  /** @type {Opening} */
  #start = /** @type {any} */ (null);
  /** @type {State} */
  #state = /** @type {any} */ (null);
  /** Nothing of this layer, yet. @type {Shown | null} */
  #shown = null;
  /** Counts the layers that the reader has chosen: a file may come when it is no longer wanted. */
  #choice = 0;
  #retry = () => {};
  /** @type {Form} */
  #form = /** @type {any} */ (null);
  #id = `lab-${++count}`;
  #picture = new Picture(`${this.#id}-picture`, this.#place, () => this.#keep());
  #tabs = new Tabs(this.#id, this.#picture.element, (view) => this.#turn(view));
  #waiting = new Waiting(
    (waits) => this.#wait(waits),
    () => this.#questions.stop(),
    () => this.#questions.again(),
  );
  #questions = new Questions(this.#waiting, (reason) => this.#trouble.tell(reason, [["重试", () => this.#retry()]]));
  #trouble = new Trouble();
  #notes = element("div", { className: "lab-notes" });
  #cost = element("ul", { className: "lab-cost" });
  /** For paper, where there is no form to read the settings from. */
  #code = element("p", { className: "lab-code" });
  #animation = new Animation(() => this.#file());
  #formPlace = element("div");
  /** @type {HTMLSelectElement | null} */
  #picker = null;
  #phase = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox" }));
  #phaseLabel = element("label", { className: "lab-phase" }, this.#phase, " 训练阶段");
  #mask = /** @type {HTMLInputElement} */ (element("input", { type: "text", placeholder: "例如 1, 3", size: 10, autocomplete: "off" }));
  #maskLabel = element("label", { className: "lab-phase" }, "掩码遮住的时间步 ", this.#mask);

  connectedCallback() {
    this.#alive = new AbortController();
    const { signal } = this.#alive;
    window.addEventListener("hashchange", () => this.#follow(), { signal });
    this.#formPlace.addEventListener("focusin", warm, { signal });
    this.#formPlace.addEventListener("pointerenter", warm, { signal });
    if (this.#start) return;
    this.#start = embedded(this);
    this.#state = this.#start.state;
    this.#build();
    if (!this.#follow()) this.#show();
  }

  disconnectedCallback() {
    this.#alive.abort();
    this.#picture.pause();
    this.#choice += 1;
    this.#questions.rest();
  }

  #build() {
    this.#phase.addEventListener("change", () => this.#change({ ...this.#state, training: this.#phase.checked }, "training"));
    this.#mask.addEventListener("input", () => this.#change({ ...this.#state, masked: numbers(this.#mask.value) }, "masked"));
    this.#makeForm();
    this.replaceChildren(
      ...this.#chooser(),
      this.#formPlace,
      this.#phaseLabel,
      this.#trouble.element,
      this.#tabs.element,
      this.#maskLabel,
      element("div", { className: "lab-stage" }, this.#picture.element, this.#waiting.element),
      this.#picture.tell,
      this.#picture.under,
      this.#notes,
      this.#cost,
      this.#code,
      tools([
        ["复制为代码", () => copy(this.#shown?.code ?? ""), "已复制"],
        ["复制链接", () => copy(location.href.split("#")[0] + this.#hash()), "已复制"],
        ["下载 SVG", () => this.#download("svg")],
        ["下载 PNG", () => this.#download("png")],
        ["复制嵌入代码", () => copy(this.#embed()), "已复制"],
        ["恢复默认", () => this.#reset()],
      ], this.#animation.element),
    );
  }

  #makeForm() {
    this.#form = new Form(this.#start.controls, this.#state, this.#id, (state, changed) => this.#change(state, changed));
    this.#formPlace.replaceChildren(this.#form.element);
  }

  #chooser() {
    if (!this.#start.families) return [];
    this.#picker = picker(`${this.#id}-layer`, this.#start.families, (layer) => this.#choose(layer));
    this.#picker.value = this.#state.layer;
    return [element("div", { className: "lab-field lab-layer" }, element("label", { htmlFor: this.#picker.id, textContent: "层" }), this.#picker)];
  }

  /** Another layer, with its own controls and default, in the same view. @param {string} layer @param {string} [hash]  that asks for it */
  async #choose(layer, hash = "") {
    const choice = ++this.#choice;
    if (this.#picker) this.#picker.value = layer;
    this.classList.add("lab-other");
    this.#trouble.remark = "";
    this.#trouble.clear();
    this.#picture.stop();
    this.#questions.rest();
    this.#retry = () => this.#choose(layer, hash);
    this.#waiting.begin(`正在载入 ${layer} 的参数和图…`);
    const found = await fetched(layer).catch((/** @type {Error} */ error) => error);
    if (choice !== this.#choice) return;
    if (!(found instanceof Error)) return this.#open(layer, found, hash);
    this.#questions.want({
      question: { action: "start", layer },
      awaited: `${layer} 的图没有载入（${found.message}），改由 Python 来画，请稍候…`,
      then: (start) => this.#open(layer, { ...start, pictures: {} }, hash),
    });
  }

  /** @param {string} layer @param {Opening} start @param {string} hash */
  #open(layer, start, hash) {
    this.#questions.rest();
    this.#start = { ...start, families: this.#start.families };
    this.#shown = null;
    const found = fromHash(hash, this.#start);
    Object.assign(this.#place, { ...NOWHERE, view: this.#place.view }, found?.place, { layer });
    this.#trouble.remark = found?.refused ?? "";
    this.#state = found?.state ?? start.state;
    this.#changed = "";
    this.#makeForm();
    this.#take(this.#state);
    this.#tabs.show(start.shown.views, this.#place.view, start.titles);
    this.#keep();
    this.#show();
  }

  /** What the page's address asks for; false if nothing. */
  #follow() {
    const found = fromHash(location.hash, this.#start);
    // Several panels on a page: the link is the first one's.
    if (!found || this !== document.querySelector("layer-lab")) return false;
    // A frame must not move the page around it.
    if (window === window.parent) this.scrollIntoView({ block: "start" });
    const { layer } = found.place;
    if (layer && layer !== this.#place.layer) {
      this.#choose(layer, location.hash);
      return true;
    }
    this.#choice += 1;
    this.classList.remove("lab-other");
    Object.assign(this.#place, found.place);
    if (this.#picker) this.#picker.value = layer || this.#state.layer;
    this.#trouble.remark = found.refused;
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
    this.#trouble.remark = "";
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

  /** Show the view of the state: as it came with the layer, or by asking Python. */
  #show() {
    const same = JSON.stringify(this.#state) === JSON.stringify(this.#start.state);
    // A view that the layer has not is its shape, as in labkit.diagrams.panel.show.
    const view = this.#start.shown.views.includes(this.#place.view) ? this.#place.view : "shape";
    const made = same ? picture(this.#start, view) : null;
    if (!made) return this.#request();
    this.#questions.rest();
    this.#render(made);
  }

  #request() {
    const below = this.#shown ? "原来的" : "默认设置的";
    if (!this.#shown) this.#standIn();
    const { layer } = this.#state;
    const { view } = this.#place;
    this.#retry = () => {
      this.#trouble.clear();
      this.#request();
    };
    this.#questions.want({
      question: { action: "show", state: this.#state, view, changed: this.#changed },
      awaited: `正在画 ${layer} 的${this.#start.titles[view]}图${this.#shown ? `，下面还是${below}` : ""}…`,
      then: (shown) => this.#render(shown),
    });
  }

  /** Until Python has drawn what a link asks for: the layer's default, which does not answer. */
  #standIn() {
    const wanted = { ...this.#place };
    const made = picture(this.#start, wanted.view) ?? picture(this.#start, "shape");
    if (made) this.#render(made);
    this.#picture.still();
    this.classList.add("lab-stale");
    Object.assign(this.#place, wanted);
  }

  /** @param {boolean} waits */
  #wait(waits) {
    this.#picture.element.ariaBusy = waits ? "true" : null;
    if (waits) this.classList.add("lab-stale");
  }

  /** @param {Shown} shown */
  #render(shown) {
    this.#picture.stop();
    if (shown.error) return this.#refuse(shown.error, shown.fixes ?? []);
    this.#form.invalid("");
    this.#trouble.clear();
    this.#shown = shown;
    this.classList.remove("lab-stale", "lab-other");
    this.#place.view = shown.view;
    this.#picture.show(shown);
    this.#tabs.show(shown.views, shown.view, this.#start.titles);
    this.#animation.offer(this.#picture.hasSteps ? () => this.#picture.frames() : null);
    this.#code.replaceChildren(element("code", { textContent: lineOf(shown.code) }));
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
    const ways = fixes.map(({ label, state }) => {
      const take = () => {
        this.#take(state);
        this.#change(state, this.#changed);
        // The button goes away with the error; the keyboard stays in the panel.
        this.#form.focus(this.#changed);
      };
      return /** @type {Way} */ ([label, take]);
    });
    this.#trouble.tell(error, ways);
  }

  /** @param {string} view */
  #turn(view) {
    this.#place.view = view;
    this.#trouble.remark = "";
    this.#keep();
    this.#show();
  }

  /** @param {"svg" | "png"} kind */
  #download(kind) {
    this.#picture.download(this.#file(), kind);
  }

  /** The name of a file, without its ending. */
  #file() {
    return `${this.#state.layer}-${this.#place.view}`;
  }

  #embed() {
    const { layer } = this.#state;
    return embedCode(toHash(this.#state, this.#start.example ?? this.#start.state, { ...this.#place, layer }), layer, this);
  }
}

/** The settings as one line. @param {string} code */
function lineOf(code) {
  return code.match(/^layer = (.*)$/m)?.[1] ?? "";
}

customElements.define("layer-lab", LayerLab);
