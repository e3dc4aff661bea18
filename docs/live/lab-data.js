/** The view 看数据: what goes in, the kernel that the reader edits, and a picture that answers. */
import { DrawingPad } from "./lab-drawing-pad.js";
import { button, element } from "./element.js";
import { KernelEditor, parsed, written } from "./lab-kernel.js";
import { Pointing } from "./lab-pointing.js";
import { asked, DEFAULT, DIGITS, digits, load, packed, PHOTOS, unpacked } from "./lab-samples.js";

/** @import {Kernel} from "./lab-kernel.js" */
/** @import {Place} from "./lab-link.js" */
/** @import {Shown as Pictured} from "./lab-pointing.js" */
/** @typedef {Pictured & {kernel: Kernel | null, sample: string, text?: string}} Data  from labkit.diagrams.data */

const DRAWN = "drawn:";

export class DataView {
  #choices = /** @type {HTMLSelectElement} */ (element("select", { ariaLabel: "送进去什么" }));
  #number = /** @type {HTMLInputElement} */ (
    element("input", { type: "number", min: "0", max: `${DIGITS - 1}`, step: "1", ariaLabel: `测试集里的第几个数字，0 到 ${DIGITS - 1}` })
  );
  #any = element("label", { className: "lab-any" }, "第 ", this.#number, " 个");
  #sentence = /** @type {HTMLInputElement} */ (element("input", { type: "text", maxLength: 60, size: 24, autocomplete: "off" }));
  #words = element("label", { className: "lab-words" }, "句子，用空格分开词 ", this.#sentence);
  #pad = new DrawingPad((pixels) => this.#choose(DRAWN + packed(pixels)));
  #drawing = element("div", { className: "lab-drawing" }, this.#pad.element, button("清空", () => this.#pad.clear()));
  #inputs = element("div", { className: "lab-inputs" }, element("label", {}, "输入 ", this.#choices), this.#any);
  #kernels = new KernelEditor((f, numbers) => this.#edit(f, numbers));
  element = element("div", { className: "lab-data" }, this.#inputs, this.#words, this.#drawing, this.#kernels.element);
  /** @type {Pointing | null} */
  #pointing = null;

  /**
   * @param {Place} place  `data` and `kernel` are what this view is about
   * @param {() => void} changed  Python has to draw anew
   */
  constructor(place, changed) {
    this.place = place;
    this.changed = changed;
    this.#choices.addEventListener("change", () => {
      const { value } = this.#choices;
      this.#choose(value === "any" ? `digit${digits().length}` : value);
      if (value === DRAWN) this.#pad.element.querySelector("canvas")?.focus();
    });
    this.#number.addEventListener("input", () => {
      if (this.#number.value && this.#number.checkValidity()) this.#choose(`digit${Number(this.#number.value)}`);
    });
    this.#sentence.addEventListener("input", () => this.#choose(this.#sentence.value.trim() ? `text:${this.#sentence.value.trim()}` : ""));
    load().then(() => this.#offer());
  }

  /** @param {SVGElement} svg @param {Data} data @param {(sentence: string, cell: string) => void} tell @param {() => void} moved */
  show(svg, data, tell, moved) {
    this.stop();
    this.#inputs.hidden = data.kind !== "image";
    this.#words.hidden = data.kind !== "words";
    if (data.kind === "words" && this.#sentence !== document.activeElement) this.#sentence.value = data.text ?? "";
    this.#kernels.show(data.kernel);
    this.#offer();
    if (!data.y) return;
    this.#pointing = new Pointing(svg, data, tell, moved);
    this.#pointing.choose(this.place.cell);
  }

  stop() {
    this.#pointing?.stop();
    this.#pointing = null;
  }

  /** The pictures at hand, and which one is shown. */
  #offer() {
    const { data } = this.place;
    const name = !data || data.startsWith("text:") ? DEFAULT : data;
    const known = digits();
    if (!this.#choices.options.length || (known.length && this.#choices.dataset.complete !== "1")) {
      const option = (/** @type {string} */ value, /** @type {string} */ textContent) => element("option", { value, textContent });
      this.#choices.replaceChildren(
        ...known.map(([digit, label]) => option(digit, `MNIST：${label}（第 ${digit.slice(5)} 个）`)),
        option("any", "MNIST：另选一个"),
        ...Object.entries(PHOTOS).map(([photo, title]) => option(photo, title)),
        option(DRAWN, "自己画"),
      );
      if (known.length) this.#choices.dataset.complete = "1";
    }
    const drawn = name.startsWith(DRAWN);
    const listed = [...this.#choices.options].some(({ value }) => value === name);
    this.#choices.value = drawn ? DRAWN : listed ? name : "any";
    this.#any.hidden = drawn || listed || this.#inputs.hidden;
    this.#drawing.hidden = !drawn || this.#inputs.hidden;
    if (!this.#any.hidden && this.#number !== document.activeElement) this.#number.value = name.slice(5);
    if (drawn && name !== DRAWN + packed(this.#pad.pixels)) this.#pad.show(unpacked(name.slice(DRAWN.length)));
  }

  /** @param {string} choice */
  #choose(choice) {
    this.place.data = choice === DEFAULT ? "" : choice;
    this.#offer();
    this.changed();
  }

  /** @param {number} f @param {number[] | null} numbers */
  #edit(f, numbers) {
    const { [f]: _, ...others } = parsed(this.place.kernel);
    this.place.kernel = written(numbers ? { ...others, [f]: numbers } : others);
    this.changed();
  }
}

/** What a question about this view adds to the layer's state. @param {Place} place */
export async function withData({ data, kernel }) {
  await load();
  const { sample, needs } = asked(data);
  return { state: { ...(sample ? { sample } : {}), ...(kernel ? { kernels: parsed(kernel) } : {}) }, needs };
}
