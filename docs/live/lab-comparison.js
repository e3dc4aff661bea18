/** A second setting of the layer, or another layer, beside the first one, under the same input. */
import { button, element } from "./element.js";
import { fetched } from "./lab-opening.js";
import { picker } from "./lab-picker.js";
import { Side } from "./lab-side.js";

/** @import {Place, State} from "./lab-link.js" */
/** @import {Opening, Shown} from "./lab-opening.js" */
/** @import {Questions} from "./lab-questions.js" */
/**
 * @typedef {object} Contrast  from labkit.diagrams.contrasts
 * @property {string} label
 * @property {string} layer
 * @property {Record<string, string>} settings
 *
 * @typedef {object} Link  what a link says of the second layer
 * @property {string} layer
 * @property {Record<string, string>} settings
 * @property {(number | null)[][]} inputs  none where they are those of the first
 * @property {boolean=} training  left out where it is that of the first
 * @property {number[]=} masked  left out where they are those of the first
 *
 * @typedef {object} Owner
 * @property {() => void} show
 * @property {() => void} moved
 * @property {() => void} redraw
 * @property {Side} first
 * @property {Questions} questions
 */

export class Comparison {
  /** Null while nothing is compared. @type {State | null} */
  state = null;
  toggle = button("比较", () => (this.state ? this.#end() : this.#begin()));
  /** Of the panel: one, or two beside each other. */
  sides = element("div", { className: "lab-sides" });
  #facts = element("div", { className: "lab-facts" });
  #chooser = element("div");
  #contrasts = element("div", { className: "lab-contrasts", role: "group", ariaLabel: "与什么比较" });
  /** @type {HTMLSelectElement | null} */
  #picker = null;
  /** Of the first layer. @type {Opening} */
  #first = /** @type {any} */ (null);
  /** @type {State} */
  #firstState = /** @type {any} */ (null);
  /** Counts the layers chosen: a file may come when it is no longer wanted. */
  #choice = 0;

  /** @param {string} id @param {Place} place @param {Owner} owner */
  constructor(id, place, owner) {
    this.id = id;
    this.owner = owner;
    this.side = new Side(
      `${id}-other`,
      place,
      {
        change: (state, changed) => {
          this.side.typed(state, changed);
          this.state = state;
          owner.show();
        },
        moved: owner.moved,
        redraw: owner.redraw,
        stop: () => owner.questions.stop(),
        again: () => owner.questions.again(),
      },
      this.#chooser,
    );
    this.toggle.ariaPressed = "false";
  }

  /** @param {[string, string[]][]} families */
  build(families) {
    this.#picker = picker(`${this.id}-other-layer`, families, (layer) => this.#choose(layer, {}));
    const label = element("label", { htmlFor: this.#picker.id, textContent: "比较的层" });
    this.#chooser.append(element("div", { className: "lab-field lab-layer" }, label, this.#picker), this.#contrasts);
  }

  /** What is compared is what the link says. @param {Link | null} link @param {Opening} opening  of the first layer @param {State} state */
  follow(link, opening, state) {
    this.#first = opening;
    this.#firstState = state;
    if (!link) return this.close();
    return this.#choose(link.layer, link.settings, link);
  }

  /** The first layer changes: an input that was the same stays so, and its mask. @param {State} before @param {State} after */
  before(before, after) {
    this.#firstState = after;
    if (!this.state) return;
    const { inputs, masked } = this.state;
    this.state = {
      ...this.state,
      inputs: `${inputs}` === `${before.inputs}` ? after.inputs : inputs,
      masked: `${masked}` === `${before.masked}` ? after.masked : masked,
    };
    this.side.take(this.state);
  }

  #begin() {
    const [contrast] = this.#offered();
    const { layer, settings } = contrast ?? { layer: this.#firstState.layer, settings: {} };
    this.#choose(layer, { ...(layer === this.#firstState.layer ? this.#firstState.settings : {}), ...settings });
  }

  #end() {
    this.close();
    this.owner.show();
  }

  close() {
    this.#choice += 1;
    this.state = null;
    this.side.picture.stop();
    this.#toggled(false);
    this.#facts.replaceChildren();
  }

  /** @param {boolean} on */
  #toggled(on) {
    if (on) this.sides.append(this.side.element, this.#facts);
    else [this.side.element, this.#facts].forEach((part) => part.remove());
    [this.owner.first, this.side].forEach(({ element }, k) => {
      element.role = on ? "group" : null;
      element.ariaLabel = on ? ["第一个层", "第二个层"][k] : null;
    });
    this.sides.classList.toggle("lab-two", on);
    this.toggle.ariaPressed = `${on}`;
    this.toggle.textContent = on ? "不再比较" : "比较";
  }

  /** What is worth comparing with what is shown. */
  #offered() {
    const { layer, settings } = this.#firstState;
    const own = Object.fromEntries(this.#first.controls.map(({ name, default: text }) => [name, settings[name] ?? text]));
    const same = (/** @type {Contrast} */ contrast) => contrast.layer === layer && Object.entries(contrast.settings).every(([name, text]) => own[name] === text);
    return this.#first.contrasts.filter((contrast) => !same(contrast));
  }

  /** @param {string} layer @param {Record<string, string>} settings @param {Partial<Link>} [link]  says more of it */
  async #choose(layer, settings, link = {}) {
    const { inputs = [] } = link;
    const choice = ++this.#choice;
    const first = this.#firstState;
    const start = layer === first.layer ? this.#first : await fetched(layer).catch(() => null);
    if (choice !== this.#choice) return;
    if (!start) return this.side.trouble.tell(`${layer} 的参数没有载入。`, [["重试", () => this.#choose(layer, settings, link)]]);
    // The same input and the same numbers, where the other layer takes them.
    const names = new Set(start.controls.map(({ name }) => name));
    const shared = Object.entries(first.settings).filter(([name]) => layer !== first.layer && names.has(name));
    const alike = start.state.inputs.length === first.inputs.length && start.state.inputs.every((shape, i) => shape.length === first.inputs[i].length);
    this.state = {
      ...start.state,
      settings: layer === first.layer ? settings : { ...start.state.settings, ...Object.fromEntries(shared), ...settings },
      inputs: inputs.length ? inputs : layer === first.layer || alike ? first.inputs : start.state.inputs,
      training: link.training ?? first.training,
      masked: link.masked ?? first.masked,
    };
    if (this.#picker) this.#picker.value = layer;
    this.side.open(start.controls, this.state);
    this.#contrasts.replaceChildren(
      ...this.#offered().map((one) =>
        button(one.label, () => this.#choose(one.layer, { ...(one.layer === first.layer ? this.#firstState.settings : {}), ...one.settings })),
      ),
    );
    this.#toggled(true);
    this.owner.show();
  }

  /** @param {Shown} shown @param {[title: string, first: string, second: string][]} facts */
  render(shown, facts) {
    this.side.render(shown);
    this.side.mark(this.owner.first);
    const rows = facts.map(([title, first, second]) =>
      element(
        "tr",
        { className: first === second ? "" : "lab-differs" },
        element("th", { scope: "row", textContent: title }),
        element("td", { textContent: first }),
        element("td", { textContent: first === second ? "相同" : `≠ ${second}` }),
      ),
    );
    const heads = ["", "第一个", "第二个"].map((text) => (text ? element("th", { scope: "col", textContent: text }) : element("td")));
    const body = element("tbody", {}, ...rows);
    this.#facts.replaceChildren(...(rows.length ? [element("table", {}, element("caption", { textContent: "哪里不同" }), element("thead", {}, element("tr", {}, ...heads)), body)] : []));
  }
}
