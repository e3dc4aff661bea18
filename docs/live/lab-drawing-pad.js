/** A pad of 28×28 pixels: drawn on by mouse and finger, or by keys that move a pen. */
import { element } from "./element.js";
import { SIDE } from "./lab-samples.js";

const ZOOM = 6; // CSS pixels to a pixel, at most
const PEN = 1.9; // its radius in pixels
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HELP = "画板：用鼠标或手指画；键盘用方向键移动笔，空格落笔或抬笔，Delete 清空";

export class DrawingPad {
  #canvas = /** @type {HTMLCanvasElement} */ (
    element("canvas", { width: SIDE * ZOOM, height: SIDE * ZOOM, className: "lab-pad", tabIndex: 0, role: "application", ariaLabel: HELP })
  );
  #say = element("span", { className: "lab-pad-says", role: "status" });
  element = element("div", { className: "lab-pad-place" }, this.#canvas, this.#say);
  pixels = new Uint8Array(SIDE * SIDE);
  #pen = { x: SIDE / 2, y: SIDE / 2, down: false };
  /** Where the pointer was last. @type {{x: number, y: number} | null} */
  #last = null;

  /** @param {(pixels: Uint8Array) => void} drawn */
  constructor(drawn) {
    this.drawn = drawn;
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#last = this.#at(event);
      this.#line(this.#last, this.#last);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.#last) return;
      const here = this.#at(event);
      this.#line(this.#last, here);
      this.#last = here;
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (this.#last = null));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => this.#paint());
    canvas.addEventListener("blur", () => this.#paint());
    this.#paint();
  }

  /** @param {Uint8Array} pixels */
  show(pixels) {
    this.pixels = pixels.slice();
    this.#paint();
  }

  clear() {
    this.show(new Uint8Array(SIDE * SIDE));
    this.drawn(this.pixels);
  }

  /** @param {PointerEvent} event */
  #at(event) {
    const box = this.#canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * SIDE, y: ((event.clientY - box.top) / box.height) * SIDE };
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const pen = this.#pen;
    const step = /** @type {Record<string, number[]>} */ (STEPS)[event.key];
    if (event.key === " ") {
      pen.down = !pen.down;
      this.#say.textContent = pen.down ? "落笔" : "抬笔";
      if (pen.down) this.#line(pen, pen);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
      this.#say.textContent = "已清空";
    } else if (step) {
      const from = { x: pen.x, y: pen.y };
      pen.x = Math.min(SIDE - 0.5, Math.max(0.5, pen.x + step[0]));
      pen.y = Math.min(SIDE - 0.5, Math.max(0.5, pen.y + step[1]));
      if (pen.down) this.#line(from, pen);
    } else return;
    event.preventDefault();
    this.#paint();
  }

  /** Ink, softer at the rim, as of the digits of MNIST. @param {{x: number, y: number}} from @param {{x: number, y: number}} to */
  #line(from, to) {
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(to.x - from.x, to.y - from.y)));
    for (let k = 0; k <= steps; k++) {
      const [x, y] = [from.x + ((to.x - from.x) * k) / steps, from.y + ((to.y - from.y) * k) / steps];
      for (let row = Math.max(0, Math.floor(y - PEN)); row <= Math.min(SIDE - 1, y + PEN); row++) {
        for (let column = Math.max(0, Math.floor(x - PEN)); column <= Math.min(SIDE - 1, x + PEN); column++) {
          const ink = PEN - Math.hypot(column + 0.5 - x, row + 0.5 - y);
          const i = row * SIDE + column;
          this.pixels[i] = Math.max(this.pixels[i], Math.min(1, Math.max(0, ink)) * 255);
        }
      }
    }
    this.#paint();
    this.drawn(this.pixels);
  }

  #paint() {
    const pen = this.#canvas.getContext("2d");
    if (!pen) return;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, SIDE * ZOOM, SIDE * ZOOM);
    this.pixels.forEach((ink, i) => {
      if (!ink) return;
      pen.fillStyle = `rgb(24 32 36 / ${ink / 255})`;
      pen.fillRect((i % SIDE) * ZOOM, Math.floor(i / SIDE) * ZOOM, ZOOM, ZOOM);
    });
    if (document.activeElement !== this.#canvas || !this.#canvas.matches(":focus-visible")) return;
    pen.strokeStyle = this.#pen.down ? "#b35806" : "#2166ac";
    pen.lineWidth = 2;
    pen.strokeRect((this.#pen.x - 1) * ZOOM, (this.#pen.y - 1) * ZOOM, 2 * ZOOM, 2 * ZOOM);
  }
}
