// Runs the tests in the readers' own Python: node tests/in_pyodide.mjs tests [pytest's options]
// labkit is the wheel that the site brings; only the tests and what they read come from the checkout.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const runtime = `${root}.cache/runtime/`;
const { loadPyodide } = await import(`${runtime}pyodide.mjs`);
const python = await loadPyodide({
  indexURL: runtime,
  env: {
    HOME: "/home/pyodide",
    MPLBACKEND: "agg", // Pyodide's own asks for a window
    PYTEST_DISABLE_PLUGIN_AUTOLOAD: "1",
    PYTHONDONTWRITEBYTECODE: "1", // the folders are the checkout's
  },
});
await python.loadPackage(["labkit", "matplotlib"], { messageCallback() {} });
for (const folder of ["docs", "tests"]) python.mountNodeFS(`/labkit/${folder}`, root + folder);
python.mountNodeFS("/packages", `${root}.cache/pyodide-packages`);
for (const file of ["pyproject.toml", "README.md"]) {
  python.FS.writeFile(`/labkit/${file}`, readFileSync(root + file));
}
// Where docs/live/runtime-files.js puts it.
python.FS.mkdirTree("/home/pyodide/.keras/datasets");
python.FS.writeFile("/home/pyodide/.keras/datasets/mnist.npz", readFileSync(`${runtime}datasets/mnist.npz`));
let running = "";
process.exitCode = 1;
try {
  python.globals.set("started", (/** @type {string} */ id) => void (running = id));
  python.globals.set("arguments", python.toPy(process.argv.slice(2)));
  process.exitCode = python.runPython(`
import os, sys
os.chdir("/labkit")
sys.path[:0] = ["/labkit", "/packages"]
from tests.in_pyodide import main
main(started, *arguments)
`);
} catch (error) {
  // Without its stack, which is the whole of Pyodide in one line.
  console.log(`${error}\nFAILED ${running} - Pyodide stopped here`);
}
