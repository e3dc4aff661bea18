"""docs/live/figures.py: the picture that a figure becomes, here in CPython."""

import io

import numpy as np
import pytest
from PIL import Image

from docs.live import figures
from docs.live.runner import FIGURES, Page
from tests.loops import finished


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
        error = finished(Page(messages.append).run([source], ["第 1 格"], 0))
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
    assert found["alt"] == "图：2 幅小图，都是一样的。Title，图像 3×3；横轴“x”，纵轴“y”。"


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
    assert [figure["alt"].split("，")[0] for figure in shown] == [
        f"图：{i}" for i in range(FIGURES)
    ]
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


def losses(pyplot):
    pyplot.plot([3, 2, 1], label="训练")
    pyplot.plot([4, 3, 2.5], label="验证")
    pyplot.axhline(2)
    pyplot.title("损失")
    pyplot.xlabel("轮")
    pyplot.legend()


def maps(pyplot):
    figure, axes = pyplot.subplots(1, 2)
    figure.suptitle("特征图")
    axes[0].axis("off")
    figure.colorbar(axes[0].imshow(np.eye(5, 4)))
    axes[1].scatter([0, 1], [0, 40_000])


# What is drawn, its axes with what is seen of the data, and the words of the figure.
DESCRIPTIONS = [
    (losses, "损失，2 条曲线、1 条参考线；横轴“轮”从 0 到 2，纵轴从 1 到 4；图例：训练、验证。"),
    (
        maps,
        "特征图，2 幅小图。图像 5×4。1 组散点；横轴从 0 到 1，纵轴从 0 到 40000。色条从 0 到 1。",
    ),
    (lambda p: p.plot([1, 2], "o"), "1 组散点；横轴从 0 到 1，纵轴从 1 到 2。"),
    (lambda p: p.bar(["猫", "狗"], [1, 2]), "2 个条形；横轴是 猫、狗，纵轴从 0 到 2。"),
    (lambda p: p.hist([1, 2, 2], bins=4), "4 格的直方图；横轴从 1 到 2，纵轴从 0 到 2。"),
    (lambda p: p.stem([5, 6]), "2 根茎线；横轴从 0 到 1，纵轴从 0 到 6。"),
    (lambda p: p.pie([1, 2], labels=["甲", "乙"]), "2 块的饼图；文字：甲、乙。"),
    (lambda p: (p.plot([1, 2]), p.xlim(0.5, 3)), "1 条曲线；横轴从 0.5 到 1，纵轴从 1 到 2。"),
    (lambda p: p.text(0, 0, "只有字"), "文字：只有字。"),
    (lambda p: p.plot([]), "没有线和点；横轴从 -0.055 到 0.055，纵轴从 -0.055 到 0.055。"),
]


@pytest.mark.parametrize(("draw", "expected"), DESCRIPTIONS)
def test_description(draw, expected):
    from matplotlib import pyplot

    pyplot.close("all")
    draw(pyplot)
    found = figures.description(pyplot.gcf())
    pyplot.close("all")
    assert found == f"图：{expected}"
