"""What thumbnails are drawn with: a small sheet, cells shaded by their values, real runs of layers.

The shapes are kept few and the numbers short: a page shows all layers at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...engine.base_layer import Layer
from ..copies import undisturbed
from ..svg import EDGE, FAINT, INK, PAPER, text

WIDTH, HEIGHT = 120, 80
BLUE, ORANGE = "var(--diagram-line-0, #135e8c)", "var(--diagram-line-1, #b4532a)"
GREEN, VIOLET = "var(--diagram-line-2, #2c7a4b)", "var(--diagram-line-3, #7a4b9c)"
LEVELS = (0.08, 0.25, 0.42, 0.6, 0.78, 0.95)
SMALL = 9.0  # the smallest letters: a thumbnail is shown larger than it is drawn

#: A picture that says something at 6×6: a bent stroke.
STROKE = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [0, 8, 9, 9, 9, 0],
        [0, 1, 1, 2, 9, 0],
        [0, 0, 1, 9, 2, 0],
        [0, 0, 8, 4, 0, 0],
        [0, 2, 9, 1, 0, 0],
    ],
    float,
)


def run(layer: Layer, *inputs: Any, training=False) -> Any:
    """The output for one sample of each input, without the axis of the batch."""
    with undisturbed("float64", training):
        batches = [np.asarray(x, float)[None] for x in inputs]
        return np.asarray(layer(batches if len(batches) > 1 else batches[0]))[0]


def drawn_until(layer: Layer, x: Any, wanted: Callable[[np.ndarray], bool]) -> np.ndarray:
    """The first of the layer's draws of the training phase that shows what is `wanted`."""
    with undisturbed("float64", True):
        while not wanted(y := np.asarray(layer(np.asarray(x, float)[None]))[0]):
            pass
    return y


def number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".").replace("-0", "0" if value > -0.05 else "-0")


def line(d: str, colour=EDGE, width=1.2, dash="", extra="") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}{extra}/>'


def frame(x, y, width, height, colour=ORANGE, fill="none", dash="") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    inside = f'fill="{fill}"' + (' fill-opacity=".18"' if fill not in ("none", PAPER) else "")
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="2" {inside} '
        f'stroke="{colour}" stroke-width="1.8"{dashed}/>'
    )


def arrow(x, y, length, down=False, colour=FAINT) -> str:
    if down:
        return line(f"M{x:g} {y:g}v{length:g}m-3 -3l3 3l3 -3", colour)
    return line(f"M{x:g} {y:g}h{length:g}m-3 -3l3 3l-3 3", colour)


def said(x, y, content, size=SMALL, mono=False, fill=INK, anchor="middle", weight=400) -> str:
    return text(x, y, content, size=size, mono=mono, fill=fill, anchor=anchor, weight=weight)


def levels(values: np.ndarray, low: float | None = None, high: float | None = None) -> np.ndarray:
    """0 … 5 by size; equal values lie in the middle."""
    low = float(np.min(values)) if low is None else low
    high = float(np.max(values)) if high is None else high
    if high - low < 1e-9:
        return np.full(values.shape, 2)
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.round(share * (len(LEVELS) - 1)).astype(int)


def grid(
    values, x, y, cell, colour=BLUE, *, scale=(None, None), numbers=False, without=(), wide=0.0
) -> str:
    """A matrix of shaded cells; `without`: (row, column) that are left out."""
    values = np.atleast_2d(np.asarray(values, float))
    width = wide or cell
    by_level: dict[int, list[str]] = {}
    for (row, column), level in np.ndenumerate(levels(values, *scale)):
        if (row, column) not in without:
            d = f"M{x + column * width:g} {y + row * cell:g}h{width:g}v{cell:g}h{-width:g}z"
            by_level.setdefault(int(level), []).append(d)
    parts = [
        f'<path fill-opacity="{LEVELS[level]:g}" d="{"".join(ds)}"/>'
        for level, ds in sorted(by_level.items())
    ]
    drawn = f'<g fill="{colour}" stroke="{EDGE}" stroke-width=".6">{"".join(parts)}</g>'
    if not numbers:
        return drawn
    digits = []
    for (row, column), value in np.ndenumerate(values):
        if (row, column) not in without:
            dark = levels(values, *scale)[row, column] > 3
            place = (x + (column + 0.5) * width, y + (row + 0.5) * cell + 3.2)
            written = number(value)
            size = min(SMALL, (width - 1.5) / (0.62 * len(written)))
            digits.append(said(*place, written, size, mono=True, fill=PAPER if dark else INK))
    return drawn + "".join(digits)


def crosses(places: Iterable[tuple[int, int]], x, y, cell, wide=0.0) -> str:
    """Cells that are dropped: dashed and crossed out."""
    width, pieces, edges = wide or cell, [], []
    for row, column in places:
        a, b = x + column * width, y + row * cell
        edges.append(f"M{a:g} {b:g}h{width:g}v{cell:g}h{-width:g}z")
        pieces.append(f"M{a + 2:g} {b + 2:g}L{a + width - 2:g} {b + cell - 2:g}")
        pieces.append(f"M{a + width - 2:g} {b + 2:g}L{a + 2:g} {b + cell - 2:g}")
    return line("".join(edges), EDGE, 0.8, "2 1.5") + line("".join(pieces), ORANGE, 1.3)


def zeros(places: Iterable[tuple[int, int]], x, y, cell, wide=0.0) -> str:
    """Cells of padding: dashed, with their zero."""
    width, places = wide or cell, list(places)
    edges = [
        f"M{x + c * width:g} {y + r * cell:g}h{width:g}v{cell:g}h{-width:g}z" for r, c in places
    ]
    size = min(SMALL, cell - 1)
    digits = [
        said(x + (c + 0.5) * width, y + (r + 0.5) * cell + size * 0.36, 0, size, True, FAINT)
        for r, c in places
    ]
    return line("".join(edges), FAINT, 0.8, "2 1.5") + "".join(digits)


def cube(x, y, size, cells, colour, dash="", shade=True) -> str:
    """A block seen from above and the right, its front face at (x, y)."""
    depth, step = size * 0.42, size / cells
    front = f"M{x:g} {y:g}h{size:g}v{size:g}h{-size:g}z"
    top = f"M{x:g} {y:g}l{depth:g} {-depth:g}h{size:g}l{-depth:g} {depth:g}z"
    side = f"M{x + size:g} {y:g}l{depth:g} {-depth:g}v{size:g}l{-depth:g} {depth:g}z"
    if dash:
        return line(front + top + side, colour, 1.1, dash)
    faces = "".join(
        f'<path fill-opacity="{opacity if shade else 0.1:g}" d="{d}"/>'
        for d, opacity in ((front, 0.3), (top, 0.16), (side, 0.5))
    )
    lines = []
    for k in range(1, cells):
        a, b = k * step, depth * k / cells
        lines.append(f"M{x + a:g} {y:g}v{size:g}M{x:g} {y + a:g}h{size:g}")
        lines.append(f"M{x + a:g} {y:g}l{depth:g} {-depth:g}M{x + b:g} {y - b:g}h{size:g}")
        lines.append(f"M{x + size:g} {y + a:g}l{depth:g} {-depth:g}")
        lines.append(f"M{x + size + b:g} {y - b:g}v{size:g}")
    inner = line("".join(lines), EDGE, 0.5) if lines else ""
    outer = f'<g fill="{colour}" stroke="{colour}" stroke-width="1">{faces}</g>'
    return f"<g>{outer}{inner}</g>"


def node(x, y, radius=6.0, fill=BLUE, stroke=EDGE) -> str:
    return (
        f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}" fill-opacity=".3" '
        f'stroke="{stroke}"/>'
    )


def box(x, y, width, height, content="", fill="var(--diagram-weight, #fdebd0)", size=SMALL) -> str:
    drawn = (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="{fill}" '
        f'stroke="{EDGE}"/>'
    )
    if not content:
        return drawn
    return drawn + said(x + width / 2, y + height / 2 + size * 0.36, content, size)
