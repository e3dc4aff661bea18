"""Batch statistics."""

from __future__ import annotations

from .elementwise import add, divide, multiply, sqrt, subtract
from .reduction import mean, var


def batch_normalization(x, mean, var, beta, gamma, axis=-1, epsilon=1e-3):
    """(x − mean) / √(var + epsilon) · gamma + beta；beta、gamma 可以是 None。"""
    y = divide(subtract(x, mean), sqrt(add(var, epsilon)))
    y = y if gamma is None else multiply(y, gamma)
    return y if beta is None else add(y, beta)


def moments(x, axes):
    """沿 axes 的均值与方差（方差除以 n），保留长度为 1 的轴。"""
    return mean(x, axis=axes, keepdims=True), var(x, axis=axes, keepdims=True)
