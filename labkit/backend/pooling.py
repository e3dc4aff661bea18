"""Pooling of any rank."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..arguments.validation import choice
from .config import normalize_data_format
from .convolution import channels_back, channels_last, crop_space, pad_space, per_axis
from .tape import primitive
from .windows import edges, taps


@primitive
def max_pool(x, size, strides, padding):
    """N 维最大池化。x: (batch, *space, channels) → y: (batch, *out, channels)。

    补的格子是 −∞，不会被选中；并列时梯度归窗口里按行优先的第一格（TensorFlow 的约定）。
    """
    ones = (1,) * len(size)
    around, outputs = edges(x.shape[1:-1], size, strides, padding, ones)
    padded = x
    if any(map(sum, around)):
        padded = np.pad(x, [(0, 0), *around, (0, 0)], constant_values=-np.inf)

    y = np.full((len(x), *outputs, x.shape[-1]), -np.inf, x.dtype)
    for _, place in taps(size, outputs, strides, ones):
        np.maximum(y, padded[:, *place], out=y)

    def backward(dy):
        dx, waiting = np.zeros_like(padded), np.ones(y.shape, bool)
        for _, place in taps(size, outputs, strides, ones):
            winner = waiting & (padded[:, *place] == y)
            dx[:, *place] += dy * winner
            waiting &= ~winner
        return (crop_space(dx, around),)

    return y, backward


@primitive
def average_pool(x, size, strides, padding):
    """N 维平均池化。x: (batch, *space, channels) → y: (batch, *out, channels)。

    补的格子不算在内：边上的窗口除以真正的格数（TensorFlow 的规则）。
    """
    ones = (1,) * len(size)
    around, outputs = edges(x.shape[1:-1], size, strides, padding, ones)
    padded = pad_space(x, around)
    inside = pad_space(np.ones((1, *x.shape[1:-1], 1), x.dtype), around)

    y = np.zeros((len(x), *outputs, x.shape[-1]), x.dtype)
    count = np.zeros((1, *outputs, 1), x.dtype)
    for _, place in taps(size, outputs, strides, ones):
        y += padded[:, *place]
        count += inside[:, *place]

    def backward(dy):
        dx = np.zeros_like(padded)
        for _, place in taps(size, outputs, strides, ones):
            dx[:, *place] += dy / count
        return (crop_space(dx, around),)

    return y / count, backward


def _pool(rank, x, pool_size, strides, padding, data_format, pool_mode):
    where = f"K.pool{rank}d"
    padding = choice(where, "padding", padding, Literal["valid", "same"])
    pool = {"max": max_pool, "avg": average_pool}[
        choice(where, "pool_mode", pool_mode, Literal["max", "avg"])
    ]
    data_format = normalize_data_format(data_format)
    y = pool(
        channels_last(x, rank, data_format),
        size=per_axis(pool_size, rank),
        strides=per_axis(strides, rank),
        padding=padding,
    )
    return channels_back(y, rank, data_format)


def pool2d(x, pool_size, strides=(1, 1), padding="valid", data_format=None, pool_mode="max"):
    """二维池化，pool_mode 是 "max" 或 "avg"。

    x: (batch, rows, cols, channels) 或 (batch, channels, rows, cols)。
    """
    return _pool(2, x, pool_size, strides, padding, data_format, pool_mode)


def pool3d(x, pool_size, strides=(1, 1, 1), padding="valid", data_format=None, pool_mode="max"):
    """三维池化，pool_mode 是 "max" 或 "avg"。

    x: (batch, dim1, dim2, dim3, channels) 或通道在第 1 轴。
    """
    return _pool(3, x, pool_size, strides, padding, data_format, pool_mode)
