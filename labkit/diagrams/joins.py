"""Frames around what a chosen cell is joined with, and the beams between them.

docs/live/lab-joins.js draws the same when another cell is chosen.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

LIT = {"chosen", "used", "weak", "zero"}
MANY = 9  # frames that are joined one by one


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


class Face(NamedTuple):
    """A plane of cells where it is drawn."""

    letter: str
    tensor: int  # counted among those of its letter
    places: dict[str, Box]  # by data-cell


class Frame(NamedTuple):
    face: Face
    box: Box
    full: bool  # every cell in it is lit
    alone: bool  # around the chosen cell and no other


class Joins(NamedTuple):
    frames: str  # path data
    loose: str  # of frames that hold other cells too
    beams: str
    skipped: list[str]  # input cells within a frame that are not looked at


def joins(
    faces: Sequence[Face], states: dict[str, str], weights: Sequence[tuple[str, tuple]]
) -> Joins:
    found, skipped = [], []
    for face in faces:
        lit = [key for key in face.places if states.get(key) in LIT]
        if not lit:
            continue
        box = hull([face.places[key] for key in lit])
        within = [key for key, place in face.places.items() if inside(place, box)]
        if face.letter == "x":
            skipped += [key for key in within if key not in lit]
        alone = lit == [key for key in lit if states[key] == "chosen"]
        found.append(Frame(face, box, len(within) == len(lit), alone))
    framed = [frame for frame in found if not frame.alone]
    return Joins(
        "".join(outline(f.box) for f in framed if f.full),
        "".join(outline(f.box) for f in framed if not f.full),
        "".join(beams(found, weights)),
        skipped,
    )


def beams(found: list[Frame], weights: Sequence[tuple[str, tuple]]) -> list[str]:
    """Inputs are joined with the first kernel, every weight with the output; a bias by a line."""
    inputs, used, outputs = (
        {t: [f.box for f in group] for t, group in itertools.groupby(part, lambda f: f.face.tensor)}
        for part in ([f for f in found if f.face.letter == letter] for letter in "xwy")
    )
    goal = list(itertools.chain(*outputs.values()))
    source = list(itertools.chain(*inputs.values()))
    if not used:
        return joined(source, goal)
    kernels = [t for t, (_, shape) in enumerate(weights) if len(shape) > 1]
    first = kernels[0] if kernels else -1
    # The two kernels of a separable convolution follow each other.
    second = next((t for t in kernels[1:2] if weights[t][0].startswith("pointwise")), -1)
    target = used[first] if first in used else list(itertools.chain(*used.values()))
    result = joined(source, target)
    for tensor, boxes in used.items():
        chained = tensor == first and second in used
        if kernels and tensor not in kernels:
            result += list(itertools.starmap(line, itertools.product(boxes, goal)))
        else:
            result += joined(boxes, used[second] if chained else goal)
    return result


def joined(left: list[Box], right: list[Box]) -> list[str]:
    if not left or not right:
        return []
    if min(len(left), len(right)) > 1 and len(left) != len(right) or len(left + right) > MANY:
        return [beam(hull(left), hull(right))]
    if len(left) == len(right):
        return list(map(beam, left, right))
    return list(itertools.starmap(beam, itertools.product(left, right)))


def hull(boxes: Sequence[Box]) -> Box:
    x, y = min(b.x for b in boxes), min(b.y for b in boxes)
    return Box(x, y, max(b.right for b in boxes) - x, max(b.bottom for b in boxes) - y)


def line(a: Box, b: Box) -> str:
    """A beam of no width, from middle to middle."""
    if a.x < b.right and b.x < a.right:  # below each other
        return beam(*(box._replace(x=box.x + box.width / 2, width=0) for box in (a, b)))
    return beam(*(box._replace(y=box.y + box.height / 2, height=0) for box in (a, b)))


def inside(place: Box, box: Box) -> bool:
    return (
        box.x <= place.x and place.right <= box.right
        and box.y <= place.y and place.bottom <= box.bottom
    )  # fmt: skip


def outline(box: Box) -> str:
    return f"M{box.x:g} {box.y:g}h{box.width:g}v{box.height:g}h{-box.width:g}z"


def beam(a: Box, b: Box) -> str:
    """From the corners of one frame to those of the next: beside it, below it, or else behind."""
    if b.x >= a.right:
        points = [(a.right, a.y), (b.x, b.y), (b.x, b.bottom), (a.right, a.bottom)]
    elif b.y >= a.bottom:
        points = [(a.x, a.bottom), (b.x, b.y), (b.right, b.y), (a.right, a.bottom)]
    elif a.x >= b.right or a.y >= b.bottom:
        return beam(b, a)
    else:
        return ""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "z"
