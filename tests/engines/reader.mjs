/** A reader at a browser: acts, and waits for what there is to see. */
import { setTimeout } from "node:timers/promises";

/** @import {Driver} from "./drivers.mjs" */
/** @import {Watch} from "./watch.mjs" */

const LONG = 60; // seconds that something may take on a busy machine

export class Unexpected extends Error {
  seen = true;
}

// These run in the page.
export const text = (/** @type {string} */ selector) =>
  [...document.querySelectorAll(selector)].map((element) => element.textContent).join("");
export const count = (/** @type {string} */ selector) => document.querySelectorAll(selector).length;
export const scroll = (/** @type {string} */ selector) =>
  document.querySelector(selector).scrollIntoView({ block: "center", behavior: "instant" });

export class Reader {
  /** @param {Driver} driver @param {{isolated: string, plain: string}} hosts @param {Watch} watch */
  constructor(driver, hosts, watch) {
    this.driver = driver;
    this.hosts = hosts;
    this.watch = watch;
  }

  /** A page with nothing stored of what was done before. @param {string} path @param {"isolated" | "plain"} kind */
  async open(path, kind = "plain") {
    await this.driver.go(`${this.hosts[kind]}/watch/blank`);
    await this.driver.evaluate(() => (localStorage.clear(), sessionStorage.clear()));
    this.watch.problems = [];
    await this.driver.go(this.hosts[kind] + path);
  }

  /** What the browser has of that which not every browser has. */
  async features() {
    await this.open("/", "isolated");
    return this.driver.evaluate(() => ({
      isolated: crossOriginIsolated,
      SharedArrayBuffer: "SharedArrayBuffer" in window,
      JSPI: "Suspending" in WebAssembly,
      WebGPU: "gpu" in navigator,
    }));
  }

  /**
   * Wait until `read`, in the page, gives what is wanted.
   * @param {string | number | boolean | RegExp} wanted @param {Function} read @param {...unknown} values  for it
   */
  async expect(wanted, read, ...values) {
    const end = performance.now() + LONG * 1000;
    for (;;) {
      const seen = await this.driver.evaluate(read, ...values);
      if (wanted instanceof RegExp ? wanted.test(seen) : wanted === seen) return seen;
      if (performance.now() > end) {
        const page = await this.driver.evaluate(text, ".live-status, .live-note, .live-output, .lab-error");
        throw new Unexpected(
          [`应为（wanted）${wanted}`, `看到（seen）${JSON.stringify(seen)}（${values}）`, `页面说（the page says）${page}`, ...this.watch.problems].join("\n"),
        );
      }
      await setTimeout(50);
    }
  }

  expectNoProblems() {
    if (this.watch.problems.length) throw new Unexpected(this.watch.problems.join("\n"));
  }

  /** @param {string} selector */
  async click(selector) {
    await this.expect(true, (selector) => document.querySelector(selector)?.checkVisibility(), selector);
    await this.driver.evaluate(scroll, selector);
    await this.driver.click(selector);
  }

  /** Replace what stands in the editor of a cell, by the keyboard. @param {string} cell @param {string} code */
  async type(cell, code) {
    await this.driver.evaluate(scroll, cell);
    await this.click(`${cell} .cm-content`);
    await this.driver.press("Control+a");
    await this.driver.type(code);
    await this.expect(code, text, `${cell} .cm-line`);
  }

  /** @param {string} cell @param {string} code  to be there when it begins */
  async start(cell, code) {
    await this.driver.evaluate((cell, code) => document.querySelector(cell).fill(code), cell, code);
    await this.click(`${cell} button[name=run]`);
    await this.expect(/运行中/, text, `${cell}[running] .live-status`);
  }

  /** @param {string} cell @param {string} code  which ends by itself */
  async run(cell, code) {
    await this.driver.evaluate((cell, code) => document.querySelector(cell).fill(code), cell, code);
    await this.click(`${cell} button[name=run]`);
    await this.ended(cell);
  }

  /** @param {string} cell */
  ended(cell) {
    return this.expect(1, count, `${cell}:not([running])`);
  }

  /** Turn to every view of a panel; each shows a picture of its own. @param {string} title  of the layer */
  async turnViews(title) {
    await this.expect(/./, text, "layer-lab [role=tab]");
    const views = await this.driver.evaluate(() =>
      [...document.querySelector("layer-lab [role=tablist]").children].map((tab) => tab.id),
    );
    let label = "";
    for (const id of views.reverse()) {
      await this.click(`#${id}`);
      const drawn = (/** @type {string} */ id, /** @type {string} */ before) => {
        const lab = document.querySelector("layer-lab");
        const label = lab.querySelector(".lab-picture .diagram")?.getAttribute("aria-label") ?? "";
        const selected = lab.querySelector("[role=tab][aria-selected=true]").id;
        return selected === id && label !== before ? label + lab.querySelector(".lab-error").textContent : "";
      };
      label = await this.expect(new RegExp(`^${title} `), drawn, id, label);
    }
    return views.length;
  }
}
