"""Every Python fence of every page runs, and prints exactly its `#>` lines."""

import os
import re
import subprocess
import sys

import markdown
import pytest

from labkit.arguments.meanings import SHARED
from tests.fences import ROOT, fences, pages

LIVE_LINES, LIVE_WIDTH = 15, 72  # cells are read, and typed in, on phones


def run_page(page):
    # A fresh interpreter a page, as in the browser: layer names, seeds and settings start anew.
    return subprocess.run(
        [sys.executable, "-m", "tests.fences", page],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def relative(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", list(filter(fences, pages())), ids=relative)
def test_page_runs(page):
    result = run_page(page)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("page", pages(), ids=relative)
def test_live_cells_fit_a_phone(page):
    for fence in fences(page):
        if "live" in fence.classes:
            lines = fence.code.splitlines()
            typed = [line for line in lines if not line.startswith("#>")]
            place = f"{page}:{fence.line}"
            assert len(typed) <= LIVE_LINES, f"{place}: {len(typed)} lines"
            assert max(map(len, lines)) <= LIVE_WIDTH, f"{place}: wider than {LIVE_WIDTH}"


@pytest.mark.parametrize("page", pages(), ids=relative)
def test_exercises_are_complete(page):
    kinds = [
        kind
        for fence in fences(page)
        for kind in ("exercise", "check", "solution")
        if kind in fence.classes
    ]
    assert kinds == ["exercise", "check", "solution"] * (len(kinds) // 3)


@pytest.mark.parametrize("page", pages(), ids=relative)
def test_no_fence_is_missed(page):
    found = []

    def record(source, language, css_class, options, md, **_):
        found.append(source.strip())
        return ""

    recorder = {"name": "python", "class": "python", "format": record}
    markdown.markdown(
        page.read_text(),
        extensions=["attr_list", "pymdownx.details", "pymdownx.superfences"],
        extension_configs={"pymdownx.superfences": {"custom_fences": [recorder]}},
    )
    assert [fence.code.strip() for fence in fences(page)] == found


BROKEN = {
    "wrong output": "```python\n1 + 1  #> 3\n```\n",
    "forgotten output": "```{.python .live}\nprint('x')\n```\n",
    "exception": "```python\n1 / 0\n```\n",
    "warning": "```python\nimport warnings\nwarnings.warn('old')\n```\n",
    "inside a folded block": '??? tip "提示"\n\n    ```python\n    1 + 1  #> 3\n    ```\n',
    "wrong solution": (
        "```{.python .live .exercise}\ndef double(x): ...\n```\n\n"
        "```{.python .live .check}\nprint('通过' if double(2) == 4 else '不对')  #> 不对\n```\n\n"
        "```{.python .solution}\ndef double(x): return 3 * x\n```\n"
    ),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_broken_example_fails(text, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(text)
    result = run_page(page)
    assert result.returncode == 1
    assert f"{page}:" in result.stdout


def test_sound_example_passes(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(BROKEN["wrong solution"].replace("3 * x", "2 * x"))
    assert run_page(page).returncode == 0


def test_glossary_opens_with_the_meanings_that_help_shows():
    text = (ROOT / "docs/glossary.md").read_text()
    opened = dict(re.findall(r"^## (\w+)\n\n(.+)\n", text, re.MULTILINE))
    del opened["用词对照"]
    assert opened == SHARED


PLACE = re.compile(r"`((?:labkit|docs|tests)/[\w./-]+\.(?:py|js|md))(?::(\w+))?`")


def test_the_walks_name_what_is_there():
    """Each `file` or `file:name` on the page 参与贡献 leads somewhere."""
    places = PLACE.findall((ROOT / "docs/contributing.md").read_text())
    assert len([name for _, name in places if name]) > 20
    for file, name in places:
        path = ROOT / file
        # The page shows how a page that does not exist yet would be made.
        assert path.exists() or path.name == "Multiply.md", file
        if name:
            # def f, class C, VIEWS = …; in JavaScript also a method: `receive(message) {`.
            made = (
                rf"^\s*(export |async )*((def|class|function) #?{name}\b|{name} = |{name}\(.*{{$)"
            )
            assert re.search(made, path.read_text(), re.MULTILINE), f"{file}:{name}"
