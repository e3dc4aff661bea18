/**
 * What the reader typed, kept in the browser by page and cell.
 *
 * A record holds the original text it was made from: where the page has changed since, the reader
 * is asked, and a cell that has moved on the page is found again.
 *
 * @typedef {{original: string, text: string, aside?: string}} Saved
 *   `aside`: the reader's text, put aside by a reset or a solution
 */

const PREFIX = `live-code:${location.pathname}:`;

/** @param {number} index @param {Saved | null} saved */
export function save(index, saved) {
  try {
    if (saved) localStorage.setItem(PREFIX + index, JSON.stringify(saved));
    else localStorage.removeItem(PREFIX + index);
  } catch {
    // Storage is off or full: the text lives as long as the page.
  }
}

/** @param {string[]} originals @returns {(Saved | null)[]} one for each cell */
export function restore(originals) {
  const left = stored();
  for (const index of left.keys()) save(index, null);
  /** @type {(Saved | null)[]} */
  const found = originals.map(() => null);
  /** @type {((saved: Saved, from: number, index: number) => boolean)[]} best first */
  const rules = [
    (saved, from, index) => from === index && saved.original === originals[index],
    (saved, _, index) => saved.original === originals[index],
    (_, from, index) => from === index,
  ];
  for (const fits of rules) {
    for (const index of originals.keys()) {
      const match = [...left].find(([from, saved]) => !found[index] && fits(saved, from, index));
      if (!match) continue;
      found[index] = match[1];
      left.delete(match[0]);
    }
  }
  found.forEach((saved, index) => saved && save(index, saved));
  // Their cells are gone; should they come back, the same original text finds them.
  [...left.values()].forEach((saved, index) => save(-1 - index, saved));
  return found;
}

/** @returns {Map<number, Saved>} */
function stored() {
  /** @type {Map<number, Saved>} */
  const all = new Map();
  try {
    for (const [key, value] of Object.entries(localStorage)) {
      if (key.startsWith(PREFIX)) all.set(Number(key.slice(PREFIX.length)), JSON.parse(value));
    }
  } catch {
    // As above; a damaged record is no reason to show no page.
  }
  return all;
}
