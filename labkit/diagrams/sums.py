"""What leads to each output of a recurrent layer: its cell's formulas with the numbers put in."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..backend.tape import untaped
from ..layers.recurrent.layers import CellLayer
from .formulas import Equation, equations, executed, in_words
from .probe import Probe


class Sums(NamedTuple):
    """一个循环单元的算式，按执行的次序，和每个输出格代入的数。

    formulas：每个算式的 (名字, 式子, 函数, 每一项有几个因子)。
    numbers：每个输出格、每个算式的一列数：各项的因子，最后是结果。
    """

    formulas: list[tuple[str, str, str, list[int]]]
    numbers: list[list[list[float]]]


def sums_of(probe: Probe, x: np.ndarray, y: np.ndarray) -> Sums | None:
    """None for layers without such formulas, and where dropout changes what they take in."""
    layer: Any = probe.layer
    if not isinstance(layer, CellLayer) or probe.random or len(probe.shapes) > 1:
        return None
    try:
        lines = equations(layer.cell)
    except ValueError:  # a cell of the reader's own
        return None
    with untaped():
        steps = over_time(layer, probe.split(x)[0], lines)
    names = [line.result for line in lines]
    # y, then the states that the layer returns too: each comes from the formulas up to its own.
    ends = [(t, names.index("h′")) for t in range(len(steps))]
    wanted = ends if layer.return_sequences else ends[-1:]
    if layer.return_state:
        states = ["h′", "c′"] if "c′" in names else ["h′"]
        wanted = [*wanted, *((len(steps) - 1, names.index(state)) for state in states)]
    numbers = [
        [line[:, cell].tolist() for line in steps[t][: end + 1]]
        for t, end in wanted
        for cell in range(steps[t][end].shape[1])
    ]
    if not np.allclose([lines[-1][-1] for lines in numbers], y, atol=1e-6):
        return None
    labels, words = in_words(layer.cell)
    shown = [
        (labels[line.result], words[line.result], line.function, count)
        for line, count in zip(lines, counts(lines), strict=True)
    ]
    return Sums(shown, numbers)


def over_time(layer: Any, sequence, lines: list[Equation]) -> list[list[np.ndarray]]:
    """For every step and formula an array (factors of all terms and the result, cells)."""
    steps, states = [], [np.zeros(shape) for shape in layer._state_shapes(sequence.shape)]
    for x in sequence[:, ::-1].swapaxes(0, 1) if layer.go_backwards else sequence.swapaxes(0, 1):
        values, factors = executed(layer.cell, x, states)
        found = []
        for line in lines:
            y = values[line.result]
            rows = [*(f for term in factors[line.result] for f in term), y]
            found.append(np.stack([np.broadcast_to(row, y.shape).ravel() for row in rows]))
        steps.append(found)
        states = [values["h′"], *([values["c′"]] if "c′" in values else [])]
    return steps


def counts(lines: list[Equation]) -> list[list[int]]:
    """How many factors the terms have; a product with a matrix is one number."""
    known = {"x", "h", "c", *(line.result for line in lines)}
    return [[1 if set(term) - known else len(term) for term in line.terms] for line in lines]
