"""The walk back over the tape with a gradient by the weights for every sample of its own.

`walk_back` adds up what all samples give to a weight. Here a weight that meets samples meets each
in a copy of its own, so that one walk answers for as many outputs as there are samples.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..backend import elementwise
from ..backend.convolution import conv, pad_space
from ..backend.linear import dot
from ..backend.tape import Operation, operations_before, quiet
from ..backend.tensors import Tensor, part
from ..backend.windows import edges, taps

# Their weight ends with an axis of results: copies for samples are further results.
LINEAR = {"depthwise_conv", "dot", "local_conv"}
AT_ONCE = 16  # samples with copies of a linear weight: the work grows with their square


class Unsuited(Exception):
    """The layer moves samples about, so that no walk can tell them apart."""


def fitting(wanted: int, weights) -> int:
    """A number of samples, at least as many as wanted, that no axis of a weight is long."""
    number = max(wanted, 1 + sum(sum(w.shape) for w in weights))
    while any(number % n == 0 for n in range(2, math.isqrt(number) + 1)):
        number += 1
    return number


def walk_rows(loss: Tensor, inputs: list, weights: list, rows: int):
    """(dx of each input, None where none arrives; dW of each weight for each of the rows).

    loss: a sum over the rows, which number as `fitting` says; they are every tensor's first axis.
    """
    walk = Walk(rows)
    with quiet():
        walk.back(loss)
    dxs = [walk.dys.get(key(x)) for x in inputs]
    return dxs, [walk.own.get(key(w), np.zeros((rows, *w.shape))) for w in weights]


def key(tensor) -> tuple[int, int]:
    return id(getattr(tensor, "operation", None) or tensor), tensor.index


class Walk:
    """dys: gradients by tensors that hold samples; own: by others, one for each sample."""

    def __init__(self, rows: int):
        self.rows = rows
        self.dys: dict[tuple[int, int], Any] = {}
        self.own: dict[tuple[int, int], Any] = {}

    def holds_samples(self, x: Tensor) -> bool:
        return x.value.ndim > 0 and len(x.value) == self.rows

    def back(self, loss: Tensor) -> None:
        self.dys[key(loss)] = np.ones_like(loss.value)
        for operation in reversed(operations_before(loss.operation, differentiable=True)):
            places = [(id(operation), i) for i in range(operation.count)]
            if any(place in self.dys for place in places):
                self.through(operation, [self.dys.get(place) for place in places])
            elif any(place in self.own for place in places):
                self.before_samples(operation, [self.own.get(place) for place in places])

    def through(self, operation: Operation, arriving: list) -> None:
        """Through an operation on samples."""
        dxs = operation.backward(*arriving)
        for i, (x, dx) in enumerate(zip(operation.arguments, dxs, strict=False)):
            if dx is None or not isinstance(x, Tensor):
                continue
            if self.holds_samples(x) or x.value.ndim == 0 and x.operation:  # the loss' own sum
                add(self.dys, key(x), dx)
            elif len(arriving) > 1 or len(arriving[0]) != self.rows:
                raise Unsuited
            else:
                own = np.concatenate(list(self.copies(operation, i, arriving[0])))
                if not np.abs(own.sum(axis=0) - dx).max() <= 1e-6 * (1 + np.abs(dx).max()):
                    raise Unsuited
                add(self.own, key(x), own)

    def before_samples(self, operation: Operation, arriving: list) -> None:
        """Through an operation on weights alone: each sample's gradient by itself."""
        if any(isinstance(x, Tensor) and self.holds_samples(x) for x in operation.arguments):
            raise Unsuited
        busy = np.flatnonzero(
            np.any(
                [np.any(dy, axis=tuple(range(1, dy.ndim))) for dy in arriving if dy is not None], 0
            )
        )
        for row in busy:
            dxs = operation.backward(*(None if dy is None else dy[row] for dy in arriving))
            for x, dx in zip(operation.arguments, dxs, strict=False):
                if isinstance(x, Tensor) and dx is not None:
                    place = key(x)
                    if place not in self.own:
                        self.own[place] = np.zeros((self.rows, *dx.shape))
                    self.own[place][row] += dx

    def copies(self, operation: Operation, i: int, dy) -> Iterator[np.ndarray]:
        """The gradient by argument i for each sample, some samples at a time."""
        primitive = operation.primitive
        x, W = (getattr(a, "value", a) for a in operation.arguments[:2])
        if primitive.__module__ == elementwise.__name__:
            yield self.spread(operation, i, dy)
        elif i != 1 or len(x) != self.rows:
            raise Unsuited
        elif primitive is dot and W.ndim == 2:
            x, dy = (a.reshape(self.rows, -1, a.shape[-1]) for a in (x, dy))
            yield x.swapaxes(1, 2) @ dy
        elif primitive is conv:
            window = (operation.settings[name] for name in ("strides", "padding", "dilation"))
            yield kernel_gradients(x, W, dy, *window)
        else:
            linear = primitive.__name__ in LINEAR
            for start in range(0, self.rows, AT_ONCE if linear else 1):
                some = slice(start, start + (AT_ONCE if linear else 1))
                if linear:
                    yield further_results(operation, x[some], W, dy[some])
                else:
                    yield again(operation, {0: x[some], 1: W}, dy[some])[1][None]

    def spread(self, operation: Operation, i: int, dy) -> np.ndarray:
        """An operation cell by cell: the weight is repeated along the samples."""
        W = operation.arguments[i].value
        shape = W.shape[1:] if W.ndim == dy.ndim and len(W) == 1 else W.shape
        if len(shape) >= dy.ndim:
            raise Unsuited
        full = self.rows, *(1,) * (dy.ndim - 1 - len(shape)), *shape
        repeated = np.broadcast_to(W.reshape(full[1:]), full)
        dW = again(operation, {i: repeated}, dy)[i]
        return dW.reshape(self.rows, *W.shape)


def kernel_gradients(x, kernel, dy, strides, padding, dilation) -> np.ndarray:
    """As in `conv`, but not added up over the samples."""
    size, rows = kernel.shape[:-2], len(x)
    around, outputs = edges(x.shape[1:-1], size, strides, padding, dilation)
    padded, dy = pad_space(x, around), dy.reshape(rows, -1, dy.shape[-1])
    dK = np.empty((rows, *kernel.shape))
    for cell, place in taps(size, outputs, strides, dilation):
        met = padded[:, *place].reshape(rows, -1, x.shape[-1])
        dK[:, *cell] = met.swapaxes(1, 2) @ dy
    return dK


def further_results(operation: Operation, x, W, dy) -> np.ndarray:
    """A product: a copy of the weight for each sample, whose results no other sample wants."""
    rows, last = len(x), W.shape[-1]
    each, channels = np.arange(rows), dy.shape[-1] // last
    apart = np.zeros((*dy.shape[:-1], channels, rows, last))
    apart[each, ..., each, :] = dy.reshape(*dy.shape[:-1], channels, last)
    tiled = np.concatenate([W] * rows, axis=-1)
    dW = again(operation, {0: x, 1: tiled}, apart.reshape(*dy.shape[:-1], -1))[1]
    return np.moveaxis(dW.reshape(*W.shape[:-1], rows, last), -2, 0)


def again(operation: Operation, others: dict[int, np.ndarray], dy):
    """The gradients where the operation runs on other arrays."""
    arguments = [others.get(i, getattr(a, "value", a)) for i, a in enumerate(operation.arguments)]
    y = operation.primitive(*map(Tensor, arguments[:2]), *arguments[2:], **operation.settings)
    made = part(y, 0).operation
    return made.backward(dy)


def add(found: dict, place, dy) -> None:
    found[place] = found[place] + dy if place in found else dy
