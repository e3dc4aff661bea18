"""Layers that add noise in the training phase only."""

from __future__ import annotations

import numpy as np

from .. import backend as K
from ..arguments.validation import number, random_shape
from ..arguments.validation import rate as share
from ..engine.base_layer import Layer


class Noise(Layer):
    """噪声层的公共部分：只在训练时起作用，形状不变。"""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape):
        return input_shape

    def call(self, inputs, training=None):
        if not self._active:
            return inputs
        return K.in_train_phase(lambda: self._noised(inputs), inputs, training=training)

    @property
    def _active(self) -> bool:
        return True

    def _noised(self, inputs):
        raise NotImplementedError


class GaussianNoise(Noise):
    """高斯噪声层：训练时给每个元素加上均值为 0、标准差为 stddev 的正态噪声，预测时原样通过。

    形状不变，没有权重。

    参数：
        stddev：不小于 0 的数，噪声的标准差。
    """

    def __init__(self, stddev: float, **kwargs):
        super().__init__(**kwargs)
        self.stddev = number(self._label(), "stddev", stddev, 0.0, np.inf)

    def _noised(self, inputs):
        return inputs + K.random_normal(shape=K.int_shape(inputs), stddev=self.stddev)


class GaussianDropout(Noise):
    """高斯失活层：训练时乘上均值为 1、标准差为 √(rate / (1 − rate)) 的正态噪声，预测时原样通过。

    形状不变，没有权重；rate 不在 0 与 1 之间时不起作用。来源：Srivastava 等，2014。

    参数：
        rate：0 到 1 之间的数，与 Dropout 的 rate 相当。
    """

    def __init__(self, rate: float, **kwargs):
        super().__init__(**kwargs)
        self.rate = share(self._label(), "rate", rate, cut=False)

    @property
    def _active(self):
        return 0 < self.rate < 1

    def _noised(self, inputs):
        stddev = np.sqrt(self.rate / (1.0 - self.rate))
        return inputs * K.random_normal(shape=K.int_shape(inputs), mean=1.0, stddev=stddev)


class AlphaDropout(Noise):
    """Alpha 失活层：保持均值与方差，训练时把元素换成 selu 的负饱和值，再做一次仿射变换；配合 selu。

    形状不变，没有权重；预测时原样通过。α' = −1.0507·1.6733，
    a = ((1 − rate)(1 + rate·α'²))^(−1/2)，b = −a·α'·rate，输出 a·(x 或 α') + b。
    来源：Klambauer 等，2017。

    参数：
        rate：0 到 1 之间的数，被替换的比例。
    """

    def __init__(
        self,
        rate: float,
        noise_shape: tuple[int | None, ...] | None = None,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.rate = share(self._label(), "rate", rate, cut=False)
        self.noise_shape = noise_shape
        self.seed = seed
        self._generator = K.generator(seed)

    @property
    def _active(self):
        return 0 < self.rate < 1

    def _noised(self, inputs):
        shape = random_shape(self._label(), self.noise_shape, K.int_shape(inputs))
        kept = K.random_uniform(shape, seed=self._generator) >= self.rate
        kept = kept.astype(K.floatx())
        dropped = -1.6732632423543772 * 1.0507009873554805
        a = ((1 - self.rate) * (1 + self.rate * dropped**2)) ** -0.5
        b = -a * dropped * self.rate
        return (inputs * kept + dropped * (1 - kept)) * a + b

    def get_config(self):
        # As Keras, which forgets the noise's shape and seed.
        config = super().get_config()
        del config["noise_shape"], config["seed"]
        return config
