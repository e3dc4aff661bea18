"""Changing the lengths of axes: padding with zeros, repeating, interpolating, cutting out."""

from __future__ import annotations

import builtins

import numpy as np

from ..errors import explain
from .config import normalize_data_format
from .movement import getitem, ndim, pad, repeat_elements
from .tape import primitive
from .tensors import value


def temporal_padding(x, padding=(1, 1)):
    """在时间轴前后补 0。x: (batch, steps, channels)，padding: (前, 后)。"""
    return pad(x, padding=[(0, 0), tuple(padding), (0, 0)])


def spatial_2d_padding(x, padding=((1, 1), (1, 1)), data_format=None):
    """在行、列两端补 0。padding: ((上, 下), (左, 右))。"""
    return _pad_space(x, padding, data_format)


def spatial_3d_padding(x, padding=((1, 1), (1, 1), (1, 1)), data_format=None):
    """在三个空间轴的两端补 0。"""
    return _pad_space(x, padding, data_format)


def _pad_space(x, padding, data_format):
    around = [tuple(pair) for pair in padding]
    if normalize_data_format(data_format) == "channels_first":
        return pad(x, padding=[(0, 0), (0, 0), *around])
    return pad(x, padding=[(0, 0), *around, (0, 0)])


def resize_images(x, height_factor, width_factor, data_format, interpolation="nearest"):
    """把图像放大整数倍。nearest 复制相邻的格，bilinear 在格与格之间按距离加权。"""
    if interpolation not in {"nearest", "bilinear"}:
        raise ValueError(
            explain(
                "K.resize_images",
                f"interpolation={interpolation!r}",
                "interpolation 只能是 'nearest'、'bilinear'",
                "'nearest'",
            )
        )
    resize = stretch if interpolation == "bilinear" else repeat_elements
    return _each_axis(resize, x, (height_factor, width_factor), data_format)


def resize_volumes(x, depth_factor, height_factor, width_factor, data_format):
    """把三维的体数据放大整数倍，复制相邻的格。"""
    factors = (depth_factor, height_factor, width_factor)
    return _each_axis(repeat_elements, x, factors, data_format)


def _each_axis(resize, x, factors, data_format):
    first = 2 if normalize_data_format(data_format) == "channels_first" else 1
    if ndim(x) != len(factors) + 2:
        raise ValueError(
            explain(
                "K.resize_images / K.resize_volumes",
                f"{ndim(x)} 维的输入",
                f"放大 {len(factors)} 个空间轴，输入要有 {len(factors) + 2} 维",
                "补上 batch 轴和通道轴",
            )
        )
    for axis, factor in enumerate(factors, first):
        x = resize(x, rep=factor, axis=axis)
    return x


@primitive
def stretch(x, rep, axis):
    """沿 axis 线性插值，长度变成 rep 倍。

    输出的第 i 格取自输入的 i / rep 处，在 ⌊i / rep⌋ 与后一格之间按距离加权；末尾没有后一格，
    照抄最后一格（TensorFlow 1 的规则，不做半个像素的平移）。
    """
    n = x.shape[axis]
    at = np.arange(n * rep) / rep
    low = at.astype(int)
    high = np.minimum(low + 1, n - 1)
    share = (at - low).astype(x.dtype)
    # W: (out, in) holds each output's two weights.
    W = np.zeros((n * rep, n), x.dtype)
    np.add.at(W, (np.arange(n * rep), low), 1 - share)
    np.add.at(W, (np.arange(n * rep), high), share)

    def along_axis(W, x):
        return np.moveaxis(np.tensordot(W, x, axes=(1, axis)), 0, axis)

    return along_axis(W, x), lambda dy: (along_axis(W.T, dy),)


def slice(x, start, size):
    """从 start 起取 size 那么大的一块；size 中的 −1 表示取到末尾。"""
    begin, lengths = np.asarray(value(start)).tolist(), np.asarray(value(size)).tolist()
    if not len(begin) == len(lengths) == ndim(x):
        raise ValueError(
            explain(
                "K.slice",
                f"start={begin}，size={lengths}，{ndim(x)} 维的张量",
                "start 与 size 都是每个轴一个数",
                f"长度为 {ndim(x)} 的列表",
            )
        )
    pairs = zip(begin, lengths, strict=True)
    return getitem(x, index=tuple(builtins.slice(a, None if n == -1 else a + n) for a, n in pairs))
