/**
 * The volume view: blocks that windows move through, step by step. Python drew it and says where
 * everything stands at every step (labkit.diagrams.volumes); here it is only moved and marked.
 */
import { element } from "./element.js";
import { nameOf } from "./lab-cells.js";
import { Player } from "./lab-player.js";

/** @import {Named} from "./lab-cells.js" */
/**
 * @typedef {object} Move  a step
 * @property {Record<string, number[]>} at  where the boxes of its stage stand: frame, row, column, channel
 * @property {string} kernel
 * @property {number} tone  colour of boxes and kernel
 * @property {string[]} cells  that it writes
 * @property {Record<string, number>} plates  the channel of each block that it is about
 * @property {Record<string, string>} texts  under the blocks
 * @property {string} tell
 *
 * @typedef {object} Volumes  from labkit.diagrams.volumes.moving.walked
 * @property {Move[]} walk
 * @property {number} middle  the step that is drawn
 * @property {Record<string, Named>} tensors  blocks whose cells answer
 */

const TWEEN = 180; // milliseconds
const MOVES = /** @type {Record<string, [number, number]>} */ ({
  // axis of `data-at` (frame, row, column, channel), direction
  ArrowLeft: [2, -1],
  ArrowRight: [2, 1],
  ArrowUp: [1, -1],
  ArrowDown: [1, 1],
  PageUp: [3, -1],
  PageDown: [3, 1],
});

export class Volume {
  #alive = new AbortController();
  /** @type {Map<string, SVGGElement>} */
  #cells = new Map();
  /** The step after which nothing more is written to a cell. @type {Map<string, number>} */
  #last = new Map();
  #plays = false;

  /**
   * @param {SVGElement} svg
   * @param {Volumes} data
   * @param {() => void} moved
   */
  constructor(svg, data, moved) {
    this.svg = svg;
    this.data = data;
    this.moved = moved;
    this.account = element("p", { className: "lab-account", ariaLive: "polite" });
    const playing = (/** @type {boolean} */ plays) => {
      this.#plays = plays;
      this.account.ariaLive = plays ? "off" : "polite";
    };
    this.player = new Player(data.walk.length, (step) => this.#arrive(step), playing);
    this.element = element("div", { className: "lab-steps" }, this.player.element, this.account);
    this.#prepare();
    const { signal } = this.#alive;
    svg.addEventListener("pointerover", (event) => event.pointerType === "mouse" && !this.#plays && this.#look(event), { signal });
    svg.addEventListener("pointerleave", () => this.#plays || this.#show(this.player.step), { signal });
    svg.addEventListener("click", (event) => this.#choose(event), { signal });
    // On the picture's frame: Chromium makes an SVG that listens for focus a stop of the Tab key.
    svg.parentElement?.addEventListener("focusin", (event) => (this.#enter(event), this.#choose(event)), { signal });
    svg.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  get step() {
    return this.player.step;
  }

  stop() {
    this.pause();
    this.#alive.abort();
  }

  pause() {
    this.player.pause();
  }

  /** @param {number} step */
  go(step) {
    this.player.go(step);
  }

  #prepare() {
    for (const cell of /** @type {NodeListOf<SVGGElement>} */ (this.svg.querySelectorAll(".voxel"))) {
      const key = cell.dataset.voxel ?? "";
      const [block, number] = key.split("-");
      this.#cells.set(key, cell);
      this.#last.set(key, -1);
      cell.setAttribute("role", "button");
      cell.setAttribute("aria-label", nameOf([this.data.tensors[block]], Number(number)));
      cell.setAttribute("tabindex", "-1");
    }
    this.data.walk.forEach(({ cells }, step) => cells.forEach((key) => this.#last.set(key, step)));
    // One stop of the Tab key a block; the arrows lead on.
    for (const block of Object.keys(this.data.tensors)) {
      const first = [...this.#cells].find(([key, cell]) => key.startsWith(`${block}-`) && (this.#last.get(key) ?? -1) >= 0 && cell.dataset.at);
      first?.[1].setAttribute("tabindex", "0");
    }
  }

  /** @param {Event} event @returns {number} the step that finishes the cell; -1: none */
  #stepOf(event) {
    const cell = /** @type {Element} */ (event.target).closest(".voxel");
    return cell instanceof SVGGElement ? (this.#last.get(cell.dataset.voxel ?? "") ?? -1) : -1;
  }

  /** @param {Event} event */
  #look(event) {
    const step = this.#stepOf(event);
    if (step >= 0) this.#show(step);
  }

  /** @param {Event} event */
  #choose(event) {
    const step = this.#stepOf(event);
    if (step < 0) return;
    this.pause();
    this.go(step);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const from = /** @type {Element} */ (event.target).closest(".voxel");
    const move = MOVES[event.key];
    if (!move || !(from instanceof SVGGElement)) return;
    event.preventDefault();
    const next = this.#neighbour(from, move);
    next?.focus();
  }

  /** The Tab key comes back to it. @param {Event} event */
  #enter({ target }) {
    if (!(target instanceof SVGGElement) || !target.matches(".voxel")) return;
    const block = blockOf(target);
    for (const cell of this.#all('.voxel[tabindex="0"]')) if (blockOf(cell) === block) cell.setAttribute("tabindex", "-1");
    target.setAttribute("tabindex", "0");
  }

  /** The next cell along an axis; past a row's end, in the next frame. @param {SVGGElement} from @param {[number, number]} move */
  #neighbour(from, [axis, direction]) {
    const block = blockOf(from);
    const here = place(from);
    const row = [...this.#cells.values()]
      .filter((cell) => {
        const there = place(cell);
        return blockOf(cell) === block && there.every((n, i) => i === axis || (axis === 2 && i === 0) || n === here[i]);
      })
      .sort((a, b) => place(a)[0] - place(b)[0] || place(a)[axis] - place(b)[axis]);
    return row[row.indexOf(from) + direction];
  }

  /** @param {number} step */
  #arrive(step) {
    this.#show(step);
    this.moved();
  }

  /** @param {number} step */
  #show(step) {
    const { at, kernel, tone, plates, texts, tell, cells } = this.data.walk[step];
    for (const mover of this.#all(".mover")) this.#move(mover, at[mover.dataset.mover ?? ""], tone);
    for (const one of this.#all(".kernel")) {
      const now = one.dataset.kernel === kernel;
      mark(one, now ? "now" : "");
      if (now) one.dataset.tone = `${tone}`;
    }
    for (const plate of this.#all(".plate")) {
      const [block, channel] = (plate.dataset.plate ?? "").split("-");
      const active = plates[block] ?? -1;
      mark(plate, Number(channel) === active ? "now" : Number(channel) < active && !plate.dataset.piece ? "ahead" : "");
    }
    for (const label of this.#all(".live")) {
      const text = texts[label.dataset.text ?? ""] ?? "";
      label.setAttribute("visibility", text ? "visible" : "hidden");
      const line = label.querySelector("text");
      if (line) line.textContent = text;
    }
    this.#mark(step, cells);
    this.account.textContent = tell;
  }

  /** @param {number} step @param {string[]} now */
  #mark(step, now) {
    const begun = new Set(this.data.walk.slice(0, step + 1).flatMap((move) => move.cells));
    for (const [key, cell] of this.#cells) {
      const done = (this.#last.get(key) ?? -1) <= step;
      mark(cell, now.includes(key) ? "now" : done ? "done" : begun.has(key) ? "part" : "");
    }
  }

  /** @param {SVGGElement} mover @param {number[] | undefined} place @param {number} tone */
  #move(mover, place, tone) {
    mover.dataset.tone = `${tone}`;
    mover.setAttribute("visibility", place ? "visible" : "hidden");
    if (!place) return;
    const to = pixels(place, (mover.dataset.steps ?? "").split(" ").map(Number));
    const before = mover.getAttribute("transform")?.match(/-?[\d.]+/g);
    mover.setAttribute("transform", `translate(${to[0]} ${to[1]})`);
    if (!before || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const [from, end] = [before, to].map(([x, y]) => ({ transform: `translate(${x}px, ${y}px)` }));
    mover.animate([from, end], { duration: TWEEN, easing: "ease-in-out" });
  }

  /** @param {string} selector @returns {NodeListOf<SVGGElement>} */
  #all(selector) {
    return this.svg.querySelectorAll(selector);
  }
}

/** @param {SVGGElement} part @param {string} state */
function mark(part, state) {
  if (state) part.dataset.state = state;
  else delete part.dataset.state;
}

/** Where a box stands, as labkit.diagrams.volumes.projection.at. @param {number[]} place @param {number[]} steps */
function pixels([frame, row, column, channel], [pitch, cell, across, up]) {
  return [frame * pitch + column * cell + channel * across, row * cell - channel * up].map((n) => Math.round(n * 100) / 100);
}

/** @param {SVGGElement} cell */
function blockOf(cell) {
  return cell.dataset.voxel?.split("-")[0];
}

/** @param {SVGGElement} cell */
function place(cell) {
  return (cell.dataset.at ?? "").split(",").map(Number);
}
