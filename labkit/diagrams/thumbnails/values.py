"""Thumbnails of layers that change numbers where they stand: curves, noise, dropping, scaling."""

from __future__ import annotations

import numpy as np

from ...engine.base_layer import Layer
from ...layers import (
    Activation,
    ActivityRegularization,
    BatchNormalization,
    Dropout,
    Masking,
    MaxoutDense,
    PReLU,
    Softmax,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from ..copies import undisturbed
from .pen import (
    BLUE,
    EDGE,
    FAINT,
    GREEN,
    ORANGE,
    STROKE,
    VIOLET,
    arrow,
    crosses,
    cube,
    drawn_until,
    frame,
    grid,
    line,
    run,
    said,
)
from .windows import backed

SPAN = np.linspace(-3, 3, 61)
VALUES = np.array([2.0, 3.5, 1.2, 4.0, 2.8, 1.6])


def axes(zero=52.0):
    return line(f"M8 {zero:g}h104M60 6v68", EDGE, 1)


def curve(y, colour=BLUE, width=2.2, dash="", zero=52.0, unit=15.0):
    """y over −3 … 3; it breaks where it jumps."""
    points = np.column_stack([60 + SPAN * 17, zero - np.asarray(y) * unit])
    pieces, pen = [], "M"
    for k, (x, v) in enumerate(points):
        jumps = k and abs(v - points[k - 1, 1]) > 6
        inside = 3 <= v <= 77
        if inside:
            pieces.append(f"{'M' if jumps else pen}{x:.1f} {v:.1f}")
        pen = "L" if inside else "M"
    return line("".join(pieces), colour, width, dash)


def activation(layer: Layer):
    """The function itself, from the layer."""
    return axes() + curve(run(layer, SPAN))


def activations():
    names = (("relu", BLUE, ""), ("tanh", ORANGE, "5 2"), ("sigmoid", GREEN, "2 2"))
    curves = "".join(curve(run(Activation(n), SPAN), c, dash=d) for n, c, d in names)
    words = [said(80, 12, "relu", fill=BLUE), said(98, 34, "tanh", fill=ORANGE)]
    return axes() + curves + "".join([*words, said(32, 42, "sigmoid", fill=GREEN)])


def learnt_slopes():
    """PReLU: the slope on the left is a weight, so it may be any of these."""
    drawn = [axes()]
    for alpha in (0.0, 0.15, 0.45):
        layer = PReLU()
        layer.build((None, 61))
        layer.set_weights([np.full(61, alpha)])
        drawn.append(curve(run(layer, SPAN), ORANGE if alpha else BLUE, 2, "3 2" if alpha else ""))
    right = SPAN >= 0
    drawn.append(line(f"M60 52L{60 + 17 * 3 * right.any():g} 7", BLUE, 2.2))
    return "".join([*drawn, said(22, 34, "alpha", fill=ORANGE)])


def maxout():
    """The largest of several straight lines."""
    layer = MaxoutDense(1, 3)
    layer.build((None, 1))
    slopes, biases = np.array([-0.9, 0.1, 1.1]), np.array([-0.9, 0.3, -1.0])
    layer.set_weights([slopes.reshape(3, 1, 1), biases.reshape(3, 1)])
    y = np.array([run(layer, [x])[0] for x in SPAN])
    lines = [
        curve(slope * SPAN + bias, colour, 1.2, "3 2", 56)
        for slope, bias, colour in zip(slopes, biases, (ORANGE, FAINT, VIOLET), strict=True)
    ]
    return axes(56) + "".join(lines) + curve(y, BLUE, 2.6, zero=56) + said(80, 20, "max", fill=BLUE)


# --- bars ---


def bars(values, x, zero, unit, colour, wide=6.0, gap=2.0, outline=None):
    """Bars from a zero line; `outline`: where they were before."""
    values = np.asarray(values, float)
    d = "".join(
        f"M{x + k * (wide + gap):g} {zero:g}v{-v * unit:.1f}h{wide:g}v{v * unit:.1f}z"
        for k, v in enumerate(values)
    )
    drawn = f'<path d="{d}" fill="{colour}" fill-opacity=".6" stroke="{EDGE}" stroke-width=".5"/>'
    if outline is not None:
        before = "".join(
            f"M{x + k * (wide + gap) - 1:g} {zero - v * unit:.1f}h{wide + 2:g}"
            for k, v in enumerate(outline)
        )
        drawn += line(before, FAINT, 1.2, "2 1.5")
    length = len(values) * (wide + gap) - gap
    return drawn + line(f"M{x - 2:g} {zero:g}h{length + 4:g}", EDGE, 1)


def before_after(x, y, zero=56.0, unit=9.0, marks=None):
    """Bars in, an arrow, bars out with the old height marked."""
    return (
        bars(x, 5, zero, unit, BLUE)
        + arrow(56, 40, 9)
        + bars(y, 70, zero, unit, GREEN, outline=marks)
    )


def noisy(layer: Layer, zero=62.0):
    x = VALUES
    return before_after(x, run(layer, x, training=True), zero, 8, x)


def saturated(layer: Layer):
    """AlphaDropout: a dropped value becomes a negative one, not zero."""
    x = np.array([0.9, 2.0, -0.6, 1.4, 0.5, 1.7])
    y = drawn_until(layer, x, lambda y: 0 < (abs(y - y.min()) < 1e-9).sum() - 1 < 3)
    return before_after(x, y, 44, 13, x)


def shares():
    x = np.array([1.0, 2.4, -0.5, 1.6])
    y = run(Softmax(), x)
    words = said(95, 14, "和 = " + f"{y.sum():g}")
    return bars(x, 8, 52, 14, BLUE, 8) + arrow(52, 42, 12) + bars(y, 74, 66, 68, GREEN, 8) + words


def normalized():
    """Real samples of two channels before and after, on one axis."""
    random = np.random.RandomState(3)
    x = np.column_stack([random.normal(2.2, 0.35, 300), random.normal(-1.6, 0.9, 300)])
    layer = BatchNormalization()
    # A batch of samples: `run` has one only.
    y = np.asarray(run_batch(layer, x))
    parts = [line("M6 34h108M6 76h108", EDGE, 1), line("M60 4v30M60 46v30", EDGE, 1, "2 2")]
    for values, zero in ((x, 34), (y, 76)):
        for channel, colour in ((0, ORANGE), (1, BLUE)):
            counts, edges = np.histogram(values[:, channel], 24, (-4, 4))
            density = counts / max(counts.max(), 1) * 26
            step = 104 / 24
            d = f"M8 {zero}" + "".join(f"V{zero - v:.1f}h{step:.2f}" for v in density) + f"V{zero}z"
            parts.append(
                f'<path d="{d}" fill="{colour}" fill-opacity=".35" stroke="{colour}" '
                'stroke-width="1"/>'
            )
    return "".join([*parts, arrow(104, 40, 8, True)])


def run_batch(layer, x):
    with undisturbed("float64", True):
        return layer(x)


# --- dropping ---


def dropped():
    x = 3 + STROKE[1:, 1:] / 3
    y = run(Dropout(0.4), x, training=True)
    gone = list(zip(*np.nonzero(y == 0), strict=True))
    scale = (0, y.max())
    parts = [grid(x, 4, 15, 10, scale=scale), arrow(57, 40, 7)]
    parts += [grid(y, 68, 15, 10, GREEN, scale=scale, without=gone), crosses(gone, 68, 15, 10)]
    return "".join(parts)


def channels(values, x, y, colour, cell=8, shift=11):
    """Maps behind each other, crossed out where nothing is left."""
    parts = []
    for k in reversed(range(values.shape[-1])):
        one, a, b = values[..., k], x + k * shift, y - k * shift
        if one.any():
            parts.append(backed(one, a, b, cell, colour))
        else:
            side = len(one) * cell
            parts.append(frame(a, b, side, side, EDGE, "var(--diagram-paper, #ffffff)", "2 1.5"))
            parts.append(
                line(
                    f"M{a + 3} {b + 3}l{side - 6} {side - 6}m0 {6 - side}l{6 - side} {side - 6}",
                    ORANGE,
                    1.5,
                )
            )
    return "".join(parts)


def dropped_maps():
    """Whole maps go, here one of three."""
    x = np.stack([STROKE[1:5, 1:5] + 2, STROKE[1:5, 1:5].T + 2, STROKE[2:, :4] + 2], -1)
    y = drawn_until(SpatialDropout2D(0.5), x, lambda y: y.any((0, 1)).sum() == 2)
    return channels(x, 3, 42, BLUE) + arrow(59, 40, 7) + channels(y, 70, 42, GREEN, shift=8)


def dropped_in_time():
    x = np.array([[2, 5, 8, 6, 3, 4], [6, 7, 3, 2, 5, 8], [3, 2, 6, 8, 7, 4]], float)
    y = drawn_until(SpatialDropout1D(0.5), x.T, lambda y: y.any(0).sum() == 2).T
    gone = [(row, column) for row in range(3) if not y[row].any() for column in range(6)]
    parts = [grid(x, 21, 4, 10, wide=13), arrow(60, 37, 6, True)]
    parts += [grid(y, 21, 47, 10, GREEN, wide=13, without=gone), crosses(gone, 21, 47, 10, 13)]
    return "".join(parts)


def dropped_blocks():
    x = np.ones((2, 2, 2, 2))
    y = drawn_until(SpatialDropout3D(0.5), x, lambda y: y.any((0, 1, 2)).sum() == 1)
    parts = []
    for k in range(2):
        top = 14 + k * 36
        stays = bool(y[..., k].any())
        parts += [cube(16, top, 22, 2, BLUE), arrow(54, top + 8, 12)]
        parts.append(cube(78, top, 22, 2, GREEN, dash="" if stays else "2 1.5"))
        if not stays:
            parts.append(line(f"M81 {top + 3}l16 16m0 -16l-16 16", ORANGE, 1.6))
    return "".join(parts)


def masked():
    x = np.array([[3, 5, 0, 4, 0, 2], [1, 4, 0, 6, 0, 3]], float)
    seen = np.asarray(Masking().compute_mask(x.T[None]))[0]
    hidden = [(row, t) for t in np.flatnonzero(~seen) for row in range(2)]
    parts = [grid(x, 15, 14, 15, numbers=True, scale=(-2, 9))]
    parts += [
        frame(15 + 15 * t, 14, 15, 30, ORANGE, dash="3 2") for t in sorted({t for _, t in hidden})
    ]
    for t, kept in enumerate(seen):
        a = 15 + 15 * t + 7.5
        mark = (
            line(f"M{a - 4:g} 59l3 4l5 -8", GREEN, 2)
            if kept
            else line(f"M{a - 3.5:g} 55.5l7 7m0 -7l-7 7", ORANGE, 2)
        )
        parts.append(mark)
    return "".join(parts)


def penalty():
    """The numbers pass as they are; the sum of their squares is added to the loss."""
    x = np.array([2.0, -1, 3, 1])
    layer = ActivityRegularization(l2=0.01)
    y = run(layer, x)
    loss = 0.01 * float((x**2).sum())
    parts = [grid(x[:, None], 8, 8, 13, wide=20, numbers=True, scale=(-2, 5)), arrow(34, 34, 48)]
    parts.append(grid(y[:, None], 90, 8, 13, GREEN, wide=20, numbers=True, scale=(-2, 5)))
    return "".join(
        [
            *parts,
            line("M56 34v22m-3 -3l3 3l3 -3", ORANGE),
            said(60, 69, f"损失 + 0.01·Σx² = {loss:g}", fill=ORANGE),
        ]
    )
