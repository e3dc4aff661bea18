"""Pages for those who use keys, listen, see little or have no scripts."""

import json

import pytest

from tests.browser import START, open_page
from tests.fences import ROOT

AXE = ROOT / "node_modules/axe-core/axe.min.js"
PHONE = {"width": 390, "height": 844}
PAGES = ["", "layers/", "layers/recurrent/LSTM/", "lab/", "embed/", "my-record/"]
PAGES += ["404.html", "third-party/"]
# The smallest target is a rule of WCAG 2.2, which axe leaves out unless asked.
OPTIONS = {"rules": {"target-size": {"enabled": True}}}
SMALL = """all => all.filter((one) => one.checkVisibility()).map((one) => {
    const { width, height } = one.getBoundingClientRect();
    return [width, height, one.outerHTML.slice(0, 100)];
}).filter(([width, height]) => Math.min(width, height) < 24)"""


@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_nothing_on_the_whole_page(browser, host, address):
    with open_page(browser, f"{host}/{address}") as page:
        page.evaluate(AXE.read_text())
        for more in page.locator("details.lab-more").all():
            more.evaluate("details => details.open = true")
        for width, scheme, colours in ((1280, "light", "default"), (390, "dark", "slate")):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 844})
            page.locator(f"body[data-md-color-scheme={colours}]").wait_for()
            problems = [
                (rule["id"], [node["html"][:150] for node in rule["nodes"]][:3])
                for rule in page.evaluate(f"axe.run({json.dumps(OPTIONS)})")["violations"]
            ]
            assert not problems, f"{width} px, {scheme}: {problems}"
        controls = page.locator("article :is(button, input, select, summary)")
        assert controls.evaluate_all(SMALL) == []


COMPARISONS = {
    "steps": "MaxPooling2D&with=AveragePooling2D",
    "recurrent": "LSTM&with=GRU&with.units=2",
    "volume": "Conv2D&with=DepthwiseConv2D&with.kernel_size=3",
    "data": "Conv2D&with=MaxPooling2D",
}


@pytest.mark.parametrize("view", COMPARISONS)
def test_axe_finds_nothing_in_a_comparison(browser, host, view):
    with open_page(browser, f"{host}/lab/#lab&view={view}&layer={COMPARISONS[view]}") as page:
        page.evaluate(AXE.read_text())
        page.locator(".lab-facts table").wait_for(timeout=START)
        for name in ("第一个层", "第二个层"):
            page.get_by_role("group", name=name).locator(".lab-picture svg").wait_for()
        found = page.evaluate(f"axe.run('layer-lab', {json.dumps(OPTIONS)})")["violations"]
        assert not [(rule["id"], [node["html"][:150] for node in rule["nodes"]]) for rule in found]


@pytest.mark.parametrize("width", [390, 1280])
def test_the_panels_names_stand_apart(browser, host, width):
    with open_page(
        browser, f"{host}/layers/recurrent/LSTM/", viewport={**PHONE, "width": width}
    ) as page:
        lab = page.locator("layer-lab")
        lab.locator(".lab-more summary").click()
        boxes = lab.locator(".lab-fields label").evaluate_all(
            """labels => labels.map((label) => {
                const range = document.createRange();
                range.selectNodeContents(label);
                const { left, right, top, bottom } = range.getBoundingClientRect();
                return [label.textContent, left, right, top, bottom];
            })"""
        )
        edge = lab.evaluate("lab => lab.getBoundingClientRect().right")
        assert "recurrent_activation" in [name for name, *_ in boxes]
        for name, left, right, top, bottom in boxes:
            assert right < edge, name
            for other, start, end, above, below in boxes:
                if other != name and top < below and above < bottom:
                    assert right + 4 <= start or end + 4 <= left, (name, other)


def test_a_wide_table_scrolls_by_keys_only_where_it_is_too_wide(browser, host):
    with open_page(browser, f"{host}/layers/recurrent/LSTM/", viewport=PHONE) as page:
        wide = page.locator(".md-typeset__scrollwrap[tabindex='0']")
        wide.first.wait_for()
        page.set_viewport_size({"width": 1280, "height": 844})
        page.wait_for_function("!document.querySelector(\".md-typeset__scrollwrap[tabindex='0']\")")


def test_without_javascript_a_cell_says_that_it_can_be_read(browser, host):
    address = f"{host}/layers/core/Dense/"
    with open_page(browser, address, java_script_enabled=False) as page:
        cells = page.locator("article .live.highlight")
        # Text in <noscript> is none to get_by_text.
        notes = page.locator(".live-missing", has_text="代码可以读，运行需要 JavaScript。")
        assert cells.count() == notes.count() > 5
        cell, note = cells.first.bounding_box(), notes.first.bounding_box()
        assert 0 <= cell["y"] - note["y"] - note["height"] < 40
        panel = page.locator(".live-missing", has_text="图可以看，改参数需要 JavaScript。")
        assert panel.is_visible() and notes.first.is_visible()
    with open_page(browser, address) as page:
        page.locator("live-code").first.wait_for()
        assert not page.locator(".live-missing:visible").count()


def without(browser, address, pattern):
    """The page, where a file does not come; the browser complains, so no open_page."""
    page = browser.new_page()
    page.route(pattern, lambda route: route.abort())
    page.goto(address)
    return page


def test_a_missing_editor_is_said_and_the_cell_runs(browser, host):
    page = without(browser, f"{host}/layers/core/Dense/", "**/live/editor-*.js")
    cell = page.locator("live-code").first
    cell.scroll_into_view_if_needed()
    cell.get_by_text("编辑框没有载入，这里的代码只能读和运行，不能改。").wait_for()
    assert cell.locator("button[name=run]").is_visible()
    page.unroute_all()
    cell.get_by_role("button", name="重新载入页面").click()
    page.locator("live-code .cm-editor").first.wait_for()
    page.context.close()


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("live-code.js", ".live.highlight", "代码可以读，现在不能运行"),
        ("layer-lab.js", "layer-lab", "图可以看，现在不能改参数"),
    ],
)
def test_a_missing_script_is_said(browser, host, name, place, words):
    page = without(browser, f"{host}/layers/core/Dense/", f"**/live/{name}")
    note = page.locator(f".live-missing:visible:has(+ {place})").first
    note.wait_for()
    assert note.inner_text().startswith(words)
    page.context.close()
