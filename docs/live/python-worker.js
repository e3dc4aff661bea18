/** Pyodide: loads Python and the packages of a page, runs cells. */
import cells from "./cells.py";
import figures from "./figures.py";
import matplotlibrc from "./matplotlibrc";
import runner from "./runner.py";

/** @import {Figure, FromWorker, RunCell, Start, Text, ToWorker} from "./messages.js" */
/** @import {Lockfile, PyodideInterface} from "pyodide" */

const RUNTIME = new URL("../runtime/", import.meta.url).href;
const FONT = "fonts/NotoSansSC-subset.ttf";
const LIBRARY = "/lib/live";
const FILES = { "cells.py": cells, "figures.py": figures, "runner.py": runner, matplotlibrc };

/** @type {Promise<{pyodide: PyodideInterface, page: any}>} */
let python;
let jobs = Promise.resolve();
let running = -1;

/** @param {FromWorker} message @param {Transferable[]} [transfer] */
const send = (message, transfer = []) => self.postMessage(message, { transfer });
/** @param {string} text */
const progress = (text) => send({ type: "progress", text });

/** @param {MessageEvent<ToWorker>} event */
self.onmessage = ({ data }) => {
  if (data.type === "start") {
    python = start(data);
    python.catch((error) => send({ type: "lost", why: "load", reason: String(error) }));
  } else {
    jobs = jobs.then(() => run(data));
  }
};

/** @param {string} file */
async function download(file) {
  const response = await fetch(RUNTIME + file);
  if (!response.ok) throw new Error(`${file}: HTTP ${response.status}`);
  return response;
}

/** @param {Start} options */
async function start({ imports, interrupt }) {
  progress("下载 Python 运行环境…");
  const lock = /** @type {Lockfile} */ (await (await download("pyodide-lock.json")).json());
  const packages = Object.values(lock.packages)
    .filter((known) => known.imports.some((name) => imports.includes(name)))
    .map((known) => known.name);
  const { loadPyodide } = await import(`${RUNTIME}pyodide.mjs`);
  /** @type {PyodideInterface} */
  const pyodide = await loadPyodide({
    indexURL: RUNTIME,
    lockFileContents: lock,
    packageBaseUrl: RUNTIME,
    env: { HOME: "/home/pyodide", MATPLOTLIBRC: `${LIBRARY}/matplotlibrc` },
  });
  await load(pyodide, (options) => pyodide.loadPackage(packages, options));
  pyodide.FS.mkdirTree(LIBRARY);
  for (const [name, text] of Object.entries(FILES)) pyodide.FS.writeFile(`${LIBRARY}/${name}`, text);
  pyodide.runPython("import sys; sys.path.append('/lib')");
  const page = pyodide.pyimport("live.runner").Page(forward);
  if (interrupt) pyodide.setInterruptBuffer(interrupt);
  return { pyodide, page };
}

/** What runner.py sends about the cell that runs. @param {any} message */
function forward(message) {
  const sent = /** @type {Text | Figure} */ ({
    ...message.toJs({ dict_converter: Object.fromEntries }),
    cell: running,
  });
  send(sent, sent.type === "figure" && sent.png ? [sent.png.buffer] : []);
}

/**
 * @param {PyodideInterface} pyodide
 * @param {(options: {messageCallback: (text: string) => void, errorCallback: (text: string) => void}) => Promise<unknown>} job
 */
async function load(pyodide, job) {
  /** @type {string[]} */
  const errors = [];
  await job({
    messageCallback: (text) => {
      if (text.startsWith("Loading ")) progress(`载入 ${text.slice("Loading ".length)}…`);
    },
    errorCallback: (text) => errors.push(text),
  });
  if (errors.length) throw new Error(errors.join("\n"));
  const font = `${LIBRARY}/font.ttf`;
  if ("matplotlib" in pyodide.loadedPackages && !pyodide.FS.analyzePath(font).exists) {
    progress("载入中文字体…");
    pyodide.FS.mkdirTree(LIBRARY);
    pyodide.FS.writeFile(font, new Uint8Array(await (await download(FONT)).arrayBuffer()));
  }
}

/** @param {RunCell} job */
async function run({ sources, labels, target, scale }) {
  let loading = true;
  try {
    const { pyodide, page } = await python;
    const [texts, files] = [pyodide.toPy(sources), pyodide.toPy(labels)];
    const before = page.missing(texts, target).toJs();
    send({ type: "plan", before });
    for (running of [...before, target]) {
      loading = true;
      await load(pyodide, (options) => pyodide.loadPackagesFromImports(sources[running], options));
      loading = false;
      send({ type: "begin", cell: running });
      const error = page.run(texts, files, running, scale)?.toJs({ dict_converter: Object.fromEntries });
      send({ type: "end", cell: running, error: error ?? null });
      if (error) return send({ type: "finished", failed: running });
    }
    send({ type: "finished", failed: null });
  } catch (error) {
    send({ type: "lost", why: loading ? "load" : "crash", reason: String(error) });
  }
}
