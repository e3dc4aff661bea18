"""What a step changes: where the boxes stand, which cells, plates and kernels are marked."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import projection
from .blocks import Box, Move, Scene, Solid
from .projection import ACROSS, UP, Scale, cuboid, number


def mover(
    key: str, box: Box, solid: Solid, scale: Scale, move: Move, stage: int, index: int
) -> str:
    """The translucent window, drawn where its first cell is the block's first."""
    into = projection.depth(solid, scale) if box.whole else scale.deep
    frames, rows, columns = box.size
    gap_f, gap_r, gap_c = box.dilation
    pitch = projection.pitch(solid, scale)
    # Cells that are written are lit themselves.
    pale, face = (0.06, 0.04) if box.solid == move.target else (0.28, 0.36)
    parts = []
    for f in range(frames):
        left = f * gap_f * pitch
        if gap_r == gap_c == 1:
            cells = [(left, 0.0, columns, rows)]
        else:
            cells = [
                (left + c * gap_c * scale.cell, r * gap_r * scale.cell, 1, 1)
                for r in range(rows)
                for c in range(columns)
            ]
            width = ((columns - 1) * gap_c + 1) * scale.cell
            height = ((rows - 1) * gap_r + 1) * scale.cell
            parts.append(
                f'<path class="strong" d="{cuboid((left, 0), width, height, 0)[0]}" '
                'fill-opacity="0" stroke-width="1" stroke-dasharray="4 3"/>'
            )
        for x, y, c, r in cells:
            shape = ((x, y), max(c * scale.cell, 4), max(r * scale.cell, 4), into)
            front, top, side = cuboid(*shape)
            parts.append(
                f'<path class="strong" d="{top}{side}" fill-opacity="{pale}" stroke-width="1.2"/>'
                f'<path class="strong" d="{projection.hidden(*shape)}" fill="none" '
                'fill-opacity="0" stroke-width=".8" stroke-dasharray="2 2"/>'
                f'<path class="strong" d="{front}" fill-opacity="{face}" stroke-width="2"/>'
            )
    place = ' visibility="hidden"'
    if move.stage == stage:
        start, channel = move.at[index]
        x, y = corner_of(solid, scale, start, channel)
        place = f' transform="translate({number(x)} {number(y)})"'
    # How far it goes from one frame, cell and channel to the next.
    channel = projection.front_of(solid, scale, 1)
    steps = f"{pitch:.2f} {scale.cell:.2f} {channel * ACROSS:.2f} {channel * UP:.2f}"
    return (
        f'<g class="mover" data-mover="{key}" data-steps="{steps}" data-tone="{move.tone}" '
        f'pointer-events="none"{place}>{"".join(parts)}</g>'
    )


def corner_of(solid: Solid, scale: Scale, place, channel: int | None):
    z = 0.0 if channel is None else projection.front_of(solid, scale, channel)
    return projection.at(solid, scale, place, z)


def central(scene: Scene) -> int:
    """The step that a picture shows first: in the middle of the last stage."""
    last = len(scene.stages) - 1
    steps = [n for n, move in enumerate(scene.moves) if move.stage == last]
    places = np.array([scene.moves[n].at[0][0] for n in steps])
    far = np.abs(places - places.mean(axis=0)).sum(axis=1)
    nearest = np.flatnonzero(far == far.min())
    return steps[int(nearest[len(nearest) // 2])]


def last_steps(scene: Scene) -> dict[str, int]:
    """For every cell the step after which nothing more is written to it."""
    last = {f"{s.key}-{n}": -1 for s in scene.solids for n in s.cells}
    for step, move in enumerate(scene.moves):
        last |= {f"{move.target}-{n}": step for n in move.cells if f"{move.target}-{n}" in last}
    return last


def states_at(scene: Scene, step: int) -> dict[str, str]:
    """As docs/live/lab-volume.js marks the cells."""
    last = last_steps(scene)
    states = {key: "done" for key, end in last.items() if end <= step}
    for move in scene.moves[: step + 1]:
        for n in move.cells:
            states.setdefault(f"{move.target}-{n}", "part")
    move = scene.moves[step]
    return states | {f"{move.target}-{n}": "now" for n in move.cells}


def plates_at(scene: Scene, step: int) -> dict[str, int]:
    """The channel of each block that a step is about, where it is about one."""
    move = scene.moves[step]
    boxes = scene.stages[move.stage].boxes
    found = {b.solid: c for b, (_, c) in zip(boxes, move.at, strict=True) if c is not None}
    target = next(s for s in scene.solids if s.key == move.target)
    channels = {target.cells[n][3] for n in move.cells if n in target.cells}
    if target.apart and len(channels) == 1:
        found[target.key] = channels.pop()
    return found


def walked(scene: Scene) -> dict[str, Any]:
    """Every step as JSON: where the boxes stand, what is marked, what is said.

    In cells and channels, not in pixels: a picture says itself how large they are.
    """
    solids = {solid.key: solid for solid in scene.solids}
    tensors = {s.key: [s.letter, list(s.shape)] for s in scene.solids if s.cells}
    steps = []
    for step, move in enumerate(scene.moves):
        steps.append(
            {
                "at": {
                    f"b{move.stage}-{b}": [*place, channel or 0]
                    for b, (place, channel) in enumerate(move.at)
                },
                "kernel": move.kernel,
                "tone": move.tone,
                "cells": [
                    f"{move.target}-{n}" for n in move.cells if n in solids[move.target].cells
                ],
                "plates": plates_at(scene, step),
                "texts": move.texts,
                "tell": move.tell,
            }
        )
    return {"walk": steps, "middle": central(scene), "tensors": tensors}
