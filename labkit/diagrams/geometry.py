"""Where a layer's window stands for every cell: sizes, strides, zeros around, per space axis."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from ..backend.windows import edges
from ..engine.base_layer import Layer
from ..errors import explain
from ..layers.convolutional.borders import Cropping, UpSampling, ZeroPadding
from ..layers.convolutional.convolution import Windowed
from ..layers.convolutional.transposed import ConvTranspose
from ..layers.local import LocallyConnected
from ..layers.pooling import GlobalPooling, Pooling
from ..utils.conv_utils import normalize_tuple

NAMES = {1: ("步",), 2: ("行", "列"), 3: ("层", "行", "列")}


class Axis(NamedTuple):
    """A space axis on which a window of `size` cells slides, `stride` cells a step."""

    name: str
    inputs: int
    outputs: int
    size: int
    stride: int = 1
    dilation: int = 1
    before: int = 0  # cells added to what the window slides over; negative: taken away
    after: int = 0

    def window(self, place: int) -> list[int]:
        """The cells that the window covers at a place; those outside are added zeros.

        On the input for an output; in a stamp (see Geometry) on the output for an input.
        """
        start = place * self.stride - self.before
        return [start + i * self.dilation for i in range(self.size)]


class Geometry(NamedTuple):
    """How a layer moves over space.

    slide: an output looks at its window of the input (convolution, pooling);
    stamp: an input is written, times the kernel, over its window of the output (transposed
    convolution); what falls outside the output is cut off;
    repeat: every input becomes `size` outputs (upsampling); border: cells are added or taken away.
    """

    motion: Literal["slide", "stamp", "repeat", "border"]
    axes: tuple[Axis, ...]
    channels_first: bool

    @property
    def space(self) -> slice:
        """The space axes of a shape without the batch axis."""
        return slice(1, None) if self.channels_first else slice(0, len(self.axes))


def geometry(layer: Layer, input_shape) -> Geometry | None:
    """The geometry of a layer on an input (with the batch axis); None where nothing slides.

    出错：空间轴的长度未知时抛出 ValueError。
    """
    rank = getattr(layer, "rank", 0)
    kinds = (Windowed, Pooling, LocallyConnected, GlobalPooling, ZeroPadding, Cropping, UpSampling)
    if not isinstance(layer, kinds):
        return None
    first = layer.data_format == "channels_first"  # type: ignore[attr-defined]
    output_shape = layer.compute_output_shape(tuple(input_shape))
    within = slice(2, None) if first else slice(1, -1)
    inputs, outputs = tuple(input_shape)[within], tuple(output_shape)[within]
    if None in inputs:
        raise ValueError(
            explain(
                f"{type(layer).__name__} 的窗口",
                f"输入 {tuple(input_shape)}",
                "空间轴的长度都要知道，才能画出窗口停在哪里",
                f"{tuple(n if i == 0 else n or 6 for i, n in enumerate(input_shape))}",
            )
        )
    names = NAMES[rank]
    if isinstance(layer, GlobalPooling):
        axes = [Axis(name, n, 1, n) for name, n in zip(names, inputs, strict=True)]
        return Geometry("slide", tuple(axes), first)
    if isinstance(layer, UpSampling):
        sizes = normalize_tuple(layer.size, rank, "size")
        return Geometry("repeat", tuple(map(Axis, names, inputs, outputs, sizes)), first)
    if isinstance(layer, ZeroPadding | Cropping):
        given = layer.padding if isinstance(layer, ZeroPadding) else layer.cropping
        pairs: Any = [given] if isinstance(given[0], int) else given
        sign = 1 if isinstance(layer, ZeroPadding) else -1
        axes = [
            Axis(*place, 1, before=sign * before, after=sign * after)
            for place, (before, after) in zip(
                zip(names, inputs, outputs, strict=True), pairs, strict=True
            )
        ]
        return Geometry("border", tuple(axes), first)
    stamp = isinstance(layer, ConvTranspose)
    size = layer.pool_size if isinstance(layer, Pooling) else layer.kernel_size
    strides, padding = layer.strides, getattr(layer, "padding", "valid")
    dilation = getattr(layer, "dilation_rate", (1,) * rank)
    around, _ = edges(outputs if stamp else inputs, size, strides, padding, dilation)
    axes = [
        Axis(*row, *pair)
        for row, pair in zip(
            zip(names, inputs, outputs, size, strides, dilation, strict=True), around, strict=True
        )
    ]
    return Geometry("stamp" if stamp else "slide", tuple(axes), first)
