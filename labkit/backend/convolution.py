"""Convolution of any rank."""

from __future__ import annotations

import numpy as np

from .config import normalize_data_format
from .linear import matmul
from .movement import permute_dimensions
from .tape import primitive
from .windows import output_length, same_padding, taps


@primitive
def conv(x, kernel, strides, padding, dilation):
    """N 维卷积（互相关）。

    x: (batch, *space, channels)，kernel: (*size, channels, filters) → y: (batch, *out, filters)。

    逐格累加：核的每一格 K[i, j] 是一个 (channels, filters) 矩阵，乘上它在各个输出位置碰到的输入。
    """
    size, (channels, filters) = kernel.shape[:-2], kernel.shape[-2:]
    space = x.shape[1:-1]
    settings = list(zip(space, size, strides, dilation, strict=True))
    around = [same_padding(n, k, s, d) if padding == "same" else (0, 0) for n, k, s, d in settings]
    outputs = [output_length(n, k, padding, s, d) for n, k, s, d in settings]
    padded = np.pad(x, [(0, 0), *around, (0, 0)]) if any(map(sum, around)) else x

    y = np.zeros((len(x) * int(np.prod(outputs)), filters), x.dtype)
    for cell, place in taps(size, outputs, strides, dilation):
        y += matmul(padded[:, *place].reshape(-1, channels), kernel[cell])

    def backward(dy):
        dy = dy.reshape(-1, filters)
        dx, dK = np.zeros_like(padded), np.empty_like(kernel)
        for cell, place in taps(size, outputs, strides, dilation):
            seen = padded[:, *place]
            dx[:, *place] += matmul(dy, kernel[cell].T).reshape(seen.shape)
            dK[cell] = matmul(seen.reshape(-1, channels).T, dy)
        inner = tuple(
            slice(before, before + n) for (before, _), n in zip(around, space, strict=True)
        )
        return dx[:, *inner], dK

    return y.reshape(len(x), *outputs, filters), backward


def channels_last(x, rank: int, data_format: str):
    """x with its channels moved to the last axis."""
    if data_format == "channels_last":
        return x
    return permute_dimensions(x, pattern=(0, *range(2, rank + 2), 1))


def channels_back(y, rank: int, data_format: str):
    """The inverse of channels_last."""
    if data_format == "channels_last":
        return y
    return permute_dimensions(y, pattern=(0, rank + 1, *range(1, rank + 1)))


def conv2d(x, kernel, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1)):
    """二维卷积。x: (batch, rows, cols, channels) 或 (batch, channels, rows, cols)，
    kernel: (rows, cols, channels, filters)。"""
    data_format = normalize_data_format(data_format)
    y = conv(
        channels_last(x, 2, data_format),
        kernel,
        strides=strides,
        padding=padding,
        dilation=dilation_rate,
    )
    return channels_back(y, 2, data_format)
