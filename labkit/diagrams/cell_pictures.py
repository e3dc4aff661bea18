"""Inputs, weights and outputs as planes of cells, joined by the lines of a chosen one.

Cells are found by their `data-cell`: x0, x1 … number the cells of all inputs in turn, y those of
all outputs, w those of all weights; z0, z1 …, those outside (padding.py), by `data-outside`. A
cell's `data-state` says how it is drawn: chosen, used (with `weak`: no gradient), zero (such a zero
that is added, or met by one), skipped (in the frame, and not looked at), or nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from ..layers import UpSampling2D
from . import svg
from .arrangement import SIGNS, Section, arranged
from .dependencies import Dependencies
from .joins import Box, Face, joins
from .padding import Padding
from .pieces import Place, Text
from .planes import Grid, grids, keys
from .svg import Block

CELL, NUMBER = 24, 40  # the width of a cell, and of one that shows a number, in a notebook
EDGE = 2  # px around all
# From the largest cells to the smallest, (width, height): with marks, and with numbers.
MARKS = ((36, 36), (32, 32), (28, 28), (24, 24))
NUMBERS = ((48, 34), (42, 30), (36, 26), (32, 24))
# Light tints for ink, told apart also by their lightness and by the letter in the cell.
GROUPS = "#cfe8f7 #fde3b0 #c9ecd9 #f9d0c0 #e6d4ee #f7f0a0 #d3dafc #e4e4e0".split()
CHOSEN = "var(--diagram-chosen, #b4532a)"
STYLE = (
    # Beams run behind the cells, and shine through those that are not lit.
    "<style>.diagram .cell rect{stroke:var(--diagram-edge, #8fa7ab);fill-opacity:.75}"
    ".diagram .cell[data-state] rect{stroke:var(--diagram-ink, #1d2b30)}"
    ".diagram .cell[data-state=used] rect,.diagram .cell[data-state=weak] rect"
    "{fill:var(--diagram-used, #135e8c);fill-opacity:1;stroke-width:1.5}"
    ".diagram .cell[data-state=weak] rect{stroke-dasharray:3 2;"
    "fill:var(--diagram-weak, #586b78)}"
    ".diagram .cell[data-state=used] text,.diagram .cell[data-state=weak] text"
    "{fill:var(--diagram-on-used, #ffffff)}"
    f".diagram .cell[data-state=chosen] rect{{stroke-width:3;stroke:{CHOSEN}}}"
    ".diagram .zero rect,.diagram .new rect{stroke:var(--diagram-edge, #8fa7ab);"
    "stroke-dasharray:3 2}"
    ".diagram .zero[data-state=zero] rect{fill:var(--diagram-batch, #eef1f2)}"
    ".diagram .zero[data-state=zero] rect,.diagram .cell[data-state=zero] rect"
    "{stroke:var(--diagram-ink, #1d2b30);stroke-dasharray:3 2}"
    ".diagram .cell[data-state=skipped] rect{fill-opacity:.35;"
    "stroke:var(--diagram-edge, #8fa7ab)}"
    f".diagram .cell[data-winner] rect{{stroke:{CHOSEN};stroke-width:3.5}}"
    ".diagram .cut,.diagram .blocks{fill:none;stroke:var(--diagram-faint, #526166)}"
    ".diagram .blocks{stroke-width:2}"
    ".diagram .starts{fill:var(--diagram-ink, #1d2b30)}"
    ".diagram .plane[data-lit] .index{font-weight:700;fill:var(--diagram-ink, #1d2b30)}"
    ".diagram .words,.diagram .index{paint-order:stroke;stroke-width:3px;"
    "stroke:var(--diagram-paper, #ffffff)}"
    f".diagram .beams{{fill:{CHOSEN};fill-opacity:.13;stroke:{CHOSEN};stroke-linejoin:round}}"
    f".diagram .frames,.diagram .loose{{fill:none;stroke:{CHOSEN};stroke-width:2.5;"
    "stroke-linejoin:round}.diagram .loose{stroke-width:1.75;stroke-dasharray:5 3}"
    ".diagram .cell text,.diagram .zero,.diagram .beams,.diagram .frames,.diagram .loose,"
    ".diagram .starts,.diagram .blocks{pointer-events:none}</style>"
)


def font(content: str, room: float) -> float:
    """As large as the cell allows; docs/live/lab-cells.js does the same."""
    return min(13, max(11, 0.36 * room), (room - 5) / (0.62 * max(len(content), 1)))


def picture(
    about: Dependencies,
    around: Padding | None,
    wide: bool,
    states: dict[str, str],
    texts: dict[str, str],
    *,
    numbers: bool = False,
    winners: Collection[str] = (),
) -> Block:
    """The cells of inputs, weights and outputs, and how those that are chosen are joined.

    Outputs that share weights share a colour. numbers: the texts are numbers.
    """
    sign = SIGNS.get(type(about.layer).__name__, "")
    sections = {
        caption: Section(grids(letter, named, about.layer, around), sign)
        for caption, letter, named in (
            ("输入", "x", about.inputs),
            ("权重", "w", about.weights),
            ("输出", "y", about.outputs),
        )
        if named
    }
    room = (svg.WIDE if wide else svg.WIDTH) - 8
    piece, cell = arranged(sections, room, NUMBERS if numbers else MARKS, around is not None)
    leaves = list(piece.leaves())
    places = [leaf for leaf in leaves if isinstance(leaf, Place)]
    words = "".join(leaf.svg for leaf in leaves if isinstance(leaf, Text))
    order = {id(g): n for s in sections.values() for n, g in enumerate(s.grids)}
    faces = [face(place, order[id(place.grid)], cell) for place in places]
    found = joins(faces, states, about.weights)
    states = states | dict.fromkeys(found.skipped, "skipped")
    if numbers and around and around.sums_zeros:
        zeros = {key: "0" for f in faces for key in f.places if key[0] == "z"}
        texts = texts | zeros
    drawing = Drawing(about, around, cell, states, texts, set(winners))
    parts, tensor = [], None
    for place, one in zip(places, faces, strict=True):
        grid = place.grid
        if grid is not tensor:
            name = f"{grid.name}，形状 {grid.shape}"
            parts.append(f'{"</g>" if tensor else ""}<g class="tensor" aria-label="{name}">')
            tensor = grid
            drawing.turn(grid)
        parts.append(drawing.plane(place, one))
    content = (
        f'{STYLE}<path class="beams" d="{found.beams}"/>{words}{"".join(parts)}</g>'
        f'<path class="frames" d="{found.frames}"/><path class="loose" d="{found.loose}"/>'
    )
    # Frames lie on the edges of cells: half of their line is outside.
    edge = svg.moved(Block(content, 0, 0), EDGE, EDGE)
    return Block(edge, piece.width + 2 * EDGE, piece.height + 2 * EDGE)


def face(place: Place, tensor: int, cell) -> Face:
    width, height = cell
    return Face(
        place.grid.letter,
        tensor,
        {
            key: Box(place.x + c * width, place.y + r * height, width, height)
            for r, row in enumerate(keys(place.grid, place.plane))
            for c, key in enumerate(row)
        },
    )


class Drawing:
    """The planes of one picture, one after the other."""

    def __init__(self, about, around: Padding | None, cell, states, texts, winners):
        self.about, self.around, self.cell = about, around, cell
        self.states, self.texts, self.winners = states, texts, winners
        unused, new = ~about.links.any(axis=0), ~about.links.any(axis=1)
        self.unused = {f"x{i}" for i in np.flatnonzero(unused)}
        self.new = {f"y{o}" for o in np.flatnonzero(new)}

    def turn(self, grid: Grid) -> None:
        """To the planes of this tensor."""
        self.fills = {
            f"{grid.letter}{grid.first + n}": fill for n, fill in colours(self.about, grid).items()
        }

    def plane(self, place: Place, face: Face) -> str:
        lit = ' data-lit=""' if any(key in self.states for key in face.places) else ""
        parts = [f'<g class="plane"{lit} text-anchor="middle" {svg.MONO} fill="{svg.INK}">']
        if place.plane.label:
            x, y = place.index
            label = place.plane.label
            parts.append(
                svg.text(
                    x, y, label, size=10, mono=True, fill=svg.FAINT, anchor="start", css="index"
                )
            )
        parts += [self.drawn(key, box) for key, box in face.places.items()]
        parts.append(self.starts(place) + self.blocks(place) + "</g>")
        return "".join(parts)

    def drawn(self, key: str, box: Box) -> str:
        x, y, width, height = box
        content = self.texts.get(key, "")
        marks = f' data-state="{self.states[key]}"' if key in self.states else ""
        kind, name, fill, cut = "cell", "cell", self.fills.get(key, svg.DATA), ""
        if key[0] == "z":
            kind, name, fill = "zero", "outside", svg.PAPER
        elif key in self.new:
            kind, fill = "cell new", svg.PAPER
        elif key in self.winners:
            marks += ' data-winner=""'
        if key in self.unused or (key[0] == "z" and self.around and self.around.stamps):
            ends = f"M{x + 4:g} {y + height - 4:g}L{x + width - 4:g} {y + 4:g}"
            if content:  # the ends of the line say the same, and leave the number readable
                ends = f"M{x + 3:g} {y + height - 3:g}l5 -5M{x + width - 3:g} {y + 3:g}l-5 5"
            cut = f'<path class="cut" d="{ends}"/>'
        return (
            f'<g class="{kind} box" data-{name}="{key}"{marks}>'
            f'<rect x="{x + 1:g}" y="{y + 1:g}" width="{width - 2:g}" height="{height - 2:g}" '
            f'rx="3" fill="{fill}"/>{cut}<text x="{x + width / 2:g}" y="{y + height / 2 + 4:g}" '
            f'font-size="{font(content, width):.4g}">{content}</text></g>'
        )

    def starts(self, place: Place) -> str:
        """A mark in the corner of every cell where a window starts."""
        if place.plane.starts is None:
            return ""
        width, height = self.cell
        corners = [
            f"M{place.x + c * width + 2:g} {place.y + r * height + 2:g}h7l-7 7z"
            for r, c in np.argwhere(place.plane.starts).tolist()
        ]
        return f'<path class="starts" d="{"".join(corners)}"/>'

    def blocks(self, place: Place) -> str:
        """What an input is repeated to, outlined."""
        around, layer = self.around, self.about.layer
        if not around or around.form.motion != "repeat" or place.grid.letter != "y":
            return ""
        if isinstance(layer, UpSampling2D) and layer.interpolation != "nearest":
            return ""
        sizes = [axis.size for axis in around.form.axes]
        rows, columns = (1, *sizes) if len(sizes) == 1 else sizes[-2:]
        width, height = columns * self.cell[0], rows * self.cell[1]
        cells = place.plane.cells.shape
        outlines = [
            f"M{place.x + c * width:g} {place.y + r * height:g}h{width:g}v{height:g}h{-width:g}z"
            for r in range(cells[0] // rows)
            for c in range(cells[1] // columns)
        ]
        return f'<path class="blocks" d="{"".join(outlines)}"/>'


def colours(about: Dependencies, grid: Grid) -> dict[int, str]:
    """Fills by group for outputs and weights; one colour for inputs."""

    def fill(group: int) -> str:
        number = group % len(GROUPS)
        return f"var(--diagram-group-{number}, {GROUPS[number]})"

    cells = range(math.prod(grid.shape))
    if grid.letter == "y" and about.weights:
        return {n: fill(int(about.groups[grid.first + n])) for n in cells}
    if grid.letter == "w":
        used = about.uses[:, grid.first : grid.first + len(cells)]
        groups = about.groups[:, None]
        least = np.where(used, groups, len(groups)).min(axis=0).tolist()
        most = np.where(used, groups, -1).max(axis=0).tolist()
        return {n: fill(most[n]) if least[n] == most[n] else svg.WEIGHT for n in cells}
    return {}
