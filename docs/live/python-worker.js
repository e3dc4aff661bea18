/** Pyodide: loads Python and the packages of a page, runs cells. */
import figures from "./figures.py";
import matplotlibrc from "./matplotlibrc";
import prerequisites from "./prerequisites.py";
import runner from "./runner.py";
import syntax from "./syntax.py";

/** @import {AskLab, Figure, FromWorker, RunCell, Start, Text, ToWorker} from "./messages.js" */
/** @import {PyodideInterface} from "pyodide" */

const RUNTIME = new URL("../runtime/", import.meta.url).href;
const FONT = `${RUNTIME}fonts/NotoSansSC-subset.ttf`;
const LIBRARY = "/lib/live";
const FILES = { "figures.py": figures, "prerequisites.py": prerequisites, "runner.py": runner, "syntax.py": syntax, matplotlibrc };

/** @type {Promise<{pyodide: PyodideInterface, page: any}>} */
let python;
let jobs = Promise.resolve();
/** What the messages of runner.py are about. */
let running = { id: 0, cell: -1 };

/** @param {FromWorker} message @param {Transferable[]} [transfer] */
const send = (message, transfer = []) => self.postMessage(message, { transfer });
/** @param {string} text */
const progress = (text) => send({ type: "progress", text });

/** @param {"load" | "crash"} why @param {any} error  Pyodide also throws what is no Error */
const lost = (why, error) => send({ type: "lost", why, reason: error?.message ?? String(error) });

/** @param {MessageEvent<ToWorker>} event */
self.onmessage = ({ data }) => {
  if (data.type === "start") {
    python = start(data);
    python.catch((error) => lost("load", error));
  } else {
    jobs = jobs.then(() => (data.type === "run" ? run(data) : answer(data)));
  }
};

/** @param {Start} options */
async function start({ interrupt, reload }) {
  progress("下载 Python 运行环境…");
  const failed = failure(reload);
  const downloads = watchDownloads();
  const { loadPyodide } = await import(`${RUNTIME}pyodide.mjs`);
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
  if (interrupt) pyodide.setInterruptBuffer(interrupt);
  return { pyodide, page };
}

/**
 * Pyodide waits for ever when one of its own files is missing or damaged; here that is an error.
 * @param {boolean} reload
 * @returns {Promise<never>}
 */
function failure(reload) {
  const { fetch } = self;
  const { instantiateStreaming } = WebAssembly;
  return new Promise((_, reject) => {
    self.fetch = async (file, options) => {
      const response = await fetch(file, reload ? { ...options, cache: "reload" } : options);
      if (!response.ok) reject(new Error(`${file}: HTTP ${response.status}`));
      return response;
    };
    WebAssembly.instantiateStreaming = async (source, imports) => {
      try {
        const program = await instantiateStreaming(source, imports);
        progress("启动 Python…");
        return program;
      } catch (error) {
        reject(error);
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

/** Load the packages that a cell imports. @param {PyodideInterface} pyodide @param {string} source */
async function load(pyodide, source) {
  /** @type {string[]} */
  const errors = [];
  await pyodide.loadPackagesFromImports(source, {
    messageCallback: (text) => {
      if (text.startsWith("Loading ")) progress(`载入 ${text.slice("Loading ".length)}…`);
    },
    errorCallback: (text) => errors.push(text),
  });
  if (errors.length) throw new Error(errors.join("\n"));
  const font = `${LIBRARY}/font.ttf`;
  if ("matplotlib" in pyodide.loadedPackages && !pyodide.FS.analyzePath(font).exists) {
    progress("载入中文字体…");
    const response = await fetch(FONT);
    if (!response.ok) throw new Error(`${FONT}: HTTP ${response.status}`);
    pyodide.FS.writeFile(font, new Uint8Array(await response.arrayBuffer()));
  }
}

/** @param {RunCell & {id: number}} job */
async function run({ id, sources, labels, target, scale }) {
  let loading = true;
  try {
    const { pyodide, page } = await python;
    const [texts, files] = [pyodide.toPy(sources), pyodide.toPy(labels)];
    const before = page.missing(texts, target).toJs();
    send({ type: "plan", id, before });
    for (const cell of [...before, target]) {
      loading = true;
      await load(pyodide, page.imports(sources[cell]));
      loading = false;
      running = { id, cell };
      send({ type: "begin", id, cell });
      const error = (await page.run(texts, files, cell, scale))?.toJs({ dict_converter: Object.fromEntries });
      send({ type: "end", id, cell, error: error ?? null });
      if (error) return send({ type: "finished", id, failed: cell });
    }
    send({ type: "finished", id, failed: null });
  } catch (error) {
    lost(loading ? "load" : "crash", error);
  }
}

/** @param {AskLab & {id: number}} job */
async function answer({ id, request }) {
  let loading = true;
  try {
    const { pyodide } = await python;
    await load(pyodide, "import labkit");
    loading = false;
    send({ type: "answer", id, text: pyodide.pyimport("labkit.diagrams.panel").answer(request) });
    send({ type: "finished", id, failed: null });
  } catch (error) {
    lost(loading ? "load" : "crash", error);
  }
}
