/** Keep what the reader does in the cells of this page. */
import { Record } from "./record.js";
import { RecordNotes } from "./record-notes.js";

/** @import {LiveCode} from "./live-code.js" */

/** An exercise goes by what it asks to write. @param {string} starter */
const nameOf = (starter) => /^(?:async )?(?:def|class) ([\p{L}\p{N}_]+)/mu.exec(starter)?.[1] ?? "练习";

/** @param {LiveCode[]} cells */
export function keep(cells) {
  /** @type {Map<string, LiveCode>} */
  const exercises = new Map();
  const record = new Record(
    cells.map((cell) => cell.versions.original),
    {
      follow: (index, kept, theirs) => cells[index].follow(kept, theirs),
      exercises: () => exercises.forEach((cell, name) => cell.solved(record.exercise(name)?.solved)),
      refused: (why, index) => notes.refused(why, index === null ? null : cells[index]),
      damaged: () => notes.damaged(),
    },
  );
  const notes = new RecordNotes(record);
  let name = "";
  cells.forEach((cell, index) => {
    cell.versions.save = (kept) => record.write(index, kept);
    if (cell.classList.contains("exercise")) {
      const first = (name = nameOf(cell.versions.original));
      for (let k = 2; exercises.has(name); k++) name = `${first} ${k}`;
      exercises.set(name, cell);
    } else if (cell.classList.contains("check") && name) {
      const exercise = name;
      cell.checked = (passed) => record.attempt(exercise, passed, index);
    }
  });
  record.open();
  record.cells.forEach((kept, index) => kept && cells[index].restore(kept));
  exercises.forEach((cell, name) => cell.solved(record.exercise(name)?.solved));
}
