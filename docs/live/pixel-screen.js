/** A picture of large pixels with a frame that follows the finger, the pointer and the arrow keys. */
import { element } from "./element.js";

const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export class Screen {
  #canvas = /** @type {HTMLCanvasElement} */ (document.createElement("canvas"));
  frame = element("span", { className: "ke-frame" });
  #row = 0;
  #column = 0;

  /**
   * @param {string} label
   * @param {number} size  pixels on a side
   * @param {number} window  pixels on a side of the frame
   * @param {(row: number, column: number) => void} go  the pixel that the reader points at
   */
  constructor(label, size, window, go) {
    this.size = size;
    this.window = window;
    this.#canvas.width = this.#canvas.height = size;
    this.element = element("div", { className: "ke-screen", role: "application", ariaLabel: label, tabIndex: 0 }, this.#canvas, this.frame);
    const point = (/** @type {PointerEvent} */ event) => {
      const { left, top, width, height } = this.#canvas.getBoundingClientRect();
      go(Math.floor(((event.clientY - top) / height) * size), Math.floor(((event.clientX - left) / width) * size));
    };
    this.element.addEventListener("pointermove", point);
    this.element.addEventListener("pointerdown", point);
    this.element.addEventListener("keydown", (event) => {
      const move = /** @type {Record<string, number[]>} */ (KEYS)[event.key];
      if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const middle = (window - 1) / 2;
      go(this.#row + middle + move[0], this.#column + middle + move[1]);
    });
  }

  /** @param {number[][]} values @param {(value: number) => number[]} colour */
  paint(values, colour) {
    const pen = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
    const pixels = values.flat().flatMap((value) => [...colour(value), 255]);
    pen.putImageData(new ImageData(new Uint8ClampedArray(pixels), this.size), 0, 0);
  }

  /** @param {number} row @param {number} column  of the frame's first pixel */
  mark(row, column) {
    [this.#row, this.#column] = [row, column];
    const share = (/** @type {number} */ n) => `${(n / this.size) * 100}%`;
    Object.assign(this.frame.style, { left: share(column), top: share(row), width: share(this.window), height: share(this.window) });
  }
}

/** A colour between two, as red, green, blue. @param {string} from  #rrggbb @param {string} to @param {number} part  0 … 1 */
export function mixed(from, to, part) {
  const [a, b] = [from, to].map((text) => [1, 3, 5].map((k) => parseInt(text.slice(k, k + 2), 16)));
  return a.map((value, k) => Math.round(value + (b[k] - value) * part));
}
