"""Cross-entropies, with Keras' clipping."""

from __future__ import annotations

import numpy as np

from ..errors import explain
from .config import epsilon
from .elementwise import cast, clip, divide, log, multiply, negative, subtract
from .movement import flatten, int_shape, ndim, one_hot, permute_dimensions, reshape
from .reduction import logsumexp, sum
from .tape import primitive


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """−Σ target · log(output)，沿 axis 求和。output 先归一化，再截到 [ε, 1 − ε]。"""
    _check_axis("categorical", output, axis)
    if from_logits:
        log_output = subtract(output, logsumexp(output, axis=axis, keepdims=True))
    else:
        normalized = divide(output, sum(output, axis=axis, keepdims=True))
        log_output = log(clip(normalized, min_value=epsilon(), max_value=1.0 - epsilon()))
    return negative(sum(multiply(target, log_output), axis=axis))


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """同上，target 是类别编号而不是独热向量。输出的形状少了 axis 这一轴。"""
    _check_axis("sparse_categorical", output, axis)
    if axis not in {-1, ndim(output) - 1}:
        others = [i for i in range(ndim(output)) if i != axis]
        output = permute_dimensions(output, pattern=(*others, axis))
    if not from_logits:
        output = log(clip(output, min_value=epsilon(), max_value=1.0 - epsilon()))
    classes = int_shape(output)[-1]
    rows = reshape(output, shape=(-1, classes))
    chosen = one_hot(cast(flatten(target), dtype="int64"), num_classes=classes)
    loss = categorical_crossentropy(chosen, rows, from_logits=True)
    return reshape(loss, shape=(-1, *int_shape(output)[1:-1])) if ndim(output) >= 3 else loss


def _check_axis(kind: str, output, axis: int) -> None:
    if axis != -1 and not 0 <= axis < ndim(output):
        raise ValueError(
            explain(
                f"K.{kind}_crossentropy",
                f"axis={axis}，形状 {int_shape(output)} 的 output",
                f"axis 是类别所在的轴，从 0 到 {ndim(output) - 1}，或 -1 表示最后一轴",
                "axis=-1",
            )
        )


@primitive
def sigmoid_crossentropy(target, logits):
    """−t·log σ(x) − (1 − t)·log(1 − σ(x))，写成 max(x, 0) − x·t + log(1 + e^(−|x|))。"""
    e = np.exp(-np.abs(logits))
    y = np.maximum(logits, 0) - logits * target + np.log1p(e)
    sigma = np.where(logits >= 0, 1, e) / (1 + e)
    return y, lambda dy: (-dy * logits, dy * (sigma - target))


def binary_crossentropy(target, output, from_logits=False):
    """逐元素的二元交叉熵。output 是概率时截到 [ε, 1 − ε]，再换回 logit。"""
    if not from_logits:
        output = clip(output, min_value=epsilon(), max_value=1.0 - epsilon())
        output = log(divide(output, subtract(1.0, output)))
    return sigmoid_crossentropy(target, output)
