"""约束 (constraint)：每次更新之后对权重的修正，例如限制范数。

`axis` 是求范数的轴。Dense 的核 (input_dim, units) 用 0，即每个单元的输入权重；
Conv2D 的核 (rows, cols, input_depth, filters) 用 [0, 1, 2]，即每个滤波器。
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import backend as K
from .errors import explain
from .manner import refuse
from .utils.generic_utils import (
    Configurable,
    deserialize_keras_object,
    resolve,
    serialize_keras_object,
)


class Constraint(Configurable):
    """约束的基类。子类写 `__call__(self, w)`，返回形状相同的新权重。"""

    def __call__(self, w):
        return w


def _norm(w, axis: int | Sequence[int]):
    axes = axis if isinstance(axis, int) else tuple(axis)
    return K.sqrt(K.sum(K.square(w), axis=axes, keepdims=True))


class MaxNorm(Constraint):
    """把范数大于 `max_value` 的向量缩短到 `max_value`：w · clip(‖w‖, 0, max_value) / (ε + ‖w‖)。

    ‖w‖ = √Σw²，沿 `axis` 求和；ε = K.epsilon()。

    来源：Srivastava 等 (2014), Dropout: A Simple Way to Prevent Neural Networks from Overfitting.
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        if max_value < 0:
            refuse(
                ValueError(
                    explain(
                        "MaxNorm",
                        received=f"max_value={max_value}",
                        rule="范数 ‖w‖ = √Σw² 不会小于 0，所以 max_value ≥ 0",
                        suggestion=f"max_value={-max_value}",
                    )
                )
            )
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w):
        norm = _norm(w, self.axis)
        return w * (K.clip(norm, 0, self.max_value) / (K.epsilon() + norm))


class NonNeg(Constraint):
    """负的权重变成 0：w · (w ≥ 0)。"""

    def __call__(self, w):
        return w * K.cast(K.greater_equal(w, 0.0), K.dtype(w))


class UnitNorm(Constraint):
    """每个向量的范数变成 1：w / (ε + ‖w‖)，‖w‖ = √Σw² 沿 `axis` 求和，ε = K.epsilon()。"""

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        self.axis = axis

    def __call__(self, w):
        return w / (K.epsilon() + _norm(w, self.axis))


class MinMaxNorm(Constraint):
    """使范数靠近区间 [min_value, max_value]：w · d / (ε + ‖w‖)。

    d = rate · clip(‖w‖, min_value, max_value) + (1 - rate) · ‖w‖。
    `rate` = 1 时一步到位；小于 1 时每次更新只走一部分。
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | Sequence[int] = 0,
    ) -> None:
        if not 0 <= min_value <= max_value:
            refuse(
                ValueError(
                    explain(
                        "MinMaxNorm",
                        received=f"min_value={min_value}, max_value={max_value}",
                        rule="范数的区间要满足 0 ≤ min_value ≤ max_value",
                        suggestion="min_value={}, max_value={}".format(
                            *sorted((abs(min_value), abs(max_value)))
                        ),
                    )
                )
            )
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w):
        norm = _norm(w, self.axis)
        clipped = K.clip(norm, self.min_value, self.max_value)
        desired = self.rate * clipped + (1 - self.rate) * norm
        return w * (desired / (K.epsilon() + norm))


max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm


def serialize(constraint: Callable | None) -> Any:
    """约束 → 配置字典。"""
    return serialize_keras_object(constraint)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping | None = None) -> Callable:
    """配置字典 → 约束，`serialize` 的逆。"""
    return deserialize_keras_object(config, globals(), custom_objects, "约束")


def get(identifier: str | Mapping[str, Any] | Callable | None) -> Callable | None:
    """None → 没有约束；名称（如 "non_neg"）或配置字典 → 新对象；函数原样返回。"""
    if identifier is None:
        return None
    return resolve(identifier, globals(), "约束")
