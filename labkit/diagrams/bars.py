"""Counts in a picture: short enough to be read, and as a bar."""

from __future__ import annotations

from . import svg
from .svg import Block

WEIGHTS = "var(--diagram-bar-0, #b4532a)"
PRODUCTS = "var(--diagram-bar-1, #135e8c)"


def briefly(count: int | None) -> str:
    """Three digits of a large count: 9,216; 7.39 万; 1.38 亿; None where it is not fixed."""
    if count is None:
        return "随长度"
    for unit, name in ((10**8, "亿"), (10**4, "万")):
        if count >= unit:
            whole = f"{count // unit:,}" if count >= 1000 * unit else f"{count / unit:.3g}"
            return f"{whole} {name}"
    return f"{count:,}"


def bar(name: str, number: str, size: int, most: int, fill: str, room: float) -> Block:
    """The number over a bar, `most` of which would fill the room."""
    label = svg.words(f"{name} {number}", size=9.5, mono=True, anchor="start")
    share = room * size / most if most else 0
    track = svg.rect(0, 0, room, 4, fill=svg.BATCH, stroke="none", radius=2)
    drawn = svg.rect(0, 0, max(share, 1.5), 4, fill=fill, stroke="none", radius=2) if size else ""
    return svg.below([label, Block(track + drawn, room, 5)], 0)
