/** How much of what is waited for has come, in words: the part, bytes of all, and the time left. */
import { CORE, FILES, nameOf } from "./runtime-files.js";

const TICK = 500; // milliseconds between two words to the reader
const WINDOW = 5000; // milliseconds whose rate tells the time left
const SLOW = 20_000; // bytes a second: a tenth of a megabyte takes long

export class Arrivals {
  /** Bytes that have come of each part that is waited for. @type {Map<string, number>} */
  #come = new Map();
  /** @type {Set<string>} */
  #open = new Set();
  /** Of the last moments, the oldest first. @type {{time: number, bytes: number}[]} */
  #samples = [];
  #clock = 0;
  /** What follows the downloads. */
  #after = "";

  /** @param {(text: string, part: string | null) => void} tell  `part`: whose bytes are awaited */
  constructor(tell) {
    this.tell = tell;
  }

  /** What else is waited for than what has come already. @param {string[]} parts @param {string} after */
  expect(parts, after) {
    const come = [...this.#come].filter(([part, bytes]) => bytes || this.#open.has(part));
    this.#come = new Map([...parts.map((part) => /** @type {const} */ ([part, 0])), ...come]);
    this.#after = after;
    if (parts.length) this.#say();
  }

  /** The wait is over. */
  reset() {
    this.#come.clear();
    this.#samples = [];
  }

  /** Its download begins, perhaps again. @param {string} part */
  open(part) {
    this.#come.set(part, 0);
    this.#open.add(part);
    if (this.#open.size === 1) this.#say();
  }

  /** @param {string} part @param {number} bytes */
  came(part, bytes) {
    this.#come.set(part, (this.#come.get(part) ?? 0) + bytes);
    this.#clock ||= self.setTimeout(() => this.#say(), TICK);
  }

  /** All of it is there, or it will not come. @param {string} part */
  close(part) {
    this.#open.delete(part);
    this.#say();
  }

  #say() {
    clearTimeout(this.#clock);
    this.#clock = 0;
    const [part = null] = [...this.#open].sort((a, b) => FILES[b].size - FILES[a].size);
    if (!part && this.#bytes) return this.tell(this.#after, null);
    const total = [...this.#come.keys()].reduce((sum, name) => sum + FILES[name].size, 0);
    const rate = this.#rate();
    const [unit, size, digits] = rate && rate < SLOW ? ["kB", 1e3, 0] : ["MB", 1e6, 1];
    const [come, all] = [this.#bytes, total].map((bytes) => (bytes / size).toFixed(digits));
    const what = !part || CORE.includes(part) ? "Python" : nameOf(part);
    this.tell(`载入 ${what}：${come} / ${all} ${unit}${rate ? timeLeft((total - this.#bytes) / rate) : ""}`, part && nameOf(part));
  }

  get #bytes() {
    return [...this.#come.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Bytes a second, once there is enough to tell it from. */
  #rate() {
    const now = { time: performance.now(), bytes: this.#bytes };
    this.#samples = [...this.#samples.filter(({ time }) => now.time - time < WINDOW), now];
    const [first] = this.#samples;
    return now.time - first.time < 3 * TICK ? 0 : ((now.bytes - first.bytes) / (now.time - first.time)) * 1000;
  }
}

/** Roughly: a number that changes with every look is no help. @param {number} seconds */
export function timeLeft(seconds) {
  if (seconds < 4) return "";
  const [step, unit, name] = seconds < 20 ? [5, 1, "秒"] : seconds < 90 ? [10, 1, "秒"] : seconds < 5400 ? [1, 60, "分钟"] : [1, 3600, "小时"];
  return `，大约还要 ${Math.max(1, Math.round(seconds / unit / step)) * step} ${name}`;
}
