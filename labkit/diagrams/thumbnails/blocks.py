"""Thumbnails of layers over blocks, and of those that only move cells about.

Which cells nothing reaches, and which nobody uses, is asked of the layer's own dependencies.
"""

from __future__ import annotations

import numpy as np

from ..dependencies import dependencies
from .pen import (
    BLUE,
    FAINT,
    GREEN,
    ORANGE,
    VIOLET,
    arrow,
    crosses,
    cube,
    frame,
    grid,
    line,
    run,
    said,
    zeros,
)
from .windows import joined

# --- blocks ---


def over_block(before, after, window=0, word="", colour=ORANGE):
    """A block of `before`³ cells with its window, and the block that it becomes."""
    size = 44
    small = size * after / before
    parts = [cube(5, 30, size, before, BLUE)]
    part = size * (window or before) / before
    parts.append(cube(5, 30 + size - part, part, 1, colour))
    middle = 50 - small / 2 + 2
    end = 108 - small * 1.42 + 8
    upper = f"M{5 + part * 1.42:g} {74 - part * 1.42:g}L{end:g} {middle + small - small / after:g}"
    parts.append(line(f"{upper}M{5 + part:g} 74L{end:g} {middle + small:g}", colour, 1))
    parts.append(cube(end, middle, small, after, GREEN))
    if word:
        parts.append(said(end + small * 0.7, 12 if small > 20 else 30, word))
    return "".join(parts)


# --- cells that only move ---


def rearranged(layer, x, places=None, cell=12.0, left=6.0, right=None, numbers=False, gap=True):
    """The input as it stands, an arrow, the output: dashed zeros are added, crossed cells are lost.

    `places`: how the input and the output lie as matrices, where the layer's own axes do not.
    """
    x = np.asarray(x, float)
    y = run(layer, x)
    about = dependencies(layer, (None, *x.shape))
    unused = {int(i) for i in np.flatnonzero(~about.links.any(axis=0))}
    made = {int(o) for o in np.flatnonzero(~about.links.any(axis=1))}
    shapes = places or (x.shape[:2], y.shape[:2])
    first: np.ndarray = x.reshape(shapes[0])
    second: np.ndarray = y.reshape(shapes[1])
    lost = [divmod(i, first.shape[1]) for i in unused]
    added = [divmod(o, second.shape[1]) for o in made]
    scale = (min(x.min(), 0), x.max())
    end = 114 - second.shape[1] * cell if right is None else right
    tops = [40 - v.shape[0] * cell / 2 for v in (first, second)]
    start, stop = left + first.shape[1] * cell, end
    parts = [
        grid(first, left, tops[0], cell, scale=scale, numbers=numbers, without=lost),
        crosses(lost, left, tops[0], cell) if lost else "",
        grid(second, end, tops[1], cell, GREEN, scale=scale, numbers=numbers, without=added),
        zeros(added, end, tops[1], cell) if added else "",
        arrow(start + 4, 40, stop - start - 8) if gap else "",
    ]
    return "".join(parts)


def in_time(layer, x, cell=13, wide=13):
    """As `rearranged`, along a line: the input above, the output below."""
    x = np.asarray(x, float)
    y = run(layer, x[:, None])[:, 0]
    about = dependencies(layer, (None, len(x), 1))
    lost = [(0, int(t)) for t in np.flatnonzero(~about.links.any(axis=0))]
    added = [(0, int(t)) for t in np.flatnonzero(~about.links.any(axis=1))]
    left, right = (60 - len(v) * wide / 2 for v in (x, y))
    scale = (0, x.max())
    parts = [grid(x, left, 14, cell, scale=scale, without=lost, wide=wide, numbers=True)]
    parts += [crosses(lost, left, 14, cell, wide)] if lost else []
    for t, sources in enumerate(about.links):
        for i in np.flatnonzero(sources):
            parts.append(
                line(
                    f"M{left + (i + 0.5) * wide:g} {14 + cell}L{right + (t + 0.5) * wide:g} 53",
                    FAINT,
                    0.9,
                )
            )
    parts.append(
        grid(y, right, 53, cell, GREEN, scale=scale, without=added, wide=wide, numbers=True)
    )
    parts += [zeros(added, right, 53, cell, wide)] if added else []
    return "".join(parts)


def stamped_block():
    """As `stamped`: two cells of the front, whose stamps overlap."""
    parts = [cube(6, 36, 26, 2, BLUE), cube(56, 28, 42, 3, GREEN)]
    for row, column, colour in ((1, 0, ORANGE), (0, 1, VIOLET)):
        a, b, u, v = 6 + 13 * column, 36 + 13 * row, 56 + 14 * column, 28 + 14 * row
        parts += [frame(a, b, 13, 13, colour, colour), frame(u, v, 28, 28, colour, colour)]
        parts += [joined(a + 13, b, b + 13, u, v, v + 28, colour)]
    return "".join(parts)


def copied_block():
    """One cell becomes 2×2×2 equal ones."""
    parts = [cube(6, 36, 26, 2, BLUE), cube(6, 49, 13, 1, ORANGE)]
    parts += [line("M24.5 43.5L64 42M19 62L58 72", ORANGE, 1), cube(58, 30, 42, 4, GREEN)]
    return "".join([*parts, cube(58, 51, 21, 2, ORANGE)])


def padded_block(inner: int, outer: int, dashed: str, filled: str) -> str:
    """A block within a dashed one: what is added, or what is cut away."""
    size = 50
    small = size * inner / outer
    middle = (size - small) * 0.71
    block = cube(28 + middle, 26 + (size - small) * 0.29, small, inner, filled)
    return cube(28, 26, size, outer, dashed, "3 2") + block
