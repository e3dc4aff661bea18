"""matplotlib backend: `plt.show()` sends the open figures to the page as PNG."""

import io
import struct
from pathlib import Path

from matplotlib import font_manager, pyplot
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure

from .runner import FIGURES, Page

CSS_PIXELS_PER_INCH = 80  # a default figure, 6.4 inches, is 512 pixels wide

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
    """The words in the figure, for those who cannot see it."""
    words = [figure.get_suptitle()]
    for axes in figure.get_axes():
        words += [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
    return "图：" + "，".join(dict.fromkeys(filter(None, words)))
