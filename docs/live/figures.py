"""matplotlib backend: `plt.show()` sends the open figures to the page as PNG."""

import io
import struct
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import collections, font_manager, pyplot
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.category import StrCategoryFormatter
from matplotlib.container import BarContainer, StemContainer
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Wedge
from matplotlib.quiver import Quiver
from matplotlib.ticker import FixedFormatter

from .runner import FIGURES, Page

CSS_PIXELS_PER_INCH = 80  # a default figure, 6.4 inches, is 512 pixels wide

COLORBAR = "<colorbar>"  # how matplotlib labels the axes of one
PANELS = 6  # of one figure that a description tells of
NAMES = 8  # of an axis or a legend

# Chinese glyphs; matplotlibrc names the family.
FONT = Path(__file__).with_name("font.ttf")
if FONT.exists():
    font_manager.fontManager.addfont(FONT)


# A picture takes 4 bytes a pixel, several times over; a browser's Python ends with its memory.
PIXELS = 16_000_000


class FigureManager(FigureManagerBase):
    def __init__(self, canvas: "FigureCanvas", num: int | str) -> None:
        super().__init__(canvas, num)
        # The reader draws on the newest; what the cell will not show need not wait for its end.
        output = Page.running and Page.running.output
        open_figures = pyplot.get_fignums()
        if output and output.figures_shown + len(open_figures) > FIGURES:
            output.figures_dropped += bool(pyplot.figure(open_figures[-1]).get_axes())
            pyplot.close(open_figures[-1])

    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        for number in pyplot.get_fignums():
            figure = pyplot.figure(number)
            if Page.running and figure.get_axes() and Page.running.takes_figure():
                Page.running.figure(picture(figure, Page.running.scale))
        pyplot.close("all")


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager

    def get_renderer(self) -> RendererAgg:
        """Every drawing begins here, the reader's own `savefig` too."""
        width, height = map(int, self.figure.bbox.size)
        if width * height > PIXELS:
            raise ValueError(
                f"这幅图太大：{width} × {height} 像素，超过了 {PIXELS // 10_000} 万像素。"
                "请减小 figsize 或 dpi，图里的文字也不要离坐标轴太远。"
            )
        return super().get_renderer()


def picture(figure: Figure, scale: float) -> dict:
    """PNG bytes with `scale` device pixels to a CSS pixel, and the size in CSS pixels."""
    file = io.BytesIO()
    if figure.get_size_inches().prod() * (CSS_PIXELS_PER_INCH * scale) ** 2 > PIXELS:
        scale = 1
    own_dpi, figure.dpi = figure.dpi, CSS_PIXELS_PER_INCH * scale
    try:
        # "tight" draws the figure once more to measure it, which only a layout needs.
        box = "tight" if figure.get_layout_engine() else figure.get_tightbbox().padded(0.1)
        figure.savefig(file, format="png", dpi=figure.dpi, bbox_inches=box)
    finally:
        figure.dpi = own_dpi
    png = file.getvalue()
    width, height = struct.unpack(">II", png[16:24])
    return {
        "png": png,
        "width": round(width / scale),
        "height": round(height / scale),
        "alt": description(figure),
    }


def description(figure: Figure) -> str:
    """What the figure shows, for those who cannot see it."""
    panels = [of_axes(axes) for axes in figure.get_axes() if axes.get_label() != COLORBAR]
    different = list(dict.fromkeys(panels))
    head = [figure.get_suptitle()]
    if len(panels) > 1:
        same = "，都是一样的" if len(different) == 1 else ""
        head.append(f"{len(panels)} 幅小图{same}")
    parts = different[:PANELS] + ["其余从略"] * (len(different) > PANELS)
    parts += [bar_of_colours(axes) for axes in figure.get_axes() if axes.get_label() == COLORBAR]
    parts += [entries(legend) for legend in figure.legends]
    text = "。".join(["，".join(filter(None, head)), *parts])
    return f"图：{text.removeprefix('。')}。"


def of_axes(axes: Axes) -> str:
    """Its title; what is drawn; the axes with their ranges; the legend; the words in it."""
    found = drawn(axes)
    # The rows and columns of a picture are in its size; a circle has none.
    numbers = axes.has_data() and axes.name == "rectilinear" and not axes.images
    sides = [
        side("横轴", axes.xaxis, axes.dataLim.intervalx, numbers),
        side("纵轴", axes.yaxis, axes.dataLim.intervaly, numbers),
    ]
    legend = axes.get_legend()
    words = [text.get_text() for text in axes.texts if text.get_text()]
    facts = [
        "、".join(found) or ("" if words else "没有线和点"),
        "，".join(filter(None, sides)) if axes.axison and not pie(axes) else "",
        entries(legend) if legend else "",
        "文字：" + listed(words) if 0 < len(words) <= NAMES else "",
    ]
    return "，".join(filter(None, [axes.get_title(), "；".join(filter(None, facts))]))


def bar_of_colours(axes: Axes) -> str:
    label, interval = axes.get_ylabel() or axes.get_xlabel(), axes.get_ylim()
    if axes.get_xlim() != (0, 1):  # a lying one
        interval = axes.get_xlim()
    return f"色条{quoted(label)}{span(interval)}"


def pie(axes: Axes) -> int:
    return sum(isinstance(patch, Wedge) for patch in axes.patches)


def drawn(axes: Axes) -> list[str]:
    """`10 个条形`, `图像 8×8`, `2 条曲线`, …"""
    found: list[str] = []
    taken: set[Artist] = set()
    for container in axes.containers:
        taken.update(container.get_children())
        if isinstance(container, BarContainer):
            found.append(bars(container))
        elif isinstance(container, StemContainer):
            found.append(f"{np.size(container.markerline.get_xdata())} 根茎线")
        else:
            found.append("误差条")
    for image in axes.images:
        rows, columns, *colours = np.asarray(image.get_array()).shape
        found.append(f"{'彩色' if colours else ''}图像 {rows}×{columns}")
    if count := pie(axes):
        found.append(f"{count} 块的饼图")
    found = [f"{kind}（{n} 组）" if n > 1 else kind for kind, n in Counter(found).items()]
    others = [*axes.get_lines(), *axes.collections, *axes.patches]
    kinds = [kind_of(part, axes) for part in others if part not in taken and part.get_visible()]
    return found + [f"{n} {kind}" for kind, n in Counter(filter(None, kinds)).items()]


def kind_of(artist: Artist, axes: Axes) -> str:
    """With the measure word that its count takes; empty for what is only decoration."""
    if isinstance(artist, Line2D):
        if not np.size(artist.get_xdata()):
            return ""
        if artist.get_transform() != axes.transData:
            return "条参考线"
        return "组散点" if artist.get_linestyle() == "None" else "条曲线"
    kinds = {
        collections.PathCollection: "组散点",
        collections.QuadMesh: "幅色块图",
        collections.LineCollection: "组线段",
        ContourSet: "组等高线",
        Quiver: "组箭头",
        collections.PolyCollection: "块填色区域",
        Polygon: "个多边形",
    }
    return next((name for kind, name in kinds.items() if isinstance(artist, kind)), "")


def bars(container: BarContainer) -> str:
    """A histogram has no gaps."""
    boxes = [patch.get_bbox() for patch in container.patches]
    along = [(box.x0, box.x1) for box in boxes]
    if container.orientation == "horizontal":
        along = [(box.y0, box.y1) for box in boxes]
    closed = len(along) > 1 and all(
        np.isclose(end, start) for (_, end), (start, _) in zip(along, along[1:], strict=False)
    )
    return f"{len(boxes)} 格的直方图" if closed else f"{len(boxes)} 个条形"


def side(name: str, axis: Axis, interval: Sequence[float], numbers: bool) -> str:
    label = quoted(axis.get_label_text())
    low, high = sorted(axis.get_view_interval())
    if isinstance(axis.get_major_formatter(), StrCategoryFormatter | FixedFormatter):
        ticks = zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=False)
        if words := [tick.get_text() for at, tick in ticks if low <= at <= high]:
            return f"{name}{label}是 {listed(words)}"
    if not numbers or axis.have_units():  # of dates the numbers say nothing
        return f"{name}{label}" if label else ""
    # What is there, as far as it is in view.
    least, most = max(low, min(interval)), min(high, max(interval))
    return f"{name}{label}{span((least, most) if least <= most else (low, high))}"


def listed(words: list[str]) -> str:
    return "、".join(words[:NAMES]) + "等" * (len(words) > NAMES)


def quoted(label: str) -> str:
    return f"“{label}”" if label else ""


def span(interval: Sequence[float]) -> str:
    least, most = (f"{end:.3g}" if abs(end) < 1000 else f"{end:.0f}" for end in interval)
    return f"从 {least} 到 {most}"


def entries(legend: Legend) -> str:
    return "图例：" + listed([text.get_text() for text in legend.get_texts()])
