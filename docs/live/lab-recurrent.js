/** A recurrent layer step by step: the bars in its cell, and how large states or gradients are. */
import { element } from "./element.js";
import { neighbour } from "./lab-cells.js";
import { Player } from "./lab-player.js";

/** @import {Place} from "./lab-link.js" */
/**
 * @typedef {object} Sizes  of the states, inputs or gradients at every step
 * @property {[number, number] | null} log  the decades of the scale, if it is logarithmic
 * @property {Record<string, number[]>} values
 * @property {Record<string, number[]>} heights  of the bars, from 0 to 1
 *
 * @typedef {object} Part  one cell of one chain
 * @property {string} name
 * @property {number} chain
 * @property {Record<string, string>} captions  of the lines
 * @property {Record<string, string>} formulas
 * @property {Record<string, (number[] | null)[]>} values  of every line at every step; null: skipped
 * @property {Sizes} forward
 * @property {Sizes} backward
 *
 * @typedef {object} Passage  from labkit.diagrams.recurrent.drawn_passage
 * @property {number} steps
 * @property {number[][]} times  of each chain: which time is read first, second, …
 * @property {number[]} skipped
 * @property {number} first  the step that is drawn
 * @property {Part[]} parts
 */

const TALLEST = 24; // as BARS in labkit/diagrams/timeline.py
const UNITS = 4; // as in labkit/diagrams/gauges.py
const LENGTHS = [5, 20, 50];

export class Recurrent {
  part = 0;
  backward = false;
  /** The line that is looked at. */
  #line = "";
  /** Another picture leads. */
  #follows = false;

  /**
   * @param {SVGElement} svg
   * @param {Passage} passage
   * @param {Place} place
   * @param {(sentence: string) => void} tell
   * @param {() => void} moved
   */
  constructor(svg, passage, place, tell, moved) {
    this.svg = svg;
    this.passage = passage;
    this.place = place;
    this.tell = tell;
    this.moved = moved;
    this.direction = choice("方向", ["前向：每一步的数", "反向：梯度还剩多少"], (value) => {
      this.backward = value === 1;
      this.#show();
    });
    this.whose = choice("单元", passage.parts.map((part) => part.name), (value) => {
      this.part = value;
      this.#line = "";
      this.#show();
    });
    this.length = choice("步数", [...LENGTHS.map((n) => `${n} 步`)], (value) => {
      // The panel's own input shape: it is the layer's, and goes into the link.
      this.svg.dispatchEvent(new CustomEvent("lab-length", { bubbles: true, detail: LENGTHS[value] }));
    });
    this.#offerLength();
    this.account = element("p", { className: "lab-account", ariaLive: "polite", role: "group", ariaLabel: "这一步" });
    const playing = (/** @type {boolean} */ plays) => {
      this.account.ariaLive = plays ? "off" : "polite";
    };
    const several = passage.parts.length > 1 ? [this.whose] : [];
    this.player = new Player(passage.steps, () => this.#show(), playing, this.direction, ...several, this.length);
    this.element = element("div", { className: "lab-steps" }, this.player.element, this.account);
    this.beam = /** @type {SVGPathElement} */ (svg.querySelector("[data-zoom]"));
    /** Of each chain, the middle of every step's column. */
    this.xs = (this.beam.dataset.xs ?? "").split(";").map((row) => row.split(" ").map(Number));
    this.#answer();
    this.#take();
    this.player.go(place.cell ? place.step : passage.first);
  }

  /** Look where the place says; a shorter chain, or one with fewer cells, goes as far as it can. */
  follow() {
    const { part, backward } = this;
    const step = Math.min(this.place.step, this.passage.steps - 1);
    this.#take();
    if (part === this.part && backward === this.backward && step === this.step) return;
    this.#follows = true;
    this.player.go(step);
    this.#follows = false;
  }

  #take() {
    const part = Number(/^p(\d+)$/.exec(this.place.cell)?.[1] ?? 0);
    this.part = Math.min(part, this.passage.parts.length - 1);
    this.backward = this.place.backward;
  }

  get step() {
    return this.player.step;
  }

  stop() {
    this.player.pause();
  }

  #offerLength() {
    const { steps } = this.passage;
    if (!LENGTHS.includes(steps)) this.length.prepend(element("option", { value: "-1", textContent: `${steps} 步`, disabled: true }));
    this.length.value = `${LENGTHS.indexOf(steps)}`;
  }

  // --- the reader's hand ---

  #answer() {
    const { svg } = this;
    for (const gauge of gauges(svg)) {
      gauge.setAttribute("role", "img");
      gauge.setAttribute("tabindex", "-1");
    }
    for (const part of svg.querySelectorAll("[data-inside]")) part.querySelector(".gauge")?.setAttribute("tabindex", "0");
    this.passage.times.forEach((_, chain) => {
      for (const step of this.#steps(chain)) {
        step.setAttribute("role", "button");
        step.setAttribute("tabindex", "-1");
      }
    });
    svg.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.#look(event));
    svg.addEventListener("pointerleave", () => this.#look(null));
    svg.addEventListener("click", (event) => {
      this.#look(event);
      this.#jump(event);
    });
    svg.addEventListener("focusin", (event) => this.#look(event));
    svg.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {Event | null} event */
  #look(event) {
    const gauge = event && /** @type {Element} */ (event.target).closest(".gauge");
    this.#line = gauge instanceof SVGGElement ? (gauge.dataset.gauge ?? "") : "";
    this.#say();
  }

  /** @param {Event} event */
  #jump(event) {
    const step = /** @type {Element} */ (event.target).closest("[data-step]");
    if (!(step instanceof SVGGElement)) return;
    const chain = this.passage.times.findIndex((_, n) => this.#steps(n).includes(step));
    if (chain !== this.#shown.chain) this.part = this.passage.parts.findIndex((part) => part.chain === chain);
    this.stop();
    this.player.go(Number(step.dataset.order));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const from = /** @type {Element} */ (event.target).closest(".gauge, [data-step]");
    const moves = /** @type {Record<string, number[]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });
    if (!(from instanceof SVGGElement)) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#jump(event);
    }
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const others = from.matches(".gauge") ? gauges(/** @type {Element} */ (from.closest("[data-inside]"))) : this.passage.times.flatMap((_, n) => this.#steps(n));
    const next = neighbour(from, others, move);
    if (!next) return;
    from.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  }

  // --- what is shown ---

  get #shown() {
    return this.passage.parts[this.part];
  }

  /** The groups of a chain's steps, in the order of reading. @param {number} chain @returns {SVGGElement[]} */
  #steps(chain) {
    const found = /** @type {SVGGElement[]} */ ([...this.svg.querySelectorAll("[data-chain]")[chain].querySelectorAll("[data-step]")]);
    return found.sort((a, b) => Number(a.dataset.order) - Number(b.dataset.order));
  }

  #show() {
    const { step } = this;
    this.direction.value = this.backward ? "1" : "0";
    this.whose.value = `${this.part}`;
    this.svg.querySelectorAll("[data-inside]").forEach((part, n) => {
      if (n === this.part) part.removeAttribute("display");
      else part.setAttribute("display", "none");
    });
    const cell = /** @type {Element} */ (this.svg.querySelector(`[data-inside="${this.part}"]`));
    for (const gauge of gauges(cell)) {
      const line = gauge.dataset.gauge ?? "";
      fill(gauge, this.#shown.values[line][step]);
      gauge.setAttribute("aria-label", this.#spoken(line));
    }
    this.#row();
    this.#bars();
    this.#say();
    if (this.#follows) return;
    Object.assign(this.place, { cell: `p${this.part}`, step, backward: this.backward });
    this.moved();
  }

  #row() {
    const { passage, step } = this;
    const { chain } = this.#shown;
    passage.times.forEach((times, n) => {
      this.#steps(n).forEach((group, k) => {
        const chosen = n === chain && k === step;
        if (chosen) group.dataset.state = "chosen";
        else delete group.dataset.state;
        group.setAttribute("tabindex", chosen ? "0" : "-1");
        const skipped = passage.skipped.includes(times[k]) ? "，被掩码跳过" : "";
        group.setAttribute("aria-label", `第 ${k + 1} 步，读 x ${times[k]}${skipped} ${words(group)}`);
      });
    });
    const [y, half, bottom, left, right] = (this.beam.dataset.zoom ?? "").split(" ").map(Number);
    const x = this.xs[chain][step];
    this.beam.setAttribute("d", `M${x - half} ${y}L${x + half} ${y}L${right} ${bottom}L${left} ${bottom}Z`);
  }

  #bars() {
    const { step } = this;
    const { values, heights } = this.backward ? this.#shown.backward : this.#shown.forward;
    const xs = this.xs[this.#shown.chain];
    for (const strip of /** @type {NodeListOf<SVGGElement>} */ (this.svg.querySelectorAll("[data-sizes]"))) {
      const name = strip.dataset.sizes ?? "";
      const here = name in values;
      strip.setAttribute("opacity", here ? "1" : "0");
      if (!here) continue;
      const head = strip.querySelector("[data-name]");
      if (head) head.textContent = this.backward ? `|∂L/∂${name}|` : `|${name}_t|`;
      for (const bar of /** @type {NodeListOf<SVGElement>} */ (strip.querySelectorAll("[data-order]"))) {
        const k = Number(bar.dataset.order);
        const height = TALLEST * heights[name][k];
        const base = TALLEST + 13;
        if (bar.localName === "text") {
          bar.setAttribute("x", `${xs[k]}`);
          bar.setAttribute("y", `${base - height - 4}`);
          bar.textContent = brief(values[name][k]);
          continue;
        }
        bar.setAttribute("x", `${xs[k] - Number(bar.getAttribute("width")) / 2}`);
        bar.setAttribute("y", `${base - height}`);
        bar.setAttribute("height", `${height}`);
        if (k === step) bar.dataset.state = "chosen";
        else delete bar.dataset.state;
      }
    }
  }

  #say() {
    this.tell(this.#line ? this.#spoken(this.#line, true) : "");
    this.account.textContent = this.backward ? this.#gradients() : this.#summary();
  }

  /** A line with its numbers. @param {string} line @param {boolean} [whole]  with its formula */
  #spoken(line, whole = false) {
    const { captions, values, formulas } = this.#shown;
    const numbers = values[line][this.step];
    const t = this.passage.times[this.#shown.chain][this.step];
    const missing = this.passage.skipped.includes(t) ? "这一步被跳过" : "太大，溢出了";
    const said = `${captions[line]}：${numbers ? numbers.map(number).join(", ") : missing}`;
    return whole && formulas[line] ? `${said}。${line.replace("′", "")} = ${formulas[line]}` : said;
  }

  #summary() {
    const { step, passage } = this;
    const t = passage.times[this.#shown.chain][step];
    const which = `第 ${step + 1} 步读 x_${t}`;
    if (passage.skipped.includes(t)) return `${which}：被掩码跳过，状态原样传下去，输出照抄上一步。`;
    const states = ["x", "c′", "h′"].filter((line) => line in this.#shown.values);
    // Of pixels there are many, and the picture shows them.
    const short = states.filter((line) => (this.#shown.values[line][step]?.length ?? 0) <= UNITS);
    return short.length ? `${which}。${short.map((line) => this.#spoken(line)).join("；")}。` : `${which}。`;
  }

  #gradients() {
    const { step, passage } = this;
    const { values, log } = this.#shown.backward;
    const t = passage.times[this.#shown.chain][step];
    const here = Object.entries(values).map(([name, sizes]) => `|∂L/∂${name}_${t}| = ${brief(sizes[step])}`);
    const sizes = values.h;
    const last = sizes[sizes.length - 1];
    const back = sizes.length - 1;
    const ratio = last ? sizes[0] / last : 0;
    let fate = "";
    if (back > 0 && ratio > 0) {
      const each = ratio ** (1 / back);
      const verdict = ratio < 1e-2 ? "，越往前越小：梯度消失" : ratio > 1e2 ? "，越往前越大：梯度爆炸" : "";
      fate = `|∂L/∂h| 退 ${back} 步，从 ${brief(last)} 变成 ${brief(sizes[0])}，平均每步乘 ${each.toFixed(2)}${verdict}。`;
    } else if (back > 0 && last) fate = `退 ${back} 步，|∂L/∂h| 变成 0。`;
    const scale = log ? `条长按对数画，从 1e${log[0]} 到 1e${log[1]}。` : "";
    return `L 是最后一步的输出之和。第 ${step + 1} 步：${here.join("，")}。${fate}${this.#kept()}${scale}`;
  }

  /** What the gate on the state's own line lets through, which is the gradient's way back. */
  #kept() {
    const { values } = this.#shown;
    const [name, gate, state] = values.f ? ["遗忘门", values.f, "c"] : ["更新门", values.z, "h"];
    const numbers = (gate ?? []).flatMap((step) => step ?? []);
    if (!numbers.length) return "";
    const mean = numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
    return `${name}平均 ${mean.toFixed(2)}，梯度沿 ${state} 的线每退一步就乘一次它：门开到 1，梯度就留得住。`;
  }
}

/** What is written on a step, which its name has to hold. @param {Element} group */
function words(group) {
  return [...group.querySelectorAll("text")].map((text) => text.textContent).join("");
}

/** @param {Element} within */
function gauges(within) {
  return /** @type {(SVGGElement)[]} */ ([...within.querySelectorAll(".gauge")]);
}

/** @param {string} label @param {string[]} names @param {(value: number) => void} chosen */
function choice(label, names, chosen) {
  const select = /** @type {HTMLSelectElement} */ (element("select", { ariaLabel: label }));
  select.append(...names.map((textContent, value) => element("option", { value: `${value}`, textContent })));
  select.addEventListener("change", () => chosen(Number(select.value)));
  return select;
}

/** Moves a gauge's bars or pixels, as labkit.diagrams.gauges draws them. @param {SVGGElement} gauge @param {number[] | null} values */
function fill(gauge, values) {
  const [low, high, from, room, left, top, side, columns] = ["low", "high", "from", "room", "left", "top", "side", "columns"].map((name) => Number(gauge.dataset[name]));
  const at = (/** @type {number} */ value) => from + (room * (Math.min(Math.max(value, low), high) - low)) / (high - low);
  for (const bar of /** @type {NodeListOf<SVGElement>} */ (gauge.querySelectorAll("[data-unit]"))) {
    const unit = Number(bar.dataset.unit);
    const value = values?.[unit] ?? 0;
    if (gauge.dataset.columns) {
      const half = ((side - 1.5) / 2) * Math.sqrt(Math.min(Math.abs(value) / high, 1));
      bar.setAttribute("x", `${left + side * ((unit % columns) + 0.5) - half}`);
      bar.setAttribute("y", `${top + side * (Math.floor(unit / columns) + 0.5) - half}`);
      bar.setAttribute("width", `${2 * half}`);
      bar.setAttribute("height", `${2 * half}`);
      bar.classList.toggle("negative", value < 0);
    } else {
      bar.setAttribute("x", `${Math.min(at(0), at(value))}`);
      bar.setAttribute("width", `${Math.abs(at(value) - at(0))}`);
    }
  }
  for (const text of /** @type {NodeListOf<SVGElement>} */ (gauge.querySelectorAll("[data-number]"))) {
    text.textContent = values ? number(values[Number(text.dataset.number)]) : "–";
  }
}

/** As labkit.diagrams.gauges.number. @param {number} value */
export function number(value) {
  if (Math.abs(value) < 10) return value.toFixed(2).replace("-0.00", "0.00");
  return Math.abs(value) < 1e4 ? value.toFixed(0) : value.toExponential(0).replace("e+", "e");
}

/** As labkit.diagrams.timeline.brief. @param {number} value */
export function brief(value) {
  if (value === 0 || (value >= 0.01 && value < 100)) return value.toFixed(2);
  return value.toExponential(1).replace("e+", "e");
}
