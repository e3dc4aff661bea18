"""The steps of a recurrent layer in a row, and over it how large its states or gradients are there.

Up to `columns(room)` steps the row is the chain of `unrolled`; more are thin columns.
"""

from __future__ import annotations

import numpy as np

from . import svg
from .chains import Chain, chains_of
from .gauges import BAR
from .passage import Part, Passage, sizes
from .svg import Block
from .unrolled import drawn, together

LEAST, BARS = 60.0, 24.0  # across a column of the chain; the height of the longest bar
EDGE = 44.0  # beside thin columns
MOST = 1e300
DECADES = 12  # of a logarithmic scale, at most


class Timeline:
    """block; xs: of each chain, the middle of every step's column, in the order of reading."""

    def __init__(self, layer, shape, run: Passage, step: int, room: float):
        self.run, self.room, self.step, steps = run, room, step, run.shape[1]
        most = int((room - 60) // LEAST)
        self.chains = chains_of(layer, (*shape[:1], steps, *shape[2:]), run.masked, most)
        self.close = steps > most
        if self.close:
            pitch = (room - 2 * EDGE) / steps
            self.half = max(pitch - 1, 2) / 2
            self.xs = [[EDGE + pitch * (t + 0.5) for t in chain.order] for chain in self.chains]
            row = svg.below(
                [self.thin(chain, xs) for chain, xs in zip(self.chains, self.xs, strict=True)], 6
            )
        else:
            drawings = drawn(layer, self.chains, room, len(self.chains) == 1)
            self.half = 17.0
            self.xs = [[drawing.x(t) for t in drawing.chain.order] for drawing in drawings]
            row = together(layer, drawings)
        self.parts = [Sizes(part) for part in run.parts]
        first = self.parts[0]
        bars = [
            self.bars(n, name) for n, name in enumerate(("h", "c", "x")) if name in first.forward
        ]
        if any("c" in part.forward for part in self.parts) and "c" not in first.forward:
            bars.insert(1, self.bars(1, "c"))
        chosen = f'<g data-step="{self.chains[0].order[step]}" data-order="{step}"'
        row = row._replace(svg=row.svg.replace(chosen, f'{chosen} data-state="chosen"', 1))
        self.block = svg.below([svg.below(bars, 3), row], 8)

    def thin(self, chain: Chain, xs: list[float]) -> Block:
        rows, height = len(chain.rows), 16.0
        parts = []
        for order, (t, x) in enumerate(zip(chain.order, xs, strict=True)):
            masked = t in self.run.masked
            kind = f'data-step="{t}" data-order="{order}"' + ' data-masked="yes"' * masked
            cells = [
                svg.rect(
                    x - self.half,
                    height * n,
                    2 * self.half,
                    height - 2,
                    fill=svg.PAPER if masked else svg.WEIGHT,
                    radius=1,
                    dashed=masked,
                )
                for n in range(rows)
            ]
            parts.append(f"<g {kind}>{''.join(cells)}</g>")
        y = height * rows + 3
        ends = (xs[0] - self.half, xs[-1] + self.half * 1.0)
        parts.append(svg.arrow_along([(ends[0], y), (ends[1], y)]))
        parts.append(
            svg.text(EDGE / 2, height * rows / 2 + 3, chain.rows[0].label, size=9)
            if svg.width_of(chain.rows[0].label, 9) < EDGE
            else ""
        )
        every = 5 if len(xs) <= 30 else 10
        for t, x in sorted(zip(chain.order, xs, strict=True)):
            if t % every == 0 and t + every / 2 < len(xs) or t == len(xs) - 1:
                parts.append(svg.text(x, y + 15, chain.times.indexed("x", t), size=10))
        kind = "backward" if chain.flip else "forward"
        return Block(f'<g data-chain="{kind}">{"".join(parts)}</g>', self.room, y + 20)

    def bars(self, row: int, name: str) -> Block:
        """The sizes of one line of the first part, forwards; a page puts others in their place."""
        sizes, parts, base = self.parts[0], [], BARS + 13
        parts.append(svg.path(f"M{EDGE - 4:g} {base:g}H{self.room - 6:g}", width=1))
        values = sizes.forward.get(name, np.zeros(len(self.xs[0])))
        heights = BARS * sizes.heights("forward", values)
        for k, (x, height) in enumerate(zip(self.xs[0], heights, strict=True)):
            wide = 2 * min(self.half, 9)
            chosen = ' data-state="chosen"' if k == self.step else ""
            parts.append(
                f'<rect data-order="{k}"{chosen} x="{x - wide / 2:g}" y="{base - height:g}" '
                f'width="{wide:g}" height="{height:g}" fill="{BAR}"/>'
            )
            if not self.close:
                label = svg.text(x, base - height - 4, brief(values[k]), size=8, mono=True)
                parts.append(label.replace("<text ", f'<text data-order="{k}" ', 1))
        head = svg.text(2, base - 2, f"|{name}_t|", size=9, anchor="start")
        parts.append(head.replace("<text ", '<text data-name="yes" ', 1))
        return Block(f'<g data-sizes="{name}">{"".join(parts)}</g>', self.room, base + 1)


class Sizes:
    """How large a part's states, inputs and gradients are at every step."""

    def __init__(self, part: Part):
        self.part = part
        with np.errstate(over="ignore", invalid="ignore"):
            found = sizes(part)
        # An activation without an end may overflow; a page's JSON has no infinity.
        found = {
            mode: {n: np.nan_to_num(one, nan=0, posinf=MOST) for n, one in lines.items()}
            for mode, lines in found.items()
        }
        self.forward, self.backward = found["forward"], found["backward"]

    def scale(self, mode: str) -> tuple[float, float] | None:
        """The decades of a logarithmic scale; None for one from zero to the largest."""
        every = np.concatenate(list(getattr(self, mode).values()))
        every = every[every > 0]
        if mode == "forward" or not len(every) or every.max() < 100 * every.min():
            return None
        high = np.ceil(np.log10(every.max()))
        return max(np.floor(np.log10(every.min())), high - DECADES), high

    def heights(self, mode: str, values: np.ndarray) -> np.ndarray:
        """Of bars, from 0 to 1."""
        decades = self.scale(mode)
        if decades is None:
            every = [values] if mode == "forward" else list(getattr(self, mode).values())
            most = max(float(one.max()) for one in every)
            return values / most if most else values
        low, high = decades
        with np.errstate(divide="ignore"):
            return np.clip((np.log10(values) - low) / (high - low), 0, 1)

    def data(self, mode: str) -> dict:
        decades = self.scale(mode)
        return {
            "log": None if decades is None else [int(d) for d in decades],
            "values": {
                n: [float(f"{v:.4g}") for v in one] for n, one in getattr(self, mode).items()
            },
            "heights": {
                n: np.round(self.heights(mode, one), 3).tolist()
                for n, one in getattr(self, mode).items()
            },
        }


def brief(value: float) -> str:
    """A size in at most six letters, as in docs/live/lab-recurrent.js."""
    if value == 0 or 0.01 <= value < 100:
        return f"{value:.2f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"
