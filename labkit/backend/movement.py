"""Operations that move values without changing them: shapes, slices, joins, look-ups."""

from __future__ import annotations

import builtins

import numpy as np

from ..errors import explain
from .config import floatx
from .tape import primitive
from .tensors import Operators, Record, Symbol, Tensor, known, record_symbol, value


def shape(x) -> tuple:
    """形状；符号张量中未知的维是 None，图正在计算时是真正的长度。"""
    x = known(x)
    return x.shape if hasattr(x, "shape") else np.shape(x)


def int_shape(x) -> tuple:
    """形状，写成整数的元组（未知的维是 None）。"""
    return tuple(shape(x))


def get_variable_shape(x) -> tuple:
    """变量的形状，同 K.int_shape。"""
    return int_shape(x)


def ndim(x) -> int:
    """轴的个数。"""
    return len(shape(x))


def dtype(x) -> str:
    """元素类型的名字，例如 'float32'。"""
    return str(x.dtype) if hasattr(x, "dtype") else str(np.asarray(x).dtype)


def count_params(x) -> int:
    """元素个数。"""
    return int(np.prod(shape(x)))


@primitive
def reshape(x, shape):
    """换形状，元素按行优先的顺序不变；一个维可以写 −1。"""
    return np.reshape(x, tuple(shape)), lambda dy: (dy.reshape(x.shape),)


def flatten(x):
    """摊成一维。"""
    return reshape(x, shape=(-1,))


def batch_flatten(x):
    """除 batch 轴外摊平：(batch, …) → (batch, 其余各维之积)。"""
    return _batch_flatten(x)


@primitive
def _batch_flatten(x):
    return x.reshape(len(x), int(np.prod(x.shape[1:]))), lambda dy: (dy.reshape(x.shape),)


@primitive
def merge_time(x):
    """batch 与 time 并成一轴：(batch, time, …) → (batch·time, …)。"""
    merged = x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])
    return merged, lambda dy: (dy.reshape(x.shape),)


@primitive
def _split_time(x, like):
    return x.reshape(*like.shape[:2], *x.shape[1:]), lambda dy: (dy.reshape(x.shape), None)


def split_time(x, like):
    """merge_time 的逆运算：(batch·time, …) → (batch, time, …)，batch 与 time 取自 like。"""
    if not isinstance(x, Symbol):
        return _split_time(x, like)
    # The product of unknown lengths does not tell what they are.
    record = Record(_split_time, (x, like), {})
    return Symbol((*like.shape[:2], *x.shape[1:]), str(x.dtype), "split_time", record)


@primitive
def permute_dimensions(x, pattern):
    """按 pattern 重排各轴：输出的第 i 轴是输入的第 pattern[i] 轴。"""
    return np.transpose(x, pattern), lambda dy: (np.transpose(dy, np.argsort(pattern)),)


def transpose(x):
    """各轴倒序。"""
    return permute_dimensions(x, pattern=tuple(reversed(range(ndim(x)))))


@primitive
def expand_dims(x, axis=-1):
    """在 axis 处插入长度为 1 的轴。"""
    return np.expand_dims(x, axis), lambda dy: (dy.reshape(np.shape(x)),)


@primitive
def squeeze(x, axis):
    """去掉长度为 1 的轴。"""
    return np.squeeze(x, axis), lambda dy: (dy.reshape(x.shape),)


@primitive
def _concatenate(*xs, axis):
    y = np.concatenate(xs, axis=axis)
    ends = np.cumsum([x.shape[axis] for x in xs])[:-1]
    return y, lambda dy: np.split(dy, ends, axis=axis)


def concatenate(tensors, axis=-1):
    """沿 axis 首尾相接。"""
    return _concatenate(*tensors, axis=axis)


@primitive
def _stack(*xs, axis):
    return np.stack(xs, axis), lambda dy: [np.take(dy, i, axis) for i in range(len(xs))]


def stack(x, axis=0):
    """把形状相同的张量叠在新轴上。"""
    return _stack(*x, axis=axis)


@primitive
def unstack(x, axis=0):
    """沿 axis 拆成一列张量（stack 的逆运算）。"""
    parts = tuple(np.moveaxis(x, axis, 0))

    def backward(*dys):
        zero = np.zeros_like(parts[0])
        return (np.stack([zero if dy is None else dy for dy in dys], axis),)

    return parts, backward


@primitive
def split(x, parts, axis=-1):
    """沿 axis 平分成 parts 份。"""
    ys = tuple(np.split(x, parts, axis=axis))

    def backward(*dys):
        return (np.concatenate([np.zeros_like(ys[0]) if dy is None else dy for dy in dys], axis),)

    return ys, backward


@primitive
def getitem(x, index):
    """x[index]；下标、切片、整数数组都可以。"""

    def backward(dy):
        dx = np.zeros_like(x)
        np.add.at(dx, index, dy)  # a repeated index receives every share
        return (dx,)

    def backward_slices(dy):
        dx = np.zeros_like(x)
        dx[index] = dy
        return (dx,)

    parts = index if isinstance(index, tuple) else (index,)
    plain = builtins.all(isinstance(part, int | slice | type(None) | type(...)) for part in parts)
    return x[index], backward_slices if plain else backward


@primitive
def gather(reference, indices):
    """取出 reference 第 0 轴上编号为 indices 的各行；同一行取几次，梯度就加几次。"""
    indices = np.asarray(indices).astype("int64")

    def backward(dy):
        dx = np.zeros_like(reference)
        np.add.at(dx, indices, dy)
        return dx, None

    return reference[indices], backward


@primitive
def reverse(x, axes):
    """沿 axes 倒序。"""
    axes = tuple(axes) if isinstance(axes, list | tuple) else axes
    return np.flip(x, axes), lambda dy: (np.flip(dy, axes),)


@primitive
def repeat_elements(x, rep, axis):
    """沿 axis 把每个元素重复 rep 次。"""

    def backward(dy):
        at = axis % x.ndim
        grouped = dy.reshape(*x.shape[: at + 1], rep, *x.shape[at + 1 :])
        return (grouped.sum(axis=at + 1),)

    return np.repeat(x, rep, axis), backward


@primitive
def _tile(x, n):
    def backward(dy):
        parts = [m for k, length in zip(n, x.shape, strict=True) for m in (k, length)]
        return (dy.reshape(parts).sum(axis=tuple(range(0, 2 * x.ndim, 2))),)

    return np.tile(x, n), backward


def tile(x, n):
    """把 x 沿每个轴重复 n 次；n 是整数或整数的列表，比轴数少时对应后面的轴。"""
    times = [n] if isinstance(n, int | np.integer) else list(n)
    rank = ndim(x)
    if len(times) > rank:
        raise NotImplementedError(
            explain(
                "K.tile",
                f"{len(times)} 个次数，{rank} 维的张量",
                "次数不能比轴多",
                "先用 K.expand_dims 补上轴",
            )
        )
    return _tile(x, n=tuple([1] * (rank - len(times)) + times))


def repeat(x, n):
    """(batch, features) → (batch, n, features)。"""
    return repeat_elements(expand_dims(x, 1), rep=n, axis=1)


@primitive
def pad(x, padding, constant=0.0):
    """每轴前后补 constant；padding 是每轴 (前, 后) 的列表。"""
    inner = tuple(
        slice(before, before + n) for (before, _), n in zip(padding, x.shape, strict=True)
    )
    return np.pad(x, padding, constant_values=constant), lambda dy: (dy[inner],)


@primitive
def one_hot(indices, num_classes):
    """整数变成独热向量：(…) → (…, num_classes)；超出范围的整数变成全 0。"""
    classes = np.asarray(indices).astype("int64")[..., np.newaxis]
    return (classes == np.arange(num_classes)).astype(floatx()), None


@primitive
def in_top_k(predictions, targets, k):
    """目标类别的得分是否排在前 k 名（并列也算）。"""
    targets = np.asarray(targets).astype("int64")
    score = np.take_along_axis(predictions, targets[:, None], axis=1)
    return (predictions > score).sum(axis=1) < k, None


def arange(start, stop=None, step=1, dtype="int32"):
    """等差数列。"""
    return np.arange(start, stop, step, dtype=dtype)


def zeros_like(x, dtype=None, name=None):
    """与 x 同形的 0。"""
    return constant_like(x, np.zeros_like, dtype)


def ones_like(x, dtype=None, name=None):
    """与 x 同形的 1。"""
    return constant_like(x, np.ones_like, dtype)


def constant_like(x, make, dtype):
    if isinstance(x, Symbol):
        return record_symbol(make, (x,), {"dtype": dtype})
    y = make(value(x), dtype=dtype)
    return Tensor(y) if isinstance(x, Tensor) else y


def cast_to_floatx(x):
    """换成 K.floatx() 类型的数组。"""
    return np.asarray(value(x), dtype=floatx())


Operators.__getitem__ = lambda self, index: getitem(self, index=index)  # type: ignore[attr-defined]
