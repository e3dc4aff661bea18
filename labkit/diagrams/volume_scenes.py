"""Each kind of layer as blocks and steps: convolution, pooling, stamping, repeating, borders …"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ..engine.base_layer import Layer
from ..layers import DepthwiseConv2D, TimeDistributed
from ..layers.convolutional.borders import Cropping, UpSampling, ZeroPadding
from ..layers.convolutional.convolution import Windowed
from ..layers.convolutional.separable import SeparableConv
from ..layers.core.dropout import SpatialDropout
from ..layers.local import LocallyConnected
from ..layers.pooling import GlobalPooling, Pooling
from .geometry import Axis, Geometry, geometry
from .steps import short_number
from .volume_numbers import numbers_of
from .volume_steps import (
    KERNELS,
    MOST,
    NO_PADS,
    UNITS,
    Box,
    Move,
    Place,
    Scene,
    Solid,
    Stage,
    Tensor,
    covered,
    digits,
    letters,
    lifted,
    picks,
    spans,
)

KINDS = (
    *(Windowed, Pooling, LocallyConnected, GlobalPooling, SpatialDropout),
    *(ZeroPadding, Cropping, UpSampling),
)
UNKNOWN = 6  # length that is drawn for an axis of any length
TONES = 8


def has_volume(layer: Layer) -> bool:
    """Whether the layer works on a sequence, an image or a video; also at every time step."""
    if isinstance(layer, TimeDistributed):
        return isinstance(layer.layer, KINDS) and layer.layer.rank < 3  # type: ignore[attr-defined]
    return isinstance(layer, KINDS)


class Setting:
    """A layer on an input, and what all kinds of scenes need of it."""

    def __init__(self, layer: Layer, input_shape, training: bool):
        self.layer = layer
        self.inner: Any = layer.layer if isinstance(layer, TimeDistributed) else layer
        lead = int(self.inner is not layer)
        shape = tuple(UNKNOWN if n is None else n for n in tuple(input_shape)[1:])
        outputs = tuple(layer.compute_output_shape((None, *shape)))[1:]
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
        if not self.numbers:
            self.notes.append("这一层太大，图上只有位置和个数，不算出结果。")

    @property
    def box(self) -> Box:
        return Box("v0", tuple3(a.size for a in self.axes), tuple3(a.dilation for a in self.axes))

    @property
    def pads(self):
        return tuple((axis.before, axis.after) for axis in self.axes)

    def value(self, tensor: Tensor, number: int) -> str:
        """` = 0.35`, where it has been computed."""
        if not self.numbers:
            return ""
        of = {"x": self.numbers.x, "y": self.numbers.y, "m": self.numbers.middle}[tensor.letter]
        return f" = {short_number(float(np.ravel(of)[number]))}"

    def result(self, number: int, filter: int) -> str:
        """`，加偏置 0.3，得 −0.42，经 relu 得 0`"""
        parts = []
        if not self.numbers:
            return "，加偏置" if getattr(self.inner, "use_bias", False) else ""
        y, total = (float(np.ravel(a)[number]) for a in (self.numbers.y, self.numbers.sums))
        bias = self.numbers.bias
        if bias is not None:
            added = bias[filter] if bias.ndim == 1 else self.local_bias(number)
            parts.append(f"加偏置 {short_number(float(added))}")
        parts.append(f"得 {short_number(total)}")
        name = getattr(self.inner.activation, "__name__", "")
        if name != "linear":
            parts.append(f"经 {name} 得 {short_number(y)}")
        return "，" + "，".join(parts)

    def local_bias(self, number: int) -> float:
        """The bias of a locally connected layer: (*outputs, filters), whatever the data format."""
        assert self.numbers and self.numbers.bias is not None
        place = np.argwhere(self.y.ids == number)[0]
        bias = self.numbers.bias
        return bias.reshape(self.y.ids.shape)[tuple(place)]

    def source(self, *, apart: bool, pads=NO_PADS) -> Solid:
        count = self.x.channels
        tones = [n % TONES for n in range(count)] if apart else [-1] * count
        return solid("v0", self.x, self.units, tones, digits(count), apart=apart, pads=pads)


def tuple3(numbers) -> Place:
    a, b, c = numbers
    return a, b, c


def whole(layer: Any, shape: tuple) -> Geometry:
    """A window over all of the space: what SpatialDropout looks at."""
    first = getattr(layer, "data_format", None) == "channels_first"
    space = shape[1:] if first else shape[:-1]
    return Geometry("slide", tuple(Axis("", n, n, n) for n in space), first)


def solid(key: str, tensor: Tensor, units, tones, marks, *, apart=False, pads=NO_PADS) -> Solid:
    return Solid(
        *(key, tensor.letter, tensor.shape, tensor.space, tensor.channels, tones, marks),
        *(units, apart, tuple(pads)),
    )


def answering(of: Solid, tensor: Tensor, chosen, tone=None) -> list[tuple[int, tuple]]:
    """(number, (frame, row, column, channel)) of what is walked, in the array's order."""
    found = sorted((int(tensor.ids[tuple(place)]), tuple(place)) for place in grid_of(chosen))
    of.cells = {n: (*p, of.tones[p[3]] if tone is None else tone(p)) for n, p in found}
    return found


def fewer(tensor: Tensor, chosen, notes: list[str]) -> None:
    shown, all_ = math.prod(map(len, chosen)), tensor.ids.size
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


# --- the kinds ---


def scene(layer: Layer, input_shape, training: bool = False) -> Scene:
    """出错：怎样都画不出来时抛出 ValueError。"""
    about = Setting(layer, input_shape, training)
    inner = about.inner
    if isinstance(inner, SpatialDropout):
        return dropped(about, training)
    if isinstance(inner, SeparableConv):
        return separable(about)
    if about.motion == "stamp":
        return stamped(about)
    if about.motion == "repeat":
        return repeated(about)
    if about.motion == "border":
        return bordered(about)
    if isinstance(inner, DepthwiseConv2D):
        return depthwise(about)
    if isinstance(inner, Pooling | GlobalPooling):
        return pooled(about)
    return convolved(about)


def starts(axes, place) -> Place:
    return tuple3(axis.window(p)[0] for axis, p in zip(axes, place[:3], strict=True))


def zeros_among(count: int, inside: int) -> str:
    return f"（其中 {count - inside} 个乘的是补的零）" if inside < count else ""


def convolved(s: Setting) -> Scene:
    """All channels at once; every kernel makes a channel. Also locally connected layers."""
    local = isinstance(s.inner, LocallyConnected)
    x, y, box = s.x, s.y, s.box
    source, marks = s.source(apart=False, pads=s.pads), letters(y.channels)
    target = solid("v1", y, s.units, [n % TONES for n in range(y.channels)], marks, apart=True)
    chosen = picks((*y.space, y.channels))
    fewer(y, chosen, s.notes)
    places = math.prod(y.space)

    def position(place) -> int:
        return int(np.ravel_multi_index(place[:3], y.space))

    tone = (lambda place: position(place) % TONES) if local else None
    cells = answering(target, y, chosen, tone)
    shown = drawn_kernels(y.channels, chosen[3], s.notes)
    kernels = kernels_of(0, box.size, x.channels, shown, target.tones, marks)
    count = math.prod(box.size) * x.channels
    moves = []
    for number, place in cells:
        at = starts(s.axes, place)
        inside = len(covered(at, box, x.space)) * x.channels
        where, letter = spans(s.units, at, box), marks[place[3]]
        own = f"第 {position(place) + 1} 处的" if local else ""
        short = f"{own}核 {letter}" + (f"（共 {places} 处）" if local else "")
        result = f"{y.name(number)}{s.value(y, number)}"
        tell = (
            f"{own}核 {letter} 盖住{where}{'，' if where else ''}全部 {x.channels} 个通道："
            f"{count} 个乘积相加{zeros_among(count, inside)}"
            f"{s.result(number, place[3])}，写到 {y.name(number)}。"
        )
        texts = {"v0": where, "k0": short, "v1": result}
        moves.append(
            Move(
                *(0, [(at, None)], target.cells[number][4], "v1", [number], texts, tell),
                kernel=f"k0-{place[3]}",
            )
        )
    name = "kernel，每处不同" if local else "kernel"
    stage = Stage([box], kernels, f"{name} {'×'.join(map(str, (*real(box.size, s), x.channels)))}")
    if local:
        s.notes.append("颜色表示位置：每一处用自己的权重，走一步，核就换一组。")
    return Scene([source, target], [stage], moves, s.notes)


def real(size: Place, s: Setting) -> tuple:
    """Without the axes that the layer's kernel does not have."""
    return size[3 - s.inner.rank :]


def kernels_of(stage, size, depth, channels, tones, marks) -> list[Solid]:
    """tones, marks: of all channels."""
    return [
        Solid(f"k{stage}-{n}", marks[n], (), size, depth, [tones[n]] * depth, digits(depth))
        for n in channels
    ]


def channel_by_channel(s: Setting, y: Tensor, multiplier: int, marks: list[str]):
    """Source and target of a layer that keeps channels apart, and what is walked."""
    source = s.source(apart=True, pads=s.pads)
    tones = [n // multiplier % TONES for n in range(y.channels)]
    target = solid("v1", y, s.units, tones, marks, apart=True)
    chosen = picks((*y.space, y.channels))
    fewer(y, chosen, s.notes)
    return source, target, chosen, answering(target, y, chosen)


def depth_marks(channels: int, multiplier: int) -> list[str]:
    """0, 1, 2 …, or 0a, 0b, 1a … where a channel has several kernels."""
    if multiplier == 1:
        return digits(channels)
    return [f"{n // multiplier}{letters(multiplier)[n % multiplier]}" for n in range(channels)]


def depthwise(s: Setting, y: Tensor | None = None) -> Scene:
    """Every channel with kernels of its own; also the first stage of a separable convolution."""
    first = y is not None
    y = y or s.y
    multiplier = s.inner.depth_multiplier
    marks = depth_marks(y.channels, multiplier)
    source, target, chosen, cells = channel_by_channel(s, y, multiplier, marks)
    box, moves = replace(s.box, whole=False), []
    count = math.prod(box.size)
    for number, place in cells:
        at, channel = starts(s.axes, place), place[3] // multiplier
        inside = len(covered(at, box, s.x.space))
        where = spans(s.units, at, box)
        end = "" if first else s.result(number, place[3])
        got = s.value(y, number).replace(" = ", "，得 ") if first else ""
        tell = (
            f"核 {marks[place[3]]} 只盖住通道 {channel} 的{where}：{count} 个乘积相加"
            f"{zeros_among(count, inside)}{end}{got}，写到 {y.name(number)}。"
        )
        texts = {
            "v0": f"{where}，通道 {channel}",
            "k0": f"核 {marks[place[3]]}",
            "v1": f"{y.name(number)}{s.value(y, number)}",
        }
        moves.append(
            Move(
                *(0, [(at, channel)], target.tones[place[3]], "v1", [number], texts, tell),
                kernel=f"k0-{place[3]}",
            )
        )
    shown = drawn_kernels(y.channels, chosen[3], s.notes)
    kernels = kernels_of(0, box.size, 1, shown, target.tones, marks)
    size = "×".join(map(str, real(box.size, s)))
    stage = Stage([box], kernels, f"depthwise_kernel {size}")
    return Scene([source, target], [stage], moves, s.notes)


def separable(s: Setting) -> Scene:
    """Channel by channel first; then kernels of length 1 mix the channels."""
    middle = s.x.channels * s.inner.depth_multiplier
    shape = tuple(middle if n == s.y.channel else m for n, m in enumerate(s.y.shape))
    m = Tensor("m", shape, s.y.space, s.y.channel)
    first = depthwise(s, m)
    y, marks = s.y, letters(s.y.channels)
    tones = [(middle + n) % TONES for n in range(y.channels)]
    target = solid("v2", y, s.units, tones, marks, apart=True)
    chosen = picks((*y.space, y.channels))
    fewer(y, chosen, s.notes)
    box, moves = Box("v1", (1, 1, 1)), []
    for number, place in answering(target, y, chosen):
        at = tuple3(place[:3])
        where, letter = spans(s.units, at, box), marks[place[3]]
        tell = (
            f"1×1 的核 {letter} 把 m 在{where} 的 {middle} 个通道混在一起：{middle} 个乘积相加"
            f"{s.result(number, place[3])}，写到 {y.name(number)}。"
        )
        texts = {"v1": where, "k1": f"核 {letter}", "v2": f"{y.name(number)}{s.value(y, number)}"}
        moves.append(
            Move(
                *(1, [(at, None)], tones[place[3]], "v2", [number], texts, tell),
                kernel=f"k1-{place[3]}",
            )
        )
    shown = drawn_kernels(y.channels, chosen[3], s.notes)
    kernels = kernels_of(1, box.size, middle, shown, tones, marks)
    ones = "×".join("1" * s.inner.rank)
    stage = Stage([box], kernels, f"pointwise_kernel {ones}×{middle}")
    s.notes.append("分两步：先逐通道卷积得到 m，再用长度为 1 的核混合通道得到 y。")
    return Scene([*first.solids, target], [*first.stages, stage], first.moves + moves, s.notes)


def pooled(s: Setting) -> Scene:
    y = s.y
    source, target, _, cells = channel_by_channel(s, y, 1, digits(y.channels))
    box, moves = replace(s.box, whole=False), []
    way = "取最大的一个" if s.inner.mode == "max" else "取平均"
    for number, place in cells:
        at, channel = starts(s.axes, place), place[3]
        where = spans(s.units, at, box)
        inside = len(covered(at, box, s.x.space))
        outside = math.prod(box.size) - inside
        left = f"（另有 {outside} 格在外面，不算）" if outside else ""
        got = s.value(y, number).replace(" = ", "，得 ")
        tell = f"通道 {channel} 的{where}：{inside} 格里{way}{left}{got}，写到 {y.name(number)}。"
        texts = {"v0": f"{where}，通道 {channel}", "v1": f"{y.name(number)}{s.value(y, number)}"}
        moves.append(Move(0, [(at, channel)], target.tones[channel], "v1", [number], texts, tell))
    word = "最大" if s.inner.mode == "max" else "平均"
    return Scene([source, target], [Stage([box], name=word)], moves, s.notes)


def stamped(s: Setting) -> Scene:
    """Every input, times the kernel, is added into its window of the output."""
    x, y = s.x, s.y
    marks = letters(y.channels)
    tones = [n % TONES for n in range(y.channels)]
    source = s.source(apart=False)
    target = solid("v1", y, s.units, tones, marks, apart=True, pads=s.pads)
    box, stamp = Box("v0", (1, 1, 1)), replace(s.box, solid="v1", whole=False)
    chosen = picks((*x.space, y.channels))
    complete = math.prod(map(len, chosen)) == math.prod(x.space) * y.channels
    if complete:
        answering(target, y, [range(n) for n in (*y.space, y.channels)])
    else:
        s.notes.append("输入的格太多，每个方向均匀地取几处来走；走过的不是全部，输出没有加满。")
    order = sorted(map(tuple, grid_of(chosen)))
    written = [
        [int(y.ids[(*cell, place[3])]) for cell in covered(starts(s.axes, place), stamp, y.space)]
        for place in order
    ]
    last = {n: step for step, cells in enumerate(written) for n in cells}
    moves = []
    for step, place in enumerate(order):
        at, to = tuple3(place[:3]), starts(s.axes, place)
        letter, cells = marks[place[3]], written[step]
        ready = [n for n in cells if last[n] == step] if complete else []
        outside = math.prod(stamp.size) - len(cells)
        cut = f"，其中 {outside} 格落在外面，裁掉" if outside else ""
        full = ""
        if ready:
            shown = "、".join(f"{y.name(n)}{s.value(y, n)}" for n in ready[:4])
            more = f" 等 {len(ready)} 格" if len(ready) > 4 else ""
            full = (
                f"到此加满（连同偏置）：{shown}{more}。"
                if s.inner.use_bias
                else (f"到此加满：{shown}{more}。")
            )
        where = spans(s.units, at, box)
        tell = (
            f"x 在{where} 的 {x.channels} 个数乘核 {letter}，加到输出的{spans(s.units, to, stamp)}"
            f"，共 {math.prod(stamp.size)} 格{cut}。{full}"
        )
        result = f"{y.name(ready[0])}{s.value(y, ready[0])}" if ready else "还没有加满的格"
        texts = {"v0": where, "k0": f"核 {letter}", "v1": result}
        moves.append(
            Move(
                *(0, [(at, None), (to, place[3])], tones[place[3]], "v1", cells, texts, tell),
                kernel=f"k0-{place[3]}",
            )
        )
    if complete and any(n not in last for n in target.cells):
        s.notes.append("没有盖到的输出格只有偏置。")
    shown = drawn_kernels(y.channels, chosen[3], s.notes)
    kernels = kernels_of(0, stamp.size, x.channels, shown, tones, marks)
    size = "×".join(map(str, (*real(stamp.size, s), x.channels)))
    return Scene([source, target], [Stage([box, stamp], kernels, f"kernel {size}")], moves, s.notes)


def at_all_channels(s: Setting, place, tensor: Tensor) -> str:
    """`x[0, 1, :]`"""
    index = np.unravel_index(int(tensor.ids[(*place, 0)]), tensor.shape)
    names = [str(int(i)) for i in index]
    names[tensor.channel] = ":"
    return f"{tensor.letter}[{', '.join(names)}]"


def values_at(s: Setting, place) -> str:
    """`（0.3、−0.5）`, the input's."""
    if not s.numbers:
        return ""
    row = np.ravel(s.numbers.x)[s.x.ids[place]][:4]
    more = "…" if s.x.channels > 4 else ""
    return f"（{'、'.join(short_number(float(v)) for v in row)}{more}）"


def same_tones(s: Setting, pads=NO_PADS, target_pads=NO_PADS) -> tuple[Solid, Solid]:
    """Blocks that keep their channels together, in the same colours on both sides."""
    tones = [n % TONES for n in range(s.x.channels)]
    marks = digits(s.x.channels)
    source = solid("v0", s.x, s.units, tones, marks, pads=pads)
    return source, solid("v1", s.y, s.units, tones, marks, pads=target_pads)


def repeated(s: Setting) -> Scene:
    source, target = same_tones(s)
    box, stamp = Box("v0", (1, 1, 1)), replace(s.box, solid="v1")
    size = math.prod(stamp.size)
    chosen = picks((*s.x.space, 1), MOST // max(1, size * min(s.x.channels, 4)))
    order = [p[:3] for p in sorted(map(tuple, grid_of(chosen)))]
    if len(order) < math.prod(s.x.space):
        s.notes.append(f"输入有 {math.prod(s.x.space)} 处，均匀地只走其中 {len(order)} 处。")
    moves = []
    for place in order:
        to = tuple3(p * a.size for p, a in zip(place, s.axes, strict=True))
        cells = cells_at(target, s.y, covered(to, stamp, s.y.space))
        name, values = at_all_channels(s, place, s.x), values_at(s, place)
        where = spans(s.units, to, stamp)
        tell = f"{name}{values} 抄到输出的{where}，一处变成 {size} 处，每个通道都一样。"
        texts = {"v0": f"{name}", "v1": where}
        moves.append(Move(0, [(place, None), (to, None)], -1, "v1", cells, texts, tell))
    times = "×".join(map(str, real(stamp.size, s)))
    return Scene([source, target], [Stage([box, stamp], name=f"重复 {times}")], moves, s.notes)


def grid_of(chosen) -> list[list[int]]:
    return np.array(np.meshgrid(*chosen, indexing="ij")).reshape(4, -1).T.tolist()


def cells_at(target: Solid, tensor: Tensor, places) -> list[int]:
    """The cells of all channels at some places; from now on they answer."""
    found = []
    for place in places:
        for channel, number in enumerate(tensor.ids[place].tolist()):
            target.cells[number] = (*place, channel, target.tones[channel])
            found.append(number)
    return found


def bordered(s: Setting) -> Scene:
    """Zeros around the input, or cells of its border away."""
    source, target = same_tones(s, pads=s.pads)
    box = Box("v0", (1, 1, 1))
    chosen = picks((*s.y.space, 1), MOST // min(s.x.channels, 4))
    order = [tuple3(p[:3]) for p in sorted(map(tuple, grid_of(chosen)))]
    if len(order) < math.prod(s.y.space):
        s.notes.append(f"输出有 {math.prod(s.y.space)} 处，均匀地只走其中 {len(order)} 处。")
    moves = []
    for place in order:
        at = starts(s.axes, place)
        cells = cells_at(target, s.y, [place])
        to = at_all_channels(s, place, s.y)
        if covered(at, box, s.x.space):
            name = at_all_channels(s, at, s.x)
            texts = {"v0": name, "v1": to}
            tell = f"{name}{values_at(s, at)} 照抄到 {to}。"
        else:
            target.zeros |= set(cells)
            texts = {"v0": "补的零", "v1": f"{to} = 0"}
            tell = f"{to} 在输入的外面：补 0。"
        moves.append(Move(0, [(at, None)], -1, "v1", cells, texts, tell))
    word = "裁掉" if isinstance(s.inner, Cropping) else "补零"
    return Scene([source, target], [Stage([box], name=word)], moves, s.notes)


def dropped(s: Setting, training: bool) -> Scene:
    """Whole channels vanish, the others grow by what is missing."""
    tones = [n % TONES for n in range(s.x.channels)]
    marks = digits(s.x.channels)
    source = solid("v0", s.x, s.units, tones, marks, apart=True)
    target = solid("v1", s.y, s.units, tones, marks, apart=True)
    chosen = picks((*s.y.space, s.y.channels))
    fewer(s.y, chosen, s.notes)
    answering(target, s.y, chosen)
    box, moves = replace(s.box, whole=False), []
    rate = s.inner.rate
    for channel in chosen[3]:
        cells = [n for n, cell in target.cells.items() if cell[3] == channel]
        values = np.ravel(s.numbers.y)[s.y.ids[..., channel]] if s.numbers else np.ones(1)
        if not values.any():
            target.zeros |= set(cells)
            tell, short = f"通道 {channel} 整个丢掉：全部是 0。", f"通道 {channel} → 0"
        elif training:
            factor = short_number(1 / (1 - rate))
            tell = f"通道 {channel} 留下，每个数乘 1 / (1 − {rate:g}) = {factor}。"
            short = f"通道 {channel} × {factor}"
        else:
            tell, short = f"推理阶段，通道 {channel} 原样通过。", f"通道 {channel} 不变"
        texts = {"v0": f"通道 {channel}", "v1": short}
        moves.append(Move(0, [((0, 0, 0), channel)], tones[channel], "v1", cells, texts, tell))
    if not training:
        s.notes.append("推理阶段什么也不丢；勾选“训练阶段”，看整个通道怎样消失。")
    return Scene([source, target], [Stage([box], name="按通道丢弃")], moves, s.notes)
