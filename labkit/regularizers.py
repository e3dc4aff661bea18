"""正则化 (regularization)：加到损失上的惩罚项，使权重或输出保持较小。"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


class Regularizer(Configurable):
    """正则化的基类。子类写 `__call__(self, x)`，返回一个标量。"""

    def __call__(self, x):
        return 0.0


class L1L2(Regularizer):
    """l1 · Σ|x| + l2 · Σx²。

    L1 使许多权重恰好为零，L2 使权重整体变小（也叫权重衰减，weight decay）。
    是总和而不是平均，也没有常见的 1/2；所以 L2 的梯度是 2 · l2 · x。
    `x` 的形状任意，结果是标量。

    参数：`l1`、`l2` 都是不小于 0 的数。
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        for name, factor in (("l1", l1), ("l2", l2)):
            if factor < 0:
                refuse(
                    ValueError(
                        explain(
                            "L1L2",
                            received=f"{name}={factor}",
                            rule="l1 ≥ 0，l2 ≥ 0；负的惩罚 l1·Σ|x| + l2·Σx² 会让权重无限变大",
                            suggestion=f"{name}={-factor}",
                        )
                    )
                )
        self.l1 = float(l1)
        self.l2 = float(l2)

    def __call__(self, x):
        penalty = 0.0
        if self.l1:
            penalty = penalty + self.l1 * K.sum(K.abs(x))
        if self.l2:
            penalty = penalty + self.l2 * K.sum(K.square(x))
        return penalty


def l1(l: float = 0.01) -> L1L2:  # noqa: E741 - Keras' own name
    """l · Σ|x|。"""
    return L1L2(l1=l)


def l2(l: float = 0.01) -> L1L2:  # noqa: E741 - Keras' own name
    """l · Σx²。"""
    return L1L2(l2=l)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """l1 · Σ|x| + l2 · Σx²。"""
    return L1L2(l1=l1, l2=l2)


def serialize(regularizer: Callable | None) -> Any:
    """正则化 → 配置字典。"""
    return serialize_keras_object(regularizer)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping | None = None) -> Callable:
    """配置字典 → 正则化，`serialize` 的逆。"""
    return deserialize_keras_object(config, globals(), custom_objects, "正则化")


def get(identifier: str | Mapping[str, Any] | Callable | None) -> Callable | None:
    """None → 没有正则化；名称（如 "l2"，用默认系数）或配置字典 → 新对象；函数原样返回。"""
    if identifier is None:
        return None
    return resolve(identifier, globals(), "正则化")
