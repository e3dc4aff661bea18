/** A picture of data that answers: point at an output pixel and see its number and its window. */

/**
 * @typedef {object} Shown  from labkit.diagrams.data
 * @property {"image" | "series" | "words" | "plane"} kind
 * @property {number[]} x  the shape of the input
 * @property {{shape: number[], numbers: string} | null} y  float32 in base64; null where it is random
 * @property {number[][][] | null} reach  for each axis of space the first and last places of x, and
 *   with dilation how far they lie apart
 * @property {number[]=} at  of a series: where on the axis of x each output stands
 * @property {boolean=} channelsFirst  whether channels come first
 */

const SVG = "http://www.w3.org/2000/svg";
const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** @param {number} value */
const short = (value) => `${Number(value.toPrecision(4))}`.replace("-", "−");

/** @param {string} text */
function floats(text) {
  return new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

export class Pointing {
  #alive = new AbortController();
  /** @type {SVGGElement[]} */
  #maps;
  #frames = ["x", "y"].map((name) => this.#frame(name));
  /** What was chosen: the number of a map, a row and a column in it. @type {[number, number, number] | null} */
  #pinned = null;

  /**
   * @param {SVGElement} svg
   * @param {Shown} shown
   * @param {(sentence: string, cell: string) => void} tell  `cell`: as the link has it
   * @param {() => void} moved  the reader has chosen another pixel
   */
  constructor(svg, shown, tell, moved) {
    this.svg = svg;
    this.shown = shown;
    this.tell = tell;
    this.moved = moved;
    this.numbers = floats(shown.y?.numbers ?? "");
    this.#maps = [.../** @type {NodeListOf<SVGGElement>} */ (svg.querySelectorAll(".map[data-map=y]"))];
    const { signal } = this.#alive;
    this.#maps.forEach((map, m) => {
      map.setAttribute("tabindex", "0");
      map.setAttribute("role", "application");
      map.setAttribute("aria-label", this.#named(m));
      map.addEventListener("pointermove", (event) => this.#show(m, ...this.#at(map, event)), { signal });
      map.addEventListener("pointerleave", () => this.#back(), { signal });
      map.addEventListener("click", (event) => this.#pin(m, ...this.#at(map, event)), { signal });
      map.addEventListener("keydown", (event) => this.#key(m, event), { signal });
    });
  }

  stop() {
    this.#alive.abort();
  }

  /** What a link has chosen: `y7` is the eighth number of the output. @param {string} cell */
  choose(cell) {
    const [, columns = 1, channels = 1] = this.#space();
    const number = Number(cell.slice(1));
    if (!/^y\d+$/.test(cell) || number >= this.numbers.length) return;
    const pixel = Math.floor(number / channels);
    const single = this.#maps.findIndex((map) => map.dataset.channel === `${number % channels}` || map.dataset.channel === ":");
    const m = this.shown.kind === "words" ? Math.floor(pixel / columns) : single;
    if (!this.#maps[m]) return;
    this.#pinned = [m, this.shown.kind === "words" ? 0 : Math.floor(pixel / columns), pixel % columns];
    this.#show(...this.#pinned);
  }

  /** Rows, columns and channels of the output as it is drawn. */
  #space() {
    const shape = this.shown.y?.shape ?? [];
    if (this.shown.kind === "series") return [1, shape[0], shape[1] ?? 1];
    if (this.shown.kind === "words") return [shape[0], shape[1], 1];
    return shape;
  }

  /** @param {number} m */
  #named(m) {
    const { rows, columns, channel } = this.#maps[m].dataset;
    const name = this.shown.kind === "words" ? `第 ${m} 个词的向量` : channel === ":" ? "输出" : `输出的通道 ${channel}`;
    return `${name}，${rows} 行 ${columns} 列，方向键选一个数`;
  }

  /** @param {SVGGElement} map @param {MouseEvent} event @returns {[number, number]} */
  #at(map, event) {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM()?.inverse());
    const [rows, columns, left, width, height] = ["rows", "columns", "left", "width", "height"].map((name) => Number(map.dataset[name] ?? 0));
    const row = Math.floor((y / height) * rows);
    const { at } = this.shown;
    if (!at) return [limited(row, rows), limited(Math.floor(((x - left) / width) * columns), columns)];
    const place = ((x - left) / width) * Number(map.dataset.length) - 0.5;
    const gaps = at.map((one) => Math.abs(one - place));
    return [0, gaps.indexOf(Math.min(...gaps))];
  }

  /** @param {number} m @param {KeyboardEvent} event */
  #key(m, event) {
    const move = /** @type {Record<string, number[]>} */ (MOVES)[event.key];
    if (!move) return;
    event.preventDefault();
    const [rows, columns] = [Number(this.#maps[m].dataset.rows), Number(this.#maps[m].dataset.columns)];
    const here = this.#pinned?.[0] === m ? this.#pinned : [m, Math.floor(rows / 2), Math.floor(columns / 2) - move[1]];
    this.#pin(m, limited(here[1] + move[0], rows), limited(here[2] + move[1], columns));
  }

  /** @param {number} m @param {number} row @param {number} column */
  #pin(m, row, column) {
    this.#pinned = [m, row, column];
    this.#show(m, row, column);
    this.moved();
  }

  #back() {
    if (this.#pinned) return this.#show(...this.#pinned);
    for (const frame of this.#frames) frame.remove();
    this.tell("", "");
  }

  /** @param {number} m @param {number} row @param {number} column */
  #show(m, row, column) {
    const map = this.#maps[m];
    const { kind } = this.shown;
    const [, columns = 1, channels = 1] = this.#space();
    const line = kind === "words" ? m : row;
    const all = map.dataset.channel === ":" && kind !== "words";
    const channel = all || kind === "words" ? 0 : Number(map.dataset.channel);
    const start = (line * columns + column) * channels;
    const numbers = [...this.numbers.subarray(start + channel, all ? start + channels : start + channel + 1)];
    if (!numbers.length) return;
    const spans = this.shown.reach?.map(([first, last, [gap] = [1]], axis) => {
      const place = kind === "series" || axis ? column : line;
      return [first[place] ?? first[0], last[place] ?? last[0], gap];
    });
    this.#place(map, row, column, spans);
    const value = all && channels > 1 ? `[${numbers.map(short).join(", ")}]` : short(numbers[0]);
    this.tell(`${this.#indexed(line, column, all ? ":" : `${channel}`)} = ${value}${this.#window(spans)}`, `y${start + channel}`);
  }

  /** @param {number} row @param {number} column @param {string} channel */
  #indexed(row, column, channel) {
    const { kind, channelsFirst } = this.shown;
    if (kind === "series") return `y[${column}, ${channel}]`;
    if (kind === "words") return `y[${row}, ${column}]`;
    if (kind === "plane") {
      const [x0, x1] = [column, this.shown.x[0] - 1 - row].map((n) => short(4 * (n / (this.shown.x[0] - 1)) - 2));
      return `在 (${x0}, ${x1})，单元 ${channel} 的输出`;
    }
    return channelsFirst ? `y[${channel}, ${row}, ${column}]` : `y[${row}, ${column}, ${channel}]`;
  }

  /** @param {number[][] | undefined} spans */
  #window(spans) {
    if (!spans) return "";
    const outside = spans.some(([first, last], axis) => first < 0 || last >= this.shown.x[axis]);
    const inside = spans.map(([first, last, gap], axis) => [
      first < 0 ? first + Math.ceil(-first / gap) * gap : first,
      Math.min(last, this.shown.x[axis] - 1),
      gap,
    ]);
    if (inside.some(([first, last]) => first > last)) return "，窗口在输入以外，那里补 0";
    const text = inside.map(([first, last, gap]) => (first === last ? `${first}` : `${first}:${last + 1}${gap > 1 ? `:${gap}` : ""}`));
    const index = this.shown.channelsFirst ? [":", ...text] : [...text, ":"];
    return `，来自 x[${index.join(", ")}]${outside ? "，伸出去的部分补 0" : ""}`;
  }

  /** Frames around the pixel and its window. @param {SVGGElement} map @param {number} row @param {number} column @param {number[][] | undefined} spans */
  #place(map, row, column, spans) {
    const [inside, around] = this.#frames;
    const { at } = this.shown;
    around.remove();
    inside.remove();
    const size = (/** @type {SVGGElement} */ one) => ["left", "width", "height"].map((name) => Number(one.dataset[name] ?? 0));
    const box = (/** @type {SVGElement} */ frame, /** @type {number[]} */ [x, y, width, height]) => {
      Object.entries({ x, y, width, height }).forEach(([name, value]) => frame.setAttribute(name, value.toFixed(2)));
    };
    const [left, width, height] = size(map);
    if (at) {
      const step = width / Number(map.dataset.length);
      box(around, [left + at[column] * step, 0, step, height]);
    } else {
      const [w, h] = [width / Number(map.dataset.columns), height / Number(map.dataset.rows)];
      box(around, [column * w, row * h, w, h]);
    }
    map.append(around);
    const entry = this.svg.querySelector(".map[data-map=x]");
    if (!spans || !(entry instanceof SVGGElement)) return;
    const [from, across, down] = size(entry);
    const [w, h] = [across / this.shown.x[at ? 0 : 1], down / this.shown.x[0]];
    const [rows, columns] = at ? [null, spans[0]] : spans;
    box(inside, [
      from + columns[0] * w,
      rows ? rows[0] * h : 0,
      (columns[1] - columns[0] + 1) * w,
      rows ? (rows[1] - rows[0] + 1) * h : down,
    ]);
    entry.append(inside);
  }

  /** @param {string} name */
  #frame(name) {
    const frame = document.createElementNS(SVG, "rect");
    frame.setAttribute("class", `frame frame-${name}`);
    frame.setAttribute("fill", "none");
    frame.setAttribute("stroke", "var(--diagram-chosen, #b4532a)");
    frame.setAttribute("stroke-width", "2");
    frame.setAttribute("pointer-events", "none");
    return frame;
  }
}

/** @param {number} n @param {number} count */
function limited(n, count) {
  return Math.min(Math.max(n, 0), count - 1);
}
