/**
 * <kernel-explorer>: a digit and its feature map under the reader's hand. A window follows the
 * finger, the pointer or the arrow keys; its nine products and their sum stand between; the numbers
 * of the kernel can be typed and dragged. All of it is computed here, without Python.
 */
import { correlate, products, sum } from "./correlation.js";
import { button, element } from "./element.js";
import { Weights } from "./kernel-weights.js";
import { mixed, Screen } from "./pixel-screen.js";

/** @typedef {{image: number[][], kernels: Record<string, number[]>, start: [number, number]}} Given  image in hundredths */

/** @param {number} value */
const written = (value) => `${Number(value.toFixed(4)) || 0}`.replace("-", "−");

class KernelExplorer extends HTMLElement {
  /** @type {number[][]} */
  image = [];
  /** @type {number[][]} the feature map */
  output = [];
  #place = { row: 0, column: 0 };
  /** @type {Given["kernels"]} */
  #kernels = {};
  /** @type {HTMLButtonElement[]} */
  #choices = [];
  #weights = new Weights(() => this.#compute());
  #input = new Screen("图片，28×28", 28, 3, (row, column) => this.#go(row - 1, column - 1));
  #map = new Screen("特征图，26×26：用方向键移动窗口", 26, 1, (row, column) => this.#go(row, column));
  #said = element("p", { className: "ke-said", ariaLive: "polite" });
  #lines = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  #stage = element("div", { className: "ke-stage" });
  #seen = new ResizeObserver(() => this.#join());
  // The theme changes the colours without telling.
  #scheme = new MutationObserver(() => this.#paint());

  connectedCallback() {
    if (!this.image.length) this.#build(JSON.parse(this.querySelector("script")?.textContent ?? ""));
    this.#seen.observe(this.#stage);
    this.#scheme.observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  }

  disconnectedCallback() {
    this.#seen.disconnect();
    this.#scheme.disconnect();
  }

  /** @param {Given} given */
  #build({ image, kernels, start: [row, column] }) {
    this.image = image.map((line) => line.map((value) => value / 100));
    this.#kernels = kernels;
    this.#place = { row, column };
    this.#choices = Object.entries(kernels).map(([name, kernel]) => /** @type {HTMLButtonElement} */ (button(name, () => this.#choose(kernel))));
    const own = button("自己写", () => {
      this.#choose([0, 0, 0, 0, 1, 0, 0, 0, 0]);
      this.#weights.focus();
    });
    this.#choices.push(/** @type {HTMLButtonElement} */ (own));
    this.#lines.classList.add("ke-lines");
    this.#lines.setAttribute("aria-hidden", "true");
    const middle = element("div", { className: "ke-middle" }, this.#weights.element, this.#said);
    this.#stage.append(
      figure("图片（28×28）", this.#input.element),
      middle,
      figure("特征图（26×26）", this.#map.element),
    );
    this.#stage.append(this.#lines);
    const choices = element("div", { className: "ke-choices", role: "group", ariaLabel: "卷积核" }, ...this.#choices);
    const legend = element("p", { className: "ke-legend" });
    legend.append(element("span", { className: "ke-positive", textContent: "橙色为正" }), "，", element("span", { className: "ke-negative", textContent: "蓝色为负" }), "，越浓离 0 越远。");
    this.replaceChildren(choices, this.#stage, legend);
    this.#choose(Object.values(kernels)[0]);
  }

  /** @param {number[]} kernel */
  #choose(kernel) {
    this.#weights.values = kernel;
    this.#compute();
  }

  #compute() {
    const kernel = this.#weights.values;
    this.output = correlate(this.image, kernel);
    const chosen = Object.values(this.#kernels).findIndex((one) => `${one}` === `${kernel}`);
    this.#choices.forEach((choice, k) => (choice.ariaPressed = `${k === (chosen < 0 ? this.#choices.length - 1 : chosen)}`));
    this.#paint();
    this.#tell();
  }

  #paint() {
    if (!this.output.length) return;
    const style = getComputedStyle(this);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const [paper, ink, positive, negative] = ["--diagram-paper", "--diagram-ink", "--ke-positive", "--ke-negative"].map(colour);
    this.#input.paint(this.image, (value) => mixed(paper, ink, value));
    const most = Math.max(...this.output.flat().map(Math.abs), 1e-9);
    this.#map.paint(this.output, (value) => mixed(paper, value > 0 ? positive : negative, Math.abs(value) / most));
  }

  /** @param {number} row @param {number} column  of the output */
  #go(row, column) {
    const within = (/** @type {number} */ n) => Math.min(Math.max(n, 0), this.output.length - 1);
    this.#place = { row: within(row), column: within(column) };
    this.#tell();
  }

  /** The window, its products, their sum. */
  #tell() {
    const { row, column } = this.#place;
    this.#input.mark(row, column);
    this.#map.mark(row, column);
    const parts = products(this.image, this.#weights.values, row, column);
    const pixels = parts.map((_, k) => this.image[row + Math.floor(k / 3)][column + (k % 3)]);
    this.#weights.show(pixels.map(written), parts.map(written), pixels, parts);
    const total = element("b", { textContent: written(sum(parts)) });
    total.className = sum(parts) > 1e-9 ? "ke-positive" : sum(parts) < -1e-9 ? "ke-negative" : "";
    this.#said.replaceChildren(`第 ${row + 1} 行第 ${column + 1} 列：九个乘积之和 = `, total);
    this.#join();
  }

  /** Lines from the window to the products, and from them to the output. */
  #join() {
    const stage = this.#stage.getBoundingClientRect();
    const box = (/** @type {Element} */ part) => {
      const { left, right, top, bottom } = part.getBoundingClientRect();
      return { left: left - stage.left, right: right - stage.left, top: top - stage.top, bottom: bottom - stage.top };
    };
    const [from, middle, to] = [this.#input.frame, this.#weights.element, this.#map.frame].map(box);
    this.#lines.setAttribute("viewBox", `0 0 ${stage.width} ${stage.height}`);
    const d = `M${from.right} ${from.top}L${middle.left} ${middle.top}M${from.right} ${from.bottom}L${middle.left} ${middle.bottom}M${middle.right} ${middle.top}L${to.left} ${to.top}M${middle.right} ${middle.bottom}L${to.left} ${to.bottom}`;
    this.#lines.innerHTML = `<path d="${d}"/>`;
  }
}

/** @param {string} caption @param {HTMLElement} content */
function figure(caption, content) {
  return element("figure", {}, content, element("figcaption", { textContent: caption }));
}

customElements.define("kernel-explorer", KernelExplorer);
