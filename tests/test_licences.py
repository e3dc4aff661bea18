"""Third-party licences: the page, the texts, and what the built site really holds."""

import importlib.metadata
import json
import re
import subprocess
from fnmatch import fnmatch
from html import unescape
from pathlib import Path

import markdown
import pytest
from packaging.licenses import canonicalize_license_expression

from docs.tools import licences
from docs.tools.reference import BlockError
from tests.browser import SITE
from tests.fences import ROOT
from tests.test_runtime import run_in_pyodide

PAGE = SITE / "third-party/index.html"
BUNDLE = ROOT / ".cache/bundle.json"
THEME = Path(str(importlib.metadata.distribution("mkdocs-material").locate_file("material")))
ICON_SETS = licences.ICONS | {"simple": "Simple Icons"}  # all that the theme brings
OUR_FILES = [
    *("*.html", "search/search_index.json", "sitemap.xml", "sitemap.xml.gz", "images/favicon.svg"),
    *(
        "stylesheets/*.css",
        "live/live-code.css",
        "live/layer-lab.css",
        "live/model-view.css",
        "licences/*.txt",
    ),
    *("_headers", "hosting/*.conf"),
    *("runtime/labkit-*.whl", "runtime/pyodide-lock.json", "runtime/files.json"),
    "live/openings/*.json",
]
# What stands in these is found out below.
OTHERS_FILES = [
    *("assets/*", "katex/katex.css", "katex/fonts/KaTeX_*.woff2", "live/*.js"),
    *(
        "runtime/*.whl",
        "runtime/pyodide.*",
        "runtime/python_stdlib.zip",
        "runtime/fonts/NotoSansSC-*",
        "runtime/datasets/mnist.npz",
        "runtime/datasets/samples.json",
    ),
]


def site_files():
    assert PAGE.exists(), "make site comes first"
    return [path for path in SITE.rglob("*") if path.is_file()]


def listed():
    """name: (version, licence, file of the text) of every entry of the page."""
    entries = re.findall(
        r'<dt><code>([^<]+)</code> <span class="facts">([^<·]+) · ([^<·]+) · '
        r'<a href="([^"]+)">全文</a></span></dt>',
        PAGE.read_text(),
    )
    return {
        name: (version, licence, (PAGE.parent / link).resolve())
        for name, version, licence, link in (map(unescape, entry) for entry in entries)
    }


def test_every_entry_of_the_page_is_read_here():
    assert len(listed()) == PAGE.read_text().count(">全文</a></span></dt>") > 30


# ---- what the site holds, found in its files ----


def wheels():
    """name: version of the wheels that are not ours."""
    names = [path.name.split("-") for path in (SITE / "runtime").glob("*.whl")]
    return {name.replace("_", "-"): version for name, version, *_ in names if name != "labkit"}


def bundled():
    """npm packages of which code stands in the scripts of live/."""
    outputs = json.loads(BUNDLE.read_text())["outputs"]
    scripts = {path.name for path in (SITE / "live").glob("*.js")}
    assert {Path(output).name for output in outputs} == scripts, "the list is of another bundle"
    inputs = [source for output in outputs.values() for source in output["inputs"].items()]
    used = [path for path, part in inputs if part["bytesInOutput"] and "node_modules/" in path]
    return {"/".join(path.split("/")[1 : 3 if "/@" in path else 2]) for path in used}


def in_theme():
    """npm packages in the theme's scripts and styles, by their source maps."""
    maps = list((SITE / "assets").rglob("*.map"))
    assert maps
    sources = [source for path in maps for source in json.loads(path.read_text())["sources"]]
    return {path.split("node_modules/")[1].split("/")[0] for path in sources if "_modules/" in path}


def icon_sets():
    """Sets that hold a path drawn by a page or a style of the theme."""
    folders = {path.name for path in (THEME / "templates/.icons").iterdir() if path.is_dir()}
    assert folders == set(ICON_SETS)
    drawn = re.compile(r"""<path[^>]* d=["']([^"']+)["']""")
    files = [*SITE.rglob("*.html"), *(SITE / "assets").rglob("*.css")]
    paths = {path for file in files for path in drawn.findall(file.read_text())}
    return {
        name
        for folder, name in ICON_SETS.items()
        for icon in (THEME / "templates/.icons" / folder).rglob("*.svg")
        if paths & set(drawn.findall(icon.read_text()))
    }


def fonts():
    paths = (SITE / "runtime/fonts").glob("*.ttf")
    return {licences.font_name(path, 1) for path in paths}


def data():
    """MNIST, and the photographs by the names of their files."""
    samples = json.loads((SITE / "runtime/datasets/samples.json").read_text())
    return {"MNIST"} | {f"{name}.jpg" for name in samples if not name.startswith("digit")}


def test_every_file_of_the_site_has_a_known_origin():
    files = [path.relative_to(SITE).as_posix() for path in site_files()]
    known = OUR_FILES + OTHERS_FILES
    assert [file for file in files if not any(fnmatch(file, kind) for kind in known)] == []
    assert [kind for kind in known if not any(fnmatch(file, kind) for file in files)] == []


def test_the_page_lists_exactly_what_the_site_holds():
    scripts = {path.name for path in (SITE / "assets/javascripts/lunr").rglob("*.js")}
    assert scripts == {f"lunr.{name}.min.js" for name in ("stemmer.support", "multi", "zh")}
    held = {
        *("pyodide", "CPython", "katex", "KaTeX fonts", "mkdocs-material", "lunr-languages"),
        *(wheels() | dict.fromkeys(bundled() | in_theme() | icon_sets() | fonts() | data())),
    }
    assert set(listed()) == held


def test_versions_and_licences_are_those_of_what_is_installed():
    found = {name: entry[:2] for name, entry in listed().items()}
    assert {name: found[name][0] for name in wheels()} == wheels()
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name in [*bundled(), "katex", "pyodide"]:
        package = locked[f"node_modules/{name}"]
        assert found[name] == (package["version"], package["license"])
    theme = f"\nmkdocs-material=={found['mkdocs-material'][0]} "
    assert theme in (ROOT / "constraints.txt").read_text()
    version = run_in_pyodide("import platform; platform.python_version()")
    assert found["CPython"][0] == version


@pytest.mark.parametrize("name", listed() if PAGE.exists() else [])
def test_licence_is_named_by_spdx_and_its_text_is_in_the_site(name):
    _, licence, file = listed()[name]
    assert canonicalize_license_expression(licence) == licence
    assert file.is_relative_to(SITE / "licences")
    text = file.read_text()
    assert len(text) > 500 and re.search("copyright|licen[cs]e", text, re.IGNORECASE)


PHRASES = {
    "MIT": "Permission is hereby granted, free of charge",
    "BSD-3-Clause": "Redistribution and use in source and binary forms",
    "Apache-2.0": "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
    "MPL-2.0": "Mozilla Public License Version 2.0",
    "MPL-1.1": "MOZILLA PUBLIC LICENSE",
    "OFL-1.1": "SIL OPEN FONT LICENSE Version 1.1",
    "Python-2.0": "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2",
    "PSF-2.0": "License agreement for matplotlib",
    "CC-BY-4.0": "Creative Commons Attribution 4.0 International Public License",
    "CC-BY-SA-3.0": "Attribution-ShareAlike 3.0 Unported",
    "CC-BY-2.0": "Creative Commons Attribution 2.0",
    "0BSD": "Permission to use, copy, modify, and/or distribute this software",
    "W3C-20150513": "W3C Software and Document",
    "MIT-CMU": "Permission to use, copy, modify and distribute this software",
}


@pytest.mark.parametrize("name", listed() if PAGE.exists() else [])
def test_text_is_that_of_the_licence(name):
    _, licence, file = listed()[name]
    text = " ".join(file.read_text().split())
    choices = [choice.split(" AND ")[0] for choice in licence.split(" OR ")]
    assert any(PHRASES[choice] in text for choice in choices)


def test_every_text_of_the_site_is_linked():
    texts = {path.name for path in (SITE / "licences").iterdir()}
    linked = {Path(link).name for link in re.findall(r'href="([^"]+\.txt)"', PAGE.read_text())}
    assert texts == linked


def test_every_kept_text_is_used():
    used = {name for names in licences.ADDED.values() for name in names} | set(listed())
    files = {licences.file_name(name) for name in used}
    assert {path.name for path in licences.KEPT.iterdir()} <= files


@pytest.mark.parametrize(
    ("name", "holders"),
    {
        "pyodide": ["Emscripten authors", "Rich Felker", "Anthony Green"],
        "CPython": ["HACL* Contributors", "Expat maintainers", "Stefan Krah", "Mark Adler"],
        "matplotlib": ["The FreeType Project", "Maxim Shemanarev", "Qhull", "Bitstream", "STI Pub"],
        "pillow": ["The FreeType Project", "Sam Leffler", "Google Inc", "Thomas G. Lane"],
        "contourpy": ["Wenzel Jakob"],
        "KaTeX fonts": ["Khan Academy", "Reserved Font Name KaTeX_Math"],
    }.items(),
)
def test_libraries_compiled_into_a_package_are_in_its_text(name, holders):
    text = listed()[name][2].read_text()
    assert [holder for holder in holders if holder not in text] == []


def test_legal_comments_survive_minifying(tmp_path):
    entry = tmp_path / "entry.js"
    entry.write_text("/*! @license by somebody */\n/* dropped */\nconsole.log(1);\n")
    subprocess.run(
        ["npm", "run", "--silent", "bundle", "--", entry, f"--outdir={tmp_path}/out"]
        + [f"--metafile={tmp_path}/meta.json"],
        cwd=ROOT,
        check=True,
    )
    [output] = (tmp_path / "out").rglob("entry.js")
    assert "@license by somebody" in output.read_text()
    assert "dropped" not in output.read_text()


# ---- the block ----

EDITOR = "\n".join(f"    {name}: 用途" for name in sorted(bundled())) if BUNDLE.exists() else ""


def convert(text):
    extensions = ["attr_list", "def_list", "md_in_html", "docs.tools.reference"]
    return markdown.markdown(text, extensions=extensions)


def test_block_shows_the_facts_of_the_package():
    version = json.loads((ROOT / "node_modules/style-mod/package.json").read_text())["version"]
    html = convert(f"::: licences editor\n{EDITOR}\n\n之后。")
    assert f'<dt><code>style-mod</code> <span class="facts">{version} · MIT · ' in html
    assert html.count("<dd>用途</dd>") == len(bundled())
    assert html.endswith("<p>之后。</p>")


@pytest.mark.parametrize(
    ("block", "cause"),
    [
        ("::: licences editors", "只能是 python、wheels"),
        (f"::: licences editor\n{EDITOR}\n    crelt: 用途", "多了 crelt"),
        ("::: licences font", "缺少 Noto Sans SC"),
        ("::: licences font\n    Noto Sans SC: 字体", "没有写明许可"),
        (f"::: licences editor\n{EDITOR.replace('style-mod:', 'style-mod (MIT):')}", "自己写明了"),
        ("::: licences font\n    Noto Sans SC", "应写成“名称: 用途”"),
    ],
)
def test_a_mistake_stops_the_build(block, cause):
    with pytest.raises(BlockError, match=cause):
        convert(block)


def test_a_package_without_a_text_stops_the_build():
    with pytest.raises(licences.LicenceError, match="请放进 docs/licences/nobody-x.txt"):
        _ = licences.Package("@nobody/x", "1", "MIT", {}).text
