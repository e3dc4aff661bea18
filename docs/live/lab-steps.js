/**
 * Step mode: one output after the other, how it is computed, and how its dy is added into dx, dW.
 * A layer that stamps goes over its inputs instead: each is written, times the kernel, over outputs.
 */
import { element } from "./element.js";
import { nameOf } from "./lab-cells.js";
import { Player } from "./lab-player.js";
import { stamped, stamps } from "./lab-stamps.js";
import { sums as inNumbers } from "./lab-sums.js";
import { short, table } from "./lab-table.js";

/** @import {Cells, Links} from "./lab-cells.js" */
/** @import {Formulas} from "./lab-sums.js" */
/**
 * @typedef {Links & Numbers} Walk
 * @typedef {object} Numbers  from labkit.diagrams.views.numbers
 * @property {"product" | "linear" | "max" | "min" | "cell" | "lookup" | "general"} kind
 * @property {string} activation
 * @property {number[]} x
 * @property {number[]} W
 * @property {number[]} y
 * @property {number[]} dy
 * @property {number[] | null} sums  before the activation
 * @property {Formulas | null} formulas  of a recurrent layer
 * @property {number[][]} slopes  ∂y/∂x along the links of each output
 * @property {number[][]} weightSlopes  ∂y/∂W along its uses
 */

export class Steps {
  backward = false;

  /**
   * @param {Cells} cells
   * @param {Walk} walk
   * @param {() => void} moved
   */
  constructor(cells, walk, moved) {
    this.cells = cells;
    this.walk = walk;
    this.moved = moved;
    this.direction = /** @type {HTMLSelectElement} */ (element("select", { ariaLabel: "方向" }));
    this.direction.append(element("option", { value: "", textContent: "前向：算出 y" }), element("option", { value: "1", textContent: "反向：累加 dx 与 dW" }));
    this.direction.addEventListener("change", () => {
      this.backward = this.direction.value === "1";
      this.go(this.step);
    });
    this.account = element("div", { className: "lab-account", ariaLive: "polite", role: "group", ariaLabel: "这一步的计算", tabIndex: 0 });
    const playing = (/** @type {boolean} */ plays) => {
      // A screen reader would be told every step; it hears the one where the reader stops.
      this.account.ariaLive = plays ? "off" : "polite";
    };
    this.player = new Player(walk.y.length, () => this.#show(), playing, this.direction);
    cells.winners = (key) => this.#winners(key);
    this.element = element("div", { className: "lab-steps" }, this.player.element, this.account);
  }

  get step() {
    return this.player.step;
  }

  stop() {
    this.player.pause();
  }

  /** Whether the steps are those of a stamp. */
  get #stamping() {
    return !this.backward && stamps(this.walk);
  }

  /** The cell of the step. */
  get key() {
    const stamping = this.#stamping && this.step < this.walk.x.length;
    return stamping ? `x${this.step}` : `y${this.#stamping ? this.walk.first : this.step}`;
  }

  /** @param {number} step */
  go(step) {
    const { x, y, activation } = this.walk;
    this.player.resize(this.#stamping ? x.length + (activation === "linear" ? 0 : 1) : y.length);
    this.player.go(step);
  }

  /** To the step of a cell, if it has one. @param {string} key */
  choose(key) {
    if (key[0] === this.key[0]) this.go(Number(key.slice(1)));
  }

  #show() {
    this.direction.value = this.backward ? "1" : "";
    this.cells.pinned = this.key;
    this.cells.show(this.cells.pinned);
    if (this.walk.windows?.zeros) this.cells.pad(this.backward ? "" : "0");
    if (this.backward) this.#back();
    else this.#forward();
    this.moved();
  }

  /** The largest or smallest of what an output looks at. @param {string} key @returns {Set<string>} */
  #winners(key) {
    const { kind, links, slopes } = this.walk;
    const o = Number(key.slice(1));
    if (key[0] !== "y" || (kind !== "max" && kind !== "min")) return new Set();
    return new Set(links[o].flatMap((i, k) => (slopes[o][k] ? [`x${i}`] : [])));
  }

  #forward() {
    const { x, W, y } = this.walk;
    x.forEach((value, i) => this.cells.write(`x${i}`, short(value)));
    W.forEach((value, w) => this.cells.write(`w${w}`, short(value)));
    if (this.#stamping) {
      const { totals, account } = stamped(this.walk, this.step);
      totals.forEach((value, o) => this.cells.write(`y${o}`, value === null ? "" : short(value)));
      this.account.replaceChildren(...account);
      return;
    }
    y.forEach((value, o) => this.cells.write(`y${o}`, o <= this.step ? short(value) : ""));
    this.account.replaceChildren(...this.#computation(this.step));
  }

  #back() {
    const { links, weak, uses, slopes, weightSlopes, dy, x, W } = this.walk;
    const dx = x.map(() => 0);
    const dW = W.map(() => 0);
    const [met, used] = [new Set(), new Set()];
    for (let o = 0; o <= this.step; o++) {
      links[o].forEach((i, k) => weak[o].includes(i) || (met.add(i) && (dx[i] += dy[o] * slopes[o][k])));
      uses[o].forEach((w, k) => used.add(w) && (dW[w] += dy[o] * weightSlopes[o][k]));
    }
    dy.forEach((value, o) => this.cells.write(`y${o}`, short(value)));
    dx.forEach((value, i) => this.cells.write(`x${i}`, met.has(i) ? short(value) : ""));
    dW.forEach((value, w) => this.cells.write(`w${w}`, used.has(w) ? short(value) : ""));
    this.account.replaceChildren(...this.#contributions(this.step, dx, dW));
  }

  /** @param {number} o */
  #computation(o) {
    const { kind, links, slopes, products, uses, inputs, weights, outputs, x, W, y, sums, activation, formulas, windows } = this.walk;
    const name = nameOf(outputs, o);
    const cells = links[o];
    const outside = windows?.motion === "slide" ? windows.cells[o] : [];
    const left = outside.length ? `窗口里补的 ${outside.length} 格不参加。` : "";
    /** @param {number} i */
    const input = (i) => nameOf(inputs, i);
    const result = `${name} = ${short(y[o], 3)}`;
    if (kind === "product" && products && sums) {
      const rows = cells.map((i, k) => {
        const w = products[o][k];
        return { order: w, pale: false, texts: [input(i), short(x[i]), nameOf(weights, w), short(W[w]), short(x[i] * W[w], 3)] };
      });
      outside.forEach((_, k) => {
        const w = windows?.weights[o][k] ?? -1;
        rows.push({ order: w, pale: true, texts: ["补的零", "0", ...(w < 0 ? ["", ""] : [nameOf(weights, w), short(W[w])]), "0"] });
      });
      if (outside.length) rows.sort((a, b) => a.order - b.order);
      const met = new Set(products[o]);
      const bias = uses[o].filter((w) => !met.has(w) && !products.some((row) => row.includes(w)));
      const sum = cells.reduce((total, i, k) => total + x[i] * W[products[o][k]], 0);
      const added = bias.map((w) => ` + ${nameOf(weights, w)} ${short(W[w])}`).join("");
      const after = activation && activation !== "linear" ? `，${activation}(${short(sums[o], 3)}) = ${short(y[o], 3)}` : "";
      const padding = cells.length ? "" : "窗口里全是补的零。";
      return [
        element("p", {}, `${padding}${name}：乘积之和 ${short(sum, 3)}${added} = ${short(sums[o], 3)}${after}。`),
        table(["输入", "值", "权重", "值", "乘积"], rows.map(({ texts }) => texts), rows.map(({ pale }) => pale)),
      ];
    }
    if (kind === "max" || kind === "min") {
      const rows = cells.map((i) => [input(i), short(x[i]), x[i] === y[o] ? `← ${kind === "max" ? "最大" : "最小"}` : ""]);
      return [element("p", {}, `${result}，取 ${cells.length} 格中${kind === "max" ? "最大" : "最小"}的一个。${left}`), table(["输入", "值", ""], rows)];
    }
    if (kind === "linear" && cells.length !== 1) {
      const rows = cells.map((i, k) => [input(i), short(x[i]), short(slopes[o][k], 3), short(x[i] * slopes[o][k], 3)]);
      return [element("p", {}, cells.length ? `${result}，是这些乘积之和。${left}` : `${result}，与输入无关。`), table(["输入", "值", "系数", "乘积"], rows)];
    }
    if (kind === "lookup") {
      const [i] = cells;
      return [element("p", {}, `${input(i)} 的编号是 ${short(x[i])}，取出第 ${short(x[i])} 行里的一格：${result}。`)];
    }
    if (cells.length === 1) {
      const [i] = cells;
      const how = kind === "linear" ? (slopes[o][0] === 1 ? "照抄" : `乘系数 ${short(slopes[o][0], 3)}`) : "只由这一格算出";
      return [element("p", {}, `${input(i)} = ${short(x[i])}，${how}：${result}。此处斜率 ∂y/∂x = ${short(slopes[o][0], 3)}。`)];
    }
    const rows = cells.map((i, k) => [input(i), short(x[i]), short(slopes[o][k], 3)]);
    if (formulas) {
      return [
        element("p", {}, `${result}，是这一步最后一个算式的结果；x_t·W 与 h_(t−1)·U 各写成算好的一个数。`),
        table(["量", "算式", "代入", "值"], inNumbers(formulas, o)),
        table(["输入", "值", "此处斜率 ∂y/∂x"], rows),
      ];
    }
    return [
      element("p", {}, `${result}。它不是一次乘加算出来的，算法见“实现”一节；斜率说明各个输入此刻的影响有多大。`),
      table(["输入", "值", "此处斜率 ∂y/∂x"], rows),
    ];
  }

  /** @param {number} o @param {number[]} dx @param {number[]} dW */
  #contributions(o, dx, dW) {
    const { links, weak, uses, slopes, weightSlopes, inputs, weights, outputs, dy } = this.walk;
    /** @param {string} name @param {number} slope @param {number} total */
    const row = (name, slope, total) => [name, short(slope, 3), short(dy[o] * slope, 3), short(total, 3)];
    const rows = [
      ...links[o].flatMap((i, k) => (weak[o].includes(i) ? [] : [row(`d${nameOf(inputs, i)}`, slopes[o][k], dx[i])])),
      ...uses[o].map((w, k) => row(`d${nameOf(weights, w)}`, weightSlopes[o][k], dW[w])),
    ];
    return [
      element("p", {}, `${nameOf(outputs, o)} 的梯度 dy = ${short(dy[o])}，乘以 y 对每一格的斜率，加进那一格的梯度。格子里：y 处是 dy，其余是累加到这一步的 dx 与 dW。`),
      table(["加到", "斜率", "dy × 斜率", "累计"], rows),
    ];
  }
}
