"""Merge layers: several inputs of matching shapes into one output."""

from __future__ import annotations

from functools import reduce

from .. import backend as K
from ..engine.base_layer import Layer
from ..errors import explain


class Merge(Layer):
    """逐元素合并层的公共部分：检查形状、补齐轴、合并掩码。"""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        self.compute_output_shape(input_shape)
        self.built = True

    def compute_output_shape(self, input_shape):
        require_several(self._label(), type(self).__name__, input_shape)
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
        require_masks(self._label(), inputs, mask)
        kept = [m for m in mask or [] if m is not None]
        return reduce(lambda a, b: K.all(K.stack([a, b]), axis=0), kept) if kept else None

    def call(self, inputs):
        rank = max(len(K.int_shape(x)) for x in inputs)
        return self._merge([self._raise_rank(x, rank) for x in inputs])

    def _merge(self, inputs):
        raise NotImplementedError

    @staticmethod
    def _raise_rank(x, rank):
        # New axes go after the batch axis, so that shapes align from the right.
        for _ in range(rank - len(K.int_shape(x))):
            x = K.expand_dims(x, axis=1)
        return x


class Add(Merge):
    """相加层：把几个输入逐元素加起来，没有权重。

    输入是至少两个张量的列表，形状从最后一轴对齐，长度为 1 的轴会被复制；输出是对齐后的形状。
    梯度原样传给每个输入。出错：少于两个输入、形状对不齐，抛出 ValueError。
    """

    def _merge(self, inputs):
        return reduce(K.add, inputs)


class Subtract(Merge):
    """相减层：第一个输入减去第二个，没有权重。

    输入是恰好两个张量的列表，形状对齐的规则同 Add。第二个输入的梯度变号。
    出错：不是两个输入、形状对不齐，抛出 ValueError。
    """

    def compute_output_shape(self, input_shape):
        require_two(self._label(), input_shape)
        return super().compute_output_shape(input_shape)

    def _merge(self, inputs):
        return K.subtract(*inputs)


class Multiply(Merge):
    """相乘层：把几个输入逐元素乘起来，没有权重。

    输入是至少两个张量的列表，形状对齐的规则同 Add。
    每个输入的梯度是 dy 乘上其余输入的积。出错：少于两个输入、形状对不齐，抛出 ValueError。
    """

    def _merge(self, inputs):
        return reduce(K.multiply, inputs)


class Average(Merge):
    """平均层：把几个输入逐元素取平均，没有权重。

    输入是至少两个张量的列表，形状对齐的规则同 Add。
    出错：少于两个输入、形状对不齐，抛出 ValueError。
    """

    def _merge(self, inputs):
        return reduce(K.add, inputs) / len(inputs)


class Maximum(Merge):
    """最大层：几个输入逐元素取最大，没有权重。

    输入是至少两个张量的列表，形状对齐的规则同 Add。
    梯度归最大的那个输入，并列时归前面的。出错：少于两个输入、形状对不齐，抛出 ValueError。
    """

    def _merge(self, inputs):
        return reduce(K.maximum, inputs)


class Minimum(Merge):
    """最小层：几个输入逐元素取最小，没有权重。

    输入是至少两个张量的列表，形状对齐的规则同 Add。
    梯度归最小的那个输入，并列时归前面的。出错：少于两个输入、形状对不齐，抛出 ValueError。
    """

    def _merge(self, inputs):
        return reduce(K.minimum, inputs)


class Concatenate(Merge):
    """拼接层：把几个输入沿 axis 接起来，没有权重。

    输入是至少两个张量的列表，除 axis 以外的轴必须一样长；输出在 axis 上的长度是各输入之和。
    梯度按原来的位置切开还给每个输入。
    出错：少于两个输入、其余的轴不一样长，抛出 ValueError。

    参数：
        axis：沿哪个轴拼接，默认是最后一轴；0 是 batch 轴。
    """

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def compute_output_shape(self, input_shape):
        require_several(self._label(), type(self).__name__, input_shape)
        shapes = [list(shape) for shape in input_shape]
        ranks = {len(shape) for shape in shapes}
        if len(ranks) == 1 and not -min(ranks) <= self.axis < min(ranks):
            raise ValueError(
                explain(
                    self._label(),
                    f"axis={self.axis}，形状 {input_shape}",
                    f"axis 在 {-min(ranks)} 到 {min(ranks) - 1} 之间",
                    "axis=-1",
                )
            )
        lengths = [shape.pop(self.axis) for shape in shapes]
        if len(ranks) > 1 or any(shape != shapes[0] for shape in shapes):
            raise ValueError(
                explain(
                    self._label(),
                    f"形状 {input_shape}",
                    f"除拼接的轴 axis={self.axis} 以外，各个输入的轴必须一样长",
                    "换一个 axis，或先用 Reshape、ZeroPadding、Cropping 改成一样长",
                )
            )
        output = list(input_shape[0])
        output[self.axis] = None if None in lengths else sum(lengths)
        return tuple(output)

    def compute_mask(self, inputs, mask=None):
        require_masks(self._label(), inputs, mask)
        if mask is None or all(m is None for m in mask):
            return None
        # Unmasked inputs count as kept; a mask without the features' axis is stretched along it.
        full = []
        for x, m in zip(inputs, mask, strict=True):
            if m is None:
                last = self.axis in {-1, K.ndim(x) - 1}
                m = K.ones_like(x if last else x[..., :1], dtype="bool")
            elif K.ndim(m) < K.ndim(x):
                m = K.expand_dims(m)
            full.append(m)
        return K.all(K.concatenate(full, axis=self.axis), axis=-1)

    def call(self, inputs):
        return K.concatenate(inputs, axis=self.axis)


class Dot(Merge):
    """点积层：两个输入在指定的轴上相乘求和，每个样本各算各的，没有权重。

    输入是恰好两个张量的列表 (batch, …, n, …)；输出是 batch、第一个输入余下的轴、
    第二个输入余下的轴；    两个都是二维时输出 (batch, 1)。掩码不再传下去。
    出错：不是两个输入、相乘求和的轴不一样长，抛出 ValueError。

    参数：
        axes：整数，或两个整数：各个输入相乘求和的轴（0 是 batch 轴，不能用）。
        normalize：布尔值，是否先沿该轴除以 L2 范数；这样得到余弦相似度。
    """

    def __init__(self, axes: int | tuple[int, int], normalize: bool = False, **kwargs):
        super().__init__(**kwargs)
        values = [axes] if isinstance(axes, int) else axes
        if not isinstance(axes, int | list | tuple):
            raise TypeError(
                explain(self._label(), f"axes={axes!r}", "axes 是整数，或两个整数", "axes=-1")
            )
        if not all(isinstance(axis, int) for axis in values) or len(values) not in {
            1 if isinstance(axes, int) else 2
        }:
            raise ValueError(
                explain(self._label(), f"axes={axes!r}", "axes 是整数，或两个整数", "axes=(1, 2)")
            )
        self.axes = axes
        self.normalize = normalize

    def _axes(self, shapes) -> list[int]:
        axes = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        for axis, shape in zip(axes, shapes, strict=True):
            if not -len(shape) < axis < len(shape) or axis == 0:
                raise ValueError(
                    explain(
                        self._label(),
                        f"axes={self.axes}，形状 {shapes}",
                        "axes 是 batch 轴以外的轴，从 1 数起，或从末尾用负数数起",
                        "axes=-1",
                    )
                )
        return [axis % len(shape) for axis, shape in zip(axes, shapes, strict=True)]

    def compute_output_shape(self, input_shape):
        require_two(self._label(), input_shape)
        a, b = self._axes(input_shape)
        x, y = map(list, input_shape)
        n, m = x.pop(a), y.pop(b)
        if n != m and None not in (n, m):
            raise ValueError(
                explain(
                    self._label(),
                    f"形状 {input_shape}，axes={self.axes}",
                    f"相乘求和的两个轴必须一样长，这里是 {n} 与 {m}",
                    "换一对 axes，或先用 Dense 改成一样长",
                )
            )
        output = (*x, *y[1:])
        return (*output, 1) if len(output) == 1 else output

    def compute_mask(self, inputs, mask=None):
        return None

    def call(self, inputs):
        x, y = inputs
        a, b = self._axes([K.int_shape(x), K.int_shape(y)])
        if self.normalize:
            x, y = K.l2_normalize(x, axis=a), K.l2_normalize(y, axis=b)
        return K.batch_dot(x, y, axes=[a, b])


def require_several(where: str, name: str, input_shape) -> None:
    """ValueError where there are fewer than two inputs."""
    if not isinstance(input_shape, list) or len(input_shape) < 2:
        count = len(input_shape) if isinstance(input_shape, list) else 1
        raise ValueError(
            explain(
                where, f"{count} 个输入", "合并层的输入是至少两个张量的列表", f"{name}()([a, b])"
            )
        )


def require_masks(where: str, inputs, mask) -> None:
    """ValueError where there are masks, but not a list with one for each of a list of inputs."""
    several = isinstance(inputs, list) and isinstance(mask, list)
    if mask is not None and not (several and len(mask) == len(inputs)):
        given, masks = (
            f"{len(x)} 个的列表" if isinstance(x, list) else type(x).__name__
            for x in (inputs, mask)
        )
        raise ValueError(
            explain(
                where,
                f"输入 {given}，掩码 {masks}",
                "输入和掩码都是列表，每个输入一个掩码，没有的写 None",
                "mask=[mask_a, None]",
            )
        )


def require_two(where: str, input_shape) -> None:
    """ValueError where there are not exactly two inputs."""
    if not isinstance(input_shape, list) or len(input_shape) != 2:
        count = len(input_shape) if isinstance(input_shape, list) else 1
        raise ValueError(
            explain(where, f"{count} 个输入", "这一层的输入是恰好两个张量的列表", "[a, b]")
        )


def add(inputs, **kwargs):
    """Add 层的函数形式：add([a, b]) 等于 Add()([a, b])。"""
    return Add(**kwargs)(inputs)


def subtract(inputs, **kwargs):
    """Subtract 层的函数形式。"""
    return Subtract(**kwargs)(inputs)


def multiply(inputs, **kwargs):
    """Multiply 层的函数形式。"""
    return Multiply(**kwargs)(inputs)


def average(inputs, **kwargs):
    """Average 层的函数形式。"""
    return Average(**kwargs)(inputs)


def maximum(inputs, **kwargs):
    """Maximum 层的函数形式。"""
    return Maximum(**kwargs)(inputs)


def minimum(inputs, **kwargs):
    """Minimum 层的函数形式。"""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs, axis=-1, **kwargs):
    """Concatenate 层的函数形式。"""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs, axes, normalize=False, **kwargs):
    """Dot 层的函数形式。"""
    return Dot(axes=axes, normalize=normalize, **kwargs)(inputs)
