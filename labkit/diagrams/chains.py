"""A recurrent layer's loop over time: which step it reads when, what stands after it, in words."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import backend as K
from ..backend.tensors import Symbol
from ..errors import explain
from ..layers.recurrent.rnn import RNN
from ..layers.recurrent.stacked import StackedRNNCells
from ..layers.wrappers import Bidirectional
from ..utils.generic_utils import to_list

SHORT = {"SimpleRNN": "Simple RNN", "ConvLSTM2D": "Conv LSTM"}
SHORT |= {"CuDNNGRU": "CuDNN GRU", "CuDNNLSTM": "CuDNN LSTM", "GRU": "GRU", "LSTM": "LSTM"}
DOTS: str = "…"  # the column of the steps that are not drawn
LOWERED, RAISED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"), "¹²³⁴⁵⁶⁷⁸⁹"


class Times:
    """The steps, and the columns that are drawn; an unknown number is drawn as more than `most`."""

    def __init__(self, steps: int | None, masked, most: int = 5):
        self.known, self.masked = steps is not None, frozenset(masked)
        self.count = steps or max([6, *(t + 4 for t in masked)])
        self.columns: list[Any] = [0, 1, *[2] * self.known, DOTS, self.count - 1]
        if steps and steps <= most:
            self.columns = [*range(steps)]

    def name(self, t: int) -> str:
        return str(t) if self.known or t < self.count - 2 else f"T−{self.count - t}"

    def indexed(self, letter: str, t: int) -> str:
        """letter with t below it, as x₀ or x_(T−1)."""
        name = self.name(t)
        return letter + (name.translate(LOWERED) if name.isdigit() else f"_({name})")


class Row(NamedTuple):
    """One cell of a chain: its label, and its states' names and shapes."""

    label: str
    states: list[tuple[str, tuple]]


def rows_of(layer, shape, mark: str) -> list[Row]:
    """The rows in the order of the cells; the layer's states may have another."""
    cells, in_order = [layer.cell], list
    if isinstance(layer.cell, StackedRNNCells):
        cells, in_order = layer.cell.cells, layer.cell._in_state_order
    sizes = [to_list(cell.state_size, allow_tuple=True) for cell in in_order(cells)]
    shapes = iter(layer._state_shapes(shape))
    groups = in_order([[next(shapes) for _ in size] for size in sizes])
    rows = []
    for number, (cell, group) in enumerate(zip(cells, groups, strict=True)):
        kind = type(cell).__name__.removesuffix("Cell")
        plain = len(group) == 1 or (len(group) == 2 and "LSTM" in kind)
        letters = "hc" if plain else "abcdefgh"
        ending = (RAISED[number % 9] if len(cells) > 1 else "") + mark
        states = [(letters[k % 8] + ending, size) for k, size in enumerate(group)]
        rows.append(Row(SHORT.get(kind, "单元"), states))
    return rows


class Chain:
    """One direction: the order of its steps, and what stands after each.

    letter is that of its outputs: y, or f and b where there are two directions. `flip`: the second
    one, whose sequence Bidirectional turns round.
    """

    def __init__(self, layer, shape, times: Times, letter: str):
        self.layer, self.times, self.letter, self.flip = layer, times, letter, letter == "b"
        self.rows = rows_of(layer, shape, "′" if self.flip else "")
        self.ahead = -1 if layer.go_backwards else 1
        self.order = range(times.count)[:: self.ahead]
        self.columns = times.columns[:: self.ahead]
        self.steps = [t for t in self.columns if t != DOTS]
        self.outputs = self.steps if layer.return_sequences else self.steps[-1:]
        handed_on = layer.return_state or layer.stateful
        self.ends = ["initial", *self.columns, *["final"] * handed_on]

    def rank(self, t: int) -> int:
        """When a step is processed."""
        return self.order.index(t)

    def place(self, t: int) -> int:
        """Where a step's output stands in the output sequence."""
        return self.times.count - 1 - self.rank(t) if self.flip else self.rank(t)

    def source(self, t: int) -> int | None:
        """The step whose state stands after t; None before the first unmasked one."""
        before = reversed(self.order[: self.rank(t) + 1])
        return next((step for step in before if step not in self.times.masked), None)

    def joined(self, a, b) -> list[str]:
        """The names of neighbours in `ends`; dots are the step of theirs next to the other one."""
        pair = (b - self.ahead if a == DOTS else a, a + self.ahead if b == DOTS else b)
        return [end if isinstance(end, str) else self.times.name(end) for end in pair]

    def state(self, name: str, t: int) -> str:
        """What a state is after a step."""
        source = self.source(t)
        if source is None:
            return name if self.layer.stateful else "0"
        return self.times.indexed(name, source)


def chains_of(layer, shape, masked, most: int = 5) -> list[Chain]:
    """The chain of a layer, or the two of Bidirectional; of more steps than `most`, a few."""
    parts = [layer]
    if isinstance(layer, Bidirectional):
        parts = [layer.forward_layer, layer.backward_layer]
    if not all(isinstance(part, RNN) for part in parts):
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
    times, letters = Times(steps, masked, most), "fb" if len(parts) == 2 else "y"
    return [Chain(part, shape, times, one) for part, one in zip(parts, letters, strict=True)]


def notes(layer, shape, chains: list[Chain], mode) -> list[str]:
    """The legend, and what is said to those who cannot see the picture."""
    first, times, several = chains[0].layer, chains[0].times, len(chains) == 2
    states = [state for chain in chains for row in chain.rows for state in row.states]
    output = to_list(layer.compute_output_shape(shape))[: 1 if mode else len(chains)]
    each = "每一步" if len(chains[0].rows) == 1 else "每一行在每一步"
    lines = [f"x_t：{(shape[0], *shape[2:])}，第 t 步的输入。"]
    lines.append("，".join(f"{name}_t：{size}" for name, size in states) + "，状态。")
    y = "f、b" if several and not mode else "y"
    last = "每一步的输出" if first.return_sequences else "最后处理的一步的输出"
    lines.append(f"{y}：{'、'.join(map(str, output))}，{last}。")
    for chain in chains:
        who = ("反向的链（下）" if chain.flip else "正向的链（上）") if several else ""
        start, end = (times.indexed("x", chain.order[k]) for k in (0, -1))
        lines.append(f"{who}从 {start} 读到 {end}，{each}用的是同一组权重。")
    names = "、".join(name for name, _ in states)
    skipped = "、".join(map(str, sorted(times.masked)))
    conditions = {
        f"f 与 b 是两个方向的输出，按 {mode} 合并成 y。": mode,
        "merge_mode=None：f 与 b 不合并，是两个输出。": several and not mode,
        "反向的输出先翻转，与正向的按时间步对齐。": several and first.return_sequences,
        "输出按处理的次序排：y₀ 是最先处理的那一步的，Keras 不把它翻转回来。": (
            first.go_backwards and first.return_sequences
        ),
        "stateful：从上一批的状态开始，最后的状态留给下一批。": first.stateful,
        "Bidirectional 只在训练时保留状态。": several and first.stateful,
        "初始状态是 0。": not first.stateful,
        f"另外返回最后的状态：{names}。": first.return_state,
        f"虚线：掩码跳过第 {skipped} 步，状态原样传下去，"
        "输出照抄上一步；还没有上一步时，输出是 0。": times.masked,
    }
    return [*lines, *(line for line, holds in conditions.items() if holds)]
