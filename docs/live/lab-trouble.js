/** What stands over a panel's picture when something is wrong, and the ways out of it. */
import { button, element } from "./element.js";

/** @typedef {[label: string, act: () => void]} Way */

const LONGEST = 900; // characters: what an error says at most, and more than anybody reads

/** A link may hold any text, and an error says what it has received. @param {string} text */
function readable(text) {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 100)} … ${text.slice(-80)}` : text;
}

export class Trouble {
  element = element("div", { className: "lab-error", role: "alert" });
  /** About the link that the page was opened by; it stays until the reader goes on. */
  remark = "";

  /** @param {string} text @param {Way[]} ways */
  tell(text, ways) {
    this.#show(readable(text), ways.map(([label, act]) => button(label, act)));
  }

  clear() {
    // What stands there already is not said again.
    if (this.element.textContent !== this.remark) this.#show("", []);
  }

  /** @param {string} text @param {HTMLElement[]} buttons */
  #show(text, buttons) {
    const texts = [this.remark, text].filter(Boolean);
    this.element.replaceChildren(...texts.map((textContent) => element("p", { textContent })), ...buttons);
  }
}
