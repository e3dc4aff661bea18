"""What a line of a cell holds, as bars (one for each unit) or as a map of pixels, with its name.

A gauge is a `<g class="gauge" data-gauge="name">` whose rects `data-unit` a page moves as the steps
go by (docs/live/lab-recurrent.js), by the same rule as here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from . import svg
from .svg import Block

UNITS, ROW = 4, 12.0  # bars at most, and the height of each
PIXELS, MAP = 6, 44.0  # rows and columns of a map at most, and its side
BAR = "var(--diagram-used, #135e8c)"
STYLE = (
    "<style>.diagram .gauge:focus{outline:none}"
    ".diagram .gauge:focus-visible .frame{stroke:var(--diagram-chosen, #b4532a);stroke-width:3}"
    f".diagram [data-unit]{{fill:{BAR}}}"
    f".diagram [data-unit].negative{{fill:{svg.PAPER};stroke:{BAR}}}"
    "</style>"
)


def shown(values: np.ndarray) -> np.ndarray:
    """Of all steps' values, those that are drawn: the first units, or the first pixels."""
    return values[:, :UNITS] if values.ndim == 2 else values[:, :PIXELS, :PIXELS]


def limit(values: np.ndarray) -> float:
    """The end of a scale that holds all of the values: 1, or a round number above."""
    finite = np.abs(values[np.isfinite(values)])
    most = float(finite.max(initial=0.0))
    if most <= 1:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(most))
    return unit * next(n for n in (1, 2, 5, 10) if n * unit >= most)


def number(value: float) -> str:
    """Five letters at most, as in docs/live/lab-recurrent.js."""
    if not math.isfinite(value):
        return "–"
    if abs(value) < 10:
        return f"{value:.2f}".replace("-0.00", "0.00")
    return (
        f"{value:.0f}"
        if abs(value) < 1e4
        else f"{value:.0e}".replace("e+0", "e").replace("e+", "e")
    )


def gauge(
    name: str,
    lines: Sequence[str],
    values: np.ndarray,
    low: float,
    high: float,
    width: float,
    fill: str,
) -> Block:
    """values: of one step of those that are `shown`. The first line is the name."""
    head, y = [], 3.0
    for n, line in enumerate(lines):
        most = 8.5 if n else 10.5
        size = min(most, most * (width - 6) / svg.width_of(line, most))
        ink = svg.FAINT if n else svg.INK
        head.append(
            svg.text(width / 2, y + most, line, size=size, fill=ink, weight=400 if n else 600)
        )
        y += most + 3
    drawn, height, geometry = (bars if values.ndim == 1 else pixels)(values, low, high, width, y)
    frame = svg.rect(0.5, 0.5, width - 1, height - 1, fill=fill, radius=6)
    frame = frame.replace("<rect ", '<rect class="frame" ', 1)
    kind = " ".join(f'data-{key}="{value:g}"' for key, value in geometry.items())
    inside = f'<g class="box">{frame}{"".join(head)}{drawn}</g>'
    scale = f'data-low="{low:g}" data-high="{high:g}"'
    return Block(f'<g class="gauge" data-gauge="{name}" {scale} {kind}>{inside}</g>', width, height)


def bars(values, low, high, width, top) -> tuple[str, float, dict[str, float]]:
    start, room = 6.0, width - 42
    zero, parts = start + room * (0 - low) / (high - low), []
    for unit, value in enumerate(values):
        y = top + ROW * unit + 2
        x, length = span(value, low, high, start, room)
        parts.append(svg.rect(start, y, room, 8, radius=1))
        parts.append(
            f'<rect data-unit="{unit}" x="{x:g}" y="{y:g}" width="{length:g}" height="8"/>'
        )
        if low:
            parts.append(svg.path(f"M{zero:g} {y - 1:g}v10", stroke=svg.FAINT, width=1))
        label = svg.text(width - 4, y + 7.5, number(value), size=9, mono=True, anchor="end")
        parts.append(label.replace("<text ", f'<text data-number="{unit}" ', 1))
    return "".join(parts), top + ROW * len(values) + 4, {"from": start, "room": room}


def span(value: float, low: float, high: float, start: float, room: float) -> tuple[float, float]:
    """Where the bar from zero to a value begins, and its length."""
    if not math.isfinite(value):
        return start, 0.0
    ends = sorted((0.0, min(max(float(value), low), high)))
    return start + room * (ends[0] - low) / (high - low), room * (ends[1] - ends[0]) / (high - low)


def pixels(values, low, high, width, top) -> tuple[str, float, dict[str, float]]:
    """A square for each pixel, its area as large as the number; hollow where it is negative."""
    rows, columns = values.shape
    side = MAP / max(rows, columns)
    left = (width - side * columns) / 2
    parts = [svg.rect(left, top + 1, side * columns, side * rows, radius=0)]
    for unit, value in enumerate(values.ravel()):
        middle = left + side * (unit % columns + 0.5), top + 1 + side * (unit // columns + 0.5)
        half = 0.0
        if math.isfinite(value):
            half = (side - 1.5) / 2 * math.sqrt(min(abs(float(value)) / high, 1))
        kind = ' class="negative"' if value < 0 else ""
        x, y = middle[0] - half, middle[1] - half
        where = f'x="{x:.2f}" y="{y:.2f}" width="{2 * half:.2f}" height="{2 * half:.2f}"'
        parts.append(f'<rect data-unit="{unit}"{kind} {where}/>')
    geometry = {"left": left, "top": top + 1, "side": side, "columns": columns}
    return "".join(parts), top + side * rows + 5, geometry


def node(name: str, sign: str, x: float, y: float) -> str:
    """An operation on a line: a circle for ×, + and 1 −, a long one for a function by its name."""
    if len(sign) > 2:
        width = min(44.0, svg.width_of(sign, 9) + 10)
        size = min(9.0, 9 * (width - 8) / svg.width_of(sign, 9))
        shape = svg.rect(x - width / 2, y - 8, width, 16, radius=8)
        drawn = shape + svg.text(x, y + 3, sign, size=size)
    else:
        shape = f'<circle cx="{x:g}" cy="{y:g}" r="9" fill="{svg.PAPER}" stroke="{svg.EDGE}"/>'
        drawn = shape + svg.text(x, y + 4, sign, size=12 if len(sign) == 1 else 9, weight=600)
    drawn = drawn.replace("<rect ", '<rect class="frame" ').replace(
        "<circle ", '<circle class="frame" '
    )
    return f'<g class="gauge node" data-gauge="{name}"><g class="box">{drawn}</g></g>'
