/** Frames around what a chosen cell is joined with, and the beams between them: labkit.diagrams.joins for other cells. */

/** @import {Named} from "./lab-cells.js" */
/**
 * @typedef {[x: number, y: number, width: number, height: number]} Box
 * @typedef {{plane: Element, letter: string, tensor: number, places: Map<string, Box>}} Face
 * @typedef {{letter: string, tensor: number, box: Box, full: boolean, alone: boolean}} Frame
 */

const LIT = new Set(["chosen", "used", "weak", "zero"]);
const MANY = 9; // frames that are joined one by one

export class Joins {
  /** @type {Face[]} */
  #faces = [];

  /** @param {SVGElement} svg @param {Named[]} weights */
  constructor(svg, weights) {
    this.svg = svg;
    this.weights = weights;
    /** @type {Record<string, number>} */
    const counts = {};
    for (const tensor of svg.querySelectorAll(".tensor")) {
      const letter = keyOf(tensor.querySelector(".cell"))[0];
      counts[letter] = (counts[letter] ?? -1) + 1;
      for (const plane of tensor.querySelectorAll(".plane")) {
        const places = new Map([...plane.querySelectorAll(".cell, .zero")].map((cell) => [keyOf(cell), boxOf(cell)]));
        this.#faces.push({ plane, letter, tensor: counts[letter], places });
      }
    }
  }

  /** Returns the input cells within a frame that are not looked at. @param {Map<string, string>} states */
  draw(states) {
    /** @type {Frame[]} */
    const found = [];
    const skipped = new Set();
    for (const { plane, letter, tensor, places } of this.#faces) {
      const keys = [...places.keys()];
      plane.toggleAttribute("data-lit", keys.some((key) => states.has(key)));
      const lit = keys.filter((key) => LIT.has(states.get(key) ?? ""));
      if (!lit.length) continue;
      const box = hull(lit.map((key) => /** @type {Box} */ (places.get(key))));
      const within = keys.filter((key) => inside(/** @type {Box} */ (places.get(key)), box));
      if (letter === "x") for (const key of within) if (!lit.includes(key)) skipped.add(key);
      const alone = lit.every((key) => states.get(key) === "chosen");
      found.push({ letter, tensor, box, full: within.length === lit.length, alone });
    }
    const framed = found.filter(({ alone }) => !alone);
    this.#write("frames", framed.filter(({ full }) => full).map(({ box }) => outline(box)));
    this.#write("loose", framed.filter(({ full }) => !full).map(({ box }) => outline(box)));
    this.#write("beams", beams(found, this.weights));
    return skipped;
  }

  /** @param {string} name @param {string[]} paths */
  #write(name, paths) {
    this.svg.querySelector(`.${name}`)?.setAttribute("d", paths.join(""));
  }
}

/** @param {Element | null} cell */
export function keyOf(cell) {
  const { cell: within, outside } = /** @type {SVGElement | null} */ (cell)?.dataset ?? {};
  return within ?? outside ?? "";
}

/** A cell with the room around it. @param {Element} cell @returns {Box} */
function boxOf(cell) {
  const rect = cell.querySelector("rect");
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(rect?.getAttribute(name)));
  return [x - 1, y - 1, width + 2, height + 2];
}

/** Inputs are joined with the first kernel, every weight with the output; a bias by a line. @param {Frame[]} found @param {Named[]} weights */
function beams(found, weights) {
  /** @param {string} letter @param {number} [tensor] */
  const boxes = (letter, tensor) => found.filter((f) => f.letter === letter && (tensor === undefined || f.tensor === tensor)).map(({ box }) => box);
  const [source, goal] = [boxes("x"), boxes("y")];
  const used = [...new Set(found.filter(({ letter }) => letter === "w").map(({ tensor }) => tensor))];
  if (!used.length) return joined(source, goal);
  const kernels = weights.flatMap(([, shape], t) => (shape.length > 1 ? [t] : []));
  const [first] = kernels;
  // The two kernels of a separable convolution follow each other.
  const second = kernels.slice(1, 2).find((t) => weights[t][0].startsWith("pointwise")) ?? -1;
  const result = joined(source, used.includes(first) ? boxes("w", first) : boxes("w"));
  for (const tensor of used) {
    const chained = tensor === first && used.includes(second);
    if (kernels.length && !kernels.includes(tensor)) result.push(...boxes("w", tensor).flatMap((a) => goal.map((b) => line(a, b))));
    else result.push(...joined(boxes("w", tensor), chained ? boxes("w", second) : goal));
  }
  return result;
}

/** @param {Box[]} left @param {Box[]} right */
function joined(left, right) {
  if (!left.length || !right.length) return [];
  const uneven = Math.min(left.length, right.length) > 1 && left.length !== right.length;
  if (uneven || left.length + right.length > MANY) return [beam(hull(left), hull(right))];
  if (left.length === right.length) return left.map((box, i) => beam(box, right[i]));
  return left.flatMap((a) => right.map((b) => beam(a, b)));
}

/** @param {Box[]} boxes @returns {Box} */
function hull(boxes) {
  const x = Math.min(...boxes.map((b) => b[0]));
  const y = Math.min(...boxes.map((b) => b[1]));
  return [x, y, Math.max(...boxes.map((b) => b[0] + b[2])) - x, Math.max(...boxes.map((b) => b[1] + b[3])) - y];
}

/** @param {Box} place @param {Box} box */
function inside([x, y, width, height], box) {
  return box[0] <= x && x + width <= box[0] + box[2] && box[1] <= y && y + height <= box[1] + box[3];
}

/** @param {Box} box */
function outline([x, y, width, height]) {
  return `M${x} ${y}h${width}v${height}h${-width}z`;
}

/** A beam of no width, from middle to middle. @param {Box} a @param {Box} b */
function line(a, b) {
  const above = a[0] < b[0] + b[2] && b[0] < a[0] + a[2];
  /** @param {Box} box @returns {Box} */
  const middle = ([x, y, width, height]) => (above ? [x + width / 2, y, 0, height] : [x, y + height / 2, width, 0]);
  return beam(middle(a), middle(b));
}

/** From the corners of one frame to those of the next: beside it, below it, or else behind. @param {Box} a @param {Box} b @returns {string} */
function beam(a, b) {
  const [right, bottom] = [a[0] + a[2], a[1] + a[3]];
  const [further, lower] = [b[0] + b[2], b[1] + b[3]];
  /** @type {number[][]} */
  let points;
  if (b[0] >= right) points = [[right, a[1]], [b[0], b[1]], [b[0], lower], [right, bottom]];
  else if (b[1] >= bottom) points = [[a[0], bottom], [b[0], b[1]], [further, b[1]], [right, bottom]];
  else return a[0] >= further || a[1] >= lower ? beam(b, a) : "";
  return `M${points.map(([x, y]) => `${x} ${y}`).join("L")}z`;
}
