"""Transposed convolution: the step of a convolution's backward pass as a layer of its own."""

from __future__ import annotations

from ... import backend as K
from ...arguments.types import (
    Activation,
    Constraint,
    DataFormat,
    Initializer,
    Padding,
    Regularizer,
    Size,
)
from ...arguments.validation import is_integer
from ...backend.windows import output_length
from ...errors import explain
from ...manner import refuse
from ...utils.conv_utils import deconv_length
from .convolution import Conv, Windowed


class ConvTranspose(Conv):
    """N 维转置卷积的公共部分：核 (*kernel_size, filters, channels)。"""

    output_padding: tuple[int, ...] | None

    def _set_output_padding(self, output_padding) -> None:
        if output_padding is not None:
            output_padding = self._sizes(output_padding)
            if any(p >= s for p, s in zip(output_padding, self.strides, strict=True)):
                raise ValueError(
                    explain(
                        self._label(),
                        f"output_padding={output_padding}，strides={self.strides}",
                        "每个轴上 output_padding 小于 strides：多出的格数不足一步",
                        f"output_padding={tuple(s - 1 for s in self.strides)}",
                    )
                )
        self.output_padding = output_padding

    def _sizes(self, value) -> tuple[int, ...]:
        values = (value,) * self.rank if is_integer(value) else value
        fits = isinstance(values, list | tuple) and len(values) == self.rank
        if not fits or not all(is_integer(n) and n >= 0 for n in values):
            raise ValueError(
                explain(
                    self._label(),
                    f"output_padding={value!r}",
                    f"output_padding 是不小于 0 的整数，或 {self.rank} 个这样的整数",
                    f"output_padding={(1,) * self.rank}",
                )
            )
        return tuple(values)

    def _check_settings(self):
        # Strides and dilation may go together here, other than in Conv.
        Windowed._check_settings(self)

    def _build_kernels(self, channels):
        self.kernel = self._weight("kernel", (*self.kernel_size, self.filters, channels))

    def _output_space(self, space):
        padding = self.output_padding or (None,) * self.rank
        outputs = tuple(
            deconv_length(n, s, k, self.padding, p, d)
            for n, k, s, d, p in zip(
                space, self.kernel_size, self.strides, self.dilation_rate, padding, strict=True
            )
        )
        back = tuple(
            output_length(n, k, self.padding, s, d)
            for n, k, s, d in zip(
                outputs, self.kernel_size, self.strides, self.dilation_rate, strict=True
            )
        )
        if any(
            n is not None and (n < 1 or m != b)
            for n, m, b in zip(outputs, space, back, strict=True)
        ):
            raise ValueError(
                explain(
                    self._label(),
                    f"空间尺寸 {tuple(space)}，output_padding={self.output_padding}",
                    f"输出长度 (n − 1)·strides + covered − 2·pad + output_padding = {outputs}，"
                    f"必须至少为 1，而且对它做同样的卷积要回到输入的尺寸，这里回到 {back}",
                    "output_padding=None，或奇数的 kernel_size",
                )
            )
        return outputs

    def _convolve(self, inputs):
        settings = {} if self.rank == 3 else {"dilation_rate": self.dilation_rate}
        return type(self).convolution(
            inputs,
            self.kernel,
            self.compute_output_shape(K.int_shape(inputs)),
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            **settings,
        )


class Conv2DTranspose(ConvTranspose):
    """二维转置卷积层：把每个输入乘上核，铺到更大的图上，重叠处相加；常用来放大特征图。

    它的前向就是 Conv2D 对输入求梯度的那一步，不是卷积的逆运算。
    输入 (batch, rows, cols, channels)，输出 (batch, out_rows, out_cols, filters)；
    channels_first 时通道在第 1 轴。
    权重 kernel: (*kernel_size, filters, channels)，注意后两轴与 Conv2D 相反；bias: (filters,)。
    covered = (kernel_size − 1)·dilation_rate + 1。不给 output_padding 时，
    valid：out = n·strides + max(covered − strides, 0)；same：out = n·strides。
    给出时 out = (n − 1)·strides + covered − 2·pad + output_padding，
    same 的 pad = ⌊covered / 2⌋，valid 的 pad = 0。
    出错：output_padding 不小于 strides，抛出 ValueError。
    来源：Zeiler 等，2010；Dumoulin 与 Visin，2016。

    参数：
        output_padding：整数或整数元组，输出在每个轴上多出几格，必须小于 strides。
            `None` 表示由输入推出。
    """

    rank = 2
    convolution = K.conv2d_transpose

    def __init__(
        self,
        filters: int,
        kernel_size: Size,
        strides: Size = (1, 1),
        padding: Padding = "valid",
        output_padding: Size | None = None,
        data_format: DataFormat | None = None,
        dilation_rate: Size = (1, 1),
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
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self._set_output_padding(output_padding)


class Conv3DTranspose(ConvTranspose):
    """三维转置卷积层：规则同 Conv2DTranspose，多一个空间轴。

    输入 (batch, dim1, dim2, dim3, channels)，输出 (batch, out1, out2, out3, filters)；
    channels_first 时通道在第 1 轴。
    权重 kernel: (*kernel_size, filters, channels)，bias: (filters,)。
    没有 dilation_rate 参数（Keras 2.2.5 不支持三维的空洞转置卷积）。
    出错：output_padding 不小于 strides，抛出 ValueError。

    参数：
        output_padding：整数或三个整数，输出在每个轴上多出几格，必须小于 strides。
            `None` 表示由输入推出。
    """

    rank = 3
    convolution = K.conv3d_transpose

    def __init__(
        self,
        filters: int,
        kernel_size: Size,
        strides: Size = (1, 1, 1),
        padding: Padding = "valid",
        output_padding: Size | None = None,
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
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        if max(self.dilation_rate) > 1:
            refuse(
                ValueError(
                    explain(
                        self._label(),
                        f"dilation_rate={self.dilation_rate}",
                        "三维转置卷积没有膨胀（Keras 2.2.5 收下这个参数却不使用）",
                        "去掉 dilation_rate",
                    )
                )
            )
            self.dilation_rate = (1, 1, 1)
        self._set_output_padding(output_padding)
