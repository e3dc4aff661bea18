"""Every live cell of every page, in Chromium: the same output as in CPython, as the page says."""

import subprocess
import sys

import pytest

from tests.browser import cell, open_page, run_cell
from tests.fences import ROOT, fences, pages


def live_fences(page):
    return [fence for fence in fences(page) if "live" in fence.classes]


def address(page):
    place = page.relative_to(ROOT / "docs").with_suffix("")
    return (
        ""
        if place.name == "index" and place.parent.name == ""
        else f"{place}/".replace("index/", "")
    )


PAGES = [page for page in pages() if page.is_relative_to(ROOT / "docs") and live_fences(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_live_cells(browser, host, page):
    expected = live_fences(page)
    with open_page(browser, f"{host}/{address(page)}") as tab:
        tab.locator("live-code").first.wait_for()
        assert tab.locator("live-code").count() == len(expected)
        for index, fence in enumerate(expected):
            output = run_cell(tab, index)
            where = f"{page}:{fence.line}"
            assert output.error is None, f"{where}\n{output.error}"
            assert output.stderr == "", where
            assert rstripped(output.text) == rstripped(fence.expected), f"{where} {output.note}"
            for figure in output.figures:
                assert figure.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0

        checks = [i for i, fence in enumerate(expected) if "check" in fence.classes]
        for button, check in zip(tab.locator(".live-fill").all(), checks, strict=True):
            # The answer is folded.
            button.evaluate("button => button.closest('details').open = true")
            button.click()
            assert run_cell(tab, check).text[0].startswith("通过"), f"{page}: solution"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_live_cell_runs_alone(page):
    """A reader starts anywhere: the cells found for a cell are enough for its output."""
    command = [sys.executable, "-m", "tests.alone", page]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def rstripped(lines):
    return [line.rstrip() for line in lines]


def test_a_broken_example_is_noticed(browser, host):
    """The comparison above, on a page whose cell was changed after its output was noted."""
    page = PAGES[0]
    with open_page(browser, f"{host}/{address(page)}") as tab:
        here = cell(tab, 0)
        here.locator(".cm-content").click()
        tab.keyboard.press("Control+End")
        tab.keyboard.type("\nprint('别的')")
        assert rstripped(run_cell(tab, 0).text) != rstripped(live_fences(page)[0].expected)
