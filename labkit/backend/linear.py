"""Matrix products and biases."""

from __future__ import annotations

import math
import sys

import numpy as np

from ..errors import explain
from .config import normalize_data_format
from .elementwise import add
from .movement import expand_dims, int_shape, ndim, permute_dimensions, reshape
from .tape import primitive
from .tensors import Operators


def matmul(a, b):
    """a @ b for a matrix b. NumPy in the browser has no BLAS: there einsum is the faster loop."""
    return np.einsum("ij,jk->ik", a, b) if sys.platform == "emscripten" else a @ b


@primitive
def dot(x, y):
    """x 的最后一轴与 y 的倒数第二轴相乘求和：(…, n) · (n, m) → (…, m)。"""
    if np.ndim(y) != 2:
        return _tensordot(x, y)
    count = math.prod(x.shape[:-1])
    rows = x.reshape(count, x.shape[-1])
    z = matmul(rows, y).reshape(*x.shape[:-1], y.shape[1])

    def backward(dz):
        dz = dz.reshape(count, y.shape[1])
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


@primitive
def _batch_dot(x, y):
    """x: (batch, …, n)，y: (batch, n, …) → (batch, …, …)：每个样本各做一次矩阵乘法。"""
    left, right = x.reshape(len(x), -1, x.shape[-1]), y.reshape(len(y), y.shape[1], -1)
    z = np.matmul(left, right)

    def backward(dz):
        dz = dz.reshape(z.shape)
        dx = np.matmul(dz, right.swapaxes(1, 2)).reshape(x.shape)
        return dx, np.matmul(left.swapaxes(1, 2), dz).reshape(y.shape)

    return z.reshape(*x.shape[:-1], *y.shape[2:]), backward


def batch_dot(x, y, axes=None):
    """每个样本各做一次乘积：对 x 的 axes[0] 轴与 y 的 axes[1] 轴相乘求和。

    axes 是一个整数或两个；默认是 x 的最后一轴与 y 的倒数第二轴（y 是二维时是最后一轴）。
    结果的形状是 batch、x 余下的轴、y 余下的轴；两者都是二维时是 (batch, 1)。
    """
    shapes = int_shape(x), int_shape(y)
    ranks = [len(shape) for shape in shapes]
    if axes is None:
        axes = (ranks[0] - 1, max(ranks[1] - 2, 1))
    axes = [axes, axes] if isinstance(axes, int | np.integer) else list(axes)
    received = f"形状 {shapes[0]}、{shapes[1]}，axes={axes}"
    rule = None
    if min(ranks) < 2:
        rule = "x 与 y 至少二维，第 0 轴是 batch"
    elif len({shape[0] for shape in shapes} - {None}) > 1:
        rule = "x 与 y 的 batch 大小相同"
    elif len(axes) != 2 or not all(isinstance(axis, int | np.integer) for axis in axes):
        rule = "axes 是一个整数，或两个整数"
    else:
        axes = [axis + rank if axis < 0 else axis for axis, rank in zip(axes, ranks, strict=True)]
        lengths = [shape[axis] for shape, axis in zip(shapes, axes, strict=True)]
        if 0 in axes:
            rule = "不能对 batch 轴求和；没有 batch 轴时先用 K.expand_dims(x, 0)"
        elif None not in lengths and lengths[0] != lengths[1]:
            rule = f"相乘求和的两个轴一样长，这里是 {lengths[0]} 与 {lengths[1]}"
    if rule:
        raise ValueError(explain("K.batch_dot", received, rule, "先用 K.int_shape 看各轴的长度"))
    x = permute_dimensions(x, [i for i in range(ranks[0]) if i != axes[0]] + [axes[0]])
    y = permute_dimensions(y, [0, axes[1]] + [i for i in range(1, ranks[1]) if i != axes[1]])
    z = _batch_dot(x, y)
    return expand_dims(z, axis=1) if ranks == [2, 2] else z


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
