"""初始化 (initializer)：权重的初始值。

`初始化对象(shape, dtype=None)` 返回形状为 `shape` 的数组，`dtype` 默认是 `K.floatx()`。
`seed` 是 None 时从 NumPy 的全局生成器抽取，所以 `np.random.seed(0)` 能使结果重复；
是整数时每次调用都得到相同的数。
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from . import backend as K
from .backend.state import state
from .errors import explain, nearest
from .utils.generic_utils import (
    Configurable,
    deserialize_keras_object,
    resolve,
    serialize_keras_object,
)

Shape = Sequence[int]


class Initializer(Configurable):
    """初始化的基类。子类写 `__call__(self, shape, dtype=None)`。"""

    def __call__(self, shape: Shape, dtype: str | None = None) -> NDArray:
        raise NotImplementedError(f"{type(self).__name__} 没有 __call__(self, shape, dtype=None)")


class Zeros(Initializer):
    """全是 0。偏置的默认初始化。"""

    def __call__(self, shape: Shape, dtype: str | None = None) -> NDArray:
        return np.zeros(shape, dtype or K.floatx())


class Ones(Initializer):
    """全是 1。"""

    def __call__(self, shape: Shape, dtype: str | None = None) -> NDArray:
        return np.ones(shape, dtype or K.floatx())


class Constant(Initializer):
    """全是 `value`。"""

    def __init__(self, value: float = 0) -> None:
        self.value = value

    def __call__(self, shape: Shape, dtype: str | None = None) -> NDArray:
        return np.full(shape, self.value, dtype or K.floatx())


class RandomNormal(Initializer):
    """正态分布，均值 `mean`，标准差 `stddev`。"""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape: Shape, dtype: str | None = None) -> NDArray:
        return K.random_normal(shape, self.mean, self.stddev, dtype, self.seed)


class RandomUniform(Initializer):
    """[minval, maxval) 上的均匀分布。"""

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        self.minval = minval
        self.maxval = maxval
        self.seed = seed

    def __call__(self, shape: Shape, dtype: str | None = None) -> NDArray:
        return K.random_uniform(shape, self.minval, self.maxval, dtype, self.seed)


class TruncatedNormal(Initializer):
    """截断正态分布：离均值超过 2·stddev 的数重新抽取。

    结果的标准差约为 0.8796 · stddev，因为两端被截去了。
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape: Shape, dtype: str | None = None) -> NDArray:
        return K.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


def _compute_fans(shape: Shape, data_format: str = "channels_last") -> tuple[float, float]:
    """fan_in and fan_out: how many inputs a unit sums, how many units an input reaches.

    A convolution kernel is (*window, input channels, output channels): both count the window too.
    Old code may ask for a kernel of Theano, (output channels, input channels, *window).
    """
    if K.normalize_data_format(data_format) == "channels_first" and len(shape) in (3, 4, 5):
        shape = (*shape[2:], shape[1], shape[0])
    if len(shape) in (2, 3, 4, 5):
        window = math.prod(shape[:-2])
        return shape[-2] * window, shape[-1] * window
    return math.sqrt(math.prod(shape)), math.sqrt(math.prod(shape))


class VarianceScaling(Initializer):
    """方差随权重的形状调整，使信号逐层传递时大小不变：方差 = scale / n。

    `mode` 决定 n（至少取 1）：fan_in 是一个单元的输入数，fan_out 是一个输入通向的单元数，
    fan_avg 是两者的平均。Dense 的核 (input_dim, units) 的 fan_in 是 input_dim；
    卷积核 (rows, cols, input_depth, filters) 的 fan_in 是 rows · cols · input_depth。

    `distribution`：

    - normal：截断正态分布，stddev = √(scale / n) / 0.8796，截断之后标准差正好是 √(scale / n)；
    - uniform：[-limit, limit) 上的均匀分布，limit = √(3 · scale / n)。

    来源：He 等 (2015), https://arxiv.org/abs/1502.01852
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in",
        distribution: Literal["normal", "uniform"] = "normal",
        seed: int | None = None,
    ) -> None:
        if scale <= 0:
            raise ValueError(
                explain(
                    "VarianceScaling",
                    received=f"scale={scale}",
                    rule="方差 = scale / n 大于 0，所以 scale > 0",
                    suggestion=f"scale={abs(scale) or 1.0}",
                )
            )
        for name, received, choices in (
            ("mode", mode, ("fan_in", "fan_out", "fan_avg")),
            ("distribution", distribution, ("normal", "uniform")),
        ):
            if str(received).lower() not in choices:
                raise ValueError(
                    explain(
                        "VarianceScaling",
                        received=f"{name}={received!r}",
                        rule=f"{name} 只能是 {'、'.join(choices)}",
                        suggestion=f"{name}={nearest(received, choices)}",
                    )
                )
        self.scale = scale
        self.mode = mode.lower()
        self.distribution = distribution.lower()
        self.seed = seed

    def __call__(self, shape: Shape, dtype: str | None = None) -> NDArray:
        fan_in, fan_out = _compute_fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "normal":
            # The unit normal cut at ±2 has this standard deviation; dividing restores the variance.
            stddev = math.sqrt(variance) / 0.87962566103423978
            return K.truncated_normal(shape, 0.0, stddev, dtype, self.seed)
        limit = math.sqrt(3.0 * variance)
        return K.random_uniform(shape, -limit, limit, dtype, self.seed)


class Orthogonal(Initializer):
    """随机的正交矩阵乘 `gain`：由正态随机矩阵的奇异值分解得到。

    多于二维时看作 (其余各维之积, 最后一维) 的矩阵。行不少于列时各列正交且长度为 gain，
    否则各行如此。循环层的 recurrent_kernel 默认用它：反复相乘，信号的大小不变。

    来源：Saxe, McClelland, Ganguli (2013), https://arxiv.org/abs/1312.6120
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain = gain
        self.seed = seed

    def __call__(self, shape: Shape, dtype: str | None = None) -> NDArray:
        if len(shape) < 2:
            raise ValueError(
                explain(
                    "Orthogonal",
                    received=f"形状 {tuple(shape)}",
                    rule="正交是矩阵的性质，形状至少二维",
                    suggestion="偏置用 'zeros'，矩阵用 'orthogonal'",
                )
            )
        if state.shapes_only:  # nobody sees the numbers, and to find them takes seconds
            return np.zeros(shape, dtype or K.floatx())
        rows, columns = math.prod(shape[:-1]), shape[-1]
        random = K.random_normal((rows, columns), dtype="float64", seed=self.seed)
        u, _, v = np.linalg.svd(random, full_matrices=False)
        # A pair of singular vectors may change sign together, and LAPACK libraries choose
        # differently: fixed here, so that a seed gives the same weights on every machine.
        signs = np.where(u[:1] < 0, -1, 1)
        u, v = u * signs, v * signs.T
        q = u if rows >= columns else v
        return (self.gain * q.reshape(shape)).astype(dtype or K.floatx())


class Identity(Initializer):
    """单位矩阵乘 `gain`，只能用于二维。行数与列数不等时，多出的行或列是 0。"""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Shape, dtype: str | None = None) -> NDArray:
        if len(shape) != 2:
            raise ValueError(
                explain(
                    "Identity",
                    received=f"形状 {tuple(shape)}",
                    rule="单位矩阵是二维的，形状是 (行, 列)",
                    suggestion="其他形状用 'orthogonal'、'zeros' 或 'ones'",
                )
            )
        return (self.gain * np.eye(shape[0], shape[1])).astype(dtype or K.floatx())


def lecun_uniform(seed: int | None = None) -> VarianceScaling:
    """均匀分布，limit = √(3 / fan_in)。来源：LeCun 等 (1998), Efficient BackProp."""
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> VarianceScaling:
    """截断正态分布，标准差 √(1 / fan_in)。与 `selu` 配合。来源同 `lecun_uniform`。"""
    return VarianceScaling(1.0, "fan_in", "normal", seed)


def glorot_uniform(seed: int | None = None) -> VarianceScaling:
    """均匀分布，limit = √(6 / (fan_in + fan_out))。多数层的核的默认初始化，也叫 Xavier 初始化。

    来源：Glorot, Bengio (2010),
    Understanding the difficulty of training deep feedforward neural networks.
    """
    return VarianceScaling(1.0, "fan_avg", "uniform", seed)


def glorot_normal(seed: int | None = None) -> VarianceScaling:
    """截断正态分布，标准差 √(2 / (fan_in + fan_out))。来源同 `glorot_uniform`。"""
    return VarianceScaling(1.0, "fan_avg", "normal", seed)


def he_uniform(seed: int | None = None) -> VarianceScaling:
    """均匀分布，limit = √(6 / fan_in)。与 ReLU 配合。来源：He 等 (2015), https://arxiv.org/abs/1502.01852"""
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


def he_normal(seed: int | None = None) -> VarianceScaling:
    """截断正态分布，标准差 √(2 / fan_in)。与 ReLU 配合。来源同 `he_uniform`。"""
    return VarianceScaling(2.0, "fan_in", "normal", seed)


zero = zeros = Zeros
one = ones = Ones
constant = Constant
uniform = random_uniform = RandomUniform
normal = random_normal = RandomNormal
truncated_normal = TruncatedNormal
identity = Identity
orthogonal = Orthogonal


def serialize(initializer: Callable | None) -> Any:
    """初始化 → 配置字典。"""
    return serialize_keras_object(initializer)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping | None = None) -> Callable:
    """配置字典 → 初始化，`serialize` 的逆。"""
    return deserialize_keras_object(config, globals(), custom_objects, "初始化")


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: str | Mapping[str, Any] | Callable) -> Callable: ...
def get(identifier: str | Mapping[str, Any] | Callable | None) -> Callable | None:
    """None → None；名称（如 "he_normal"）或配置字典 → 新对象；函数原样返回。"""
    if identifier is None:
        return None
    return resolve(identifier, globals(), "初始化")
