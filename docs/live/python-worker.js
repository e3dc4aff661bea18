/** Pyodide: loads Python and the packages of a page, runs cells. */
import { incomplete, LoadError, watchFetch } from "./downloads.js";
import figures from "./figures.py";
import health from "./health.py";
import matplotlibrc from "./matplotlibrc";
import prerequisites from "./prerequisites.py";
import runner from "./runner.py";
import syntax from "./syntax.py";

/** @import {AskLab, Figure, FromWorker, Ping, Question, RunCell, Start, Text, ToWorker} from "./messages.js" */
/** @import {PyodideInterface} from "pyodide" */

const RUNTIME = new URL("../runtime/", import.meta.url).href;
const FONT = `${RUNTIME}fonts/NotoSansSC-subset.ttf`;
const LIBRARY = "/lib/live";
const FILES = {
  "figures.py": figures,
  "health.py": health,
  "prerequisites.py": prerequisites,
  "runner.py": runner,
  "syntax.py": syntax,
  matplotlibrc,
};

/** @typedef {{pyodide: PyodideInterface, page: any, damage: () => string, interrupt: Uint8Array | null}} Started */

/** @type {Promise<Started>} */
let python;
let jobs = Promise.resolve();
/** What the messages of runner.py are about. */
let running = { id: 0, cell: -1 };
/** Downloads that failed since the packages of a cell are being loaded. @type {LoadError[]} */
let failures = [];

// Kept from the reader's code, which may replace what belongs to `self`.
const post = self.postMessage.bind(self);
// Which could fill the page's ears.
self.postMessage = () => {};
// A closed worker would never say that its cell has ended: code awaits, and nothing wakes it.
self.close = () => {};
// A worker of the reader's would be held to no policy when started from an address of this host.
Reflect.deleteProperty(self, "Worker");
/** @param {FromWorker} message @param {Transferable[]} [transfer] */
const send = (message, transfer = []) => post(message, { transfer });
/** @param {string} text */
const progress = (text) => send({ type: "progress", text });

/** Its last line; Pyodide also throws what is no Error. @param {any} error */
const summary = (error) => String(error?.message ?? error).trim().split("\n").at(-1) ?? "";

self.addEventListener("message", (/** @type {MessageEvent<ToWorker>} */ { data }) => {
  if (data.type === "start") {
    python = start(data);
    python.catch((error) => send({ type: "lost", why: "load", loss: lossAtStart(error).loss }));
  } else if (data.type === "cancel") {
    python.then(cancel);
  } else {
    jobs = jobs.then(() => take(data));
  }
});

/** Python has ended itself, as by a stack that overflows: its job would have no end. @param {Event} event @param {any} error */
function collapse(event, error) {
  if (!error?.pyodide_fatal_error) return;
  event.preventDefault(); // the console need not repeat it
  send({ type: "lost", why: "crash", reason: summary(error) });
}
self.addEventListener("error", (event) => collapse(event, event.error));
self.addEventListener("unhandledrejection", (event) => collapse(event, event.reason));

/** Here Python runs no line: an interrupt would hit the wrong one. @param {Started} started */
function cancel({ page, interrupt }) {
  if (interrupt) interrupt[0] = 0;
  page.cancel();
}

/** @param {Ping | Question & {id: number}} job */
async function take(job) {
  if (job.type === "ping") return send({ type: "pong" });
  try {
    const started = await python;
    await (job.type === "run" ? run(started, job) : answer(started, job));
  } catch (error) {
    // What is no failed download comes from outside the reader's own lines: Python is broken.
    if (error instanceof LoadError) send({ type: "unloaded", id: job.id, loss: error.loss });
    else send({ type: "lost", why: "crash", reason: summary(error) });
  }
}

/** No code of the reader's has run: it is the files or the browser. @param {unknown} error */
function lossAtStart(error) {
  if (error instanceof LoadError) return error;
  if (error instanceof SyntaxError) return incomplete("pyodide-lock.json");
  const reason = `没有下载完整，或者浏览器不能运行它（${summary(error)}）`;
  return new LoadError({ part: "运行环境", reason, network: true });
}

/** @param {Start} options */
async function start({ interrupt, reload }) {
  progress("下载 Python 运行环境…");
  const failed = failure(reload);
  const downloads = watchDownloads();
  const { loadPyodide } = await import(`${RUNTIME}pyodide.mjs`).catch(() => {
    throw incomplete("pyodide.mjs");
  });
  /** @type {Promise<PyodideInterface>} */
  const loaded = loadPyodide({
    indexURL: RUNTIME,
    env: { HOME: "/home/pyodide", MATPLOTLIBRC: `${LIBRARY}/matplotlibrc` },
  });
  const pyodide = await Promise.race([failed, loaded]);
  downloads.disconnect();
  pyodide.FS.mkdirTree(LIBRARY);
  for (const [name, text] of Object.entries(FILES)) pyodide.FS.writeFile(`${LIBRARY}/${name}`, text);
  pyodide.runPython("import sys; sys.path.append('/lib')");
  const page = pyodide.pyimport("live.runner").Page(forward);
  const { damage } = pyodide.pyimport("live.health");
  if (interrupt) pyodide.setInterruptBuffer(interrupt);
  return { pyodide, page, damage, interrupt };
}

/**
 * Pyodide waits for ever when one of its own files is missing or damaged; here that is an error.
 * @param {boolean} reload
 * @returns {Promise<never>}
 */
function failure(reload) {
  const { instantiateStreaming } = WebAssembly;
  return new Promise((_, reject) => {
    watchFetch(RUNTIME, reload, (error) => {
      failures.push(error);
      reject(error);
    });
    WebAssembly.instantiateStreaming = async (source, imports) => {
      try {
        const program = await instantiateStreaming(source, imports);
        progress("启动 Python…");
        return program;
      } catch (error) {
        reject(error instanceof WebAssembly.CompileError ? incomplete("pyodide.asm.wasm") : error);
        throw error;
      }
    };
  });
}

/** Says how much of Python itself has come. */
function watchDownloads() {
  let bytes = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      bytes += /** @type {PerformanceResourceTiming} */ (entry).encodedBodySize;
    }
    progress(`下载 Python 运行环境… ${(bytes / 1e6).toFixed(1)} MB`);
  });
  observer.observe({ type: "resource" });
  return observer;
}

/** What runner.py sends about the cell that runs. @param {any} message */
function forward(message) {
  const sent = /** @type {(Text | Figure) & {id: number}} */ ({
    ...message.toJs({ dict_converter: Object.fromEntries }),
    ...running,
  });
  send(sent, sent.type === "figure" && sent.png ? [sent.png.buffer] : []);
}

/**
 * The packages that a cell imports, and theirs. Pyodide's own search takes a package for complete
 * whose dependencies did not come.
 * @param {PyodideInterface} pyodide
 * @param {string} source
 */
function packagesFor({ pyodide_py, lockfile }, source) {
  /** @type {string[]} */
  const imports = pyodide_py.code.find_imports(source).toJs();
  const { packages } = lockfile;
  const wanted = new Set(
    Object.keys(packages).filter((name) => packages[name].imports.some((module) => imports.includes(module))),
  );
  // A set's iteration visits what is added on the way.
  for (const name of wanted) packages[name].depends.forEach((other) => wanted.add(other));
  return [...wanted].map((name) => packages[name].name);
}

/** Load the packages that a cell imports. @param {PyodideInterface} pyodide @param {string} source */
async function load(pyodide, source) {
  const wanted = packagesFor(pyodide, source);
  const missing = wanted.filter((name) => !(name in pyodide.loadedPackages));
  if (missing.length) await loadPackages(pyodide, missing);
  const font = `${LIBRARY}/font.ttf`;
  if (wanted.includes("matplotlib") && !pyodide.FS.analyzePath(font).exists) {
    progress("载入中文字体…");
    const response = await self.fetch(FONT);
    const bytes = await response.arrayBuffer().catch(() => {
      throw incomplete("中文字体");
    });
    pyodide.FS.writeFile(font, new Uint8Array(bytes));
  }
}

/** @param {PyodideInterface} pyodide @param {string[]} names */
async function loadPackages(pyodide, names) {
  /** @type {string[]} */
  const errors = [];
  failures = [];
  await pyodide.loadPackage(names, {
    messageCallback: (text) => {
      if (text.startsWith("Loading ")) progress(`载入 ${text.slice("Loading ".length)}…`);
    },
    errorCallback: (text) => errors.push(text),
  });
  const [first] = failures;
  const lost = names.filter((name) => !(name in pyodide.loadedPackages));
  if (first) throw new LoadError({ ...first.loss, part: lost.join("、") });
  if (errors.length) throw new Error(errors.join("\n"));
}

/** @param {Started} started @param {RunCell & {id: number}} job */
async function run({ pyodide, page, damage }, { id, sources, labels, target, scale }) {
  const [texts, files] = [pyodide.toPy(sources), pyodide.toPy(labels)];
  const before = page.missing(texts, target).toJs();
  send({ type: "plan", id, before });
  for (const cell of [...before, target]) {
    await load(pyodide, page.imports(sources[cell]));
    running = { id, cell };
    send({ type: "begin", id, cell });
    const error = (await page.run(texts, files, cell, scale))?.toJs({ dict_converter: Object.fromEntries });
    send({ type: "end", id, cell, error: error ?? null, damage: damage() });
    if (error) return send({ type: "finished", id, failed: cell });
  }
  send({ type: "finished", id, failed: null });
}

/** @param {Started} started @param {AskLab & {id: number}} job */
async function answer({ pyodide }, { id, request }) {
  await load(pyodide, "import labkit");
  send({ type: "answer", id, text: pyodide.pyimport("labkit.diagrams.panel").answer(request) });
  send({ type: "finished", id, failed: null });
}
