"""看数据 for layers over sequences: a series of measurements before and after the layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import layers
from .. import svg
from ..svg import Block
from . import kernels, pixels, samples
from .maps import LINES, captioned, looks
from .reach import reach
from .running import edited_kernels, run

HEIGHT = 92.0
LAST = 2000  # the year of the last number
RECURRENT = 34  # years: a recurrent layer takes them one by one
DASHES = ("", "6 3", "2 2", "8 2 2 2")


def view(subject) -> dict[str, Any]:
    layer, wide = subject.layer, subject.wide
    room = float(svg.WIDE) if wide else svg.WIDTH - 8.0
    values = samples.series()
    loops = is_recurrent(layer)
    x = values[-RECURRENT:] if loops else values
    changes = {"return_sequences": True} if isinstance(layer, layers.RNN) else {}
    ran = run(layer, x[:, None], subject.training, edited_kernels(subject.state), **changes)
    y = ran.y
    parts = [
        captioned(
            f"输入 x ({len(x)}, 1)", line_chart("x", x[:, None], np.arange(len(x)), len(x), room)
        )
    ]
    years = f"每年的太阳黑子数，{LAST + 1 - len(x)} 到 {LAST} 年，减去均值、除以标准差"
    parts.append(svg.words(f"{years}（NOAA）", size=10, fill=svg.FAINT, anchor="start"))
    if kernels.is_editable(layer):
        parts.append(kernel_row(ran.layer, room))
    spans = at = None
    if y.ndim == 1:
        shown = np.round(y, 6) + 0  # what float32 leaves of a mean that is 0
        look = looks(shown, False)
        swatches = [one_number(c, value, look) for c, value in enumerate(shown[:16])]
        parts.append(captioned(f"输出 y ({len(y)},)", svg.flow(swatches, room, gap=10)))
    else:
        spans = None if loops else reach(layer, (len(x),), (len(y),))
        at = places(layer, spans, len(y), len(x))
        chart = line_chart("y", y, at, len(x), room)
        parts.append(captioned(f"输出 y {y.shape[0], y.shape[1]}", chart))
        if y.shape[1] > 1:
            parts.append(legend(min(y.shape[1], kernels.MOST), room))
    title = f"{type(layer).__name__} 层看数据：太阳黑子"
    description = f"输入是{years}；输出的形状 {y.shape}。"
    data = {
        "kind": "series",
        "sample": "sunspots",
        "x": [len(x), 1],
        "y": pixels.packed(y),
        "reach": spans,
        "at": None if at is None else at.tolist(),
        "kernel": kernels.numbers(ran.layer, ran.edited),
        "channelsFirst": False,
    }
    drawn = svg.document("data-view", title, description, svg.below(parts, 8), label=False)
    return {"svg": drawn, "data": data, "notes": told(layer, y)}


def is_recurrent(layer) -> bool:
    return isinstance(getattr(layer, "forward_layer", layer), layers.RNN)


def places(layer, spans, outputs: int, inputs: int) -> np.ndarray:
    """Where on the axis of the input each output stands: in the middle of its window; a causal one
    at the window's end."""
    if spans:
        first, last = map(np.array, spans[0][:2])
        return last if getattr(layer, "padding", None) == "causal" else (first + last) / 2
    steps = np.arange(outputs)
    return inputs - 1 - steps if getattr(layer, "go_backwards", False) else steps


def line_chart(letter: str, y: np.ndarray, at: np.ndarray, length: int, room: float) -> Block:
    """Lines of (time, channels) over the places `at` on an axis of `length` steps."""
    y = y[:, : kernels.MOST].astype(float)
    low, high = min(0.0, float(y.min())), max(0.0, float(y.max()))
    high = high if high > low else low + 1
    margin = 36.0  # for the numbers of the axis
    width = room - margin - 6
    across = margin + (at + 0.5) / length * width
    up = 6 + (high - y) / (high - low) * (HEIGHT - 12)
    zero = 6 + high / (high - low) * (HEIGHT - 12)
    parts = [
        svg.rect(margin, 0, width, HEIGHT, radius=0),
        svg.path(f"M{margin:g} {zero:.1f}h{width:.1f}", width=1, dashed=True),
        svg.text(
            margin - 4, 12, pixels.short(high, 2), size=10, mono=True, anchor="end", fill=svg.FAINT
        ),
        svg.text(
            margin - 4,
            HEIGHT - 3,
            pixels.short(low, 2),
            size=10,
            mono=True,
            anchor="end",
            fill=svg.FAINT,
        ),
    ]
    for c in range(y.shape[1]):
        line = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(across, up[:, c], strict=True))
        parts.append(stroke(c, f"M{line}"))
    group = (
        f'<g class="map" data-map="{letter}" data-channel=":" data-rows="1" '
        f'data-columns="{len(y)}" data-left="{margin:g}" data-width="{width:g}" '
        f'data-height="{HEIGHT:g}" data-length="{length}">{"".join(parts)}</g>'
    )
    return Block(group, room, HEIGHT)


def stroke(c: int, d: str) -> str:
    dash = DASHES[c // 2 % len(DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    colour = f"var(--diagram-line-{c % len(LINES)}, {LINES[c % len(LINES)]})"
    return f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="1.8"{dashed}/>'


def legend(channels: int, room: float) -> Block:
    blocks = []
    for c in range(channels):
        name = svg.words(f"y[:, {c}]", size=10.5, mono=True, fill=svg.FAINT, anchor="start")
        blocks.append(svg.beside([Block(stroke(c, "M0 5H26"), 26, 10), name], 4))
    return svg.flow(blocks, room, gap=12)


def one_number(c: int, value: float, look) -> Block:
    square = pixels.image(np.array([[value]]), 34, 22, look.most)
    number = svg.words(pixels.short(float(value)), size=11, mono=True, anchor="start")
    return svg.beside([square, number], 4)


def kernel_row(layer, room: float) -> Block:
    W = kernels.kernels(layer)[: kernels.MOST, :, 0]
    blocks = [
        captioned(f"核 {f}", pixels.image(one[None], 18 * len(one), 18, pixels.extent(one)), 10.5)
        for f, one in enumerate(W)
    ]
    return svg.flow([*blocks, pixels.scale_bar(None, True, width=110)], room, gap=12, align=1.0)


def told(layer, y: np.ndarray) -> list[str]:
    notes = []
    if y.ndim == 2 and y.shape[1] > kernels.MOST:
        notes.append(f"只画前 {kernels.MOST} 个通道，一共 {y.shape[1]} 个。")
    if getattr(layer, "return_sequences", True) is False:
        notes.append("线是每一步的状态；return_sequences=False，这一层只输出最后一步的。")
    if getattr(layer, "go_backwards", False):
        notes.append("go_backwards=True：从右往左读，每一步的输出画在它读到的那一年。")
    return notes
