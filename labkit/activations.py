"""激活函数 (activation function)：逐元素作用的非线性函数，softmax 除外。

输入是数组或张量，输出形状与输入相同。层的 `activation` 参数接受这里的名称，也接受任何函数。
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from . import backend as K
from .engine.base_layer import Layer as _Layer
from .errors import explain
from .utils.generic_utils import deserialize_keras_object, resolve


def softmax(x, axis: int = -1):
    """softmax(x)ᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)，沿 `axis` 求和。

    输出在 (0, 1) 内，沿 `axis` 之和为 1，可以当作概率。输入至少二维。
    二维输入总是沿最后一轴，与 `axis` 无关：这是 Keras 2.2.5 的行为。

    来源：Bridle (1990), Probabilistic Interpretation of Feedforward Classification Network Outputs.
    """
    if K.ndim(x) < 2:
        raise ValueError(
            explain(
                "softmax",
                received=f"形状 {K.int_shape(x)}",
                rule="输入至少二维 (batch, ..., 类别)：softmax 在每个样本的各个类别之间归一化",
                suggestion="x[None, :]，给单个样本加上 batch 维",
            )
        )
    return K.softmax(x, axis=-1 if K.ndim(x) == 2 else axis)


def elu(x, alpha: float = 1.0):
    """指数线性单元 (ELU)：x > 0 时是 x，否则是 alpha · (exp(x) - 1)。

    值域 (-alpha, ∞)。

    来源：Clevert, Unterthiner, Hochreiter (2015), https://arxiv.org/abs/1511.07289
    """
    return K.elu(x, alpha)


def selu(x):
    """自归一化的指数线性单元 (SELU)：scale · elu(x, alpha)。

    alpha ≈ 1.6733，scale ≈ 1.0507。配合 `lecun_normal` 初始化与 AlphaDropout，
    各层输出的均值趋于 0，方差趋于 1。值域 (-1.7581, ∞)。

    来源：Klambauer, Unterthiner, Mayr, Hochreiter (2017), https://arxiv.org/abs/1706.02515
    """
    alpha = 1.6732632423543772
    scale = 1.0507009873554805
    return scale * K.elu(x, alpha)


def softplus(x):
    """log(1 + exp(x))，ReLU 的光滑近似。值域 (0, ∞)。"""
    return K.softplus(x)


def softsign(x):
    """x / (1 + |x|)。值域 (-1, 1)，比 tanh 更慢地趋于饱和。"""
    return K.softsign(x)


def relu(x, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0):
    """线性整流 (ReLU)，默认是 max(x, 0)。

    - x ≥ max_value：max_value
    - threshold ≤ x < max_value：x
    - x < threshold：alpha · (x - threshold)

    来源：Nair, Hinton (2010), Rectified Linear Units Improve Restricted Boltzmann Machines.
    """
    return K.relu(x, alpha=alpha, max_value=max_value, threshold=threshold)


def tanh(x):
    """双曲正切 (exp(x) - exp(-x)) / (exp(x) + exp(-x))。值域 (-1, 1)。"""
    return K.tanh(x)


def sigmoid(x):
    """1 / (1 + exp(-x))。值域 (0, 1)。"""
    return K.sigmoid(x)


def hard_sigmoid(x):
    """sigmoid 的分段线性近似：0.2x + 0.5，截断到 [0, 1]。

    x < -2.5 时是 0，x > 2.5 时是 1。不用求指数，是 LSTM 与 GRU 的门的默认激活函数。
    """
    return K.hard_sigmoid(x)


def exponential(x):
    """exp(x)。值域 (0, ∞)。"""
    return K.exp(x)


def linear(x):
    """x 本身，即没有激活函数。"""
    return x


def serialize(activation: Callable) -> str:
    """激活函数 → 名称。"""
    return activation.__name__


def deserialize(name: str | Mapping[str, Any], custom_objects: Mapping | None = None) -> Callable:
    """名称 → 激活函数，`serialize` 的逆。"""
    return deserialize_keras_object(name, globals(), custom_objects, "激活函数")


def get(identifier: str | Mapping[str, Any] | Callable | None) -> Callable:
    """None → `linear`；名称 → 激活函数；函数原样返回。"""
    if identifier is None:
        return linear
    if isinstance(identifier, _Layer):
        name = type(identifier).__name__
        warnings.warn(
            explain(
                "activation",
                received=f"一个 {name} 层",
                rule="activation 是函数或它的名称；层作激活用时不会写进配置，也不算模型的一层",
                suggestion=f"在这一层后面接上 {name}(…)",
            ),
            stacklevel=2,
        )
    return resolve(identifier, globals(), "激活函数", construct=False)


def __getattr__(name: str):
    if name != "Layer":
        raise AttributeError(name)
    # Keras' module had it by import, and old code takes it from there; under that name it would
    # stand among the activations.
    return _Layer
