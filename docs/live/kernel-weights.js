/** The nine numbers of a kernel, each between the pixel that it meets and their product. */
import { element } from "./element.js";

const LARGEST = 9;
const FAST = 20; // CSS pixels that a drag takes for a whole number

export class Weights {
  element = element("div", { className: "ke-weights", role: "group", ariaLabel: "九个像素，各乘卷积核的一个数" });
  /** @type {{cell: HTMLElement, pixel: HTMLElement, input: HTMLInputElement, product: HTMLElement}[]} */
  #cells = [];

  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    for (let k = 0; k < 9; k++) {
      const input = /** @type {HTMLInputElement} */ (
        element("input", { type: "number", step: "any", ariaLabel: `卷积核第 ${Math.floor(k / 3) + 1} 行第 ${(k % 3) + 1} 列` })
      );
      input.addEventListener("input", changed);
      // What has been typed is the number that is counted with.
      input.addEventListener("change", () => (input.value = `${counted(input)}`));
      drag(input, changed);
      const pixel = element("span", { className: "ke-pixel" });
      const product = element("span", { className: "ke-product" });
      const cell = element("div", {}, pixel, element("label", {}, "×", input), product);
      this.#cells.push({ cell, pixel, input, product });
    }
    this.element.append(...this.#cells.map(({ cell }) => cell));
  }

  get values() {
    return this.#cells.map(({ input }) => counted(input));
  }

  set values(values) {
    this.#cells.forEach(({ input }, k) => (input.value = `${values[k]}`));
  }

  focus() {
    this.#cells[0].input.focus();
  }

  /** @param {string[]} pixels @param {string[]} products @param {number[]} shades @param {number[]} parts */
  show(pixels, products, shades, parts) {
    this.#cells.forEach(({ cell, pixel, product }, k) => {
      pixel.textContent = pixels[k];
      product.textContent = products[k];
      cell.style.setProperty("--shade", `${Math.round(shades[k] * 100)}%`);
      cell.classList.toggle("ke-bright", shades[k] > 0.5);
      product.className = `ke-product ${parts[k] > 0 ? "ke-positive" : parts[k] < 0 ? "ke-negative" : ""}`;
    });
  }
}

/** What is no number, or not yet, is zero. @param {HTMLInputElement} input */
const counted = (input) => Math.min(Math.max(input.valueAsNumber || 0, -LARGEST), LARGEST);

/** A drag to the side changes a number; a press alone lets it be typed. @param {HTMLInputElement} input @param {() => void} changed */
function drag(input, changed) {
  let from = 0;
  let value = 0;
  let held = false;
  input.addEventListener("pointerdown", (event) => {
    [from, value, held] = [event.clientX, input.valueAsNumber || 0, true];
  });
  input.addEventListener("pointermove", (event) => {
    const by = event.clientX - from;
    if (!held || (Math.abs(by) < 4 && !input.hasPointerCapture(event.pointerId))) return;
    input.setPointerCapture(event.pointerId);
    const next = Math.round((value + by / FAST) * 10) / 10;
    input.value = `${Math.min(Math.max(next, -LARGEST), LARGEST)}`;
    changed();
  });
  for (const end of ["pointerup", "pointercancel"]) input.addEventListener(end, () => (held = false));
}
