"""Pictures before and after a layer as maps of pixels that a page can point at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import svg
from ..svg import Block
from . import pixels

MOST = 8  # feature maps


class Look(NamedTuple):
    """How numbers become colours."""

    most: float
    signed: bool
    kind: str  # a palette of pixels.py


def looks(values: np.ndarray, picture: bool) -> Look:
    """`picture`: what is shown is still one, as after pooling; otherwise a feature map."""
    kind = "picture" if picture else "signed"
    signed = not picture or bool((values < 0).any())
    most = pixels.extent(values)
    return Look(max(most, 1.0) if picture and not signed else most, signed, kind)


def is_photo(values: np.ndarray, picture: bool) -> bool:
    return picture and values.shape[-1] == 3


def maps(letter: str, values: np.ndarray, picture: bool, look: Look, zoom: float, room: float):
    """(channel, block) of every map of (rows, columns, channels); the three of a photo are one.

    Each feature map has a scale of its own: one loud kernel would bleach all others.
    """
    rows, columns, channels = values.shape
    zoom = min(zoom, room / columns)
    width, height = max(columns * zoom, 3), max(rows * zoom, 3)
    if is_photo(values, picture):
        yield 0, one_map(letter, values, ":", width, height, look)
        return
    for c in range(min(channels, MOST)):
        own = look if picture else look._replace(most=pixels.extent(values[..., c]))
        yield c, one_map(letter, values[..., c], c, width, height, own)


def one_map(letter: str, values, channel, width: float, height: float, look: Look) -> Block:
    most = 1.0 if values.ndim == 3 else look.most
    drawn = pixels.image(values, width, height, most, look.kind)
    rows, columns = values.shape[:2]
    group = (
        f'<g class="map" data-map="{letter}" data-channel="{channel}" data-rows="{rows}" '
        f'data-columns="{columns}" data-width="{width:g}" data-height="{height:g}">{drawn.svg}</g>'
    )
    return drawn._replace(svg=group)


def captioned(caption: str, block: Block, size=11.0) -> Block:
    words = svg.words(caption, size=size, mono=True, fill=svg.FAINT, anchor="start")
    return svg.below([words, block], 2)


def histogram(values: np.ndarray, width=160.0, height=54.0) -> Block:
    """How often each number occurs, a line for each channel of (rows, columns, channels)."""
    channels = min(values.shape[-1], 3)
    low, high = float(values.min()), float(values.max())
    low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
    parts = [svg.path(f"M0 {height:g}H{width:g}", stroke=svg.EDGE, width=1)]
    for c in range(channels):
        counts, _ = np.histogram(values[..., c], 24, (low, high))
        # Roots: the many pixels of a background would flatten all others.
        tall = np.sqrt(counts / max(counts.max(), 1)) * (height - 4)
        step = width / len(tall)
        line = "".join(f"V{height - h:.1f}H{(i + 1) * step:.1f}" for i, h in enumerate(tall))
        colour = f"var(--diagram-line-{c}, {LINES[c]})"
        dash = ("", ' stroke-dasharray="5 2"', ' stroke-dasharray="2 2"')[c]
        parts.append(
            f'<path d="M0 {height:g}{line}V{height:g}" fill="none" stroke="{colour}" '
            f'stroke-width="1.5"{dash}/>'
        )
    for x, value, anchor in ((0, low, "start"), (width, high, "end")):
        text = pixels.short(value)
        parts.append(svg.text(x, height + 12, text, size=10.5, mono=True, anchor=anchor))
    return Block("".join(parts), width, height + 16)


LINES = ("#0072b2", "#b4532a", "#00805a", "#8e4fa8", "#a07800", "#5f7076", "#c03070", "#008080")
