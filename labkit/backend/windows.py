"""Window arithmetic shared by convolution and pooling: output lengths and "same" padding."""

from __future__ import annotations

import itertools
from typing import TypeVar

Length = TypeVar("Length", int, None)  # None: unknown


def effective_size(size: int, dilation: int = 1) -> int:
    """空洞卷积核实际覆盖的长度：(size − 1)·dilation + 1。"""
    return (size - 1) * dilation + 1


def output_length(
    length: Length, size: int, padding: str, stride: int, dilation: int = 1
) -> Length:
    """窗口滑动后的长度。

    valid：⌊(length − covered) / stride⌋ + 1，其中 covered = (size − 1)·dilation + 1；
    same、causal：⌈length / stride⌉。
    length 未知（None）时结果也未知。
    """
    if length is None:
        return length
    if padding == "valid":
        length = length - effective_size(size, dilation) + 1
    return -(-length // stride)


def same_padding(length: int, size: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """ "same" 在前、后各补几格。

    共需 (out − 1)·stride + covered − length，多出的一格补在后面（TensorFlow 的规则）。
    """
    out = -(-length // stride)
    total = max((out - 1) * stride + effective_size(size, dilation) - length, 0)
    return total // 2, total - total // 2


def edges(space, size, strides, padding, dilation):
    """每个空间轴：前、后各补几格，输出多长。causal 只补前面，共 (size − 1)·dilation 格。"""
    around, outputs = [], []
    for n, k, s, d in zip(space, size, strides, dilation, strict=True):
        causal = (effective_size(k, d) - 1, 0)
        around.append(
            same_padding(n, k, s, d)
            if padding == "same"
            else causal
            if padding == "causal"
            else (0, 0)
        )
        outputs.append(output_length(n, k, padding, s, d))
    return around, outputs


def taps(size, outputs, strides, dilation):
    """Each cell of the window: its index, and the slices of padded input it meets at all outputs.

    size, outputs, strides, dilation: one number per spatial axis.
    """
    for cell in itertools.product(*map(range, size)):
        yield (
            cell,
            tuple(
                slice(i * d, i * d + (n - 1) * s + 1, s)
                for i, n, s, d in zip(cell, outputs, strides, dilation, strict=True)
            ),
        )
