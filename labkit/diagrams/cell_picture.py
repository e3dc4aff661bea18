"""One step of a recurrent cell as a box: the state runs through its top, gates open onto it.

The lines are those of `formulas`: what stands on a line is what it holds there.
"""

from __future__ import annotations

import numpy as np

from . import svg
from .formulas import called, equations, in_words
from .gates import CAPTIONS
from .gauges import gauge, limit, node, shown
from .passage import Part
from .svg import Block

MARGIN, PAD = 8.0, 10.0  # around the box, and inside of it
GATES = ("z", "r", "i", "f", "o")


def ranges(part: Part) -> dict[str, tuple[float, float]]:
    """The scale of each line, the same for all steps; two lines of one state share theirs."""
    found = {}
    for name, values in part.values.items():
        same = [
            part.values[n] for n in (name.rstrip("′"), name.rstrip("′") + "′") if n in part.values
        ]
        most = limit(np.concatenate([np.ravel(one) for one in same]))
        gate = name in GATES and np.nanmin(np.append(np.ravel(values), 0)) >= 0
        found[name] = (0.0 if gate else -most, most)
    return found


def pictured(part: Part, step: int) -> dict[str, np.ndarray]:
    """What is drawn of every line at one step: units, or the pixels of the first channel."""
    return {name: values[step] for name, values in visible(part).items()}


def visible(part: Part) -> dict[str, np.ndarray]:
    """Of all steps, the values that are drawn."""
    channel = 1 if getattr(part.cell, "data_format", None) == "channels_first" else -1
    return {
        name: shown(values if values.ndim == 2 else values.take(0, channel))
        for name, values in part.values.items()
    }


def cell_picture(part: Part, step: int, width: float) -> Block:
    kind = {"c′": Lstm, "z": Gru}
    drawing = next((cls for name, cls in kind.items() if name in part.values), Simple)
    return drawing(part, step, width).block()


class Cell:
    """Draws the box; heights from its top, lines under everything else."""

    def __init__(self, part: Part, step: int, width: float):
        self.cell, self.width = part.cell, min(width, self.widest)
        self.values, self.ranges = pictured(part, step), ranges(part)
        self.labels = in_words(part.cell)[0]
        self.left, self.right = MARGIN + PAD, self.width - MARGIN - PAD
        self.lines: list[str] = []
        self.parts: list[str] = []
        self.wide = self.width > svg.WIDTH
        self.lay()

    def lay(self) -> None:
        raise NotImplementedError

    height: float
    widest = 544.0  # more would only be longer lines

    def block(self) -> Block:
        frame = svg.rect(
            MARGIN, 20, self.width - 2 * MARGIN, self.height, fill=svg.BATCH, radius=18
        )
        drawn = f'<g transform="translate(0 20)">{"".join([*self.lines, *self.parts])}</g>'
        return Block(frame + drawn, self.width, self.height + 38)

    # --- pieces ---

    def bead(self, name: str, x: float, y: float, width: float, fill: str) -> None:
        """A state or the input, in the middle of its line; x is its left edge."""
        made = self.gauge(name, [self.labels.get(name, name)], width, fill)
        self.parts.append(svg.moved(made, x, y - made.height / 2))

    def gates(self, names: str, starts: list[float], y: float, width: float) -> float:
        """The boxes of the gates beside each other; returns the height of their bottom."""
        bottom = y
        functions = {one.result: one.function for one in equations(self.cell)}
        for name, x in zip(names.split(), starts, strict=True):
            lines = [f"{CAPTIONS[name]} {name}", called(self.cell, functions[name])]
            made = self.gauge(name, lines, width, svg.WEIGHT)
            self.parts.append(svg.moved(made, x, y))
            bottom = y + made.height
        return bottom

    def gauge(self, name, lines, width, fill) -> Block:
        return gauge(name, lines, self.values[name], *self.ranges[name], width, fill)

    def tall(self, name: str) -> float:
        return self.gauge(name, ["h"], 60, "").height

    def node(self, name: str, sign: str, x: float, y: float) -> None:
        self.parts.append(node(name, sign, x, y))

    def line(self, *points: tuple[float, float], over: bool = False, heavy: bool = False) -> None:
        """An arrow along the points; `over`: a straight one upwards across others, which stop
        short of it."""
        if over:
            (x, start), (_, end) = points
            self.lines.append(
                svg.path(f"M{x:g} {start - 4:g}V{end + 9:g}", stroke=svg.BATCH, width=6)
            )
        drawn = svg.arrow_along(list(points))
        self.lines.append(
            drawn.replace('stroke-width="1.5"', 'stroke-width="3"', 1) if heavy else drawn
        )

    def plain(self, *points: tuple[float, float], heavy: bool = False) -> None:
        along = "L".join(f"{x:g} {y:g}" for x, y in points)
        self.lines.append(svg.path(f"M{along}", width=3 if heavy else 1.5))

    def dot(self, x: float, y: float) -> None:
        self.lines.append(f'<circle cx="{x:g}" cy="{y:g}" r="2.5" fill="{svg.EDGE}"/>')

    def out(self, x: float, y: float) -> None:
        """y_t leaves above."""
        self.line((x, y), (x, -6), over=True)
        self.parts.append(svg.text(x - 8, -8, "y_t", size=11, anchor="end"))

    def columns(self, count: int, gap: float, room: float) -> tuple[list[float], float]:
        """The left edges of boxes beside each other, and their width."""
        width = (room - gap * (count - 1)) / count
        return [self.left + n * (width + gap) for n in range(count)], width

    def bus(self, y: float, taps: list[tuple[float, float]], over: bool = False) -> None:
        """A line under the gates, with an arrow up from it to each end (x, y)."""
        xs = [x for x, _ in taps]
        self.plain((min(xs), y), (max(xs), y))
        for x, end in taps:
            self.line((x, y), (x, end + 1), over=over)
            if min(xs) < x < max(xs):
                self.dot(x, y)


class Lstm(Cell):
    def lay(self) -> None:
        gap, lane = (30.0, 74.0) if self.wide else (7.0, 44.0)
        starts, width = self.columns(4, gap, self.right - self.left - lane)
        middles = [x + width / 2 for x in starts]
        bead, tall = min(width, 96.0), self.tall("c")
        line = PAD + tall / 2  # the state's, from left to right
        middle = line + tall / 2 + 24
        top = middle + 22
        forget = max(starts[1] - gap / 2, starts[0] + bead + 13)
        write = starts[2] - gap / 2
        hide, exit = starts[3] + width + lane * 0.34, self.width - MARGIN - lane * 0.24
        bottom = self.gates("f i c̃ o", starts, top, width)

        # The state above.
        self.line((0, line), (forget - 9, line), heavy=True)
        self.line((forget + 9, line), (write - 9, line), heavy=True)
        self.line((write + 9, line), (self.width - 1, line), heavy=True)
        self.bead("c", starts[0], line, bead, svg.PAPER)
        self.bead("c′", write + 18 + (gap if self.wide else 0), line, bead, svg.RESULT)
        self.node("kept", "×", forget, line)
        self.node("c′", "+", write, line)
        # The gates onto it.
        up = starts[0] + width - (20 if self.wide else 14)
        self.line((up, top), (up, middle), (forget, middle), (forget, line + 10))
        self.line((middles[1], top), (middles[1], middle), (write - 10, middle))
        self.line((middles[2], top), (middles[2], middle), (write + 10, middle))
        self.line((write, middle - 9), (write, line + 10))
        self.node("written", "×", write, middle)
        # What is put out.
        self.dot(hide, line)
        self.line((hide, line), (hide, middle - 10))
        self.node(
            "squashed", called(self.cell, "activation"), hide, line + (middle - 10 - line) / 2
        )
        self.line((middles[3], top), (middles[3], middle), (hide - 10, middle))
        self.node("h′", "×", hide, middle)
        self.plain((hide + 9, middle), (exit, middle))
        self.dot(exit, middle)
        self.out(exit, middle)
        # The output and the input below.
        self.bus(bottom + 13, [(m - 9, bottom) for m in middles])
        self.bus(bottom + 24, [(m + 9, bottom) for m in middles], over=True)
        low = bottom + 34 + self.tall("h") / 2
        self.height = low + max(self.tall("h"), self.tall("x")) / 2 + PAD
        rise = starts[1] - gap / 2
        last = self.right - bead
        self.line((0, low), (starts[0], low))
        self.plain((starts[0] + bead, low), (rise, low), (rise, bottom + 13))
        self.dot(rise, bottom + 13)
        self.bead("h", starts[0], low, bead, svg.PAPER)
        entry = starts[2] - gap / 2 - (0 if self.wide else 16)
        self.line((entry, self.height + 17), (entry, bottom + 25))
        self.bead("x", entry - bead / 2, low, bead, svg.DATA)
        turn = last + bead * 0.75
        self.plain((exit, middle), (exit, bottom + 18))
        self.line((exit, bottom + 18), (turn, bottom + 18), (turn, low - self.tall("h") / 2))
        self.line((last + bead, low), (self.width - 1, low))
        self.bead("h′", last, low, bead, svg.RESULT)


class Gru(Cell):
    def lay(self) -> None:
        gap, lane = (84.0, 30.0) if self.wide else (38.0, 4.0)
        self.left += 6
        starts, width = self.columns(3, gap, self.right - self.left - lane)
        middles = [x + width / 2 for x in starts]
        bead, tall = min(width, 96.0), self.tall("h")
        line = PAD + tall / 2
        middle = line + tall / 2 + 14
        top = middle + 22
        keep, write = starts[1] - gap / 2, starts[2] - gap / 2
        bottom = self.gates("z r h̃", starts, top, width)
        level = (top + bottom) / 2  # of what the reset gate lets through

        self.line((0, line), (keep - 9, line), heavy=True)
        self.line((keep + 9, line), (write - 9, line), heavy=True)
        self.line((write + 9, line), (self.width - 1, line), heavy=True)
        self.bead("h", starts[0], line, bead, svg.PAPER)
        last = min(write + 24 + (gap / 3 if self.wide else 0), self.right - bead - 12)
        self.bead("h′", last, line, bead, svg.RESULT)
        self.node("kept", "×", keep, line)
        self.node("h′", "+", write, line)
        exit = self.width - MARGIN - 10
        self.dot(exit, line)
        self.out(exit, line)

        up = starts[0] + width - 16
        self.plain((up, top), (up, middle), (keep, middle))
        self.dot(keep, middle)
        self.line((keep, middle), (keep, line + 10))
        rest = (keep + write) / 2
        self.line((keep, middle), (rest - 10, middle))
        self.line((rest + 9, middle), (write - 10, middle))
        self.node("rest", "1−", rest, middle)
        self.line((middles[2], top), (middles[2], middle), (write + 10, middle))
        self.line((write, middle - 9), (write, line + 10))
        self.node("written", "×", write, middle)

        # The reset gate: before the product with U, or after it.
        self.line((starts[1] + width, level), (write - 10, level))
        self.line((write + 9, level), (starts[2], level))
        self.node("reset", "×", write, level)
        after = "inner" in self.values
        wall = MARGIN + 6
        self.dot(wall, line)
        self.plain((wall, line), (wall, bottom + 13), (middles[0], bottom + 13))
        self.bus(bottom + 13, [(m - 9, bottom) for m in middles[:2]] + [(write, level + 9)])
        self.bus(bottom + 24, [(m + 9, bottom) for m in middles], over=True)
        if after:
            self.node("inner", "·U", write, bottom - 6)
        low = bottom + 34 + self.tall("x") / 2
        self.height = low + self.tall("x") / 2 + PAD
        self.line((keep, self.height + 17), (keep, bottom + 25))
        self.bead("x", keep - bead / 2, low, bead, svg.DATA)


class Simple(Cell):
    widest = 400.0

    def lay(self) -> None:
        bead, tall = (96.0 if self.wide else 74.0), self.tall("h")
        line, middle = PAD + tall / 2, self.width / 2
        end = self.right - bead - 12
        self.line((0, line), (middle - 50, line), heavy=True)
        self.line((middle - 32, line), (middle - 4, line), heavy=True)
        self.line((middle + 36, line), (self.width - 1, line), heavy=True)
        self.bead("h", self.left + 6, line, bead, svg.PAPER)
        self.node("sum", "+", middle - 41, line)
        self.parts.append(svg.text(middle - 66, line - 7, "·U", size=10.5))
        self.parts.append(
            svg.text(middle - 34, line + tall / 2 + 14, "·W", size=10.5, anchor="start")
        )
        self.node("h′", called(self.cell, "activation"), middle + 18, line)
        self.bead("h′", end, line, bead, svg.RESULT)
        exit = self.width - MARGIN - 10
        self.dot(exit, line)
        self.out(exit, line)
        low = line + tall / 2 + 20 + self.tall("x") / 2
        self.height = low + self.tall("x") / 2 + PAD
        self.line((middle - 41, self.height + 17), (middle - 41, line + 10))
        self.bead("x", middle - 41 - bead / 2, low, bead, svg.DATA)
