/**
 * The record of what a reader does, version 1: in the browser's storage one text for each page, in
 * an exported file one for all pages.
 *
 * @typedef {object} CellRecord  a live cell that the reader has changed
 * @property {number} place  among the live cells of its page; -1 where the page has it no more
 * @property {string} starter  the original text that the reader changed; by it a cell that has moved is found
 * @property {string} text
 * @property {string[]} asides  what stood here before and can be recalled, the latest last
 * @property {string} edited  when, as ISO 8601 in UTC, like all times here
 *
 * @typedef {{tries: number, solved?: string}} Exercise  runs of its check; when that first passed
 * @typedef {{answer: string, time: string}} Guess
 * @typedef {{cells: CellRecord[], exercises: Record<string, Exercise>, guesses: Record<string, Guess[]>}} PageRecord
 *   exercises and guesses by their names, which are unique on a page
 * @typedef {Map<string, PageRecord>} Pages  by address, relative to the site's root
 */

export const FORMAT = "labkit-record";
export const VERSION = 1;

/** @returns {PageRecord} */
export const emptyPage = () => ({ cells: [], exercises: {}, guesses: {} });

/** @param {PageRecord} page */
export const isEmpty = ({ cells, exercises, guesses }) => ![cells, Object.keys(exercises), Object.keys(guesses)].some((part) => part.length);

// ---- checking what was read ----

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {unknown} value @returns {value is string} */
const isText = (value) => typeof value === "string";

/** @param {unknown} value @returns {value is string} */
const isTime = (value) => isText(value) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) && !Number.isNaN(Date.parse(value));

/** @param {unknown} value @param {number} least @returns {value is number} */
const isWhole = (value, least) => Number.isSafeInteger(value) && Number(value) >= least;

/** @param {unknown} value @returns {CellRecord | null} */
function readCell(value) {
  if (!isObject(value)) return null;
  const { place, starter, text, asides, edited } = value;
  if (!isWhole(place, -1) || !isText(starter) || !isText(text) || !isTime(edited)) return null;
  if (!Array.isArray(asides) || !asides.every(isText)) return null;
  return { place, starter, text, asides, edited };
}

/** @param {unknown} value @returns {Exercise | null} */
function readExercise(value) {
  if (!isObject(value) || !isWhole(value.tries, 1)) return null;
  const { tries, solved } = value;
  if (solved === undefined) return { tries };
  return isTime(solved) ? { tries, solved } : null;
}

/** @param {unknown} value @returns {Guess[] | null} */
function readGuesses(value) {
  if (!Array.isArray(value)) return null;
  const read = value.map((guess) => (isObject(guess) && isText(guess.answer) && isTime(guess.time) ? { answer: guess.answer, time: guess.time } : null));
  return read.includes(null) ? null : /** @type {Guess[]} */ (read);
}

/**
 * What is sound in a page's record, wherever it comes from, and the names of the parts that are not.
 * @param {unknown} value @returns {{page: PageRecord, damaged: string[]}}
 */
export function readPage(value) {
  if (!isObject(value)) return { page: emptyPage(), damaged: ["整页"] };
  /** @type {string[]} */
  const damaged = [];
  /** @template T @param {string} name @param {T | null} part @returns {T[]} */
  const sound = (name, part) => (part === null ? (damaged.push(name), []) : [part]);
  /** @template T @param {string} name @param {unknown} parts @param {(part: unknown) => T | null} read @returns {Record<string, T>} */
  const named = (name, parts, read) => {
    if (!isObject(parts)) return (damaged.push(name), {});
    // A name may be `__proto__`: fromEntries makes it a key like any other, an assignment would not.
    return Object.fromEntries(Object.entries(parts).flatMap(([key, part]) => sound(`${name} ${key}`, read(part)).map((read) => [key, read])));
  };
  const cells = Array.isArray(value.cells) ? value.cells.flatMap((cell, k) => sound(`第 ${k + 1} 段代码`, readCell(cell))) : sound("代码", /** @type {CellRecord | null} */ (null));
  const exercises = named("练习", value.exercises, readExercise);
  return { page: { cells, exercises, guesses: named("猜测", value.guesses, readGuesses) }, damaged };
}

/**
 * A record's JSON, or why it is none: `newer` is one that this version does not understand.
 * @param {string} text @returns {{value: Record<string, unknown>} | {why: "damaged" | "foreign" | "newer"}}
 */
export function open(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return { why: "damaged" };
  }
  if (!isObject(value) || value.format !== FORMAT) return { why: "foreign" };
  if (!isWhole(value.version, 1)) return { why: "damaged" };
  return value.version > VERSION ? { why: "newer" } : { value };
}

/** The text of one page. @param {PageRecord} page */
export const pageText = (page) => JSON.stringify({ format: FORMAT, version: VERSION, ...page });

/** The text of an exported file. @param {Pages} pages @param {string} exported  when */
export const fileText = (pages, exported) => `${JSON.stringify({ format: FORMAT, version: VERSION, exported, pages: Object.fromEntries(pages) }, null, 1)}\n`;

/**
 * A file that the reader has chosen: all of it is sound, or it is refused with a reason.
 * @param {string} text @param {(address: string) => boolean} isAddress  of a page of this site
 * @returns {{pages: Pages} | {reason: string}}
 */
export function readFile(text, isAddress) {
  const opened = open(text);
  if ("why" in opened) {
    const reasons = {
      damaged: "文件损坏了，或者不是完整的 JSON。",
      foreign: "这不是从“我的记录”导出的文件。",
      newer: "这个文件来自更新版本的网站，这里还读不了。请重新载入页面，再试一次。",
    };
    return { reason: reasons[opened.why] };
  }
  if (!isObject(opened.value.pages)) return { reason: "文件里没有各页的记录。" };
  /** @type {Pages} */
  const pages = new Map();
  for (const [address, value] of Object.entries(opened.value.pages)) {
    if (!isAddress(address)) return { reason: `文件里有一个不像页面地址的名字：${address.slice(0, 60)}` };
    const { page, damaged } = readPage(value);
    if (damaged.length) return { reason: `文件里 ${address} 这一页的${damaged[0].slice(0, 60)}不合格式。` };
    pages.set(address, page);
  }
  return { pages };
}
