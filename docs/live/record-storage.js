/**
 * Where records lie in the browser's storage: one item for each page of this site, another for each
 * text that could not be read. Everything here may throw; `why` says what the browser means by it.
 */
import { emptyPage, isEmpty, open, pageText, readPage } from "./record-format.js";
import { joinPages } from "./record-merge.js";

/** @import {CellRecord, PageRecord, Pages} from "./record-format.js" */
/** @typedef {"full" | "blocked" | "newer"} Refusal  why nothing is stored */

// The scripts lie in live/ below the site's root. Another site of this origin has another root.
const ROOT = new URL("..", import.meta.url);
const PAGE = `labkit-record:${ROOT.pathname}:`;
const DAMAGED = `labkit-damaged:${ROOT.pathname}:`;
const FIRST = "live-code:"; // before there was a record: an item for each cell, by the page's path

/** It holds what this version does not understand and must not touch. */
export class Newer extends Error {}

/** @param {unknown} error @returns {Refusal} */
export function why(error) {
  if (error instanceof Newer) return "newer";
  return error instanceof DOMException && /quota/i.test(error.name) ? "full" : "blocked";
}

/** A page's address relative to the site's root, by which its record goes. @param {string} path */
export const addressOf = (path) => path.replace(ROOT.pathname, "").replace(/(^|\/)index\.html$/, "$1");

/** @param {string} address */
export const linkTo = (address) => new URL(address, ROOT).href;

/** Nothing that leads out of the site. @param {string} address */
export function isAddress(address) {
  return URL.canParse(address, ROOT.href) && linkTo(address) === ROOT.href + address;
}

/** @param {string} prefix @returns {[string, string][]} what follows the prefix in the key, and the text */
function items(prefix) {
  return Array.from({ length: localStorage.length }, (_, k) => localStorage.key(k) ?? "")
    .filter((key) => key.startsWith(prefix))
    .map((key) => [key.slice(prefix.length), localStorage.getItem(key) ?? ""]);
}

/** @param {string} address @returns {string | null} */
export const rawPage = (address) => localStorage.getItem(PAGE + address);

/** @param {string} address @param {PageRecord} page @returns {string | null} what lies there now */
export function storePage(address, page) {
  const text = isEmpty(page) ? null : pageText(page);
  if (text === null) localStorage.removeItem(PAGE + address);
  else if (text !== rawPage(address)) localStorage.setItem(PAGE + address, text);
  return text;
}

/** Whether a `storage` event is about this page. @param {string | null} key  null: about all @param {string} address */
export const concerns = (key, address) => key === null || key === PAGE + address;

/** Whether it is about any record. @param {string | null} key */
export const concernsAny = (key) => key === null || [PAGE, DAMAGED].some((prefix) => key.startsWith(prefix));

/**
 * What a page's item says. Where a part is damaged, the whole text is put aside under another key.
 * @param {string} address @param {string | null} raw @param {() => void} damaged @returns {PageRecord}
 */
export function parsePage(address, raw, damaged) {
  if (raw === null) return emptyPage();
  const opened = open(raw);
  if ("why" in opened && opened.why === "newer") throw new Newer();
  const read = "why" in opened ? { page: emptyPage(), damaged: ["整页"] } : readPage(opened.value);
  if (read.damaged.length) {
    putAside(PAGE + address, address, raw);
    damaged();
  }
  return read.page;
}

/** @param {string} key @param {string} address  of the page it belongs to @param {string} raw */
function putAside(key, address, raw) {
  let time = Date.now();
  while (localStorage.getItem(`${DAMAGED}${time}:${address}`) !== null) time++;
  // Storage that is nearly full has no room for both.
  localStorage.removeItem(key);
  try {
    localStorage.setItem(`${DAMAGED}${time}:${address}`, raw);
  } catch (error) {
    localStorage.setItem(key, raw);
    throw error;
  }
}

/** Texts that could not be read. @returns {{name: string, address: string, time: number, raw: string}[]} */
export function damagedTexts() {
  return items(DAMAGED).map(([name, raw]) => ({ name, address: name.replace(/^\d+:/, ""), time: Number.parseInt(name), raw }));
}

/** Every page's record that can be read, and the addresses of those that cannot. @returns {{pages: Pages, unread: string[]}} */
export function allPages() {
  /** @type {Pages} */
  const pages = new Map();
  /** @type {string[]} */
  const unread = [];
  for (const [address, raw] of items(PAGE)) {
    try {
      const page = parsePage(address, raw, () => {});
      if (!isEmpty(page)) pages.set(address, page);
    } catch {
      unread.push(address);
    }
  }
  return { pages, unread };
}

/** All or nothing. @param {Pages} pages */
export function storeAll(pages) {
  const before = new Map([...pages.keys()].map((address) => [PAGE + address, localStorage.getItem(PAGE + address)]));
  try {
    for (const [address, page] of pages) storePage(address, page);
  } catch (error) {
    for (const key of before.keys()) localStorage.removeItem(key);
    for (const [key, raw] of before) if (raw !== null) localStorage.setItem(key, raw);
    throw error;
  }
}

/** Everything of this site, what could not be read as well. */
export function removeAll() {
  for (const prefix of [PAGE, DAMAGED]) for (const [rest] of items(prefix)) localStorage.removeItem(prefix + rest);
}

/**
 * A page's record together with the items from before there was one, which it takes the place of.
 * @param {string} path  of the page, as in its address @param {() => void} damaged @returns {PageRecord}
 */
export function migrate(path, damaged) {
  const address = addressOf(path);
  let page = parsePage(address, rawPage(address), damaged);
  for (const [place, raw] of items(`${FIRST}${path}:`)) {
    const key = `${FIRST}${path}:${place}`;
    const cell = firstCell(Number(place), raw);
    if (!cell) {
      putAside(key, address, raw);
      damaged();
      continue;
    }
    page = joinPages(page, { ...emptyPage(), cells: [cell] }).page;
    localStorage.removeItem(key);
    try {
      storePage(address, page);
    } catch {
      localStorage.setItem(key, raw); // until there is room
    }
  }
  return page;
}

/** @param {number} place @param {string} raw @returns {CellRecord | null} */
function firstCell(place, raw) {
  try {
    const { original, text, aside } = JSON.parse(raw);
    const asides = aside === undefined ? [] : [aside];
    const value = { place: Math.max(place, -1), starter: original, text, asides, edited: new Date().toISOString() };
    return readPage({ cells: [value], exercises: {}, guesses: {} }).page.cells[0] ?? null;
  } catch {
    return null;
  }
}
