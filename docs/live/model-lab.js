/** <model-lab>: over the cell for scripts that build models: examples, and a link that holds the code. */
import { copy } from "./copy.js";
import { button, element } from "./element.js";
import { fromLink, toLink } from "./model-link.js";
import keras1 from "./models/keras1.py";
import lenet from "./models/lenet.py";
import lstm from "./models/lstm.py";
import residual from "./models/residual.py";
import vgg from "./models/vgg.py";

/** @import {LiveCode} from "./live-code.js" */

/** @type {[string, string][]} */
const EXAMPLES = [
  ["LeNet：手写数字", lenet],
  ["VGG 的几块：图像分类", vgg],
  ["LSTM：文本分类", lstm],
  ["残差块：函数式写法", residual],
  ["Keras 1 的旧脚本", keras1],
];

export class ModelLab extends HTMLElement {
  #alive = new AbortController();
  #said = element("span", { role: "status" });

  /** @param {LiveCode} cell  that runs the script */
  constructor(cell) {
    super();
    this.cell = cell;
  }

  connectedCallback() {
    this.#alive = new AbortController();
    window.addEventListener("hashchange", () => this.#follow(), { signal: this.#alive.signal });
    if (this.firstChild) return;
    const choice = /** @type {HTMLSelectElement} */ (element("select", {}, element("option", { value: "", textContent: "选一个…" })));
    EXAMPLES.forEach(([name], index) => choice.append(element("option", { value: `${index}`, textContent: name })));
    choice.addEventListener("change", () => {
      if (choice.value) this.#fill(EXAMPLES[Number(choice.value)][1].trimEnd());
      choice.value = "";
    });
    this.append(element("label", {}, "例子", choice), button("复制这段代码的链接", () => this.#share()), this.#said);
    this.#follow();
  }

  disconnectedCallback() {
    this.#alive.abort();
  }

  /** The reader's own code can be recalled. @param {string} code */
  #fill(code) {
    const own = this.cell.versions.edited;
    this.cell.fill(code);
    this.#said.textContent = own ? "你的代码没有丢：按“找回我的代码”。" : "";
  }

  async #share() {
    const link = await toLink(this.cell.code);
    if (link === null) {
      this.#said.textContent = "代码太长，放不进链接。";
      return;
    }
    await copy(location.href.split("#")[0] + link).then(
      () => (this.#said.textContent = "已复制"),
      () => (this.#said.textContent = "浏览器不让复制"),
    );
  }

  /** The code of a link is shown, and runs when the reader wants it to. */
  async #follow() {
    const code = await fromLink(location.hash);
    if (code === undefined) return;
    if (code === null) {
      this.#said.textContent = "链接里的代码读不出来，没有采用。";
      return;
    }
    if (code !== this.cell.code) this.#fill(code);
    this.#said.textContent += "这是链接里的代码，看过之后按“看模型”。";
  }
}

customElements.define("model-lab", ModelLab);
