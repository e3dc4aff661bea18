/** What makes a picture answer to the reader's hand: one way for each kind of data beside it. */
import { Cells } from "./lab-cells.js";
import { Recurrent } from "./lab-recurrent.js";
import { Steps } from "./lab-steps.js";
import { Volume } from "./lab-volume.js";

/** @import {Links} from "./lab-cells.js" */
/** @import {Place} from "./lab-link.js" */
/** @import {Player} from "./lab-player.js" */
/** @import {Passage} from "./lab-recurrent.js" */
/** @import {Walk} from "./lab-steps.js" */
/** @import {Volumes} from "./lab-volume.js" */
/**
 * @typedef {Partial<Links> & Partial<Walk> & Partial<Volumes> & {recurrent?: Passage}} Data
 *
 * @typedef {object} Answer
 * @property {Element[]} below  what belongs under the picture
 * @property {Player | null} player  of its steps
 * @property {() => void} follow  look where the place says, which another picture has changed
 * @property {() => void} stop  the picture stays, and answers no more
 */

/**
 * @param {SVGElement} svg
 * @param {string} view
 * @param {Data} data
 * @param {Place} place  where the picture is opened; then, what the reader looks at
 * @param {(sentence: string) => void} tell
 * @param {() => void} moved  the reader has chosen another cell or step
 * @returns {Answer}
 */
export function answer(svg, view, data, place, tell, moved) {
  if (data.recurrent) return passing(svg, data.recurrent, place, tell, moved);
  if (data.walk) return moving(svg, /** @type {Volumes} */ (data), place, moved);
  if (view === "steps") return walking(svg, /** @type {Walk} */ (data), place, tell, moved);
  return pointing(svg, /** @type {Links} */ (data), place, tell, moved);
}

/** @param {SVGElement} svg @param {Links} links @param {Place} place @param {(sentence: string) => void} tell @param {() => void} moved @returns {Answer} */
function pointing(svg, links, place, tell, moved) {
  const cells = new Cells(svg, links, (sentence, cell) => {
    tell(sentence);
    place.cell = cell;
  });
  const follow = () => {
    cells.pinned = place.cell;
    cells.show(place.cell);
  };
  svg.addEventListener("click", moved);
  follow();
  return { below: [], player: null, follow: () => cells.pinned === place.cell || follow(), stop: () => cells.stop() };
}

/** @param {SVGElement} svg @param {Walk} walk @param {Place} place @param {(sentence: string) => void} tell @param {() => void} moved @returns {Answer} */
function walking(svg, walk, place, tell, moved) {
  const cells = new Cells(
    svg,
    walk,
    (sentence, cell) => {
      // A step says by itself what its output is made of.
      tell(cell === steps.key ? "" : sentence);
      place.cell = cell;
    },
    false,
  );
  const steps = new Steps(cells, walk, () => {
    const { step, backward } = steps;
    const same = Math.max(place.step, 0) === step && place.backward === backward;
    Object.assign(place, { step, backward });
    if (!same) moved();
  });
  svg.addEventListener("click", () => {
    steps.choose(cells.pinned);
    moved();
  });
  const go = () => {
    steps.backward = place.backward;
    steps.go(place.step);
  };
  go();
  return {
    below: [steps.element],
    player: steps.player,
    follow: () => (steps.step === place.step && steps.backward === place.backward) || go(),
    stop: () => {
      steps.stop();
      cells.stop();
    },
  };
}

/** @param {SVGElement} svg @param {Volumes} data @param {Place} place @param {() => void} moved @returns {Answer} */
function moving(svg, data, place, moved) {
  const volume = new Volume(svg, data, () => {
    if (opening || place.step === volume.step) return;
    place.step = volume.step;
    moved();
  });
  let opening = true;
  const follow = () => {
    opening = true;
    volume.go(place.step < 0 ? data.middle : place.step);
    opening = false;
  };
  follow();
  return { below: [volume.element], player: volume.player, follow: () => volume.step === place.step || follow(), stop: () => volume.stop() };
}

/** @param {SVGElement} svg @param {Passage} passage @param {Place} place @param {(sentence: string) => void} tell @param {() => void} moved @returns {Answer} */
function passing(svg, passage, place, tell, moved) {
  let opening = true;
  const recurrent = new Recurrent(svg, passage, place, tell, () => opening || moved());
  opening = false;
  return { below: [recurrent.element], player: recurrent.player, follow: () => recurrent.follow(), stop: () => recurrent.stop() };
}
