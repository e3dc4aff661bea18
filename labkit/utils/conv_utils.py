"""卷积的边长与核的小工具，名称与 `keras.utils.conv_utils` 相同。"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..arguments.validation import choice
from ..backend.windows import effective_size, output_length
from ..errors import explain


def normalize_tuple(value, n: int, name: str) -> tuple:
    """一个整数变成 n 个相同的；n 个整数的列表或元组变成元组。出错：其余的值抛出 ValueError。"""
    if isinstance(value, int):
        return (value,) * n
    try:
        values = tuple(value)
        fits = len(values) == n and all(int(v) is not None for v in values)
    except (TypeError, ValueError):
        values, fits = (), False
    if not fits:
        rule = f"{name} 是一个整数，或 {n} 个整数的元组"
        raise ValueError(explain("normalize_tuple", f"{name}={value!r}", rule, f"{(1,) * n}"))
    return values


def normalize_padding(value) -> str:
    """小写的 "valid"、"same" 或 "causal"；其余的抛出 ValueError。"""
    return choice("normalize_padding", "padding", value, Literal["valid", "same", "causal"])


def convert_kernel(kernel) -> np.ndarray:
    """把三到五维的核在空间轴上翻转：Theano 的写法与 TensorFlow 的互换。"""
    kernel = np.asarray(kernel)
    if not 3 <= kernel.ndim <= 5:
        raise ValueError(
            explain(
                "convert_kernel",
                f"形状 {kernel.shape}",
                "卷积核是三到五维：(*空间轴, 输入通道, 输出通道)",
                "Dense 的核不需要翻转",
            )
        )
    return np.flip(kernel, tuple(range(kernel.ndim - 2))).copy()


# Keras' own checks here were assertions, and old code catches AssertionError.


def conv_output_length(input_length, filter_size, padding, stride, dilation=1):
    """卷积的输出长度；长度未知（None）时结果也未知。"""
    assert input_length is None or padding in {"same", "valid", "full", "causal"}
    if input_length is not None and padding == "full":
        input_length, padding = input_length + effective_size(filter_size, dilation) - 1, "same"
    return output_length(input_length, filter_size, padding, stride, dilation)


def conv_input_length(output_length, filter_size, padding, stride):
    """由卷积的输出长度求输入长度；stride 大于 1 时取可能的最短的一个。"""
    if output_length is None:
        return None
    return (output_length - 1) * stride - 2 * _pad(filter_size, padding) + filter_size


def deconv_length(dim_size, stride_size, kernel_size, padding, output_padding, dilation=1):
    """转置卷积的输出长度；长度未知（None）时结果也未知。"""
    covered = effective_size(kernel_size, dilation)
    pad = _pad(covered, padding)
    if dim_size is None:
        return None
    if output_padding is not None:
        return (dim_size - 1) * stride_size + covered - 2 * pad + output_padding
    beyond = {
        "same": 0,
        "valid": max(covered - stride_size, 0),
        "full": 2 - stride_size - covered,
    }
    return dim_size * stride_size + beyond[padding]


def _pad(size: int, padding: str) -> int:
    assert padding in {"same", "valid", "full"}
    return {"same": size // 2, "valid": 0, "full": size - 1}[padding]
