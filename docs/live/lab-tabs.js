/** The tabs above a panel's picture, one for each view of the layer: by mouse, touch and arrow keys. */
import { element } from "./element.js";

export class Tabs {
  element = element("div", { className: "lab-tabs", role: "tablist", ariaLabel: "看什么" });
  /** @type {string[]} */
  #views = [];
  #view = "";

  /**
   * @param {string} id  before the ids of the tabs
   * @param {HTMLElement} panel  what they turn
   * @param {(view: string) => void} turn
   */
  constructor(id, panel, turn) {
    this.id = id;
    this.panel = panel;
    this.turn = turn;
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {string[]} views @param {string} view  the one that is shown @param {Record<string, string>} titles */
  show(views, view, titles) {
    // Only when a layer has other views: the tab that is pressed keeps the focus.
    if (views.join() !== this.#views.join()) {
      this.element.replaceChildren(...views.map((name) => this.#tab(name, titles[name])));
    }
    this.#views = views;
    this.#view = view;
    const focused = this.element.matches(":focus-within");
    for (const tab of /** @type {Iterable<HTMLButtonElement>} */ (this.element.children)) {
      const selected = tab.name === view;
      tab.tabIndex = selected ? 0 : -1;
      tab.ariaSelected = `${selected}`;
      if (selected && focused) tab.focus();
    }
    this.panel.setAttribute("aria-labelledby", `${this.id}-${view}`);
  }

  /** @param {string} name  of a view @param {string} title */
  #tab(name, title) {
    const tab = element("button", { type: "button", role: "tab", id: `${this.id}-${name}`, name, textContent: title });
    tab.setAttribute("aria-controls", this.panel.id);
    tab.addEventListener("click", () => this.turn(name));
    return tab;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const { length } = this.#views;
    this.turn(this.#views[(this.#views.indexOf(this.#view) + step + length) % length]);
  }
}
