"""matplotlib backend: `plt.show()` sends the open figures to the page as PNG."""

import io
import struct
from pathlib import Path

from matplotlib import font_manager, pyplot
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .runner import Page

CSS_PIXELS_PER_INCH = 80  # a default figure, 6.4 inches, is 512 pixels wide

# Chinese glyphs; matplotlibrc names the family.
FONT = Path(__file__).with_name("font.ttf")
if FONT.exists():
    font_manager.fontManager.addfont(FONT)


class FigureManager(FigureManagerBase):
    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        for number in pyplot.get_fignums():
            figure = pyplot.figure(number)
            if Page.running and figure.get_axes():
                Page.running.figure(picture(figure, Page.running.scale))
        pyplot.close("all")


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager


def picture(figure: Figure, scale: float) -> dict:
    """PNG bytes with `scale` device pixels to a CSS pixel, and the size in CSS pixels."""
    file = io.BytesIO()
    # "tight" draws the figure once more to measure it, which only a layout needs.
    box = "tight" if figure.get_layout_engine() else figure.get_tightbbox().padded(0.1)
    figure.savefig(file, format="png", dpi=CSS_PIXELS_PER_INCH * scale, bbox_inches=box)
    png = file.getvalue()
    width, height = struct.unpack(">II", png[16:24])
    return {
        "png": png,
        "width": round(width / scale),
        "height": round(height / scale),
        "alt": description(figure),
    }


def description(figure: Figure) -> str:
    """The words in the figure, for those who cannot see it."""
    words = [figure.get_suptitle()]
    for axes in figure.get_axes():
        words += [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
    return "图：" + "，".join(dict.fromkeys(filter(None, words)))
