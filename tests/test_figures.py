"""docs/live/figures.py: the picture that a figure becomes, here in CPython."""

import asyncio
import io

import numpy as np
import pytest
from PIL import Image

from docs.live import figures
from docs.live.runner import FIGURES, Page


@pytest.fixture
def run():
    """Run a cell with the backend of the browser; return its figures, its notes, its error."""
    from matplotlib import pyplot, rc_context

    pyplot.close("all")
    before = pyplot.get_backend()
    pyplot.switch_backend("module://docs.live.figures")

    def run(source):
        messages = []
        source = f"from matplotlib import pyplot as plt\n{source}"
        error = asyncio.run(Page(messages.append).run([source], ["第 1 格"], 0))
        shown = [message for message in messages if message["type"] == "figure"]
        notes = [message["done"] for message in messages if message.get("kind") == "note"]
        return shown, notes, error

    with rc_context({"figure.max_open_warning": 0}):  # as in docs/live/matplotlibrc
        yield run
    pyplot.close("all")
    pyplot.switch_backend(before)


def panels(layout):
    from matplotlib import pyplot

    # At the picture's own resolution: text is a pixel wider or narrower at another.
    dpi = figures.CSS_PIXELS_PER_INCH
    figure, axes = pyplot.subplots(1, 2, figsize=(4, 2), dpi=dpi, layout=layout)
    for axis in axes:
        axis.imshow(np.eye(3))
        axis.set(title="Title", xlabel="x", ylabel="y")
    return figure


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_picture_is_the_tight_one(layout):
    """The whole figure, cut as matplotlib itself cuts it, whatever arranges the axes."""
    found = figures.picture(panels(layout), scale=1)
    expected = io.BytesIO()
    panels(layout).savefig(expected, bbox_inches="tight")
    pixels = np.asarray(Image.open(io.BytesIO(found["png"])), float)
    wanted = np.asarray(Image.open(expected), float)
    assert pixels.shape == wanted.shape == (found["height"], found["width"], 4)
    assert abs(pixels - wanted).mean() < 1
    assert found["alt"] == "图：Title，x，y"


@pytest.mark.parametrize("last", ["", "plt.show()"], ids=["left open", "shown at once"])
def test_many_figures_are_cut_and_the_cell_says_so(run, last):
    shown, notes, error = run(
        f"""
seen = []
for i in range(50):
    plt.figure(figsize=(1, 1))
    plt.plot([i])
    plt.title(str(i))
    seen.append(len(plt.get_fignums()))
    {last}
assert max(seen) <= {FIGURES} + 1, seen
"""
    )
    assert error is None
    assert [figure["alt"] for figure in shown] == [f"图：{i}" for i in range(FIGURES)]
    assert notes == [f"图太多，只显示前 {FIGURES} 幅，后面的 {50 - FIGURES} 幅没有显示。"]


def test_figures_without_axes_are_not_counted(run):
    shown, notes, error = run("for i in range(50): plt.figure()\nplt.plot([1])")
    assert (notes, error) == ([], None)


@pytest.mark.parametrize(
    "source",
    [
        "plt.figure(figsize=(125, 125))\nplt.plot([1])",
        "plt.figure(figsize=(100, 100), dpi=100)\nplt.plot([1])\nplt.tight_layout()",
        "plt.plot([1])\nplt.text(900, 0, 'x')",
        "plt.plot([1])\nplt.savefig('figure.png', dpi=2000)",
    ],
    ids=["size", "layout", "text far away", "file"],
)
def test_a_giant_figure_is_refused(run, source):
    shown, _, error = run(source)
    assert shown == [] and "这幅图太大" in error["text"].splitlines()[-1]


def test_resolution_alone_makes_no_figure_too_large(run):
    (figure,), _, error = run("plt.figure(dpi=1500)\nplt.plot([1])")
    assert error is None and figure["width"] < 520


def test_a_large_figure_is_shown_with_fewer_pixels():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 60), dpi=100)
    figures.FigureCanvas(figure)
    figure.subplots()
    found = figures.picture(figure, scale=2)
    assert Image.open(io.BytesIO(found["png"])).width == found["width"] < 960
    assert figure.dpi == 100
