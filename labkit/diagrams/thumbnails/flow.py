"""Thumbnails of layers that join, look up or stand alone."""

from __future__ import annotations

import numpy as np

from ...layers import Concatenate, Dense, Dot, Embedding
from .pen import (
    BLUE,
    EDGE,
    FAINT,
    GREEN,
    ORANGE,
    PAPER,
    VIOLET,
    arrow,
    box,
    frame,
    grid,
    line,
    node,
    run,
    said,
)


def dense():
    """Every input with every output; the lines are as thick as the weights are large."""
    layer = Dense(3)
    x = np.array([1.0, 2, 3, 4])
    run(layer, x)
    kernel = layer.get_weights()[0]
    ins, outs = [12 + 18.5 * i for i in range(4)], [21 + 19 * o for o in range(3)]
    lines = [
        line(
            f"M20 {a:g}L100 {b:g}",
            ORANGE if w > 0 else VIOLET,
            0.4 + 2.6 * abs(w),
            "" if w > 0 else "4 2",
        )
        for a, row in zip(ins, kernel, strict=True)
        for b, w in zip(outs, row, strict=True)
    ]
    nodes = [node(20, a, 7) for a in ins] + [node(100, b, 7, GREEN) for b in outs]
    return (
        "".join(lines)
        + "".join(paper(20, a) for a in ins)
        + "".join(paper(100, b) for b in outs)
        + "".join(nodes)
    )


def paper(x, y, radius=7.0):
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{PAPER}"/>'


def highway():
    """A part of the input passes by: t says how much."""
    return "".join(
        [
            node(12, 40),
            line("M18 40h10", FAINT),
            line("M28 40V20h10m-3 -3l3 3l-3 3", FAINT),
            box(40, 10, 26, 20, "H"),
            line("M66 20h24V33m-3 -3l3 3l3 -3", ORANGE, 1.8),
            line("M28 40V62h62V47m-3 3l3 -3l3 3", BLUE, 1.8),
            f'<circle cx="90" cy="40" r="7" fill="{PAPER}" stroke="{EDGE}"/>',
            line("M86 40h8M90 36v8", FAINT),
            arrow(97, 40, 8),
            node(111, 40, 5, GREEN),
            said(80, 15, "t"),
            said(56, 75, "1 − t"),
        ]
    )


def lookup():
    """The number chooses a row of the table."""
    layer, chosen = Embedding(5, 4), 3
    y = run(layer, [chosen])[0]
    table = layer.get_weights()[0]
    scale = (table.min(), table.max())
    parts = [grid(table, 36, 8, 13, ORANGE, scale=scale, wide=10)]
    parts += [said(30, 17.5 + 13 * k, k, mono=True, fill=FAINT) for k in range(5)]
    parts += [box(4, 7 + 13 * chosen, 15, 15, f"{chosen}", "var(--diagram-data, #dcecf7)")]
    parts += [frame(36, 8 + 13 * chosen, 40, 13), arrow(78, 8 + 13 * chosen + 6.5, 9)]
    parts.append(grid(y[:, None], 94, 14, 13, GREEN, scale=scale, wide=14))
    return "".join(parts)


# --- merging ---

A, B = np.array([1.0, 4, 2]), np.array([3.0, 1, 2])


def merged(layer, symbol):
    y = run(layer, A, B)
    values = np.concatenate([A, B, y])
    scale = (min(values.min(), 0), values.max())
    columns = ((A, 6, BLUE), (B, 46, VIOLET), (y, 90, GREEN))
    size = 12 if len(symbol) == 1 else 9
    parts = [
        grid(v[:, None], x, 16, 16, colour, scale=scale, numbers=True, wide=23)
        for v, x, colour in columns
    ]
    word = said(60, 11, symbol) if len(symbol) > 1 else said(37.5, 44, symbol, size, True)
    return "".join([*parts, word, said(79.5, 44, "=", 12, True)])


def concatenated():
    a, b = A, B[:2]
    y = run(Concatenate(), a, b)
    scale = (0, 6)
    parts = [grid(a[:, None], 8, 6, 13, BLUE, scale=scale, numbers=True, wide=20)]
    parts += [grid(b[:, None], 8, 49, 13, VIOLET, scale=scale, numbers=True, wide=20)]
    parts += [
        line(
            "M32 26C56 26 56 27 84 27m-3 -3l3 3l-3 3M32 62C56 62 56 60 84 60m-3 -3l3 3l-3 3", FAINT
        )
    ]
    parts += [grid(y[:3, None], 88, 7, 13, BLUE, scale=scale, numbers=True, wide=20)]
    parts += [grid(y[3:, None], 88, 46, 13, VIOLET, scale=scale, numbers=True, wide=20)]
    return "".join(parts)


def dotted():
    y = run(Dot(axes=1), A, B)
    scale = (0, 11)
    parts = [grid(A[:, None], 8, 16, 16, BLUE, scale=scale, numbers=True, wide=20)]
    parts += [grid(B[:, None], 44, 16, 16, VIOLET, scale=scale, numbers=True, wide=20)]
    parts += [line("".join(f"M28 {24 + 16 * k}h16" for k in range(3)), FAINT)]
    parts += [line("M64 24L92 38M64 40H92M64 56L92 42", FAINT), said(80, 26, "Σ")]
    return "".join(
        [*parts, grid(y[:, None], 92, 32, 16, GREEN, scale=scale, numbers=True, wide=22)]
    )


# --- what has no window ---


def function():
    return (
        node(14, 40)
        + arrow(22, 40, 12)
        + box(38, 26, 44, 28, "f(x)", size=13)
        + arrow(85, 40, 12)
        + node(106, 40, 6, GREEN)
    )


def entrance():
    return (
        box(10, 26, 62, 28, fill="var(--diagram-data, #dcecf7)")
        + frame(10, 26, 62, 28, FAINT, dash="4 2")
        + said(41, 43.5, "(None, 3)", 9.5, True)
        + arrow(76, 40, 30, colour=BLUE)
    )
