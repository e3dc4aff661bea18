"""Batch statistics."""

from __future__ import annotations

from .elementwise import add, divide, multiply, sqrt, subtract
from .movement import flatten, int_shape, reshape
from .reduction import mean, var


def batch_normalization(x, mean, var, beta, gamma, axis=-1, epsilon=1e-3):
    """(x − mean) / √(var + epsilon) · gamma + beta；beta、gamma 可以是 None。"""
    y = divide(subtract(x, mean), sqrt(add(var, epsilon)))
    y = y if gamma is None else multiply(y, gamma)
    return y if beta is None else add(y, beta)


def moments(x, axes):
    """沿 axes 的均值与方差（方差除以 n），保留长度为 1 的轴。"""
    return mean(x, axis=axes, keepdims=True), var(x, axis=axes, keepdims=True)


def normalize_batch_in_training(x, gamma, beta, reduction_axes, epsilon=1e-3):
    """用这一批的均值与方差归一化：(结果, 均值, 方差)，均值与方差不含 reduction_axes 的轴。"""
    axes = list(reduction_axes)
    batch_mean, batch_var = moments(x, axes)
    kept = [1 if axis in axes else n for axis, n in enumerate(int_shape(x))]

    def along(weight):
        return None if weight is None else reshape(weight, shape=kept)

    y = batch_normalization(x, batch_mean, batch_var, along(beta), along(gamma), epsilon=epsilon)
    return y, flatten(batch_mean), flatten(batch_var)
