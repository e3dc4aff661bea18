"""Random numbers: without a seed from NumPy's global generator, so np.random.seed repeats them."""

from __future__ import annotations

import numpy as np

from ..errors import explain
from .config import floatx
from .tape import primitive
from .tensors import Variable
from .variables import variable


def generator(seed=None):
    """None → NumPy's global generator; a number → a generator of its own; a generator → itself."""
    if seed is None:
        return np.random
    if not isinstance(seed, int | np.integer):
        return seed
    if not 0 <= seed < 2**32:
        rule = "seed 是整数，0 ≤ seed < 2³²"
        raise ValueError(explain("随机数", f"seed={seed}", rule, "seed=0"))
    return np.random.RandomState(seed)


def random_uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """[minval, maxval) 上的均匀分布。"""
    return generator(seed).uniform(minval, maxval, tuple(shape)).astype(dtype or floatx())


def random_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """正态分布。"""
    return generator(seed).normal(mean, stddev, tuple(shape)).astype(dtype or floatx())


def random_binomial(shape, p=0.0, dtype=None, seed=None):
    """以概率 p 取 1，否则取 0。"""
    return (generator(seed).uniform(size=tuple(shape)) <= p).astype(dtype or floatx())


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """截断正态分布：落在均值两侧 2 个标准差以外的值重新抽取。"""
    draw = generator(seed).normal
    z = draw(size=tuple(shape))
    while (outside := np.abs(z) > 2).any():
        z[outside] = draw(size=int(outside.sum()))
    return (mean + stddev * z).astype(dtype or floatx())


def random_uniform_variable(shape, low, high, dtype=None, name=None, seed=None) -> Variable:
    """[low, high) 上均匀分布的变量。"""
    return variable(random_uniform(shape, low, high, dtype, seed), dtype, name)


def random_normal_variable(shape, mean, scale, dtype=None, name=None, seed=None) -> Variable:
    """正态分布的变量，标准差是 scale。"""
    return variable(random_normal(shape, mean, scale, dtype, seed), dtype, name)


def dropout(x, level, noise_shape=None, seed=None):
    """以概率 level 把元素置 0，其余乘 1 / (1 − level)，使期望不变。

    noise_shape 中为 1 的轴共用同一个随机决定；None 的轴取 x 的长度。
    """
    if not 0 <= level < 1:
        raise ValueError(
            explain(
                "K.dropout", f"level={level!r}", "level 是置 0 的比例，0 ≤ level < 1", "level=0.5"
            )
        )
    return _dropout(x, level=level, noise_shape=noise_shape, seed=seed)


@primitive
def _dropout(x, level, noise_shape=None, seed=None):
    shape = (
        x.shape
        if noise_shape is None
        else [n or m for n, m in zip(noise_shape, x.shape, strict=True)]
    )
    kept = generator(seed).uniform(size=tuple(shape)) >= level
    scale = (kept / (1 - level)).astype(x.dtype)
    return x * scale, lambda dy: (dy * scale,)
