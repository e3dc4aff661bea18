"""Depthwise and separable convolution: every channel is filtered by itself first."""

from __future__ import annotations

from ... import backend as K
from ...arguments.types import (
    Activation,
    Constraint,
    ConvPadding,
    DataFormat,
    Initializer,
    Regularizer,
    Size,
)
from ...arguments.validation import count, with_defaults
from ..settings import take
from .convolution import Windowed


class SeparableConv(Windowed):
    """N 维可分离卷积的公共部分：先逐通道卷积，再用长度为 1 的卷积混合通道。

    参数：
        depth_multiplier：正整数，每个输入通道有几个自己的核。
        depthwise_initializer：逐通道的核的初始值怎样产生。
        pointwise_initializer：混合通道的核的初始值怎样产生。
        depthwise_regularizer：加在损失上的一项，由逐通道的核算出。
        pointwise_regularizer：加在损失上的一项，由混合通道的核算出。
        depthwise_constraint：每次更新之后对逐通道的核做的投影。
        pointwise_constraint：每次更新之后对混合通道的核做的投影。
    """

    filters: int
    depth_multiplier: int

    def __init__(
        self,
        filters: int,
        kernel_size: Size,
        strides: Size = 1,
        padding: ConvPadding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: Size = 1,
        depth_multiplier: int = 1,
        activation: Activation = None,
        use_bias: bool = True,
        depthwise_initializer: Initializer = "glorot_uniform",
        pointwise_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros",
        depthwise_regularizer: Regularizer = None,
        pointwise_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None,
        depthwise_constraint: Constraint = None,
        pointwise_constraint: Constraint = None,
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
            depth_multiplier=count(self._label(), "depth_multiplier", depth_multiplier),
            depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer,
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
        )

    def _out_channels(self, channels):
        return self.filters

    def _build_kernels(self, channels):
        depth = self.depth_multiplier
        self.depthwise_kernel = self._weight(
            "depthwise_kernel", (*self.kernel_size, channels, depth), "depthwise"
        )
        ones = (1,) * self.rank
        self.pointwise_kernel = self._weight(
            "pointwise_kernel", (*ones, depth * channels, self.filters), "pointwise"
        )

    def _convolve(self, inputs):
        return type(self).convolution(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )


class SeparableConv1D(SeparableConv):
    """一维可分离卷积层：先逐通道卷积，再用长度为 1 的卷积混合通道，权重比 Conv1D 少得多。

    输入 (batch, steps, channels)，输出 (batch, new_steps, filters)；
    channels_first 时通道在第 1 轴。
    权重 depthwise_kernel: (kernel_size, channels, depth_multiplier)，
    pointwise_kernel: (1, channels·depth_multiplier, filters)，bias: (filters,)。
    步幅与膨胀率可以同时大于 1（Keras 2.2.5 的 TensorFlow 后端这时算错，labkit 按定义计算）。
    出错：核比输入长，抛出 ValueError。来源：Chollet，2017（Xception）。
    """

    rank = 1
    convolution = K.separable_conv1d
    __init__ = with_defaults(SeparableConv.__init__, data_format="channels_last")


class SeparableConv2D(SeparableConv):
    """二维可分离卷积层：先逐通道卷积，再用 1×1 的卷积混合通道，权重比 Conv2D 少得多。

    输入 (batch, rows, cols, channels)，输出 (batch, out_rows, out_cols, filters)；
    channels_first 时通道在第 1 轴。
    权重 depthwise_kernel: (*kernel_size, channels, depth_multiplier)，
    pointwise_kernel: (1, 1, channels·depth_multiplier, filters)，bias: (filters,)。
    步幅与膨胀率可以同时大于 1（Keras 2.2.5 的 TensorFlow 后端这时算错，labkit 按定义计算）。
    出错：核比输入大，抛出 ValueError。来源：Chollet，2017（Xception）。
    """

    rank = 2
    convolution = K.separable_conv2d
    __init__ = with_defaults(SeparableConv.__init__, strides=(1, 1), dilation_rate=(1, 1))


class DepthwiseConv2D(Windowed):
    """逐通道卷积层：每个输入通道用自己的 depth_multiplier 个核，通道之间不混合。

    输入 (batch, rows, cols, channels)，
    输出 (batch, out_rows, out_cols, channels·depth_multiplier)，
    channels_first 时通道在第 1 轴。
    权重 depthwise_kernel: (*kernel_size, channels, depth_multiplier)，
    bias: (channels·depth_multiplier,)。
    两个方向的步幅可以不同（Keras 2.2.5 的 TensorFlow 后端这时报错，labkit 按定义计算）。
    出错：核比输入大，抛出 ValueError。来源：Howard 等，2017（MobileNet）。

    参数：
        depth_multiplier：正整数，每个输入通道有几个自己的核。
        depthwise_initializer：核的初始值怎样产生。
        depthwise_regularizer：加在损失上的一项，由核算出。
        depthwise_constraint：每次更新之后对核做的投影。
    """

    rank = 2
    depth_multiplier: int

    def __init__(
        self,
        kernel_size: Size,
        strides: Size = (1, 1),
        padding: ConvPadding = "valid",
        depth_multiplier: int = 1,
        data_format: DataFormat | None = None,
        dilation_rate: Size = (1, 1),
        activation: Activation = None,
        use_bias: bool = True,
        depthwise_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros",
        depthwise_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None,
        depthwise_constraint: Constraint = None,
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
            depth_multiplier=count(self._label(), "depth_multiplier", depth_multiplier),
            depthwise_initializer=depthwise_initializer,
            depthwise_regularizer=depthwise_regularizer,
            depthwise_constraint=depthwise_constraint,
        )

    def _out_channels(self, channels):
        return None if channels is None else channels * self.depth_multiplier

    def _build_kernels(self, channels):
        self.depthwise_kernel = self._weight(
            "depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise"
        )

    def _convolve(self, inputs):
        return K.depthwise_conv2d(
            inputs,
            self.depthwise_kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
