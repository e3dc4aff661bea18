"""An activation as a curve: y = f(x) from −3 to 3, computed by the layer itself."""

from __future__ import annotations

import numpy as np

from ...engine.base_layer import Layer
from .. import svg
from ..svg import Block
from . import pixels
from .running import run

SIDE = 150.0


def curve(layer: Layer) -> Block:
    x = np.linspace(-3, 3, 121)
    y = run(layer, x[:, None, None]).y[:, 0, 0].astype(float)
    low, high = min(-1.0, float(y.min())), max(1.0, float(y.max()))

    def place(values, bottom, top, length):
        return (values - bottom) / (top - bottom) * length

    across, up = place(x, -3, 3, SIDE), SIDE - place(y, low, high, SIDE)
    zero = SIDE - float(place(0.0, low, high, SIDE))
    line = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(across, up, strict=True))
    parts = [
        svg.rect(0, 0, SIDE, SIDE, radius=0),
        svg.path(f"M0 {zero:.1f}H{SIDE:g}M{SIDE / 2:g} 0V{SIDE:g}", width=1, dashed=True),
        svg.path(f"M{line}", stroke="var(--diagram-line-0, #0072b2)", width=2.5),
        svg.text(0, SIDE + 13, "−3", size=10.5, mono=True, fill=svg.FAINT, anchor="start"),
        svg.text(SIDE, SIDE + 13, "x = 3", size=10.5, mono=True, fill=svg.FAINT, anchor="end"),
        svg.text(
            4, 12, f"y = {pixels.short(high)}", size=10.5, mono=True, fill=svg.FAINT, anchor="start"
        ),
    ]
    caption = svg.words("y = f(x)", size=11, mono=True, fill=svg.FAINT, anchor="start")
    return svg.below([caption, Block("".join(parts), SIDE, SIDE + 17)], 2)
