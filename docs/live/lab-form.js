/** The controls of a parameter panel: one for each parameter, and the shapes of the inputs. */
import { button, element } from "./element.js";
import { axis } from "./lab-link.js";

/** @import {State} from "./lab-link.js" */
/**
 * @typedef {object} Control
 * @property {string} name
 * @property {"choice" | "bool" | "int" | "text"} kind
 * @property {string[]} choices  Python texts
 * @property {string} default  Python text; empty where the parameter has none
 * @property {boolean} more  waits under “更多参数”
 */

export class Form {
  /** @type {Map<string, HTMLInputElement | HTMLSelectElement>} */
  #fields = new Map();
  #shapes = element("div", { className: "lab-shapes" });

  /**
   * @param {Control[]} controls
   * @param {State} state
   * @param {string} id  before the ids of fields
   * @param {(state: State, changed: string) => void} change
   */
  constructor(controls, state, id, change) {
    this.state = state;
    this.change = change;
    this.id = id;
    this.controls = controls;
    /** @param {boolean} more */
    const fields = (more) => controls.filter((c) => c.more === more).map((c) => this.#field(c));
    const rest = fields(true);
    this.element = element(
      "div",
      { className: "lab-form" },
      element("div", { className: "lab-fields" }, ...fields(false)),
      ...(rest.length
        ? [element("details", { className: "lab-more" }, element("summary", { textContent: "更多参数" }), element("div", { className: "lab-fields" }, ...rest))]
        : []),
      this.#shapes,
    );
    this.#drawShapes();
  }

  /** Show another state, where the reader is not typing. @param {State} state */
  set(state) {
    const lengths = this.#lengths();
    this.state = state;
    for (const { name, ...control } of this.controls) {
      const field = this.#fields.get(name);
      const text = state.settings[name] ?? control.default;
      if (!field || field === document.activeElement) continue;
      if (field instanceof HTMLSelectElement) choose(field, text);
      else if (field.type === "checkbox") field.checked = text === "True";
      else field.value = text;
    }
    if (lengths !== this.#lengths()) this.#drawShapes();
  }

  /** The legal numbers beside the fields. @param {Record<string, [number | null, number | null]>} ranges */
  ranges(ranges) {
    for (const [name, [least, most]] of Object.entries(ranges)) {
      const field = this.#fields.get(name);
      if (!(field instanceof HTMLInputElement)) continue;
      const hint = field.parentElement?.querySelector(".lab-range");
      const text = most === null ? (least === null ? "" : `不小于 ${least}`) : least === null ? `不大于 ${most}` : least === most ? `只能是 ${least}` : `${least} 到 ${most}`;
      if (hint) hint.textContent = text;
    }
  }

  /** @param {string} name  of the parameter that an error is about, or none */
  invalid(name) {
    for (const [own, field] of this.#fields) field.ariaInvalid = own === name ? "true" : null;
  }

  /** Mark what is set otherwise in another form. @param {Form} other */
  mark(other) {
    for (const [name, field] of this.#fields) {
      const differs = other.#fields.has(name) && this.#text(name) !== other.#text(name);
      field.closest(".lab-field")?.classList.toggle("lab-differs", differs);
    }
  }

  /** @param {string} name */
  #text(name) {
    return this.state.settings[name] ?? this.controls.find((control) => control.name === name)?.default;
  }

  /** @param {string} name  of a parameter; any other stands for the first field */
  focus(name) {
    (this.#fields.get(name) ?? [...this.#fields.values()][0] ?? this.#shapes.querySelector("input"))?.focus();
  }

  #lengths() {
    return JSON.stringify(this.state.inputs);
  }

  /** @param {Control} control */
  #field(control) {
    const { name, kind, choices } = control;
    const text = this.state.settings[name] ?? control.default;
    const id = `${this.id}-${name}`;
    /** @type {HTMLInputElement | HTMLSelectElement} */
    let field;
    if (kind === "choice") {
      const select = /** @type {HTMLSelectElement} */ (element("select", { id }));
      select.append(...choices.map((value) => element("option", { value, textContent: value })));
      choose(select, text);
      field = select;
    } else {
      const type = kind === "bool" ? "checkbox" : kind === "int" ? "number" : "text";
      field = /** @type {HTMLInputElement} */ (element("input", { id, type, autocomplete: "off", spellcheck: false }));
      if (kind === "bool") field.checked = text === "True";
      else field.value = text;
    }
    const read = () => {
      const value = field.type === "checkbox" ? (/** @type {HTMLInputElement} */ (field).checked ? "True" : "False") : field.value.trim();
      const settings = { ...this.state.settings };
      // An empty field stands for the default.
      if (value === "" || (value === control.default && control.default !== "")) delete settings[name];
      else settings[name] = value;
      this.state = { ...this.state, settings };
      this.change(this.state, name);
    };
    field.addEventListener("input", read);
    this.#fields.set(name, field);
    const hint = kind === "int" ? [element("small", { className: "lab-range" })] : [];
    return element("div", { className: `lab-field lab-${kind}` }, element("label", { htmlFor: id }, ...breakable(name)), field, ...hint);
  }

  #drawShapes() {
    const { inputs } = this.state;
    const rows = inputs.map((shape, i) => {
      const title = inputs.length > 1 ? `输入 ${i + 1}` : "输入形状";
      const axes = shape.map((n, k) => {
        const field = element("input", {
          type: "text",
          inputMode: "numeric",
          value: n ?? "None",
          size: 5,
          autocomplete: "off",
          ariaLabel: `${title}，轴 ${k}${k ? "" : "（批次）"}`,
        });
        field.addEventListener("input", () => this.#reshape(i, (s) => s.with(k, axis(/** @type {HTMLInputElement} */ (field).value))));
        return field;
      });
      return element(
        "div",
        { className: "lab-shape", role: "group", ariaLabel: title },
        element("span", { textContent: title }),
        ...axes,
        this.#button("加一轴", `${title}：加一轴`, () => this.#reshape(i, (s) => [...s, 2], true)),
        this.#button("减一轴", `${title}：减一轴`, () => this.#reshape(i, (s) => (s.length > 2 ? s.slice(0, -1) : s), true)),
      );
    });
    const several = this.state.inputs.length > 1;
    const more = several
      ? [
          this.#button("加一个输入", "加一个输入", () => this.#inputs([...this.state.inputs, [...this.state.inputs[0]]])),
          this.#button("减一个输入", "减一个输入", () => this.#inputs(this.state.inputs.slice(0, Math.max(2, this.state.inputs.length - 1)))),
        ]
      : [];
    this.#shapes.replaceChildren(...rows, ...more);
  }

  /** @param {string} textContent @param {string} ariaLabel @param {() => void} act */
  #button(textContent, ariaLabel, act) {
    return Object.assign(button(textContent, act), { ariaLabel });
  }

  /** @param {number} i @param {(shape: (number | null)[]) => (number | null)[]} change @param {boolean} [redraw] */
  #reshape(i, change, redraw = false) {
    this.#inputs(this.state.inputs.with(i, change(this.state.inputs[i])), redraw);
  }

  /** @param {(number | null)[][]} inputs */
  #inputs(inputs, redraw = true) {
    this.state = { ...this.state, inputs };
    if (redraw) this.#drawShapes();
    this.change(this.state, "input");
  }
}

/** A name that may go on in the next line after each `_`. @param {string} name @returns {(string | Node)[]} */
function breakable(name) {
  return name.split(/(?<=_)/).flatMap((part, k) => (k ? [document.createElement("wbr"), part] : [part]));
}

/** A value that is no choice becomes one. @param {HTMLSelectElement} select @param {string} text */
function choose(select, text) {
  if (![...select.options].some((option) => option.value === text)) {
    select.append(element("option", { value: text, textContent: text }));
  }
  select.value = text;
}
