"""优化器 (optimizer)：由梯度得出权重的新值。

每个优化器是一条规则：权重 p、梯度 g 与状态的旧值 → 新值。
各式中 t 是第几次更新，从 1 开始；ε 是 `epsilon`，默认 `K.epsilon()`；带 ₜ 的是新值。
`decay` 使学习率逐次减小：第 t 次更新用 lr / (1 + decay · (t - 1))。
所有优化器都可以加 `clipnorm`（全部梯度合起来的范数上限）与 `clipvalue`（每个元素的绝对值上限）。
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..utils.generic_utils import deserialize_keras_object, resolve, serialize_keras_object
from .base import Optimizer, clip_norm
from .rules import SGD, Adadelta, Adagrad, Adam, Adamax, Nadam, RMSprop, TFOptimizer

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "Adamax",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "TFOptimizer",
    "clip_norm",
    "deserialize",
    "get",
    "serialize",
]


sgd = SGD
rmsprop = RMSprop
adagrad = Adagrad
adadelta = Adadelta
adam = Adam
adamax = Adamax
nadam = Nadam


_BUILTIN = {
    name: value
    for name, value in globals().items()
    if isinstance(value, type)
    and issubclass(value, Optimizer)
    and value not in (Optimizer, TFOptimizer)
}


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """优化器 → 配置字典。"""
    return serialize_keras_object(optimizer)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping | None = None) -> Optimizer:
    """配置字典 → 优化器，`serialize` 的逆。名称不分大小写。"""
    lowered = config["class_name"].lower()
    if lowered in _BUILTIN and isinstance(config, dict):
        config["class_name"] = lowered  # as in Keras, for the caller too
    return deserialize_keras_object(config, _BUILTIN, custom_objects, "优化器")


def get(identifier: str | Mapping[str, Any] | Optimizer) -> Optimizer:
    """名称（如 "adam"）或配置字典 → 新的优化器；优化器原样返回。"""
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if isinstance(identifier, Mapping) and "class_name" in identifier:
        return deserialize(identifier)
    return resolve(identifier, _BUILTIN, "优化器")
