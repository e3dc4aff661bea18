/** <model-view>: a model as boxes or as a graph; a layer that is chosen tells what it is. */
import { element } from "./element.js";
import { foreignDrawing } from "./foreign-drawing.js";
import { download } from "./lab-image.js";
import { Tabs } from "./lab-tabs.js";
import { tools } from "./lab-tools.js";
import { digits, parameters, products, readModel, shapesText, totals } from "./model-facts.js";

/** @import {Call, Model} from "./model-facts.js" */

const TITLES = { boxes: "方块", graph: "结构" };
const WIDTHS = [900, 640, 360]; // of the boxes in CSS pixels, as labkit.diagrams.model_page draws them
let count = 0;

/** The view of what a cell has sent; null where that is no model. @param {string} json */
export function modelView(json) {
  try {
    const model = readModel(json);
    const boxes = WIDTHS.map((width) => foreignDrawing(model.pictures[width]));
    const graph = foreignDrawing(model.pictures.graph);
    return graph && boxes.every((drawing) => drawing !== null) ? new ModelView(model, boxes, graph) : null;
  } catch {
    return null;
  }
}

export class ModelView extends HTMLElement {
  #id = `model-${++count}`;
  #view = "boxes";
  /** @type {Call | null} */
  #chosen = null;
  #stage = element("div", { className: "model-stage", role: "tabpanel", id: `${this.#id}-stage` });
  #facts = element("div", { className: "model-facts", ariaLive: "polite" });
  #tabs = new Tabs(this.#id, this.#stage, (view) => this.#turn(view));
  #resized = new ResizeObserver(() => this.#draw());

  /** @param {Model} model @param {SVGSVGElement[]} boxes  by WIDTHS @param {SVGSVGElement} graph */
  constructor(model, boxes, graph) {
    super();
    this.model = model;
    this.boxes = boxes;
    this.graph = graph;
    /** What is read out of it. */
    this.alt = totals(model);
    for (const drawing of [...boxes, graph]) this.#enliven(drawing);
  }

  connectedCallback() {
    if (!this.firstChild) {
      this.append(
        element("p", { className: "model-totals", textContent: this.alt }),
        this.#tabs.element,
        this.#stage,
        this.#facts,
        element("details", { className: "model-table" }, element("summary", { textContent: "各层的表" }), this.#table()),
        tools([
          ["下载 SVG", () => download(this.#drawing, this.#name, "svg")],
          ["下载 PNG", () => download(this.#drawing, this.#name, "png")],
        ]),
      );
      this.#turn(this.#view);
      this.#facts.textContent = "点一层，看它的设置、参数和乘加。";
    }
    this.#resized.observe(this);
  }

  disconnectedCallback() {
    this.#resized.disconnect();
  }

  get #name() {
    return `${this.model.name.replace(/[^\w-]/g, "") || "model"}-${this.#view}`;
  }

  get #drawing() {
    if (this.#view === "graph") return this.graph;
    const fitting = WIDTHS.findIndex((width) => width <= this.#stage.clientWidth + 1);
    return this.boxes[fitting < 0 ? WIDTHS.length - 1 : fitting];
  }

  /** @param {string} view */
  #turn(view) {
    this.#view = view;
    this.#tabs.show(Object.keys(TITLES), view, TITLES);
    this.#draw();
  }

  #draw() {
    const drawing = this.#drawing;
    if (drawing.parentNode === this.#stage) return;
    const focused = this.#stage.contains(document.activeElement);
    this.#stage.replaceChildren(drawing);
    this.#mark(focused);
  }

  /** Layers answer to mouse and keys; one of them is in the order of the tab key. @param {SVGSVGElement} drawing */
  #enliven(drawing) {
    drawing.setAttribute("role", "group");
    drawing.setAttribute("aria-label", `${this.alt}方向键在各层之间移动。`);
    for (const node of this.#nodes(drawing)) {
      const [call] = this.#calls(node);
      if (!call) continue;
      node.setAttribute("role", "button");
      node.setAttribute("tabindex", "-1");
      node.setAttribute("aria-label", `${node.textContent?.trim()}，${call.key}`);
    }
    this.#nodes(drawing)[0]?.setAttribute("tabindex", "0");
    drawing.addEventListener("click", ({ target }) => {
      const node = target instanceof Element ? target.closest("[role=button]") : null;
      if (node) this.#choose(node);
    });
    drawing.addEventListener("keydown", (event) => this.#key(event, drawing));
  }

  /** Those that hold no others, in the order of the data. @param {SVGSVGElement} drawing */
  #nodes(drawing) {
    const order = this.model.calls.map(({ key }) => key);
    const boxes = this.model.calls.map(({ box }) => box);
    /** @param {Element} node */
    const place = (node) => {
      const key = node.getAttribute("data-key") ?? "";
      return order.includes(key) ? order.indexOf(key) : boxes.indexOf(key);
    };
    const leaves = [...drawing.querySelectorAll(".node")].filter((node) => !node.querySelector(".node") && place(node) >= 0);
    return leaves.sort((a, b) => place(a) - place(b));
  }

  /** @param {Element} node */
  #calls(node) {
    const key = node.getAttribute("data-key");
    const exact = this.model.calls.filter((call) => call.key === key);
    return exact.length ? exact : this.model.calls.filter((call) => call.box === key);
  }

  /** @param {KeyboardEvent} event @param {SVGSVGElement} drawing */
  #key(event, drawing) {
    const node = event.target instanceof Element ? event.target.closest("[role=button]") : null;
    if (!node) return;
    const nodes = this.#nodes(drawing);
    const at = nodes.indexOf(node);
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: nodes.length - 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") this.#choose(node);
    else if (to === undefined) return;
    else this.#focus(nodes[Math.min(Math.max(to, 0), nodes.length - 1)], nodes);
    event.preventDefault();
  }

  /** @param {Element} node @param {Element[]} nodes */
  #focus(node, nodes) {
    for (const one of nodes) one.setAttribute("tabindex", one === node ? "0" : "-1");
    /** @type {SVGElement} */ (node).focus();
  }

  /** @param {Element} node */
  #choose(node) {
    this.#select(this.#calls(node)[0]);
  }

  /** @param {Call} call */
  #select(call) {
    this.#chosen = call;
    this.#mark(false);
    this.#tell(call);
  }

  /** @param {boolean} focus */
  #mark(focus) {
    const nodes = this.#nodes(this.#drawing);
    for (const node of nodes) {
      const chosen = this.#chosen !== null && this.#calls(node).includes(this.#chosen);
      node.setAttribute("aria-pressed", `${chosen}`);
      if (chosen && focus) this.#focus(node, nodes);
    }
  }

  /** @param {Call} call */
  #tell(call) {
    const settings = call.settings.map(([name, text]) => `${name}=${text}`).join(", ");
    const work = call.multiplications === 0 ? "没有矩阵乘法，也没有卷积" : products(call.multiplications);
    /** @type {[string, string][]} */
    const lines = [
      ["设置", settings || "都是默认值"],
      ["输入 → 输出", `${shapesText(call.inputs) || "没有输入"} → ${shapesText(call.outputs)}`],
      ["参数", call.shared ? "与前一次调用共用" : call.sum || (call.parameters ? digits(call.parameters) : "没有参数")],
      ["乘加", work],
    ];
    const link = element("a", { href: call.panel, textContent: "在面板中打开" });
    this.#facts.replaceChildren(
      element("p", { className: "model-chosen" }, element("strong", { textContent: call.kind }), ` ${call.key} `, ...(call.panel ? [link] : [])),
      element("dl", {}, ...lines.flatMap(([name, text]) => [element("dt", { textContent: name }), element("dd", { textContent: text })])),
    );
  }

  #table() {
    const head = ["层", "类型", "输出的形状", "参数", "乘加"].map((textContent) => element("th", { scope: "col", textContent }));
    const rows = this.model.calls.map((call) => {
      const name = element("button", { type: "button", textContent: call.key });
      name.addEventListener("click", () => this.#select(call));
      const cells = [call.kind, shapesText(call.outputs), parameters(call), products(call.multiplications)];
      return element("tr", { className: call.inner ? "model-inner" : "" }, element("td", {}, name), ...cells.map((textContent) => element("td", { textContent })));
    });
    const sum = ["合计", "", "", digits(this.model.parameters), products(this.model.multiplications)];
    rows.push(element("tr", { className: "model-sum" }, ...sum.map((textContent) => element("td", { textContent }))));
    return element("div", { className: "model-scroll", tabIndex: 0, role: "region", ariaLabel: "各层的表" }, element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)));
  }
}

customElements.define("model-view", ModelView);
