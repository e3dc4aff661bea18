"""Layers whose windows are read: convolution, locally connected layers, pooling."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ...layers.local import LocallyConnected
from .blocks import Box, Move, Scene, Stage, Tensor, covered, digits, letters, picks, spans
from .setting import (
    TONES,
    Setting,
    answering,
    drawn_kernels,
    fewer,
    kernels_of,
    real,
    solid,
    starts,
    tuple3,
    zeros_among,
)


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
    through = f"全部 {x.channels} 个通道" if x.channels > 1 else "1 个通道"
    moves = []
    for number, place in cells:
        at = starts(s.axes, place)
        inside = len(covered(at, box, x.space)) * x.channels
        where, letter = spans(s.units, at, box), marks[place[3]]
        own = f"第 {position(place) + 1} 处的" if local else ""
        short = f"{own}核 {letter}" + (f"（共 {places} 处）" if local else "")
        result = f"{y.name(number)}{s.value(y, number)}"
        tell = (
            f"{own}核 {letter} 盖住{where}、{through}："
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
