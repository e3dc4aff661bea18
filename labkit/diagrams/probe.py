"""A small layer that is run on many samples at once, forwards and backwards."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import backend as K
from ..backend.tape import walk_back
from ..backend.tensors import Tensor
from ..engine.base_layer import Layer
from ..engine.graph import is_readers_own, layers_within
from ..layers import Embedding
from ..utils.generic_utils import to_list
from .copies import cells
from .rowwise import Unsuited, fitting, walk_rows


class Probe:
    """A small layer with generic weights; runs on rows, one flat row of all input cells a sample.

    shapes, outputs: without the batch axis. In a layer that mixes its samples (BatchNormalization
    in training) a row is a whole batch of `batch` samples; 0 stands for: find out.
    """

    def __init__(self, layer: Layer, shapes: list[tuple], several: bool, generator, batch: int = 0):
        self.layer, self.several, self.generator = layer, several, generator
        self.vocabulary = next(
            (part.input_dim for part in layers_within(layer) if isinstance(part, Embedding)), None
        )
        self.batch = 1
        self.shapes = shapes
        self.random = self.random_rows = False
        one = self.draw(1)
        alone = self.run(one)
        self.outputs = [y.shape[1:] for y in alone]
        if batch == 3 or batch == 0 and self.mixes_samples(one, flat(alone, 1)):
            self.batch = 3
            self.shapes = [(3, *shape) for shape in shapes]
            self.outputs = [(3, *shape) for shape in self.outputs]

    @property
    def weights(self) -> list:
        return self.layer.weights

    def draw(self, rows: int) -> np.ndarray:
        """Generic inputs: (rows, cells); word numbers for an Embedding."""
        size = (rows, cells(self.shapes))
        if self.vocabulary:
            return self.generator.integers(0, self.vocabulary, size).astype(K.floatx())
        return self.generator.uniform(0.2, 1, size) * self.generator.choice([-1, 1], size)

    def draw_weights(self) -> None:
        """Generic weights, small enough that sigmoids do not saturate; variances positive."""
        for w in self.weights:
            size = 0.3 if len(w.shape) == 1 else 1 / math.sqrt(math.prod(w.shape[:-1]))
            value = size * self.generator.uniform(0.3, 1, w.shape)
            if w in self.layer.trainable_weights:
                value *= self.generator.choice([-1, 1], w.shape)
            K.set_value(w, value)

    def run(self, rows, tape=False) -> list:
        """The layer's outputs on the inputs inside the rows; self.arrays are those inputs."""
        arrays = self.split(rows)
        self.arrays = [Tensor(array) for array in arrays] if tape else arrays
        return to_list(self.layer(self.arrays if self.several else self.arrays[0]))

    def split(self, rows) -> list[np.ndarray]:
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])[:-1]
        parts = np.split(np.asarray(rows, K.floatx()), ends, axis=1)
        kept = () if self.batch > 1 else (len(rows),)
        return [part.reshape(*kept, *s) for part, s in zip(parts, self.shapes, strict=True)]

    def forward(self, rows) -> np.ndarray:
        """(rows, output cells)."""
        return np.concatenate([flat(self.run(part), len(part)) for part in self.runs(rows)])

    def backward(self, rows, dys) -> np.ndarray | None:
        """dx of each row for its own dy: (rows, input cells); None where no gradient arrives."""
        parts = []
        for part, dy in zip(self.runs(rows), self.runs(dys), strict=True):
            loss = weighted_sum(self.run(part, tape=True), self.spread(dy))
            dxs = walk_back(loss, self.arrays)
            if all(dx is None for dx in dxs):
                return None
            pairs = zip(dxs, self.arrays, strict=True)
            parts.append(flat([zeros(x) if dx is None else dx for dx, x in pairs], len(part)))
        return np.concatenate(parts)

    def weight_gradients(self, rows, dys) -> list[np.ndarray]:
        """The gradient by all weights, flat, for every dy in turn, summed over the rows."""
        found: list[Any] = [0.0] * len(dys)
        for part in self.runs(rows):
            outputs = self.run(part, tape=True)
            for i, dy in enumerate(dys):
                loss = weighted_sum(outputs, self.spread(np.repeat(dy[None], len(part), axis=0)))
                dws = zip(walk_back(loss, self.weights), self.weights, strict=True)
                found[i] = found[i] + np.concatenate(
                    [np.ravel(zeros(w) if dw is None else dw) for dw, w in dws]
                )
        return found

    def runs(self, rows) -> list[np.ndarray]:
        """The rows that one run of the layer takes: all, or one where a row is a batch."""
        return [rows] if self.batch == 1 else [row[None] for row in rows]

    def spread(self, dys) -> list[np.ndarray]:
        """(rows, output cells) as one array for each output tensor."""
        ends = np.cumsum([math.prod(shape) for shape in self.outputs])[:-1]
        parts = np.split(np.asarray(dys), ends, axis=1)
        kept = () if self.batch > 1 else (len(dys),)
        return [p.reshape(*kept, *s) for p, s in zip(parts, self.outputs, strict=True)]

    def slopes(self, rows, dys) -> tuple[np.ndarray, np.ndarray] | None:
        """For each row and its own dy: (dx: (rows, input cells), dW: (rows, weights)).

        None where that cannot be told in one walk, or no gradient arrives.
        """
        if self.batch > 1 or self.vocabulary or not self.weights:
            return None
        wanted, number = len(rows), fitting(len(rows), self.weights)
        rows, dys = (np.pad(array, [(0, number - wanted), (0, 0)]) for array in (rows, dys))
        loss = weighted_sum(self.run(rows, tape=True), self.spread(dys))
        try:
            dxs, dWs = walk_rows(loss, self.arrays, self.weights, number)
        except Unsuited:
            return None
        if all(dx is None for dx in dxs):
            return None
        pairs = zip(dxs, self.arrays, strict=True)
        dx = flat([zeros(x) if dx is None else dx for dx, x in pairs], number)
        return dx[:wanted], flat(dWs, number)[:wanted]

    def mixes_samples(self, one, alone) -> bool:
        """Whether one sample's output has a gradient by another sample; sets `random`."""
        before = self.drawn()
        others = self.draw(1)
        y = self.forward(np.concatenate([one, one, others]))
        differ = bool(np.abs(y[0] - y[1]).max() > 1e-9)
        # Two equal samples alone may come out alike by accident.
        self.random = self.drawn() != before or differ
        self.random_rows = differ and not any(map(is_readers_own, layers_within(self.layer)))
        if self.vocabulary or np.allclose(y[:1], alone, rtol=1e-9, atol=1e-12):
            return False
        dys = np.zeros((3, cells(self.outputs)))
        dys[0] = self.generator.uniform(0.5, 1, dys.shape[1])
        dx = self.backward(self.draw(3), dys)
        return dx is not None and bool(np.abs(dx[1:]).max() > 1e-12)

    def drawn(self) -> list:
        """How far the random numbers are that the layer may draw."""
        states = [source.get_state(legacy=False)["state"] for source in self.sources()]
        return [(int(state["key"][0]), state["pos"]) for state in states]

    def sources(self) -> list:
        """NumPy's generator and those that layers have of their own, as Dropout(0.5, seed=1)."""
        own = [getattr(part, "_generator", np.random) for part in layers_within(self.layer)]
        return [np.random, *(source for source in own if source is not np.random)]


def flat(arrays, rows: int) -> np.ndarray:
    return np.concatenate([np.asarray(K.eval(a)).reshape(rows, -1) for a in arrays], axis=1)


def zeros(x) -> np.ndarray:
    return np.zeros(x.shape)


def weighted_sum(outputs, dys) -> Tensor:
    total = None
    for y, dy in zip(outputs, dys, strict=True):
        if isinstance(y, Tensor):
            part = K.sum(y * dy)
            total = part if total is None else total + part
    return total if total is not None else Tensor(0.0)
