"""Inputs, weights and outputs as grids of cells, and the dependency view.

Cells are found by their `data-cell`: x0, x1 … number the cells of all inputs in turn, y those of
all outputs, w those of all weights. A cell's `data-state` says how it is drawn: chosen, used (with
`weak`: no gradient), or nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from . import svg
from .dependencies import Dependencies, dependencies
from .svg import Block

CELL, NUMBER = 24, 40  # the width of a cell, and of one that shows a number
ROOM = svg.WIDTH - 8
# Light tints for ink, told apart also by their lightness and by the letter in the cell.
GROUPS = "#cfe8f7 #fde3b0 #c9ecd9 #f9d0c0 #e6d4ee #f7f0a0 #d3dafc #e4e4e0".split()
STYLE = (
    "<style>.diagram .cell rect{stroke:var(--diagram-edge, #8fa7ab)}"
    ".diagram .cell[data-state] rect{stroke:var(--diagram-ink, #1d2b30)}"
    ".diagram .cell[data-state=used] rect,.diagram .cell[data-state=weak] rect"
    "{fill:var(--diagram-used, #135e8c);stroke-width:1.5}"
    ".diagram .cell[data-state=weak] rect{stroke-dasharray:3 2;"
    "fill:var(--diagram-weak, #586b78)}"
    ".diagram .cell[data-state=used] text,.diagram .cell[data-state=weak] text"
    "{fill:var(--diagram-on-used, #ffffff)}"
    ".diagram .cell[data-state=chosen] rect{stroke-width:3;"
    "stroke:var(--diagram-chosen, #b4532a)}"
    ".diagram .cell text{pointer-events:none}</style>"
)


class Grid(NamedTuple):
    """The cells of one tensor: letter x, w or y, the number of the first, name and shape."""

    letter: str
    first: int
    name: str
    shape: tuple
    channels_first: bool = False


def grids(letter: str, named: Sequence[tuple[str, tuple]], channels_first=False) -> list[Grid]:
    firsts = itertools.accumulate((math.prod(shape) for _, shape in named), initial=0)
    return [
        Grid(letter, first, name, shape, channels_first)
        for (name, shape), first in zip(named, firsts, strict=False)
    ]


def plane(grid: Grid) -> tuple[int, int]:
    """The two axes that are drawn as rows and columns; the others are slices."""
    rank = len(grid.shape)
    if rank <= 2:
        return rank - 2, rank - 1
    if grid.letter == "w":  # kernels end with (in, out)
        return (rank - 4, rank - 3) if rank > 3 else (0, 1)
    return (rank - 2, rank - 1) if grid.channels_first else (rank - 3, rank - 2)


def slices(grid: Grid, width: float):
    """(label, rows of cell numbers) for every plane of the tensor."""
    numbers = np.arange(math.prod(grid.shape)).reshape(grid.shape or (1,))
    if numbers.ndim == 1:
        columns = min(len(numbers), int(ROOM // width))
        rows = [list(numbers[i : i + columns]) for i in range(0, len(numbers), columns)]
        return [("", rows)]
    row, column = plane(grid)
    others = [axis for axis in range(numbers.ndim) if axis not in (row, column)]
    found = []
    for place in itertools.product(*(range(grid.shape[axis]) for axis in others)):
        index: list = [slice(None)] * numbers.ndim
        for axis, i in zip(others, place, strict=True):
            index[axis] = i
        label = ", ".join(":" if isinstance(i, slice) else str(i) for i in index)
        found.append((f"[{label}]" if others else "", numbers[tuple(index)].tolist()))
    return found


def drawing(
    grid: Grid,
    fills: dict[int, str],
    texts: dict[int, str],
    states: dict[int, str],
    width: float = CELL,
) -> Block:
    """A tensor's planes of cells under its name and shape."""
    planes = []
    for label, rows in slices(grid, width):
        columns = max(map(len, rows))
        size = max(min(width, ROOM / columns), width * 0.8)
        parts = []
        for r, row in enumerate(rows):
            for c, number in enumerate(row):
                x, y = c * size, r * CELL
                box = svg.rect(
                    x + 1, y + 1, size - 2, CELL - 2, radius=3, fill=fills.get(number, svg.DATA)
                ).replace(f' stroke="{svg.EDGE}"', "")
                state = f' data-state="{states[number]}"' if number in states else ""
                content = texts.get(number, "")
                inside = svg.text(
                    x + size / 2, y + 16, content, size=font(content, size), mono=True
                )
                cell = f"{grid.letter}{grid.first + number}"
                parts.append(f'<g class="cell box" data-cell="{cell}"{state}>{box}{inside}</g>')
        cells = Block("".join(parts), columns * size, len(rows) * CELL)
        planes.append(
            svg.below(
                [svg.words(label, size=10, mono=True, fill=svg.FAINT, anchor="start"), cells], gap=1
            )
            if label
            else cells
        )
    shape = "(" + ", ".join(map(str, grid.shape)) + ("," if len(grid.shape) == 1 else "") + ")"
    caption = svg.words(f"{grid.name} {shape}", size=12, mono=True, weight=600, anchor="start")
    block = svg.below([caption, svg.flow(planes, ROOM, gap=10)], gap=2)
    name = f"{grid.name}，形状 {shape}"
    return block._replace(svg=f'<g class="tensor" aria-label="{name}">{block.svg}</g>')


def font(content: str, room: float) -> float:
    """As large as the cell allows; docs/live/lab-cells.js does the same."""
    return min(11, (room - 5) / (0.62 * max(len(content), 1)))


def letter_of(group: int) -> str:
    return chr(ord("a") + group) if group < 26 else str(group + 1)


def picture(
    about: Dependencies,
    *,
    width: float = CELL,
    states: dict[str, str] | None = None,
    texts: dict[str, str] | None = None,
) -> Block:
    """Inputs, weights and outputs below each other; outputs that share weights share a colour."""
    states, texts = states or {}, texts or {}
    first = getattr(about.layer, "data_format", None) == "channels_first"
    rows = []
    for caption, letter, named in (
        ("输入", "x", about.inputs),
        ("权重", "w", about.weights),
        ("输出", "y", about.outputs),
    ):
        if not named:
            continue
        blocks = []
        for grid in grids(letter, named, first):
            count = math.prod(grid.shape)
            key = {n: f"{letter}{grid.first + n}" for n in range(count)}
            fills = colours(about, grid)
            blocks.append(
                drawing(
                    grid,
                    fills,
                    {n: texts[k] for n, k in key.items() if k in texts},
                    {n: states[k] for n, k in key.items() if k in states},
                    width,
                )
            )
        title = svg.words(caption, size=11, fill=svg.FAINT, anchor="start")
        rows.append(svg.below([title, svg.flow(blocks, svg.WIDTH, gap=16)], gap=0))
    block = svg.below(rows, gap=12)
    return block._replace(svg=STYLE + block.svg)


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
        users = [np.flatnonzero(column) for column in used.T]
        groups = [set(about.groups[rows].tolist()) for rows in users]
        return {n: fill(groups[n].pop()) if len(groups[n]) == 1 else svg.WEIGHT for n in cells}
    return {}


def first_output(about: Dependencies) -> int:
    """The output cell that a picture shows first: one in the middle, with most links."""
    count = about.links.sum(axis=1)
    best = np.flatnonzero(count == count.max())
    return int(best[len(best) // 2])


def chosen(about: Dependencies, output: int) -> tuple[dict[str, str], dict[str, str]]:
    """States and texts of the cells for one output; the factors of a product share a number."""
    states = {f"y{output}": "chosen"}
    texts = (
        {f"y{o}": letter_of(int(g)) for o, g in enumerate(about.groups)} if about.weights else {}
    )
    for i in np.flatnonzero(about.links[output]):
        states[f"x{i}"] = "used" if about.gradient[output, i] else "weak"
    states |= {f"w{w}": "used" for w in np.flatnonzero(about.uses[output])}
    if about.products is not None:
        for number, i in enumerate(np.flatnonzero(about.products[output] >= 0), start=1):
            texts[f"x{i}"] = texts[f"w{about.products[output, i]}"] = str(number)
    return states, texts


def place(named: Sequence[tuple[str, tuple]], number) -> str:
    """The name of a cell as NumPy writes it: y[0, 2, 1]."""
    for name, shape in named:
        count = math.prod(shape)
        if number < count:
            index = ", ".join(str(int(i)) for i in np.unravel_index(number, shape))
            return f"{name}[{index}]"
        number -= count
    raise IndexError(number)


def dependency_view(layer, input_shape, training: bool = False) -> str:
    """依赖图：输入、权重、输出的每一格，标出一个输出格用到的输入格与权重。

    参数与出错同 dependencies()。返回 SVG 文本。
    """
    return drawn(dependencies(layer, input_shape, training))


def drawn(about: Dependencies, width=CELL, values: dict[str, str] | None = None) -> str:
    """The picture with one output chosen; `values` are written into the cells instead of marks."""
    output = first_output(about)
    states, texts = chosen(about, output)
    block = picture(about, width=width, states=states, texts=texts if values is None else values)
    kind = type(about.layer).__name__
    return svg.document(
        "dependency-view" if values is None else "step-view",
        f"{kind} 层的{'依赖图' if values is None else '逐步图'}",
        described(about, output),
        block,
        label=False,
    )


def described(about: Dependencies, output: int) -> str:
    inputs = [place(about.inputs, i) for i in np.flatnonzero(about.links[output])]
    listed = "、".join(inputs[:12]) + (f" 等 {len(inputs)} 格" if len(inputs) > 12 else "")
    weights = int(about.uses[output].sum())
    return (
        f"{place(about.outputs, output)} 由 {len(inputs)} 个输入格算出：{listed or '没有'}；"
        f"用到 {weights} 个权重。" + "".join(about.notes)
    )
