"""Pooling layers: one base of any rank, one thin class per rank and kind."""

from __future__ import annotations

from .. import backend as K
from ..backend.config import normalize_data_format
from ..layer import InputSpec, Layer
from ..types import DataFormat, Padding, Size
from ..validation import choice, size, with_defaults
from .convolutional import window_outputs


class Pooling(Layer):
    """N 维池化的公共部分；rank 是空间轴的个数。"""

    rank: int

    def __init__(
        self,
        pool_size: Size = 2,
        strides: Size | None = None,
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        where = self._label()
        self.pool_size = size(where, "pool_size", pool_size, self.rank)
        self.strides = (
            self.pool_size if strides is None else size(where, "strides", strides, self.rank)
        )
        self.padding = choice(where, "padding", padding, Padding)
        self.data_format = normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def compute_output_shape(self, input_shape):
        first = self.data_format == "channels_first"
        space = window_outputs(
            self._label(),
            "pool_size",
            input_shape[2:] if first else input_shape[1:-1],
            self.pool_size,
            self.padding,
            self.strides,
            (1,) * self.rank,
        )
        channels = input_shape[1 if first else -1]
        return (input_shape[0], channels, *space) if first else (input_shape[0], *space, channels)

    def call(self, inputs):
        self.compute_output_shape(K.int_shape(inputs))  # raises where the window does not fit
        return self._pool(inputs)

    def _pool(self, inputs):
        raise NotImplementedError


class MaxPooling2D(Pooling):
    """二维最大池化层：每个窗口只留最大的一个数，没有权重。

    输入 (batch, rows, cols, channels)，输出 (batch, out_rows, out_cols, channels)；
    channels_first 时通道在第 1 轴。strides=None 时等于 pool_size。
    valid：out = ⌊(n − pool_size) / strides⌋ + 1；same：out = ⌈n / strides⌉。
    梯度只流向窗口里最大的那一格，并列时归第一格（TensorFlow 的约定）。
    出错：窗口比输入大，抛出 ValueError。
    """

    rank = 2
    __init__ = with_defaults(Pooling.__init__, pool_size=(2, 2))

    def _pool(self, inputs):
        return K.pool2d(
            inputs, self.pool_size, self.strides, self.padding, self.data_format, pool_mode="max"
        )
