"""Convolutional layers: one base of any rank, one thin class per rank."""

from __future__ import annotations

from .. import activations, constraints, initializers, regularizers
from .. import backend as K
from ..backend.config import normalize_data_format
from ..backend.windows import effective_size, output_length
from ..errors import explain
from ..layer import InputSpec, Layer
from ..types import Activation, Constraint, ConvPadding, DataFormat, Initializer, Regularizer, Size
from ..validation import choice, positive, size, with_defaults


class Conv(Layer):
    """N 维卷积的公共部分；rank 是空间轴的个数。"""

    rank: int

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
        super().__init__(**kwargs)
        where = self._label()
        self.filters = positive(where, "filters", filters)
        self.kernel_size = size(where, "kernel_size", kernel_size, self.rank)
        self.strides = size(where, "strides", strides, self.rank)
        self.data_format = normalize_data_format(data_format)
        self.dilation_rate = size(where, "dilation_rate", dilation_rate, self.rank)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.padding = choice(where, "padding", padding, ConvPadding)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _channel_axis(self) -> int:
        return 1 if self.data_format == "channels_first" else -1

    def _check_settings(self) -> None:
        """What Keras, too, refuses only when the layer meets its input."""
        if self.padding == "causal" and self.rank != 1:
            raise ValueError(
                explain(
                    self._label(),
                    "padding='causal'",
                    "因果补零只在前面补，只对一个时间轴有意义，即只有 Conv1D 有",
                    "padding='same'",
                )
            )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                explain(
                    self._label(),
                    f"strides={self.strides}，dilation_rate={self.dilation_rate}",
                    "步幅与膨胀率不能同时大于 1",
                    f"strides={(1,) * self.rank} 或 dilation_rate={(1,) * self.rank}",
                )
            )

    def build(self, input_shape):
        self._check_settings()
        self.compute_output_shape(input_shape)
        channels = input_shape[self._channel_axis]
        self.kernel = self.add_weight(
            "kernel",
            (*self.kernel_size, channels, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                (self.filters,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self._channel_axis: channels})
        self.built = True

    def compute_output_shape(self, input_shape):
        first = self.data_format == "channels_first"
        space = window_outputs(
            self._label(),
            "kernel_size",
            input_shape[2:] if first else input_shape[1:-1],
            self.kernel_size,
            self.padding,
            self.strides,
            self.dilation_rate,
        )
        return (
            (input_shape[0], self.filters, *space)
            if first
            else (input_shape[0], *space, self.filters)
        )

    def call(self, inputs):
        self.compute_output_shape(K.int_shape(inputs))  # raises where the kernel does not fit
        y = self._convolve(inputs)
        if self.bias is not None:
            y = K.bias_add(y, self.bias, data_format=self.data_format)
        return self.activation(y)

    def _convolve(self, inputs):
        raise NotImplementedError


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
    __init__ = with_defaults(Conv.__init__, strides=(1, 1), dilation_rate=(1, 1))

    def _convolve(self, inputs):
        return K.conv2d(
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )


def window_outputs(where, name, space, sizes, padding, strides, dilation):
    """The output length of every spatial axis; ValueError where the window exceeds its input."""
    outputs = tuple(
        output_length(n, k, padding, s, d)
        for n, k, s, d in zip(space, sizes, strides, dilation, strict=True)
    )
    if all(n is None or n > 0 for n in outputs):
        return outputs
    covered = tuple(effective_size(k, d) for k, d in zip(sizes, dilation, strict=True))
    fitting = tuple(k if n is None else min(k, n) for k, n in zip(sizes, space, strict=True))
    raise ValueError(
        explain(
            where,
            f"空间尺寸 {tuple(space)}，{name}={sizes}（覆盖 {covered}），"
            f"strides={strides}，padding={padding!r}",
            f"窗口不能大于输入：输出长度 = ⌊(n − covered) / strides⌋ + 1 = {outputs}，"
            "必须至少为 1；每经过一层，尺寸都会变小",
            f"{name}={fitting}，或 padding='same'，或减少前面的层",
        )
    )
