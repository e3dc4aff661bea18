"""Blocks in oblique projection: rows and columns lie flat on the paper, channels go into its depth.

All blocks of a picture share one scale: `cell` pixels for a cell of space, `deep` for a channel.
A video is a row of slabs, one a frame.
"""

from __future__ import annotations

from typing import NamedTuple

from .blocks import PIECES, Place, Solid

ACROSS, UP = 0.82, 0.57  # of a length into the depth
LOOSE = 0.9  # between channels that do not touch, of a channel's thickness

Point = tuple[float, float]


class Scale(NamedTuple):
    cell: float
    deep: float


class Plate(NamedTuple):
    """Channels that are drawn as one piece: from `first` on, `count` of them."""

    first: int
    count: int
    z: float
    thick: float


def plates(solid: Solid, scale: Scale) -> list[Plate]:
    """From front to back."""
    if solid.channels > PIECES:
        return [Plate(0, solid.channels, 0, solid.channels * scale.deep)]
    pitch = scale.deep * (1 + LOOSE * solid.apart)
    return [Plate(n, 1, n * pitch, scale.deep) for n in range(solid.channels)]


def front_of(solid: Solid, scale: Scale, channel: int) -> float:
    """How deep a channel begins."""
    loose = solid.apart and solid.channels <= PIECES
    return channel * scale.deep * (1 + LOOSE * loose)


def depth(solid: Solid, scale: Scale) -> float:
    return front_of(solid, scale, solid.channels - 1) + scale.deep


def pitch(solid: Solid, scale: Scale) -> float:
    """From one frame to the next: no slab hides another."""
    before, after = (max(n, 0) for n in solid.pads[2])
    width = (solid.space[2] + before + after) * scale.cell + depth(solid, scale) * ACROSS
    return width + max(5.0, 0.4 * scale.cell)


def at(solid: Solid, scale: Scale, place: Place, z: float = 0.0) -> Point:
    """The upper left front corner of a cell."""
    frame, row, column = place
    x = frame * pitch(solid, scale) + column * scale.cell + z * ACROSS
    return round(x, 1), round(row * scale.cell - z * UP, 1)


class Bounds(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


def bounds(solid: Solid, scale: Scale) -> Bounds:
    """Of a block with what is added around it."""
    (fb, fa), (rb, ra), (cb, ca) = (tuple(max(n, 0) for n in pair) for pair in solid.pads)
    frames, rows, columns = solid.space
    into = depth(solid, scale)
    # Only a window rises above the zeros in front; without them, the block's own back does.
    return Bounds(
        -fb * pitch(solid, scale) - cb * scale.cell,
        -rb * scale.cell - into * UP,
        (frames - 1 + fa) * pitch(solid, scale) + (columns + ca) * scale.cell + into * ACROSS,
        (rows + ra) * scale.cell,
    )


def number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def polygon(points: list[Point]) -> str:
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points) + "Z"


def cuboid(corner: Point, width: float, height: float, into: float) -> tuple[str, str, str]:
    """Front, top and right face of a box, as paths."""
    x, y = corner
    dx, dy = into * ACROSS, -into * UP
    right, bottom = x + width, y + height
    return (
        polygon([(x, y), (right, y), (right, bottom), (x, bottom)]),
        polygon([(x, y), (x + dx, y + dy), (right + dx, y + dy), (right, y)]),
        polygon([(right, y), (right + dx, y + dy), (right + dx, bottom + dy), (right, bottom)]),
    )


def hidden(corner: Point, width: float, height: float, into: float) -> str:
    """The three edges of a box that its faces hide."""
    x, y = corner
    back = (x + into * ACROSS, y + height - into * UP)
    ends = [(x, y + height), (back[0], back[1] - height), (back[0] + width, back[1])]
    return "".join(f"M{number(back[0])} {number(back[1])}L{number(a)} {number(b)}" for a, b in ends)


def grid(corner: Point, columns: int, rows: int, cell: float, into: float = 0.0) -> str:
    """Lines between the cells of a front face, and over the top and the right face."""
    x, y = corner
    dx, dy = into * ACROSS, -into * UP
    parts = []
    for n in range(1, columns):
        parts.append(f"M{number(x + n * cell)} {number(y + rows * cell)}V{number(y)}")
        parts.append(f"l{number(dx)} {number(dy)}" if into else "")
    for n in range(1, rows):
        parts.append(f"M{number(x)} {number(y + n * cell)}H{number(x + columns * cell)}")
        parts.append(f"l{number(dx)} {number(dy)}" if into else "")
    return "".join(parts)


def step_of_ticks(n: int) -> int:
    """Every how many cells a tick stands: at most 12 of them."""
    for base in (10**power * digit for power in range(8) for digit in (1, 2, 5)):
        if n <= 12 * base:
            return base
    return n


def ticks(corner: Point, columns: int, rows: int, cell: float) -> str:
    """Short lines along the left and the bottom edge of a face with many cells."""
    x, y = corner
    every, length = step_of_ticks(max(columns, rows)), 3.5
    parts = [
        f"M{number(x + n * cell)} {number(y + rows * cell)}v{-length}"
        for n in range(every, columns, every)
    ]
    parts += [f"M{number(x)} {number(y + n * cell)}h{length}" for n in range(every, rows, every)]
    return "".join(parts)


def fitted(cell: float, channels: int, most: float, ratio: float) -> Scale:
    """`ratio` of a cell for a channel, or less where many channels would go too deep."""
    return Scale(cell, min(ratio * cell, most / channels))
