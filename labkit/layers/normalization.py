"""BatchNormalization."""

from __future__ import annotations

import numpy as np

from .. import backend as K
from ..arguments.types import Constraint, Initializer, Regularizer
from ..arguments.validation import is_integer, number
from ..engine.base_layer import InputSpec, Layer
from ..errors import explain
from ..manner import manner
from .settings import take


class BatchNormalization(Layer):
    """批归一化层：按通道减均值、除标准差，再乘 gamma、加 beta。形状不变。

    训练时用这一批的均值与方差，并更新移动平均 moving = moving·momentum + batch·(1 − momentum)；
    预测时用移动平均。权重 gamma、beta（可训练）与 moving_mean、moving_variance（不可训练），
    形状都是 (channels,)。
    移动方差存入前乘 n / (n − (1 + epsilon))，n 是每个通道的样本数（Keras 的规则）；
    TensorFlow 后端还会修正移动平均的零起点，set_manner("keras") 时照它做。
    来源：Ioffe 与 Szegedy，2015。
    出错：axis 超出维数抛出 IndexError；该轴长度未知抛出 ValueError。

    参数：
        axis：整数，通道所在的轴；channels_first 的图像用 1。
        momentum：0 到 1 之间的数，旧的移动平均所占的比重。
        epsilon：不小于 0 的数，加在方差上，防止除以 0。
        center：布尔值，是否加 beta。
        scale：布尔值，是否乘 gamma；后面是线性的层时可以不要。
        beta_initializer：beta 的初始值怎样产生，默认全是 0。
        gamma_initializer：gamma 的初始值怎样产生，默认全是 1。
        moving_mean_initializer：移动均值的初始值怎样产生，默认全是 0。
        moving_variance_initializer：移动方差的初始值怎样产生，默认全是 1。
        beta_regularizer：加在损失上的一项，由 beta 算出。
        gamma_regularizer：加在损失上的一项，由 gamma 算出。
        beta_constraint：每次更新之后对 beta 做的投影。
        gamma_constraint：每次更新之后对 gamma 做的投影。
    """

    adds_updates = True
    axis: int
    momentum: float
    epsilon: float
    center: bool
    scale: bool

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Initializer = "zeros",
        gamma_initializer: Initializer = "ones",
        moving_mean_initializer: Initializer = "zeros",
        moving_variance_initializer: Initializer = "ones",
        beta_regularizer: Regularizer = None,
        gamma_regularizer: Regularizer = None,
        beta_constraint: Constraint = None,
        gamma_constraint: Constraint = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        take(
            self,
            axis=axis,
            momentum=number(self._label(), "momentum", momentum, 0.0, 1.0),
            epsilon=number(self._label(), "epsilon", epsilon, 0.0, np.inf),
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer,
            moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape):
        if not is_integer(self.axis):
            raise TypeError(
                explain(
                    self._label(), f"axis={self.axis!r}", "axis 是一个整数，通道所在的轴", "axis=-1"
                )
            )
        if not -len(input_shape) <= self.axis < len(input_shape):
            raise IndexError(
                explain(
                    self._label(),
                    f"axis={self.axis}，输入形状 {input_shape}",
                    f"axis 在 {-len(input_shape)} 到 {len(input_shape) - 1} 之间，是通道所在的轴",
                    "axis=-1",
                )
            )
        shape = (input_shape[self.axis],)
        self.gamma = self._weight("gamma", shape) if self.scale else None
        self.beta = self._weight("beta", shape) if self.center else None
        self.moving_mean = self._weight("moving_mean", shape, trainable=False)
        self.moving_variance = self._weight("moving_variance", shape, trainable=False)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: shape[0]})
        self.built = True

    def compute_output_shape(self, input_shape):
        return input_shape

    def call(self, inputs, training=None):
        ndim = K.ndim(inputs)
        channel = self.axis % ndim
        others = [axis for axis in range(ndim) if axis != channel]
        broadcast = tuple(-1 if axis == channel else 1 for axis in range(ndim))

        def along_channel(weight):
            return None if weight is None else K.reshape(weight, shape=broadcast)

        def normalize(mean, variance):
            beta, gamma = along_channel(self.beta), along_channel(self.gamma)
            return K.batch_normalization(inputs, mean, variance, beta, gamma, epsilon=self.epsilon)

        def with_batch_statistics():
            mean, variance = K.moments(inputs, others)
            n = K.count_params(inputs) // K.int_shape(inputs)[channel]
            unbiased = variance * (n / (n - (1.0 + self.epsilon)))
            if manner() == "keras" and ndim == 4 and channel == 3:
                # TensorFlow's kernel for images has corrected for the sample size before.
                unbiased = unbiased * (n / max(n - 1, 1))
            self.add_update(
                [
                    K.moving_average_update(self.moving_mean, K.flatten(mean), self.momentum),
                    K.moving_average_update(
                        self.moving_variance, K.flatten(unbiased), self.momentum
                    ),
                ],
                inputs,
            )
            return normalize(mean, variance)

        def with_moving_averages():
            return normalize(along_channel(self.moving_mean), along_channel(self.moving_variance))

        return K.in_train_phase(with_batch_statistics, with_moving_averages, training=training)
