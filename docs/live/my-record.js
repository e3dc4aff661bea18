/** <my-record>: the page of the reader's record, to look at, to export, to import and to delete. */
import { button, element } from "./element.js";
import { emptyPage, fileText, readFile } from "./record-format.js";
import { joinPages } from "./record-merge.js";
import { saveDamaged, saveRecord } from "./record-notes.js";
import { allPages, concernsAny, damagedTexts, isAddress, linkTo, migrate, removeAll, storeAll, why } from "./record-storage.js";

/** @import {PageRecord, Pages} from "./record-format.js" */
/** @import {Refusal} from "./record-storage.js" */

const LARGEST = 20e6; // bytes of a file; no browser stores as much
/** @type {{[why in Refusal]: string}} */
const REFUSED = {
  full: "浏览器给这个网站的存储空间满了，放不下这个文件。什么也没有改。",
  blocked: "浏览器不让这个网站存东西，所以这里没有记录，也不能导入。",
  newer: "这里有些页的记录来自更新版本的网站，不能和文件合在一起。什么也没有改。请重新载入页面，再试一次。",
};

/** @param {string} iso */
const day = (iso) => new Date(iso).toLocaleString("zh-CN", { dateStyle: "medium", timeStyle: "short" });

/** The pages of this site, by their addresses: as the menu names them. */
function names() {
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".md-nav--primary a.md-nav__link[href]"));
  return new Map([...links].filter((link) => !link.hash).map((link) => [link.href, link.textContent?.trim() ?? ""]));
}

/** @param {string} address @param {PageRecord} page @returns {HTMLElement} */
function entry(address, { cells, exercises, guesses }) {
  const link = element("a", { href: linkTo(address), textContent: names().get(linkTo(address)) || address || "首页" });
  const edited = cells.filter((cell) => cell.text !== cell.starter);
  const tried = Object.values(exercises);
  const solved = tried.filter((exercise) => exercise.solved).length;
  const tries = tried.reduce((sum, exercise) => sum + exercise.tries, 0);
  const kept = cells.length - edited.length;
  const times = [...cells.map((cell) => cell.edited), ...tried.flatMap(({ solved }) => solved ?? [])].sort();
  const parts = [
    edited.length && `改了 ${edited.length} 格`,
    kept && `另有 ${kept} 格可以找回`,
    solved && `完成 ${solved} 道练习`,
    tries && `检查过 ${tries} 次`,
    Object.keys(guesses).length && `猜过 ${Object.keys(guesses).length} 处`,
    times.length && `最后在 ${day(times[times.length - 1])}`,
  ];
  return element("li", {}, link, `：${parts.filter(Boolean).join("，")}`);
}

class MyRecord extends HTMLElement {
  #list = element("div");
  #status = element("div", { className: "record-status", role: "status" });
  #file = element("input", { type: "file", accept: ".json,application/json", hidden: true });
  #export = button("导出", () => this.#save());
  #import = button("导入", () => this.#file.click());
  #remove = button("删除全部记录", () => this.#askRemoval());

  connectedCallback() {
    this.#file.addEventListener("change", () => this.#choose());
    this.append(this.#list, element("p", { className: "record-bar" }, this.#export, this.#import, this.#file, this.#remove), this.#status);
    addEventListener("storage", ({ key }) => concernsAny(key) && this.#show());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#show());
    for (const link of names().keys()) {
      try {
        migrate(new URL(link).pathname, () => {});
      } catch {
        // What cannot be read now is said below.
      }
    }
    this.#show();
  }

  #show() {
    try {
      const { pages, unread } = allPages();
      const list = element("ul", {}, ...[...pages].sort(([one], [other]) => (one < other ? -1 : 1)).map(([address, page]) => entry(address, page)));
      this.#list.replaceChildren(pages.size ? list : element("p", { textContent: "还没有记录。改一格代码，或者做一道练习，就会出现在这里。" }));
      for (const address of unread) this.#list.append(element("p", { className: "record-note", textContent: `${address} 的记录现在读不了，没有动它。` }));
      const damaged = damagedTexts();
      if (damaged.length) {
        const words = `有 ${damaged.length} 份存下的内容损坏了，读不了，另外收在这里。 `;
        this.#list.append(element("p", { className: "record-note" }, words, button("下载读不了的内容", saveDamaged)));
      }
      this.#export.hidden = !pages.size;
      this.#remove.hidden = !pages.size && !damaged.length && !unread.length;
    } catch {
      this.#list.replaceChildren(element("p", { className: "record-note", textContent: REFUSED.blocked }));
      for (const control of [this.#export, this.#import, this.#remove]) control.hidden = true;
    }
  }

  #save() {
    saveRecord(fileText(allPages().pages, new Date().toISOString()));
    this.#say("已导出。换一台电脑或浏览器时，在那边的这一页导入这个文件。");
  }

  /** @param {string} words @param {HTMLElement[]} more */
  #say(words, ...more) {
    this.#status.replaceChildren(element("p", {}, words, ...more.flatMap((part) => [" ", part])));
  }

  async #choose() {
    const [file] = this.#file.files ?? [];
    if (!file) return;
    this.#file.value = ""; // the same file may be chosen again
    if (file.size > LARGEST) return this.#say("没有导入：文件太大，不会是这里导出的。");
    const read = readFile(await file.text(), isAddress);
    if ("reason" in read) return this.#say(`没有导入：${read.reason}`);
    this.#preview(read.pages);
  }

  /** What would change, before it does. @param {Pages} incoming */
  #preview(incoming) {
    const { sums } = this.#join(incoming);
    const counts = [
      ["新的", sums.fresh],
      ["这里已经有的", sums.equal],
      ["与这里不同的", sums.different],
    ].map(([name, count]) => `${name} ${count} 项`);
    const words = `文件里有 ${incoming.size} 页：${counts.join("，")}（一格代码、一道练习、一处猜测各算一项）。`;
    if (!sums.fresh && !sums.different) return this.#say(`${words}没有要导入的。`);
    const rule = sums.different ? "不同的代码显示较新的一份，另一份在那一格里按“找回我的代码”就能看到。" : "";
    const accept = button("导入这些", () => this.#accept(incoming));
    this.#say(words + rule, accept, button("不导入", () => this.#end("没有导入，什么也没有改。")));
    accept.focus();
  }

  /** @param {Pages} incoming */
  #join(incoming) {
    const sums = { fresh: 0, equal: 0, different: 0 };
    const { pages, unread } = allPages();
    /** @type {Pages} */
    const joined = new Map();
    for (const [address, page] of incoming) {
      const { page: result, ...counts } = joinPages(pages.get(address) ?? emptyPage(), page);
      for (const name of /** @type {const} */ (["fresh", "equal", "different"])) sums[name] += counts[name];
      joined.set(address, result);
    }
    return { sums, joined, blocked: unread.some((address) => incoming.has(address)) };
  }

  /** @param {Pages} incoming */
  #accept(incoming) {
    try {
      // Once more: other tabs may have written since the file was chosen.
      const { joined, blocked } = this.#join(incoming);
      if (blocked) return this.#end(REFUSED.newer);
      storeAll(joined);
    } catch (error) {
      return this.#end(REFUSED[why(error)]);
    }
    this.#end("已导入。");
  }

  #askRemoval() {
    const remove = button("全部删除", () => {
      removeAll();
      this.#end("已删除全部记录。");
    });
    const cancel = button("不删除", () => this.#end("没有删除。"));
    this.#say("这个浏览器里改过的代码、练习的进度都会删除，打开着的页面也会恢复原文，不能撤销。可以先导出一份。", button("先导出", () => saveRecord(fileText(allPages().pages, new Date().toISOString()))), remove, cancel);
    cancel.focus();
  }

  /** The buttons of a question are gone: the keyboard goes on from one that stays. @param {string} words */
  #end(words) {
    this.#say(words);
    this.#show();
    this.#import.focus();
  }
}

customElements.define("my-record", MyRecord);
