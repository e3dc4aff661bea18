/** What a reader does on the site, the same in every browser. */
import { setTimeout } from "node:timers/promises";
import { scroll, text, Unexpected } from "./reader.mjs";

/** @import {Reader} from "./reader.mjs" */

const DENSE = "/layers/core/Dense/";
const ENDLESS = "while True: pass";

// In the page.
const focused = () => document.activeElement.name || document.activeElement.tagName;

/** @param {Reader} reader @param {"isolated" | "plain"} kind */
async function stop(reader, kind) {
  await reader.open(DENSE, kind);
  await reader.run("#live-1", "n = 41");
  await reader.start("#live-2", `n\n${ENDLESS}`);
  const before = performance.now();
  await reader.click("#live-2 button[name=stop]");
  await reader.ended("#live-2");
  const seconds = (performance.now() - before) / 1000;
  if (seconds > 4) throw new Unexpected(`停止用了 ${seconds.toFixed(1)} 秒`);
  await reader.run("#live-2", "n + 1");
  await reader.expect("42\n", text, "#live-2 .value");
  // The variables are kept.
  await reader.expect("", text, "#live-2 .live-note");
}

/** @type {[string, (reader: Reader) => Promise<void>][]} */
export const checks = [
  [
    "the watch sees errors and other hosts",
    async (reader) => {
      await reader.open("/watch/blank");
      await reader.driver.evaluate(() => {
        window.setTimeout(() => { throw new Error("an error"); });
        Promise.reject(new Error("a rejection"));
        console.error("a line");
        new Image().src = "http://elsewhere.test/image.png";
        fetch("https://elsewhere.test/").catch(() => {});
      });
      const { problems } = reader.watch;
      const wanted = [/uncaught: .*an error/, /uncaught: .*a rejection/, /console: a line/, /host: http:.*image/, /host: elsewhere.test:443/];
      const missing = () => wanted.filter((wanted) => !problems.some((problem) => wanted.test(problem)));
      for (let tries = 0; tries < 100 && missing().length; tries++) await setTimeout(100);
      if (missing().length) throw new Unexpected(`没有发现 ${missing()}，只有：\n${problems.join("\n")}`);
      reader.watch.problems = [];
    },
  ],
  [
    "a cell runs and shows its output and its value",
    async (reader) => {
      await reader.open(DENSE);
      const code = "import numpy as np\nfrom labkit.layers import Flatten\nprint('一')\nFlatten()(np.ones((1, 2, 2))).tolist()";
      await reader.run("#live-1", code);
      await reader.expect("一\n[[1.0, 1.0, 1.0, 1.0]]\n", text, "#live-1 .live-output");
    },
  ],
  [
    "a figure",
    async (reader) => {
      await reader.open("/");
      await reader.click("#live-1 button[name=run]");
      const shown = () => {
        const image = document.querySelector("#live-1 .live-output img");
        return image?.naturalWidth > 100 ? image.alt : "";
      };
      await reader.expect(/左：图片/, shown);
      await reader.ended("#live-1");
    },
  ],
  [
    "an error, and its line is marked",
    async (reader) => {
      await reader.open(DENSE);
      await reader.run("#live-1", "x = 1\nx / 0\nx = 2");
      await reader.expect(/第 1 格.*ZeroDivisionError: division by zero/s, text, "#live-1 .error");
      await reader.expect("x / 0", text, ".live-wrong");
      await reader.run("#live-1", "1 + 1");
      await reader.expect("2\n", text, "#live-1 .live-output");
    },
  ],
  ["stop, with isolation headers", (reader) => stop(reader, "isolated")],
  ["stop, without isolation headers", (reader) => stop(reader, "plain")],
  [
    "the time limit",
    async (reader) => {
      await reader.open(DENSE);
      await reader.driver.evaluate(() => void (document.querySelector("#live-1").limit = 1));
      await reader.start("#live-1", ENDLESS);
      await reader.expect(/运行满 1 秒，自动停止了。.*再运行久一点（6 秒）/, text, "#live-1 .live-note");
      await reader.ended("#live-1");
      await reader.run("#live-1", "1 + 1");
      await reader.expect("2\n", text, "#live-1 .live-output");
    },
  ],
  [
    "the panel of a layer's page",
    async (reader) => {
      await reader.open("/layers/recurrent/LSTM/");
      if ((await reader.turnViews("LSTM")) < 5) throw new Unexpected("LSTM 的图不到 5 种");
      const type = (/** @type {string} */ value) => {
        const fields = [...document.querySelectorAll("layer-lab .lab-field")];
        const field = fields.find((field) => field.firstChild.textContent === "units").querySelector("input");
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      };
      await reader.driver.evaluate(type, "7");
      await reader.expect(/7/, text, "layer-lab .lab-cost");
      await reader.click("#lab-1-shape");
      await reader.expect(/units=7/, text, "layer-lab .lab-picture");
    },
  ],
  [
    "the lab, and its link",
    async (reader) => {
      await reader.open("/lab/#lab&layer=GRU");
      await reader.turnViews("GRU");
      await reader.driver.evaluate(() => {
        const picker = [...document.querySelectorAll("layer-lab select")].find((select) =>
          [...select.options].some(({ value }) => value === "MaxPooling2D"),
        );
        picker.value = "MaxPooling2D";
        for (const type of ["input", "change"]) picker.dispatchEvent(new Event(type, { bubbles: true }));
      });
      await reader.expect(/layer=MaxPooling2D&/, () => location.hash);
      await reader.turnViews("MaxPooling2D");
    },
  ],
  [
    "the keyboard alone",
    async (reader) => {
      await reader.open(DENSE);
      await reader.type("#live-1", "n = 2");
      await reader.driver.press("Escape");
      await reader.driver.press("Tab");
      await reader.expect("run", focused);
      await reader.driver.press("Enter");
      await reader.expect("stop", focused);
      await reader.ended("#live-1");
      await reader.expect("run", focused);
      await reader.type("#live-2", "n * 21");
      await reader.driver.press("Control+Enter");
      await reader.expect("42\n", text, "#live-2 .value");
      await reader.expect("n * 21", text, "#live-2 .cm-line");
    },
  ],
  [
    "what the reader wrote is there after a reload",
    async (reader) => {
      await reader.open(DENSE);
      await reader.type("#live-1", "6 * 7");
      await reader.driver.go(reader.hosts.plain + DENSE);
      await reader.driver.evaluate(scroll, "#live-1");
      await reader.expect("6 * 7", text, "#live-1 .cm-line");
      await reader.click("#live-1 button[name=run]");
      await reader.expect("42\n", text, "#live-1 .value");
    },
  ],
  [
    "search",
    async (reader) => {
      await reader.open("/");
      await reader.click(".md-search__input");
      await reader.driver.type("mask_zero");
      const first = () => document.querySelector(".md-search-result__item a")?.pathname ?? "";
      await reader.expect("/layers/embeddings/Embedding/", first);
    },
  ],
  [
    "the page for wrong addresses",
    async (reader) => {
      await reader.open("/layers/Conv2d");
      await reader.expect(/Conv2D 二维卷积层/, text, ".not-found a");
      await reader.click(".not-found a");
      await reader.expect("/layers/convolutional/Conv2D/", () => location.pathname);
    },
  ],
];
