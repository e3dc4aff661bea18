"""The cells of a picture in Chromium: what JavaScript redraws is what Python draws."""

import json
import re

import numpy as np
import pytest

from labkit.diagrams import dependencies, steps, svg
from labkit.diagrams.cell_pictures import picture
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.grids import chosen, drawn, first_output
from labkit.diagrams.padding import padding
from labkit.diagrams.states import example, input_of
from labkit.diagrams.steps import drawn_steps, short_number
from labkit.diagrams.views import linked, numbers
from labkit.layers import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3DTranspose,
    MaxPooling2D,
    SeparableConv2D,
)
from tests.browser import open_page, serve
from tests.diagrams.test_steps import quiet
from tests.fences import ROOT

PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>格</title>
<link rel="icon" href="data:,"><figure></figure><div id="steps"></div>
<script type="module">
  import { Cells } from "./live/lab-cells.js";
  import { Steps } from "./live/lab-steps.js";
  const figure = document.querySelector("figure");
  window.open_ = (svg, links, walks) => {
    figure.innerHTML = svg;
    window.told = [];
    window.cells = new Cells(figure.firstElementChild, links, (...said) => told.push(said), !walks);
    window.steps = walks ? new Steps(cells, links, () => {}) : null;
    if (steps) document.querySelector("#steps").replaceChildren(steps.element);
  };
  window.seen = () => ({
    paths: ["frames", "loose", "beams"].map((name) => figure.querySelector(`.${name}`).getAttribute("d")),
    states: Object.fromEntries([...figure.querySelectorAll("[data-state]")].map((cell) => [cell.dataset.cell ?? cell.dataset.outside, cell.dataset.state])),
    texts: Object.fromEntries([...figure.querySelectorAll(".cell")].map((cell) => [cell.dataset.cell, cell.textContent])),
    lit: [...figure.querySelectorAll(".plane")].map((plane) => plane.hasAttribute("data-lit")),
    winners: [...figure.querySelectorAll("[data-winner]")].map((cell) => cell.dataset.cell),
  });
</script></html>"""  # noqa: E501
OTHERS = {
    "same": (lambda: Conv2D(2, 3, padding="same"), (None, 4, 5, 2)),
    "dilated": (lambda: Conv2D(1, 2, dilation_rate=2), (None, 5, 5, 1)),
    "causal": (lambda: Conv1D(2, 3, padding="causal", dilation_rate=2), (None, 7, 2)),
    "separable": (lambda: SeparableConv2D(2, 3, padding="same"), (None, 4, 4, 2)),
    "stamped": (lambda: Conv2DTranspose(2, 3, strides=2, padding="same"), (None, 2, 3, 2)),
    "pooled": (lambda: MaxPooling2D(3, 2, "same"), (None, 6, 6, 1)),
}


@pytest.fixture(scope="module")
def tab(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cells")
    (folder / "live").symlink_to(ROOT / "docs/live")
    (folder / "index.html").write_text(PAGE)
    with serve(folder) as host, open_page(browser, host) as page:
        page.wait_for_function("!!window.seen")
        yield page


def open_picture(tab, picture, data):
    walks = "kind" in data
    tab.evaluate("([svg, links, walks]) => open_(svg, links, walks)", [picture, data, walks])


def read(picture):
    """What `seen` tells, of a picture that Python has drawn."""
    text = str(picture)
    paths = [
        re.search(rf'class="{name}" d="([^"]*)"', text)[1] for name in ("frames", "loose", "beams")
    ]
    cells = re.findall(r'data-(?:cell|outside)="(\w+)" data-state="(\w+)"', text)
    lit = [" data-lit" in tag for tag in re.findall(r'<g class="plane"[^>]*>', text)]
    return {"paths": paths, "states": dict(cells), "lit": lit}


def with_output(about, output, wide):
    around = padding(about)
    return picture(about, around, wide, *chosen(about, around, output)).svg


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", [*EXAMPLES, *OTHERS])
def test_javascript_joins_as_python_does(tab, name, wide):
    if name in OTHERS:
        make, shape = OTHERS[name]
        about = dependencies(make(), shape)
    else:
        state = example(name)
        about = dependencies(quiet(state), input_of(state))
    data = linked(about)
    open_picture(tab, drawn(about, wide), data)
    outputs = sorted({0, len(about.links) // 3, len(about.links) - 1, data["first"]})
    for output in outputs:
        tab.evaluate(f"cells.show('y{output}')")
        seen, expected = tab.evaluate("seen()"), read(with_output(about, output, wide))
        assert {part: seen[part] for part in expected} == expected
    # And back: '' shows what Python has drawn.
    tab.evaluate("cells.show('')")
    seen, expected = tab.evaluate("seen()"), read(drawn(about, wide))
    assert {part: seen[part] for part in expected} == expected


def boxes(path):
    """The frames in a path, as (left, top, right, bottom)."""
    found = re.findall(r"M(\S+) (\S+)h(\S+)v(\S+)h", path)
    return {(x, y, x + w, y + h) for x, y, w, h in (tuple(map(float, f)) for f in found)}


@pytest.mark.parametrize("name", ["same", "separable", "pooled"])
def test_an_input_is_joined_with_all_outputs_that_it_reaches(tab, name):
    make, shape = OTHERS[name]
    about = dependencies(make(), shape)
    open_picture(tab, drawn(about, True), linked(about))
    places = tab.evaluate(
        """Object.fromEntries([...document.querySelectorAll(".plane")].flatMap((plane, n) =>
          [...plane.querySelectorAll(".cell")].map((cell) => {
            const rect = cell.querySelector("rect");
            const at = ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name)));
            return [cell.dataset.cell, [n, at[0] - 1, at[1] - 1, at[0] + at[2] + 1, at[1] + at[3] + 1]];
          })))"""  # noqa: E501
    )
    for letter, table in (("x", about.links), ("w", about.uses)):
        for number in {0, table.shape[1] // 2} if table.size else ():
            tab.evaluate(f"cells.show('{letter}{number}')")
            seen = tab.evaluate("seen()")
            reached = [f"y{o}" for o in np.flatnonzero(table[:, number])]
            expected = set()
            for plane in {places[key][0] for key in reached}:
                cells = np.array([places[key][1:] for key in reached if places[key][0] == plane])
                expected.add((*cells[:, :2].min(axis=0), *cells[:, 2:].max(axis=0)))
            assert boxes(seen["paths"][0]) | boxes(seen["paths"][1]) == expected
            # One beam from the chosen cell to every frame.
            assert seen["paths"][2].count("M") == len(expected)


# --- steps ---


def stamp(layer, shape, walk):
    """What stands in the outputs after every input, by the definition of the layer."""
    (_, outputs), rank = walk.about.outputs[0], len(shape) - 2
    (_, form), bias = walk.about.weights[0], walk.W[-outputs[-1] :]
    kernel = walk.W[: np.prod(form)].reshape(form)
    x = walk.x.reshape(shape[1:])
    y = np.zeros(outputs) + bias
    for place in np.ndindex(*x.shape):
        for tap in np.ndindex(*form[:rank]):
            spot = []
            for p, s, t, n, k, length in zip(
                place, layer.strides, tap, shape[1:], form, outputs, strict=False
            ):
                before = max((n - 1) * s + k - length, 0) // 2 if layer.padding == "same" else 0
                spot.append(p * s + t - before)
            if all(0 <= i < n for i, n in zip(spot, outputs, strict=False)):
                y[tuple(spot)] += x[place] * kernel[(*tap, slice(None), place[-1])]
        yield y.ravel().copy()


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: Conv2DTranspose(1, 3, strides=2), (None, 3, 3, 1)),
        (lambda: Conv2DTranspose(2, 3, strides=2, padding="same"), (None, 2, 3, 2)),
        (lambda: Conv2DTranspose(1, 2, strides=2, activation="tanh"), (None, 2, 2, 1)),
        (lambda: Conv3DTranspose(1, 2, strides=2), (None, 2, 2, 2, 1)),
    ],
)
def test_stamps_add_up_to_the_output(tab, make, shape):
    walk = steps(make(), shape)
    data = {**linked(walk.about), **numbers(walk)}
    open_picture(tab, drawn_steps(walk, True), data)
    sums = list(stamp(make(), shape, walk))
    np.testing.assert_allclose(sums[-1], walk.sums, atol=1e-9)
    for step, expected in enumerate(sums):
        tab.evaluate(f"steps.go({step})")
        seen = tab.evaluate("seen()")
        assert seen["states"][f"x{step}"] == "chosen"
        stamped = {f"y{o}" for o in np.flatnonzero(walk.about.links[:, step])}
        assert {k for k, s in seen["states"].items() if k[0] == "y" and s == "used"} == stamped
        shown = [float(seen["texts"][f"y{o}"]) for o in range(len(expected))]
        np.testing.assert_allclose(shown, expected, atol=0.0051)
        rows = tab.locator("tbody tr:not(.lab-nothing)").all()
        assert {row.locator("td").nth(3).text_content() for row in rows} == {
            f"y[{', '.join(map(str, np.unravel_index(int(key[1:]), walk.about.outputs[0][1])))}]"
            for key in stamped
        }
        cut = tab.locator("tbody tr.lab-nothing").count()
        assert cut == len(data["windows"]["cells"][step])
    last = int(tab.locator("[type=range]").get_attribute("max"))
    assert last == len(walk.x) - 1 + (walk.activation != "linear")
    tab.evaluate(f"steps.go({last})")
    texts = tab.evaluate("seen()")["texts"]
    assert [texts[f"y{o}"] for o in range(len(walk.y))] == [short_number(n) for n in walk.y]
    # Backwards the steps are those of the outputs.
    tab.get_by_label("方向").select_option("1")
    assert int(tab.locator("[type=range]").get_attribute("max")) == len(walk.y) - 1
    tab.evaluate(f"steps.go({len(walk.y) - 1})")
    texts = tab.evaluate("seen()")["texts"]
    assert [texts[f"x{i}"] for i in range(len(walk.x))] == [
        short_number(n) for n in np.round(walk.dx, 9)
    ]


def test_zeros_are_rows_of_the_sum(tab):
    walk = steps(Conv2D(1, 3, padding="same"), (None, 3, 4, 1))
    data = {**linked(walk.about), **numbers(walk)}
    open_picture(tab, drawn_steps(walk), data)
    kernel = walk.W[:9]
    padded = np.pad(walk.x.reshape(3, 4), 1)
    for output in range(12):
        tab.evaluate(f"steps.go({output})")
        row, column = divmod(output, 4)
        window = padded[row : row + 3, column : column + 3].ravel()
        rows = [tr.locator("td").all_text_contents() for tr in tab.locator("tbody tr").all()]
        assert [float(cells[1]) for cells in rows] == list(window)
        assert [float(cells[3]) for cells in rows] == list(kernel)
        np.testing.assert_allclose([float(r[4]) for r in rows], window * kernel, atol=5e-4)
        assert tab.locator(".lab-nothing").count() == (window == 0).sum()
    zeros = tab.locator(".zero")
    assert set(zeros.all_text_contents()) == {"0"}
    tab.get_by_label("方向").select_option("1")
    assert set(zeros.all_text_contents()) == {""}


def test_the_largest_of_every_window_is_marked(tab):
    walk = steps(MaxPooling2D(3, 2, "same"), (None, 6, 6, 1))
    open_picture(tab, drawn_steps(walk), {**linked(walk.about), **numbers(walk)})
    for output in range(9):
        tab.evaluate(f"steps.go({output})")
        (winner,) = tab.evaluate("seen()")["winners"]
        assert walk.about.links[output, int(winner[1:])]
        assert walk.x[int(winner[1:])] == walk.y[output]
    account = tab.locator(".lab-account").text_content()
    assert "补的 5 格不参加" in account  # in the last corner


def test_frames_hide_no_number(tab):
    """Nothing but thin lines between the cells is drawn after them."""
    walk = steps(Conv2D(2, 3, padding="same"), (None, 4, 4, 1))
    open_picture(tab, drawn_steps(walk, True), {**linked(walk.about), **numbers(walk)})
    hidden = tab.evaluate(
        """[...document.querySelectorAll(".cell")].filter((cell) => {
          const { left, top, width, height } = cell.querySelector("text").getBoundingClientRect();
          const there = document.elementsFromPoint(left + width / 2, top + height / 2);
          return !cell.contains(there[0]);
        }).map((cell) => cell.dataset.cell)"""
    )
    assert hidden == []
    order = tab.evaluate(
        """(() => { const beams = document.querySelector(".beams");
          return [...document.querySelectorAll(".tensor")].every((tensor) =>
            beams.compareDocumentPosition(tensor) & Node.DOCUMENT_POSITION_FOLLOWING); })()"""
    )
    assert order


def test_pictures_are_no_wider_than_they_may_be():
    about = dependencies(Conv2D(2, 3, padding="same"), (None, 6, 6, 1))
    for wide, most in ((False, svg.WIDTH), (True, svg.WIDE)):
        width = float(re.search(r'viewBox="0 0 (\S+)', drawn(about, wide))[1])
        assert width <= most
    assert first_output(about, padding(about)) == 0
    assert json.dumps(linked(about))
