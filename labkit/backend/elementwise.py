"""Operations that act on each element: arithmetic, comparison, functions, activations."""

from __future__ import annotations

import numpy as np

from .tape import primitive, unbroadcast
from .tensors import Operators


@primitive
def add(x, y):
    return np.add(x, y), lambda dz: (unbroadcast(dz, x), unbroadcast(dz, y))


@primitive
def subtract(x, y):
    return np.subtract(x, y), lambda dz: (unbroadcast(dz, x), unbroadcast(-dz, y))


@primitive
def multiply(x, y):
    return np.multiply(x, y), lambda dz: (unbroadcast(dz * y, x), unbroadcast(dz * x, y))


@primitive
def divide(x, y):
    z = np.true_divide(x, y)
    return z, lambda dz: (unbroadcast(dz / y, x), unbroadcast(-dz * z / y, y))


@primitive
def modulo(x, y):
    """除以 y 的余数，符号同 y。"""
    return np.mod(x, y), lambda dz: (unbroadcast(dz, x), unbroadcast(-dz * np.floor(x / y), y))


@primitive
def floor_divide(x, y):
    """商取不大于它的整数；没有梯度。"""
    return np.floor_divide(x, y), None


@primitive
def negative(x):
    return -x, lambda dy: (-dy,)


@primitive
def pow(x, a):
    """x 的 a 次方，a 是数或张量。"""
    y = np.power(x, a)

    def backward(dy):
        # As in TensorFlow, an exponent has no slope where x ≤ 0: the logarithm is not defined.
        da = dy * y * np.log(np.where(x > 0, x, 1), dtype=y.dtype) if hasattr(a, "shape") else dy
        return unbroadcast(dy * a * np.power(x, a - 1), x), unbroadcast(da, a)

    return y, backward


@primitive
def maximum(x, y):
    """逐元素取大；相等时梯度归 x（TensorFlow 的约定）。"""
    first = np.greater_equal(x, y)
    return np.maximum(x, y), lambda dz: (unbroadcast(dz * first, x), unbroadcast(dz * ~first, y))


@primitive
def minimum(x, y):
    """逐元素取小；相等时梯度归 x（TensorFlow 的约定）。"""
    first = np.less_equal(x, y)
    return np.minimum(x, y), lambda dz: (unbroadcast(dz * first, x), unbroadcast(dz * ~first, y))


@primitive
def abs(x):
    """绝对值；0 处的梯度取 0。"""
    return np.abs(x), lambda dy: (dy * np.sign(x),)


@primitive
def sign(x):
    return np.sign(x), lambda dy: (np.zeros_like(dy),)


@primitive
def round(x):
    """四舍六入，逢 .5 取偶数；没有梯度。"""
    return np.round(x), None


@primitive
def square(x):
    return np.square(x), lambda dy: (2 * dy * x,)


@primitive
def sqrt(x):
    """平方根；负数先截成 0（Keras 的规则）。"""
    y = np.sqrt(np.maximum(x, 0))
    return y, lambda dy: (dy * 0.5 / y,)


@primitive
def exp(x):
    y = np.exp(x)
    return y, lambda dy: (dy * y,)


@primitive
def log(x):
    return np.log(x), lambda dy: (dy / x,)


@primitive
def sin(x):
    return np.sin(x), lambda dy: (dy * np.cos(x),)


@primitive
def cos(x):
    return np.cos(x), lambda dy: (-dy * np.sin(x),)


@primitive
def clip(x, min_value=None, max_value=None):
    """截到 [min_value, max_value]；区间以外梯度为 0，端点上梯度照常通过。"""
    low = -np.inf if min_value is None else min_value
    high = np.inf if max_value is None else np.maximum(max_value, low)
    inside = (x >= low) & (x <= high)
    return np.clip(x, low, high).astype(x.dtype), lambda dy: (dy * inside,)


# --- comparison: no gradient ---


@primitive
def equal(x, y):
    return np.equal(x, y), None


@primitive
def not_equal(x, y):
    return np.not_equal(x, y), None


@primitive
def greater(x, y):
    return np.greater(x, y), None


@primitive
def greater_equal(x, y):
    return np.greater_equal(x, y), None


@primitive
def less(x, y):
    return np.less(x, y), None


@primitive
def less_equal(x, y):
    return np.less_equal(x, y), None


@primitive
def logical_not(x):
    return np.logical_not(x), None


@primitive
def where(condition, x, y):
    """condition 为真处取 x，为假处取 y。"""
    z = np.where(condition, x, y)
    return z, lambda dz: (
        None,
        unbroadcast(np.where(condition, dz, 0), x),
        unbroadcast(np.where(condition, 0, dz), y),
    )


@primitive
def cast(x, dtype: str):
    """换成 dtype 类型；浮点之间换时梯度照常通过。"""
    x = np.asarray(x)
    floats = np.issubdtype(x.dtype, np.floating) and np.issubdtype(np.dtype(dtype), np.floating)
    return x.astype(dtype), (lambda dy: (dy.astype(x.dtype),)) if floats else None


@primitive
def identity(x, name=None):
    return x, lambda dy: (dy,)


@primitive
def _stop_gradient(x):
    return x, None


def stop_gradient(variables):
    """原样返回，梯度到此为止；可以是一个张量或一列。"""
    if isinstance(variables, list | tuple):
        return [_stop_gradient(x) for x in variables]
    return _stop_gradient(variables)


# --- activations ---


@primitive
def relu(x, alpha=0.0, max_value=None, threshold=0.0):
    """x > threshold 处取 x（不超过 max_value），其余取 alpha · (x − threshold)。"""
    above = x > threshold
    slope = above.astype(x.dtype)
    # Products and maxima keep NaN, which a comparison would make 0.
    y = x * above if threshold else np.maximum(x, 0)
    if max_value is not None:
        y = np.clip(y, 0, max_value)
        # TensorFlow's relu6 stops the gradient at 6 itself, its clip lets it through.
        slope *= x < max_value if max_value == 6 and not threshold else x <= max_value
        slope *= x >= 0
    if alpha:
        below = x < threshold if max_value is not None or threshold else ~above
        y = y - (alpha * np.maximum(threshold - x, 0)).astype(x.dtype)
        slope += alpha * below.astype(x.dtype)
    return y, lambda dy: (dy * slope,)


@primitive
def elu(x, alpha=1.0):
    """x > 0 处取 x，其余取 alpha · (eˣ − 1)。"""
    low = alpha * np.expm1(np.minimum(x, 0))
    return np.where(x > 0, x, low), lambda dy: (dy * np.where(x > 0, 1, low + alpha),)


@primitive
def sigmoid(x):
    """1 / (1 + e⁻ˣ)，写成不会溢出的形式。"""
    e = np.exp(-np.abs(x))
    y = np.where(x >= 0, 1, e) / (1 + e)
    return y, lambda dy: (dy * y * (1 - y),)


@primitive
def hard_sigmoid(x):
    """clip(0.2·x + 0.5, 0, 1)：sigmoid 的折线近似。"""
    z = 0.2 * x + 0.5
    inside = (z >= 0) & (z <= 1)
    return np.clip(z, 0, 1), lambda dy: (dy * 0.2 * inside,)


@primitive
def tanh(x):
    y = np.tanh(x)
    return y, lambda dy: (dy * (1 - y * y),)


@primitive
def softplus(x):
    """log(1 + eˣ)。"""
    return np.logaddexp(x, 0), lambda dy: (dy * np.exp(-np.logaddexp(-x, 0)),)


@primitive
def softsign(x):
    """x / (1 + |x|)。"""
    scale = 1 + np.abs(x)
    return x / scale, lambda dy: (dy / (scale * scale),)


@primitive
def softmax(x, axis=-1):
    """沿 axis 归一化的指数，和为 1。"""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    y = e / e.sum(axis=axis, keepdims=True)
    return y, lambda dy: (y * (dy - (dy * y).sum(axis=axis, keepdims=True)),)


def _reflected(operation):
    return lambda self, other: operation(other, self)


for _symbol, _operation in {
    "add": add,
    "sub": subtract,
    "mul": multiply,
    "truediv": divide,
    "mod": modulo,
    "floordiv": floor_divide,
    "pow": pow,
}.items():
    setattr(Operators, f"__{_symbol}__", lambda self, other, f=_operation: f(self, other))
    setattr(Operators, f"__r{_symbol}__", _reflected(_operation))
for _symbol, _operation in {
    "lt": less,
    "le": less_equal,
    "gt": greater,
    "ge": greater_equal,
}.items():
    setattr(Operators, f"__{_symbol}__", lambda self, other, f=_operation: f(self, other))
Operators.__neg__ = lambda self: negative(self)  # type: ignore[attr-defined]
Operators.__abs__ = lambda self: abs(self)  # type: ignore[attr-defined]
