"""Matrix products and biases."""

from __future__ import annotations

import sys

import numpy as np

from ..errors import explain
from .config import normalize_data_format
from .elementwise import add
from .movement import int_shape, ndim, reshape
from .tape import Operators, primitive


def matmul(a, b):
    """a @ b for a matrix b. NumPy in the browser has no BLAS: there einsum is the faster loop."""
    return np.einsum("ij,jk->ik", a, b) if sys.platform == "emscripten" else a @ b


@primitive
def dot(x, y):
    """x 的最后一轴与 y 的倒数第二轴相乘求和：(…, n) · (n, m) → (…, m)。"""
    if np.ndim(y) != 2:
        return _tensordot(x, y)
    rows = x.reshape(-1, x.shape[-1])
    z = matmul(rows, y).reshape(*x.shape[:-1], y.shape[1])

    def backward(dz):
        dz = dz.reshape(-1, y.shape[1])
        return matmul(dz, y.T).reshape(x.shape), matmul(rows.T, dz)

    return z, backward


def _tensordot(x, y):
    # x: (*left, n), y: (*middle, n, last) → z: (*left, *middle, last); y may also be a vector.
    axis = max(y.ndim - 2, 0)
    z = np.tensordot(x, y, axes=(-1, axis))

    def backward(dz):
        left, others = x.ndim - 1, y.ndim - 1
        dx = np.tensordot(dz, np.moveaxis(y, axis, -1), axes=(range(left, dz.ndim), range(others)))
        dy = np.tensordot(x, dz, axes=(range(left), range(left)))
        return dx, np.moveaxis(dy, 0, axis)

    return z, backward


def bias_add(x, bias, data_format=None):
    """给每个通道加上各自的偏置；bias 是 (channels,)，或每个位置各有一份：(*space, channels)。"""
    channels_first = normalize_data_format(data_format) == "channels_first"
    shape = int_shape(bias)
    if len(shape) not in {1, ndim(x) - 1}:
        raise ValueError(
            explain(
                "K.bias_add",
                f"形状为 {shape} 的 bias，{ndim(x)} 维的 x",
                f"bias 是一维的 (channels,)，或 {ndim(x) - 1} 维的 (*space, channels)",
                "一维的 bias",
            )
        )
    if channels_first and ndim(x) > 2:
        # Keras reshapes a bias of every position; it does not move the axes.
        space = shape[:-1] or (1,) * (ndim(x) - 2)
        bias = reshape(bias, shape=(1, shape[-1], *space))
    return add(x, bias)


Operators.__matmul__ = lambda self, other: dot(self, other)  # type: ignore[attr-defined]
Operators.__rmatmul__ = lambda self, other: dot(other, self)  # type: ignore[attr-defined]
