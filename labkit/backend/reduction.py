"""Operations that fold axes: sums, means, extremes."""

from __future__ import annotations

import numpy as np

from .config import floatx
from .elementwise import cast, divide, maximum, sqrt, square, subtract
from .movement import dtype
from .tape import primitive


def _axes(axis):
    return tuple(axis) if isinstance(axis, list | tuple) else axis


def _spread(dy, x, axis, keepdims):
    """dy with the folded axes back as size 1, so that it broadcasts against x."""
    return dy if keepdims or axis is None else np.expand_dims(dy, _axes(axis))


@primitive
def sum(x, axis=None, keepdims=False):
    """沿 axis 求和；None 表示所有轴。"""
    y = np.sum(x, axis=_axes(axis), keepdims=keepdims)
    return y, lambda dy: (np.broadcast_to(_spread(dy, x, axis, keepdims), x.shape),)


@primitive
def _mean(x, axis=None, keepdims=False):
    y = np.mean(x, axis=_axes(axis), keepdims=keepdims)
    share = y.size / x.size if x.size else 0.0
    return y, lambda dy: (np.broadcast_to(_spread(dy, x, axis, keepdims) * share, x.shape),)


def mean(x, axis=None, keepdims=False):
    """沿 axis 求平均；布尔值先变成浮点数。"""
    x = cast(x, floatx()) if dtype(x) == "bool" else x
    return _mean(x, axis=axis, keepdims=keepdims)


def _extreme(fold, x, axis, keepdims):
    y = fold(x, axis=_axes(axis), keepdims=keepdims)

    def backward(dy):
        # Equal extremes share the gradient, as in TensorFlow's reduce_max.
        chosen = x == _spread(y, x, axis, keepdims)
        share = chosen / chosen.sum(axis=_axes(axis), keepdims=True)
        return ((share * _spread(dy, x, axis, keepdims)).astype(x.dtype),)

    return y, backward


@primitive
def max(x, axis=None, keepdims=False):
    """沿 axis 取最大；并列的最大值平分梯度。"""
    return _extreme(np.max, x, axis, keepdims)


@primitive
def min(x, axis=None, keepdims=False):
    """沿 axis 取最小；并列的最小值平分梯度。"""
    return _extreme(np.min, x, axis, keepdims)


@primitive
def prod(x, axis=None, keepdims=False):
    """沿 axis 求积。"""
    y = np.prod(x, axis=_axes(axis), keepdims=keepdims)

    def backward(dy):
        # The product of all the others, with the zeros set aside: right also where x holds a 0.
        zeros = (x == 0).sum(axis=_axes(axis), keepdims=True)
        rest = np.prod(np.where(x == 0, 1, x), axis=_axes(axis), keepdims=True)
        others = np.where(
            zeros == 0, rest / np.where(x == 0, 1, x), rest * ((zeros == 1) & (x == 0))
        )
        return ((others * _spread(dy, x, axis, keepdims)).astype(x.dtype),)

    return y, backward


def var(x, axis=None, keepdims=False):
    """沿 axis 求方差（除以 n）。"""
    return mean(
        square(subtract(x, mean(x, axis=axis, keepdims=True))), axis=axis, keepdims=keepdims
    )


def std(x, axis=None, keepdims=False):
    """沿 axis 求标准差。"""
    return sqrt(var(x, axis=axis, keepdims=keepdims))


@primitive
def logsumexp(x, axis=None, keepdims=False):
    """log(Σ eˣ)，写成不会溢出的形式。"""
    top = np.max(x, axis=_axes(axis), keepdims=True)
    y = np.log(np.sum(np.exp(x - top), axis=_axes(axis), keepdims=True)) + top
    folded = y if keepdims else np.squeeze(y, _axes(axis))
    return folded, lambda dy: (_spread(dy, x, axis, keepdims) * np.exp(x - y),)


@primitive
def any(x, axis=None, keepdims=False):
    """逻辑或。"""
    return np.any(x, axis=_axes(axis), keepdims=keepdims), None


@primitive
def all(x, axis=None, keepdims=False):
    """逻辑与。"""
    return np.all(x, axis=_axes(axis), keepdims=keepdims), None


@primitive
def argmax(x, axis=-1):
    """最大值的下标；并列取第一个。"""
    return np.argmax(x, axis=axis), None


@primitive
def argmin(x, axis=-1):
    """最小值的下标；并列取第一个。"""
    return np.argmin(x, axis=axis), None


def l2_normalize(x, axis=None):
    """除以沿 axis 的欧几里得长度（平方和至少取 1e-12）。"""
    return divide(x, sqrt(maximum(sum(square(x), axis=axis, keepdims=True), 1e-12)))


@primitive
def cumsum(x, axis=0):
    """沿 axis 的累计和。"""
    return np.cumsum(x, axis), lambda dy: (np.flip(np.cumsum(np.flip(dy, axis), axis), axis),)


@primitive
def cumprod(x, axis=0):
    """沿 axis 的累计积；元素为 0 处的梯度不是数（TensorFlow 的规则）。"""
    y = np.cumprod(x, axis)
    return y, lambda dy: (np.flip(np.cumsum(np.flip(dy * y, axis), axis), axis) / x,)
