"""Step mode: how every output is computed, and how its dy is added into dx and dW, in numbers.

The numbers are the layer's own, of inputs and weights with one decimal; what kind of computation a
layer does is read off its numbers and gradients, not off its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from .. import activations
from .. import backend as K
from ..backend.tape import walk_back
from ..backend.tensors import Tensor
from ..engine.base_layer import Layer
from .copies import undisturbed
from .dependencies import TINY, Dependencies, dependencies
from .grids import drawn
from .probe import Probe
from .sums import Sums, sums_of


@dataclass
class Steps:
    """一层逐格的计算过程，数值都是这一层自己算出来的。

    about：依赖关系。x、W、y、dy：一列数，依次对应输入格、权重格、输出格、输出的梯度。
    slopes：数组 (输出格, 输入格)，∂y/∂x。weight_slopes：数组 (输出格, 权重格)，∂y/∂W。
    sums：数组 (输出格,)，激活之前的值；没有这一步时为 None。activation：激活函数的名字。
    kind：product（输入乘权重再相加）、linear（输入乘系数再相加）、max、min、cell（只看一格）、
    lookup（按编号取出权重）或 general。formulas：循环层的算式与代入的数（sums.py）。
    """

    about: Dependencies
    x: np.ndarray
    W: np.ndarray
    y: np.ndarray
    dy: np.ndarray
    slopes: np.ndarray
    weight_slopes: np.ndarray
    sums: np.ndarray | None
    activation: str
    kind: str
    formulas: Sums | None = None

    @property
    def dx(self) -> np.ndarray:
        """每个输出格的 dy 依次加进来之后的 dx。"""
        return self.dy @ self.slopes

    @property
    def dW(self) -> np.ndarray:
        return self.dy @ self.weight_slopes


def steps(layer: Layer, input_shape, training: bool = False, seed: int = 0) -> Steps:
    """层逐格计算的过程；太大的层换成缩小的。参数与出错同 dependencies()。"""
    return from_dependencies(dependencies(layer, input_shape, training, seed), training, seed)


def from_dependencies(about: Dependencies, training=False, seed=0) -> Steps:
    with undisturbed("float64", training):
        generator = np.random.default_rng(seed)
        probe = about.probe
        assert probe is not None
        probe.generator = generator
        # The input first: two layers that are compared get the same one.
        x = probe.draw(1)
        x = x if probe.vocabulary else one_decimal(generator, x.shape)
        for w in probe.weights:
            positive = w not in probe.layer.trainable_weights
            K.set_value(w, one_decimal(generator, w.shape, positive))
        W = np.concatenate([np.ravel(w.value) for w in probe.weights] or [np.zeros(0)])
        with same_draws(probe):
            y = probe.forward(x)[0]
        slopes, weight_slopes = slopes_of(probe, x, len(y), about.products is None)
        sums, activation = None, ""
        if about.products is not None:
            sums, activation, weight_slopes = products(about, x[0], W)
        dy = one_decimal(generator, y.shape)
        kind = kind_of(about, probe, x[0], y, slopes)
        formulas = sums_of(probe, x, y) if kind == "general" else None
    if kind == "lookup":  # of all rows that can be looked up, those that these words do
        about = replace(about, uses=weight_slopes != 0)
    return Steps(about, x[0], W, y, dy, slopes, weight_slopes, sums, activation, kind, formulas)


@contextmanager
def same_draws(probe: Probe) -> Iterator[None]:
    """The random numbers that are drawn inside, as by dropout, are drawn again afterwards."""
    before = [(source, source.get_state()) for source in probe.sources()]
    try:
        yield
    finally:
        for source, state in before:
            source.set_state(state)


def slopes_of(probe: Probe, x, outputs: int, weights: bool) -> tuple[np.ndarray, np.ndarray]:
    """∂y/∂x, and ∂y/∂W where it is wanted, with the same random numbers for each output."""
    each = np.eye(outputs)
    rows = np.repeat(x, outputs, axis=0)
    if weights and not probe.random and (found := probe.slopes(rows, each)):
        return found
    if probe.batch == 1 and not probe.random:
        dx = probe.backward(rows, each)
    else:
        parts = []
        for dy in each:
            with same_draws(probe):
                parts.append(probe.backward(x, dy[None]))
        dx = None if any(part is None for part in parts) else np.concatenate(parts)
    dx = np.zeros((outputs, x.shape[1])) if dx is None else dx
    if not weights or not probe.weights:
        return dx, np.zeros((outputs, 0))
    with same_draws(probe):
        return dx, np.array(probe.weight_gradients(x, each))


def products(about: Dependencies, x, W):
    """For a layer of products: sums before the activation, its name, and ∂y/∂W."""
    assert about.products is not None
    outputs, inputs = np.nonzero(about.products >= 0)
    weights = about.products[outputs, inputs]
    slopes = np.zeros(about.uses.shape)
    slopes[outputs, weights] = x[inputs]
    # A weight that meets no input is added as it is: the bias.
    met = np.zeros(len(W), bool)
    met[weights] = True
    slopes[about.uses & ~met] = 1
    sums = Tensor(slopes @ W)
    activation = getattr(about.layer, "activation", None) or activations.linear
    steepness = walk_back(K.sum(activation(sums)), [sums])[0]
    return sums.value, activation.__name__, slopes * steepness[:, None]


def one_decimal(generator, shape, positive=False) -> np.ndarray:
    """From ±0.1 to ±0.9: short enough to follow by hand."""
    size = generator.integers(1, 10, shape) / 10
    return size if positive else size * generator.choice([-1, 1], shape)


def kind_of(about: Dependencies, probe: Probe, x, y, slopes) -> str:
    """What the outputs are: read off the numbers at x, and at its opposite."""
    links = about.links
    several = (links.sum(axis=1) > 1).any()
    if probe.vocabulary:
        return "lookup"
    if about.products is not None:
        return "product"
    if not about.weights and np.allclose(slopes @ x, y, atol=TINY):
        for kind, row in (("max", x), ("min", -x)):
            best = np.where(links, row, -np.inf).max(axis=1)
            if several and np.allclose(best, slopes @ row, atol=TINY):
                return kind
        with same_draws(probe):
            if np.allclose(probe.forward(-x[None])[0], -y, atol=TINY):
                return "linear"
    return "cell" if not several else "general"


def step_view(layer: Layer, input_shape, training: bool = False, wide: bool = False) -> str:
    """逐步图：每一格写着它的数，标出一个输出格用到的格。

    wide：画宽一些，给大屏幕用。其余参数与出错同 dependencies()。返回 SVG 文本。
    """
    return drawn_steps(steps(layer, input_shape, training), wide)


def drawn_steps(walk: Steps, wide: bool = False) -> str:
    rows = {"x": walk.x, "w": walk.W, "y": walk.y}
    values = {
        f"{letter}{n}": short_number(number)
        for letter, row in rows.items()
        for n, number in enumerate(row)
    }
    slopes = walk.slopes if walk.kind in ("max", "min") else None
    return drawn(walk.about, wide, values, slopes)


def short_number(number: float) -> str:
    """At most two decimals, without zeros at the end."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
