"""What a layer does to blocks, step by step: which box of the input, which kernel, which cells.

A block has three space axes (frames, rows, columns; those that are missing have length 1) and
channels. Where windows stand comes from geometry.py, numbers from the layer itself.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..geometry import Axis
from ..svg import width_of

Place = tuple[int, int, int]
MOST = 160  # steps, and cells that answer
MOST_STAMPED = 600  # cells of an output that is written several cells a step
PIECES = 12  # channels that are drawn one by one; more are one piece
KERNELS = 8  # that are drawn
UNITS = {1: ("", "", "步"), 2: ("", "行", "列"), 3: ("帧", "行", "列")}
NO_PADS = ((0, 0),) * 3


@dataclass
class Solid:
    """A tensor or a kernel as a block.

    pads: cells that are added on each side of each space axis; negative: cut away.
    tone, mark: colour and name of each channel; -1: no colour of its own.
    apart: channels do not touch.
    cells: number → (frame, row, column, channel, tone) of those that answer.
    """

    key: str
    letter: str
    shape: tuple
    space: Place
    channels: int
    tone: Callable[[int], int]
    mark: Callable[[int], str]
    units: tuple[str, str, str] = ("", "", "")
    apart: bool = False
    pads: tuple[tuple[int, int], ...] = NO_PADS
    cells: dict[int, tuple[int, int, int, int, int]] = field(default_factory=dict)
    zeros: set[int] = field(default_factory=set)

    @property
    def name(self) -> str:
        if not self.shape:
            return self.letter
        return f"{self.letter} ({', '.join(map(str, self.shape))}{',' * (len(self.shape) == 1)})"


@dataclass
class Box:
    """What moves through a solid: `size` cells, `dilation` apart, through all channels or one."""

    solid: str
    size: Place
    dilation: Place = (1, 1, 1)
    whole: bool = True


@dataclass
class Stage:
    boxes: list[Box]
    kernels: list[Solid] = field(default_factory=list)
    name: str = ""  # of the kernels' weight


@dataclass
class Move:
    """A step. at: for every box of the stage where it stands: (frame, row, column), channel.

    tone: of the boxes. cells: of the solid `target`. texts: short, under the solids.
    """

    stage: int
    at: Sequence[tuple[Place, int | None]]
    tone: int
    target: str
    cells: list[int]
    texts: dict[str, str]
    tell: str
    kernel: str = ""


@dataclass
class Scene:
    solids: list[Solid]
    stages: list[Stage]
    moves: list[Move]
    notes: list[str]

    @cached_property
    def widths(self) -> dict[str, float]:
        """How wide the texts become that change with the step, in font sizes, by their keys."""
        found: dict[str, float] = {}
        for move in self.moves:
            for key, text in move.texts.items():
                found[key] = max(found.get(key, 0.0), width_of(text, 1))
        return found


class Tensor:
    """An array as a block: its cells' numbers by (frame, row, column, channel), and their names."""

    def __init__(self, letter: str, shape: tuple[int, ...], space: Iterable[int], channel: int):
        """space: the three lengths. channel: which axis of the shape it is."""
        self.letter, self.shape = letter, shape
        self.channel = channel % len(shape)
        self.channels = shape[self.channel]
        self.space = tuple3(space)
        self.size = math.prod(shape)
        steps = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
        # An axis of length 1 may be missing in the array; its step does not matter.
        real = [s for a, s in enumerate(steps) if a != self.channel and shape[a] != 1]
        lengths = iter(real)
        self.steps = [next(lengths) if n != 1 else 0 for n in self.space] + [steps[self.channel]]

    def number(self, place: Sequence[int]) -> int:
        """Of the cell at (frame, row, column, channel), in the array's order."""
        return sum(int(p) * step for p, step in zip(place, self.steps, strict=True))

    def name(self, number: int) -> str:
        index = np.unravel_index(number, self.shape)
        return f"{self.letter}[{', '.join(str(int(i)) for i in index)}]"


def picked(n: int, most: int) -> list[int]:
    """At most `most` of n numbers, evenly, the first and the last among them."""
    if n <= most:
        return list(range(n))
    if most < 2:
        return [0]
    return sorted({round(i * (n - 1) / (most - 1)) for i in range(most)})


def picks(dims: Iterable[int], most: int = MOST) -> list[list[int]]:
    """Which cells of a grid are walked, at most `most`; the last axis is channels.

    Many channels are drawn as one piece: then the first one. Of fewer, the first and the last.
    """
    dims = list(dims)
    if math.prod(dims) <= most and dims[-1] <= PIECES:
        return [list(range(n)) for n in dims]
    counts = [min(n, most) for n in dims]
    counts[-1] = 1 if dims[-1] > PIECES else min(dims[-1], 2)
    while math.prod(counts) > most:
        widest = max(range(len(counts)), key=lambda axis: counts[axis])
        counts[widest] -= 1
    return [picked(n, count) for n, count in zip(dims, counts, strict=True)]


def lifted(axes: Iterable[Axis]) -> tuple[Axis, ...]:
    """Three axes: those that are missing have length 1."""
    axes = tuple(axes)
    return (*[Axis("", 1, 1, 1)] * (3 - len(axes)), *axes)


def spans(units: Iterable[str], starts: Place, box: Box) -> str:
    """`行 0–2、列 1–3`"""
    parts = []
    for unit, start, size, apart in zip(units, starts, box.size, box.dilation, strict=True):
        if not unit:
            continue
        cells = [start + i * apart for i in range(size)]
        if size == 1:
            parts.append(f"{unit} {start}")
        elif apart == 1:
            parts.append(f"{unit} {signed(cells[0])}–{signed(cells[-1])}")
        else:
            parts.append(f"{unit} {', '.join(map(signed, cells))}")
    return "、".join(parts)


def signed(number: int) -> str:
    return f"−{-number}" if number < 0 else str(number)


def covered(starts: Place, box: Box, space: Place) -> list[Place]:
    """The cells of a box that lie inside a solid."""
    lines = [
        [c for i in range(size) if 0 <= (c := start + i * apart) < n]
        for start, size, apart, n in zip(starts, box.size, box.dilation, space, strict=True)
    ]
    return [tuple3(place) for place in itertools.product(*lines)]


def tuple3(numbers: Iterable[int]) -> Place:
    a, b, c = numbers
    return a, b, c
