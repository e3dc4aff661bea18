"""Convolution of any rank, and its transpose."""

from __future__ import annotations

import numpy as np

from ..errors import explain
from ..utils.generic_utils import to_list
from .config import normalize_data_format
from .linear import matmul
from .movement import permute_dimensions
from .tape import primitive
from .windows import edges, output_length, taps


@primitive
def conv(x, kernel, strides, padding, dilation):
    """N 维卷积（互相关）。

    x: (batch, *space, channels)，kernel: (*size, channels, filters) → y: (batch, *out, filters)。
    """
    around, outputs = edges(x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    padded = pad_space(x, around)
    y = correlate(padded, kernel, outputs, strides, dilation)

    def backward(dy):
        dx = spread(dy, kernel, padded.shape, strides, dilation)
        return crop_space(dx, around), kernel_gradient(padded, dy, kernel, strides, dilation)

    return y, backward


@primitive
def conv_transpose(x, kernel, space, strides, padding, dilation):
    """转置卷积：卷积对输入求梯度的那一步，space 是输出的空间尺寸。

    x: (batch, *in, channels)，kernel: (*size, filters, channels) → y: (batch, *space, filters)。
    """
    around, _ = edges(space, kernel.shape[:-2], strides, padding, dilation)
    padded = [n + before + after for n, (before, after) in zip(space, around, strict=True)]
    y = spread(x, kernel, (len(x), *padded, kernel.shape[-2]), strides, dilation)

    def backward(dy):
        dy = pad_space(dy, around)
        dx = correlate(dy, kernel, x.shape[1:-1], strides, dilation)
        return dx, kernel_gradient(dy, x, kernel, strides, dilation)

    return crop_space(y, around), backward


def correlate(padded, kernel, outputs, strides, dilation):
    """逐格累加：核的每一格是一个 (channels, filters) 矩阵，乘上它在各个输出位置碰到的输入。"""
    channels, filters = kernel.shape[-2:]
    y = np.zeros((len(padded) * int(np.prod(outputs)), filters), padded.dtype)
    for cell, place in taps(kernel.shape[:-2], outputs, strides, dilation):
        y += matmul(padded[:, *place].reshape(-1, channels), kernel[cell])
    return y.reshape(len(padded), *outputs, filters)


def spread(dy, kernel, shape, strides, dilation):
    """correlate 的反方向：每个输出把自己的值乘上核，加回它碰到的各格。shape 是结果的形状。"""
    x = np.zeros(shape, dy.dtype)
    rows = dy.reshape(-1, dy.shape[-1])
    for cell, place in taps(kernel.shape[:-2], dy.shape[1:-1], strides, dilation):
        x[:, *place] += matmul(rows, kernel[cell].T).reshape(*dy.shape[:-1], shape[-1])
    return x


def kernel_gradient(padded, dy, kernel, strides, dilation):
    """核的每一格的梯度：它碰到的输入与 dy 在所有样本、所有位置上的乘积之和。"""
    dK = np.empty_like(kernel)
    rows = dy.reshape(-1, dy.shape[-1])
    for cell, place in taps(kernel.shape[:-2], dy.shape[1:-1], strides, dilation):
        dK[cell] = matmul(padded[:, *place].reshape(-1, padded.shape[-1]).T, rows)
    return dK


@primitive
def depthwise_conv(x, kernel, strides, padding, dilation):
    """逐通道卷积：每个输入通道有自己的 multiplier 个核，通道之间不相加。

    x: (batch, *space, channels)，kernel: (*size, channels, multiplier)
    → y: (batch, *out, channels · multiplier)，同一通道的结果相邻。
    """
    around, outputs = edges(x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    padded = pad_space(x, around)
    cells = list(taps(kernel.shape[:-2], outputs, strides, dilation))
    y = np.zeros((len(x), *outputs, *kernel.shape[-2:]), x.dtype)
    for cell, place in cells:
        y += padded[:, *place, :, np.newaxis] * kernel[cell]

    def backward(dy):
        dy, sums = dy.reshape(y.shape), tuple(range(x.ndim - 1))
        dx, dK = np.zeros_like(padded), np.empty_like(kernel)
        for cell, place in cells:
            dx[:, *place] += (dy * kernel[cell]).sum(axis=-1)
            dK[cell] = (padded[:, *place, :, np.newaxis] * dy).sum(axis=sums)
        return crop_space(dx, around), dK

    return y.reshape(*y.shape[:-2], -1), backward


def pad_space(x, around):
    """补零：around 是每个空间轴前、后补几格。"""
    return np.pad(x, [(0, 0), *around, (0, 0)]) if any(map(sum, around)) else x


def crop_space(x, around):
    """pad_space 的反方向。"""
    kept = [
        slice(before, n - after) for n, (before, after) in zip(x.shape[1:-1], around, strict=True)
    ]
    return x[:, *kept]


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


def windowed(function, x, kernel, rank, strides, padding, data_format, dilation_rate, **settings):
    """A convolution of either data format, its settings one number for each axis or for all."""
    data_format = normalize_data_format(data_format)
    choices = ("valid", "same", "causal") if rank == 1 else ("valid", "same")
    if padding not in choices:
        raise ValueError(
            explain(
                f"K 的 {rank} 维卷积",
                f"padding={padding!r}",
                f"padding 只能是 {'、'.join(map(repr, choices))}",
                "'same'",
            )
        )
    y = function(
        channels_last(x, rank, data_format),
        kernel,
        strides=per_axis(strides, rank),
        padding=padding,
        dilation=per_axis(dilation_rate, rank),
        **settings,
    )
    return channels_back(y, rank, data_format)


def per_axis(value, rank: int) -> tuple[int, ...]:
    """One number for all axes, or one each."""
    values = to_list(value, allow_tuple=True)
    return tuple(values * rank if len(values) == 1 else values)


def conv1d(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """一维卷积。x: (batch, steps, channels) 或 (batch, channels, steps)，
    kernel: (size, channels, filters)。padding 还可以是 "causal"：只在前面补零。"""
    return windowed(conv, x, kernel, 1, strides, padding, data_format, dilation_rate)


def conv2d(x, kernel, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1)):
    """二维卷积。x: (batch, rows, cols, channels) 或 (batch, channels, rows, cols)，
    kernel: (rows, cols, channels, filters)。"""
    return windowed(conv, x, kernel, 2, strides, padding, data_format, dilation_rate)


def conv3d(
    x, kernel, strides=(1, 1, 1), padding="valid", data_format=None, dilation_rate=(1, 1, 1)
):
    """三维卷积。x: (batch, dim1, dim2, dim3, channels) 或通道在第 1 轴，
    kernel: (dim1, dim2, dim3, channels, filters)。"""
    return windowed(conv, x, kernel, 3, strides, padding, data_format, dilation_rate)


def conv2d_transpose(
    x,
    kernel,
    output_shape,
    strides=(1, 1),
    padding="valid",
    data_format=None,
    dilation_rate=(1, 1),
):
    """二维转置卷积。kernel: (rows, cols, filters, channels)；output_shape 含 batch 轴。"""
    return _transpose(2, x, kernel, output_shape, strides, padding, data_format, dilation_rate)


def conv3d_transpose(x, kernel, output_shape, strides=(1, 1, 1), padding="valid", data_format=None):
    """三维转置卷积。kernel: (dim1, dim2, dim3, filters, channels)；output_shape 含 batch 轴。"""
    return _transpose(3, x, kernel, output_shape, strides, padding, data_format, 1)


def _transpose(rank, x, kernel, output_shape, strides, padding, data_format, dilation_rate):
    first = normalize_data_format(data_format) == "channels_first"
    space = tuple(output_shape[2:] if first else output_shape[1:-1])
    before = tuple(x.shape[2:] if first else x.shape[1:-1])
    size = tuple(kernel.shape[:rank])
    each = (per_axis(strides, rank), per_axis(dilation_rate, rank))
    fitting = tuple(
        output_length(n, k, padding, s, d) for n, k, s, d in zip(space, size, *each, strict=True)
    )
    if any(n is not None and n != m for n, m in zip(before, fitting, strict=True)):
        raise ValueError(
            explain(
                f"K.conv{rank}d_transpose",
                f"输入的空间尺寸 {before}，output_shape 的空间尺寸 {space}",
                f"对 output_shape 做同样的卷积要得到输入的尺寸，这里得到 {fitting}",
                "给出 padding='same' 时，空间尺寸 = 输入的尺寸 × strides",
            )
        )
    return windowed(
        conv_transpose, x, kernel, rank, strides, padding, data_format, dilation_rate, space=space
    )


def depthwise_conv2d(
    x, depthwise_kernel, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1)
):
    """二维逐通道卷积。depthwise_kernel: (rows, cols, channels, multiplier)。"""
    return windowed(
        depthwise_conv, x, depthwise_kernel, 2, strides, padding, data_format, dilation_rate
    )


def separable_conv1d(
    x,
    depthwise_kernel,
    pointwise_kernel,
    strides=1,
    padding="valid",
    data_format=None,
    dilation_rate=1,
):
    """一维可分离卷积：先逐通道卷积，再用长度为 1 的卷积混合通道。"""
    y = windowed(
        depthwise_conv, x, depthwise_kernel, 1, strides, padding, data_format, dilation_rate
    )
    return conv1d(y, pointwise_kernel, data_format=data_format)


def separable_conv2d(
    x,
    depthwise_kernel,
    pointwise_kernel,
    strides=(1, 1),
    padding="valid",
    data_format=None,
    dilation_rate=(1, 1),
):
    """二维可分离卷积：先逐通道卷积，再用 1×1 的卷积混合通道。"""
    y = windowed(
        depthwise_conv, x, depthwise_kernel, 2, strides, padding, data_format, dilation_rate
    )
    return conv2d(y, pointwise_kernel, data_format=data_format)
