/** What a cell has printed, drawn and raised. */

import { modelView, ModelView } from "./model-view.js";

/** @import {CellError, Figure, Text} from "./messages.js" */

const SPOKEN = 300; // characters of a text that are read out
const SPOKEN_PARTS = 6;

/** @param {string} text */
const shortened = (text) => (text.length > SPOKEN ? `${text.slice(0, SPOKEN)}…（其余没有读出）` : text);

export class Output {
  /** @type {string[]} */
  #pictures = [];
  /** The text block that grows, until a figure comes. @type {HTMLElement | null} */
  #block = null;
  /** The line that the cell is still writing. */
  #line = document.createElement("span");

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  clear() {
    this.element.replaceChildren();
    this.#block = null;
    this.release();
  }

  /** In words: a figure by its description, a traceback by its last line, a long text by its beginning. */
  get summary() {
    const parts = [...this.element.children].map((part) => {
      if (part instanceof HTMLImageElement || part instanceof ModelView) return part.alt;
      const text = (part.textContent ?? "").trim();
      return part.className === "error" ? `出错了：${text.split("\n").at(-1)}` : shortened(text);
    });
    return parts.slice(0, SPOKEN_PARTS).join("\n");
  }

  /** What was written first, but for warnings. */
  get printed() {
    return this.element.querySelector(".stdout, .value")?.textContent ?? "";
  }

  /** Pictures stay in memory until they are let go. */
  release() {
    this.#pictures.forEach((url) => URL.revokeObjectURL(url));
    this.#pictures = [];
  }

  /** @param {Pick<Text, "kind" | "done" | "line">} text */
  text({ kind, done, line }) {
    if (!this.#block) {
      this.#block = document.createElement("pre");
      this.element.append(this.#block);
    }
    this.#line.remove();
    if (done) {
      const last = this.#block.lastElementChild;
      const span = last?.className === kind ? last : document.createElement("span");
      span.className = kind;
      span.append(done);
      this.#block.append(span);
    }
    if (line) {
      this.#line.className = kind;
      this.#line.textContent = line;
      this.#block.append(this.#line);
    }
  }

  /** @param {Figure} figure */
  figure({ png, svg, width, height, alt, model }) {
    this.#block = null;
    const view = model ? modelView(model) : null;
    if (view) return this.element.append(view);
    const type = png ? "image/png" : "image/svg+xml";
    const url = URL.createObjectURL(new Blob([png ?? svg ?? ""], { type }));
    this.#pictures.push(url);
    const image = document.createElement("img");
    Object.assign(image, { src: url, alt });
    if (width && height) Object.assign(image, { width, height });
    this.element.append(image);
  }

  /** @param {CellError} error */
  error({ text, stopped }) {
    const block = document.createElement("pre");
    block.className = stopped ? "note" : "error";
    block.textContent = text;
    this.#block = null;
    this.element.append(block);
  }
}
