"""Locally connected layers: windows as in convolution, weights of their own at every position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from .. import backend as K
from ..arguments.types import Activation, Constraint, DataFormat, Initializer, Regularizer, Size
from ..arguments.validation import count, known_channels, size, with_defaults
from ..backend.config import normalize_data_format
from ..engine.base_layer import InputSpec, Layer
from ..errors import explain
from .settings import take
from .windows import window_outputs


class LocallyConnected(Layer):
    """N 维局部连接的公共部分。

    参数：
        padding：只能是 `"valid"`：窗口必须完全落在输入之内。
    """

    rank: int
    filters: int
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    data_format: str
    activation: Callable[..., Any]
    use_bias: bool
    unknown_length: type[Exception] = ValueError

    def __init__(
        self,
        filters: int,
        kernel_size: Size,
        strides: Size = 1,
        padding: Literal["valid"] = "valid",
        data_format: DataFormat | None = None,
        activation: Activation = None,
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
        super().__init__(**kwargs)
        where = self._label()
        take(
            self,
            filters=count(where, "filters", filters),
            kernel_size=size(where, "kernel_size", kernel_size, self.rank),
            strides=size(where, "strides", strides, self.rank),
            padding=only_valid(where, padding),
            data_format=normalize_data_format(data_format),
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
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _first(self) -> bool:
        return self.data_format == "channels_first"

    def _outputs(self, input_shape) -> tuple:
        return window_outputs(
            self._label(),
            "kernel_size",
            input_shape[2:] if self._first else input_shape[1:-1],
            self.kernel_size,
            "valid",
            self.strides,
            (1,) * self.rank,
        )

    def build(self, input_shape):
        axis = 1 if self._first else self.rank + 1
        channels = input_shape[axis]
        known_channels(self._label(), input_shape, channels)
        outputs = self._outputs(input_shape)
        if None in outputs:
            raise self.unknown_length(
                explain(
                    self._label(),
                    f"形状 {tuple(input_shape)} 的输入",
                    "每个位置有自己的权重，所以空间轴的长度必须已知",
                    "在 Input 或 input_shape 里写出确定的长度",
                )
            )
        positions = int(np.prod(outputs))
        covered = int(np.prod(self.kernel_size)) * channels
        self.kernel = self._weight("kernel", (positions, covered, self.filters))
        self.bias = self._weight("bias", (*outputs, self.filters)) if self.use_bias else None
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        self.built = True

    def compute_output_shape(self, input_shape):
        outputs = self._outputs(input_shape)
        if self._first:
            return (input_shape[0], self.filters, *outputs)
        return (input_shape[0], *outputs, self.filters)

    def call(self, inputs):
        outputs = self._outputs(K.int_shape(inputs))
        if int(np.prod(outputs)) != K.int_shape(self.kernel)[0]:
            raise ValueError(
                explain(
                    self._label(),
                    f"形状 {K.int_shape(inputs)} 的输入，输出有 {outputs} 个位置",
                    f"建层时有 {K.int_shape(self.kernel)[0]} 个位置，每个位置的权重已按它建好",
                    "与建层时同样大小的输入",
                )
            )
        y = self._connect_windows(inputs, outputs)
        if self.bias is not None:
            data_format = "channels_first" if self._first else "channels_last"
            y = K.bias_add(y, self.bias, data_format=data_format)
        return self.activation(y)

    def _connect_windows(self, inputs, outputs):
        raise NotImplementedError


def only_valid(where: str, padding) -> str:
    """The only padding there is; ValueError for another."""
    if not isinstance(padding, str) or padding.lower() != "valid":
        raise ValueError(
            explain(
                where,
                f"padding={padding!r}",
                "局部连接层只有 'valid'：补零的位置没有意义，每个位置的权重都不同",
                "padding='valid'，或先用 ZeroPadding 层补零",
            )
        )
    return "valid"


class LocallyConnected1D(LocallyConnected):
    """一维局部连接层：像 Conv1D，但每个位置用自己的权重，不共享。

    输入 (batch, steps, channels)，输出 (batch, new_steps, filters)。
    权重 kernel: (new_steps, kernel_size·channels, filters)，bias: (new_steps, filters)。
    new_steps = ⌊(steps − kernel_size) / strides⌋ + 1。
    data_format 不起作用，总按 channels_last 计算（Keras 2.2.5 的实际行为）。
    出错：padding 不是 'valid'、窗口比输入长，抛出 ValueError；steps 未知，抛出 TypeError。
    """

    rank = 1
    unknown_length = TypeError

    @property
    def _first(self):
        return False

    def get_config(self):
        config = super().get_config()
        del config["data_format"]  # as Keras, which does not use it
        return config

    def _connect_windows(self, inputs, outputs):
        return K.local_conv1d(
            inputs, self.kernel, self.kernel_size, self.strides, data_format="channels_last"
        )


class LocallyConnected2D(LocallyConnected):
    """二维局部连接层：像 Conv2D，但每个位置用自己的权重，不共享。

    输入 (batch, rows, cols, channels)，输出 (batch, out_rows, out_cols, filters)；
    channels_first 时通道在第 1 轴。
    权重 kernel: (out_rows·out_cols, kernel_size[0]·kernel_size[1]·channels, filters)，
    bias: (out_rows, out_cols, filters)。out = ⌊(n − kernel_size) / strides⌋ + 1。
    出错：padding 不是 'valid'、行列数未知、窗口比输入大，抛出 ValueError。
    来源：Taigman 等，2014（DeepFace）。
    """

    rank = 2
    __init__ = with_defaults(LocallyConnected.__init__, strides=(1, 1))

    def _connect_windows(self, inputs, outputs):
        return K.local_conv2d(
            inputs, self.kernel, self.kernel_size, self.strides, outputs, self.data_format
        )
