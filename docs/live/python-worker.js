/** Pyodide: loads Python and the packages of a page, runs cells. */
import { Arrivals } from "./arrivals.js";
import { Downloads, LoadError } from "./downloads.js";
import { Lifeline } from "./lifeline.js";
import figures from "./figures.py";
import health from "./health.py";
import matplotlibrc from "./matplotlibrc";
import modelCode from "./model_code.py";
import modelData from "./model_data.py";
import prerequisites from "./prerequisites.py";
import runner from "./runner.py";
import { CORE, likelyModules, lock, nameOf, partsFor, PLACES, PROGRAM } from "./runtime-files.js";
import syntax from "./syntax.py";

/** @import {AskLab, Figure, FromWorker, Lost, Ping, Question, RunCell, Start, Text, ToWorker} from "./messages.js" */
/** @import {PyodideInterface} from "pyodide" */

const RUNTIME = new URL("../runtime/", import.meta.url).href;
const LIBRARY = "/lib/live";
const START = "启动 Python…";
const UNPACK = "装入用到的包…";
const FILES = {
  "figures.py": figures,
  "health.py": health,
  "model_code.py": modelCode,
  "model_data.py": modelData,
  "prerequisites.py": prerequisites,
  "runner.py": runner,
  "syntax.py": syntax,
  matplotlibrc,
};

/** @typedef {{pyodide: PyodideInterface, page: any, damage: () => string, interrupt: Uint8Array | Lifeline}} Started */

/** @type {Promise<Started>} */
let python;
let up = false;
let jobs = Promise.resolve();
/** What the messages of runner.py are about. */
let running = { id: 0, cell: -1 };

// Kept from the reader's code, which may replace what belongs to `self`.
const post = self.postMessage.bind(self);
// Which could fill the page's ears.
self.postMessage = () => {};
// A closed worker would never say that its cell has ended: code awaits, and nothing wakes it.
self.close = () => {};
// As in a module: Pyodide runs in no other worker, and asks by this.
Object.assign(self, {
  importScripts() {
    throw new TypeError("a module has no importScripts");
  },
});
// A worker of the reader's would be held to no policy when started from an address of this host.
Reflect.deleteProperty(self, "Worker");
/** @param {FromWorker} message @param {Transferable[]} [transfer] */
const send = (message, transfer = []) => post(message, { transfer });

const arrivals = new Arrivals((text, part) => send({ type: "progress", text, part }));
const downloads = new Downloads(RUNTIME, arrivals);

/** Its last line; Pyodide also throws what is no Error. @param {any} error */
const summary = (error) => String(error?.message ?? error).trim().split("\n").at(-1) ?? "";

self.addEventListener("message", (/** @type {MessageEvent<ToWorker>} */ { data }) => {
  if (data.type === "start") {
    python = start(data);
    python.catch((error) => send(lostAtStart(error)));
  } else if (data.type === "stop") {
    python.then(stop);
  } else if (data.type === "cancel") {
    downloads.cancel(data);
  } else {
    if (data.type !== "ping" && !up) expectPackages(data);
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
function stop({ page, interrupt }) {
  if (interrupt instanceof Lifeline) interrupt.drop();
  else interrupt[0] = 0;
  page.cancel();
}

/** @param {Ping | Question & {id: number, lifeline: string}} job */
async function take(job) {
  if (job.type === "ping") return send({ type: "pong" });
  try {
    const started = await python;
    if (started.interrupt instanceof Lifeline) started.interrupt.hold(job.lifeline);
    await (job.type === "run" ? run(started, job) : answer(started, job));
  } catch (error) {
    // What is no failed download comes from outside the reader's own lines: Python is broken.
    if (error instanceof LoadError) send({ type: "unloaded", id: job.id, loss: error.loss });
    else send({ type: "lost", why: "crash", reason: summary(error) });
  }
  arrivals.reset();
}

/** A guess, before Python can read the code: how much is to come should be known from the start. @param {Question} job */
function expectPackages(job) {
  const sources = job.type === "run" ? job.sources.slice(0, job.target + 1).map(sourceOf(job)) : ["import labkit"];
  arrivals.expect([...CORE, ...partsFor(sources.flatMap(likelyModules))], START);
}

/** What loads what the cell needs. @param {RunCell} job */
const sourceOf = ({ models }) => (/** @type {string} */ source, /** @type {number} */ cell) => (models.includes(cell) ? "import labkit" : source);

/** No code of the reader's has run: it is the files or the browser. @param {unknown} error @returns {Lost} */
function lostAtStart(error) {
  if (error instanceof LoadError) return { type: "lost", why: "load", loss: error.loss };
  return { type: "lost", why: "start", reason: summary(error) };
}

/** @param {Start} options */
async function start({ interrupt }) {
  if (!("WebAssembly" in self)) throw new Error("没有 WebAssembly，可能被浏览器的安全设置关掉了");
  arrivals.expect(CORE, START);
  downloads.serve();
  /** Pyodide waits for ever when one of its own files does not come. @type {Promise<never>} */
  const failed = new Promise((_, reject) => downloads.failed = reject);
  const pyodide = await Promise.race([failed, load()]);
  pyodide.FS.mkdirTree(LIBRARY);
  for (const [name, text] of Object.entries(FILES)) pyodide.FS.writeFile(`${LIBRARY}/${name}`, text);
  pyodide.runPython("import sys; sys.path.append('/lib')");
  const page = pyodide.pyimport("live.runner").Page(forward);
  const { damage } = pyodide.pyimport("live.health");
  const lifeline = new Lifeline();
  pyodide.setInterruptBuffer(/** @type {any} */ (interrupt ?? lifeline));
  up = true;
  return { pyodide, page, damage, interrupt: interrupt ?? lifeline };
}

/** Pyodide, out of files that have been checked. @returns {Promise<PyodideInterface>} */
async function load() {
  const program = downloads.use(PROGRAM, (response) => WebAssembly.compileStreaming(response));
  const glue = downloads.module("pyodide.asm.mjs");
  for (const file of [program, glue]) file.catch(() => {}); // told by `failed`
  WebAssembly.instantiateStreaming = async (_, imports) => {
    const module = /** @type {WebAssembly.Module} */ ((await program).begun);
    return { module, instance: await WebAssembly.instantiate(module, imports) };
  };
  const { loadPyodide } = await downloads.module("pyodide.mjs");
  return loadPyodide({
    indexURL: RUNTIME,
    packageBaseUrl: RUNTIME,
    lockFileContents: lock,
    createPyodideModule: async (/** @type {any} */ settings) => (await glue).default(settings),
    env: { HOME: "/home/pyodide", MATPLOTLIBRC: `${LIBRARY}/matplotlibrc` },
  });
}

/** What runner.py sends about the cell that runs. @param {any} message */
function forward(message) {
  const sent = /** @type {(Text | Figure) & {id: number}} */ ({
    ...message.toJs({ dict_converter: Object.fromEntries }),
    ...running,
  });
  send(sent, sent.type === "figure" && sent.png ? [sent.png.buffer] : []);
}

/** What is not there yet of what these modules need. @param {PyodideInterface} pyodide @param {string[]} modules */
function missing({ FS, loadedPackages }, modules) {
  const loaded = Object.keys(loadedPackages);
  return partsFor(modules).filter((part) => (part in PLACES ? !FS.analyzePath(PLACES[part]).exists : !loaded.includes(nameOf(part))));
}

/** Load the packages of these modules, and the files that they read. @param {PyodideInterface} pyodide @param {string[]} modules */
async function prepare(pyodide, modules) {
  const parts = missing(pyodide, modules);
  const names = parts.filter((part) => !(part in PLACES)).map(nameOf);
  const files = parts.filter((part) => part in PLACES).map((part) => ({ place: PLACES[part], bytes: downloads.get(part) }));
  for (const { bytes } of files) bytes.catch(() => {}); // told by `await`, below
  try {
    if (names.length) await loadPackages(pyodide, names);
    for (const { place, bytes } of files) {
      const content = await bytes;
      pyodide.FS.mkdirTree(place.slice(0, place.lastIndexOf("/")));
      pyodide.FS.writeFile(place, content);
    }
  } catch (error) {
    downloads.cancel({ reason: "", network: false }); // nobody waits for the files now
    throw error;
  }
}

/** @param {PyodideInterface} pyodide @param {string[]} names */
async function loadPackages(pyodide, names) {
  /** @type {string[]} */
  const errors = [];
  /** @type {LoadError[]} */
  const failures = [];
  downloads.failed = (error) => failures.push(error);
  await pyodide.loadPackage(names, { messageCallback: () => {}, errorCallback: (text) => errors.push(text) });
  const lost = names.filter((name) => !(name in pyodide.loadedPackages));
  const first = failures.find(({ loss }) => lost.includes(loss.part));
  if (first) throw new LoadError({ ...first.loss, part: lost.length > 3 ? `${lost[0]} 等 ${lost.length} 个包` : lost.join("、") });
  if (errors.length) throw new Error(errors.join("\n"));
}

/** @param {Started} started @param {RunCell & {id: number}} job */
async function run({ pyodide, page, damage }, { id, sources, labels, target, models, scale }) {
  const [texts, files] = [pyodide.toPy(sources), pyodide.toPy(labels)];
  const before = page.missing(texts, target).toJs();
  send({ type: "plan", id, before });
  const cells = [...before, target];
  /** @type {string[][]} */
  const modules = cells.map((cell) => {
    // What else a script for Keras imports is left out.
    if (models.includes(cell)) return ["labkit"];
    const imported = pyodide.pyodide_py.code.find_imports(page.imports(sources[cell])).toJs();
    return [...imported, ...page.datasets(sources[cell]).toJs()];
  });
  arrivals.expect(missing(pyodide, modules.flat()), UNPACK);
  for (const [i, cell] of cells.entries()) {
    await prepare(pyodide, modules[i]);
    running = { id, cell };
    send({ type: "begin", id, cell });
    const error = (await page.run(texts, files, cell, scale, models.includes(cell)))?.toJs({ dict_converter: Object.fromEntries });
    send({ type: "end", id, cell, error: error ?? null, damage: damage() });
    if (error) return send({ type: "finished", id, failed: cell });
  }
  send({ type: "finished", id, failed: null });
}

/** @param {Started} started @param {AskLab & {id: number}} job */
async function answer({ pyodide }, { id, request }) {
  const modules = ["labkit", ...(JSON.parse(request).needs ?? [])];
  arrivals.expect(missing(pyodide, modules), UNPACK);
  await prepare(pyodide, modules);
  send({ type: "answer", id, text: pyodide.pyimport("labkit.diagrams.panel").answer(request) });
  send({ type: "finished", id, failed: null });
}
