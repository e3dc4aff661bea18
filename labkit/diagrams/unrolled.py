"""A recurrent layer's loop as a chain over time, drawn from the layer.

Every step is a `<g data-step data-order>`: the time it reads, and when it is processed. An output
is a `data-output`: the times of the steps it leaves (two where two directions are merged), with
`data-place`, where in the output sequence it stands, and `data-repeats`, the step whose output a
masked one copies. A state's line is a `data-state` from one time to another.
"""

from __future__ import annotations

from itertools import pairwise

from . import svg
from .chains import DOTS, Chain, Row, chains_of, notes
from .svg import Block

CELL, BOX, REACH = 34.0, 20.0, 15.0  # a cell's width, a tensor's height, an upright arrow's length


def unrolled_view(layer, input_shape, masked=()) -> str:
    """循环层沿时间展开的图：每一步的输入、状态、输出，SVG 文本。

    input_shape 含批次轴，例如 (None, 5, 3)；masked 是掩码跳过的时间步，例如 (3, 4)。
    步数不知道或多于 5 时，中间的步画成 “…”。不改动 layer。
    """
    shape = tuple(input_shape)
    chains = chains_of(layer, shape, tuple(sorted(set(masked))))
    lines = notes(layer, shape, chains, merging(layer))
    drawings = drawn(layer, chains)
    block = svg.below([together(layer, drawings), svg.legend(lines)], 10)
    title = f"{type(layer).__name__} 沿时间展开的图"
    return svg.document("unrolled", title, "".join(lines), block)


def merging(layer) -> str | None:
    """How Bidirectional joins its two outputs; None where there is nothing to join."""
    return getattr(layer, "merge_mode", None)


def drawn(layer, chains: list[Chain], room: float = svg.WIDTH, upwards=False) -> list[Drawing]:
    return [Drawing(chain, merging(layer) is not None, room, upwards) for chain in chains]


def together(layer, drawings: list[Drawing]) -> Block:
    """The chains with what joins them."""
    blocks, mode = [drawing.draw() for drawing in drawings], merging(layer)
    if mode is not None:
        blocks.insert(1, merged(drawings[0], drawings[1], mode))
    return svg.below(blocks, 0 if mode else 20)


class Drawing:
    """A chain from left to right; upwards, its inputs at the bottom, or downwards.

    Heights count from the inputs' end. A column is a step, DOTS, or one of the ends of the states'
    lines, "initial" and "final". `merged`: its outputs are parts of the layer's.
    """

    def __init__(self, chain: Chain, merged: bool, room: float = svg.WIDTH, upwards=False):
        self.chain, self.layer, self.times, self.merged = chain, chain.layer, chain.times, merged
        self.ahead, columns, self.room = chain.ahead, chain.times.columns, room
        self.upwards = upwards or chain.flip
        self.margin = 30 if len(columns) * 76 > room else 44
        width = min((room - 2 * self.margin) / len(columns), max(80, room / 6))
        left = (room - width * len(columns)) / 2
        self.middles = {column: left + width * (k + 0.5) for k, column in enumerate(columns)}
        away = self.ahead * (width + self.margin) / 2
        self.middles["initial"] = self.x(chain.columns[0]) - away
        self.middles["final"] = self.x(chain.columns[-1]) + away
        self.rows: list[tuple[float, Row]] = []
        self.outlet = BOX + REACH
        for row in chain.rows:
            self.rows.append((self.outlet, row))
            self.outlet += height_of(row) + REACH
        self.height = self.outlet + BOX

    def x(self, column) -> float:
        """The middle of a column; steps that are not drawn share the one of the dots."""
        return self.middles[column if column in self.middles else DOTS]

    def edge(self, column, side) -> float:
        """Where a line meets a column, on its right (1) or left (-1)."""
        beyond = self.margin / 2 - 1
        half = {DOTS: 8, "initial": beyond, "final": beyond}.get(column, CELL / 2)
        return self.x(column) + side * half

    def upper(self, y: float, height: float = 0) -> float:
        """The upper edge in the picture of what begins at y."""
        return self.height - y - height if self.upwards else y

    def arrow(self, *points, dashed=False) -> str:
        return svg.arrow_along([(x, self.upper(y)) for x, y in points], dashed)

    def dots(self, y) -> str:
        return svg.text(self.x(DOTS), self.upper(y) + 3, DOTS, size=12)

    def box(self, x, y, lines, fill, *, width=CELL, height=BOX, dashed=False, size=10.5) -> str:
        """A box around x with its lines of text, smaller where they would not fit."""
        top = self.upper(y, height)
        drawn = svg.rect(x - width / 2, top + 0.5, width, height - 1, fill=fill, dashed=dashed)
        first = top + (height - size * 1.2 * len(lines)) / 2 + size * 0.95
        for number, line in enumerate(lines):
            fitting = min(size, size * (width - 1) / svg.width_of(line, size))
            drawn += svg.text(x, first + size * 1.2 * number, line, size=fitting)
        return f'<g class="box">{drawn}</g>'

    def draw(self) -> Block:
        parts = [self.step(t) for t in self.chain.steps]
        if DOTS in self.chain.columns:
            middles = [y + height_of(row) / 2 for y, row in self.rows]
            middles += [BOX / 2, self.outlet + BOX / 2][: 1 + self.layer.return_sequences]
            parts += [self.dots(y) for y in middles]
        for y, row in self.rows:
            parts += [self.initial(y, row), *self.final(y, row)]
            for (name, shape), level in zip(row.states, levels_of(row, y), strict=True):
                parts += self.states(name, shape, level)
        parts += [self.output(t) for t in self.chain.outputs]
        kind = "backward" if self.chain.flip else "forward"
        return Block(f'<g data-chain="{kind}">{"".join(parts)}</g>', self.room, self.height)

    def step(self, t: int) -> str:
        x, masked, label = self.x(t), t in self.times.masked, self.times.indexed("x", t)
        parts = [self.box(x, 0, [label], svg.DATA, width=wide(label), dashed=masked)]
        for y, row in self.rows:
            lines, height = row.label.split(), height_of(row)
            passed = self.arrow((x, y - REACH), (x, y - 1))
            passed += self.box(x, y, lines, svg.WEIGHT, height=height, size=8.5)
            parts.append(self.skipped(x, y, row) if masked else passed)
        order = self.times.name(self.chain.rank(t))
        kind = f'data-step="{self.times.name(t)}" data-order="{order}"'
        kind += ' data-masked="yes"' if masked else ""
        return f"<g {kind}>{''.join(parts)}</g>"

    def skipped(self, x, y, row) -> str:
        """The states run straight through a masked step's box."""
        left, height, levels = x - CELL / 2, height_of(row), levels_of(row, y)
        frame = svg.rect(left, self.upper(y, height), CELL, height, dashed=True)
        word = self.upper(levels[0] + (12 if len(levels) > 1 else 14)) + 4
        text = svg.text(x, word, "跳过", size=9, fill=svg.FAINT)
        through = [
            svg.path(f"M{left:g} {level:g}L{x + CELL / 2:g} {level:g}", dashed=True)
            for level in map(self.upper, levels)
        ]
        return f'<g class="box">{frame}{text}</g>{"".join(through)}'

    def initial(self, y, row) -> str:
        stateful, width, height = self.layer.stateful, self.margin - 2, height_of(row)
        kind, lines = ("stateful", ["上一", "批的", "状态"]) if stateful else ("0", ["0"])
        x = self.x("initial")
        drawn = self.box(x, y, lines, svg.BATCH, width=width, height=height, size=9.5)
        return f'<g data-initial="{kind}">{drawn}</g>'

    def final(self, y, row) -> list[str]:
        if "final" not in self.chain.ends:
            return []
        x, width, parts = self.x("final"), self.margin - 2, []
        returned = ' data-returned="yes"' if self.layer.return_state else ""
        fill = svg.RESULT if returned else svg.BATCH
        for (name, _), level in zip(row.states, levels_of(row, y), strict=True):
            label = self.chain.state(name, self.chain.steps[-1])
            drawn = self.box(x, level - 9, [label], fill, width=width, height=18, size=10)
            parts.append(f'<g data-final="{name}"{returned}>{drawn}</g>')
        return parts

    def states(self, name, shape, y) -> list[str]:
        """A state's way from the initial one through all steps."""
        parts = []
        for a, b in pairwise(self.chain.ends):
            x0, x1 = self.edge(a, self.ahead), self.edge(b, -self.ahead)
            line = self.arrow((x0, y), (x1, y))
            if isinstance(a, int) and b != "final":
                label = self.chain.state(name, a)
                size = min(10, 10 * (abs(x1 - x0) + 1) / svg.width_of(label, 10))
                line += svg.text((x0 + x1) / 2, self.upper(y) - 6, label, size=size)
            before, after = self.chain.joined(a, b)
            kind = f'data-state="{name}" data-shape="{shape}" data-state-from="{before}"'
            parts.append(f'<g {kind} data-state-to="{after}">{line}</g>')
        return parts

    def output(self, t: int) -> str:
        x, y, masked = self.x(t), self.outlet, t in self.times.masked
        several, source = self.layer.return_sequences, self.chain.source(t)
        place, name = self.chain.place(t), self.times.name
        label = self.times.indexed(self.chain.letter, place) if several else self.chain.letter
        label += "=0" if source is None else ""
        fill = svg.BATCH if self.merged else svg.RESULT
        drawn = self.box(x, y, [label], fill, width=wide(label), dashed=masked)
        level, side = y + BOX / 2, x - self.ahead * wide(label) / 2
        if not masked:
            drawn += self.arrow((x, y - REACH), (x, y - 1))
        elif source is not None:
            start = self.x(source)
            points = [(start, y - REACH), (start, level)]
            if several:
                previous = t - self.ahead if t - self.ahead in self.chain.steps else DOTS
                points = [(self.edge(previous, self.ahead), level)]
            drawn += self.arrow(*points, (side, level), dashed=True)
        kind = f'{"data-part" if self.merged else "data-output"}="{name(t)}"'
        kind += f' data-place="{name(place)}"' if several else ""
        if masked:
            kind += f' data-repeats="{"0" if source is None else name(source)}"'
        return f"<g {kind}>{drawn}</g>"


def height_of(row: Row) -> float:
    return max(44, 24 * len(row.states))


def levels_of(row: Row, y: float) -> list[float]:
    """The heights of the lines of the states of a row that begins at y."""
    each = height_of(row) / len(row.states)
    return [y + each * (k + 0.5) for k in range(len(row.states))]


def wide(label: str) -> float:
    return max(CELL, svg.width_of(label, 10.5) + 4)


def merged(forward: Drawing, backward: Drawing, mode: str) -> Block:
    """The row between two chains, where their outputs meet."""
    times, several, height = forward.times, forward.layer.return_sequences, 58.0
    pairs, parts = [(forward.chain.outputs[0], backward.chain.outputs[0])], []
    if several:
        pairs = [(t, t) for t in sorted(forward.chain.steps)]
    for pair in pairs:
        label, x, first, last = "y", forward.room / 2, *map(times.name, pair)
        kind = f'data-output="{first} {last}"'
        if several:
            place = forward.chain.place(pair[0])
            label, x = times.indexed("y", place), forward.x(pair[0])
            kind = f'data-output="{first}" data-place="{times.name(place)}"'
        drawn = forward.box(x, 14, [label, mode], svg.RESULT, width=44, height=30, size=10)
        parts.append(f'<g {kind} data-merge="{mode}">{drawn}</g>')
        for t, y, side in zip(pair, (0, height), (13, 45), strict=True):
            start = forward.x(t)
            edge = x + (22 if start > x else -22)
            around = [(start, y), (start, height / 2), (edge, height / 2)]
            parts.append(svg.arrow_along([(x, y), (x, side)] if start == x else around))
    if several and DOTS in times.columns:
        parts.append(forward.dots(height / 2))
    return Block("".join(parts), forward.room, height)
