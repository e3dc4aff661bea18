"""One step of a recurrent cell as formulas, which are both executed and written in words."""

from __future__ import annotations

import copy
import math
import re
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .. import backend as K
from ..engine.base_layer import Layer
from ..errors import explain
from ..layers.convolutional_recurrent import ConvLSTM2DCell
from ..layers.cudnn_recurrent import CuDNNCell
from ..layers.recurrent.cells import GRUCell, LSTMCell, SimpleRNNCell

# x·W is a matrix product (a convolution in ConvLSTM2D), a⊙b one of equal elements; h and c are
# the states before the step, h′ and c′ those after it; `activation` is whatever the cell has.
# The gates stand in the order in which their weights are stored.
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
INPUTS = ("x", "h", "c")
SYMBOLS = {"x": "x_t", "h": "h_(t−1)", "c": "c_(t−1)", "h′": "h_t", "c′": "c_t"}


class Equation(NamedTuple):
    """result = function(各项之和)；一项是几个因子的积。"""

    result: str
    function: str
    terms: tuple[tuple[str, ...], ...]

    @property
    def factors(self) -> list[str]:
        return [factor for term in self.terms for factor in term]


def equations(cell) -> list[Equation]:
    """单元一步之内的运算，按执行的次序；没有偏置时不含偏置。"""
    return list(parsed(program(cell), cell.use_bias))


@cache
def parsed(text: str, bias: bool) -> tuple[Equation, ...]:
    found = []
    for line in text.split("\n"):
        if match := re.fullmatch(r"(\S+) = (?:(\w+|1−)\()?(.*?)\)?", line):
            result, function, total = match.groups("")
            terms = [tuple(re.split("[·⊙]", term)) for term in total.split(" + ")]
            used = [term for term in terms if bias or not term[0].startswith("b")]
            found.append(Equation(result, function, tuple(used)))
    return tuple(found)


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
    replaced = {"initializer": "zeros", "activation": "linear"}
    replaced |= dict.fromkeys(["regularizer", "constraint"])
    config = {k: replaced.get(k.split("_")[-1], v) for k, v in cell.get_config().items()}
    fresh = type(cell).from_config(config)
    vars(fresh).update({k: v for k, v in vars(cell).items() if k.endswith("activation")})
    fresh.build(step)
    return fresh, step


def gate_weights(cell) -> dict[str, np.ndarray]:
    """已建好的单元的权重，按门拆开：W_i、U_i、b_i……；CuDNN 的换成普通的次序。"""
    if isinstance(cell, CuDNNCell):
        cell = copy.copy(cell)  # the conversion replaces attributes
        cell.begin_sequence()
    stored = {"W": K.get_value(cell.kernel), "U": K.get_value(cell.recurrent_kernel)}
    if cell.bias is not None:
        bias, twice = K.get_value(cell.bias), getattr(cell, "reset_after", False)
        stored |= {"b": bias[0], "b′": bias[1]} if twice else {"b": bias}
    suffixes = re.findall(r"W(_.)", program(cell)) or [""]
    return {
        name + suffix: part
        for name, array in stored.items()
        for suffix, part in zip(suffixes, np.split(array, len(suffixes), axis=-1), strict=True)
    }


def evaluate(cell, x, states) -> dict[str, np.ndarray]:
    """用单元自己的权重执行 equations(cell)，得到每条线上的数组；c′、h′ 是新的状态。

    参数：cell 是建好的单元；x 是一步的输入；states 是一步之前的状态，[h] 或 [h, c]。
    """
    return executed(cell, x, states)[0]


def executed(cell, x, states) -> tuple[dict[str, np.ndarray], dict[str, list[list]]]:
    """evaluate(), and for every result the factors of its terms."""
    weights = gate_weights(cell)
    values: dict[str, Any] = dict(zip(INPUTS, [x, *states], strict=False))
    factors: dict[str, list[list]] = {}
    for result, function, terms in equations(cell):
        factors[result] = [factors_of(cell, weights, values, term) for term in terms]
        total: Any = sum(math.prod(parts[1:], start=parts[0]) for parts in factors[result])
        if function == "1−":
            total = 1 - total
        elif function:
            total = getattr(cell, function)(total)
        values[result] = total
    return {name: np.asarray(value) for name, value in values.items()}, factors


def factors_of(cell, weights, values, term: tuple[str, ...]) -> list:
    """The arrays that are multiplied with each other; a product with a matrix is one of them."""
    first, *others = term
    parts = [values[first] if first in values else along_channels(cell, weights[first])]
    for name in others:
        if name in values:
            parts.append(values[name])
        else:
            parts = [dot(cell, math.prod(parts[1:], start=parts[0]), weights[name], name)]
    return parts


def dot(cell, x, weight, name):
    if not isinstance(cell, ConvLSTM2DCell):
        return x @ weight
    if name.startswith("U"):
        return K.conv2d(x, weight, (1, 1), "same", cell.data_format, (1, 1))
    return K.conv2d(x, weight, cell.strides, cell.padding, cell.data_format, cell.dilation_rate)


def along_channels(cell, bias):
    first = getattr(cell, "data_format", None) == "channels_first"
    return bias[:, None, None] if first else bias


def shapes_of(cell, step) -> dict[str, tuple]:
    """The shape of every line, batch first, from one step with zeros."""
    first = (1, *step[1:])
    state = cell.output_shape_of(first) if len(step) == 4 else (1, cell.units)
    states = [np.zeros(state, K.floatx()) for name in INPUTS if name + "′" in program(cell)]
    with np.errstate(all="ignore"):  # any function may be the activation
        values = evaluate(cell, np.zeros(first, K.floatx()), states)
    return {name: (step[0], *value.shape[1:]) for name, value in values.items()}


def in_words(cell) -> tuple[dict[str, str], dict[str, str]]:
    """What stands beside each line, and each equation's formula."""
    times = " ∗ " if isinstance(cell, ConvLSTM2DCell) else "·"
    labels, formulas = dict(SYMBOLS), {}
    for result, function, terms in equations(cell):
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
    return f"({part})" if " " in part else part
