"""Locally connected windows: as convolution, but every output position has weights of its own."""

from __future__ import annotations

import numpy as np

from .config import normalize_data_format
from .convolution import channels_back, channels_last, per_axis
from .tape import primitive
from .windows import taps


@primitive
def local_conv(x, kernel, size, strides, channels_major):
    """N 维局部连接：每个输出位置用自己的权重。

    x: (batch, *space, channels)，kernel: (positions, covered, filters)，positions 是输出位置的
    个数，covered = 窗口的格数 · channels → y: (batch, *out, filters)。
    covered 里先数格、再数通道；channels_major 时先数通道、再数格。
    """
    ones = (1,) * len(size)
    outputs = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], size, strides, strict=True)]
    cells = list(taps(size, outputs, strides, ones))
    channels, filters = x.shape[-1], kernel.shape[-1]

    # windows: (positions, batch, cells, channels); all positions meet their weights in one matmul.
    windows = np.stack([x[:, *place] for _, place in cells], axis=-2)
    windows = windows.reshape(len(x), -1, len(cells), channels).swapaxes(0, 1)
    if channels_major:
        windows = windows.swapaxes(-1, -2)
    rows = windows.reshape(len(kernel), len(x), -1)
    y = np.matmul(rows, kernel)  # (positions, batch, filters)

    def backward(dy):
        dy = dy.reshape(len(x), -1, filters).swapaxes(0, 1)
        dK = np.matmul(rows.swapaxes(1, 2), dy)
        drows = np.matmul(dy, kernel.swapaxes(1, 2)).reshape(windows.shape)
        if channels_major:
            drows = drows.swapaxes(-1, -2)
        drows = drows.swapaxes(0, 1).reshape(len(x), *outputs, len(cells), channels)
        dx = np.zeros_like(x)
        for number, (_, place) in enumerate(cells):
            dx[:, *place] += drows[..., number, :]
        return dx, dK

    return y.swapaxes(0, 1).reshape(len(x), *outputs, filters), backward


def local_conv1d(inputs, kernel, kernel_size, strides, data_format=None):
    """一维局部连接。inputs: (batch, steps, channels)，
    kernel: (output_length, kernel_size · channels, filters)。"""
    data_format = normalize_data_format(data_format)
    y = local_conv(
        channels_last(inputs, 1, data_format),
        kernel,
        size=per_axis(kernel_size, 1),
        strides=per_axis(strides, 1),
        channels_major=data_format == "channels_first",
    )
    return channels_back(y, 1, data_format)


def local_conv2d(inputs, kernel, kernel_size, strides, output_shape, data_format=None):
    """二维局部连接。inputs: (batch, rows, cols, channels) 或 (batch, channels, rows, cols)，
    kernel: (out_rows · out_cols, 窗口的格数 · channels, filters)。"""
    data_format = normalize_data_format(data_format)
    y = local_conv(
        channels_last(inputs, 2, data_format),
        kernel,
        size=per_axis(kernel_size, 2),
        strides=per_axis(strides, 2),
        channels_major=data_format == "channels_first",
    )
    return channels_back(y, 2, data_format)
