"""A recurrent layer run through time: what every line of its cells holds at each step.

And how large the gradient of the last output still is there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import backend as K
from ..backend.tape import walk_back
from ..backend.tensors import Tensor
from ..engine.base_layer import Layer
from ..layers.convolutional_recurrent import ConvLSTM2DCell
from ..layers.cudnn_recurrent import CuDNNCell
from ..layers.recurrent.cells import SimpleRNNCell
from ..layers.recurrent.stacked import StackedRNNCells
from .copies import TIES, copied, shrunk, undisturbed
from .formulas import evaluate, gate_weights, program
from .steps import one_decimal

STEPS, MOST = 5, 50  # where the number of steps is not known, and at most
LARGEST = 20_000  # weights of a layer that is run as it is
LOUD = 3  # times inputs of 0.1 to 0.9, so that gates open and close
SPACES = (6, 8, 12, 20)  # rows and columns of images, where a kernel fits into them
COUNTED = {"h′": "h", "c′": "c", "x": "x"}  # of which the sizes are told


class Part(NamedTuple):
    """One cell of one chain; arrays have the steps first, in the order in which they are read."""

    cell: Any
    chain: int
    number: int  # of the cell in a stack
    values: dict[str, np.ndarray]  # by the names of `formulas`; NaN where a mask skips the step
    gradients: dict[str, np.ndarray]  # ∂L/∂h, ∂L/∂c, ∂L/∂x


class Passage(NamedTuple):
    """L is the sum of what every chain puts out at its last step."""

    layer: Layer  # the copy that was run
    shape: tuple  # of its input, batch first
    x: np.ndarray
    orders: list[range]  # of each chain: the time that is read first, second, …
    masked: tuple[int, ...]
    parts: list[Part]
    changes: list[str]  # what of the reader's layer is not as it was


def chains_in(layer) -> list:
    """The layer, or the two directions of Bidirectional."""
    return [layer.forward_layer, layer.backward_layer] if hasattr(layer, "merge_mode") else [layer]


def cells_in(layer) -> list:
    return layer.cell.cells if isinstance(layer.cell, StackedRNNCells) else [layer.cell]


def passage(layer: Layer, input_shape, masked=(), seed: int = 0) -> Passage:
    """层按时间一步一步运行：每一步里每条线上的数，和反向时还剩多大的梯度。

    权重按层自己的初始化方法、固定的种子取；输入是一位小数。太大的层换成缩小的，不改动 layer。
    """
    shape = tuple(input_shape)
    with undisturbed("float64", training=False):
        layer, shape, changes = runnable(layer, shape)
        masked = tuple(t for t in masked if t < shape[1])
        x = np.round(LOUD * one_decimal(np.random.default_rng(seed), shape), 1)
        chains = chains_in(layer)
        orders = [range(shape[1])[:: -1 if chain.go_backwards else 1] for chain in chains]
        parts = []
        for number, (chain, order) in enumerate(zip(chains, orders, strict=True)):
            cells = built(chain, (1, *shape[2:]))
            parts += run(cells, number, [x[:, t] for t in order], [t in masked for t in order])
    return Passage(layer, shape, x, orders, masked, parts, changes)


def runnable(layer: Layer, shape: tuple) -> tuple[Layer, tuple, list[str]]:
    """A copy of the layer that can be run at once, its input's shape, and what was changed."""
    changes = []
    steps = min(shape[1] or STEPS, MOST)
    if shape[1] is None:
        changes.append(f"步数没有定，这里运行 {steps} 步。")
    elif steps < shape[1]:
        changes.append(f"只运行前 {steps} 步。")
    rest = shape[2:]
    plain = copied(layer, without=TIES)
    if weights_of(plain, rest) > LARGEST:
        changed = shrunk(plain.get_config(), 4)
        plain, axis = copied(plain, **changed), -1
        rest = tuple(min(n or 4, 4) if k == axis % len(rest) else n for k, n in enumerate(rest))
        changes.append("层太大，这里运行的是缩小的：units、filters 与特征数至多 4。")
    if len(rest) == 3:
        rest, smaller = fitting(plain, rest)
        changes += [f"图像缩小到 {rest}。"] * smaller
    return plain, (1, steps, *rest), changes


def weights_of(layer, rest: tuple) -> int:
    """About how many weights the layer has."""
    cell = cells_in(chains_in(layer)[0])[0]
    size = getattr(cell, "units", getattr(cell, "filters", 1))
    features = rest[-1] or 1
    return 4 * size * (size + features) * int(np.prod(getattr(cell, "kernel_size", 1)))


def fitting(layer, rest: tuple) -> tuple[tuple, bool]:
    """The smallest images on which the cell leaves more than one pixel."""
    cell = cells_in(chains_in(layer)[0])[0]
    first = cell.data_format == "channels_first"
    space = (1, 2) if first else (0, 1)
    for most in SPACES:
        fewer = tuple(min(n or most, most) if k in space else n for k, n in enumerate(rest))
        try:
            after = cell.output_shape_of((1, *fewer))
        except ValueError:
            continue
        if min(after[2:] if first else after[1:3]) > 1:
            return fewer, fewer != rest
    return rest, False


def built(chain, shape: tuple) -> list:
    cells = cells_in(chain)
    for cell in cells:
        cell.build(shape)
        cell.built = True
        if isinstance(cell, CuDNNCell):
            cell.begin_sequence()
        if not isinstance(cell, ConvLSTM2DCell):
            shape = (1, cell.units)
    return cells


def run(cells, chain: int, xs: list[np.ndarray], skipped: list[bool]) -> list[Part]:
    inputs, states = [Tensor(x) for x in xs], [initial(cell, xs[0].shape) for cell in cells]
    held: list[list[dict]] = [[] for _ in cells]  # of each cell and step, the tensors by name
    values: list[list[dict]] = [[] for _ in cells]
    out: Any = None
    x: Any
    for x, skip in zip(inputs, skipped, strict=True):
        for n, cell in enumerate(cells):
            x = x * 1.0 if n else x  # apart from the state that it is, too
            before = states[n]
            if skip:
                after: Any = before[0]
                known = {"x": x.value} | named(before, "") | named(before, "′")
                if all(skipped):  # no step tells which lines there are
                    lines = evaluated(cell, x.value, [state.value for state in before])
                    known = {name: np.full_like(v, np.nan) for name, v in lines.items()} | known
                values[n].append(known)
            else:
                values[n].append(evaluated(cell, x.value, [state.value for state in before]))
                after, states[n] = cell.call(x, list(before))
                out = after
            held[n].append({"x": x} | dict(zip("hc", states[n], strict=False)))
            x = after
    places = [
        (n, k, name) for n in range(len(cells)) for k in range(len(xs)) for name in held[n][k]
    ]
    dys: list = [None] * len(places)
    if out is not None:
        dys = walk_back(K.sum(out), [held[n][k][name] for n, k, name in places])
    found: list[dict[str, list]] = [{} for _ in cells]
    for (n, k, name), dy in zip(places, dys, strict=True):
        zero = np.zeros(held[n][k][name].shape[1:])
        found[n].setdefault(name, []).append(zero if dy is None else dy[0])
    return [
        Part(cell, chain, n, stacked(values[n]), {k: np.array(v) for k, v in found[n].items()})
        for n, cell in enumerate(cells)
    ]


def evaluated(cell, x, states) -> dict[str, np.ndarray]:
    found = evaluate(cell, x, states)
    if isinstance(cell, SimpleRNNCell):  # the sum before the activation, which has no name there
        w = gate_weights(cell)
        found["sum"] = x @ w["W"] + states[0] @ w["U"] + w.get("b", 0)
    return found


def initial(cell, shape: tuple) -> list[Tensor]:
    state = cell.output_shape_of(shape) if len(shape) == 4 else (1, cell.units)
    return [Tensor(np.zeros(state)) for _ in range(1 + ("c′" in program(cell)))]


def named(states, ending: str) -> dict[str, np.ndarray]:
    return {name + ending: state.value for name, state in zip("hc", states, strict=False)}


def stacked(found: list[dict]) -> dict[str, np.ndarray]:
    """One array for each name; NaN at the steps that have no such value."""
    first = max(found, key=len)
    empty = {name: np.full(value.shape[1:], np.nan) for name, value in first.items()}
    return {
        name: np.array([step[name][0] if name in step else none for step in found])
        for name, none in empty.items()
    }


def size(array: np.ndarray) -> np.ndarray:
    """How large: the length of the vector at each step."""
    return np.sqrt((array.reshape(len(array), -1) ** 2).sum(axis=1))


def sizes(part: Part) -> dict[str, dict[str, np.ndarray]]:
    """|h_t|, |c_t|, |x_t|; and |∂L/∂h_t|, |∂L/∂c_t|, |∂L/∂x_t|."""
    forward = {COUNTED[name]: size(part.values[name]) for name in COUNTED if name in part.values}
    return {"forward": forward, "backward": {n: size(part.gradients[n]) for n in forward}}
