/** The record of this page: what the reader does here, kept in the browser and equal in all tabs. */
import { emptyPage, fileText } from "./record-format.js";
import { joinCells, joinExercises, joinGuesses, match, same, threeWay } from "./record-merge.js";
import { addressOf, allPages, concerns, migrate, parsePage, rawPage, storePage, why } from "./record-storage.js";

/** @import {CellRecord, PageRecord} from "./record-format.js" */
/** @import {Refusal} from "./record-storage.js" */
/**
 * @typedef {object} Watch
 * @property {(index: number, cell: CellRecord | null, theirs: string | null) => void} follow
 *   another tab has changed a cell; `theirs`: its text, where the one here was changed as well and stays
 * @property {() => void} exercises  tries or solved ones have changed
 * @property {(refusal: Refusal | null, index: number | null) => void} refused
 *   nothing is stored any more, or again (null); noticed as the cell was edited
 * @property {() => void} damaged  a part could not be read and is put aside
 *
 * @typedef {{cells: (CellRecord | null)[], left: CellRecord[]} & Pick<PageRecord, "exercises" | "guesses">} Bound
 *   a page's record, by the cells that the page has now; `left`: of cells that it has no more
 */

const address = addressOf(location.pathname);

export class Record {
  /** What lies in storage, as far as this tab knows. @type {string | null} */
  #raw = null;
  /** The same, read. @type {Bound} */
  #known;
  /** @type {Bound} */
  #mine;
  /** @type {Refusal | null} */
  #refusal = null;
  /** What the reader has in a file. */
  #exported = "";

  /** @param {string[]} starters  the page's own texts, a cell each @param {Watch} watch */
  constructor(starters, watch) {
    this.starters = starters;
    this.watch = watch;
    this.#known = this.#mine = this.#bind(emptyPage());
  }

  /** Read it, and follow other tabs from now on. */
  open() {
    try {
      const page = migrate(location.pathname, this.watch.damaged);
      this.#raw = rawPage(address);
      this.#known = this.#bind(parsePage(address, this.#raw, this.watch.damaged));
      this.#mine = this.#bind(page);
    } catch (error) {
      this.#refusal = why(error);
    }
    if (this.#refusal) this.watch.refused(this.#refusal, null);
    else this.#save(null); // cells have moved
    addEventListener("storage", ({ key }) => concerns(key, address) && this.#look());
    // Of what happened while it slept, the page has heard nothing.
    addEventListener("pageshow", ({ persisted }) => persisted && this.#look());
    addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#look());
  }

  get cells() {
    return this.#mine.cells;
  }

  /** @param {number} index @param {Pick<CellRecord, "starter" | "text" | "asides"> | null} cell */
  write(index, cell) {
    const before = this.#mine.cells[index];
    const edited = cell && before?.text === cell.text ? before.edited : new Date().toISOString();
    const cells = this.#mine.cells.with(index, cell && { place: index, starter: cell.starter, text: cell.text, asides: [...cell.asides], edited });
    this.#mine = { ...this.#mine, cells };
    this.#save(index);
  }

  /** A run of an exercise's check. @param {string} name @param {boolean} passed @param {number} index  the check's cell */
  attempt(name, passed, index) {
    const known = this.exercise(name);
    const solved = known?.solved ?? (passed ? new Date().toISOString() : undefined);
    const tries = (known?.tries ?? 0) + 1;
    // As a list of entries: a name from the page may be `__proto__`.
    const exercises = new Map(Object.entries(this.#mine.exercises)).set(name, solved ? { tries, solved } : { tries });
    this.#mine = { ...this.#mine, exercises: Object.fromEntries(exercises) };
    this.#save(index);
    this.watch.exercises();
  }

  /** @param {string} name */
  exercise(name) {
    return Object.hasOwn(this.#mine.exercises, name) ? this.#mine.exercises[name] : undefined;
  }

  /** What would be lost with this page. */
  get unsaved() {
    const { cells } = this.#mine;
    return JSON.stringify(cells) !== this.#exported && cells.some((cell, k) => cell && !same(cell, this.#known.cells[k]));
  }

  /** Everything of this site, and of this page what could not be stored, too: the text of a file. */
  exported() {
    /** @type {import("./record-format.js").Pages} */
    let pages = new Map();
    try {
      ({ pages } = allPages());
    } catch {
      // Storage is blocked: there is this page alone.
    }
    this.#exported = JSON.stringify(this.#mine.cells);
    return fileText(pages.set(address, this.#page()), new Date().toISOString());
  }

  /** Another tab may have written. */
  #look() {
    if (this.#refusal !== "blocked") this.#save(null);
  }

  /** Take in what other tabs have written since, then write. @param {number | null} index  of the cell that the reader edits */
  #save(index) {
    /** @type {Refusal | null} */
    let refusal = null;
    try {
      const raw = rawPage(address);
      if (raw !== this.#raw) this.#take(raw);
      this.#raw = storePage(address, this.#page());
      this.#known = this.#mine;
    } catch (error) {
      refusal = why(error);
    }
    const again = refusal === this.#refusal && index === null;
    this.#refusal = refusal;
    if (!again) this.watch.refused(refusal, index);
  }

  /** @param {string | null} raw */
  #take(raw) {
    const base = this.#known;
    const mine = this.#mine;
    const theirs = this.#bind(parsePage(address, raw, this.watch.damaged));
    /** @param {CellRecord | null} one @param {CellRecord | null} other */
    const join = (one, other) => (one && other ? joinCells(one, other) : (one ?? other));
    this.#mine = {
      cells: mine.cells.map((cell, k) => threeWay(base.cells[k], cell, theirs.cells[k], join)),
      left: threeWay(base.left, mine.left, theirs.left, (one, other) => [...one, ...other.filter((cell) => !one.some((known) => same(known, cell)))]),
      exercises: threeWay(base.exercises, mine.exercises, theirs.exercises, joinExercises),
      guesses: threeWay(base.guesses, mine.guesses, theirs.guesses, joinGuesses),
    };
    this.#raw = raw;
    this.#known = theirs;
    this.#mine.cells.forEach((cell, k) => {
      if (same(cell, mine.cells[k])) return;
      const other = theirs.cells[k]?.text;
      this.watch.follow(k, cell, other === undefined || other === cell?.text ? null : other);
    });
    this.watch.exercises();
  }

  /** @param {PageRecord} page @returns {Bound} */
  #bind({ cells, exercises, guesses }) {
    const { found, left } = match(this.starters.map((starter, place) => ({ place, starter })), cells);
    return {
      cells: found.map((cell, place) => cell && { ...cell, place }),
      // Should their cells come back, the same original text finds them.
      left: left.map((cell) => ({ ...cell, place: -1 })),
      exercises,
      guesses,
    };
  }

  /** @returns {PageRecord} */
  #page() {
    const { cells, left, exercises, guesses } = this.#mine;
    return { cells: [...cells.filter((cell) => cell !== null), ...left], exercises, guesses };
  }
}
