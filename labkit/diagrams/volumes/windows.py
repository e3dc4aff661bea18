"""Layers whose windows are read: convolution, locally connected layers, pooling."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ...layers.local import LocallyConnected
from ..grids import letter_of
from .blocks import Box, Move, Scene, Stage, Tensor, covered, picks, spans, tuple3
from .setting import (
    TONES,
    Setting,
    answering,
    cycled,
    drawn_kernels,
    fewer,
    kernels_of,
    real,
    solid,
    starts,
    zeros_among,
)


def convolved(s: Setting) -> Scene:
    """All channels at once; every kernel makes a channel. Also locally connected layers."""
    local = isinstance(s.inner, LocallyConnected)
    x, y, box = s.x, s.y, s.box
    source = s.source(apart=False, pads=s.pads)
    target = solid("v1", y, s.units, cycled, letter_of, apart=True)
    chosen = picks((*y.space, y.channels))
    fewer(y, chosen, s.notes)
    places = math.prod(y.space)

    def position(place) -> int:
        return int(np.ravel_multi_index(place[:3], y.space))

    toned = (lambda place: position(place) % TONES) if local else None
    cells = answering(target, y, chosen, toned)
    shown = drawn_kernels(y.channels, chosen[3], s.notes)
    kernels = kernels_of(0, box.size, x.channels, shown, cycled, letter_of)
    count = math.prod(box.size) * x.channels
    through = f"全部 {x.channels} 个通道" if x.channels > 1 else "1 个通道"
    moves = []
    for number, place in cells:
        at = starts(s.axes, place)
        inside = len(covered(at, box, x.space)) * x.channels
        where, letter = spans(s.units, at, box), letter_of(place[3])
        own = f"第 {position(place) + 1} 处的" if local else ""
        short = f"{own}核 {letter}" + (f"（共 {places} 处）" if local else "")
        result = f"{y.name(number)}{s.value(y, number)}"
        tell = (
            f"{own}核 {letter} 盖住{where}、{through}："
            f"{count} 个乘积相加{zeros_among(count, inside)}"
            f"{s.result(number, place)}，写到 {y.name(number)}。"
        )
        texts = {"v0": where, "k0": short, "v1": result}
        moves.append(
            Move(
                0,
                [(at, None)],
                target.cells[number][4],
                "v1",
                [number],
                texts,
                tell,
                f"k0-{place[3]}",
            )
        )
    name = "kernel，每处不同" if local else "kernel"
    stage = Stage([box], kernels, f"{name} {'×'.join(map(str, (*real(box.size, s), x.channels)))}")
    if local:
        s.notes.append("颜色表示位置：每一处用自己的权重，走一步，核就换一组。")
    return Scene([source, target], [stage], moves, s.notes)


def channel_by_channel(s: Setting, y: Tensor, multiplier: int, mark):
    """Source and target of a layer that keeps channels apart, and what is walked."""
    source = s.source(apart=True, pads=s.pads)
    target = solid("v1", y, s.units_of(y), lambda n: n // multiplier % TONES, mark, apart=True)
    chosen = picks((*y.space, y.channels))
    fewer(y, chosen, s.notes)
    return source, target, chosen, answering(target, y, chosen)


def depth_mark(channel: int, multiplier: int) -> str:
    """0, 1, 2 …, or 0a, 0b, 1a … where a channel has several kernels."""
    own = letter_of(channel % multiplier) if multiplier > 1 else ""
    return f"{channel // multiplier}{own}"


def depthwise(s: Setting, y: Tensor | None = None) -> Scene:
    """Every channel with kernels of its own; also the first stage of a separable convolution."""
    first = y is not None
    y = y or s.y
    multiplier = s.inner.depth_multiplier

    def mark(channel: int) -> str:
        return depth_mark(channel, multiplier)

    source, target, chosen, cells = channel_by_channel(s, y, multiplier, mark)
    box, moves = replace(s.box, whole=False), []
    count = math.prod(box.size)
    for number, place in cells:
        at, channel = starts(s.axes, place), place[3] // multiplier
        inside = len(covered(at, box, s.x.space))
        where = spans(s.units, at, box)
        end = "" if first else s.result(number, place)
        got = s.value(y, number).replace(" = ", "，得 ") if first else ""
        tell = (
            f"核 {mark(place[3])} 只盖住通道 {channel} 的{where}：{count} 个乘积相加"
            f"{zeros_among(count, inside)}{end}{got}，写到 {y.name(number)}。"
        )
        texts = {
            "v0": f"{where}，通道 {channel}",
            "k0": f"核 {mark(place[3])}",
            "v1": f"{y.name(number)}{s.value(y, number)}",
        }
        moves.append(
            Move(
                0,
                [(at, channel)],
                target.tone(place[3]),
                "v1",
                [number],
                texts,
                tell,
                f"k0-{place[3]}",
            )
        )
    shown = drawn_kernels(y.channels, chosen[3], s.notes)
    kernels = kernels_of(0, box.size, 1, shown, target.tone, mark)
    size = "×".join(map(str, real(box.size, s)))
    stage = Stage([box], kernels, f"depthwise_kernel {size}")
    return Scene([source, target], [stage], moves, s.notes)


def separable(s: Setting) -> Scene:
    """Channel by channel first; then kernels of length 1 mix the channels."""
    middle = s.x.channels * s.inner.depth_multiplier
    shape = tuple(middle if n == s.y.channel else m for n, m in enumerate(s.y.shape))
    m = Tensor("m", shape, s.y.space, s.y.channel)
    first = depthwise(s, m)
    y = s.y

    def tone(channel: int) -> int:
        """Other colours than those of the channels that are mixed."""
        return (middle + channel) % TONES

    target = solid("v2", y, s.units, tone, letter_of, apart=True)
    chosen = picks((*y.space, y.channels))
    fewer(y, chosen, s.notes)
    box, moves = Box("v1", (1, 1, 1)), []
    for number, place in answering(target, y, chosen):
        at = tuple3(place[:3])
        where, letter = spans(s.units, at, box), letter_of(place[3])
        tell = (
            f"1×1 的核 {letter} 把 m 在{where} 的 {middle} 个通道混在一起：{middle} 个乘积相加"
            f"{s.result(number, place)}，写到 {y.name(number)}。"
        )
        texts = {"v1": where, "k1": f"核 {letter}", "v2": f"{y.name(number)}{s.value(y, number)}"}
        moves.append(
            Move(1, [(at, None)], tone(place[3]), "v2", [number], texts, tell, f"k1-{place[3]}")
        )
    shown = drawn_kernels(y.channels, chosen[3], s.notes)
    kernels = kernels_of(1, box.size, middle, shown, tone, letter_of)
    ones = "×".join("1" * s.inner.rank)
    stage = Stage([box], kernels, f"pointwise_kernel {ones}×{middle}")
    s.notes.append("分两步：先逐通道卷积得到 m，再用长度为 1 的核混合通道得到 y。")
    return Scene([*first.solids, target], [*first.stages, stage], first.moves + moves, s.notes)


def pooled(s: Setting) -> Scene:
    y = s.y
    source, target, _, cells = channel_by_channel(s, y, 1, str)
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
        moves.append(Move(0, [(at, channel)], target.tone(channel), "v1", [number], texts, tell))
    word = "最大" if s.inner.mode == "max" else "平均"
    return Scene([source, target], [Stage([box], name=word)], moves, s.notes)
