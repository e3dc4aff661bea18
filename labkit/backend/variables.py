"""Making tensors, and reading and writing them."""

from __future__ import annotations

import numpy as np

from ..errors import explain
from ..manner import manner
from .config import floatx, scoped
from .tape import primitive
from .tensors import Symbol, Tensor, Variable, value


def variable(value, dtype=None, name=None, constraint=None) -> Variable:
    """可以改写的张量。dtype 默认是 K.floatx()；SciPy 的稀疏矩阵变成普通的数组。"""
    if hasattr(value, "toarray"):
        value = value.toarray()
    array = np.array(value, dtype=dtype or floatx())
    return Variable(array, scoped(name or "Variable"), constraint)


def constant(value, dtype=None, shape=None, name=None) -> Tensor:
    """不变的张量。shape 给出时用 value 填满。"""
    array = np.asarray(value, dtype=dtype or floatx())
    return Tensor(array if shape is None else np.broadcast_to(array, shape).copy())


def zeros(shape, dtype=None, name=None) -> Variable:
    """全 0 的变量。"""
    return variable(np.zeros(shape), dtype, name)


def ones(shape, dtype=None, name=None) -> Variable:
    """全 1 的变量。"""
    return variable(np.ones(shape), dtype, name)


def placeholder(shape=None, ndim=None, dtype=None, sparse=False, name=None) -> Symbol:
    """等待数据的符号张量；形状中的 None 表示未知。shape 与 ndim 都不给时，什么形状的数据都收。"""
    dims = shape if shape is not None else (None,) * (ndim or 0)
    symbol = Symbol(dims, dtype or floatx(), name or "Placeholder")
    symbol.takes_any_shape = shape is None and ndim is None
    return symbol


def eval(x) -> np.ndarray:
    """张量的值，NumPy 数组。一次改写（K.update）会立刻写入，得到新值。"""
    if isinstance(x, Update):
        batch_set_value([(variable, eval(new)) for variable, new in with_slots([x])])
        return eval(x[0])
    if isinstance(x, Symbol):
        raise TypeError(
            explain(
                "K.eval",
                f"符号张量 {x.name}",
                "Input 及由它算出的张量还没有数值",
                "Model(inputs, outputs).predict(数据)",
            )
        )
    return np.asarray(value(x))


def get_value(x) -> np.ndarray:
    """变量的值（副本：改它不会改变变量）。"""
    return np.array(value(x))


def batch_get_value(ops) -> list[np.ndarray]:
    """一列变量的值。"""
    return [get_value(x) for x in ops]


def set_value(x: Variable, value) -> None:
    """改写变量；形状必须相同。"""
    array = np.asarray(value, dtype=x.dtype)
    if array.shape != x.shape:
        raise ValueError(
            explain(
                "K.set_value",
                f"形状 {array.shape} 的值",
                f"形状要与变量 {x.name} 相同，即 {x.shape}",
                f"np.zeros({x.shape})",
            )
        )
    x.value = array.copy()


def batch_set_value(tuples) -> None:
    """改写一列 (变量, 值)。"""
    for x, new in tuples:
        set_value(x, new)


class Update(tuple):
    """一次改写 (变量, 新值)；slots 是跟着它的另外几次。"""

    slots: tuple[tuple, ...] = ()


def with_slots(updates):
    """Every update, with those that it brings."""
    for update in updates:
        yield update
        yield from getattr(update, "slots", ())


def update(x: Variable, new_x) -> Update:
    """一次改写：(变量, 新值)。训练步结束时才写入，同一步里的新值都由旧值算出；K.eval 立刻写入。"""
    return Update((x, new_x))


def update_add(x: Variable, increment) -> Update:
    """一次改写：加上 increment。"""
    return update(x, x + increment)


def update_sub(x: Variable, decrement) -> Update:
    """一次改写：减去 decrement。"""
    return update(x, x - decrement)


def moving_average_update(x: Variable, value, momentum) -> Update:
    """一次改写：x · momentum + value · (1 − momentum)。

    `set_manner("keras")` 时修正零起点，同 Keras 的 TensorFlow 后端：另有一个从 0 开始的平均 a，
    a ← a · momentum + value · (1 − momentum)，第 t 次以后 x = a / (1 − momentumᵗ)，与 x 原来的值
    无关。来源：Kingma 与 Ba，2014，第 3 节。
    """
    if manner() == "learner":
        return update(x, x * momentum + value * (1.0 - momentum))
    if x.average is None:
        x.average = zeros(x.shape, x.dtype), ones(())
    average, share = x.average
    biased, left = average * momentum + value * (1.0 - momentum), share * momentum
    corrected = update(x, biased / (1.0 - left))
    corrected.slots = (update(average, biased), update(share, left))
    return corrected


def is_keras_tensor(x) -> bool:
    """是不是 Input 或层的符号输出。出错：不是张量，抛出 ValueError。"""
    if not is_tensor(x):
        raise ValueError(
            explain(
                "K.is_keras_tensor",
                type(x).__name__,
                "参数是张量：K.variable、K.placeholder、Input 或层的结果",
                "K.constant(x)",
            )
        )
    return getattr(x, "_keras_history", None) is not None


def is_tensor(x) -> bool:
    """是不是张量（有值的或符号的）。"""
    return isinstance(x, Tensor | Symbol)


def eye(size, dtype=None, name=None) -> Variable:
    """单位矩阵的变量；size 是整数，或 (行数, 列数)。"""
    rows, cols = (size, size) if isinstance(size, int | np.integer) else size
    return variable(np.eye(int(rows), int(cols)), dtype, name)


def print_tensor(x, message=""):
    """算到这里时打印 message 与 x 的值，返回 x 本身。"""
    return _print(x, message=message)


@primitive
def _print(x, message):
    print(message, x, sep="")
    return x, lambda dy: (dy,)


def is_sparse(tensor) -> bool:
    """是不是稀疏张量；K.placeholder(sparse=True) 在 labkit 里也是普通张量。"""
    return hasattr(tensor, "dense_shape")


def to_dense(tensor):
    """稀疏张量变成普通的数组，普通的张量原样返回。"""
    if not is_sparse(tensor):
        return tensor
    dense = np.zeros(tuple(tensor.dense_shape), np.asarray(tensor.values).dtype)
    dense[tuple(np.asarray(tensor.indices).T)] = tensor.values
    return dense


def manual_variable_initialization(value: bool) -> None:
    """TensorFlow 1 的开关；labkit 的变量建立时就有值，所以没有作用。"""
