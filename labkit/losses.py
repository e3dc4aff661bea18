"""损失函数 (loss function)：预测与目标相差多少。

`y_true` 与 `y_pred` 形状相同（`sparse_categorical_crossentropy` 除外），
只沿最后一轴计算：形状 (batch, d1, ..., dn) → (batch, d1, ..., dn-1)。
对样本求平均、乘样本权重，是 Model 的事。下面 mean、Σ、max 都沿最后一轴，ε = K.epsilon()。
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from . import backend as K
from .utils.generic_utils import deserialize_keras_object, resolve, serialize_keras_object


def mean_squared_error(y_true, y_pred):
    """均方误差 (MSE)：mean((y_pred - y_true)²)。"""
    return K.mean(K.square(y_pred - y_true), axis=-1)


def mean_absolute_error(y_true, y_pred):
    """平均绝对误差 (MAE)：mean(|y_pred - y_true|)。"""
    return K.mean(K.abs(y_pred - y_true), axis=-1)


def mean_absolute_percentage_error(y_true, y_pred):
    """平均绝对百分比误差 (MAPE)：100 · mean(|(y_true - y_pred) / max(|y_true|, ε)|)。"""
    relative = (y_true - y_pred) / K.clip(K.abs(y_true), K.epsilon(), None)
    return 100.0 * K.mean(K.abs(relative), axis=-1)


def mean_squared_logarithmic_error(y_true, y_pred):
    """均方对数误差 (MSLE)：mean((log(1 + y_pred) - log(1 + y_true))²)。

    小于 ε 的值（包括负数）先变成 ε。
    """
    log_pred = K.log(K.clip(y_pred, K.epsilon(), None) + 1.0)
    log_true = K.log(K.clip(y_true, K.epsilon(), None) + 1.0)
    return K.mean(K.square(log_pred - log_true), axis=-1)


def squared_hinge(y_true, y_pred):
    """平方合页损失：mean(max(1 - y_true · y_pred, 0)²)。`y_true` 取 -1 或 1。"""
    return K.mean(K.square(K.maximum(1.0 - y_true * y_pred, 0.0)), axis=-1)


def hinge(y_true, y_pred):
    """合页损失 (hinge)：mean(max(1 - y_true · y_pred, 0))。`y_true` 取 -1 或 1。"""
    return K.mean(K.maximum(1.0 - y_true * y_pred, 0.0), axis=-1)


def categorical_hinge(y_true, y_pred):
    """多类合页损失：max(0, neg - pos + 1)。`y_true` 是 one-hot 向量。

    pos = Σ(y_true · y_pred)，neg = max((1 - y_true) · y_pred)。
    """
    pos = K.sum(y_true * y_pred, axis=-1)
    neg = K.max((1.0 - y_true) * y_pred, axis=-1)
    return K.maximum(0.0, neg - pos + 1.0)


def logcosh(y_true, y_pred):
    """mean(log(cosh(e)))，e = y_pred - y_true。

    e 较小时近似 e²/2，较大时近似 |e| - log 2，所以不怕个别离谱的预测。
    按 e + softplus(-2e) - log 2 计算，不会溢出。
    """
    error = y_pred - y_true
    return K.mean(error + K.softplus(-2.0 * error) - math.log(2.0), axis=-1)


def categorical_crossentropy(y_true, y_pred):
    """交叉熵 (crossentropy)：-Σ y_true · log(p)，p 是 y_pred 除以自身之和，截断到 [ε, 1 - ε]。

    `y_true` 是 one-hot 向量，`y_pred` 是概率（softmax 的输出）。
    """
    return K.categorical_crossentropy(y_true, y_pred)


def sparse_categorical_crossentropy(y_true, y_pred):
    """同 `categorical_crossentropy`，但 `y_true` 是整数类别。

    形状：`y_true` 是 (batch, ..., 1) 或 (batch, ...)，`y_pred` 是 (batch, ..., 类别数)。
    """
    return K.sparse_categorical_crossentropy(y_true, y_pred)


def binary_crossentropy(y_true, y_pred):
    """二元交叉熵：-mean(y_true · log(p) + (1 - y_true) · log(1 - p))。

    p 是 y_pred 截断到 [ε, 1 - ε]。每个输出各自是一个是非题；`y_pred` 是概率（sigmoid 的输出）。
    """
    return K.mean(K.binary_crossentropy(y_true, y_pred), axis=-1)


def kullback_leibler_divergence(y_true, y_pred):
    """KL 散度 (Kullback-Leibler divergence)：Σ y_true · log(y_true / y_pred)。

    两者先截断到 [ε, 1]。
    """
    y_true = K.clip(y_true, K.epsilon(), 1)
    y_pred = K.clip(y_pred, K.epsilon(), 1)
    return K.sum(y_true * K.log(y_true / y_pred), axis=-1)


def poisson(y_true, y_pred):
    """泊松损失：mean(y_pred - y_true · log(y_pred + ε))。`y_pred` 是计数的期望，大于 0。"""
    return K.mean(y_pred - y_true * K.log(y_pred + K.epsilon()), axis=-1)


def cosine_proximity(y_true, y_pred):
    """负的余弦相似度：-Σ(y_true / ‖y_true‖ · y_pred / ‖y_pred‖)。方向相同时是 -1，相反时是 1。"""
    return -K.sum(K.l2_normalize(y_true, axis=-1) * K.l2_normalize(y_pred, axis=-1), axis=-1)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence
cosine = cosine_proximity


def serialize(loss: Callable | None) -> Any:
    """损失函数 → 名称。"""
    return serialize_keras_object(loss)


def deserialize(name: str | Mapping[str, Any], custom_objects: Mapping | None = None) -> Callable:
    """名称 → 损失函数，`serialize` 的逆。"""
    return deserialize_keras_object(name, globals(), custom_objects, "损失函数")


def get(identifier: str | Mapping[str, Any] | Callable | None) -> Callable | None:
    """None → None（这个输出没有损失）；名称 → 损失函数；函数原样返回。"""
    if identifier is None:
        return None
    return resolve(identifier, globals(), "损失函数", construct=False)
