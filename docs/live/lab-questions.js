/** What a panel asks of Python. While it waits, only the picture that is wanted last takes its turn. */
import { element } from "./element.js";
import { page } from "./page.js";
import { explain } from "./reasons.js";

/** @import {FromWorker, Replaced, Stray} from "./messages.js" */

const REST = 400; // milliseconds without a question before a hint is asked for

export class Questions {
  /** What Python loads before it can answer. */
  status = element("span", { className: "lab-status", role: "status" });
  #open = 0;
  #rest = 0;
  /** @type {object | null} */
  #wanted = null;
  /** Of the pictures wanted, the one asked for last. @type {object | null} */
  #asked = null;

  /** @param {(picture: any) => void} show @param {(reason: string) => void} lost */
  constructor(show, lost) {
    this.show = show;
    this.lost = lost;
  }

  stop() {
    clearTimeout(this.#rest);
  }

  /** @param {object | null} question  about the picture to show; null where it needs no Python */
  want(question) {
    this.#wanted = question;
    this.#next();
  }

  /** Ask at rest, and only where Python is up anyway: nobody loads it for a hint. @param {object} question @param {(answer: any) => void} then */
  hint(question, then) {
    clearTimeout(this.#rest);
    this.#rest = window.setTimeout(() => {
      if (!this.#open && page.python.ready) this.ask(question, then);
    }, REST);
  }

  /** @param {object} question @param {(answer: any) => void} then */
  ask(question, then) {
    this.#open += 1;
    clearTimeout(this.#rest);
    this.status.textContent = "";
    page.python.run({ type: "lab", request: JSON.stringify(question) }, (message) => this.#receive(message, then));
  }

  #next() {
    const question = this.#wanted;
    if (this.#open || !question || question === this.#asked) return;
    this.#asked = question;
    this.ask(question, (picture) => {
      if (question === this.#wanted) this.show(picture);
    });
  }

  /** @param {FromWorker | Replaced | Stray} message @param {(answer: any) => void} then */
  #receive(message, then) {
    if (message.type === "progress") this.status.textContent = message.text;
    if (message.type === "answer") {
      this.status.textContent = "";
      then(JSON.parse(message.text));
    }
    if (message.type !== "finished" && message.type !== "lost" && message.type !== "unloaded") return;
    this.#open -= 1;
    if (message.type === "finished") this.#next();
    else this.lost(explain(message));
  }
}
