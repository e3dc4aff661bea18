// Byte-compiles a folder of Python sources with Pyodide's own Python:
//   node compile.mjs FOLDER beside    → x.pyc beside x.py, importable without x.py
//   node compile.mjs FOLDER cached    → __pycache__/x.cpython-314.pyc, used with x.py
// FOLDER holds one folder per wheel, each of which becomes part of site-packages.
import { loadPyodide } from "pyodide";

const [folder, layout] = process.argv.slice(2);
const python = await loadPyodide();
python.mountNodeFS("/mnt/wheels", folder);
python.globals.set("beside", layout === "beside");
// Unchecked: the file system that a wheel is unpacked into keeps no times to check against.
const compiled = python.runPython(`
import compileall, pathlib, py_compile, site

all([
    compileall.compile_dir(
        wheel,
        legacy=beside,
        quiet=1,
        stripdir=wheel,
        prependdir=site.getsitepackages()[0],
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    for wheel in pathlib.Path("/mnt/wheels").iterdir()
])
`);
process.exit(compiled ? 0 : 1);
