/** The Python cells of a page, in order, and the one Python that runs them. */
import { Python } from "./python.js";

/** @import {FromWorker, RunCell} from "./messages.js" */
/** @import {Job, Listener} from "./python.js" */
/**
 * @typedef {object} Cell
 * @property {string} label  its name in messages and tracebacks
 * @property {string} code
 * @property {((message: FromWorker) => void)=} receive  a static cell shows nothing
 * @property {((line: number) => void)=} mark
 */

/** The text of a code block. @param {Element} block */
export function codeOf(block) {
  return (block.querySelector("pre > code")?.textContent ?? "").replace(/\n+$/, "");
}

export class Page {
  /** @type {Cell[]} */
  cells = [];
  python = new Python();

  /**
   * Run a cell, after those that it depends on; each shows its own output.
   * @param {Cell} target
   * @param {Listener} on
   * @returns {Job}
   */
  run(target, on) {
    /** @type {RunCell} */
    const question = {
      type: "run",
      sources: this.cells.map((cell) => cell.code),
      labels: this.cells.map((cell) => cell.label),
      target: this.cells.indexOf(target),
      // More than two device pixels to a pixel costs time and shows nothing.
      scale: Math.min(Math.max(devicePixelRatio, 1), 2),
    };
    return this.python.run(question, (message) => {
      const about = "cell" in message ? [this.cells[message.cell]] : this.cells;
      about.forEach((cell) => cell.receive?.(message));
      on(message);
    });
  }

  /** `第 1、2 格` @param {number[]} indices */
  describe(indices) {
    const cells = indices.map((index) => this.cells[index]);
    const live = cells.filter((cell) => cell.receive).map((cell) => cell.label.replace(/\D/g, ""));
    const parts = live.length ? [`第 ${live.join("、")} 格`] : [];
    if (live.length < cells.length) parts.push("正文里的代码");
    return parts.join("和");
  }
}

/** The one of this page. */
export const page = new Page();
