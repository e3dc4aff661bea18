"""看数据 in Chromium: what is chosen, drawn and dragged reaches the layer, and the link."""

import base64
import json
import re
from urllib.parse import unquote

import numpy as np
import pytest
from playwright.sync_api import expect

from docs.live.syntax import DATASETS
from labkit.datasets import mnist
from labkit.diagrams import data
from labkit.diagrams.data.samples import TITLES
from labkit.diagrams.states import state_of
from labkit.diagrams.views import Subject
from tests.browser import SITE, START, open_page, run_cell
from tests.test_lab import lab_of, turn

CONV = "layers/convolutional/Conv2D/"
KERNEL = "-1,0,1,-2,0,2,-1,0,1"
SAMPLES = SITE / "runtime/datasets/samples.json"


def expected(call, shape, **more):
    packed = data.view(Subject({**state_of(call, shape), **more}))["data"]["y"]
    flat = np.frombuffer(base64.b64decode(packed["numbers"]), "<f4")
    return flat.reshape(packed["shape"])


def told(lab):
    """The number that is told of the chosen pixel."""
    text = lab.locator(".lab-tell").text_content()
    return float(re.search(r"= ([−\d.e+-]+)", text)[1].replace("−", "-"))


def point(tab, lab, m, row, column):
    """Move the mouse over a pixel of the m-th map of the output."""
    target = lab.locator(".map[data-map=y]").nth(m)
    target.scroll_into_view_if_needed()
    box = target.locator("image").bounding_box()
    rows, columns = (int(target.get_attribute(f"data-{name}")) for name in ("rows", "columns"))
    x = box["x"] + (column + 0.5) / columns * box["width"]
    tab.mouse.move(x, box["y"] + (row + 0.5) / rows * box["height"])


def drawn(lab, text):
    """Wait for a picture with this title."""
    lab.locator(f".lab-picture svg[aria-label*='{text}']").wait_for(timeout=START)


def test_pointing_needs_no_python_and_tells_the_layers_numbers(browser, host):
    with open_page(browser, f"{host}/{CONV}") as tab:
        loads = []
        tab.on("request", lambda request: loads.append(request.url))
        lab = lab_of(tab)
        turn(lab, "看数据")
        y = expected("Conv2D(4, 3)", (None, 6, 6, 3))
        for m, row, column in ((0, 5, 9), (3, 20, 12), (2, 25, 25)):
            point(tab, lab, m, row, column)
            assert told(lab) == pytest.approx(y[row, column, m], rel=1e-3, abs=1e-6)
            window = f"x[{row}:{row + 3}, {column}:{column + 3}, :]"
            assert window in lab.locator(".lab-tell").text_content()
        assert not [url for url in loads if url.endswith((".wasm", ".npz"))]


def test_dragging_a_number_of_the_kernel_redraws(browser, host):
    with open_page(browser, f"{host}/{CONV}#lab&view=data&filters=1") as tab:
        lab = lab_of(tab)
        drawn(lab, "MNIST 测试集第 0 个")
        lab.get_by_role("button", name="横的边缘").click()
        tab.wait_for_url("**kernel=0*")
        field = lab.get_by_label("核的数，第 1 行第 1 列")
        expect(lab.get_by_label("核的数，第 0 行第 1 列")).to_have_value("-2", timeout=START)
        field.scroll_into_view_if_needed()
        box = field.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        tab.mouse.move(x, y)
        tab.mouse.down()
        tab.mouse.move(x + 30, y, steps=3)
        tab.mouse.move(x + 50, y, steps=3)
        tab.mouse.up()
        assert field.input_value() == "1"
        kernel = [-1, -2, -1, 0, 1, 0, 1, 2, 1]
        found = expected("Conv2D(1, 3)", (None, 28, 28, 1), kernels={"0": kernel})
        tab.wait_for_url(f"**kernel=0%3A{'%2C'.join(map(str, kernel))}")
        row, column = np.unravel_index(np.abs(found[..., 0]).argmax(), found.shape[:2])
        tab.wait_for_function(
            "!document.querySelector('layer-lab').classList.contains('lab-stale')"
        )
        tab.wait_for_timeout(500)
        point(tab, lab, 0, int(row), int(column))
        assert told(lab) == pytest.approx(found[row, column, 0], rel=1e-3)


def test_a_drawing_goes_into_the_link_and_out_of_it(browser, host):
    with open_page(browser, f"{host}/{CONV}#lab&view=data") as tab:
        lab = lab_of(tab)
        lab.get_by_label("送进去什么").select_option("drawn:")
        pad = lab.locator(".lab-pad")
        expect(pad).to_be_focused()
        # By keys: a stroke of five pixels.
        for key in (" ", *["ArrowDown"] * 4, " "):
            tab.keyboard.press(key)
        expect(lab.locator(".lab-pad-says")).to_have_text("抬笔")
        drawn(lab, "你画的")
        address = tab.url
        assert "data=drawn" in address and len(address) < 300
    with open_page(browser, address) as tab:
        lab = lab_of(tab)
        drawn(lab, "你画的")
        assert lab.get_by_label("送进去什么").input_value() == "drawn:"
        dark = """() => {
          const pen = document.querySelector('.lab-pad').getContext('2d');
          return [14, 18].map((row) => pen.getImageData(14 * 6 + 2, row * 6 - 3, 1, 1).data[0]);
        }"""
        assert max(tab.evaluate(dark)) < 100


def test_a_photograph_is_credited_beside_it(browser, host):
    with open_page(
        browser, f"{host}/layers/pooling/MaxPooling2D/#lab&view=data&data=flower"
    ) as tab:
        lab = lab_of(tab)
        drawn(lab, "花")
        assert "vultilion" in "".join(lab.locator(".lab-picture svg text").all_text_contents())
        pixels = json.loads(SAMPLES.read_text())["flower"]
        sample = {"name": "flower", "shape": pixels["shape"], "pixels": pixels["pixels"]}
        y = expected("MaxPooling2D(2)", (None, 28, 28, 1), sample=sample)
        point(tab, lab, 0, 10, 20)
        three = re.search(r"= \[(.*)\]，", lab.locator(".lab-tell").text_content())[1]
        found = [float(number) for number in three.split(", ")]
        assert found == pytest.approx(y[10, 20].tolist(), rel=1e-3)


def test_a_picture_has_one_name(browser, host):
    with open_page(browser, f"{host}/{CONV}#lab&view=data&data=china") as tab:
        lab = lab_of(tab)
        drawn(lab, TITLES["china"])
        chosen = lab.get_by_label("送进去什么").evaluate(
            "one => one.selectedOptions[0].textContent"
        )
        assert chosen == TITLES["china"]


def test_a_sentence_is_no_picture_for_the_next_layer(browser, host):
    with open_page(browser, f"{host}/lab/#lab&layer=Embedding&view=data&data=text:a b") as tab:
        lab = lab_of(tab)
        drawn(lab, "2 个词")
        lab.get_by_label("层", exact=True).select_option("Conv2D")
        drawn(lab, "MNIST 测试集第 0 个")
        assert lab.get_by_label("送进去什么").input_value() == "digit0"


@pytest.mark.parametrize(("typed", "counted"), [("1e9", 100000), ("", -1)])
def test_what_no_kernel_holds_is_replaced(browser, host, typed, counted):
    with open_page(browser, f"{host}/{CONV}#lab&view=data&filters=1&kernel=0:{KERNEL}") as tab:
        lab = lab_of(tab)
        field = lab.get_by_label("核的数，第 0 行第 0 列")
        expect(field).to_have_value("-1", timeout=START)
        field.fill(typed)
        field.press("Tab")
        expect(field).to_have_value(str(counted))
        assert f"kernel=0:{counted}," in unquote(tab.url)


def test_any_digit_comes_when_it_is_asked_for(browser, host):
    with open_page(browser, f"{host}/{CONV}#lab&view=data&filters=1&data=digit1234") as tab:
        lab = lab_of(tab)
        drawn(lab, "MNIST 测试集第 1234 个")
        assert lab.get_by_label("测试集里的第几个数字，0 到 1999").input_value() == "1234"
        y = expected("Conv2D(1, 3)", (None, 28, 28, 1), sample={"name": "digit1234"})
        point(tab, lab, 0, 12, 13)
        assert told(lab) == pytest.approx(y[12, 13, 0], rel=1e-3, abs=1e-6)


def test_keys_move_over_the_pixels(browser, host):
    with open_page(browser, f"{host}/{CONV}#lab&view=data") as tab:
        lab = lab_of(tab)
        turn(lab, "看数据")
        lab.locator(".map[data-map=y]").first.focus()
        for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
            tab.keyboard.press(key)
        assert "y[12, 14, 0] = " in lab.locator(".lab-tell").text_content()
        assert "cell=y" in tab.url
        frame = lab.locator(".frame-x")
        assert frame.count() == 1 and frame.get_attribute("stroke")


def test_a_sentence(browser, host):
    with open_page(browser, f"{host}/layers/embeddings/Embedding/#lab&view=data") as tab:
        lab = lab_of(tab)
        turn(lab, "看数据")
        lab.get_by_label("句子，用空格分开词").fill("猫 看 猫")
        drawn(lab, "3 个词")
        assert lab.locator(".map[data-map=y]").count() == 3


@pytest.mark.parametrize(
    ("link", "left"),
    [("data=http://x", "data"), ("kernel=0:a", "kernel"), ("data=drawn:!", "data")],
)
def test_a_link_that_is_none_is_told(browser, host, link, left):
    with open_page(browser, f"{host}/{CONV}#lab&view=data&{link}") as tab:
        lab_of(tab).get_by_text(f"链接里的 {left}=").wait_for()


def test_mnist_in_a_cell(browser, host):
    """The data come with a word about them, and only for a cell that wants them."""
    assert DATASETS == {"mnist"}
    with open_page(browser, f"{host}/data/") as tab:
        loads = []
        tab.on("request", lambda request: loads.append(request.url))
        assert "uint8 (28, 28)" in run_cell(tab, 0).text
        assert [url for url in loads if url.endswith("/mnist.npz")]
    assert mnist.load_data()[1][1][:5].tolist() == [7, 2, 1, 0, 4]
