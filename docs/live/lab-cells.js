/**
 * A picture of cells that answers: point at an output and see what it is computed from; at an input
 * and see where its gradient comes from; at a weight and see who uses it. By mouse, touch and keys.
 */

import { Joins, keyOf } from "./lab-joins.js";

/**
 * @typedef {[string, number[]]} Named  name and shape
 * @typedef {object} Links  the dependencies, from labkit.diagrams.views.linked
 * @property {Named[]} inputs
 * @property {Named[]} outputs
 * @property {Named[]} weights
 * @property {number[][]} links  input cells of each output cell
 * @property {number[][]} weak  those of them that get no gradient
 * @property {number[][]} uses  weight cells of each output cell
 * @property {number[][] | null} products  the weight that meets each of the links
 * @property {string[]} letters  of the outputs: those that share weights share a letter
 * @property {number} first  the output that is chosen at the beginning
 * @property {Windows | null} windows
 *
 * @typedef {object} Windows  what a window meets outside, from labkit.diagrams.padding
 * @property {"slide" | "stamp" | "repeat" | "border"} motion
 * @property {boolean} zeros  whether cells outside count as 0
 * @property {number[][]} cells  those outside that each output (in a stamp each input) covers
 * @property {number[][]} weights  what meets them; −1 is not known
 */

const MANY = 8; // names in a sentence

/** `x[0, 2, 1]` @param {Named[]} named @param {number} number */
export function nameOf(named, number) {
  for (const [name, shape] of named) {
    const count = shape.reduce((a, b) => a * b, 1);
    if (number < count) {
      const index = [];
      for (const n of shape.toReversed()) {
        index.unshift(number % n);
        number = Math.floor(number / n);
      }
      return `${name}[${index.join(", ")}]`;
    }
    number -= count;
  }
  return "";
}

export class Cells {
  #alive = new AbortController();
  /** @type {Map<string, SVGGElement>} */
  cells = new Map();
  /** @type {Map<string, SVGGElement>} */
  #outside = new Map();
  pinned = "";
  /** The inputs that an output takes of all it looks at. @type {(key: string) => Set<string>} */
  winners = () => new Set();

  /**
   * @param {SVGElement} svg
   * @param {Links} links
   * @param {(sentence: string, cell: string) => void} tell  about the cell that is looked at
   * @param {boolean} marks  whether cells show letters and the numbers of products
   */
  constructor(svg, links, tell, marks = true) {
    this.svg = svg;
    this.links = links;
    this.tell = tell;
    this.marks = marks;
    for (const cell of /** @type {NodeListOf<SVGGElement>} */ (svg.querySelectorAll(".cell"))) {
      const key = keyOf(cell);
      this.cells.set(key, cell);
      cell.setAttribute("role", "button");
      cell.setAttribute("aria-label", spoken(this.label(key), cell.textContent));
      cell.setAttribute("tabindex", "-1");
    }
    for (const cell of /** @type {NodeListOf<SVGGElement>} */ (svg.querySelectorAll(".zero"))) this.#outside.set(keyOf(cell), cell);
    this.joins = new Joins(svg, links.weights);
    for (const tensor of svg.querySelectorAll(".tensor")) {
      tensor.setAttribute("role", "group");
      tensor.querySelector(".cell")?.setAttribute("tabindex", "0");
    }
    const { signal } = this.#alive;
    svg.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.#point(event), { signal });
    svg.addEventListener("pointerleave", () => this.show(this.pinned), { signal });
    svg.addEventListener("click", (event) => this.#point(event, true), { signal });
    // On the picture's frame: Chromium makes an SVG that listens for focus a stop of the Tab key.
    svg.parentElement?.addEventListener("focusin", (event) => this.#point(event, true), { signal });
    svg.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  stop() {
    this.#alive.abort();
  }

  /** @param {string} key */
  label(key) {
    const { inputs, weights, outputs } = this.links;
    const named = { x: inputs, w: weights, y: outputs }[key[0]] ?? [];
    return nameOf(named, Number(key.slice(1)));
  }

  /** @param {Event} event @param {boolean} [pin] */
  #point(event, pin = false) {
    const cell = /** @type {Element} */ (event.target).closest(".cell");
    const key = cell instanceof SVGGElement ? (cell.dataset.cell ?? "") : "";
    if (!key) return;
    if (pin) this.pinned = key;
    this.show(key);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const from = /** @type {Element} */ (event.target).closest(".cell");
    if (!(from instanceof SVGGElement)) return;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = /** @type {Record<string, number[]>} */ (moves)[event.key];
    if (!move) return;
    event.preventDefault();
    const next = neighbour(from, /** @type {SVGGElement[]} */ ([...(from.closest(".tensor")?.querySelectorAll(".cell") ?? [])]), move);
    if (!next) return;
    from.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  }

  /** Light up what a cell is connected with; '' shows the first output again. @param {string} key */
  show(key) {
    key = this.cells.has(key) ? key : `y${this.links.first}`;
    const { states, texts, sentence } = about(this.links, key, this.label(key));
    this.light(states, this.marks ? texts : null, this.winners(key));
    this.tell(sentence, key);
  }

  /** @param {Map<string, string>} states @param {Map<string, string> | null} texts @param {Set<string>} winners */
  light(states, texts, winners) {
    for (const key of this.joins.draw(states)) states.set(key, "skipped");
    for (const [key, cell] of [...this.cells, ...this.#outside]) {
      const state = states.get(key);
      if (state) cell.dataset.state = state;
      else delete cell.dataset.state;
      cell.toggleAttribute("data-winner", winners.has(key));
      if (texts) this.write(key, texts.get(key) ?? "");
    }
  }

  /** Into all cells outside. @param {string} text */
  pad(text) {
    for (const cell of this.#outside.values()) {
      const place = cell.querySelector("text");
      if (place) place.textContent = text;
    }
  }

  /** @param {string} key @param {string} text */
  write(key, text) {
    const cell = this.cells.get(key);
    const place = cell?.querySelector("text");
    if (!place || place.textContent === text) return;
    place.textContent = text;
    cell?.setAttribute("aria-label", spoken(this.label(key), text));
    // As labkit.diagrams.cell_pictures.font: a long number gets smaller letters.
    const room = Number(cell?.querySelector("rect")?.getAttribute("width")) + 2;
    const most = Math.min(13, Math.max(11, 0.36 * room));
    place.setAttribute("font-size", `${Math.min(most, (room - 5) / (0.62 * Math.max(text.length, 1)))}`);
  }
}

/** A cell's name and what is written in it. @param {string} label @param {string | null} text */
function spoken(label, text) {
  return text ? `${label}：${text}` : label;
}

/** The nearest cell in a direction. @param {SVGGElement} from @param {SVGGElement[]} cells @param {number[]} move */
export function neighbour(from, cells, [right, down]) {
  /** @param {Element} cell */
  const middle = (cell) => {
    const { left, top, width, height } = cell.getBoundingClientRect();
    return [left + width / 2, top + height / 2];
  };
  const [x, y] = middle(from);
  let best = null;
  let least = Infinity;
  for (const cell of cells) {
    const [u, v] = middle(cell);
    const along = (u - x) * right + (v - y) * down;
    const aside = Math.abs((u - x) * down) + Math.abs((v - y) * right);
    if (along < 1 || along + 4 * aside >= least) continue;
    [best, least] = [cell, along + 4 * aside];
  }
  return best;
}

/**
 * How cells look, and what is said, when one is chosen.
 * @param {Links} links @param {string} key @param {string} label
 */
function about(links, key, label) {
  const number = Number(key.slice(1));
  /** @type {Map<string, string>} */
  const states = new Map([[key, "chosen"]]);
  /** @type {Map<string, string>} */
  const texts = new Map(links.letters.map((letter, o) => [`y${o}`, letter]));
  /** @param {Named[]} named @param {number[]} numbers */
  const listed = (named, numbers) => {
    const names = numbers.slice(0, MANY).map((n) => nameOf(named, n));
    return names.join("、") + (numbers.length > MANY ? ` 等 ${numbers.length} 格` : "");
  };
  if (key[0] === "y") {
    const inputs = links.links[number];
    for (const i of inputs) states.set(`x${i}`, links.weak[number].includes(i) ? "weak" : "used");
    for (const w of links.uses[number]) states.set(`w${w}`, "used");
    if (links.windows?.motion === "slide") outside(links.windows, number, states);
    links.products?.[number].forEach((w, k) => {
      texts.set(`x${inputs[k]}`, `${k + 1}`);
      texts.set(`w${w}`, `${k + 1}`);
    });
    const weights = links.uses[number].length;
    const from = inputs.length ? `由 ${inputs.length} 个输入格算出：${listed(links.inputs, inputs)}` : "与任何输入都无关";
    const used = links.weights.length ? `；用到 ${weights} 个权重` : "";
    return { states, texts, sentence: `${label} ${from}${used}。` };
  }
  const [lists, letter] = key[0] === "x" ? [links.links, "x"] : [links.uses, "w"];
  const outputs = lists.flatMap((cells, o) => (cells.includes(number) ? [o] : []));
  for (const o of outputs) states.set(`y${o}`, letter === "x" && links.weak[o].includes(number) ? "weak" : "used");
  const who = `${outputs.length} 个输出格`;
  const names = outputs.length ? `：${listed(links.outputs, outputs)}` : "";
  if (letter === "x" && links.windows?.motion === "stamp") {
    for (const o of outputs) {
      const w = links.products?.[o][links.links[o].indexOf(number)];
      if (w !== undefined) states.set(`w${w}`, "used");
    }
    outside(links.windows, number, states);
  }
  if (letter === "w") return { states, texts, sentence: `权重 ${label} 用在 ${who}${names}。它的梯度是这些格的贡献之和。` };
  const weak = outputs.length > 0 && outputs.every((o) => links.weak[o].includes(number));
  const back = weak ? "没有梯度传回来。" : "它的梯度由这些格传回来，加在一起。";
  return { states, texts, sentence: `${label} 影响 ${who}${names}。${outputs.length ? back : ""}` };
}

/** What lies outside of a window, and what meets it. @param {Windows} windows @param {number} number @param {Map<string, string>} states */
function outside({ cells, weights }, number, states) {
  cells[number].forEach((cell, k) => {
    states.set(`z${cell}`, "zero");
    const weight = `w${weights[number][k]}`;
    if (weights[number][k] >= 0 && !states.has(weight)) states.set(weight, "zero");
  });
}
