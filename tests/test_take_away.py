"""What readers take from a panel: its steps as a GIF, a frame for another page, paper."""

import io
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image, ImageSequence

from labkit.diagrams.steps import short_number, steps
from labkit.layers import Dense
from tests.browser import SITE, START, open_page, serve
from tests.test_lab import CONV, DENSE, PHONE, lab_of, numbers, set_field, turn

STEPS = f"{DENSE}#lab&view=steps"
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def fetched(tab, lab, button):
    with tab.expect_download(timeout=START) as file:
        lab.get_by_role("button", name=button).click()
    return file.value.suggested_filename, file.value.path().read_bytes()


def frames_of(content):
    """Each frame as it is seen, in RGB."""
    image = Image.open(io.BytesIO(content))
    return [np.asarray(one.convert("RGB"), float) for one in ImageSequence.Iterator(image)], image


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_steps_as_a_gif(browser, host, scheme):
    with open_page(browser, f"{host}/{STEPS}", color_scheme=scheme) as tab:
        lab = lab_of(tab)
        lab.locator(".lab-player").wait_for(timeout=START)
        count = int(lab.get_by_label("第几步").get_attribute("max")) + 1
        place, address = lab.locator("output").text_content(), tab.url
        name, content = fetched(tab, lab, "下载 GIF")
        assert name == "Dense-steps.gif" and len(content) < 2e6
        # The page itself has not moved.
        assert lab.locator("output").text_content() == place and tab.url == address
        found, image = frames_of(content)
        assert len(found) == count and image.info["loop"] == 0
        durations = [one.info["duration"] for one in ImageSequence.Iterator(image)]
        assert durations[-1] > durations[0] >= 200
        height, width, _ = found[0].shape
        assert width <= 1000
        # Each step looks like the picture of that step.
        for step in (0, count - 1):
            lab.get_by_label("第几步").fill(str(step))
            _, png = fetched(tab, lab, "下载 PNG")
            still = Image.open(io.BytesIO(png)).convert("RGB").resize((width, height))
            assert np.abs(found[step] - np.asarray(still, float)).mean() < 2
        assert np.abs(found[0] - found[-1]).mean() > 0.5


def test_backward_steps_as_a_gif(browser, host):
    with open_page(browser, f"{host}/{STEPS}&backward=1") as tab:
        lab = lab_of(tab)
        lab.locator(".lab-player").wait_for(timeout=START)
        _, content = fetched(tab, lab, "下载 GIF")
        found, _ = frames_of(content)
        lab.get_by_label("第几步").fill(str(len(found) - 1))
        _, png = fetched(tab, lab, "下载 PNG")
        height, width, _ = found[0].shape
        still = Image.open(io.BytesIO(png)).convert("RGB").resize((width, height))
        assert np.abs(found[-1] - np.asarray(still, float)).mean() < 2


def test_a_gif_needs_no_python(browser, host):
    """The steps of a layer's default come with the site."""
    with open_page(browser, f"{host}/lab/#lab&view=steps&layer=MaxPooling2D") as tab:
        loads = []
        tab.on("request", lambda request: loads.append(request.url))
        lab = lab_of(tab)
        lab.locator(".lab-player").wait_for()
        _, content = fetched(tab, lab, "下载 GIF")
        assert len(frames_of(content)[0]) == 9
        assert not [url for url in loads if "runtime" in url]


def test_a_gif_can_be_given_up(browser, host):
    with open_page(browser, f"{host}/lab/#lab&view=steps&layer=Conv2D") as tab:
        lab = lab_of(tab)
        lab.locator(".lab-player").wait_for()
        saved = []
        tab.on("download", lambda file: saved.append(file))
        # It is done in a second: pressed as soon as the first step is told.
        lab.locator(".lab-animation").evaluate(
            """all => {
                const [make, stop] = all.querySelectorAll('button');
                const stopAtOnce = () => /第 1 步，共 32 步/.test(all.textContent) && stop.click();
                new MutationObserver(stopAtOnce).observe(all, {
                    childList: true, subtree: true, characterData: true,
                });
                make.focus();
                make.click();
            }"""
        )
        lab.get_by_text("已取消").wait_for()
        make = lab.get_by_role("button", name="下载 GIF")
        assert make.is_enabled() and make.evaluate("make => make === document.activeElement")
        tab.wait_for_timeout(500)
        assert not saved


def test_only_pictures_with_steps_become_a_gif(browser, host):
    with open_page(browser, f"{host}/lab/#lab&view=steps&layer=Dense") as tab:
        lab = lab_of(tab)
        lab.get_by_role("button", name="下载 GIF").wait_for()
        turn(lab, "形状")
        assert not lab.get_by_role("button", name="下载 GIF").is_visible()


# --- a frame on another page ---


@pytest.fixture
def elsewhere(tmp_path):
    """Another host, with a page that shows a frame: `show(code)` gives its address."""
    with serve(tmp_path) as address:

        def show(code):
            (tmp_path / "index.html").write_text(
                '<!doctype html><html lang="zh"><meta charset="utf-8"><title>课</title>'
                f'<link rel="icon" href="data:,"><h1>课</h1>{code}<p>后面的字</p>'
            )
            return address

        yield show


def embed_code(browser, address, change=None):
    with open_page(browser, address, **CLIPBOARD) as tab:
        lab = lab_of(tab)
        lab.locator(".lab-picture svg").wait_for()
        if change:
            change(tab, lab)
        lab.get_by_role("button", name="复制嵌入代码").click()
        lab.get_by_text("已复制").wait_for()
        return tab.evaluate("navigator.clipboard.readText()")


def opened(browser, address, **options):
    context = browser.new_context(**options)
    page = context.new_page()
    problems = []
    context.on("weberror", lambda error: problems.append(f"{error.error}"))
    page.on("console", lambda m: m.type == "error" and problems.append(m.text))
    page.goto(address)
    return page, problems


def test_a_frame_on_another_host(browser, host, elsewhere):
    def change(tab, lab):
        set_field(lab, "units", "2")
        lab.locator(".lab-cost", has_text="共 8 个参数。").wait_for(timeout=START)
        turn(lab, "逐步")
        lab.get_by_role("button", name="下一步").click()

    code = embed_code(browser, f"{host}/{DENSE}", change)
    asked = parse_qs(urlsplit(unescape(re.search('src="(.*?)"', code)[1])).fragment)
    assert asked["layer"] == ["Dense"] and asked["units"] == ["2"] and asked["step"] == ["1"]
    # The page's panel and that of all layers start from different examples.
    assert asked["input"] == ["None,3"]
    page, problems = opened(browser, elsewhere(code))
    frame = page.frame_locator("iframe")
    lab = frame.locator("layer-lab")
    lab.locator("output", has_text="第 2 步，共 2 步").wait_for(timeout=START)
    walk = steps(Dense(2), (None, 3))
    assert numbers(lab, "y") == [short_number(n) for n in walk.y]
    assert not lab.get_by_label("层", exact=True).is_visible()
    assert not lab.get_by_role("button", name="复制链接").is_visible()
    lab.get_by_role("button", name="上一步").click()
    lab.locator("output", has_text="第 1 步，共 2 步").wait_for()
    with page.context.expect_page() as whole:
        frame.get_by_role("link", name="在 Keras 层实验室里打开").click()
    asked = parse_qs(urlsplit(whole.value.url).fragment)
    assert urlsplit(whole.value.url).path == "/lab/" and asked["units"] == ["2"]
    # Nothing of the frame has moved the page around it, and all of it is seen.
    assert page.evaluate("scrollY") == 0
    assert lab.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
    page.context.close()
    assert problems == []


def test_the_default_of_a_frame_needs_no_python(browser, host, elsewhere):
    code = embed_code(browser, f"{host}/lab/#lab&layer=GRU&view=recurrent")
    page, problems = opened(browser, elsewhere(code))
    loads = []
    page.on("request", lambda request: loads.append(request.url))
    lab = page.frame_locator("iframe").locator("layer-lab")
    lab.locator("[role=tab][aria-selected=true]:text-is('循环')").wait_for()
    lab.locator(".lab-picture svg").wait_for()
    assert not [url for url in loads if "/runtime/" in url]
    page.context.close()
    assert problems == []


BLOCKED = """for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches'])
    Object.defineProperty(window, name, {
        get() { throw new DOMException('', 'SecurityError'); }, configurable: true,
    });"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_frame_without_storage_on_a_small_screen(browser, host, elsewhere, scheme):
    address = elsewhere(
        f'<iframe src="{host}/embed/#lab&layer=LSTM&view=gates" width="320" height="600">'
    )
    context = browser.new_context(viewport={"width": 320, "height": 700}, color_scheme=scheme)
    context.add_init_script(BLOCKED)
    page = context.new_page()
    problems = []
    context.on("weberror", lambda error: problems.append(f"{error.error}"))
    page.goto(address)
    frame = page.frame_locator("iframe")
    frame.locator("[role=tab][aria-selected=true]:text-is('公式')").wait_for()
    body = frame.locator("body")
    assert (
        body.get_attribute("data-md-color-scheme") == {"light": "default", "dark": "slate"}[scheme]
    )
    assert body.evaluate("body => document.documentElement.scrollWidth") <= 320
    context.close()
    assert problems == []


def test_a_host_under_the_same_rule_may_show_the_frame(browser, host, elsewhere):
    """`serve` sends Cross-Origin-Embedder-Policy: require-corp for the outer page, too."""
    page, problems = opened(browser, elsewhere(f'<iframe src="{host}/embed/"></iframe>'))
    page.frame_locator("iframe").locator("layer-lab [role=tab]").first.wait_for()
    assert page.evaluate("crossOriginIsolated")
    page.context.close()
    assert problems == []


def test_a_plain_host_serves_the_frame_too(browser, plain_host, elsewhere):
    """One that sends no headers; the page around it must not ask for them then."""
    page = browser.new_page()
    page.set_content(f'<iframe src="{plain_host}/embed/"></iframe>')
    page.frame_locator("iframe").locator("layer-lab [role=tab]").first.wait_for()
    page.context.close()


# --- paper ---


def test_a_panel_on_paper(browser, host):
    with open_page(browser, f"{host}/{CONV}", color_scheme="dark") as tab:
        lab = lab_of(tab)
        lab.locator(".lab-picture svg").wait_for()
        assert not lab.locator(".lab-code").is_visible()
        screen = lab.locator(".diagram").evaluate(
            "svg => getComputedStyle(svg).getPropertyValue('--diagram-paper')"
        )
        tab.emulate_media(media="print", color_scheme="dark")
        assert lab.locator(".lab-picture svg").is_visible()
        assert lab.locator(".lab-code").inner_text() == "Conv2D(filters=4, kernel_size=3)"
        for control in lab.locator("button, input, select, summary").all():
            assert not control.is_visible()
        paper = lab.locator(".diagram").evaluate(
            "svg => getComputedStyle(svg).getPropertyValue('--diagram-paper')"
        )
        assert screen.strip() == "#1d2427" and paper.strip() == "#ffffff"
        assert lab.evaluate("lab => getComputedStyle(lab).breakInside") == "avoid"


def test_a_panel_on_paper_is_not_cut(browser, host):
    """As tall as the paper at most, and on one page of it."""
    with open_page(browser, f"{host}/{STEPS}", viewport=PHONE["viewport"]) as tab:
        lab = lab_of(tab)
        lab.locator(".lab-player").wait_for(timeout=START)
        tab.emulate_media(media="print")
        box = lab.locator(".lab-stage").bounding_box()
        picture = lab.locator(".lab-picture svg").bounding_box()
        assert picture["x"] >= box["x"] and picture["width"] <= box["width"] + 1
        assert lab.locator(".lab-account").evaluate(
            "all => all.scrollHeight <= all.clientHeight + 1"
        )


def test_the_embedding_page_is_not_searched_nor_listed():
    index = (SITE / "search/search_index.json").read_text()
    assert '"embed/' not in index and "嵌入的面板" not in index
    assert not re.search(r'href="[^"]*embed/"', (SITE / "index.html").read_text())
