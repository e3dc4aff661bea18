"""Layers without weights that change spatial lengths: padding, cropping, repeating."""

from __future__ import annotations

import warnings
from typing import Any, Literal

from ... import backend as K
from ...arguments.types import DataFormat, Size
from ...arguments.validation import choice, is_integer, size
from ...backend.config import normalize_data_format
from ...engine.base_layer import InputSpec, Layer
from ...errors import explain
from ...manner import refuse

Pairs = int | tuple[int, ...] | tuple[tuple[int, int], ...]


class Spatial(Layer):
    """改变空间轴长度的层的公共部分；rank 是空间轴的个数。"""

    rank: int
    data_format: str

    def _begin(self, data_format: str | None) -> None:
        self.data_format = normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _pairs(self, name: str, value) -> tuple[tuple[int, int], ...]:
        """One number for all ends, one for each axis, or (before, after) for each axis."""
        pairs = ((value, value),) * self.rank if is_integer(value) else value
        if self.rank == 1 and isinstance(pairs, list | tuple) and all(map(is_integer, pairs)):
            pairs = (pairs,)
        fits = isinstance(pairs, list | tuple) and len(pairs) == self.rank
        result: list[Any] = []
        for pair in pairs if fits else []:
            pair = (pair, pair) if is_integer(pair) else pair
            fits &= isinstance(pair, list | tuple) and len(pair) == 2
            result.append(tuple(pair) if fits else None)
        if not fits or not all(is_integer(n) and n >= 0 for pair in result for n in pair):
            forms = "、".join(
                ["一个数（各端相同）"]
                + ([f"{self.rank} 个数（每个轴两端相同）"] if self.rank > 1 else [])
                + [f"{self.rank} 对数（每个轴的前、后）" if self.rank > 1 else "(前, 后) 两个数"]
            )
            example = (1, 1) if self.rank == 1 else ((1, 1),) * self.rank
            raise ValueError(
                explain(
                    self._label(),
                    f"{name}={value!r}",
                    f"{name} 是不小于 0 的整数，写成 {forms}",
                    f"{name}={example}",
                )
            )
        return tuple(result)

    def _space_axes(self) -> range:
        first = 2 if self.data_format == "channels_first" else 1
        return range(first, first + self.rank)

    def _lengths(self, space: list) -> list:
        """The output lengths of the spatial axes, None where one is unknown."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape):
        axes = self._space_axes()
        shape = list(input_shape)
        shape[axes.start : axes.stop] = self._lengths(shape[axes.start : axes.stop])
        return tuple(shape)

    def call(self, inputs):
        self.compute_output_shape(K.int_shape(inputs))  # raises where nothing would be left
        return self._compute_space(inputs)

    def _compute_space(self, inputs):
        raise NotImplementedError


class ZeroPadding(Spatial):
    """N 维补零的公共部分。

    参数：
        padding：整数（各端相同）、每个轴一个整数，或每个轴一对 (前, 后)：补几格 0。
    """

    def __init__(self, padding: Pairs = 1, data_format: DataFormat | None = None, **kwargs):
        super().__init__(**kwargs)
        self._begin(data_format)
        self.padding = self._pairs("padding", padding)

    def _lengths(self, space):
        pairs = zip(space, self.padding, strict=True)
        return [None if n is None else n + sum(pair) for n, pair in pairs]

    def _compute_space(self, inputs):
        around = [(0, 0)] * K.ndim(inputs)
        for axis, pair in zip(self._space_axes(), self.padding, strict=True):
            around[axis] = pair
        return K.pad(inputs, padding=around)


class ZeroPadding1D(ZeroPadding):
    """一维补零层：在时间轴的前后补 0，没有权重。

    输入 (batch, steps, channels)，输出 (batch, steps + 前 + 后, channels)。
    出错：padding 不是不小于 0 的整数或一对这样的整数，抛出 ValueError。
    """

    rank = 1

    def __init__(self, padding: Pairs = 1, **kwargs):
        super().__init__(padding, "channels_last", **kwargs)
        self.padding = self.padding[0]  # type: ignore[assignment]

    def _lengths(self, space):
        return [None if n is None else n + sum(self.padding) for n in space]  # type: ignore[arg-type]

    def _compute_space(self, inputs):
        return K.temporal_padding(inputs, self.padding)


class ZeroPadding2D(ZeroPadding):
    """二维补零层：在图像的上下左右补 0，没有权重。

    输入 (batch, rows, cols, channels)，输出 (batch, rows + 上 + 下, cols + 左 + 右, channels)；
    channels_first 时通道在第 1 轴。出错：padding 的形式不对，抛出 ValueError。
    """

    rank = 2

    def __init__(self, padding: Pairs = (1, 1), data_format: DataFormat | None = None, **kwargs):
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(ZeroPadding):
    """三维补零层：在三个空间轴的两端补 0，没有权重。

    输入 (batch, dim1, dim2, dim3, channels)，输出的每个空间轴加上两端补的格数；
    channels_first 时通道在第 1 轴。出错：padding 的形式不对，抛出 ValueError。
    """

    rank = 3

    def __init__(self, padding: Pairs = (1, 1, 1), data_format: DataFormat | None = None, **kwargs):
        super().__init__(padding, data_format, **kwargs)


class Cropping(Spatial):
    """N 维裁剪的公共部分。

    参数：
        cropping：整数（各端相同）、每个轴一个整数，或每个轴一对 (前, 后)：去掉几格。
    """

    def __init__(self, cropping: Pairs = 1, data_format: DataFormat | None = None, **kwargs):
        super().__init__(**kwargs)
        self._begin(data_format)
        self.cropping = self._pairs("cropping", cropping)

    def _lengths(self, space):
        pairs = zip(space, self.cropping, strict=True)
        lengths = [None if n is None else n - sum(pair) for n, pair in pairs]
        if any(n is not None and n < 0 for n in lengths):
            refuse(ValueError(self._nothing_left(space, lengths, "每个轴去掉的不能比它有的多")))
        return [None if n is None else max(n, 0) for n in lengths]

    def build(self, input_shape):
        space = [input_shape[axis] for axis in self._space_axes()]
        lengths = self._lengths(space)
        if 0 in lengths:
            rule = "长度为 0 的轴上什么也不剩"
            warnings.warn(self._nothing_left(space, lengths, rule), stacklevel=4)
        self.built = True

    def _nothing_left(self, space, lengths, rule: str) -> str:
        return explain(
            self._label(),
            f"空间尺寸 {tuple(space)}，cropping={self.cropping}",
            f"裁剪后的长度 n − 前 − 后 = {tuple(lengths)}，{rule}",
            "更小的 cropping，或更大的输入",
        )

    def _compute_space(self, inputs):
        index = [slice(None)] * K.ndim(inputs)
        for axis, (before, after) in zip(self._space_axes(), self.cropping, strict=True):
            index[axis] = slice(before, -after if after else None)
        return K.getitem(inputs, index=tuple(index))


class Cropping1D(Cropping):
    """一维裁剪层：去掉时间轴前后的几步，没有权重。

    输入 (batch, steps, channels)，输出 (batch, steps − 前 − 后, channels)。
    时间轴恰好一步也不剩时给出警告；去掉的比有的还多，抛出 ValueError。
    """

    rank = 1

    def __init__(self, cropping: Pairs = (1, 1), **kwargs):
        super().__init__(cropping, "channels_last", **kwargs)

    def get_config(self):
        return {**super().get_config(), "cropping": self.cropping[0]}


class Cropping2D(Cropping):
    """二维裁剪层：去掉图像四边的几行、几列，没有权重。

    输入 (batch, rows, cols, channels)，输出 (batch, rows − 上 − 下, cols − 左 − 右, channels)；
    channels_first 时通道在第 1 轴。
    一个轴恰好一格也不剩时给出警告；去掉的比有的还多，抛出 ValueError。
    """

    rank = 2

    def __init__(
        self, cropping: Pairs = ((0, 0), (0, 0)), data_format: DataFormat | None = None, **kwargs
    ):
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(Cropping):
    """三维裁剪层：去掉三个空间轴两端的几格，没有权重。

    输入 (batch, dim1, dim2, dim3, channels)，输出的每个空间轴减去两端去掉的格数；
    channels_first 时通道在第 1 轴。
    一个轴恰好一格也不剩时给出警告；去掉的比有的还多，抛出 ValueError。
    """

    rank = 3

    def __init__(
        self,
        cropping: Pairs = ((1, 1), (1, 1), (1, 1)),
        data_format: DataFormat | None = None,
        **kwargs,
    ):
        super().__init__(cropping, data_format, **kwargs)


class UpSampling(Spatial):
    """N 维放大的公共部分。

    参数：
        size：正整数或正整数元组，每个空间轴放大几倍。
    """

    def __init__(self, size: Size = 2, data_format: DataFormat | None = None, **kwargs):
        super().__init__(**kwargs)
        self._begin(data_format)
        self.size = self._factors(size)

    def _factors(self, value) -> tuple[int, ...]:
        return size(self._label(), "size", value, self.rank)

    def _lengths(self, space):
        pairs = zip(space, self.size, strict=True)
        return [None if n is None else n * factor for n, factor in pairs]


class UpSampling1D(UpSampling):
    """一维放大层：把每一步重复 size 次，没有权重。

    输入 (batch, steps, channels)，输出 (batch, steps·size, channels)。
    出错：size 不是正整数，抛出 ValueError。
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs):
        super().__init__(size, "channels_last", **kwargs)
        self.size = self.size[0]  # type: ignore[assignment]

    def _lengths(self, space):
        return [None if n is None else n * self.size for n in space]  # type: ignore[operator]

    def _compute_space(self, inputs):
        return K.repeat_elements(inputs, rep=self.size, axis=1)


class UpSampling2D(UpSampling):
    """二维放大层：把图像的行、列各放大整数倍，没有权重。

    输入 (batch, rows, cols, channels)，输出 (batch, rows·size[0], cols·size[1], channels)；
    channels_first 时通道在第 1 轴。
    bilinear 的输出第 i 格取自输入 i / size 处，末尾照抄最后一格（TensorFlow 1 的规则）。
    出错：size 不是正整数、interpolation 不认识，抛出 ValueError。

    参数：
        interpolation：`"nearest"` 复制相邻的格，`"bilinear"` 在格与格之间线性插值。
    """

    rank = 2

    def __init__(
        self,
        size: Size = (2, 2),
        data_format: DataFormat | None = None,
        interpolation: Literal["nearest", "bilinear"] = "nearest",
        **kwargs,
    ):
        super().__init__(size, data_format, **kwargs)
        self.interpolation = choice(
            self._label(), "interpolation", interpolation, Literal["nearest", "bilinear"]
        )

    def _compute_space(self, inputs):
        rows, cols = self.size
        return K.resize_images(inputs, rows, cols, self.data_format, self.interpolation)


class UpSampling3D(UpSampling):
    """三维放大层：把三个空间轴各放大整数倍，复制相邻的格，没有权重。

    输入 (batch, dim1, dim2, dim3, channels)，输出的每个空间轴乘上 size；
    channels_first 时通道在第 1 轴。出错：size 不是正整数，抛出 ValueError。
    """

    rank = 3

    def __init__(self, size: Size = (2, 2, 2), data_format: DataFormat | None = None, **kwargs):
        super().__init__(size, data_format, **kwargs)

    def _compute_space(self, inputs):
        dim1, dim2, dim3 = self.size
        return K.resize_volumes(inputs, dim1, dim2, dim3, self.data_format)
