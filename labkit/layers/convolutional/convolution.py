"""Convolutional layers: one base of any rank, one thin class per rank."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import backend as K
from ...arguments import validation
from ...arguments.types import (
    Activation,
    Constraint,
    ConvPadding,
    DataFormat,
    Initializer,
    Regularizer,
    Size,
)
from ...arguments.validation import choice, count, size, with_defaults
from ...backend.config import normalize_data_format
from ...engine.base_layer import InputSpec, Layer
from ...errors import explain
from ..settings import take
from ..windows import stride_or_dilation, window_outputs


class Windowed(Layer):
    """卷积层的公共部分：窗口、偏置、激活。rank 是空间轴的个数。"""

    rank: int
    takes_causal = False
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str
    data_format: str
    dilation_rate: tuple[int, ...]
    activation: Callable[..., Any]
    use_bias: bool
    #: The function of K that computes the layer.
    convolution: Callable[..., Any]

    def __init__(
        self,
        kernel_size: Size,
        strides: Size = 1,
        padding: ConvPadding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: Size = 1,
        activation: Activation = None,
        use_bias: bool = True,
        bias_initializer: Initializer = "zeros",
        bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None,
        bias_constraint: Constraint = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        where = self._label()
        take(
            self,
            kernel_size=size(where, "kernel_size", kernel_size, self.rank),
            strides=size(where, "strides", strides, self.rank),
            padding=choice(where, "padding", padding, ConvPadding),
            data_format=normalize_data_format(data_format),
            dilation_rate=size(where, "dilation_rate", dilation_rate, self.rank),
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
        )
        self._check_format()
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _check_format(self) -> None:
        """What is refused at once."""

    @property
    def _channel_axis(self) -> int:
        return 1 if self.data_format == "channels_first" else -1

    def _out_channels(self, channels: int | None) -> int | None:
        """The number of output channels for a number of input channels."""
        raise NotImplementedError

    def _check_settings(self) -> None:
        """What Keras, too, refuses only when the layer meets its input."""
        if self.padding == "causal" and not self.takes_causal:
            raise ValueError(
                explain(
                    self._label(),
                    "padding='causal'",
                    "因果补零只在前面补，只对一个时间轴有意义，而且只有 Conv1D 有",
                    "padding='same'",
                )
            )

    def build(self, input_shape):
        self._check_settings()
        channels = input_shape[self._channel_axis]
        validation.known_channels(self._label(), input_shape, channels)
        self.compute_output_shape(input_shape)
        self._build_kernels(channels)
        self.bias = self._weight("bias", (self._out_channels(channels),)) if self.use_bias else None
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self._channel_axis: channels})
        self.built = True

    def _build_kernels(self, channels: int) -> None:
        raise NotImplementedError

    def _space(self, input_shape) -> tuple:
        return input_shape[2:] if self.data_format == "channels_first" else input_shape[1:-1]

    def _output_space(self, space) -> tuple:
        return window_outputs(
            self._label(),
            "kernel_size",
            space,
            self.kernel_size,
            self.padding,
            self.strides,
            self.dilation_rate,
        )

    def compute_output_shape(self, input_shape):
        space = self._output_space(self._space(input_shape))
        channels = self._out_channels(input_shape[self._channel_axis])
        if self.data_format == "channels_first":
            return (input_shape[0], channels, *space)
        return (input_shape[0], *space, channels)

    def call(self, inputs):
        self.compute_output_shape(K.int_shape(inputs))  # raises where the kernel does not fit
        y = self._convolve(inputs)
        if self.bias is not None:
            y = K.bias_add(y, self.bias, data_format=self.data_format)
        return self.activation(y)

    def _convolve(self, inputs):
        raise NotImplementedError


class Conv(Windowed):
    """N 维卷积的公共部分：核 (*kernel_size, channels, filters)。"""

    filters: int

    def __init__(
        self,
        filters: int,
        kernel_size: Size,
        strides: Size = 1,
        padding: ConvPadding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: Size = 1,
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
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            activity_regularizer,
            bias_constraint,
            **kwargs,
        )
        take(
            self,
            filters=count(self._label(), "filters", filters),
            kernel_initializer=kernel_initializer,
            kernel_regularizer=kernel_regularizer,
            kernel_constraint=kernel_constraint,
        )

    def _out_channels(self, channels):
        return self.filters

    def _check_settings(self):
        super()._check_settings()
        stride_or_dilation(self._label(), self.strides, self.dilation_rate)

    def _build_kernels(self, channels):
        self.kernel = self._weight("kernel", (*self.kernel_size, channels, self.filters))

    def _convolve(self, inputs):
        return type(self).convolution(
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )


class Conv1D(Conv):
    """一维卷积层：核沿时间轴滑动，每一步把窗口里的所有特征加权求和。

    输入 (batch, steps, channels)，输出 (batch, new_steps, filters)；
    channels_first 时通道在第 1 轴。
    权重 kernel: (kernel_size, channels, filters)，bias: (filters,)。
    covered = (kernel_size − 1)·dilation_rate + 1；valid：out = ⌊(n − covered) / strides⌋ + 1；
    same、causal：out = ⌈n / strides⌉。causal 只在前面补 covered − 1 格，输出看不到以后的输入。
    出错：核比输入长、步幅与膨胀率同时大于 1、causal 与 channels_first 同用，抛出 ValueError。
    来源：causal 与膨胀见 van den Oord 等，2016（WaveNet）。

    参数：
        padding：`"valid"` 不补零；`"same"` 前后补零，步幅为 1 时长度不变；`"causal"` 只在前面补零。
    """

    rank = 1
    takes_causal = True
    convolution = K.conv1d

    def _check_format(self):
        if self.padding == "causal" and self.data_format == "channels_first":
            raise ValueError(
                explain(
                    self._label(),
                    "padding='causal'，data_format='channels_first'",
                    "因果补零只有 channels_last 的格式，即 (batch, steps, channels)",
                    "data_format='channels_last'，前面加 Permute((2, 1))",
                )
            )

    __init__ = with_defaults(Conv.__init__, data_format="channels_last")


class Conv2D(Conv):
    """二维卷积层：核在行、列两个方向上滑动，每个位置做一次加权求和。

    输入 (batch, rows, cols, channels)，输出 (batch, out_rows, out_cols, filters)；
    channels_first 时通道在第 1 轴。
    权重 kernel: (*kernel_size, channels, filters)，bias: (filters,)。
    covered = (kernel_size − 1)·dilation_rate + 1；valid：out = ⌊(n − covered) / strides⌋ + 1；
    same：out = ⌈n / strides⌉，多出的一格补在末尾（TensorFlow 的规则）。
    出错：核比输入大、步幅与膨胀率同时大于 1、padding 不认识，抛出 ValueError。
    """

    rank = 2
    convolution = K.conv2d
    __init__ = with_defaults(Conv.__init__, strides=(1, 1), dilation_rate=(1, 1))


class Conv3D(Conv):
    """三维卷积层：核在三个空间轴上滑动，用于视频和体数据。

    输入 (batch, dim1, dim2, dim3, channels)，输出 (batch, out1, out2, out3, filters)；
    channels_first 时通道在第 1 轴。
    权重 kernel: (*kernel_size, channels, filters)，bias: (filters,)。各轴长度的算法同 Conv2D。
    出错：核比输入大、步幅与膨胀率同时大于 1，抛出 ValueError。
    """

    rank = 3
    convolution = K.conv3d
    __init__ = with_defaults(Conv.__init__, strides=(1, 1, 1), dilation_rate=(1, 1, 1))
