"""Layers of Keras 1 that Keras 2.2.5 still carried: Highway, MaxoutDense, AtrousConvolution."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from .. import backend as K
from ..arguments.types import (
    Activation,
    Constraint,
    DataFormat,
    Initializer,
    Padding,
    Regularizer,
    Size,
)
from ..arguments.validation import count
from ..engine.base_layer import InputSpec, Layer
from ..errors import explain
from .convolutional import Conv1D, Conv2D
from .convolutional_recurrent import ConvRNN2D
from .recurrent.rnn import RNN
from .settings import take


class LegacyDense(Layer):
    """Keras 1 的全连接层的公共部分：参数用 Keras 1 的名字。

    参数：
        init：权重的初始值怎样产生（Keras 2 叫 kernel_initializer）。
        W_regularizer：加在损失上的一项，由权重 W 算出。
        b_regularizer：加在损失上的一项，由偏置 b 算出。
        W_constraint：每次更新之后对权重 W 做的投影。
        b_constraint：每次更新之后对偏置 b 做的投影。
        bias：布尔值，是否加偏置（Keras 2 叫 use_bias）。
        input_dim：整数，输入的长度，只在模型的第一层需要。
    """

    init: Callable[..., Any]
    W_regularizer: Callable[..., Any] | None
    b_regularizer: Callable[..., Any] | None
    W_constraint: Callable[..., Any] | None
    b_constraint: Callable[..., Any] | None
    bias: bool

    def __init__(self, input_dim: int | None, **kwargs):
        warnings.warn(
            f"{type(self).__name__} 是 Keras 1 的层，Keras 2.2.5 只为旧代码保留。", stacklevel=4
        )
        if input_dim:
            kwargs["input_shape"] = (input_dim,)
        super().__init__(**kwargs)
        self.input_dim = input_dim
        self.input_spec = InputSpec(ndim=2)

    def _bias(self, shape):
        settings = (self.b_regularizer, True, self.b_constraint)
        return self.add_weight("b", shape, None, "zeros", *settings)


class Highway(LegacyDense):
    """高速公路层：t·activation(x·W + b) + (1 − t)·x，t = σ(x·W_carry + b_carry)。

    输入与输出 (batch, input_dim)。
    权重 W、W_carry: (input_dim, input_dim)，b、b_carry: (input_dim,)，
    b_carry 的初始值是 1。t 越小，输入越是原样通过。来源：Srivastava 等，2015。
    """

    activation: Callable[..., Any]

    def __init__(
        self,
        init: Initializer = "glorot_uniform",
        activation: Activation = None,
        weights: list | None = None,
        W_regularizer: Regularizer = None,
        b_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None,
        W_constraint: Constraint = None,
        b_constraint: Constraint = None,
        bias: bool = True,
        input_dim: int | None = None,
        **kwargs,
    ):
        kwargs.pop("transform_bias", None)
        super().__init__(input_dim, weights=weights, **kwargs)
        take(
            self,
            init=init,
            W_regularizer=W_regularizer,
            b_regularizer=b_regularizer,
            activity_regularizer=activity_regularizer,
            W_constraint=W_constraint,
            b_constraint=b_constraint,
            bias=bias,
            activation=activation,
        )

    def build(self, input_shape):
        n = input_shape[1]
        W = (self.W_regularizer, True, self.W_constraint)
        self.W = self.add_weight("W", (n, n), None, self.init, *W)
        self.W_carry = self.add_weight("W_carry", (n, n), initializer=self.init)
        self.b = self.b_carry = None
        if self.bias:
            self.b = self._bias((n,))
            self.b_carry = self.add_weight("b_carry", (n,), initializer="ones")
        self.input_spec = InputSpec(shape=(None, n))
        self.built = True

    def compute_output_shape(self, input_shape):
        return input_shape

    def call(self, inputs):
        t, y = K.dot(inputs, self.W_carry), K.dot(inputs, self.W)
        if self.b is not None:
            t, y = t + self.b_carry, y + self.b
        t = K.sigmoid(t)
        return self.activation(y) * t + (1 - t) * inputs

    def get_config(self):
        config = super().get_config()
        config.pop("weights", None)
        return config


class MaxoutDense(LegacyDense):
    """取最大的全连接层：nb_feature 个线性变换，逐元素取最大。

    输入 (batch, input_dim)，输出 (batch, output_dim)。
    权重 W: (nb_feature, input_dim, output_dim)，b: (nb_feature, output_dim)。
    来源：Goodfellow 等，2013。

    参数：
        output_dim：正整数，输出的长度。
        nb_feature：正整数，有几个线性变换。
    """

    output_dim: int
    nb_feature: int

    def __init__(
        self,
        output_dim: int,
        nb_feature: int = 4,
        init: Initializer = "glorot_uniform",
        weights: list | None = None,
        W_regularizer: Regularizer = None,
        b_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None,
        W_constraint: Constraint = None,
        b_constraint: Constraint = None,
        bias: bool = True,
        input_dim: int | None = None,
        **kwargs,
    ):
        super().__init__(input_dim, weights=weights, **kwargs)
        take(
            self,
            init=init,
            W_regularizer=W_regularizer,
            b_regularizer=b_regularizer,
            activity_regularizer=activity_regularizer,
            W_constraint=W_constraint,
            b_constraint=b_constraint,
            bias=bias,
        )
        take(
            self,
            output_dim=count(self._label(), "output_dim", output_dim),
            nb_feature=count(self._label(), "nb_feature", nb_feature),
        )

    def build(self, input_shape):
        n = input_shape[1]
        W = (self.W_regularizer, True, self.W_constraint)
        self.W = self.add_weight("W", (self.nb_feature, n, self.output_dim), None, self.init, *W)
        self.b = self._bias((self.nb_feature, self.output_dim)) if self.bias else None
        self.input_spec = InputSpec(shape=(None, n))
        self.built = True

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.output_dim)

    def call(self, inputs):
        y = K.dot(inputs, self.W)  # (batch, nb_feature, output_dim)
        return K.max(y if self.b is None else y + self.b, axis=1)

    def get_config(self):
        config = super().get_config()
        config.pop("weights", None)
        return config


def AtrousConvolution1D(*args, **kwargs):
    """Keras 1 的空洞卷积：Conv1D 加 dilation_rate，旧名 atrous_rate。"""
    return _atrous(Conv1D, args, kwargs)


def AtrousConvolution2D(*args, **kwargs):
    """Keras 1 的空洞卷积：Conv2D 加 dilation_rate，旧名 atrous_rate。"""
    return _atrous(Conv2D, args, kwargs)


def _atrous(layer, args, kwargs):
    kwargs["dilation_rate"] = kwargs.pop("atrous_rate", 1)
    warnings.warn(
        f"AtrousConvolution 已经取消，请用 {layer.__name__} 的 dilation_rate 参数。", stacklevel=3
    )
    return layer(*args, **kwargs)


class Recurrent(RNN):
    """Keras 1 的循环层基类，只为旧代码里的 isinstance 与导入保留；新的层用 RNN 加单元。"""

    def __init__(
        self,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        implementation: int = 0,
        **kwargs,
    ):
        raise NotImplementedError(
            explain(
                "Recurrent",
                "直接使用 Keras 1 的循环层基类",
                "Keras 2 的循环层是 RNN 加一个单元，单元写 call(inputs, states)",
                "RNN(自己写的单元)",
            )
        )


class ConvRecurrent2D(ConvRNN2D):
    """Keras 1 的卷积循环层基类，只为旧代码里的 isinstance 与导入保留。"""

    def __init__(
        self,
        filters: int,
        kernel_size: Size,
        strides: Size = (1, 1),
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: Size = (1, 1),
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs,
    ):
        raise NotImplementedError(
            explain(
                "ConvRecurrent2D",
                "直接使用 Keras 1 的卷积循环层基类",
                "卷积循环层是 ConvRNN2D 加一个卷积单元",
                "ConvLSTM2D(filters, kernel_size)",
            )
        )
