"""Pooling layers: one base of any rank, one thin class per rank and kind."""

from __future__ import annotations

from typing import ClassVar

from .. import backend as K
from ..arguments.types import DataFormat, Padding, Size
from ..arguments.validation import choice, size, with_defaults
from ..backend.config import normalize_data_format
from ..engine.base_layer import InputSpec, Layer
from .windows import window_outputs


class Pooling(Layer):
    """N 维池化的公共部分；rank 是空间轴的个数，mode 是 "max" 或 "avg"。"""

    rank: int
    mode: str

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
        pool = K.pool3d if self.rank == 3 else K.pool2d
        return pool(inputs, self.pool_size, self.strides, self.padding, self.data_format, self.mode)


class Pooling1D(Pooling):
    """一维池化的公共部分：补上一个长度为 1 的轴，按二维计算。"""

    rank = 1
    __init__ = with_defaults(Pooling.__init__, data_format="channels_last")

    def _pool(self, inputs):
        axis = 2 if self.data_format == "channels_last" else 3
        y = K.pool2d(
            K.expand_dims(inputs, axis=axis),
            (*self.pool_size, 1),
            (*self.strides, 1),
            self.padding,
            self.data_format,
            self.mode,
        )
        return K.squeeze(y, axis=axis)


class MaxPooling1D(Pooling1D):
    """一维最大池化层：每个窗口只留最大的一个数，没有权重。

    输入 (batch, steps, channels)，输出 (batch, out_steps, channels)；
    channels_first 时通道在第 1 轴。strides=None 时等于 pool_size。
    valid：out = ⌊(n − pool_size) / strides⌋ + 1；same：out = ⌈n / strides⌉。
    梯度只流向窗口里最大的那一格，并列时归第一格。出错：窗口比输入长，抛出 ValueError。
    """

    mode = "max"


class MaxPooling2D(Pooling):
    """二维最大池化层：每个窗口只留最大的一个数，没有权重。

    输入 (batch, rows, cols, channels)，输出 (batch, out_rows, out_cols, channels)；
    channels_first 时通道在第 1 轴。strides=None 时等于 pool_size。
    valid：out = ⌊(n − pool_size) / strides⌋ + 1；same：out = ⌈n / strides⌉。
    梯度只流向窗口里最大的那一格，并列时归第一格（TensorFlow 的约定）。
    出错：窗口比输入大，抛出 ValueError。
    """

    rank, mode = 2, "max"
    __init__ = with_defaults(Pooling.__init__, pool_size=(2, 2))


class MaxPooling3D(Pooling):
    """三维最大池化层：每个窗口只留最大的一个数，没有权重。

    输入 (batch, dim1, dim2, dim3, channels)，输出 (batch, out1, out2, out3, channels)；
    channels_first 时通道在第 1 轴。各轴长度的算法同 MaxPooling2D。
    出错：窗口比输入大，抛出 ValueError。
    """

    rank, mode = 3, "max"
    __init__ = with_defaults(Pooling.__init__, pool_size=(2, 2, 2))


class AveragePooling1D(Pooling1D):
    """一维平均池化层：每个窗口取平均，没有权重。

    输入 (batch, steps, channels)，输出 (batch, out_steps, channels)；
    channels_first 时通道在第 1 轴。padding="same" 补的格子不算在内，边上的窗口除以真正的格数。
    出错：窗口比输入长，抛出 ValueError。
    """

    mode = "avg"


class AveragePooling2D(Pooling):
    """二维平均池化层：每个窗口取平均，没有权重。

    输入 (batch, rows, cols, channels)，输出 (batch, out_rows, out_cols, channels)；
    channels_first 时通道在第 1 轴。padding="same" 补的格子不算在内，边上的窗口除以真正的格数。
    出错：窗口比输入大，抛出 ValueError。
    """

    rank, mode = 2, "avg"
    __init__ = with_defaults(Pooling.__init__, pool_size=(2, 2))


class AveragePooling3D(Pooling):
    """三维平均池化层：每个窗口取平均，没有权重。

    输入 (batch, dim1, dim2, dim3, channels)，输出 (batch, out1, out2, out3, channels)；
    channels_first 时通道在第 1 轴。padding="same" 补的格子不算在内。
    出错：窗口比输入大，抛出 ValueError。
    """

    rank, mode = 3, "avg"
    __init__ = with_defaults(Pooling.__init__, pool_size=(2, 2, 2))


class GlobalPooling(Layer):
    """整个空间合成一个数的公共部分。"""

    rank: int
    mode: ClassVar[str]

    def __init__(self, data_format: DataFormat | None = None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _space_axes(self) -> list[int]:
        first = 2 if self.data_format == "channels_first" else 1
        return list(range(first, first + self.rank))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[1 if self.data_format == "channels_first" else -1])

    def call(self, inputs):
        combine = K.max if self.mode == "max" else K.mean
        return combine(inputs, axis=self._space_axes)


class GlobalMaxPooling1D(GlobalPooling):
    """一维全局最大池化层：整个时间轴上每个通道只留最大的一个数，没有权重。

    输入 (batch, steps, channels)，输出 (batch, channels)；channels_first 时通道在第 1 轴。
    不支持掩码。最大值并列时梯度平分（TensorFlow 的 reduce_max 的规则）。
    """

    rank, mode = 1, "max"
    __init__ = with_defaults(GlobalPooling.__init__, data_format="channels_last")


class GlobalMaxPooling2D(GlobalPooling):
    """二维全局最大池化层：整个图像上每个通道只留最大的一个数，没有权重。

    输入 (batch, rows, cols, channels)，输出 (batch, channels)；channels_first 时通道在第 1 轴。
    """

    rank, mode = 2, "max"


class GlobalMaxPooling3D(GlobalPooling):
    """三维全局最大池化层：三个空间轴上每个通道只留最大的一个数，没有权重。

    输入 (batch, dim1, dim2, dim3, channels)，输出 (batch, channels)；
    channels_first 时通道在第 1 轴。
    """

    rank, mode = 3, "max"


class GlobalAveragePooling1D(GlobalPooling):
    """一维全局平均池化层：每个通道在时间轴上取平均，没有权重。

    输入 (batch, steps, channels)，输出 (batch, channels)；channels_first 时通道在第 1 轴。
    支持掩码：被遮住的步不计入，除以留下的步数；掩码到此为止。
    """

    rank, mode = 1, "avg"
    __init__ = with_defaults(GlobalPooling.__init__, data_format="channels_last")

    def build(self, input_shape):
        self.supports_masking = True
        super().build(input_shape)

    def call(self, inputs, mask=None):
        if mask is None:
            return super().call(inputs)
        (axis,) = self._space_axes
        # The mask is (batch, steps); Keras lines it up with channels_last inputs.
        kept = K.reshape(K.cast(mask, K.floatx()), shape=(-1, K.int_shape(inputs)[axis], 1))
        return K.sum(inputs * kept, axis=axis) / K.sum(kept, axis=axis)

    def compute_mask(self, inputs, mask=None):
        return None


class GlobalAveragePooling2D(GlobalPooling):
    """二维全局平均池化层：每个通道在整个图像上取平均，没有权重。

    输入 (batch, rows, cols, channels)，输出 (batch, channels)；channels_first 时通道在第 1 轴。
    来源：Lin 等，2013（Network in Network）。
    """

    rank, mode = 2, "avg"


class GlobalAveragePooling3D(GlobalPooling):
    """三维全局平均池化层：每个通道在三个空间轴上取平均，没有权重。

    输入 (batch, dim1, dim2, dim3, channels)，输出 (batch, channels)；
    channels_first 时通道在第 1 轴。
    """

    rank, mode = 3, "avg"


AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = (
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
)
