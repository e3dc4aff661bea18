"""The home page and the page of all layers: pictures that answer, every layer to be found."""

import re
from urllib.parse import parse_qs, urljoin, urlsplit

import numpy as np
import pytest

import labkit.layers
from docs.tools import explorable, gallery
from docs.tools.reference import BlockError, family_of
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.thumbnails import THUMBNAILS
from labkit.layers import Conv2D
from tests.browser import SITE, open_page
from tests.fences import ROOT
from tests.test_markdown import convert
from tests.test_pictures import MEASURE

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DIGIT = 110
PAGES = {path.stem for path in (ROOT / "docs/layers").glob("*/*.md")}


@pytest.fixture
def home(browser, host):
    with open_page(browser, f"{host}/") as tab:
        loads = []
        tab.on("request", lambda request: loads.append(request.url))
        tab.locator("kernel-explorer canvas").first.wait_for()
        yield tab
        assert not [url for url in loads if "/runtime/" in url], "Python is not needed"


def conv(kernel):
    weights = [np.reshape(kernel, (3, 3, 1, 1)), [0]]
    layer = Conv2D(1, 3, input_shape=(28, 28, 1), weights=weights)
    return layer(explorable.digit(DIGIT)[None, ..., None])[0, ..., 0]


def output(tab):
    return np.array(tab.locator("kernel-explorer").evaluate("one => one.output"))


def number(text):
    return float(text.replace("−", "-"))


def screens(tab):
    return tab.get_by_role("application").all()


def said(tab):
    """Row, column and sum that are told."""
    text = tab.locator(".ke-said").inner_text()
    row, column = map(int, re.findall(r"第 (\d+) ", text))
    return row - 1, column - 1, number(text.split("=")[1])


def check_products(tab, kernel):
    """What stands in the nine cells is what the layer multiplies and adds up."""
    row, column, total = said(tab)
    window = explorable.digit(DIGIT)[row : row + 3, column : column + 3].ravel()
    shown = tab.locator(".ke-pixel").all_inner_texts()
    assert [number(text) for text in shown] == pytest.approx(list(window))
    products = [number(text) for text in tab.locator(".ke-product").all_inner_texts()]
    assert products == pytest.approx(list(window * kernel), abs=1e-4)
    assert total == pytest.approx(sum(products), abs=1e-3)
    assert total == pytest.approx(conv(kernel)[row, column], abs=1e-3)


def test_the_digit_is_a_real_one():
    image = explorable.digit(DIGIT)
    assert image.shape == (28, 28) and image.max() == 1 and (image * 100 % 1 < 1e-6).mean() > 0.4
    labels = (explorable.IMAGES.parent / "t10k-labels-idx1-ubyte").read_bytes()
    assert labels[8 + DIGIT] == 8


@pytest.mark.parametrize("name", explorable.KERNELS)
def test_every_kernel_gives_what_the_layer_gives(home, name):
    kernel = explorable.KERNELS[name]
    home.get_by_role("button", name=name, exact=True).click()
    assert home.locator(".ke-choices [aria-pressed=true]").inner_text() == name
    np.testing.assert_allclose(output(home), conv(kernel), atol=1e-5)
    check_products(home, np.array(kernel))


def test_the_pointer_moves_the_window(home):
    picture, result = screens(home)
    for screen, size, shift in ((result, 26, 0), (picture, 28, 1)):
        box = screen.bounding_box()
        for row, column in ((3, 20), (12, 12), (20, 9)):
            x = box["x"] + (column + 0.5) / size * box["width"]
            y = box["y"] + (row + 0.5) / size * box["height"]
            home.mouse.move(x, y)
            # Of the picture the pixel in the middle of the window is pointed at.
            assert said(home)[:2] == (row - shift, column - shift)
            check_products(home, np.array(explorable.KERNELS["竖边"]))


def test_the_window_stays_on_the_picture(home):
    picture, _ = screens(home)
    box = picture.bounding_box()
    home.mouse.move(box["x"] + 2, box["y"] + 2)
    assert said(home)[:2] == (0, 0)
    home.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] - 3)
    assert said(home)[:2] == (25, 25)


def test_keys_move_the_window(home):
    for screen in screens(home):
        row, column, _ = said(home)
        screen.focus()
        for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
            home.keyboard.press(key)
        assert said(home)[:2] == (row + 1, column + 2)
        home.keyboard.press("ArrowUp")
        home.keyboard.press("ArrowLeft")
        assert said(home)[:2] == (row, column + 1)


def test_a_number_of_the_kernel_is_typed(home):
    home.get_by_role("button", name="自己写").click()
    first = home.get_by_label("卷积核第 1 行第 1 列")
    assert first.evaluate("one => one === document.activeElement")
    np.testing.assert_allclose(output(home), explorable.digit(DIGIT)[1:-1, 1:-1])
    first.fill("-2.5")
    kernel = np.array([-2.5, 0, 0, 0, 1, 0, 0, 0, 0])
    np.testing.assert_allclose(output(home), conv(kernel), atol=1e-5)
    check_products(home, kernel)
    assert home.locator(".ke-choices [aria-pressed=true]").inner_text() == "自己写"
    # While it is being typed, no number is a zero.
    first.fill("")
    np.testing.assert_allclose(output(home), explorable.digit(DIGIT)[1:-1, 1:-1])


@pytest.mark.parametrize(("typed", "counted"), [("1e9", 9), ("-99", -9), ("1e400", 0), ("", 0)])
def test_what_no_kernel_holds_is_replaced_by_what_is_counted_with(home, typed, counted):
    field = home.get_by_label("卷积核第 1 行第 1 列")
    field.press("Control+a")
    home.keyboard.press("Delete")
    home.keyboard.type(typed)
    field.press("Tab")
    assert field.input_value() == str(counted)
    kernel = np.array([counted, *explorable.KERNELS["竖边"][1:]])
    np.testing.assert_allclose(output(home), conv(kernel), atol=1e-4)


def test_a_number_of_the_kernel_is_dragged(home):
    field = home.get_by_label("卷积核第 2 行第 2 列")
    box = field.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    home.mouse.move(x, y)
    home.mouse.down()
    home.mouse.move(x + 40, y, steps=4)
    home.mouse.up()
    home.mouse.move(x + 90, y)  # let go: it no longer follows
    kernel = np.array(explorable.KERNELS["竖边"], float)
    kernel[4] = 2
    assert field.input_value() == "2"
    np.testing.assert_allclose(output(home), conv(kernel), atol=1e-5)


def test_the_picture_shows_the_numbers(home):
    """Dark where the digit is; orange above zero, blue below."""
    values = output(home)
    pixels = (
        home.locator("kernel-explorer canvas")
        .nth(1)
        .evaluate("one => [...one.getContext('2d').getImageData(0, 0, 26, 26).data]")
    )
    red, _, blue = np.array(pixels).reshape(26, 26, 4)[..., :3].transpose(2, 0, 1)
    assert (red > blue)[values > 1].all() and (blue > red)[values < -1].all()
    assert (np.array(pixels).reshape(26, 26, 4)[..., :3][values == 0] == 255).all()


def test_a_finger_moves_the_window(browser, host):
    with open_page(browser, f"{host}/", **PHONE) as tab:
        tab.locator("kernel-explorer canvas").first.wait_for()
        picture, result = screens(tab)
        box = result.bounding_box()
        tab.touchscreen.tap(box["x"] + box["width"] * 5.5 / 26, box["y"] + box["height"] * 7.5 / 26)
        assert said(tab)[:2] == (7, 5)
        # Both pictures beside each other, all of it on the screen.
        assert picture.bounding_box()["x"] + 100 < box["x"]
        assert box["x"] + box["width"] <= 390


def test_dark_colours_follow_the_switch(home):
    paint = "one => one.getContext('2d').getImageData(0, 0, 1, 1).data[0]"
    canvas = home.locator("kernel-explorer canvas").first
    assert canvas.evaluate(paint) == 255
    home.emulate_media(color_scheme="dark")
    home.locator("body[data-md-color-scheme=slate]").wait_for()
    home.wait_for_function(f"({paint})(document.querySelector('kernel-explorer canvas')) < 60")


def test_without_javascript_the_picture_is_there(browser, host):
    with open_page(browser, f"{host}/", java_script_enabled=False) as tab:
        picture = tab.get_by_role("img", name="手写的 8")
        assert picture.is_visible() and picture.bounding_box()["y"] < 400


# --- all layers ---


def cards(tab):
    return tab.locator("ul.gallery > li").all()


def test_every_layer_has_a_card_with_its_picture_and_a_way_to_it(browser, host):
    with open_page(browser, f"{host}/layers/") as tab:
        found = {}
        for one in cards(tab):
            name = one.locator(".layer-name").evaluate("name => name.firstChild.textContent.trim()")
            assert one.locator("svg.thumbnail").is_visible()
            assert len(one.locator("p").first.inner_text()) > 5 or name == "CuDNNGRU"
            link = one.locator("a")
            found[name] = link.get_attribute("href") if link.count() else None
        assert set(found) == set(THUMBNAILS)
        for name, link in found.items():
            if name in PAGES:
                file = SITE / urlsplit(urljoin("/layers/", link)).path.strip("/") / "index.html"
                assert file.is_file() and file.parent.name == name
            elif name in EXAMPLES:
                parts = urlsplit(urljoin("/layers/", link))
                assert parts.path == "/lab/"
                assert parse_qs(parts.fragment)["layer"] == [name]
            else:
                assert link is None
    assert (SITE / "layers/index.html").stat().st_size < 400_000


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_text_of_a_small_picture_leaves_it_or_lies_on_another(browser, host, width):
    measure = MEASURE.replace('"figure"', '"ul.gallery > li"')
    for page in ("", "layers/"):
        with open_page(browser, f"{host}/{page}", viewport={"width": width, "height": 900}) as tab:
            problems = tab.evaluate(measure)
            assert not problems, problems
            assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_every_other_name_stands_on_a_card():
    text = (SITE / "layers/index.html").read_text()
    for name in EXAMPLES:
        assert re.search(rf"\b{name}\b", text), name


def test_a_card_leads_to_the_lab_with_its_layer(browser, host):
    with open_page(browser, f"{host}/layers/") as tab:
        tab.locator("#gru").get_by_role("link").click()
        tab.locator("layer-lab .diagram text", has_text="GRU").first.wait_for()
        assert tab.get_by_label("层", exact=True).input_value() == "GRU"


def test_families_of_the_home_page_lead_to_their_layers(home):
    links = home.locator("ul.families a").all()
    assert len(links) == len(gallery.FAMILIES)
    targets = set(re.findall(r'<h2 id="([^"]+)"', (SITE / "layers/index.html").read_text()))
    for link in links:
        assert urlsplit(link.get_attribute("href")).fragment in targets


def test_every_family_of_the_library_is_shown():
    modules = {module for family in gallery.FAMILIES.values() for module in family.modules}
    assert modules == {family_of(getattr(labkit.layers, name)) for name in THUMBNAILS}


def test_an_unknown_family_stops_the_build():
    with pytest.raises(BlockError, match="卷积层.*收到 '卷机层'"):
        convert("::: gallery 卷机层")


# What readers type, and the layer that they should find.
SEARCHES = {
    "GRU": "gru",
    "Conv1D": "conv1d",
    "门控循环单元": "gru",
    "反卷积": "conv2dtranspose",
    "转置卷积": "conv2dtranspose",
    "双向": "bidirectional",
    "Bidirectional": "bidirectional",
    "一维卷积": "conv1d",
    "上采样": "upsampling2d",
    "MaxPool1D": "maxpooling1d",
    "逐通道卷积": "depthwiseconv2d",
    "高斯噪声": "gaussiannoise",
    "TimeDistributed": "timedistributed",
    "双向 LSTM": "bidirectional",
    "AtrousConvolution1D": "conv1d",
}


def searched(tab, words):
    """The addresses of what is found, in order."""
    tab.get_by_role("textbox", name="搜索").click()
    tab.keyboard.type(words)
    tab.locator(".md-search-result__item a").first.wait_for()
    tab.wait_for_timeout(200)
    links = tab.locator(".md-search-result__item a").all()
    return [urlsplit(link.get_attribute("href")) for link in links]


@pytest.mark.parametrize(("words", "anchor"), SEARCHES.items(), ids=SEARCHES)
def test_a_layer_without_a_page_is_found(browser, host, words, anchor):
    with open_page(browser, f"{host}/") as tab:
        found = [(parts.path, parts.fragment) for parts in searched(tab, words)]
        assert ("/layers/", anchor) in found[:8], found[:12]


@pytest.mark.parametrize("words", ["空洞卷积", "膨胀卷积"])
def test_dilation_is_found_by_either_name(browser, host, words):
    with open_page(browser, f"{host}/") as tab:
        found = searched(tab, words)
        pages = {parts.path for parts in found} | {parts.fragment for parts in found}
        assert {"/layers/convolutional/Conv2D/", "conv1d"} <= pages
