"""Dropout, of single elements and of whole channels."""

from __future__ import annotations

from ... import backend as K
from ...arguments import validation
from ...arguments.types import DataFormat
from ...arguments.validation import is_integer
from ...backend.config import normalize_data_format
from ...backend.random import generator
from ...engine.base_layer import InputSpec, Layer
from ...errors import explain
from ...manner import refuse


class Dropout(Layer):
    """随机失活层：训练时以概率 rate 把元素置 0，其余乘 1 / (1 − rate)；预测时原样通过。

    形状不变，没有权重。rate 超出 [0, 1] 时截到端点；0 与 1 都等于关闭（Keras 2.2.5 的规则）。
    noise_shape 中为 1 的轴共用同一个随机决定，None 的轴取输入的长度。
    来源：Srivastava 等，2014。
    """

    def __init__(
        self,
        rate: float,
        noise_shape: tuple[int | None, ...] | None = None,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not (seed is None or is_integer(seed)):
            error = ValueError(
                explain(self._label(), f"seed={seed!r}", "seed 是整数或 None", "seed=0")
            )
            if not isinstance(seed, float):
                raise error
            refuse(error)
            seed = int(seed)
        self.rate = validation.rate(self._label(), "rate", rate)
        if noise_shape is not None:
            noise_shape = validation.shape(self._label(), "noise_shape", noise_shape)
        self.noise_shape = noise_shape
        self.seed = seed
        # One stream for the layer's life: every batch draws anew, also with a seed.
        self._generator = generator(seed)
        self.supports_masking = True

    def compute_output_shape(self, input_shape):
        validation.random_shape(self._label(), self.noise_shape, input_shape)
        return input_shape

    def call(self, inputs, training=None):
        return self._drop(inputs, self.noise_shape, training)

    def _drop(self, inputs, noise_shape, training):
        if not 0 < self.rate < 1:
            return inputs
        self.compute_output_shape(K.int_shape(inputs))  # raises where noise_shape does not fit
        return K.in_train_phase(
            lambda: K.dropout(
                inputs, level=self.rate, noise_shape=noise_shape, seed=self._generator
            ),
            inputs,
            training=training,
        )


class SpatialDropout(Dropout):
    """N 维空间失活的公共部分：整个通道一起丢弃。"""

    rank: int

    def __init__(self, rate: float, **kwargs):
        super().__init__(rate, **kwargs)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs, training=None):
        shape = K.int_shape(inputs)
        first = getattr(self, "data_format", None) == "channels_first"
        channel = 1 if first else self.rank + 1
        noise = tuple(n if axis in {0, channel} else 1 for axis, n in enumerate(shape))
        return self._drop(inputs, noise, training)

    def get_config(self):
        # As Keras, whose config has Dropout's parameters and not the data format.
        config = super().get_config()
        config.pop("data_format", None)
        return {**config, "noise_shape": self.noise_shape, "seed": self.seed}


class SpatialDropout1D(SpatialDropout):
    """一维空间失活层：训练时以概率 rate 丢弃整个通道（所有时间步一起），其余乘 1 / (1 − rate)。

    输入与输出 (batch, steps, channels)，没有权重。预测时原样通过。来源：Tompson 等，2014。
    """

    rank = 1


class SpatialDropout2D(SpatialDropout):
    """二维空间失活层：训练时以概率 rate 丢弃整张特征图，其余乘 1 / (1 − rate)。

    输入与输出 (batch, rows, cols, channels)，channels_first 时通道在第 1 轴；没有权重。
    预测时原样通过。来源：Tompson 等，2014。
    """

    rank = 2

    def __init__(self, rate: float, data_format: DataFormat | None = None, **kwargs):
        super().__init__(rate, **kwargs)
        self.data_format = normalize_data_format(data_format)


class SpatialDropout3D(SpatialDropout):
    """三维空间失活层：训练时以概率 rate 丢弃整个三维的特征图，其余乘 1 / (1 − rate)。

    输入与输出 (batch, dim1, dim2, dim3, channels)，channels_first 时通道在第 1 轴；没有权重。
    预测时原样通过。来源：Tompson 等，2014。
    """

    rank = 3

    def __init__(self, rate: float, data_format: DataFormat | None = None, **kwargs):
        super().__init__(rate, **kwargs)
        self.data_format = normalize_data_format(data_format)
