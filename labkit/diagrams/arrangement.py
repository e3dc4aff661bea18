"""Inputs, weights and outputs from left to right where they fit, with cells as large as fit."""

from __future__ import annotations

from typing import NamedTuple

from . import svg
from .pieces import (
    BESIDE,
    LABEL,
    Piece,
    Place,
    Text,
    below,
    beside,
    caption,
    flow,
    plane_piece,
    texts,
)
from .planes import Grid, extent, planes

MARGIN = 10  # between planes
TALLEST = 420  # of a picture that is seen at once
SIGNS = {
    "Add": "+",
    "Subtract": "−",
    "Multiply": "×",
    "Average": "均",
    "Maximum": "max",
    "Minimum": "min",
    "Concatenate": "接",
    "Dot": "·",
}


class Sheet(NamedTuple):
    """A whole picture, and the size of its cells."""

    piece: Piece
    cell: tuple[float, float]


class Section:
    """The inputs, the weights or the outputs."""

    def __init__(self, grids: list[Grid], sign: str):
        self.grids, self.sign = grids, sign

    def least(self, cell) -> float:
        """Narrower than this it cannot be."""
        return max(extent(grid)[1] for grid in self.grids) * cell[0]

    def fits(self, room: float, cell) -> bool:
        """Whether nothing has to be cut."""
        return all(
            columns * cell[0] <= room - 2 * BESIDE and rows * cell[1] <= TALLEST
            for rows, columns in map(extent, self.grids)
        )

    def cut(self, room: float, cell) -> int:
        """Cuts what is too long for the room; how many planes a tensor has at most."""
        longest = int((room - 2 * BESIDE) // cell[0]), int(TALLEST // cell[1])
        self.parts = []
        for grid in self.grids:
            cut = planes(grid, longest[1], longest[0])
            first = next((i for i, p in enumerate(cut) if (p.cells >= 0).any()), 0)
            drawn = [plane_piece(grid, plane, cell, i == first) for i, plane in enumerate(cut)]
            self.parts.append((caption(grid, cut[0]), drawn))
        return max(len(drawn) for _, drawn in self.parts)

    def piece(self, room: float, columns: int) -> Piece:
        tensors = [
            below([head, flow(aligned(drawn, columns), columns, MARGIN)], 5)
            for head, drawn in self.parts
        ]
        if self.grids[0].letter != "x" or len(tensors) == 1:
            return below(tensors, 14)
        # Inputs beside each other with the sign of what is done with them, in rows that fit.
        rows: list[list[Piece]] = [[]]
        for number, tensor in enumerate(tensors):
            if self.sign and number:
                width = svg.width_of(self.sign, 15) + 4
                middle = 32 + (tensor.height - 32) / 2
                words = Text(width / 2, middle + 5, self.sign, 15, svg.INK, 600, "middle")
                tensor = beside([texts(width, tensor.height, [words]), tensor], 8)
            if rows[-1] and sum(p.width + 8 for p in rows[-1]) + tensor.width > room:
                rows.append([])
            rows[-1].append(tensor)
        return below([beside(row, 8) for row in rows], 12)


def aligned(planes: list[Piece], columns: int) -> list[Piece]:
    """The planes so that their cells stand in lines, though one has words at its sides."""
    corners = [next((p.x, p.y) for p in plane.leaves() if isinstance(p, Place)) for plane in planes]
    found = []
    for i, (plane, (x, y)) in enumerate(zip(planes, corners, strict=True)):
        right = max(left for left, _ in corners[i % columns :: columns]) - x
        down = max(top for _, top in corners[i - i % columns :][:columns]) - y
        wider = max(p.width for p in planes[i % columns :: columns])
        found.append(Piece(wider, plane.height + down, [(plane, right, down)]))
    return found


def lowered(piece: Piece, by: float) -> Piece:
    return Piece(piece.width, piece.height + by, [(piece, 0, by)])


def titled(piece: Piece, title: str) -> Piece:
    width = max(piece.width, svg.width_of(title, 11))
    return below([texts(width, 14, [Text(0, 11, title, 11)]), piece], 4)


def arranged(sections: dict[str, Section], room: float, sizes, centred: bool) -> Sheet:
    """The largest cells with which all sections stand side by side; else below each other."""
    align = 0.5 if centred else 0
    for cell in sizes:
        row = beside_each_other(sections, room, cell, align)
        if row and (row.height <= TALLEST + 2 * LABEL or cell == sizes[-1]):
            return Sheet(row, cell)
    for cell in sizes[:-1]:
        if all(section.fits(room, cell) for section in sections.values()):
            piece = stacked(sections, room, cell, align)
            if piece.height <= 1.4 * TALLEST:
                return Sheet(piece, cell)
    return Sheet(stacked(sections, room, sizes[-1], align), sizes[-1])


def beside_each_other(sections: dict[str, Section], room: float, cell, align) -> Piece | None:
    """In columns that are as many planes wide as they must be; None where that does not fit."""
    gap, parts = (44 if room > svg.WIDTH else 24), list(sections.values())
    if sum(section.least(cell) + gap for section in parts) - gap > room:
        return None
    if not all(section.fits(room, cell) for section in parts):
        return None
    most = [section.cut(room, cell) for section in parts]
    columns = [1] * len(parts)
    pieces = fitting = [section.piece(room, 1) for section in parts]
    while sum(p.width + gap for p in pieces) - gap <= room:
        fitting = list(pieces)
        tallest = max(range(len(parts)), key=lambda i: pieces[i].height)
        if pieces[tallest].height <= TALLEST or columns[tallest] >= most[tallest]:
            break
        columns[tallest] += 1
        pieces[tallest] = parts[tallest].piece(room, columns[tallest])
    height, width = max(p.height for p in fitting), sum(p.width for p in fitting)
    if width + gap * (len(parts) - 1) > room or height > 2 * TALLEST:
        return None
    between = min(max((room - width) / (len(parts) - 1), gap), 2 * gap)
    return beside(
        [
            titled(lowered(piece, (height - piece.height) * align), title)
            for title, piece in zip(sections, fitting, strict=True)
        ],
        round(between),
    )


def stacked(sections: dict[str, Section], room: float, cell, align) -> Piece:
    """Below each other; the weights and the outputs side by side where they fit."""
    names = list(sections)
    rows = [alone(name, sections[name], room, cell) for name in names]
    if len(rows) == 3:
        last = {name: sections[name] for name in names[1:]}
        row = beside_each_other(last, room, cell, align)
        if row:
            rows[1:] = [row]
    return below(rows, 26)


def alone(title: str, section: Section, room: float, cell) -> Piece:
    most = section.cut(room, cell)
    piece = section.piece(room, 1)
    for columns in range(2, most + 1):
        if piece.height <= TALLEST / 2:
            break
        wider = section.piece(room, columns)
        if wider.width > room:
            break
        piece = wider
    return titled(piece, title)
