/** Two records of one page become one, and nothing that a reader typed is lost. */

/** @import {CellRecord, Exercise, Guess, PageRecord} from "./record-format.js" */

/** @param {unknown} one @param {unknown} other */
export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * For each cell of a page its record; and those whose cells are not there.
 * @param {{place: number, starter: string}[]} cells @param {CellRecord[]} records
 * @returns {{found: (CellRecord | null)[], left: CellRecord[]}}
 */
export function match(cells, records) {
  const left = new Set(records);
  /** @type {(CellRecord | null)[]} */
  const found = cells.map(() => null);
  /** @type {((cell: {place: number, starter: string}, record: CellRecord) => boolean)[]} best first */
  const rules = [
    (cell, record) => cell.place === record.place && cell.starter === record.starter,
    (cell, record) => cell.starter === record.starter,
    (cell, record) => cell.place === record.place && record.place >= 0,
  ];
  for (const fits of rules) {
    cells.forEach((cell, k) => {
      const record = found[k] ? null : [...left].find((record) => fits(cell, record));
      if (!record) return;
      found[k] = record;
      left.delete(record);
    });
  }
  return { found, left: [...left] };
}

/** One is shown; of the other what it has not can be recalled. @param {CellRecord} shown @param {CellRecord} other @returns {CellRecord} */
export function joinCells(shown, other) {
  const kept = other.text === other.starter ? [] : [other.text];
  const asides = new Set([...other.asides, ...kept, ...shown.asides]);
  asides.delete(shown.text);
  return { ...shown, asides: [...asides] };
}

/** @template T @param {Record<string, T>} one @param {Record<string, T>} other @param {(one: T, other: T) => T} join @returns {Record<string, T>} */
function joinNamed(one, other, join) {
  const all = new Map(Object.entries(one));
  for (const [name, value] of Object.entries(other)) {
    const mine = all.get(name);
    all.set(name, mine === undefined ? value : join(mine, value));
  }
  return Object.fromEntries(all);
}

/** @param {Exercise} one @param {Exercise} other @returns {Exercise} */
function joinExercise(one, other) {
  const [solved] = [one.solved, other.solved].filter((time) => time !== undefined).sort();
  const tries = Math.max(one.tries, other.tries);
  return solved ? { tries, solved } : { tries };
}

/** @param {Record<string, Exercise>} one @param {Record<string, Exercise>} other */
export const joinExercises = (one, other) => joinNamed(one, other, joinExercise);

/** @param {Record<string, Guess[]>} one @param {Record<string, Guess[]>} other */
export const joinGuesses = (one, other) =>
  joinNamed(one, other, (mine, theirs) => [...mine, ...theirs.filter((guess) => !mine.some((known) => same(known, guess)))]);

/**
 * Of each cell the later text is shown. @param {PageRecord} mine @param {PageRecord} theirs
 * @returns {{page: PageRecord, fresh: number, equal: number, different: number}}  and how many of theirs are new, known, changed
 */
export function joinPages(mine, theirs) {
  const { found, left } = match(mine.cells, theirs.cells);
  const cells = mine.cells.map((cell, k) => {
    const other = found[k];
    if (!other) return cell;
    // The text is what counts: the same text of another time changes nothing.
    if (other.text === cell.text && other.asides.every((aside) => cell.asides.includes(aside))) return cell;
    return other.edited > cell.edited ? { ...joinCells(other, cell), place: cell.place } : joinCells(cell, other);
  });
  const page = {
    cells: [...cells, ...left],
    exercises: joinExercises(mine.exercises, theirs.exercises),
    guesses: joinGuesses(mine.guesses, theirs.guesses),
  };
  const named = /** @type {const} */ (["exercises", "guesses"]).flatMap((part) =>
    Object.keys(theirs[part]).map((name) => (Object.hasOwn(mine[part], name) ? [mine[part][name], page[part][name]] : [])),
  );
  const changes = [...found.flatMap((other, k) => (other ? [[mine.cells[k], cells[k]]] : [])), ...left.map(() => []), ...named];
  const fresh = changes.filter((change) => !change.length).length;
  const equal = changes.filter(([before, after]) => before && same(before, after)).length;
  return { page, fresh, equal, different: changes.length - fresh - equal };
}

/**
 * A part that two tabs have: what neither knows of the other is joined, else the change counts.
 * @template T @param {T} base  what both began with @param {T} mine @param {T} theirs @param {(mine: T, theirs: T) => T} join
 */
export const threeWay = (base, mine, theirs, join) => (same(mine, base) ? theirs : same(theirs, base) ? mine : join(mine, theirs));
