/** The Python cells of a page, in order, and the one Python that runs them. */
import { Python } from "./python.js";

/** @import {Expired, FromWorker, Replaced, RunCell, Stray} from "./messages.js" */
/** @import {Job} from "./python.js" */
/**
 * @typedef {object} Cell
 * @property {string} label  its name in messages and tracebacks
 * @property {string} code
 * @property {((message: FromWorker | Replaced | Stray) => void)=} receive  a static cell shows nothing
 * @property {((line: number) => void)=} mark
 * @property {number=} limit  seconds that it may run, where they are not LIMIT
 * @property {boolean=} model  it is a script of which only the models are wanted
 */

const LIMIT = 20;
const LONGER = 6; // times as long, when the reader asks for more

/** What the fence says: ` ```{.python .live data-limit=60}`. @param {Element} block */
export function limitOf(block) {
  return Number(/** @type {HTMLElement} */ (block).dataset.limit) || undefined;
}

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
   * @param {(message: FromWorker | Replaced | Stray | Expired) => void} on
   * @returns {Job}
   */
  run(target, on) {
    /** @type {RunCell} */
    const question = {
      type: "run",
      sources: this.cells.map((cell) => cell.code),
      labels: this.cells.map((cell) => cell.label),
      target: this.cells.indexOf(target),
      models: this.cells.flatMap((cell, index) => (cell.model ? [index] : [])),
      // More than two device pixels to a pixel costs time and shows nothing.
      scale: Math.min(Math.max(devicePixelRatio, 1), 2),
    };
    let clock = 0;
    /** @param {number} cell */
    const expire = (cell) => {
      on({ type: "expired", cell, limit: this.limit(cell) });
      this.python.stop(job);
    };
    const job = this.python.run(question, (message) => {
      // Downloads come before a cell begins, and do not count.
      if (message.type === "begin") clock = window.setTimeout(expire, this.limit(message.cell) * 1000, message.cell);
      if (message.type === "end" || message.type === "lost") clearTimeout(clock);
      const about = "cell" in message ? [this.cells[message.cell]] : this.cells;
      about.forEach((cell) => cell.receive?.(message));
      on(message);
    });
    return job;
  }

  /** Seconds that a cell may run. @param {number} index */
  limit(index) {
    return this.cells[index].limit ?? LIMIT;
  }

  /** Let a cell run longer from now on. @param {number} index */
  extend(index) {
    this.cells[index].limit = this.longer(index);
  }

  /** Its limit after the next extension. @param {number} index */
  longer(index) {
    return this.limit(index) * LONGER;
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
