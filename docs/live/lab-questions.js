/** What a panel asks of Python. While it waits, only the picture that is wanted last takes its turn. */
import { Python } from "./python.js";
import { explainToPanel } from "./reasons.js";

/** @import {Waiting} from "./lab-waiting.js" */
/** @import {FromWorker, Replaced, Stray} from "./messages.js" */
/** @import {Job} from "./python.js" */
/** @typedef {{question: object, awaited: string, then: (answer: any) => void}} Wish  `awaited`: in words */

const REST = 400; // milliseconds without a question before a hint is asked for

/** The panels' own: a cell neither blocks it nor changes what it draws. */
const python = new Python();

/** Python starts when a reader turns to the panel, not with every page. */
export const warm = () => python.warm();

export class Questions {
  #rest = 0;
  /** The question that Python has not done with. @type {Job | null} */
  #job = null;
  /** @type {Wish | null} */
  #wish = null;
  /** Of the wishes, the one asked last. @type {Wish | null} */
  #asked = null;

  /** @param {Waiting} waiting @param {(reason: string) => void} lost  the wish did not come true */
  constructor(waiting, lost) {
    this.waiting = waiting;
    this.lost = lost;
  }

  /** @param {Wish} wish  about what is to be shown; it takes the place of the one before */
  want(wish) {
    this.#wish = wish;
    this.waiting.begin(wish.awaited);
    this.#next();
  }

  /** What is shown needs no Python. */
  rest() {
    this.#wish = null;
    this.waiting.end();
    clearTimeout(this.#rest);
  }

  /** Of no use to wait any longer: the next question starts another Python. */
  stop() {
    if (this.#job) python.stop(this.#job);
  }

  again() {
    const wish = this.#wish;
    this.#wish = null; // nothing is lost
    this.stop();
    if (wish) this.want({ ...wish });
  }

  /** Ask at rest, and only where Python is up anyway: nobody loads it for a hint. @param {object} question @param {(answer: any) => void} then */
  hint(question, then) {
    clearTimeout(this.#rest);
    this.#rest = window.setTimeout(() => {
      if (!this.#job && python.ready) this.ask(question, then, () => {});
    }, REST);
  }

  /** @param {object} question @param {(answer: any) => void} then @param {(reason: string) => void} failed */
  ask(question, then, failed) {
    clearTimeout(this.#rest);
    let answered = false;
    this.#job = python.run({ type: "lab", request: JSON.stringify(question) }, (message) => {
      if (message.type === "progress") this.waiting.progress(message.text);
      if (message.type === "answer") {
        answered = true;
        then(JSON.parse(message.text));
      }
      if (message.type !== "finished" && message.type !== "lost" && message.type !== "unloaded") return;
      this.#job = null;
      if (!answered) failed(explainToPanel(message));
      this.#next();
    });
  }

  #next() {
    const wish = this.#wish;
    if (this.#job || !wish || wish === this.#asked) return;
    this.#asked = wish;
    /** @param {(value: any) => void} act */
    const unlessOld = (act) => (/** @type {any} */ value) => {
      if (wish !== this.#wish) return;
      this.rest();
      act(value);
    };
    this.ask(wish.question, unlessOld(wish.then), unlessOld(this.lost));
  }
}
