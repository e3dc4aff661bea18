"""A layer on an input, and what all kinds of scenes need of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.base_layer import Layer
from ...layers import TimeDistributed
from ...layers.convolutional.borders import Cropping
from ...layers.convolutional.convolution import Windowed
from ...layers.local import LocallyConnected
from ...layers.pooling import Pooling
from ..geometry import Axis, Geometry, geometry
from ..steps import short_number
from .blocks import (
    KERNELS,
    NO_PADS,
    UNITS,
    Box,
    Place,
    Solid,
    Tensor,
    lifted,
    tuple3,
)
from .numbers import numbers_of

UNKNOWN = 6  # length that is drawn for an axis of any length
TONES = 8


class Setting:
    """A layer on an input, and what all kinds of scenes need of it."""

    def __init__(self, layer: Layer, input_shape, training: bool):
        self.layer = layer
        self.inner: Any = layer.layer if isinstance(layer, TimeDistributed) else layer
        lead = int(self.inner is not layer)
        shape = tuple(UNKNOWN if n is None else n for n in tuple(input_shape)[1:])
        outputs: tuple[int, ...] = tuple(layer.compute_output_shape((None, *shape)))[1:]  # type: ignore[assignment]
        about = geometry(self.inner, (None, *shape[lead:])) or whole(self.inner, shape[lead:])
        time = [Axis("步", shape[0], shape[0], 1)] * lead
        self.axes = lifted((*time, *about.axes))
        units = UNITS[self.inner.rank]
        self.units = ("步", *units[1:]) if lead else units
        channel = lead if about.channels_first else -1
        ins = tuple(axis.inputs for axis in self.axes)
        outs = tuple(axis.outputs for axis in self.axes)
        self.motion = about.motion
        self.x = Tensor("x", shape, ins, channel)
        self.y = Tensor("y", outputs, outs, min(channel, len(outputs) - 1))
        per_output = math.prod(axis.size for axis in self.axes)
        if isinstance(self.inner, Windowed | LocallyConnected):
            per_output *= self.x.channels
        self.numbers = numbers_of(layer, shape, math.prod(outputs) * per_output, training)
        self.notes: list[str] = []
        if None in tuple(input_shape)[1:]:
            self.notes.append(f"长度未定的轴按 {UNKNOWN} 画。")
        if about.channels_first:
            self.notes.append("channels_first：数组里通道是第一个轴；图上通道照样画在纵深方向。")
        dashed = self.dashed()
        if dashed and any(pair != (0, 0) for pair in self.pads):
            self.notes.append(f"虚线：{dashed}。")
        if not self.numbers:
            self.notes.append("这一层太大，图上只有位置和个数，不算出结果。")

    def dashed(self) -> str:
        """What the cells around the input or the output are."""
        if self.motion == "stamp":
            return "落在输出外面、裁掉的格"
        if isinstance(self.inner, Cropping):
            return "裁掉的格"
        return "窗口伸到外面的格，不算" if isinstance(self.inner, Pooling) else "补的零"

    @property
    def box(self) -> Box:
        return Box("v0", tuple3(a.size for a in self.axes), tuple3(a.dilation for a in self.axes))

    def units_of(self, tensor: Tensor) -> tuple[str, str, str]:
        """What is counted along the axes of space; nothing where the array has none."""
        return self.units if len(tensor.shape) > 1 else ("", "", "")

    @property
    def pads(self):
        return tuple((axis.before, axis.after) for axis in self.axes)

    def value(self, tensor: Tensor, number: int) -> str:
        """` = 0.35`, where it has been computed."""
        if not self.numbers:
            return ""
        of = {"x": self.numbers.x, "y": self.numbers.y, "m": self.numbers.middle}[tensor.letter]
        return f" = {short_number(float(np.ravel(of)[number]))}"

    def result(self, number: int, place) -> str:
        """`，加偏置 0.3，得 −0.42，经 relu 得 0`"""
        parts = []
        if not self.numbers:
            return "，加偏置" if getattr(self.inner, "use_bias", False) else ""
        y, total = (float(np.ravel(a)[number]) for a in (self.numbers.y, self.numbers.sums))
        bias = self.numbers.bias
        if bias is not None:
            added = bias[place[3]] if bias.ndim == 1 else self.local_bias(place)
            parts.append(f"加偏置 {short_number(float(added))}")
        parts.append(f"得 {short_number(total)}")
        name = getattr(self.inner.activation, "__name__", "")
        if name != "linear":
            parts.append(f"经 {name} 得 {short_number(y)}")
        return "，" + "，".join(parts)

    def local_bias(self, place) -> float:
        """The bias of a locally connected layer: (*outputs, filters), whatever the data format."""
        assert self.numbers and self.numbers.bias is not None
        return float(self.numbers.bias.reshape(*self.y.space, self.y.channels)[tuple(place)])

    def source(self, *, apart: bool, pads=NO_PADS) -> Solid:
        tone = cycled if apart else colourless
        return solid("v0", self.x, self.units, tone, str, apart=apart, pads=pads)


def whole(layer: Any, shape: tuple) -> Geometry:
    """A window over all of the space: what SpatialDropout looks at."""
    first = getattr(layer, "data_format", None) == "channels_first"
    space = shape[1:] if first else shape[:-1]
    return Geometry("slide", tuple(Axis("", n, n, n) for n in space), first)


def cycled(channel: int) -> int:
    return channel % TONES


def colourless(channel: int) -> int:
    return -1


def solid(key: str, tensor: Tensor, units, tone, mark, *, apart=False, pads=NO_PADS) -> Solid:
    return Solid(
        *(key, tensor.letter, tensor.shape, tensor.space, tensor.channels, tone, mark),
        *(units, apart, tuple(pads)),
    )


def grid_of(chosen) -> list[list[int]]:
    return np.array(np.meshgrid(*chosen, indexing="ij")).reshape(4, -1).T.tolist()


def answering(of: Solid, tensor: Tensor, chosen, tone=None) -> list[tuple[int, tuple]]:
    """(number, (frame, row, column, channel)) of what is walked, in the array's order."""
    found = sorted((tensor.number(place), tuple(place)) for place in grid_of(chosen))
    of.cells = {
        n: (f, r, c, ch, of.tone(ch) if tone is None else tone((f, r, c, ch)))
        for n, (f, r, c, ch) in found
    }
    return found


def fewer(tensor: Tensor, chosen, notes: list[str]) -> None:
    shown, all_ = math.prod(map(len, chosen)), tensor.size
    if shown < all_:
        notes.append(f"{tensor.letter} 有 {all_} 格，每个方向均匀地取几处，只走其中 {shown} 格。")


def drawn_kernels(channels: int, chosen: list[int], notes: list[str]) -> list[int]:
    """All, or the first and the last, and those that are walked."""
    if channels <= KERNELS:
        return list(range(channels))
    shown = sorted({*chosen, *range(KERNELS // 2), channels - 1})
    if len(shown) > KERNELS:
        shown = chosen[:KERNELS]
    notes.append(f"一共 {channels} 个核，只画 {len(shown)} 个。")
    return shown


def kernels_of(stage, size, depth, channels, tone, mark) -> list[Solid]:
    """tone, mark: of the channel that a kernel makes."""
    return [
        Solid(f"k{stage}-{n}", mark(n), (), size, depth, lambda _, n=n: tone(n), str)
        for n in channels
    ]


def starts(axes, place) -> Place:
    return tuple3(axis.window(p)[0] for axis, p in zip(axes, place[:3], strict=True))


def zeros_among(count: int, inside: int) -> str:
    return f"（其中 {count - inside} 个乘的是补的零）" if inside < count else ""


def real(size: Place, s: Setting) -> tuple:
    """Without the axes that the layer's kernel does not have."""
    return size[3 - s.inner.rank :]
