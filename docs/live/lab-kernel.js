/** A kernel that the reader edits: a field for each number, which can be dragged, and a few presets. */
import { button, element } from "./element.js";

/**
 * @typedef {object} Kernel  from labkit.diagrams.data.kernels.numbers
 * @property {number[]} size
 * @property {number[][]} values  by kernel
 * @property {number[]} edited  the kernels that are the reader's
 */

const LARGEST = 1e5;
const PER_PIXEL = 0.02; // of a number that is dragged
/** How a link holds them: `0:1,0,-1;2:…`. */
export const FORM = /^\d{1,2}:-?\d{1,6}(\.\d{1,4})?(,-?\d{1,6}(\.\d{1,4})?){0,120}(;\d{1,2}:-?\d{1,6}(\.\d{1,4})?(,-?\d{1,6}(\.\d{1,4})?){0,120}){0,7}$/;

/** @param {string} text @returns {Record<string, number[]>} */
export function parsed(text) {
  if (!FORM.test(text)) return {};
  return Object.fromEntries(text.split(";").map((one) => [one.split(":")[0], one.split(":")[1].split(",").map(Number)]));
}

/** @param {Record<string, number[]>} kernels */
export const written = (kernels) => Object.entries(kernels).map(([f, numbers]) => `${f}:${numbers.join()}`).join(";");

/** 1, 2, 1 and the like. @param {number} n */
function smooth(n) {
  let row = [1];
  while (row.length < n) row = [1, ...row.slice(1).map((value, i) => value + row[i]), 1];
  return row;
}

/** −1, 0, 1 and the like. @param {number} n */
const slope = (n) => Array.from({ length: n }, (_, i) => Math.sign(2 * i - n + 1));

/** @param {number[]} column @param {number[]} row */
const outer = (column, row) => column.flatMap((a) => row.map((b) => a * b));

/** Of any size, along one axis or two. @param {number[]} size @returns {[string, number[]][]} */
export function presets(size) {
  const [rows, columns] = size.length > 1 ? size : [1, size[0]];
  const total = (/** @type {number[]} */ row) => row.reduce((a, b) => a + b, 0);
  const blur = outer(smooth(rows), smooth(columns));
  const centre = Math.floor(rows / 2) * columns + Math.floor(columns / 2);
  const same = blur.map((_, i) => Number(i === centre));
  const mean = blur.map((value) => value / total(blur));
  const across = outer(smooth(rows), slope(columns));
  const along = outer(slope(rows), smooth(columns));
  /** @type {[string, number[]][]} */
  const found = [
    ["原样", same],
    ["模糊", mean],
    ["锐化", same.map((value, i) => 3 * value - 2 * mean[i])],
    [size.length > 1 ? "竖的边缘" : "变化", across],
  ];
  if (size.length > 1) found.push(["横的边缘", along], ["浮雕", across.map((value, i) => (value + along[i]) / 2 + same[i])]);
  return found.map(([name, numbers]) => [name, numbers.map((n) => Math.round(n * 1e4) / 1e4 + 0)]);
}

export class KernelEditor {
  #which = /** @type {HTMLSelectElement} */ (element("select", { ariaLabel: "改哪个核" }));
  #presets = element("div", { className: "lab-presets" });
  #grid = element("div", { className: "lab-kernel", role: "group", ariaLabel: "核的数" });
  #size = "";
  #count = 0;
  element = element("div", { className: "lab-kernels" });
  /** @type {Kernel} */
  #kernel = { size: [], values: [], edited: [] };

  /** @param {(f: number, numbers: number[] | null) => void} edit  null: the layer's own again */
  constructor(edit) {
    this.edit = edit;
    this.#which.addEventListener("change", () => this.#fill());
  }

  /** @param {Kernel | null} kernel */
  show(kernel) {
    this.element.hidden = !kernel;
    if (!kernel) return;
    this.#kernel = kernel;
    if (`${kernel.size}` !== this.#size || kernel.values.length !== this.#count) this.#build();
    this.#fill();
  }

  get #f() {
    return Number(this.#which.value);
  }

  #build() {
    const { size, values } = this.#kernel;
    this.#size = `${size}`;
    this.#count = values.length;
    this.#which.replaceChildren(...values.map((_, f) => element("option", { value: `${f}`, textContent: `核 ${f}` })));
    this.#presets.replaceChildren(
      ...presets(size).map(([name, numbers]) => button(name, () => this.edit(this.#f, numbers))),
      button("还原", () => this.edit(this.#f, null)),
    );
    const columns = size.at(-1) ?? 1;
    this.#grid.style.gridTemplateColumns = `repeat(${columns}, minmax(2.6rem, 3.6rem))`;
    this.#grid.replaceChildren(...values[0].map((_, i) => this.#field(i, columns)));
    this.element.replaceChildren(element("div", { className: "lab-kernel-head" }, this.#which, this.#presets), this.#grid);
  }

  /** @param {number} i @param {number} columns */
  #field(i, columns) {
    const place = this.#kernel.size.length > 1 ? `第 ${Math.floor(i / columns)} 行第 ${i % columns} 列` : `第 ${i} 个`;
    const field = /** @type {HTMLInputElement} */ (element("input", { type: "number", step: "0.1", ariaLabel: `核的数，${place}`, title: "左右拖动来改" }));
    const edit = () => field.value !== "" && this.#changed();
    field.addEventListener("input", edit);
    // What has been typed is the number that is counted with.
    field.addEventListener("change", () => (field.value = `${field.value === "" ? this.#kernel.values[this.#f][i] : this.#kept()[i]}`));
    /** @type {{x: number, value: number, moved: boolean} | null} */
    let drag = null;
    field.addEventListener("pointerdown", (event) => {
      drag = { x: event.clientX, value: Number(field.value), moved: false };
      field.setPointerCapture(event.pointerId);
    });
    field.addEventListener("pointermove", (event) => {
      if (!drag || (!drag.moved && Math.abs(event.clientX - drag.x) < 4)) return;
      drag.moved = true;
      field.value = `${Math.round((drag.value + (event.clientX - drag.x) * PER_PIXEL) * 100) / 100}`;
      edit();
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) field.addEventListener(end, () => (drag = null));
    return field;
  }

  get #fields() {
    return /** @type {HTMLInputElement[]} */ ([...this.#grid.children]);
  }

  #kept() {
    return this.#fields.map((field) => Math.round(Math.min(LARGEST, Math.max(-LARGEST, Number(field.value))) * 1e4) / 1e4);
  }

  #changed() {
    this.edit(this.#f, this.#kept());
  }

  /** The field that the reader is in stays as it was typed. */
  #fill() {
    const numbers = this.#kernel.values[this.#f] ?? [];
    this.#fields.forEach((field, i) => {
      if (field !== document.activeElement) field.value = `${numbers[i]}`;
    });
  }
}
