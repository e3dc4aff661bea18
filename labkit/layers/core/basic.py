"""Dense, Activation, Flatten, Masking, ActivityRegularization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import backend as K
from ... import regularizers
from ...arguments import validation
from ...arguments.types import Activation as ActivationType
from ...arguments.types import Constraint, DataFormat, Initializer, Regularizer
from ...arguments.validation import count
from ...backend.config import normalize_data_format
from ...backend.tape import on_tensors
from ...engine.base_layer import InputSpec, Layer, require_tensors
from ...errors import explain
from ...utils.ownership import is_own
from ..settings import take


class Dense(Layer):
    """全连接层：y = activation(x · W + b)，W 作用在最后一个轴上。

    输入 (batch, …, input_dim)，输出 (batch, …, units)。
    权重 kernel: (input_dim, units)，bias: (units,)。
    高于二维的输入不会被摊平，每个位置用同一个 W（Keras 2.2.5 的实际行为）。
    出错：units 不是正整数、输入的最后一轴未知或与已建的权重不合，抛出 ValueError。
    """

    units: int
    activation: Callable[..., Any]
    use_bias: bool

    def __init__(
        self,
        units: int,
        activation: ActivationType = None,
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None,
        bias_constraint: Constraint = None,
        **kwargs,
    ):
        if "input_dim" in kwargs:
            kwargs.setdefault("input_shape", (kwargs["input_dim"],))
            del kwargs["input_dim"]
        super().__init__(**kwargs)
        take(
            self,
            units=count(self._label(), "units", units),
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape):
        input_dim = input_shape[-1]
        self.kernel = self._weight("kernel", (input_dim, self.units))
        self.bias = self._weight("bias", (self.units,)) if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: input_dim})
        self.built = True

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def call(self, inputs):
        y = K.dot(inputs, self.kernel)
        if self.bias is not None:
            y = K.bias_add(y, self.bias, data_format="channels_last")
        return self.activation(y)


class Activation(Layer):
    """激活层：对输入逐元素（softmax 是逐行）套用一个函数，形状不变，没有权重。

    出错：不认识的激活函数名，或函数不接受这个维数（softmax 至少要二维），抛出 ValueError。
    """

    activation: Callable[..., Any]

    def __init__(self, activation: ActivationType, **kwargs):
        super().__init__(**kwargs)
        take(self, activation=activation)
        self.supports_masking = True

    def build(self, input_shape):
        # A function unfit for this rank (softmax on one axis) says so before the model is made.
        shape = (1,) * len(input_shape)
        if not is_own(self.activation):
            shape = tuple(n or 1 for n in input_shape)  # it may hold weights of just this shape
        y = on_tensors(self.activation)(np.zeros(shape, K.floatx()))
        if np.shape(require_tensors(self._label(), y)) != shape:
            raise ValueError(
                explain(
                    self._label(),
                    f"激活函数把形状 {shape} 变成了 {np.shape(y)}",
                    "激活函数逐元素计算，不改变形状",
                    "改变形状的函数写成 Lambda(函数)",
                )
            )
        self.built = True

    def compute_output_shape(self, input_shape):
        return input_shape

    def call(self, inputs):
        return self.activation(inputs)


class Flatten(Layer):
    """展平层：(batch, a, b, …) → (batch, a·b·…)，元素按行优先的顺序，没有权重。

    data_format="channels_first" 时先把通道轴移到最后再展平，使两种格式的结果顺序一致。
    出错：输入低于三维，或除 batch 以外有未知的轴，抛出 ValueError。
    """

    def __init__(self, data_format: DataFormat | None = None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = normalize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=3)

    def compute_output_shape(self, input_shape):
        if not all(input_shape[1:]):
            raise ValueError(
                explain(
                    self._label(),
                    f"输入形状 {input_shape}",
                    "展平后的长度是各轴之积，除 batch 外每一轴都必须已知",
                    "在 Input 或第一层的 input_shape 里写出确定的数",
                )
            )
        return (input_shape[0], int(np.prod(input_shape[1:])))

    def call(self, inputs):
        if self.data_format == "channels_first":
            inputs = K.permute_dimensions(inputs, pattern=(0, *range(2, K.ndim(inputs)), 1))
        return K.batch_flatten(inputs)

    @staticmethod
    def _suggest_rank(shape, spec):
        return "去掉 Flatten：输入已经是 (batch, features)，可以直接接 Dense"


class Masking(Layer):
    """掩码层：所有特征都等于 mask_value 的时间步被遮住，后面支持掩码的层会跳过它。

    输入 (batch, time, features)，输出形状相同，被遮住的步变成 0，没有权重。
    掩码 (batch, time)，遮住的步是 False。

    参数：
        mask_value：数，所有特征都等于它的时间步被遮住。
    """

    def __init__(self, mask_value: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True

    def compute_mask(self, inputs, mask=None):
        return K.any(K.not_equal(inputs, self.mask_value), axis=-1)

    def compute_output_shape(self, input_shape):
        return input_shape

    def call(self, inputs):
        kept = K.any(K.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return inputs * K.cast(kept, dtype=K.floatx())


class ActivityRegularization(Layer):
    """活动正则化层：原样输出，只给损失加上 l1·Σ|x| + l2·Σx²（对整个批次求和）。没有权重。

    参数：
        l1：不小于 0 的数，L1 项的系数。
        l2：不小于 0 的数，L2 项的系数。
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.l1 = validation.number(self._label(), "l1", l1, 0.0, np.inf)
        self.l2 = validation.number(self._label(), "l2", l2, 0.0, np.inf)
        self.activity_regularizer = regularizers.l1_l2(self.l1, self.l2)

    def compute_output_shape(self, input_shape):
        return input_shape
