"""docs/live/figures.py: the picture that a figure becomes, here in CPython."""

import io

import numpy as np
import pytest
from PIL import Image

from docs.live import figures


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
