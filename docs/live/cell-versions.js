/** The texts of a cell: the page's own, the reader's, and those that can be recalled. */
import { element } from "./element.js";

/** @import {CellRecord} from "./record-format.js" */
/** @typedef {Pick<CellRecord, "starter" | "text" | "asides">} Kept */

/** @param {string} name @param {string} textContent */
const button = (name, textContent) => element("button", { type: "button", name, textContent });

export class CellVersions {
  /** @type {string[]} */
  #asides = [];
  /** The original text that the reader changed, where it is no longer this page's. @type {string | undefined} */
  #outdated;
  /** What another tab has written, while the reader's text stands here. @type {string | null} */
  #theirs = null;
  /** @type {(kept: Kept | null) => void} null: as the page has it */
  save = () => {};
  #recall = button("recall", "找回我的代码");
  #edited = element("span", { className: "live-edited", textContent: "已修改" });
  #renewal = element("div", { className: "live-outdated" }, "这一格的原文更新了，现在显示的是你以前改过的代码。", " ", button("keep", "保留我的"), " ", button("renew", "用新的"));
  #tabs = element("p", { className: "live-tabs", role: "status" });

  /** @param {string} original @param {(text: string) => void} show  in the editor */
  constructor(original, show) {
    this.original = this.text = original;
    this.show = show;
  }

  /** @param {HTMLElement} bar */
  place(bar) {
    bar.append(this.#recall, this.#edited);
    bar.after(this.#renewal, this.#tabs);
  }

  get edited() {
    return this.text !== this.original;
  }

  /** What the record says, on an earlier visit or in another tab. @param {CellRecord | null} kept */
  restore(kept) {
    this.#asides = kept?.asides ?? [];
    const changed = kept !== null && kept.text !== kept.starter;
    this.#outdated = changed && kept.starter !== this.original ? kept.starter : undefined;
    this.text = changed ? kept.text : this.original;
    this.show(this.text);
  }

  /** Another tab has written. @param {CellRecord | null} kept @param {string | null} theirs  its text, where both have changed */
  follow(kept, theirs) {
    const before = this.text;
    this.restore(kept);
    this.#theirs = theirs;
    if (theirs !== null) {
      this.#tabs.replaceChildren("另一个标签页也改了这一格。两份都留着，这里显示的是这一页的。", " ", button("theirs", "用那边的"), " ", button("mine", "保留这里的"));
    } else {
      this.#tabs.textContent = this.text === before ? "" : "另一个标签页改了这一格，这里跟着换了。";
    }
  }

  /** The reader has typed. @param {string} text */
  type(text) {
    if (text === this.text) return;
    this.text = text;
    if (this.#theirs === null) this.#tabs.textContent = "";
    this.#keep();
  }

  /** @param {string} solution  shown in place of the reader's text, which can be recalled */
  fill(solution) {
    if (this.text !== solution) this.#putAside();
    this.#write(solution);
  }

  /** @param {string} name  of a button */
  press(name) {
    if (name === "reset" || name === "renew") {
      this.#putAside();
      this.#outdated = undefined;
      this.#write(this.original);
    } else if (name === "keep") {
      this.#outdated = undefined;
      this.#keep();
    } else if (name === "recall") {
      this.#exchange(this.#asides.findLast((text) => text !== this.text));
    } else if (name === "theirs" || name === "mine") {
      const theirs = this.#theirs;
      this.#theirs = null;
      this.#tabs.textContent = "";
      if (name === "theirs" && theirs !== null) this.#exchange(theirs);
    }
  }

  refresh() {
    this.#recall.hidden = !this.#asides.some((text) => text !== this.text);
    this.#edited.hidden = !this.edited;
    this.#renewal.hidden = this.#outdated === undefined;
  }

  #putAside() {
    if (this.edited) this.#asides = [...this.#asides.filter((text) => text !== this.text), this.text];
  }

  /** What stands here goes to the far end, so that recalling again and again shows all. @param {string | undefined} text */
  #exchange(text) {
    if (text === undefined) return;
    const rest = this.#asides.filter((aside) => aside !== text && aside !== this.text);
    this.#asides = this.edited ? [this.text, ...rest] : rest;
    this.#write(text);
  }

  /** @param {string} text */
  #write(text) {
    this.text = text;
    this.show(text);
    this.#keep();
  }

  #keep() {
    const pristine = !this.edited && !this.#asides.length && this.#outdated === undefined;
    this.save(pristine ? null : { starter: this.#outdated ?? this.original, text: this.text, asides: this.#asides });
  }
}
