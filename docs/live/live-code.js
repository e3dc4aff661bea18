/** <live-code>: a Python cell of the page that the reader can edit and run. */
import { CellNotes } from "./cell-notes.js";
import { copy } from "./copy.js";
import { Output } from "./output.js";
import { codeOf, limitOf, page } from "./page.js";
import { restore, save } from "./saved.js";
import "./article.js";

/** @import {Editor} from "./editor.js" */
/** @import {FromWorker, Replaced, Stray} from "./messages.js" */
/** @import {Page} from "./page.js" */
/** @import {Job} from "./python.js" */
/** @import {Saved} from "./saved.js" */

const TEMPLATE = `
  <div class="live-bar">
    <span class="live-label"></span>
    <button type="button" name="run">运行</button>
    <button type="button" name="stop">停止</button>
    <button type="button" name="copy">复制</button>
    <button type="button" name="reset">重置</button>
    <button type="button" name="recall">找回我的代码</button>
    <span class="live-edited">已修改</span>
  </div>
  <div class="live-outdated">
    这一格的原文更新了，现在显示的是你以前改过的代码。
    <button type="button" name="keep">保留我的</button>
    <button type="button" name="renew">用新的</button>
  </div>
  <div class="live-output" role="region"></div>`;

export class LiveCode extends HTMLElement {
  #alive = new AbortController();
  /** @type {Editor | null} */
  #editor = null;
  #editorWanted = false;
  /** @type {Job | null} */
  #job = null;
  /** The text that ran last: the lines of an error are its lines. */
  #ran = "";
  /** The reader's text, put aside by a reset or a solution. @type {string | undefined} */
  #aside;
  /** The original text that the reader changed, where it is no longer this page's. @type {string | undefined} */
  #outdated;
  #notes;
  #page;
  #index;
  #original;
  #output;

  /** @param {Element} block  the page's code, which it takes in @param {Page} page @param {number} index  among the live cells */
  constructor(block, page, index) {
    super();
    this.#page = page;
    this.#index = index;
    this.#original = this.code = codeOf(block);
    this.limit = limitOf(block);
    this.label = `第 ${index + 1} 格`;
    this.id = `live-${index + 1}`;
    this.classList.add(...["exercise", "check"].filter((name) => block.classList.contains(name)));
    this.append(block);
    this.insertAdjacentHTML("beforeend", TEMPLATE);
    this.#output = new Output(this.#part("output"));
    this.#notes = new CellNotes(this, page, () => this.#button(this.#job ? "stop" : "run").focus());
    this.#notes.place(this.#part("bar"), this.#output.element);
    this.#output.element.ariaLabel = `${this.label}的输出`;
    this.#part("label").textContent = this.label;
    for (const button of this.querySelectorAll("button")) button.ariaLabel = `${button.textContent}：${this.label}`;
  }

  connectedCallback() {
    this.#alive = new AbortController();
    const { signal } = this.#alive;
    this.addEventListener("click", (event) => this.#click(event), { signal });
    // A key that is held down would run and stop by turns.
    this.addEventListener("keydown", (event) => event.repeat && event.target instanceof HTMLButtonElement && event.preventDefault(), { signal });
    // The pointer on its way to the button is time that Python can start in.
    this.#button("run").addEventListener("pointerenter", () => this.#page.python.warm(), { signal });
    const near = new IntersectionObserver(([entry]) => entry.isIntersecting && this.#edit(), { rootMargin: "300px" });
    near.observe(this);
    signal.addEventListener("abort", () => near.disconnect());
    this.#refresh();
  }

  disconnectedCallback() {
    this.#alive.abort();
    this.#output.clear();
    if (this.#job) this.#page.python.stop(this.#job);
  }

  /** @param {Saved} saved  what the reader wrote on an earlier visit */
  restore({ original, text, aside }) {
    this.#aside = aside;
    if (original !== this.#original) this.#outdated = original;
    this.#write(text);
  }

  /** @param {string} solution  shown in place of the reader's text, which can be recalled */
  fill(solution) {
    if (this.code !== this.#original && this.code !== solution) this.#aside = this.code;
    this.#write(solution);
    this.scrollIntoView({ block: "nearest" });
    this.#button("run").focus();
  }

  /** @param {FromWorker | Replaced | Stray} message  about this cell, run for itself or for a later one; or about all */
  receive(message) {
    const { element } = this.#output;
    if (message.type === "begin") {
      this.#ran = this.code;
      // The page below must not jump while the output is made anew.
      element.style.minHeight = `${element.offsetHeight}px`;
      element.ariaBusy = "true";
      this.#output.clear();
      this.#notes.note("");
      this.#editor?.mark(null);
    } else if (message.type === "text") {
      this.#output.text(message);
    } else if (message.type === "figure") {
      this.#output.figure(message);
    } else if (message.type === "end" || message.type === "lost") {
      element.style.minHeight = "";
      element.ariaBusy = null;
      if (message.type === "end" && message.error) {
        this.#output.error(message.error);
        for (const [cell, line] of message.error.lines) this.#page.cells[cell].mark?.(line);
      }
    }
  }

  /** @param {number} line  where an error came from */
  async mark(line) {
    await this.#edit();
    if (this.#ran === this.code) this.#editor?.mark(line);
  }

  #run() {
    if (this.#job) return;
    this.#notes.begin();
    this.#job = this.#page.run(this, (message) => {
      this.#notes.receive(message);
      if (message.type !== "finished" && message.type !== "lost" && message.type !== "unloaded") return;
      this.#job = null;
      this.#notes.end(message, this.#output.summary);
      this.#refresh();
    });
    this.#refresh();
  }

  /** @param {MouseEvent} event */
  #click({ target, detail }) {
    const button = /** @type {Element} */ (target).closest("button");
    if (button?.name === "run") this.#run();
    // 停止 stands where 运行 stood: the second half of a double click is no wish to stop.
    if (button?.name === "stop" && this.#job && detail < 2) this.#page.python.stop(this.#job);
    if (button?.name === "longer" && this.#notes.expired) {
      this.#page.extend(this.#notes.expired.cell);
      this.#run();
    }
    if (button?.name === "restart") {
      this.#page.python.restart();
      this.#notes.note("正在重新启动 Python，变量已清空，再次运行时会先运行需要的格。");
    }
    if (button?.name === "reload") location.reload();
    if (button?.name === "copy") copy(this.code).then(() => this.#notes.say("已复制"), () => this.#notes.say("浏览器不让复制"));
    if (button?.name === "reset" || button?.name === "renew") {
      this.#aside = this.code;
      this.#outdated = undefined;
      this.#write(this.#original);
    }
    if (button?.name === "keep") {
      this.#outdated = undefined;
      this.#write(this.code);
    }
    if (button?.name === "recall" && this.#aside !== undefined) {
      const mine = this.#aside;
      this.#aside = this.code === this.#original ? undefined : this.code;
      this.#write(mine);
    }
  }

  /** Replace the static block by an editor, when the reader comes near. */
  async #edit() {
    if (this.#editorWanted) return;
    this.#editorWanted = true;
    const { Editor } = await import("./editor.js").catch(() => ({ Editor: null }));
    if (!Editor) return this.#noEditor();
    const pre = this.querySelector("pre");
    if (!pre) return;
    this.#editor = new Editor(pre, {
      text: this.code,
      label: this.label,
      change: (text) => this.#changed(text),
      run: () => this.#run(),
      focus: () => this.#page.python.warm(),
    });
  }

  /** Its file has not come: what runs is the text as it stands. */
  #noEditor() {
    const button = '<button type="button" name="reload">重新载入页面</button>';
    this.insertAdjacentHTML("beforeend", `<p class="live-missing" role="status">编辑框没有载入，这里的代码只能读和运行，不能改。${button}</p>`);
  }

  /** @param {string} text */
  #write(text) {
    if (this.#editor) return void (this.#editor.replace(text), this.#changed(text));
    const code = this.querySelector("pre > code");
    if (code && text !== this.code) code.textContent = `${text}\n`;
    this.#changed(text);
  }

  /** @param {string} text */
  #changed(text) {
    this.code = text;
    const pristine = text === this.#original && this.#aside === undefined && this.#outdated === undefined;
    const original = this.#outdated ?? this.#original;
    save(this.#index, pristine ? null : { original, text, aside: this.#aside });
    this.#refresh();
  }

  #refresh() {
    const edited = this.code !== this.#original;
    // A button that hides itself must not take the keyboard's place on the page with it.
    const focused = document.activeElement;
    this.toggleAttribute("running", this.#job !== null);
    this.#button("run").hidden = this.#job !== null;
    this.#button("stop").hidden = this.#job === null;
    this.#button("reset").hidden = !edited;
    this.#button("recall").hidden = this.#aside === undefined || this.#aside === this.code;
    this.#part("edited").hidden = !edited;
    this.#part("outdated").hidden = this.#outdated === undefined;
    if (focused instanceof HTMLButtonElement && focused.hidden && this.contains(focused)) {
      this.#button(this.#job ? "stop" : "run").focus();
    }
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    return /** @type {HTMLElement} */ (this.querySelector(`.live-${name}`));
  }

  /** @param {string} name @returns {HTMLButtonElement} */
  #button(name) {
    return /** @type {HTMLButtonElement} */ (this.querySelector(`button[name=${name}]`));
  }
}

/** Make cells of the page's live blocks. */
function upgrade() {
  /** @type {LiveCode[]} */
  const live = [];
  for (const block of document.querySelectorAll("div.language-python.highlight")) {
    // Shown source belongs to labkit, not to the page's namespace.
    if (block.closest(".source, .signature")) continue;
    if (block.classList.contains("solution")) {
      const exercise = live.findLast((cell) => cell.classList.contains("exercise"));
      if (!exercise) continue;
      const fill = Object.assign(document.createElement("button"), { type: "button", className: "live-fill" });
      fill.textContent = "填入练习";
      fill.addEventListener("click", () => exercise.fill(codeOf(block)));
      block.after(fill);
    } else if (block.classList.contains("live")) {
      const place = document.createComment("");
      block.replaceWith(place);
      const cell = new LiveCode(block, page, live.length);
      place.replaceWith(cell);
      live.push(cell);
      page.cells.push(cell);
    } else {
      page.cells.push({ label: `正文代码 ${page.cells.length + 1}`, code: codeOf(block), limit: limitOf(block) });
    }
  }
  const codes = live.map((cell) => cell.code);
  restore(codes).forEach((saved, index) => saved && live[index].restore(saved));
}

customElements.define("live-code", LiveCode);
upgrade();
