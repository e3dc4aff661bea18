"""Thumbnails of layers that look through a window, and of those that only move cells about.

The window, the cells that nothing reaches and those that nobody uses come from the layer's own
dependencies, the shades from a run of it.
"""

from __future__ import annotations

import numpy as np

from ...layers import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv2D,
    LocallyConnected1D,
    LocallyConnected2D,
    SeparableConv1D,
    SeparableConv2D,
)
from ..dependencies import dependencies
from .pen import (
    BLUE,
    FAINT,
    GREEN,
    ORANGE,
    PAPER,
    STROKE,
    VIOLET,
    arrow,
    frame,
    grid,
    line,
    run,
    said,
)

EDGES = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], float)
SEQUENCE = np.array([[1, 3, 6, 9, 4, 2, 5], [2, 2, 5, 7, 8, 3, 1]], float)  # (feature, time)
OWN = (BLUE, ORANGE, GREEN, VIOLET)


def seen(layer, shape, chosen, axes):
    """The box of input cells that an output is made of: (first, last) along each axis."""
    about = dependencies(layer, (None, *shape))
    [(_, outputs)] = about.outputs
    cells = np.flatnonzero(about.links[np.ravel_multi_index(chosen, outputs)])
    places = np.array(np.unravel_index(cells, shape))
    return [(int(places[a].min()), int(places[a].max())) for a in axes]


def joined(left, top, bottom, right, upper, lower, colour=ORANGE):
    """The two lines from a window to the cell that it becomes."""
    return line(
        f"M{left:g} {top:g}L{right:g} {upper:g}M{left:g} {bottom:g}L{right:g} {lower:g}", colour, 1
    )


def over_image(layer, picture, chosen, cell=10, word="", kernel=None, weights=None):
    """A picture → its output, to one scale, with the window of one output cell."""
    x = picture[..., None]
    if weights:
        layer.build((None, *x.shape))
        layer.set_weights(weights)
    y = run(layer, x)[..., 0]
    (r0, r1), (c0, c1) = seen(layer, x.shape, (*chosen, 0), (0, 1))
    left, top = 4, 40 - len(picture) * cell / 2
    middle = 50 if kernel is not None else 40
    across, down = 116 - y.shape[1] * cell, middle - y.shape[0] * cell / 2
    row, column = chosen
    scale = (0, 9) if word else (None, None)
    parts = [
        grid(picture, left, top, cell, numbers=bool(word), scale=scale),
        grid(y, across, down, cell, GREEN, numbers=bool(word), scale=scale),
    ]
    window = (left + c0 * cell, top + r0 * cell, (c1 - c0 + 1) * cell, (r1 - r0 + 1) * cell)
    colour = ORANGE if weights else BLUE
    parts.append(frame(*window, colour, colour if weights else "none"))
    parts.append(frame(across + column * cell, down + row * cell, cell, cell, colour))
    a, b = down + row * cell, down + (row + 1) * cell
    right = window[0] + window[2]
    parts.append(
        joined(right, window[1], window[1] + window[3], across + column * cell, a, b, colour)
    )
    if kernel is not None:
        parts.append(grid(kernel, across + y.shape[1] * cell / 2 - 9, down - 22, 6, ORANGE))
    if word:
        parts.append(said(across + y.shape[1] * cell / 2, down + y.shape[0] * cell + 11, word))
    return "".join(parts)


def conv2d():
    return over_image(
        Conv2D(1, 3), STROKE, (1, 1), kernel=EDGES, weights=[EDGES[..., None, None], [0]]
    )


def pool2d(layer, word):
    return over_image(layer, STROKE[1:5, 1:5], (0, 1), 16, word)


def whole2d(layer, word):
    """All of a map becomes one number."""
    y = run(layer, STROKE[..., None])
    parts = [grid(STROKE, 4, 10, 10), frame(4, 10, 60, 60, BLUE)]
    parts.append(joined(64, 10, 70, 94, 32, 48, BLUE))
    parts.append(grid([[y[0]]], 94, 32, 16, GREEN, scale=(0, 9), numbers=True, wide=22))
    return "".join([*parts, said(105, 26, word)])


def own_kernels():
    """Two places, each with a kernel of its own."""
    layer = LocallyConnected2D(1, 3)
    picture = STROKE[:5, 1:]
    parts, shape = [grid(picture, 4, 10, 12)], (5, 5, 1)
    for (row, column), colour in (((0, 0), ORANGE), ((2, 2), VIOLET)):
        (r0, r1), (c0, c1) = seen(layer, shape, (row, column, 0), (0, 1))
        x, y, size = 4 + c0 * 12, 10 + r0 * 12, (r1 - r0 + 1) * 12
        a = 22 + row * 12
        parts += [frame(x, y, size, size, colour, colour)]
        parts += [joined(x + size, y, y + size, 80 + column * 12, a, a + 12, colour)]
    parts.append(grid(run(layer, picture[..., None])[..., 0], 80, 22, 12, GREEN))
    parts += [frame(80, 22, 12, 12, ORANGE, ORANGE), frame(104, 46, 12, 12, VIOLET, VIOLET)]
    return "".join(parts)


def each_channel(mix=False):
    """Two channels, each through its own kernel; `mix`: a 1×1 convolution puts them together."""
    picture = STROKE[1:, 1:5]
    x = np.stack([picture, picture[::-1]], -1)[:5]
    layer = DepthwiseConv2D(3)
    y = run(layer, x)
    cell = 8 if mix else 10
    across = 54 if mix else 78
    parts = []
    for channel, colour in ((1, VIOLET), (0, BLUE)):
        shift, up = 12 * channel, -14 * channel
        parts.append(backed(x[..., channel], 4 + shift, 24 + up, cell, colour))
        top = 24 + up + (5 - 3) * cell / 2
        start = 4 + shift + 3 * cell
        end = (across + shift, 28 + up + cell)
        parts.append(backed(y[..., channel], across + shift, 28 + up, cell, colour))
        parts.append(frame(4 + shift, top, 3 * cell, 3 * cell, colour))
        parts.append(joined(start, top, top + 3 * cell, end[0], end[1], end[1] + cell, colour))
    if mix:
        out = run(SeparableConv2D(1, 3), x)[..., 0]
        parts += [arrow(86, 40, 9), said(91, 30, "1×1", fill=ORANGE)]
        parts.append(grid(out, 99, 28, cell, GREEN))
    return "".join(parts)


def backed(values, x, y, cell, colour):
    """A grid that hides what lies behind it."""
    rows, columns = values.shape
    size = f'width="{columns * cell:g}" height="{rows * cell:g}"'
    paper = f'<rect x="{x:g}" y="{y:g}" {size} fill="{PAPER}"/>'
    return paper + grid(values, x, y, cell, colour)


def stamped():
    """One input cell becomes a stamp; stamps add up where they overlap."""
    x = np.array([[3, 5], [8, 2]], float)
    layer = Conv2DTranspose(1, 3, strides=2)
    layer.build((None, 2, 2, 1))
    layer.set_weights([np.ones((3, 3, 1, 1)), [0]])
    y = run(layer, x[..., None])[..., 0]
    cell = 12
    parts = [grid(x, 6, 28, cell), grid(y, 52, 10, cell, GREEN)]
    for (row, column), colour in (((0, 0), ORANGE), ((1, 1), VIOLET)):
        a, b = 6 + column * cell, 28 + row * cell
        u, v = 52 + column * 24, 10 + row * 24
        parts += [frame(a, b, cell, cell, colour), frame(u, v, 36, 36, colour, colour)]
        parts.append(joined(a + cell, b, b + cell, u, v, v + 36, colour))
    return "".join(parts)


# --- along time ---


def over_time(layer, chosen=2, word="", weights=False, features=2):
    """A sequence above, what becomes of it below, under the middle of its window."""
    x = SEQUENCE[:features].T
    y = run(layer, x)
    (t0, t1), (f0, f1) = seen(layer, x.shape, (chosen, 0), (0, 1))
    wide, cell, left = 15, 13 if word else 11, 7.5
    stride = (len(x) - 1 - t1 + t0) / max(len(y) - 1, 1)
    first, space = left + (t1 - t0) / 2 * wide, wide * stride
    colour = ORANGE if weights else BLUE
    top, low = 12, 56
    scale, shown = ((0, 9), True) if word else ((y.min(), y.max()), False)
    parts = [
        grid(x.T, left, top, cell, wide=wide, numbers=shown, scale=scale if word else (None, None))
    ]
    for t, values in enumerate(y):
        place = (first + t * space, low, cell, GREEN)
        parts.append(grid(values[:features, None], *place, wide=wide, scale=scale, numbers=shown))
    height = (f1 - f0 + 1) * cell
    a, width = left + t0 * wide, (t1 - t0 + 1) * wide
    parts.append(frame(a, top + f0 * cell, width, height, colour, colour if weights else "none"))
    at, bottom = first + chosen * space, top + (f1 + 1) * cell
    parts.append(
        line(
            f"M{a:g} {bottom:g}L{at:g} {low:g}M{a + width:g} {bottom:g}L{at + wide:g} {low:g}",
            colour,
            1,
        )
    )
    parts.append(frame(at, low, wide, cell, colour))
    if word:
        side = 96 if at < 70 else 24
        parts.append(said(side, 49, word))
    return "".join(parts)


def own_kernels_1d():
    x, layer = SEQUENCE.T, LocallyConnected1D(1, 3)
    y, wide, cell = run(layer, x), 15, 11
    parts = [grid(x.T, 7.5, 12, cell, wide=wide), grid(y.T, 22.5, 57, cell, GREEN, wide=wide)]
    for chosen, colour in ((0, ORANGE), (4, VIOLET)):
        (t0, t1), _ = seen(layer, x.shape, (chosen, 0), (0, 1))
        a, width, at = 7.5 + t0 * wide, (t1 - t0 + 1) * wide, 22.5 + chosen * wide
        parts.append(frame(a, 12, width, 22, colour, colour))
        parts.append(line(f"M{a:g} 34L{at:g} 57M{a + width:g} 34L{at + wide:g} 57", colour, 1))
        parts.append(frame(at, 57, wide, cell, colour, colour))
    return "".join(parts)


def separable1d():
    x = SEQUENCE.T
    each, wide = run(SeparableConv1D(2, 3), x), 13
    parts = []
    for channel, colour in ((0, BLUE), (1, VIOLET)):
        top = 5 + channel * 12
        parts += [grid(x.T[channel], 14.5, top, 10, colour, wide=wide)]
        parts += [frame(27.5, top, 3 * wide, 10, colour)]
        parts += [grid(each.T[channel], 27.5, 34 + channel * 12, 10, colour, wide=wide)]
    parts += [line("M47 27v6m-3 -3l3 3l3 -3", FAINT), arrow(60, 57, 7, True)]
    parts += [
        said(76, 65, "1×1", fill=ORANGE),
        grid(run(SeparableConv1D(1, 3), x).T, 27.5, 68, 10, GREEN, wide=wide),
    ]
    return "".join(parts)


def whole1d(layer, word):
    y, wide = run(layer, SEQUENCE.T), 11
    parts = []
    for feature, (values, colour) in enumerate(zip(SEQUENCE, (BLUE, VIOLET), strict=True)):
        top = 24 + feature * 20
        parts.append(grid(values, 5, top, 13, colour, wide=wide, scale=(0, 9)))
        parts += [frame(5, top, 77, 13, colour), arrow(84, top + 6.5, 9)]
        parts.append(grid([[y[feature]]], 96, top, 13, colour, wide=20, scale=(0, 9), numbers=True))
    return "".join([*parts, said(106, 18, word)])


def conv1d():
    layer = Conv1D(2, 3)
    return over_time(layer, 2, weights=True)
