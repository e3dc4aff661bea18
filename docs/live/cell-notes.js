/** What a cell says beside its output: what it waits for, how its run ended, what may be done now. */
import { element } from "./element.js";
import { explain, worthRetrying } from "./reasons.js";

/** @import {Expired, Finished, FromWorker, Lost, Replaced, Stray, Unloaded} from "./messages.js" */
/** @import {Cell, Page} from "./page.js" */

const MOMENT = 2000; // milliseconds that the answer to a button stands

export class CellNotes {
  /** The cell whose time was over in the last run. @type {Expired | null} */
  expired = null;
  /** What runs before this cell. @type {number[]} */
  #before = [];
  #damage = "";
  #replaced = false;
  #status = element("span", { className: "live-status" });
  #note = element("p", { className: "live-note", role: "status" });
  #spoken = element("p", { className: "live-spoken", role: "status" });

  /** @param {Cell} cell @param {Page} page @param {() => void} focus  takes the place of a button that goes away */
  constructor(cell, page, focus) {
    this.cell = cell;
    this.page = page;
    this.focus = focus;
  }

  /** @param {HTMLElement} bar @param {HTMLElement} output */
  place(bar, output) {
    bar.append(this.#status);
    output.before(this.#note);
    output.after(this.#spoken);
  }

  /** The reader asks for a run. */
  begin() {
    this.note("");
    this.expired = null;
    this.#before = [];
    this.#damage = "";
    this.#replaced = false;
    this.#status.textContent = "等待 Python…";
    this.#speak("运行中…");
  }

  /** @param {FromWorker | Stray | Replaced | Expired} message  of that run */
  receive(message) {
    if (message.type === "progress") this.#status.textContent = message.text;
    if (message.type === "plan") this.#before = message.before;
    if (message.type === "begin") {
      const first = this.#before.includes(message.cell);
      this.#status.textContent = first ? `先运行${this.page.describe([message.cell])}…` : "运行中…";
    }
    if (message.type === "expired") this.expired = message;
    if (message.type === "stray") this.note(`留在后台的代码出错了（${message.reason}）。`);
    if (message.type === "replaced") this.#replaced = true;
    if (message.type === "end") this.#damage = message.damage;
  }

  /** That run is over. @param {Finished | Lost | Unloaded} message @param {string} summary  of the output, in words */
  end(message, summary) {
    this.#status.textContent = "";
    if (message.type !== "finished") return this.#lost(message);
    this.#speak(summary || "运行完毕，没有输出。");
    this.#finished(message);
    if (this.#damage) this.#damaged();
  }

  /** @param {Finished} message */
  #finished({ failed }) {
    if (failed === null) {
      const why = this.#replaced ? "以前的代码让 Python 不再回应，已经换了一个新的。" : "";
      const before = this.#before.length ? `先运行了${this.page.describe(this.#before)}。` : "";
      if (why + before) this.note(why + before);
      return;
    }
    const self = this.page.cells[failed] === this.cell;
    if (this.expired) this.#overdue(this.expired, self ? "" : "这一格没有运行。");
    else if (!self) this.note(`${this.page.describe([failed])}没有运行成功，所以这一格没有运行。`);
  }

  /** @param {Lost | Unloaded} message */
  #lost(message) {
    if (message.type === "lost" && message.why === "stop" && this.expired) {
      return this.#overdue(this.expired, "变量已清空，再次运行时会先运行需要的格。");
    }
    this.note(explain(message));
    if (worthRetrying(message)) this.offer("run", "重试");
    else if (message.type === "lost" && message.why !== "stop") this.offer("restart", "重新启动 Python");
  }

  /** @param {Expired} message @param {string} more  what follows from it */
  #overdue({ cell, limit }, more) {
    const name = this.page.cells[cell] === this.cell ? "" : this.page.describe([cell]);
    this.note(`${name}运行满 ${limit} 秒，自动停止了。${more}`);
    this.offer("longer", `再运行久一点（${this.page.longer(cell)} 秒）`);
  }

  /** Python has lost a part of itself, while it still runs. */
  #damaged() {
    this.note(`${this.#damage}，以后的代码可能出错。`);
    this.offer("restart", "重新启动 Python");
  }

  /** @param {string} text */
  note(text) {
    const focused = this.#note.contains(document.activeElement);
    this.#note.textContent = text;
    if (focused) this.focus();
  }

  /** A button after the note. @param {"run" | "restart" | "longer"} name @param {string} textContent */
  offer(name, textContent) {
    this.#note.append(" ", element("button", { type: "button", name, textContent }));
  }

  /** To those who listen: once for each run, as a cell may print without end. @param {string} text */
  #speak(text) {
    this.#spoken.textContent = text;
  }

  /** For a moment: what a button has done. @param {string} text */
  say(text) {
    this.#status.textContent = text;
    this.#speak(text);
    setTimeout(() => this.#status.textContent === text && (this.#status.textContent = ""), MOMENT);
  }
}
