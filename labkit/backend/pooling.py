"""Pooling of any rank."""

from __future__ import annotations

import numpy as np

from .config import normalize_data_format
from .convolution import channels_back, channels_last
from .tape import primitive
from .windows import output_length, same_padding, taps


@primitive
def max_pool(x, size, strides, padding):
    """N 维最大池化。x: (batch, *space, channels) → y: (batch, *out, channels)。

    补的格子是 −∞，不会被选中；并列时梯度归窗口里按行优先的第一格（TensorFlow 的约定）。
    """
    space, ones = x.shape[1:-1], (1,) * len(size)
    settings = list(zip(space, size, strides, strict=True))
    around = [same_padding(n, k, s) if padding == "same" else (0, 0) for n, k, s in settings]
    outputs = [output_length(n, k, padding, s) for n, k, s in settings]
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
        inner = tuple(
            slice(before, before + n) for (before, _), n in zip(around, space, strict=True)
        )
        return (dx[:, *inner],)

    return y, backward


def pool2d(x, pool_size, strides=(1, 1), padding="valid", data_format=None, pool_mode="max"):
    """二维池化。x: (batch, rows, cols, channels) 或 (batch, channels, rows, cols)。"""
    from ..errors import explain

    if pool_mode != "max":
        raise ValueError(explain("K.pool2d", f"pool_mode={pool_mode!r}", "目前只有 'max'", "'max'"))
    data_format = normalize_data_format(data_format)
    y = max_pool(channels_last(x, 2, data_format), size=pool_size, strides=strides, padding=padding)
    return channels_back(y, 2, data_format)
