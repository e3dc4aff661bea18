/** The page for wrong addresses: the names nearest to what was asked for, and a search for it. */
import { element } from "./element.js";

const MOST = 3;

/** Changes of one letter from one word to the other; two letters that changed places are one. @param {string} one @param {string} other */
export function distance(one, other) {
  let before = /** @type {number[]} */ ([]);
  let last = Array.from({ length: other.length + 1 }, (_, k) => k);
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let k = 1; k <= other.length; k++) {
      row[k] = Math.min(row[k - 1] + 1, last[k] + 1, last[k - 1] + Number(one[i - 1] !== other[k - 1]));
      if (one[i - 1] === other[k - 2] && one[i - 2] === other[k - 1]) row[k] = Math.min(row[k], before[k - 2] + 1);
    }
    [before, last] = [last, row];
  }
  return last[other.length];
}

/** Without capitals, hyphens and underscores. @param {string} name */
const plain = (name) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** How far a name is from the word; Infinity where they are not alike. @param {string} word @param {string} name */
function difference(word, name) {
  const [short, long] = [plain(word), plain(name)];
  const found = distance(short, long);
  if (found <= Math.max(short.length, long.length) / 4) return found;
  // `conv` is the beginning of several names.
  return short.length > 2 && long.startsWith(short) ? 1 + found / 100 : Infinity;
}

/**
 * The names most like one of the words, the best first; the first word that is like any counts.
 * @param {string[]} words @param {string[]} names
 */
export function nearest(words, names) {
  for (const word of words) {
    const differences = new Map(names.map((name) => [name, difference(word, name)]));
    const value = (/** @type {string} */ name) => differences.get(name) ?? Infinity;
    const alike = names.filter((name) => value(name) < Infinity).sort((a, b) => value(a) - value(b));
    if (alike.length) return value(alike[0]) === 0 ? alike.slice(0, 1) : alike.slice(0, MOST);
  }
  return [];
}

/** The words of the address below the site's root, the last one first. */
function asked() {
  const path = location.pathname.slice(new URL(document.baseURI).pathname.length);
  const parts = [...path.split("/"), location.hash.slice(1)].map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part; // a stray %
    }
  });
  return parts.map((part) => part.replace(/\.(html?|md)$/, "")).filter((part) => plain(part) && part !== "index").reverse();
}

/** The other pages of the site go by the last part of their address. @param {HTMLAnchorElement} link */
const nameOf = (link) => link.dataset.name ?? link.pathname.split("/").at(-2) ?? "";

function show() {
  const words = asked();
  const place = document.querySelector(".not-found");
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".names a, .md-nav--primary a[href]"));
  const byName = new Map([...links].reverse().map((link) => [nameOf(link), link]));
  byName.delete("");
  const found = nearest(words, [...byName.keys()]).map((name) => {
    const link = /** @type {HTMLAnchorElement} */ (byName.get(name));
    const where = link.hash ? "（层实验台）" : "";
    return element("a", { href: link.href, textContent: `${link.textContent?.trim()}${where}` });
  });
  const suggestion = found.flatMap((link, k) => (k ? ["、", link] : [link]));
  if (found.length) place?.append(element("p", {}, "你找的也许是 ", ...suggestion, "。"));
  const search = element("button", { type: "button", className: "not-found-search", textContent: words.length ? `搜索“${words[0]}”` : "搜索" });
  search.addEventListener("click", () => {
    const field = document.forms.namedItem("search")?.query;
    field.value = words[0] ?? "";
    document.getElementById("__search")?.click(); // the theme's own switch, which opens it on a phone
    field.focus();
  });
  place?.append(search);
}

show();
