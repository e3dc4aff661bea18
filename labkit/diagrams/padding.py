"""What a window meets outside of a tensor: zeros that are added, or stamps that are cut off.

A cell outside has a number of its own: its place in the padded tensor, as np.pad makes it. In a
picture these cells are z0, z1 …, around the input of a layer that slides a window, and around the
output of one that stamps (see Geometry).
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..layers.pooling import Pooling
from .dependencies import Dependencies
from .geometry import Axis, Geometry, geometry

SIDES = {1: [("前", "后")], 2: [("上", "下"), ("左", "右")]}
SIDES[3] = [SIDES[1][0], *SIDES[2]]


class Side(NamedTuple):
    """How many cells an axis of a tensor has added or lost in front and behind, in words."""

    before: str
    after: str


class Padding:
    """The padding of a layer on one input, cell by cell."""

    def __init__(self, about: Dependencies, form: Geometry):
        self.about, self.form = about, form
        self.stamps = form.motion == "stamp"
        self.letter = "y" if self.stamps else "x"  # what the cells lie around

    @property
    def sums_zeros(self) -> bool:
        """Whether what is added counts as 0; a pooling leaves it out."""
        return self.form.motion == "slide" and not isinstance(self.about.layer, Pooling)

    @cached_property
    def around(self) -> list[tuple[int, int]]:
        """Cells outside in front of and behind every space axis."""
        if self.form.motion == "slide":
            return [(max(a.before, 0), max(a.after, 0)) for a in self.form.axes]
        if self.stamps:
            return [(a.before, cut_behind(a)) for a in self.form.axes]
        return [(0, 0)] * len(self.form.axes)

    def numbers(self, letter: str, shape: tuple) -> np.ndarray:
        """The numbers of a tensor's cells as it is drawn; −1 outside."""
        inside = np.arange(math.prod(shape)).reshape(shape)
        if letter != self.letter or len(shape) <= len(self.form.axes):
            return inside
        channel = [(0, 0)]
        first = self.form.channels_first
        width = [*channel, *self.around] if first else [*self.around, *channel]
        return np.pad(inside, width, constant_values=-1)

    def sides(self, letter: str) -> list[Side] | None:
        """For every space axis of the inputs (x) or outputs (y) what is written beside it."""
        rank, axes = len(self.form.axes), self.form.axes
        word, counts = "", [(0, 0)] * rank
        if self.form.motion in ("slide", "stamp") and letter == self.letter:
            word, counts = ("裁" if self.stamps else "补"), self.around
        elif self.form.motion == "border" and letter == "y":
            word, counts = "补", [(max(a.before, 0), max(a.after, 0)) for a in axes]
        elif self.form.motion == "border":
            word, counts = "裁", [(max(-a.before, 0), max(-a.after, 0)) for a in axes]
        if not any(map(any, counts)):
            return None
        return [
            Side(f"{names[0]}{word} {n}", f"{names[1]}{word} {m}") if n or m else Side("", "")
            for names, (n, m) in zip(SIDES[rank], counts, strict=True)
        ]

    def starts(self, letter: str, shape: tuple) -> np.ndarray | None:
        """Where a window starts in the padded tensor; None where it starts everywhere."""
        if letter != self.letter or all(axis.stride == 1 for axis in self.form.axes):
            return None
        numbers = self.numbers(letter, shape)
        if self.form.motion not in ("slide", "stamp") or numbers.ndim <= len(self.form.axes):
            return None
        marks = np.zeros(numbers.shape, bool)
        steps = [np.arange(self.places(axis)) * axis.stride for axis in self.form.axes]
        steps = [s[s < n] for s, n in zip(steps, numbers.shape[self.form.space], strict=True)]
        channels = [np.arange(numbers.shape[0 if self.form.channels_first else -1])]
        marks[np.ix_(*(channels + steps if self.form.channels_first else steps + channels))] = True
        return marks

    def places(self, axis: Axis) -> int:
        return axis.inputs if self.stamps else axis.outputs

    @cached_property
    def outside(self) -> tuple[list[list[int]], list[list[int]]]:
        """For every place of the window (an output cell; in a stamp an input cell) the cells
        outside that it covers, and the weight that meets each, −1 where none is known.
        """
        about, first = self.about, self.form.channels_first
        (_, shape), (_, other) = (about.inputs + about.outputs)[:: -1 if self.stamps else 1]
        places = math.prod(other)
        if not any(map(any, self.around)):
            return [[] for _ in range(places)], [[] for _ in range(places)]

        def channels_last(array):
            return np.moveaxis(array, 0, -1) if first else array

        padded = self.numbers(self.letter, shape)
        numbers = channels_last(padded)
        flat = channels_last(np.arange(padded.size).reshape(padded.shape))
        rank = len(self.form.axes)
        index = []
        for i, axis in enumerate(self.form.axes):
            n = self.places(axis)
            covered = np.arange(n)[:, None] * axis.stride + np.arange(axis.size) * axis.dilation
            form = [1] * (2 * rank)
            form[i], form[rank + i] = n, axis.size
            index.append(covered.reshape(form))
        spots = math.prod(map(self.places, self.form.axes))
        # (places, cells of the window, channels)
        cells = numbers[tuple(index)].reshape(spots, -1, numbers.shape[-1])
        names = flat[tuple(index)].reshape(cells.shape)
        # (places, channels of those)
        origin = channels_last(np.arange(places).reshape(other)).reshape(spots, -1)
        links = about.links.T if self.stamps else about.links
        products = about.products
        if products is not None and self.stamps:
            products = products.T
        found: list[list[int]] = [[] for _ in range(places)]
        weights: list[list[int]] = [[] for _ in range(places)]
        inside = cells >= 0
        for f in range(origin.shape[1]):
            rows = origin[:, f][:, None, None]
            read = (links[rows, cells] & inside).any(axis=(0, 1))
            met = np.full(cells.shape[1:], -1)
            if products is not None:
                met = np.where(inside, products[rows, cells], -1).max(axis=0)
            for place, tap, channel in np.argwhere(~inside & read).tolist():
                found[origin[place, f]].append(int(names[place, tap, channel]))
                weights[origin[place, f]].append(int(met[tap, channel]))
        return found, weights

    @property
    def data(self) -> dict:
        """As JSON; see Windows in docs/live/lab-cells.js."""
        cells, weights = self.outside
        return {
            "motion": self.form.motion,
            "zeros": self.sums_zeros,
            "cells": cells,
            "weights": weights,
        }


def cut_behind(axis: Axis) -> int:
    """Cells of all stamps behind the end of the output."""
    last = (axis.inputs - 1) * axis.stride + (axis.size - 1) * axis.dilation - axis.before
    return max(last - axis.outputs + 1, 0)


def padding(about: Dependencies) -> Padding | None:
    """None where nothing slides."""
    if len(about.inputs) > 1 or about.batch > 1:
        return None
    form = geometry(about.layer, (None, *about.inputs[0][1]))
    return form and Padding(about, form)
