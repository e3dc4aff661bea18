"""Activation layers with settings or weights of their own."""

from __future__ import annotations

from .. import activations
from .. import backend as K
from ..arguments.types import Constraint, Initializer, Regularizer
from ..arguments.validation import finite, is_integer
from ..engine.base_layer import InputSpec, Layer
from ..errors import explain
from ..manner import refuse
from ..utils.generic_utils import to_list
from .settings import take


class ActivationLayer(Layer):
    """激活层的公共部分：形状不变，掩码原样传下去。"""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape):
        return input_shape


class LeakyReLU(ActivationLayer):
    """带泄漏的整流层：x ≥ 0 时输出 x，x < 0 时输出 alpha·x。形状不变，没有权重。

    来源：Maas 等，2013。

    参数：
        alpha：负半轴的斜率。
    """

    def __init__(self, alpha: float = 0.3, **kwargs):
        super().__init__(**kwargs)
        self.alpha = finite(self._label(), "alpha", alpha)

    def call(self, inputs):
        return K.relu(inputs, alpha=self.alpha)


class PReLU(ActivationLayer):
    """参数整流层：x ≥ 0 时输出 x，x < 0 时输出 alpha·x，alpha 是可训练的权重。形状不变。

    权重 alpha: 输入的形状去掉 batch 轴；shared_axes 中的轴长度为 1，沿这些轴共用。
    出错：除 batch 轴外有未知的长度（该轴不在 shared_axes 里），抛出 ValueError。来源：He 等，2015。

    参数：
        alpha_initializer：alpha 的初始值怎样产生，默认全是 0，即从 ReLU 开始。
        alpha_regularizer：加在损失上的一项，由 alpha 算出。
        alpha_constraint：每次更新之后对 alpha 做的投影。
        shared_axes：一个轴或轴的列表（从 1 数起，0 是 batch 轴），沿这些轴共用 alpha。
    """

    def __init__(
        self,
        alpha_initializer: Initializer = "zeros",
        alpha_regularizer: Regularizer = None,
        alpha_constraint: Constraint = None,
        shared_axes: int | list[int] | tuple[int, ...] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        take(
            self,
            alpha_initializer=alpha_initializer,
            alpha_regularizer=alpha_regularizer,
            alpha_constraint=alpha_constraint,
        )
        axes = None if shared_axes is None else to_list(shared_axes, allow_tuple=True)
        if axes is not None and not all(is_integer(axis) and axis > 0 for axis in axes):
            refuse(
                ValueError(
                    explain(
                        self._label(),
                        f"shared_axes={shared_axes!r}",
                        "shared_axes 是从 1 数起的轴（0 是 batch 轴，总是共用）",
                        "shared_axes=[1, 2]",
                    )
                )
            )
        self.shared_axes = axes

    def build(self, input_shape):
        shared = self.shared_axes or []
        if shared and max(shared) >= len(input_shape):
            raise IndexError(
                explain(
                    self._label(),
                    f"shared_axes={shared}，输入形状 {tuple(input_shape)}",
                    f"轴在 1 到 {len(input_shape) - 1} 之间",
                    f"shared_axes={[axis for axis in shared if axis < len(input_shape)]}",
                )
            )
        shape = list(input_shape[1:])
        for axis in shared:
            shape[axis - 1] = 1
        self.alpha = self._weight("alpha", shape)
        fixed = {i: n for i, n in enumerate(input_shape) if i > 0 and i not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=fixed if shared else {})
        self.built = True

    def call(self, inputs):
        return K.relu(inputs) - self.alpha * K.relu(-inputs)


class ELU(ActivationLayer):
    """指数线性层：x > 0 时输出 x，x ≤ 0 时输出 alpha·(eˣ − 1)。形状不变，没有权重。

    来源：Clevert 等，2015。

    参数：
        alpha：负半轴饱和到 −alpha。
    """

    def __init__(self, alpha: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.alpha = finite(self._label(), "alpha", alpha)

    def call(self, inputs):
        return K.elu(inputs, alpha=self.alpha)


class ThresholdedReLU(ActivationLayer):
    """带门槛的整流层：x > theta 时输出 x，否则输出 0（等于 theta 时也是 0）。形状不变，没有权重。

    来源：Konda 等，2014。

    参数：
        theta：门槛，严格大于它的值才通过。
    """

    def __init__(self, theta: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.theta = finite(self._label(), "theta", theta)

    def call(self, inputs):
        return inputs * K.cast(K.greater(inputs, self.theta), K.floatx())


class Softmax(ActivationLayer):
    """softmax 层：沿 axis 取指数再除以总和，得到和为 1 的正数。形状不变，没有权重。

    二维输入总是沿最后一轴计算，不看 axis（Keras 2.2.5 的实际行为）。
    出错：输入只有一维，或 axis 超出维数，抛出 ValueError。

    参数：
        axis：沿哪个轴归一化。
    """

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape):
        ndim = len(input_shape)
        if ndim > 2 and not -ndim <= self.axis < ndim:
            raise ValueError(
                explain(
                    self._label(),
                    f"axis={self.axis}，输入形状 {tuple(input_shape)}",
                    f"axis 是输入的一个轴，在 {-ndim} 到 {ndim - 1} 之间",
                    "axis=-1",
                )
            )
        self.built = True

    def call(self, inputs):
        return activations.softmax(inputs, axis=self.axis)


class ReLU(ActivationLayer):
    """整流层：x > threshold 时输出 x（不超过 max_value），否则 negative_slope·(x − threshold)。

    形状不变，没有权重。恰好等于 threshold 时输出 0（Keras 2.2.5 的实际行为是严格比较）。
    出错：max_value 或 negative_slope 是负数，抛出 ValueError。来源：Nair 与 Hinton，2010。

    参数：
        max_value：不小于 0 的数，输出的上限；`None` 表示没有上限。
        negative_slope：不小于 0 的数，门槛以下的斜率。
        threshold：门槛，小于它的值按 negative_slope 缩小。
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        where = self._label()
        self.max_value = None if max_value is None else finite(where, "max_value", max_value)
        self.negative_slope = finite(where, "negative_slope", negative_slope)
        self.threshold = finite(where, "threshold", threshold)
        for name in ("max_value", "negative_slope"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(
                    explain(where, f"{name}={value:g}", f"{name} 不小于 0", f"{name}={-value:g}")
                )

    def call(self, inputs):
        return K.relu(
            inputs,
            alpha=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )
