"""One step of a recurrent cell from inside: its formulas, drawn as they are and also executed."""

from __future__ import annotations

import copy
import itertools
import math
import re
from typing import Any, NamedTuple

import numpy as np

from .. import backend as K
from ..errors import explain
from ..layer import Layer
from ..layers.convolutional_recurrent import ConvLSTM2DCell
from ..layers.cudnn_recurrent import CuDNNCell
from ..layers.recurrent.cells import GRUCell, LSTMCell, SimpleRNNCell
from . import svg
from .svg import Block

# x·W is a matrix product (a convolution in ConvLSTM2D), a⊙b one of equal elements; h and c are
# the states before the step, h′ and c′ those after it; `activation` is whatever the cell has.
SIMPLE = "h′ = activation(x·W + h·U + b)"
LSTM = """
i = recurrent_activation(x·W_i + h·U_i + b_i)
f = recurrent_activation(x·W_f + h·U_f + b_f)
c̃ = activation(x·W_c + h·U_c + b_c)
o = recurrent_activation(x·W_o + h·U_o + b_o)
kept = f⊙c
written = i⊙c̃
c′ = kept + written
squashed = activation(c′)
h′ = o⊙squashed
"""
MIXED = """
kept = z⊙h
rest = 1−(z)
written = rest⊙h̃
h′ = kept + written
"""
RESET_BEFORE = f"""
z = recurrent_activation(x·W_z + h·U_z + b_z)
r = recurrent_activation(x·W_r + h·U_r + b_r)
reset = r⊙h
h̃ = activation(x·W_h + reset·U_h + b_h)
{MIXED}"""
RESET_AFTER = f"""
z = recurrent_activation(x·W_z + h·U_z + b_z + b′_z)
r = recurrent_activation(x·W_r + h·U_r + b_r + b′_r)
inner = h·U_h + b′_h
reset = r⊙inner
h̃ = activation(x·W_h + b_h + reset)
{MIXED}"""

GATES = {LSTM: "ifco", RESET_BEFORE: "zrh", RESET_AFTER: "zrh"}
CAPTIONS = {"i": "输入门", "f": "遗忘门", "o": "输出门", "z": "更新门", "r": "重置门"}
CAPTIONS |= {"c̃": "候选", "h̃": "候选", "inner": "给候选的状态", "h′": "新的状态"}
SYMBOLS = {"x": "x_t", "h": "h_(t−1)", "c": "c_(t−1)", "h′": "h_t", "c′": "c_t"}
INPUTS = ("x", "h", "c")
ENDS = {"x": "这一步的输入", "h": "上一步的状态", "c": "上一步的状态"}
ENDS |= {"h′": "输出，也是下一步的 h_(t−1)", "c′": "下一步的 c_(t−1)"}
LANE, REACH = 11, 16  # between two lines beside the boxes, and from the last one to the boxes


class Operation(NamedTuple):
    """result = function(各项之和)；一项是几个因子的积。"""

    result: str
    function: str
    terms: tuple[tuple[str, ...], ...]

    @property
    def factors(self) -> list[str]:
        return [factor for term in self.terms for factor in term]


def operations(cell) -> list[Operation]:
    """单元一步之内的运算，按执行的次序；没有偏置时不含偏置。"""
    found = []
    for line in filter(None, program(cell).split("\n")):
        result, formula = line.split(" = ")
        function, total = re.fullmatch(r"(?:(\w+|1−)\()?(.*?)\)?", formula).groups("")  # type: ignore[union-attr]
        terms = [tuple(re.split("[·⊙]", term)) for term in total.split(" + ")]
        if not cell.use_bias:
            terms = [term for term in terms if not term[0].startswith("b")]
        found.append(Operation(result, function, tuple(terms)))
    return found


def program(cell) -> str:
    # A subclass with a call of its own computes something else.
    call = getattr(type(cell), "call", None)
    if call is GRUCell.call:
        return RESET_AFTER if cell.reset_after else RESET_BEFORE
    known = {SimpleRNNCell.call: SIMPLE, LSTMCell.call: LSTM, ConvLSTM2DCell.call: LSTM}
    if call not in known:
        raise ValueError(
            explain(
                "gate_view",
                type(cell).__name__,
                "只画 SimpleRNN、GRU、LSTM、ConvLSTM2D、CuDNNGRU、CuDNNLSTM 与它们的单元",
                "gate_view(LSTM(4), (None, 5, 3))",
            )
        )
    return known[call]


def weights_of(cell) -> dict[str, np.ndarray]:
    """已建好的单元的权重，按门拆开：W_i、U_i、b_i……；CuDNN 的换成普通的次序。"""
    if isinstance(cell, CuDNNCell):
        cell = copy.copy(cell)  # the conversion replaces attributes
        cell.begin_sequence(None)
    gates = GATES.get(program(cell), "")
    stored = {"W": cell.kernel, "U": cell.recurrent_kernel}
    if cell.bias is not None:
        twice = getattr(cell, "reset_after", False)
        stored |= {"b": cell.bias[0], "b′": cell.bias[1]} if twice else {"b": cell.bias}
    weights = {}
    for name, weight in stored.items():
        array = np.asarray(K.get_value(weight))
        parts = np.split(array, len(gates) or 1, axis=-1)
        suffixes = [f"_{gate}" for gate in gates] or [""]
        weights |= {name + suffix: part for suffix, part in zip(suffixes, parts, strict=True)}
    return weights


def evaluate(cell, x, states) -> dict[str, np.ndarray]:
    """用单元自己的权重执行 operations(cell)，得到每条线上的数组；c′、h′ 是新的状态。

    参数：cell 是建好的单元；x 是一步的输入；states 是一步之前的状态，[h] 或 [h, c]。
    """
    weights = weights_of(cell)
    values: dict[str, Any] = dict(zip(INPUTS, [x, *states], strict=False))
    for result, function, terms in operations(cell):
        total: Any = 0
        for first, *others in terms:
            product = values[first] if first in values else along_channels(cell, weights[first])
            for name in others:
                if name in values:
                    product = product * values[name]
                else:
                    product = dot(cell, product, weights[name], name)
            total = total + product
        if function == "1−":
            total = 1 - total
        elif function:
            total = getattr(cell, function)(total)
        values[result] = total
    return {name: np.asarray(value) for name, value in values.items()}


def dot(cell, x, weight, name):
    if not isinstance(cell, ConvLSTM2DCell):
        return x @ weight
    if name.startswith("U"):
        return K.conv2d(x, weight, (1, 1), "same", cell.data_format, (1, 1))
    return K.conv2d(x, weight, cell.strides, cell.padding, cell.data_format, cell.dilation_rate)


def along_channels(cell, bias):
    first = getattr(cell, "data_format", None) == "channels_first"
    return bias[:, None, None] if first else bias


def gate_view(layer, input_shape) -> str:
    """一步之内的图：每个门的公式、权重、激活函数，每条线上张量的形状，SVG 文本。

    layer 是 LSTM、GRU、SimpleRNN、ConvLSTM2D、CuDNNLSTM、CuDNNGRU，或它们的单元；input_shape 含
    批次轴，给层时还含时间轴，例如 (None, 5, 3)。形状来自真的算一遍，不改动 layer。
    """
    cell, step = one_step(layer, tuple(input_shape))
    states = [name for name in INPUTS[1:] if name + "′" in program(cell)]
    first = (1, *step[1:])
    state = cell.output_shape_of(first) if len(step) == 4 else (1, cell.units)
    zeros = [np.zeros(shape, K.floatx()) for shape in [first, *[state] * len(states)]]
    with np.errstate(all="ignore"):  # any function may be the activation
        values = evaluate(cell, zeros[0], zeros[1:])
    shapes = {name: (step[0], *value.shape[1:]) for name, value in values.items()}
    weights = {name: weight.shape for name, weight in weights_of(cell).items()}
    todo = operations(cell)
    labels, formulas = in_words(cell, todo)

    notes = ["⊙ 逐元素相乘，" + ("∗ 卷积" if len(step) == 4 else "· 矩阵乘法") + "；点是分叉。"]
    if isinstance(cell, CuDNNCell):
        summed = "，两份偏置已相加" if "c" in states else ""
        notes.append(f"权重按 CuDNN 的次序存放；图上换成了普通的次序{summed}。")
    if cell.uses_learning_phase:
        notes.append("训练时 x_t 与状态先乘 Dropout 的掩码；图上是预测时的计算。")
    name = type(layer).__name__
    description = "；".join(
        [f"{labels[name]} 的形状 {shapes[name]}" for name in ("x", *states)]
        + [f"{labels[one.result]} = {formulas[one.result]}，{shapes[one.result]}" for one in todo]
        + [f"权重 {weight} {shape}" for weight, shape in weights.items()]
    )
    drawing = Wiring(["x", *states], todo, labels, formulas, shapes, weights).block
    block = svg.below([drawing, legend(notes)])
    return svg.document("gates", f"{name} 一步之内的图", f"{description}。{''.join(notes)}", block)


def one_step(layer, shape) -> tuple[Any, tuple]:
    """A built copy of the cell, all zeros, and the shape of one step's input."""
    cell = getattr(layer, "cell", layer) if isinstance(layer, Layer) else layer
    program(cell)  # refuses what is not drawn
    step = shape if cell is layer else (*shape[:1], *shape[2:])
    rank = 4 if isinstance(cell, ConvLSTM2DCell) else 2
    if len(step) != rank or None in step[1:]:
        full = "batch, rows, cols, channels" if rank == 4 else "batch, features"
        raise ValueError(
            explain(
                "gate_view",
                f"输入形状 {shape}",
                f"一步的输入是 ({full})，除 batch 外都要知道；给层时，第 1 轴是时间",
                "(None, 5, 8, 8, 3)" if rank == 4 else "(None, 5, 3)",
            )
        )
    # Neither random numbers nor functions that only the reader knows.
    replaced = {"initializer": "zeros", "activation": "linear", "regularizer": None}
    replaced["constraint"] = None
    config = {k: replaced.get(k.split("_")[-1], v) for k, v in cell.get_config().items()}
    fresh = type(cell).from_config(config)
    for name in {"activation", "recurrent_activation"} & {*vars(cell)}:
        setattr(fresh, name, getattr(cell, name))
    fresh.build(step)
    return fresh, step


def in_words(cell, todo: list[Operation]) -> tuple[dict[str, str], dict[str, str]]:
    """What stands beside each line, and each operation's formula."""
    times = " ∗ " if isinstance(cell, ConvLSTM2DCell) else "·"
    labels: dict[str, str] = dict(SYMBOLS)
    formulas: dict[str, str] = {}
    for result, function, terms in todo:
        parts = []
        for first, *others in terms:
            part = labels.get(first, first)
            for name in others:
                sign = " ⊙ " if name in labels else times
                part = f"{bracketed(part)}{sign}{bracketed(labels.get(name, name))}"
            parts.append(part)
        total = " + ".join(parts)
        if function:
            total = f"1 − {total}" if function == "1−" else f"{called(cell, function)}({total})"
        formulas[result] = total
        # Lines without a letter of their own are called by what they hold.
        labels.setdefault(result, total if result.isascii() and len(result) > 1 else result)
    return labels, formulas


def called(cell, function: str) -> str:
    own = getattr(cell, function)
    return getattr(own, "__name__", type(own).__name__).strip("<>")


def bracketed(part: str) -> str:
    outside = part
    while (shorter := re.sub(r"\([^()]*\)", "", outside)) != outside:
        outside = shorter
    return f"({part})" if " " in outside else part


class Wiring:
    """Boxes from top to bottom; inputs run down on their left, results on their right."""

    def __init__(self, inputs, todo, labels, formulas, shapes, weights):
        self.labels, self.shapes, self.weights = labels, shapes, weights
        outputs = [name + "′" for name in reversed(inputs[1:])]
        readers = [[name for name in dict.fromkeys(one.factors) if name in shapes] for one in todo]
        lanes = right_lanes(todo, [*readers, *[[name] for name in outputs]])
        self.left = LANE * (len(inputs) - 1) + REACH + 3
        self.right = svg.WIDTH - LANE * max(lanes.values()) - REACH - 3
        self.at = {name: self.left - REACH - LANE * k for k, name in enumerate(inputs)}
        self.at |= {name: svg.WIDTH - 3 - LANE * lane for name, lane in lanes.items()}
        self.starts: dict[str, tuple[float, float]] = {}
        self.taps: dict[str, list[tuple[float, float]]] = {name: [] for name in shapes}
        self.parts: list[str] = []
        self.y = 0.0

        for name in reversed(inputs):
            box = self.tensor(name, ENDS[name])
            self.starts[name] = (self.left, self.put(box, self.left, 6))
        for one, reads in zip(todo, readers, strict=True):
            self.operation(one, formulas[one.result], reads)
        for name in outputs:
            box = self.tensor(name, ENDS[name])
            self.taps[name].append((self.right, self.put(box, self.right - box.width, 6)))
        lines = [self.line(name) for name in shapes]
        self.block = Block("".join([*lines, *self.parts]), svg.WIDTH, self.y)

    def put(self, block: Block, x, gap) -> float:
        """Draws a block below the others; returns the height of its middle."""
        self.parts.append(svg.moved(block, x, self.y))
        self.y += block.height + gap
        return self.y - gap - block.height / 2

    def tensor(self, name, remark="") -> Block:
        content, room = f"{self.labels[name]}：{self.shapes[name]}", self.right - self.left - 12
        rows = [svg.paragraph(content, room, size=10.5, mono=True)]
        if remark:
            rows.append(svg.words(remark, size=10.5, fill=svg.FAINT))
        fill = svg.RESULT if name.endswith("′") else svg.DATA
        box = svg.boxed(svg.flow(rows, room), pad=4, fill=fill)
        kind = f'<g data-tensor="{name}" data-shape="{self.shapes[name]}">'
        return box._replace(svg=f"{kind}{box.svg}</g>")

    def operation(self, one: Operation, formula: str, reads) -> None:
        box = self.box(one, formula)
        x = self.left + (self.right - self.left - box.width) / 2
        top, middle = self.y, self.left + (self.right - self.left) / 2
        inputs = [name for name in SYMBOLS if name in reads and name in INPUTS]
        # The nearest line first: it may end here, and then the others do not cross it.
        results = sorted((n for n in reads if n not in INPUTS), key=lambda name: self.at[name])
        for names, edge in ((inputs, x), (results, x + box.width)):
            for number, name in enumerate(names, start=1):
                y = top + box.height * number / (len(names) + 1)
                self.taps[name].append((edge, y))
        kind = f'<g data-operation="{one.result}">'
        self.put(box._replace(svg=f"{kind}{box.svg}</g>"), x, 11)
        self.parts.append(arrow_along([(middle, self.y - 11), (middle, self.y - 1)]))
        chip = self.tensor(one.result)
        y = self.put(chip, middle - chip.width / 2, 12)
        self.starts[one.result] = (middle + chip.width / 2, y)

    def box(self, one: Operation, formula: str) -> Block:
        room = self.right - self.left - 14
        weights = [name for name in one.factors if name in self.weights]
        if not weights:
            several = len(one.terms) > 1
            sign = "+" if several else "⊙" if len(one.terms[0]) > 1 else formula.split("(")[0]
            sign = "1 −" if one.function == "1−" else sign
            return svg.boxed(svg.words(sign, size=13, weight=600), pad=4, radius=8, least=46)
        shapes = [svg.words(f"{n} {self.weights[n]}", size=10, mono=True) for n in weights]
        chips = [svg.boxed(one, pad=3, fill=svg.WEIGHT, radius=4) for one in shapes]
        rows = [
            svg.words(CAPTIONS[one.result], size=11.5, weight=600),
            svg.paragraph(formula, room, size=10),
            svg.flow(chips, room, gap=4),
        ]
        return svg.boxed(svg.below(rows, 3, 0.5), pad=6, least=room + 14)

    def line(self, name) -> str:
        lane, (x, y), taps = self.at[name], self.starts[name], self.taps[name]
        end = max(tap[1] for tap in taps)
        drawn = [svg.path(f"M{x:g} {y:g}L{lane:g} {y:g}L{lane:g} {end:g}")]
        for edge, height in taps:
            drawn.append(arrow_along([(lane, height), (edge, height)]))
            if height < end:
                drawn.append(f'<circle cx="{lane:g}" cy="{height:g}" r="2.5" fill="{svg.EDGE}"/>')
        return f'<g data-line="{name}">{"".join(drawn)}</g>'


def right_lanes(todo, readers) -> dict[str, int]:
    """Which lane each result runs in, from the outermost; a lane is free after its last reader."""
    last = {name: row for row, reads in enumerate(readers) for name in reads}
    lanes: dict[str, int] = {}
    for row, one in enumerate(todo):
        busy = {lane for name, lane in lanes.items() if last[name] > row}
        lanes[one.result] = next(lane for lane in itertools.count() if lane not in busy)
    return lanes


def legend(sentences) -> Block:
    """Sentences below a picture, each on lines of its own."""
    lines = [line for one in sentences for line in svg.folded(one, svg.WIDTH, 11.5)]
    return svg.below([svg.words(line, size=11.5, anchor="start") for line in lines], 2)


def arrow_along(points, dashed=False) -> str:
    """A line through the points, with a head at its end."""
    (x0, y0), (x, y) = points[-2:]
    length = math.hypot(x - x0, y - y0)
    dx, dy = 4 * (x - x0) / length, 4 * (y - y0) / length
    line = "L".join(f"{x:g} {y:g}" for x, y in points)
    head = f"M{x - dx - dy:g} {y - dy + dx:g}L{x:g} {y:g}L{x - dx + dy:g} {y - dy - dx:g}"
    return svg.path(f"M{line}", dashed=dashed) + svg.path(head)
