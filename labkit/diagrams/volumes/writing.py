"""Layers that write over places: stamping, repeating, borders, and whole channels that vanish."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ...layers.convolutional.borders import Cropping
from ..grids import letter_of
from ..steps import short_number
from .blocks import (
    MOST,
    MOST_STAMPED,
    NO_PADS,
    PIECES,
    Box,
    Move,
    Scene,
    Solid,
    Stage,
    Tensor,
    covered,
    picks,
    spans,
    tuple3,
)
from .setting import (
    Setting,
    answering,
    cycled,
    drawn_kernels,
    fewer,
    grid_of,
    kernels_of,
    real,
    solid,
    starts,
)


def stamped(s: Setting) -> Scene:
    """Every input, times the kernel, is added into its window of the output."""
    x, y = s.x, s.y
    source = s.source(apart=False)
    target = solid("v1", y, s.units, cycled, letter_of, apart=True, pads=s.pads)
    box, stamp = Box("v0", (1, 1, 1)), replace(s.box, solid="v1", whole=False)
    chosen = picks((*x.space, y.channels))
    complete = math.prod(map(len, chosen)) == math.prod(x.space) * y.channels
    few = y.size <= MOST_STAMPED
    if complete and few:
        answering(target, y, [range(n) for n in (*y.space, y.channels)])
    else:
        s.notes.append("输入的格太多，每个方向均匀地取几处来走；走过的不是全部，输出没有加满。")
    order = sorted(map(tuple, grid_of(chosen)))
    written = [
        [y.number((*cell, place[3])) for cell in covered(starts(s.axes, place), stamp, y.space)]
        for place in order
    ]
    last = {n: step for step, cells in enumerate(written) for n in cells}
    moves = []
    for step, place in enumerate(order):
        at, to = tuple3(place[:3]), starts(s.axes, place)
        letter, cells = letter_of(place[3]), written[step]
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
                0,
                [(at, None), (to, place[3])],
                cycled(place[3]),
                "v1",
                cells,
                texts,
                tell,
                f"k0-{place[3]}",
            )
        )
    if complete and any(n not in last for n in target.cells):
        s.notes.append("没有盖到的输出格只有偏置。")
    shown = drawn_kernels(y.channels, chosen[3], s.notes)
    kernels = kernels_of(0, stamp.size, x.channels, shown, cycled, letter_of)
    size = "×".join(map(str, (*real(stamp.size, s), x.channels)))
    return Scene([source, target], [Stage([box, stamp], kernels, f"kernel {size}")], moves, s.notes)


def at_all_channels(s: Setting, place, tensor: Tensor) -> str:
    """`x[0, 1, :]`"""
    index = np.unravel_index(tensor.number((*place, 0)), tensor.shape)
    names = [str(int(i)) for i in index]
    names[tensor.channel] = ":"
    return f"{tensor.letter}[{', '.join(names)}]"


def values_at(s: Setting, place) -> str:
    """`（0.3、−0.5）`, the input's."""
    if not s.numbers:
        return ""
    channels = range(min(s.x.channels, 4))
    row = [np.ravel(s.numbers.x)[s.x.number((*place, n))] for n in channels]
    more = "…" if s.x.channels > 4 else ""
    return f"（{'、'.join(short_number(float(v)) for v in row)}{more}）"


def same_tones(s: Setting, pads=NO_PADS, target_pads=NO_PADS) -> tuple[Solid, Solid]:
    """Blocks that keep their channels together, in the same colours on both sides."""
    source = solid("v0", s.x, s.units, cycled, str, pads=pads)
    return source, solid("v1", s.y, s.units, cycled, str, pads=target_pads)


def repeated(s: Setting) -> Scene:
    source, target = same_tones(s)
    box, stamp = Box("v0", (1, 1, 1)), replace(s.box, solid="v1")
    size = math.prod(stamp.size)
    chosen = picks((*s.x.space, 1), MOST // max(1, size * min(s.x.channels, 4)))
    order = [tuple3(p[:3]) for p in sorted(map(tuple, grid_of(chosen)))]
    if len(order) < math.prod(s.x.space):
        s.notes.append(f"输入有 {math.prod(s.x.space)} 处，均匀地只走其中 {len(order)} 处。")
    # Of more cells only the box moves.
    few = len(order) * size * min(s.x.channels, PIECES) <= MOST_STAMPED
    moves = []
    for place in order:
        to = tuple3(p * a.size for p, a in zip(place, s.axes, strict=True))
        cells = cells_at(target, s.y, covered(to, stamp, s.y.space)) if few else []
        name, values = at_all_channels(s, place, s.x), values_at(s, place)
        where = spans(s.units, to, stamp)
        tell = f"{name}{values} 抄到输出的{where}，一处变成 {size} 处，每个通道都一样。"
        texts = {"v0": f"{name}", "v1": where}
        moves.append(Move(0, [(place, None), (to, None)], -1, "v1", cells, texts, tell))
    times = "×".join(map(str, real(stamp.size, s)))
    return Scene([source, target], [Stage([box, stamp], name=f"重复 {times}")], moves, s.notes)


def cells_at(target: Solid, tensor: Tensor, places) -> list[int]:
    """The cells of the channels that are drawn, at some places; from now on they answer."""
    found = []
    for place in places:
        for channel in range(min(tensor.channels, PIECES)):
            number = tensor.number((*place, channel))
            target.cells[number] = (*place, channel, target.tone(channel))
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
    source = solid("v0", s.x, s.units, cycled, str, apart=True)
    target = solid("v1", s.y, s.units, cycled, str, apart=True)
    chosen = picks((*s.y.space, s.y.channels))
    fewer(s.y, chosen, s.notes)
    answering(target, s.y, chosen)
    box, moves = replace(s.box, whole=False), []
    rate = s.inner.rate
    for channel in chosen[3]:
        cells = [n for n, cell in target.cells.items() if cell[3] == channel]
        values = s.numbers.y.take(channel, s.y.channel) if s.numbers else np.ones(1)
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
        moves.append(Move(0, [((0, 0, 0), channel)], cycled(channel), "v1", cells, texts, tell))
    if not training:
        s.notes.append("推理阶段什么也不丢；勾选“训练阶段”，看整个通道怎样消失。")
    return Scene([source, target], [Stage([box], name="按通道丢弃")], moves, s.notes)
