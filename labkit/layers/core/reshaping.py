"""Layers that only move elements: Reshape, Permute, RepeatVector."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import backend as K
from ...arguments import validation
from ...arguments.validation import count, is_integer
from ...engine.base_layer import InputSpec, Layer
from ...errors import explain


class Reshape(Layer):
    """变形层：元素按行优先的顺序放进新的形状，batch 轴不变，没有权重。

    输入 (batch, …)，输出 (batch, *target_shape)；元素的总数不变。
    出错：总数不合、有两个 -1，抛出 ValueError。

    参数：
        target_shape：整数元组，不含 batch 轴；可以有一个 -1，由总数推出。
    """

    def __init__(self, target_shape: tuple[int, ...], **kwargs):
        super().__init__(**kwargs)
        values: Any = (target_shape,) if is_integer(target_shape) else target_shape
        if not isinstance(values, list | tuple) or not all(
            is_integer(n) and (n == -1 or n >= 0) for n in values
        ):
            kind = ValueError if isinstance(values, list | tuple) else TypeError
            raise kind(
                explain(
                    self._label(),
                    f"target_shape={target_shape!r}",
                    "target_shape 是整数元组，不含 batch 轴，可以有一个 -1",
                    "target_shape=(4, -1)",
                )
            )
        self.target_shape = tuple(values)

    def compute_output_shape(self, input_shape):
        target, rest = self.target_shape, input_shape[1:]
        if None in rest:
            # Keras cannot check either; -1 stays unknown until there are numbers.
            return (input_shape[0], *(None if n == -1 else n for n in target))
        total, known = int(np.prod(rest)), int(np.prod([n for n in target if n != -1]))
        if target.count(-1) > 1:
            rule = "只能有一个 -1，几个轴都由总数推出就定不下来"
        elif -1 in target and (known == 0 or total % known):
            rule = f"-1 以外各轴的积 {known} 要能整除元素的总数 {total}"
        elif -1 not in target and known != total:
            rule = f"元素的总数不变：target_shape 的积 {known}，输入有 {total} 个"
        else:
            return (input_shape[0], *(total // known if n == -1 else n for n in target))
        raise ValueError(
            explain(
                self._label(),
                f"target_shape={target}，输入形状 {tuple(input_shape)}",
                rule,
                f"target_shape={(*target[:-1], -1) if target.count(-1) == 0 and target else (-1,)}",
            )
        )

    def call(self, inputs):
        shape = K.int_shape(inputs)
        return K.reshape(inputs, shape=(shape[0], *self.compute_output_shape(shape)[1:]))


class Permute(Layer):
    """换轴层：把 batch 以外的轴按 dims 重新排列，没有权重。

    输入 (batch, …)，输出的第 i 轴是输入的第 dims[i − 1] 轴。例如 dims=(2, 1) 把
    (batch, a, b) 变成 (batch, b, a)。
    出错：dims 不是从 1 数起的一个排列，抛出 ValueError。

    参数：
        dims：整数元组，从 1 数起（0 是 batch 轴，不动），是 1 到 n 的一个排列。
    """

    def __init__(self, dims: tuple[int, ...], **kwargs):
        super().__init__(**kwargs)
        self.dims = validation.shape(self._label(), "dims", dims, zero=True)
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def build(self, input_shape):
        if set(self.dims) != set(range(1, len(input_shape))):
            raise ValueError(
                explain(
                    self._label(),
                    f"dims={self.dims}，输入形状 {tuple(input_shape)}",
                    f"dims 是 1 到 {len(input_shape) - 1} 的一个排列，每个轴恰好出现一次",
                    f"dims={tuple(range(len(input_shape) - 1, 0, -1))}",
                )
            )
        self.built = True

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def call(self, inputs):
        return K.permute_dimensions(inputs, pattern=(0, *self.dims))


class RepeatVector(Layer):
    """重复层：把一个向量重复 n 次，成为有 n 步的序列，没有权重。

    输入 (batch, features)，输出 (batch, n, features)。梯度是 n 步之和。
    出错：n 不是正整数抛出 TypeError；输入不是二维抛出 ValueError。

    参数：
        n：正整数，重复几次。
    """

    def __init__(self, n: int, **kwargs):
        super().__init__(**kwargs)
        if not is_integer(n):
            raise TypeError(explain(self._label(), f"n={n!r}", "n 是正整数", "n=3"))
        self.n = count(self._label(), "n", n)
        self.input_spec = InputSpec(ndim=2)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.n, input_shape[1])

    def call(self, inputs):
        return K.repeat(inputs, self.n)
