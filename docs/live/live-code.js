/** <live-code>: a Python cell of the page that the reader can edit and run. */
import { CellNotes } from "./cell-notes.js";
import { CellVersions } from "./cell-versions.js";
import { copy } from "./copy.js";
import { keep } from "./keep.js";
import { Output } from "./output.js";
import { codeOf, limitOf, page } from "./page.js";
import "./article.js";

/** @import {Editor} from "./editor.js" */
/** @import {FromWorker, Replaced, Stray} from "./messages.js" */
/** @import {Page} from "./page.js" */
/** @import {Job} from "./python.js" */
/** @import {CellRecord} from "./record-format.js" */

const PASSED = "通过"; // how the output of an exercise's check begins
const TEMPLATE = `
  <div class="live-bar">
    <span class="live-label"></span>
    <button type="button" name="run">运行</button>
    <button type="button" name="stop">停止</button>
    <button type="button" name="copy">复制</button>
    <button type="button" name="reset">重置</button>
    <span class="live-solved" hidden>已完成</span>
  </div>
  <div class="live-output" role="region"></div>`;

const LATE = 20_000; // milliseconds after which a file counts as missing

/** Load the page anew, and what the browser's cache may hold damaged of its scripts. */
async function reload() {
  const scripts = performance.getEntriesByType("resource").filter(({ name }) => /\/live\/[^/]+\.js$/.test(name));
  await Promise.allSettled(scripts.map(({ name }) => fetch(name, { cache: "reload" })));
  location.reload();
}

export class LiveCode extends HTMLElement {
  #alive = new AbortController();
  /** @type {Editor | null} */
  #editor = null;
  #editorWanted = false;
  /** @type {Job | null} */
  #job = null;
  /** The text that ran last: the lines of an error are its lines. */
  #ran = "";
  #notes;
  #page;
  #output;
  /** A check tells whether the exercise's solution has passed. @type {((passed: boolean) => void) | null} */
  checked = null;

  /** @param {Element} block  the page's code, which it takes in @param {Page} page @param {number} index  among the live cells */
  constructor(block, page, index) {
    super();
    this.#page = page;
    this.versions = new CellVersions(codeOf(block), (text) => this.#show(text));
    this.limit = limitOf(block);
    this.model = block.classList.contains("model");
    this.label = `第 ${index + 1} 格`;
    this.id = `live-${index + 1}`;
    this.classList.add(...["exercise", "check"].filter((name) => block.classList.contains(name)));
    this.append(block);
    this.insertAdjacentHTML("beforeend", TEMPLATE);
    this.#output = new Output(this.#part("output"));
    this.#notes = new CellNotes(this, page, () => this.#button(this.#job ? "stop" : "run").focus());
    this.versions.place(this.#part("bar"));
    this.#notes.place(this.#part("bar"), this.#output.element);
    this.#output.element.ariaLabel = `${this.label}的输出`;
    this.#part("label").textContent = this.label;
    if (this.model) this.#button("run").textContent = "看模型";
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

  /** What it runs. */
  get code() {
    return this.versions.text;
  }

  /** @param {CellRecord} kept  what the reader wrote on an earlier visit */
  restore(kept) {
    this.versions.restore(kept);
    this.#refresh();
  }

  /** Another tab has written. @param {CellRecord | null} kept @param {string | null} theirs  its text, where both have changed */
  follow(kept, theirs) {
    this.versions.follow(kept, theirs);
    this.#refresh();
  }

  /** @param {string} solution  shown in place of the reader's text, which can be recalled */
  fill(solution) {
    this.versions.fill(solution);
    this.#refresh();
    this.scrollIntoView({ block: "nearest" });
    this.#button("run").focus();
  }

  /** @param {string | undefined} time  when this exercise was solved */
  solved(time) {
    this.#part("solved").hidden = time === undefined;
    if (time) this.#part("solved").title = new Date(time).toLocaleString("zh-CN");
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
      if (message.type === "finished") this.checked?.(message.failed === null && this.#output.printed.startsWith(PASSED));
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
    if (button?.name === "reload") reload();
    if (button?.name === "copy") copy(this.code).then(() => this.#notes.say("已复制"), () => this.#notes.say("浏览器不让复制"));
    if (!button) return;
    this.versions.press(button.name);
    this.#refresh();
    if (!button.isConnected) this.#button("run").focus();
  }

  /** Replace the static block by an editor, when the reader comes near. */
  async #edit() {
    if (this.#editorWanted) return;
    this.#editorWanted = true;
    const late = setTimeout(() => this.#noEditor(), LATE);
    const { Editor } = await import("./editor.js").catch(() => ({ Editor: null }));
    clearTimeout(late);
    if (!Editor) return this.#noEditor();
    this.querySelector(".live-missing")?.remove();
    const pre = this.querySelector("pre");
    if (!pre) return;
    this.#editor = new Editor(pre, {
      text: this.code,
      label: this.label,
      change: (text) => this.#type(text),
      run: () => this.#run(),
      focus: () => this.#page.python.warm(),
    });
  }

  /** Its file has not come: what runs is the text as it stands. */
  #noEditor() {
    if (this.querySelector(".live-missing")) return;
    const button = '<button type="button" name="reload">重新载入页面</button>';
    this.insertAdjacentHTML("beforeend", `<p class="live-missing" role="status">编辑框没有载入，这里的代码只能读和运行，不能改。${button}</p>`);
  }

  /** @param {string} text */
  #show(text) {
    if (this.#editor) return this.#editor.replace(text);
    const code = this.querySelector("pre > code");
    if (code && codeOf(this) !== text) code.textContent = `${text}\n`;
  }

  /** @param {string} text */
  #type(text) {
    this.versions.type(text);
    this.#refresh();
  }

  #refresh() {
    // A button that hides itself must not take the keyboard's place on the page with it.
    const focused = document.activeElement;
    this.toggleAttribute("running", this.#job !== null);
    this.#button("run").hidden = this.#job !== null;
    this.#button("stop").hidden = this.#job === null;
    this.#button("reset").hidden = !this.versions.edited;
    this.versions.refresh();
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
  if (live.length) keep(live);
  const model = live.find((cell) => cell.model);
  // Only one page has it.
  if (model) import("./model-lab.js").then(({ ModelLab }) => model.before(new ModelLab(model)), () => {});
}

customElements.define("live-code", LiveCode);
upgrade();
