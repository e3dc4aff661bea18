/** What the page says about its record, once on a page. */
import { button, element } from "./element.js";
import { saveFile } from "./file.js";
import { damagedTexts, linkTo } from "./record-storage.js";

/** @import {Record} from "./record.js" */
/** @import {Refusal} from "./record-storage.js" */

/** @type {{[why in Refusal]: string}} */
const REFUSALS = {
  full: "浏览器给这个网站的存储空间满了",
  blocked: "浏览器不让这个网站存东西",
  newer: "这一页的记录由更新版本的网站写成，这里读不了，也没有动它（重新载入也许就好了）",
};

/** A file's name with the day. @param {string} name */
export const dated = (name) => {
  const now = new Date();
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => `${part}`.padStart(2, "0"));
  return `${name}-${day.join("-")}`;
};

/** @param {string} text @param {string} name */
export const saveText = (text, name) => saveFile(new Blob([text], { type: "application/json" }), name);

/** @param {string} text  of the record */
export const saveRecord = (text) => saveText(text, `${dated("labkit-record")}.json`);

/** All of them in one file. */
export const saveDamaged = () => saveFile(new Blob([damagedTexts().map(({ raw }) => `${raw}\n`).join("\n")], { type: "text/plain" }), `${dated("labkit-damaged")}.txt`);

const toRecord = () => element("a", { href: linkTo("my-record/"), textContent: "我的记录" });

export class RecordNotes {
  /** @type {HTMLElement | null} */
  #refused = null;
  /** @type {Refusal | null} */
  #why = null;
  #damaged = false;
  #leave = (/** @type {BeforeUnloadEvent} */ event) => this.record.unsaved && event.preventDefault();

  /** @param {Record} record */
  constructor(record) {
    this.record = record;
  }

  /**
   * Nothing is stored any more: said at the cell that the reader edits, until there is room.
   * @param {Refusal | null} why @param {Element | null} cell
   */
  refused(why, cell) {
    if (why) addEventListener("beforeunload", this.#leave);
    else removeEventListener("beforeunload", this.#leave);
    if (!why) this.#refused?.remove();
    if (!why) this.#refused = null;
    if (!cell && why === "newer" && !this.#why) this.#onPage(`${REFUSALS.newer}。格里是原来的代码。`);
    this.#why = why;
    if (!why || !cell) return;
    if (this.#refused?.parentElement === cell && this.#refused.dataset.why === why) return;
    this.#refused?.remove();
    const words = `${REFUSALS[why]}：现在改的代码，关闭页面后就没有了。`;
    this.#refused = note(words, button("导出我的代码", () => saveRecord(this.record.exported())), toRecord());
    this.#refused.dataset.why = why;
    cell.querySelector(".live-bar")?.after(this.#refused);
  }

  /** A part of the record could not be read and lies aside. */
  damaged() {
    if (this.#damaged) return;
    this.#damaged = true;
    this.#onPage("这一页有存下的内容损坏了，读不了的已经另外收好，那些格里是原来的代码。", button("下载读不了的内容", saveDamaged), toRecord());
  }

  /** @param {string} words @param {HTMLElement[]} more */
  #onPage(words, ...more) {
    const summary = document.querySelector("article h1 + p");
    if (summary) summary.after(note(words, ...more));
    else document.querySelector("live-code")?.before(note(words, ...more));
  }
}

/** Read out when it comes. @param {string} words @param {HTMLElement[]} more */
function note(words, ...more) {
  const made = element("p", { className: "record-note", role: "status" });
  // A status that comes with its words is passed over.
  setTimeout(() => made.append(words, ...more.flatMap((part) => [" ", part])));
  return made;
}
