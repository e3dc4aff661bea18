/** <layer-lab>: the pictures of a layer, and the panel that redraws them for any setting. */
import { copy } from "./copy.js";
import { element } from "./element.js";
import { Animation } from "./lab-animation.js";
import { Comparison } from "./lab-comparison.js";
import { withData } from "./lab-data.js";
import { embedCode } from "./lab-embed.js";
import { fullScreen } from "./lab-full-screen.js";
import { fromHash, toHash } from "./lab-link.js";
import { embedded, fetched, picture } from "./lab-opening.js";
import { picker } from "./lab-picker.js";
import { Questions } from "./lab-questions.js";
import { isWide, watchRoom } from "./lab-room.js";
import { Side } from "./lab-side.js";
import { Tabs } from "./lab-tabs.js";
import { tools } from "./lab-tools.js";

/** @import {Place, State} from "./lab-link.js" */
/** @import {Opening, Shown} from "./lab-opening.js" */

const NOWHERE = { layer: "", view: "", cell: "", step: -1, backward: false, data: "", kernel: "" };
let count = 0;

export class LayerLab extends HTMLElement {
  #alive = new AbortController();
  /** @type {Place} shared with the pictures */
  #place = { ...NOWHERE };
  /** @type {Opening} */
  #start = /** @type {any} */ (null);
  /** Counts the layers that the reader has chosen: a file may come when it is no longer wanted. */
  #choice = 0;
  #retry = () => {};
  #id = `lab-${++count}`;
  /** Whether pictures for a desk have room. */
  #wide = false;
  /** @type {HTMLSelectElement | null} */
  #picker = null;
  #chooser = element("div");
  #side = new Side(
    this.#id,
    this.#place,
    {
      change: (state, changed) => this.#change(state, changed),
      moved: () => this.#moved(),
      redraw: () => this.#redraw(),
      stop: () => this.#questions.stop(),
      again: () => this.#questions.again(),
    },
    this.#chooser,
  );
  #questions = new Questions(this.#side.waiting, (reason) => this.#side.trouble.tell(reason, [["重试", () => this.#retry()]]));
  #comparison = new Comparison(this.#id, this.#place, {
    show: () => this.#changed(),
    moved: () => this.#moved(),
    redraw: () => this.#redraw(),
    first: this.#side,
    questions: this.#questions,
  });
  #animation = new Animation(() => this.#file());
  #tabs = new Tabs(this.#id, this.#side.picture.element, (view) => this.#turn(view));

  connectedCallback() {
    this.#alive = new AbortController();
    const { signal } = this.#alive;
    window.addEventListener("hashchange", () => this.#follow(), { signal });
    watchRoom(this, this.#side.stage, signal, (wide) => this.#resized(wide));
    if (this.#start) return;
    this.#start = embedded(this);
    this.#place.view = this.#start.shown.views[0];
    this.#build();
    this.#side.open(this.#start.controls, this.#start.state);
    this.#comparison.follow(null, this.#start, this.#start.state);
    if (!this.#follow()) this.#show();
  }

  disconnectedCallback() {
    this.#alive.abort();
    this.#side.picture.pause();
    this.#choice += 1;
    this.#questions.rest();
  }

  #build() {
    const { families } = this.#start;
    if (this.#start.chooses) {
      this.#picker = picker(`${this.#id}-layer`, families, (layer) => this.#choose(layer));
      this.#picker.value = this.#start.state.layer;
      this.#chooser.append(element("div", { className: "lab-field lab-layer" }, element("label", { htmlFor: this.#picker.id, textContent: "层" }), this.#picker));
    }
    this.#comparison.build(families);
    this.#comparison.sides.append(this.#side.element);
    this.addEventListener("lab-length", (event) => this.#lengthen(/** @type {CustomEvent<number>} */ (event).detail));
    this.replaceChildren(
      element("div", { className: "lab-head" }, this.#tabs.element, this.#comparison.toggle, fullScreen(this)),
      this.#comparison.sides,
      tools([
        ["复制为代码", () => copy(this.#side.shown?.code ?? ""), "已复制"],
        ["复制链接", () => copy(location.href.split("#")[0] + this.#hash()), "已复制"],
        ["下载 SVG", () => this.#download("svg")],
        ["下载 PNG", () => this.#download("png")],
        ["复制嵌入代码", () => copy(this.#embed()), "已复制"],
        ["恢复默认", () => this.#reset()],
      ], this.#animation.element),
    );
    this.#wide = isWide(this.#side.stage);
  }

  /** Another layer, with its own controls and default, in the same view. @param {string} layer @param {string} [hash]  that asks for it */
  async #choose(layer, hash = "") {
    const choice = ++this.#choice;
    if (this.#picker) this.#picker.value = layer;
    this.#side.leave();
    this.#questions.rest();
    this.#retry = () => this.#choose(layer, hash);
    this.#side.waiting.begin(`正在载入 ${layer} 的参数和图…`);
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
    const { families, chooses } = this.#start;
    this.#start = { ...start, families, chooses };
    const found = fromHash(hash, this.#start);
    Object.assign(this.#place, { ...NOWHERE, view: this.#place.view, data: this.#place.data }, found?.place, { layer });
    this.#side.open(start.controls, found?.state ?? start.state);
    this.#side.trouble.remark = found?.refused ?? "";
    this.#tabs.show(start.shown.views, this.#place.view, start.titles);
    this.#comparison.follow(found?.other ?? null, this.#start, this.#side.state);
    this.#changed();
  }

  /** What the page's address asks for; false if nothing. */
  #follow() {
    const found = fromHash(location.hash, this.#start);
    // Several panels on a page: the link is the first one's.
    if (!found || !this.#first()) return false;
    // A frame must not move the page around it.
    if (window === window.parent) this.scrollIntoView({ block: "start" });
    const { layer } = found.place;
    if (layer && layer !== this.#place.layer) {
      this.#choose(layer, location.hash);
      return true;
    }
    this.#choice += 1;
    Object.assign(this.#place, found.place);
    if (this.#picker) this.#picker.value = layer || this.#side.state.layer;
    this.#side.element.classList.remove("lab-other");
    this.#side.trouble.remark = found.refused;
    this.#side.changed = "";
    this.#side.take(found.state);
    this.#comparison.follow(found.other, this.#start, this.#side.state);
    this.#show();
    return true;
  }

  #first() {
    return this === document.querySelector("layer-lab");
  }

  #hash() {
    return toHash(this.#side.state, this.#start.state, this.#place, this.#comparison.state);
  }

  #keep() {
    if (this.#first()) history.replaceState(history.state, "", this.#hash());
  }

  /** The reader looks elsewhere in one of two pictures: the other one follows. */
  #moved() {
    this.#keep();
    if (!this.#comparison.state) return;
    this.#side.picture.follow();
    this.#comparison.side.picture.follow();
  }

  /** @param {State} state @param {string} changed */
  #change(state, changed) {
    this.#comparison.before(this.#side.state, state);
    this.#side.typed(state, changed);
    this.#place.cell = "";
    this.#place.step = -1;
    this.#changed();
  }

  /** A picture asks for another number of time steps. @param {number} steps */
  #lengthen(steps) {
    const { state } = this.#side;
    const [[batch, , ...rest], ...others] = state.inputs;
    const { backward, cell } = this.#place;
    this.#side.take({ ...state, inputs: [[batch, steps, ...rest], ...others], masked: state.masked.filter((t) => t < steps) });
    this.#change(this.#side.state, "");
    Object.assign(this.#place, { backward, cell, step: steps - 1 });
  }

  #changed() {
    this.#keep();
    this.#show();
  }

  #reset() {
    this.#comparison.close();
    this.#side.take(this.#start.state);
    Object.assign(this.#place, { data: "", kernel: "" });
    this.#change(this.#side.state, "");
    if (!this.#place.layer) history.replaceState(history.state, "", location.pathname + location.search);
  }

  /** @param {boolean} wide */
  #resized(wide) {
    if (wide === this.#wide) return;
    this.#wide = wide;
    if (this.#side.shown) this.#show();
  }

  /** Show the view of the state: as it came with the layer, or by asking Python. */
  #show() {
    const { state } = this.#side;
    const { data, kernel } = this.#place;
    const same = JSON.stringify(state) === JSON.stringify(this.#start.state) && !data && !kernel;
    const { views } = this.#start.shown;
    // In place of a view that the layer has not, its first, as in labkit.diagrams.panel.show.
    const view = views.includes(this.#place.view) ? this.#place.view : views[0];
    const made = same && !this.#comparison.state ? picture(this.#start, view, this.#wide) : null;
    if (!made) return this.#request();
    this.#questions.rest();
    this.#render(made);
  }

  /** Other data for the same layer. */
  #redraw() {
    this.#place.cell = "";
    this.#changed();
  }

  async #request() {
    const { state, shown, changed } = this.#side;
    const { view } = this.#place;
    const standing = shown ? "，下面还是原来的" : this.#standIn() ? "，下面还是默认设置的" : "";
    this.#retry = () => {
      this.#side.trouble.clear();
      this.#request();
    };
    const added = view === "data" ? await withData(this.#place) : null;
    if (state !== this.#side.state || view !== this.#place.view) return; // while that came
    const other = this.#comparison.state;
    const question = { action: "show", state: { ...state, ...added?.state }, view, changed, wide: this.#wide, needs: added?.needs };
    const both = other && { action: "compare", other: { ...other, ...added?.state }, otherChanged: this.#comparison.side.changed };
    this.#questions.want({
      question: { ...question, ...both },
      awaited: `正在画 ${state.layer} 的${this.#start.titles[view]}图${standing}…`,
      then: (answer) => {
        this.#render(other ? answer.shown[0] : answer);
        if (other) this.#comparison.render(answer.shown[1], answer.facts);
      },
    });
  }

  /** Until Python has drawn what a link asks for: the layer's default, which does not answer. */
  #standIn() {
    const wanted = { ...this.#place };
    const made = picture(this.#start, wanted.view, this.#wide) ?? picture(this.#start, this.#start.shown.views[0], this.#wide);
    if (made) this.#render(made);
    this.#side.still();
    Object.assign(this.#place, wanted);
    return made;
  }

  /** @param {Shown} shown */
  #render(shown) {
    this.#side.render(shown);
    const { picture } = this.#side;
    this.#animation.offer(picture.hasSteps ? () => picture.frames() : null);
    if (shown.error) return;
    this.#place.view = shown.view;
    this.#tabs.show(shown.views, shown.view, this.#start.titles);
    this.#questions.hint({ action: "ranges", state: this.#side.state }, (ranges) => this.#side.ranges(ranges));
  }

  /** @param {string} view */
  #turn(view) {
    this.#place.view = view;
    this.#side.trouble.remark = "";
    this.#changed();
  }

  /** @param {"svg" | "png"} kind */
  #download(kind) {
    this.#side.picture.download(this.#file(), kind);
  }

  /** The name of a file, without its ending. */
  #file() {
    return `${this.#side.state.layer}-${this.#place.view}`;
  }

  #embed() {
    const { state } = this.#side;
    const { layer } = state;
    const start = this.#start.example ?? this.#start.state;
    return embedCode(toHash(state, start, { ...this.#place, layer }, this.#comparison.state), layer, this);
  }
}

customElements.define("layer-lab", LayerLab);
