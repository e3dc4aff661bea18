"""Planes of cells and words, measured and put together before they are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from . import svg
from .planes import Grid, Plane

LABEL, BESIDE = 14, 16  # room above a plane, and at its sides


class Text(NamedTuple):
    x: float
    y: float
    content: str
    size: float = 10
    fill: str = svg.FAINT
    weight: int = 400
    anchor: str = "start"
    mono: bool = False

    def moved(self, x: float, y: float) -> Text:
        return self._replace(x=self.x + x, y=self.y + y)

    @property
    def svg(self) -> str:
        return svg.text(
            self.x, self.y, self.content, size=self.size, mono=self.mono,
            weight=self.weight, fill=self.fill, anchor=self.anchor, css="words",
        )  # fmt: skip


class Place(NamedTuple):
    """A plane, where its first cell is drawn, and where its index is written."""

    grid: Grid
    plane: Plane
    x: float
    y: float
    index: tuple[float, float]

    def moved(self, x: float, y: float) -> Place:
        # Whole numbers: then what JavaScript adds to them is exactly what Python adds.
        x, y = math.floor(x), math.floor(y)
        index = self.index[0] + x, self.index[1] + y
        return Place(self.grid, self.plane, self.x + x, self.y + y, index)


class Piece(NamedTuple):
    """What is drawn from (0, 0): parts, and where each of them is."""

    width: float
    height: float
    parts: list[tuple[Piece | Place | Text, float, float]]

    def leaves(self, x: float = 0, y: float = 0) -> Iterator[Place | Text]:
        """Planes and texts, where they are in the whole picture."""
        for part, right, down in self.parts:
            if isinstance(part, Piece):
                yield from part.leaves(x + right, y + down)
            else:
                yield part.moved(x + right, y + down)


def texts(width: float, height: float, lines: list[Text]) -> Piece:
    return Piece(width, height, [(line, 0.0, 0.0) for line in lines])


def below(pieces: list[Piece], gap: float) -> Piece:
    placed, y = [], 0.0
    for piece in pieces:
        placed.append((piece, 0.0, y))
        y += piece.height + gap
    return Piece(max(p.width for p in pieces), y - gap, placed)


def beside(pieces: list[Piece], gap: float) -> Piece:
    placed, x = [], 0.0
    for piece in pieces:
        placed.append((piece, x, 0.0))
        x += piece.width + gap
    return Piece(x - gap, max(p.height for p in pieces), placed)


def flow(pieces: list[Piece], columns: int, gap: float) -> Piece:
    rows = [pieces[i : i + columns] for i in range(0, len(pieces), columns)]
    return below([beside(row, gap) for row in rows], gap)


# --- one tensor ---


def plane_piece(grid: Grid, plane: Plane, cell, labelled: bool) -> Piece:
    """A plane under its index; the first of a tensor tells what is added or cut at each side."""
    rows, columns = plane.cells.shape
    width, height = columns * cell[0], rows * cell[1]
    sides = grid.padding.sides(grid.letter) if grid.padding and labelled else None
    words, x, y, beneath = [], 0.0, LABEL if plane.label else 0.0, 0.0
    if sides and len(sides) == 1:
        both = f"{sides[0].before}，{sides[0].after}"
        words.append(Text(0, y + height + 12, both))
        width, beneath = max(width, svg.width_of(both, 10)), 15
    elif sides:
        (top, bottom), (left, right) = sides[-2:]
        x = BESIDE if left else 0
        middle = x + width / 2
        if top:
            words.append(Text(middle, y + 10, top, anchor="middle"))
            words.append(Text(middle, y + LABEL + height + 11, bottom, anchor="middle"))
            y, beneath = y + LABEL, LABEL
        if left:
            for side, at in ((left, x - 8), (right, x + width + 8)):
                letters = [side[0], side[1], side[2:].strip()]
                start = y + height / 2 - 6.5
                words += [
                    Text(at, start + 12 * i, letter, anchor="middle")
                    for i, letter in enumerate(letters)
                ]
            width += 2 * BESIDE
    width = max(width, svg.width_of(plane.label, 10, mono=True))
    piece = texts(width, y + height + beneath, words)
    piece.parts.append((Place(grid, plane, x, y, (x, 10)), 0, 0))
    return piece


def caption(grid: Grid, plane: Plane) -> Piece:
    """The name and the shape of a tensor, and what its marks mean."""
    shape = f"({', '.join(map(str, grid.shape))}{',' if len(grid.shape) == 1 else ''})"
    lines = [
        Text(0, 12, grid.name, 12, svg.INK, 600, mono=True),
        Text(0, 26, shape, 11, mono=True),
    ]
    height = 32.0
    sides = grid.padding.sides(grid.letter) if grid.padding else None
    if sides and len(sides) == 3 and sides[0].before:
        lines.append(Text(0, height + 7, f"{sides[0].before}，{sides[0].after}"))
        height += 13
    for sentence in marks(grid, plane):
        lines.append(Text(0, height + 7, sentence))
        height += 13
    width = max(svg.width_of(t.content, t.size, t.mono) for t in lines)
    return texts(width, height - 5, lines)


def marks(grid: Grid, plane: Plane) -> Iterator[str]:
    """What the marks in the cells mean."""
    if plane.starts is not None:
        yield "角标：窗口的起点"
    around = grid.padding
    if around and grid.letter == "x" and around.form.motion == "slide":
        if not around.about.links.any(axis=0).all():
            yield "斜线：没有用到"
