"""A tensor as planes of cells: which axes are rows and columns, which are counted beside them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..layers.local import LocallyConnected
from .padding import Padding


class Grid(NamedTuple):
    """The cells of one tensor: letter x, w or y, the number of the first, name and shape."""

    letter: str
    first: int
    name: str
    shape: tuple
    rows: int  # the axis that is drawn as rows; for a row of cells -1
    columns: int  # for a column of cells -1
    padding: Padding | None


class Plane(NamedTuple):
    """Rows of cells: their numbers in the tensor, and in the padded tensor; −1 is outside."""

    label: str
    cells: np.ndarray
    padded: np.ndarray
    starts: np.ndarray | None  # where windows start


def grids(
    letter: str, named: Sequence[tuple[str, tuple]], layer, padding: Padding | None
) -> list[Grid]:
    firsts = itertools.accumulate((math.prod(shape) for _, shape in named), initial=0)
    return [
        Grid(letter, first, name, shape, *faces(letter, name, shape, layer, padding), padding)
        for (name, shape), first in zip(named, firsts, strict=False)
    ]


def faces(letter, name, shape, layer, padding: Padding | None) -> tuple[int, int]:
    """The axes that are drawn as rows and columns. Time runs to the right where a window slides."""
    rank = len(shape)
    if rank < 2:
        return (-1, 0) if letter == "w" else (0, -1)
    space = len(padding.form.axes) if padding else 0
    if letter == "w" and isinstance(layer, LocallyConnected):
        if not name.startswith("bias"):  # (places, cells of a window, filters)
            return 0, 1
        return (1, 0) if space == 1 else (0, 1)
    first = getattr(layer, "data_format", None) == "channels_first"
    if space == 1 and (rank == 3 or letter != "w"):
        return (0, 1) if first and letter != "w" else (1, 0)
    if rank == 2:
        return 0, 1
    if letter == "w":  # kernels end with (in, out)
        return (rank - 4, rank - 3) if rank > 3 else (0, 1)
    return (rank - 2, rank - 1) if first else (rank - 3, rank - 2)


def extent(grid: Grid) -> tuple[int, int]:
    """Rows and columns of its planes."""
    shape = grid.shape or (1,)
    shape = grid.padding.numbers(grid.letter, shape).shape if grid.padding else shape
    return (
        shape[grid.rows] if grid.rows >= 0 else 1,
        shape[grid.columns] if grid.columns >= 0 else 1,
    )


def planes(grid: Grid, most_rows: int, most_columns: int) -> list[Plane]:
    """The planes of a tensor, cut where they are longer than that."""
    shape = grid.shape or (1,)
    numbers = grid.padding.numbers(grid.letter, shape) if grid.padding else None
    if numbers is None:
        numbers = np.arange(math.prod(shape)).reshape(shape)
    starts = grid.padding.starts(grid.letter, shape) if grid.padding else None
    if len(shape) == 1:
        numbers = numbers[None] if grid.rows < 0 else numbers[:, None]
        row, column = 0, 1
    else:
        row, column = grid.rows, grid.columns
    padded = np.arange(numbers.size).reshape(numbers.shape)
    others = [axis for axis in range(numbers.ndim) if axis not in (row, column)]
    if grid.letter == "w":  # a filter's own planes together
        others = others[-1:] + others[:-1]
    order = [*others, row, column]
    arrays = [None if a is None else a.transpose(order) for a in (numbers, padded, starts)]
    lengths = numbers.shape[row], numbers.shape[column]
    around = (np.array(numbers.shape) - (shape if len(shape) > 1 else numbers.shape)).any()
    found = []
    for place in np.ndindex(*(numbers.shape[axis] for axis in others)):
        for part in itertools.product(*map(cut, lengths, (most_rows, most_columns))):
            at = (*place, *part)
            index = dict(zip(others, map(str, place), strict=True))
            if around:
                index = named(grid, index)
            for axis, run, length in zip((row, column), part, lengths, strict=True):
                index[axis] = ":" if run == slice(0, length) else f"{run.start}:{run.stop}"
            label = written(grid, [index[axis] for axis in range(numbers.ndim)])
            cells, flat, marks = (None if a is None else a[at] for a in arrays)
            assert cells is not None and flat is not None
            found.append(Plane(label, cells, flat, marks))
    return found


def cut(length: int, most: int) -> list[slice]:
    parts = -(-length // max(most, 1))
    step = -(-length // parts)
    return [slice(i, min(i + step, length)) for i in range(0, length, step)]


def named(grid: Grid, index: dict[int, str]) -> dict[int, str]:
    """The index of a plane in the tensor itself; whole planes may be padding."""
    assert grid.padding is not None
    axes = list(range(len(grid.shape)))[grid.padding.form.space]
    for axis, (before, _) in zip(axes, grid.padding.around, strict=True):
        if axis in index:
            i = int(index[axis]) - before
            index[axis] = str(i) if 0 <= i < grid.shape[axis] else "外"
    return index


def written(grid: Grid, index: list[str]) -> str:
    if all(i == ":" for i in index):
        return ""
    if len(grid.shape) == 1:
        index = [index[1] if grid.rows < 0 else index[0]]
    return f"[{', '.join(index)}]"


def keys(grid: Grid, plane: Plane) -> Iterator[Iterator[str]]:
    """The `data-cell` of every cell, row by row."""
    for row, padded in zip(plane.cells.tolist(), plane.padded.tolist(), strict=True):
        yield (
            f"{grid.letter}{grid.first + n}" if n >= 0 else f"z{p}"
            for n, p in zip(row, padded, strict=True)
        )
