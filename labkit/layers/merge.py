"""Merge layers: several inputs of matching shapes into one output."""

from __future__ import annotations

from functools import reduce

from .. import backend as K
from ..errors import explain
from ..layer import Layer


class Merge(Layer):
    """逐元素合并层的公共部分：检查形状、补齐轴、合并掩码。"""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        self.built = True

    def compute_output_shape(self, input_shape):
        if not isinstance(input_shape, list) or len(input_shape) < 2:
            count = len(input_shape) if isinstance(input_shape, list) else 1
            raise ValueError(
                explain(
                    self._label(),
                    f"{count} 个输入",
                    "合并层的输入是至少两个张量的列表",
                    f"{type(self).__name__}()([a, b])",
                )
            )
        batches = {shape[0] for shape in input_shape} - {None}
        if len(batches) > 1:
            raise ValueError(
                explain(
                    self._label(),
                    f"batch 大小 {sorted(batches)}",
                    "各个输入的 batch 大小必须相同",
                    f"每个输入都取 {min(batches)} 个样本",
                )
            )
        space = reduce(self._broadcast, [tuple(shape[1:]) for shape in input_shape])
        return (batches.pop() if batches else None, *space)

    def _broadcast(self, a, b):
        """Shapes without the batch axis, from the right; a 1 stretches, None stays unknown."""
        if len(a) < len(b):
            a, b = b, a
        merged = list(a[: len(a) - len(b)])
        for n, m in zip(a[len(a) - len(b) :], b, strict=True):
            if n == m or m == 1:
                merged.append(n)
            elif n == 1:
                merged.append(m)
            elif n is None or m is None:
                merged.append(None)
            else:
                raise ValueError(
                    explain(
                        self._label(),
                        f"形状 {a} 与 {b}（不含 batch 轴）",
                        "从最后一轴对齐，每一对轴要么相等，要么有一个是 1",
                        f"把第二个输入改成 {a[len(a) - len(b) :]}，例如先用 Dense 换掉最后一轴",
                    )
                )
        return tuple(merged)

    def compute_mask(self, inputs, mask=None):
        kept = [m for m in mask if m is not None] if isinstance(mask, list) else []
        return reduce(lambda a, b: K.all(K.stack([a, b]), axis=0), kept) if kept else None

    def call(self, inputs):
        rank = max(K.ndim(x) for x in inputs)
        return self._merge([self._raise_rank(x, rank) for x in inputs])

    def _merge(self, inputs):
        raise NotImplementedError

    @staticmethod
    def _raise_rank(x, rank):
        # New axes go after the batch axis, so that shapes align from the right.
        for _ in range(rank - K.ndim(x)):
            x = K.expand_dims(x, axis=1)
        return x


class Add(Merge):
    """相加层：把几个输入逐元素加起来，没有权重。

    输入是至少两个张量的列表，形状从最后一轴对齐，长度为 1 的轴会被复制；输出是对齐后的形状。
    梯度原样传给每个输入。出错：少于两个输入、形状对不齐，抛出 ValueError。
    """

    def _merge(self, inputs):
        return reduce(K.add, inputs)


def add(inputs, **kwargs):
    """Add 层的函数形式：add([a, b]) 等于 Add()([a, b])。"""
    return Add(**kwargs)(inputs)
