"""评价函数 (metric)：与损失函数形式相同，但只供观察，不参与训练。

每个损失函数也都能当评价函数。写 "accuracy" 时，Model 按损失与输出形状选择下面三种准确率之一。
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import backend as K
from .losses import (
    binary_crossentropy,
    categorical_crossentropy,
    cosine_proximity,
    hinge,
    kullback_leibler_divergence,
    logcosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from .utils.generic_utils import deserialize_keras_object, resolve, serialize_keras_object

__all__ = [
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "cosine_proximity",
    "hinge",
    "kullback_leibler_divergence",
    "logcosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]


def binary_accuracy(y_true, y_pred):
    """mean(y_true == round(y_pred))，沿最后一轴；0.5 舍为 0。"""
    return K.mean(K.equal(y_true, K.round(y_pred)), axis=-1)


def categorical_accuracy(y_true, y_pred):
    """概率最大的类别对不对：1 或 0。`y_true` 是 one-hot 向量。

    形状：(batch, ..., 类别数) → (batch, ...)。
    """
    return K.cast(K.equal(K.argmax(y_true, axis=-1), K.argmax(y_pred, axis=-1)), K.floatx())


def sparse_categorical_accuracy(y_true, y_pred):
    """同 `categorical_accuracy`，但 `y_true` 是整数类别，形状 (batch, ..., 1) 或 (batch, ...)。"""
    if K.ndim(y_true) == K.ndim(y_pred):
        y_true = K.squeeze(y_true, -1)
    return K.cast(K.equal(y_true, K.argmax(y_pred, axis=-1)), K.floatx())


def top_k_categorical_accuracy(y_true, y_pred, k: int = 5):
    """正确的类别在不在概率最大的 `k` 个之中：1 或 0。形状：(batch, 类别数) → (batch,)。"""
    return K.cast(K.in_top_k(y_pred, K.argmax(y_true, axis=-1), k), K.floatx())


def sparse_top_k_categorical_accuracy(y_true, y_pred, k: int = 5):
    """同 `top_k_categorical_accuracy`，但 `y_true` 是整数类别，形状 (batch, 1) 或 (batch,)。"""
    return K.cast(K.in_top_k(y_pred, K.cast(K.flatten(y_true), "int32"), k), K.floatx())


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
cosine = cosine_proximity


def serialize(metric: Callable) -> Any:
    """评价函数 → 名称。"""
    return serialize_keras_object(metric)


def deserialize(config: str | Mapping[str, Any], custom_objects: Mapping | None = None) -> Callable:
    """名称 → 评价函数，`serialize` 的逆。"""
    return deserialize_keras_object(config, globals(), custom_objects, "评价函数")


def get(identifier: str | Mapping[str, Any] | Callable) -> Callable:
    """名称 → 评价函数；函数原样返回。"""
    return resolve(identifier, globals(), "评价函数", construct=False)
