"""ConvLSTM2D: an LSTM whose matrix products are convolutions."""

from __future__ import annotations

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
from ..arguments.validation import choice, count, known_channels, rate, size
from ..backend.config import normalize_data_format
from ..engine.base_layer import InputSpec, Layer
from ..errors import explain
from .recurrent.cells import drawn, lstm_bias, with_gates
from .recurrent.layers import CellLayer, headed
from .recurrent.rnn import RNN
from .settings import take
from .windows import stride_or_dilation, window_outputs


@with_gates("ifco", "kernel", "recurrent_kernel", "bias")
class ConvLSTM2DCell(Layer):
    """ConvLSTM2D 的一步：与 LSTMCell 相同，矩阵乘法换成二维卷积。

    输入 (batch, rows, cols, channels)，状态 h、c 各为 (batch, out_rows, out_cols, filters)；
    channels_first 时通道在第 1 轴。
    权重 kernel: (*kernel_size, channels, 4·filters)，
    recurrent_kernel: (*kernel_size, filters, 4·filters)，bias: (4·filters,)，各门的次序是 i f c o。
    对状态的卷积步幅为 1、补零为 same，所以状态的大小不变。来源：Shi 等，2015。
    """

    filters: int
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation_rate: tuple[int, ...]
    data_format: str
    padding: str
    use_bias: bool
    dropout: float
    recurrent_dropout: float
    activation: Callable[..., Any]
    recurrent_activation: Callable[..., Any]

    def __init__(
        self,
        filters: int,
        kernel_size: Size,
        strides: Size = (1, 1),
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: Size = (1, 1),
        activation: Activation = "tanh",
        recurrent_activation: Activation = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal",
        bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        where = self._label()
        take(
            self,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        take(
            self,
            dropout=rate(where, "dropout", dropout),
            recurrent_dropout=rate(where, "recurrent_dropout", recurrent_dropout),
            filters=count(where, "filters", filters),
            kernel_size=size(where, "kernel_size", kernel_size, 2),
            strides=size(where, "strides", strides, 2),
            padding=choice(where, "padding", padding, Padding),
            data_format=normalize_data_format(data_format),
            dilation_rate=size(where, "dilation_rate", dilation_rate, 2),
        )
        self.state_size = (self.filters, self.filters)
        self._dropout_mask = self._recurrent_dropout_mask = None

    @property
    def uses_learning_phase(self) -> bool:
        """有没有 Dropout。"""
        return max(self.dropout, self.recurrent_dropout) > 0

    def build(self, input_shape):
        stride_or_dilation(self._label(), self.strides, self.dilation_rate)
        channels = input_shape[1 if self.data_format == "channels_first" else -1]
        known_channels(self._label(), input_shape, channels)
        width = 4 * self.filters
        self.kernel = self._weight("kernel", (*self.kernel_size, channels, width))
        self.recurrent_kernel = self._weight(
            "recurrent_kernel", (*self.kernel_size, self.filters, width), "recurrent"
        )
        self.bias = self._build_bias(width) if self.use_bias else None
        self.built = True

    def _build_bias(self, width: int):
        return lstm_bias(self, width, self.filters)

    def output_shape_of(self, shape) -> tuple:
        """一步的输出形状。"""
        first = self.data_format == "channels_first"
        space = window_outputs(
            self._label(),
            "kernel_size",
            shape[2:] if first else shape[1:-1],
            self.kernel_size,
            self.padding,
            self.strides,
            self.dilation_rate,
        )
        return (shape[0], self.filters, *space) if first else (shape[0], *space, self.filters)

    def begin_sequence(self) -> None:
        """Forget the masks: the first step of a sequence draws those of all its steps."""
        self._dropout_mask = self._recurrent_dropout_mask = None

    def call(self, inputs, states, training=None):
        h, c = states
        self._dropout_mask, masks = drawn(self._dropout_mask, inputs, self.dropout, training, 4)
        self._recurrent_dropout_mask, recurrent_masks = drawn(
            self._recurrent_dropout_mask, h, self.recurrent_dropout, training, 4
        )
        z = self._convolve(inputs, self.kernel, masks, self.strides, self.padding)
        if self.bias is not None:
            z = K.bias_add(z, self.bias, data_format=self.data_format)
        z = z + self._convolve(h, self.recurrent_kernel, recurrent_masks, (1, 1), "same")
        axis = 1 if self.data_format == "channels_first" else -1
        i, f, candidate, o = K.split(z, parts=4, axis=axis)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(candidate)
        h = gate(o) * self.activation(c)
        return h, [h, c]

    def _convolve(self, x, kernel, masks, strides, padding):
        dilation = self.dilation_rate if kernel is self.kernel else (1, 1)

        def conv(x, kernel):
            return K.conv2d(x, kernel, strides, padding, self.data_format, dilation)

        if masks[0] is None:
            return conv(x, kernel)
        axis = 1 if self.data_format == "channels_first" else -1
        parts = zip(masks, K.split(kernel, parts=4), strict=True)
        return K.concatenate([conv(x * mask, part) for mask, part in parts], axis=axis)


class ConvRNN2D(RNN):
    """沿时间轴反复调用一个卷积单元；输入是五维的图像序列。

    参数：
        cell：卷积单元，例如 ConvLSTM2DCell。
    """

    def __init__(
        self,
        cell,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs,
    ):
        if isinstance(cell, list | tuple):
            raise TypeError(
                explain(
                    type(self).__name__,
                    f"{len(cell)} 个单元的列表",
                    "卷积单元不能叠起来",
                    "几个 ConvLSTM2D 层，前面的 return_sequences=True",
                )
            )
        if unroll:
            raise TypeError(
                explain(type(self).__name__, "unroll=True", "卷积循环层不能展开", "unroll=False")
            )
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll, **kwargs
        )
        self.cell: Any = cell
        self.input_spec = [InputSpec(ndim=5)]

    def _state_shapes(self, input_shape):
        shape = self.cell.output_shape_of((input_shape[0], *input_shape[2:]))
        return [shape] * len(self._state_sizes)

    def compute_output_shape(self, input_shape):
        shape, _ = self._split_shapes(input_shape)
        state, *_ = states = self._state_shapes(shape)
        y = (*shape[:2], *state[1:]) if self.return_sequences else state
        return [y, *states] if self.return_state else y


class ConvLSTM2D(CellLayer, ConvRNN2D):
    """卷积 LSTM 层：输入与状态都是图像，门由卷积算出，用于视频、雷达图的预测。

    输入 (batch, time, rows, cols, channels)，输出 (batch, out_rows, out_cols, filters)；
    return_sequences=True 时 (batch, time, out_rows, out_cols, filters)；channels_first 时通道在
    第 2 轴；return_state=True（关键字参数）时再返回 h 与 c。
    权重 kernel: (*kernel_size, channels, 4·filters)，
    recurrent_kernel: (*kernel_size, filters, 4·filters)，bias: (4·filters,)，各门的次序是 i f c o。
    没有 peephole 连接。
    出错：输入不是五维、核比输入大、strides 与 dilation_rate 同时大于 1、再次调用时图像的大小与
    建层时不同、掩码不是 (batch, time)，抛出 ValueError；unroll=True 抛出 TypeError。
    Keras 2.2.5 里 initial_state 只能是数组，符号张量会出错；labkit 按文档计算。
    来源：Shi 等，2015。
    """

    _cell_class = ConvLSTM2DCell

    def __init__(
        self,
        filters: int,
        kernel_size: Size,
        strides: Size = (1, 1),
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: Size = (1, 1),
        activation: Activation = "tanh",
        recurrent_activation: Activation = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal",
        bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs,
    ):
        with headed(self._cell_class, type(self)):
            cell = self._cell_class(
                filters=filters,
                kernel_size=kernel_size,
                strides=strides,
                padding=padding,
                data_format=data_format,
                dilation_rate=dilation_rate,
                activation=activation,
                recurrent_activation=recurrent_activation,
                use_bias=use_bias,
                kernel_initializer=kernel_initializer,
                recurrent_initializer=recurrent_initializer,
                bias_initializer=bias_initializer,
                unit_forget_bias=unit_forget_bias,
                kernel_regularizer=kernel_regularizer,
                recurrent_regularizer=recurrent_regularizer,
                bias_regularizer=bias_regularizer,
                kernel_constraint=kernel_constraint,
                recurrent_constraint=recurrent_constraint,
                bias_constraint=bias_constraint,
                dropout=dropout,
                recurrent_dropout=recurrent_dropout,
            )
        super().__init__(
            cell,
            activity_regularizer,
            return_sequences=return_sequences,
            go_backwards=go_backwards,
            stateful=stateful,
            **kwargs,
        )

    def get_config(self):
        extra = {"return_state": self.return_state, "unroll": self.unroll}
        return {**super().get_config(), **extra}
