/** The files of the runtime, as the build has left them: what each is called, which ones a cell needs. */
import files from "../../.cache/runtime/files.json";
import lock from "../../.cache/runtime/pyodide-lock.json";

/** @typedef {{size: number, sha256: string}} File */
/** @typedef {{name: string, file_name: string, imports: string[], depends: string[]}} Package */

export { lock };
export const FILES = /** @type {Record<string, File>} */ (files);
export const PROGRAM = "pyodide.asm.wasm";
export const CORE = ["pyodide.mjs", "pyodide.asm.mjs", PROGRAM, "python_stdlib.zip"];
/** What belongs to a place among Python's files, and where. @type {Record<string, string>} */
export const PLACES = {
  "fonts/NotoSansSC-subset.ttf": "/lib/live/font.ttf",
  // Where Keras keeps it.
  "datasets/mnist.npz": "/home/pyodide/.keras/datasets/mnist.npz",
};
const [FONT, MNIST] = Object.keys(PLACES);

const PACKAGES = /** @type {Record<string, Package>} */ (lock.packages);

/** What the reader is told that a file is. @param {string} part */
export function nameOf(part) {
  if (part === FONT) return "中文字体";
  if (part === MNIST) return "MNIST";
  return Object.values(PACKAGES).find((one) => one.file_name === part)?.name ?? part;
}

/**
 * The packages of these modules, and theirs. Pyodide's own search takes a package for complete
 * whose dependencies did not come.
 * @param {string[]} modules
 */
function packagesFor(modules) {
  const wanted = new Set(Object.keys(PACKAGES).filter((name) => PACKAGES[name].imports.some((module) => modules.includes(module))));
  // A set's iteration visits what is added on the way.
  for (const name of wanted) PACKAGES[name].depends.forEach((other) => wanted.add(other));
  return [...wanted].map((name) => PACKAGES[name]);
}

/** What to load for these modules, of which `mnist` is a data set. @param {string[]} modules */
export function partsFor(modules) {
  const packages = packagesFor(modules);
  const drawn = packages.some(({ name }) => name === "matplotlib");
  return [...packages.map((one) => one.file_name), ...(drawn ? [FONT] : []), ...(modules.includes("mnist") ? [MNIST] : [])];
}

/** Before Python can read the code. @param {string} source */
export function likelyModules(source) {
  const modules = [...source.matchAll(/^\s*(?:import|from)\s+(\w+)/gm)].map(([, name]) => name);
  return /\bmnist\b/.test(source) ? [...modules, "mnist"] : modules;
}
