"""A recurrent layer's loop as a chain over time, drawn from the layer.

Every step is a `<g data-step data-order>`: the time it reads, and when it is processed. An output
is a `data-output`: the times of the steps it leaves (two where two directions are merged), with
`data-place`, where in the output sequence it stands, and `data-repeats`, the step whose output a
masked one copies. A state's line is a `data-state` from one time to another.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

from .. import backend as K
from ..backend.tape import Symbol
from ..errors import explain
from ..layers.recurrent.rnn import RNN
from ..layers.recurrent.stacked import StackedRNNCells
from ..layers.wrappers import Bidirectional
from ..utils.generic_utils import to_list
from . import svg
from .gates import arrow_along, legend
from .svg import Block

CELL, BOX, REACH = 34.0, 20.0, 15.0  # a cell's width, a tensor's height, an upright arrow's length
SHORT = {"SimpleRNN": "Simple RNN", "ConvLSTM2D": "Conv LSTM"}
SHORT |= {"CuDNNGRU": "CuDNN GRU", "CuDNNLSTM": "CuDNN LSTM", "GRU": "GRU", "LSTM": "LSTM"}
LOWERED, RAISED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"), "¹²³⁴⁵⁶⁷⁸⁹"


class Times:
    """The steps, those that are drawn, and where; an unknown number is drawn as more than five."""

    def __init__(self, steps: int | None, masked):
        self.known = steps is not None
        self.count = steps or max([6, *(t + 4 for t in masked)])
        last, self.masked = self.count - 1, frozenset(masked)
        several = range(self.count) if steps and steps <= 5 else [0, 1, 2, last]
        self.drawn = list(several) if steps else [0, 1, last]
        self.gap = len(self.drawn) < self.count
        columns = len(self.drawn) + self.gap
        self.margin = 30 if columns == 5 else 44
        self.column = min((svg.WIDTH - 2 * self.margin) / columns, 80)
        self.left = (svg.WIDTH - self.column * columns) / 2

    def x(self, t) -> float:
        """The middle of a step's column; steps that are not drawn share the one of the dots."""
        place = self.drawn.index(t) if t in self.drawn else len(self.drawn) - 1
        place += self.gap and t == self.drawn[-1]
        return self.left + self.column * (place + 0.5)

    def name(self, t: int) -> str:
        return str(t) if self.known or t < self.count - 2 else f"T−{self.count - t}"

    def sub(self, letter: str, t: int) -> str:
        """letter with t below it, as x₀ or x_(T−1)."""
        name = self.name(t)
        return letter + (name.translate(LOWERED) if name.isdigit() else f"_({name})")


class Row(NamedTuple):
    """One cell of a chain: its label, and its states' names and shapes."""

    label: str
    states: list[tuple[str, tuple]]

    @property
    def height(self) -> float:
        return max(44, 24 * len(self.states))

    def levels(self, top) -> list[float]:
        """The heights of the lines of the states."""
        each = self.height / len(self.states)
        return [top + each * (k + 0.5) for k in range(len(self.states))]


def rows_of(layer, shape, mark: str) -> list[Row]:
    cell, shapes = layer.cell, list(layer._state_shapes(shape))
    cells = cell.cells if isinstance(cell, StackedRNNCells) else [cell]
    numbers = list(range(len(cells)))
    order = cell._in_state_order(numbers) if isinstance(cell, StackedRNNCells) else numbers
    rows: dict[int, Row] = {}
    for number in order:
        kind = type(cells[number]).__name__.removesuffix("Cell")
        count = len(to_list(cells[number].state_size, allow_tuple=True))
        letters = "hc" if count == 1 or (count == 2 and "LSTM" in kind) else "abcdefgh"
        raised = RAISED[number % 9] if len(cells) > 1 else ""
        names = [letters[k % 8] + raised + mark for k in range(count)]
        rows[number] = Row(SHORT.get(kind, "单元"), list(zip(names, shapes, strict=False)))
        del shapes[:count]
    return [rows[number] for number in numbers]


class Chain:
    """One direction; drawn upwards (inputs at the bottom) where it is the backward one."""

    def __init__(self, layer, shape, times: Times, name="forward", letter="y", merged=False):
        self.layer, self.times, self.name = layer, times, name
        self.letter, self.merged, self.flip = letter, merged, name == "backward"
        self.rows = rows_of(layer, shape, "′" if self.flip else "")
        self.ahead = -1 if layer.go_backwards else 1
        self.order = list(range(times.count))[:: self.ahead]
        self.columns: list[Any] = [*times.drawn[:-1], *[None] * times.gap, times.drawn[-1]]
        self.columns = self.columns[:: self.ahead]
        self.hands_out = layer.return_state or layer.stateful
        # The step whose state stands after each step; None before the first unmasked one.
        self.source: dict[int, int | None] = {}
        latest = None
        for t in self.order:
            latest = latest if t in times.masked else t
            self.source[t] = latest
        self.outputs = self.order[-1:]
        if layer.return_sequences:
            self.outputs = [t for t in self.columns if t is not None]
        self.tops, self.outlet = [], BOX + REACH
        for row in self.rows:
            self.tops.append(self.outlet)
            self.outlet += row.height + REACH
        self.height = self.outlet + BOX

    def v(self, y: float, height: float = 0) -> float:
        return self.height - y - height if self.flip else y

    def rank(self, t: int) -> int:
        """When a step is processed."""
        return self.times.count - 1 - t if self.layer.go_backwards else t

    def place(self, t: int) -> int:
        """Where a step's output stands: Bidirectional turns its backward sequence round."""
        return self.times.count - 1 - self.rank(t) if self.flip else self.rank(t)

    def arrow(self, *points, dashed=False) -> str:
        return arrow_along([(x, self.v(y)) for x, y in points], dashed)

    def box(
        self,
        x,
        y,
        lines,
        fill,
        *,
        width: float = CELL,
        height: float = BOX,
        dashed=False,
        size=10.5,
    ) -> str:
        top = self.v(y, height)
        return box(x, top, lines, fill, width=width, height=height, dashed=dashed, size=size)

    def wide(self, label: str) -> float:
        return max(CELL, svg.width_of(label, 10.5) + 4)

    def draw(self) -> str:
        parts = [self.step(t) for t in self.columns if t is not None]
        if self.times.gap:
            levels = [top + row.height / 2 for top, row in zip(self.tops, self.rows, strict=True)]
            levels += [BOX / 2, self.outlet + BOX / 2][: 1 + self.layer.return_sequences]
            parts += [dots(self.times.x(None), self.v(y)) for y in levels]
        for top, row in zip(self.tops, self.rows, strict=True):
            parts += [self.initial(top, row), *self.final(top, row)]
            for (name, shape), y in zip(row.states, row.levels(top), strict=True):
                parts += self.states(name, shape, y)
        parts += [self.output(t) for t in self.outputs]
        return f'<g data-chain="{self.name}">{"".join(parts)}</g>'

    def step(self, t: int) -> str:
        x, masked = self.times.x(t), t in self.times.masked
        label = self.times.sub("x", t)
        parts = [self.box(x, 0, [label], svg.DATA, width=self.wide(label), dashed=masked)]
        for top, row in zip(self.tops, self.rows, strict=True):
            if masked:
                parts.append(self.skipped(x, top, row))
                continue
            parts.append(self.arrow((x, top - REACH), (x, top - 1)))
            lines = row.label.split()
            parts.append(self.box(x, top, lines, svg.WEIGHT, height=row.height, size=8.5))
        mark = ' data-masked="yes"' if masked else ""
        order = self.times.name(self.rank(t))
        kind = f'data-step="{self.times.name(t)}" data-order="{order}"{mark}'
        return f"<g {kind}>{''.join(parts)}</g>"

    def skipped(self, x, top, row) -> str:
        """The states run straight through a masked step's box."""
        frame = svg.rect(x - CELL / 2, self.v(top, row.height), CELL, row.height, dashed=True)
        levels = row.levels(top)
        word = self.v(levels[0] + (12 if len(levels) > 1 else 14)) + 4
        text = svg.text(x, word, "跳过", size=9, fill=svg.FAINT)
        through = [
            svg.path(f"M{x - CELL / 2:g} {self.v(y):g}L{x + CELL / 2:g} {self.v(y):g}", dashed=True)
            for y in levels
        ]
        return f'<g class="box">{frame}{text}</g>{"".join(through)}'

    def state_label(self, name: str, t: int) -> str:
        step = self.source[t]
        if step is None:
            return name if self.layer.stateful else "0"
        return self.times.sub(name, step)

    def states(self, name, shape, y) -> list[str]:
        """A state's way from the initial one through all steps."""
        parts: list[str] = []
        ends: list[Any] = ["initial", *self.columns, *["final"] * self.hands_out]
        for a, b in itertools.pairwise(ends):
            before, after = self.end(a, b, -self.ahead), self.end(b, a, self.ahead)
            x0, x1 = self.edge(a, self.ahead), self.edge(b, -self.ahead)
            line = self.arrow((x0, y), (x1, y))
            if isinstance(a, int) and b != "final":
                label = self.state_label(name, a)
                size = min(10, 10 * (abs(x1 - x0) + 1) / svg.width_of(label, 10))
                line += svg.text((x0 + x1) / 2, self.v(y) - 6, label, size=size)
            kind = f'data-state="{name}" data-shape="{shape}"'
            ends_of = f'data-state-from="{before}" data-state-to="{after}"'
            parts.append(f"<g {kind} {ends_of}>{line}</g>")
        return parts

    def end(self, column, other, onward) -> str:
        """The name of a line's end; of the steps that the dots stand for, the one next to other."""
        column = other + onward if column is None else column
        return column if isinstance(column, str) else self.times.name(column)

    def edge(self, column, side) -> float:
        """Where a line meets a column, on its right (1) or left (-1)."""
        if column in ("initial", "final"):
            return self.beyond(column) + side * (self.times.margin / 2 - 1)
        return self.times.x(column) + side * (8 if column is None else CELL / 2)

    def beyond(self, end) -> float:
        """The middle of the boxes before the first step, and after the last one."""
        away = self.ahead * (self.times.column + self.times.margin) / 2
        first = end == "initial"
        return self.times.x(self.columns[0 if first else -1]) + (-away if first else away)

    def initial(self, top, row) -> str:
        kind, lines = (
            ("stateful", ["上一", "批的", "状态"]) if self.layer.stateful else ("0", ["0"])
        )
        width = self.times.margin - 2
        drawn = self.box(
            self.beyond("initial"), top, lines, svg.BATCH, width=width, height=row.height, size=9.5
        )
        return f'<g data-initial="{kind}">{drawn}</g>'

    def final(self, top, row) -> list[str]:
        if not self.hands_out:
            return []
        fill = svg.RESULT if self.layer.return_state else svg.BATCH
        x, width, parts = self.beyond("final"), self.times.margin - 2, []
        for (name, _), y in zip(row.states, row.levels(top), strict=True):
            label = self.state_label(name, self.order[-1])
            drawn = self.box(x, y - 9, [label], fill, width=width, height=18, size=10)
            returned = ' data-returned="yes"' if self.layer.return_state else ""
            parts.append(f'<g data-final="{name}"{returned}>{drawn}</g>')
        return parts

    def output(self, t: int) -> str:
        x, y, masked = self.times.x(t), self.outlet, t in self.times.masked
        several, source = self.layer.return_sequences, self.source[t]
        label = self.times.sub(self.letter, self.place(t)) if several else self.letter
        label += "=0" if source is None else ""
        fill = svg.BATCH if self.merged else svg.RESULT
        drawn = self.box(x, y, [label], fill, width=self.wide(label), dashed=masked)
        end, level = x - self.ahead * self.wide(label) / 2, y + BOX / 2
        if not masked:
            drawn += self.arrow((x, y - REACH), (x, y - 1))
        elif source is not None and several:
            previous = t - self.ahead if t - self.ahead in self.outputs else None
            start = self.edge(previous, self.ahead)
            drawn += self.arrow((start, level), (end, level), dashed=True)
        elif source is not None:
            start = self.times.x(source)
            drawn += self.arrow((start, y - REACH), (start, level), (end, level), dashed=True)
        kind = f'{"data-part" if self.merged else "data-output"}="{self.times.name(t)}"'
        kind += f' data-place="{self.times.name(self.place(t))}"' if several else ""
        if masked:
            kind += f' data-repeats="{"0" if source is None else self.times.name(source)}"'
        return f"<g {kind}>{drawn}</g>"


def dots(x, y) -> str:
    return svg.text(x, y + 3, "…", size=12)


def box(x, top, lines, fill, *, width, height, dashed=False, size) -> str:
    """A box around x with its lines of text, smaller where they would not fit."""
    drawn = svg.rect(x - width / 2, top + 0.5, width, height - 1, fill=fill, dashed=dashed)
    first = top + (height - size * 1.2 * len(lines)) / 2 + size * 0.95
    for number, line in enumerate(lines):
        fitting = min(size, size * (width - 1) / svg.width_of(line, size))
        drawn += svg.text(x, first + size * 1.2 * number, line, size=fitting)
    return f'<g class="box">{drawn}</g>'


def merged(forward: Chain, backward: Chain, mode: str) -> Block:
    """The row between two chains, where their outputs meet."""
    times, height, middle = forward.times, 58.0, 29.0
    parts = []

    def meeting(x, label, kind):
        drawn = box(x, 14, [label, mode], svg.RESULT, width=44, height=30, size=10)
        parts.append(f'<g {kind} data-merge="{mode}">{drawn}</g>')

    if forward.layer.return_sequences:
        for t in times.drawn:
            x, place = times.x(t), forward.place(t)
            kind = f'data-output="{times.name(t)}" data-place="{times.name(place)}"'
            meeting(x, times.sub("y", place), kind)
            parts += [arrow_along([(x, 0), (x, 13)]), arrow_along([(x, height), (x, 45)])]
        if times.gap:
            parts.append(dots(times.x(None), middle))
        return Block("".join(parts), svg.WIDTH, height)
    last = [chain.outputs[0] for chain in (forward, backward)]
    x, ends = svg.WIDTH / 2, [times.x(t) for t in last]
    meeting(x, "y", f'data-output="{times.name(last[0])} {times.name(last[1])}"')
    for start, y, side in zip(ends, (0, height), (13, 45), strict=True):
        edge = x + (22 if start > x else -22)
        points = [(start, y), (start, middle), (edge, middle)]
        parts.append(arrow_along([(x, y), (x, side)] if start == x else points))
    return Block("".join(parts), svg.WIDTH, height)


def unrolled_view(layer, input_shape, masked=()) -> str:
    """循环层沿时间展开的图：每一步的输入、状态、输出，SVG 文本。

    input_shape 含批次轴，例如 (None, 5, 3)；masked 是掩码跳过的时间步，例如 (3, 4)。
    步数不知道或多于 5 时，中间的步画成 “…”。不改动 layer。
    """
    shape, masked = tuple(input_shape), tuple(sorted(set(masked)))
    forward, backward = directions(layer, shape, masked)
    times = Times(shape[1], masked)
    several = backward is not None
    mode = layer.merge_mode if several else None
    letter = "f" if several else "y"
    chains = [Chain(forward, shape, times, "forward", letter, mode is not None)]
    if several:
        chains.append(Chain(backward, shape, times, "backward", "b", mode is not None))
    drawn = [Block(chain.draw(), svg.WIDTH, chain.height) for chain in chains]
    if mode is not None:
        drawn.insert(1, merged(chains[0], chains[1], mode))
    lines = notes(layer, shape, chains, times, mode)
    picture = svg.below(drawn, 0 if mode else 20)
    title = f"{type(layer).__name__} 沿时间展开的图"
    block = svg.below([picture, legend(lines)], 10)
    return svg.document("unrolled", title, "".join(lines), block)


def directions(layer, shape, masked):
    """The layer that reads forwards and the one that reads backwards, or None."""
    parts = [layer, None]
    if isinstance(layer, Bidirectional):
        parts = [layer.forward_layer, layer.backward_layer]
    if not all(part is None or isinstance(part, RNN) for part in parts):
        raise ValueError(
            explain(
                "unrolled_view",
                f"{type(layer).__name__} 层",
                "只画循环层：RNN、SimpleRNN、GRU、LSTM、ConvLSTM2D、CuDNN 的两个，与 Bidirectional",
                "unrolled_view(LSTM(4), (None, 5, 3))",
            )
        )
    layer.assert_input_compatibility(Symbol(shape, K.floatx(), "x"))
    steps = shape[1]
    if steps == 0 or any(t < 0 or (steps is not None and t >= steps) for t in masked):
        raise ValueError(
            explain(
                "unrolled_view",
                f"{steps} 步，masked={masked}",
                "至少一步；masked 里是 0 到步数减 1 的时间步",
                "unrolled_view(LSTM(4), (None, 5, 3), masked=(3, 4))",
            )
        )
    if masked and not parts[0].supports_masking:
        raise ValueError(
            explain(
                type(parts[0]).__name__,
                f"masked={masked}",
                "CuDNN 的循环层不支持掩码",
                "换成 LSTM 或 GRU",
            )
        )
    return parts


def notes(layer, shape, chains, times, mode) -> list[str]:
    """The legend, and what is said to those who cannot see the picture."""
    first = chains[0].layer
    states = [state for chain in chains for row in chain.rows for state in row.states]
    output = to_list(layer.compute_output_shape(shape))[: 1 if mode else len(chains)]
    each = "每一步" if len(chains[0].rows) == 1 else "每一行在每一步"
    lines = [f"x_t：{(shape[0], *shape[2:])}，第 t 步的输入。"]
    lines.append("，".join(f"{name}_t：{size}" for name, size in states) + "，状态。")
    y = "y" if mode or len(chains) == 1 else "f、b"
    lines.append(
        f"{y}：{'、'.join(map(str, output))}，"
        + ("每一步的输出。" if first.return_sequences else "最后处理的一步的输出。")
    )
    for chain in chains:
        who = "" if len(chains) == 1 else "反向的链（下）" if chain.flip else "正向的链（上）"
        start, end = (times.sub("x", chain.order[k]) for k in (0, -1))
        lines.append(f"{who}从 {start} 读到 {end}，{each}用的是同一组权重。")
    if mode:
        lines.append(f"f 与 b 是两个方向的输出，按 {mode} 合并成 y。")
    elif len(chains) == 2:
        lines.append("merge_mode=None：f 与 b 不合并，是两个输出。")
    if len(chains) == 2 and first.return_sequences:
        lines.append("反向的输出先翻转，与正向的按时间步对齐。")
    if first.go_backwards and first.return_sequences:
        lines.append("输出按处理的次序排：y₀ 是最先处理的那一步的，Keras 不把它翻转回来。")
    if first.stateful:
        lines.append("stateful：从上一批的状态开始，最后的状态留给下一批。")
        if len(chains) == 2:
            lines.append("Bidirectional 只在训练时保留状态。")
    else:
        lines.append("初始状态是 0。")
    if first.return_state:
        lines.append(f"另外返回最后的状态：{'、'.join(name for name, _ in states)}。")
    if times.masked:
        lines.append(
            f"虚线：掩码跳过第 {'、'.join(map(str, sorted(times.masked)))} 步，状态原样传下去，"
            "输出照抄上一步；还没有上一步时，输出是 0。"
        )
    return lines
