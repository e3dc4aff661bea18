"""看数据 for Dense and its like: points in the plane, and what the layer does to the plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import svg
from ..svg import Block
from . import pixels, samples
from .maps import captioned, looks
from .running import run

SIDE, MOST = 150.0, 6
REACH = 2.0  # the plane is drawn from −2 to 2
PIXELS = 41
CLASSES = ("var(--diagram-line-0, #0072b2)", "var(--diagram-chosen, #b4532a)")


def view(subject) -> dict[str, Any]:
    room = svg.WIDE if subject.wide else svg.WIDTH - 8
    points, classes = samples.points()
    ticks = np.linspace(-REACH, REACH, PIXELS)
    whole = np.stack(np.meshgrid(ticks, ticks[::-1]), axis=-1).reshape(-1, 2)
    # One run for all: a layer that mixes its samples would give something else for each part.
    ran = run_rows(subject.layer, np.concatenate([points, whole]), subject.training)
    y, over = ran[: len(points)], ran[len(points) :]
    units = y.shape[1]
    parts = [captioned("输入 x (60, 2)", scatter(points, classes, grid_lines(None), REACH))]
    if units >= 2:
        bent = grid_lines(lambda rows: run_rows(subject.layer, rows, subject.training)[:, :2])
        size = max(pixels.extent(over[:, :2]), 1e-6)
        parts.append(captioned(f"输出 y {y.shape}", scatter(y[:, :2], classes, bent, size)))
    look = looks(over, False)
    heats = []
    for unit in range(min(units, MOST)):
        surface = over[:, unit].reshape(PIXELS, PIXELS)
        picture = pixels.image(surface, SIDE, SIDE, look.most)
        group = (
            f'<g class="map" data-map="y" data-channel="{unit}" data-rows="{PIXELS}" '
            f'data-columns="{PIXELS}" data-width="{SIDE:g}" '
            f'data-height="{SIDE:g}">{picture.svg}</g>'
        )
        dots = marks(points, classes, REACH)
        heats.append(captioned(f"单元 {unit} 的输出", picture._replace(svg=group + dots)))
    parts.append(svg.below([svg.flow(heats, room, gap=14), pixels.scale_bar(look.most, True)], 6))
    title = f"{type(subject.layer).__name__} 层看数据：平面上的点"
    description = (
        f"输入是平面上两类、一共 {len(points)} 个算出来的点；输出每个点 {units} 个数。"
        "颜色是一个单元在平面各处的输出：白色的地方是 0，一边正，一边负。"
    )
    notes = [
        "两类点是按公式算出来的两个半月形。同一个单元的输出沿直线变化，白线就是它等于 0 的地方。"
    ]
    if units >= 2:
        notes.append("输出的平面：横着是 y[:, 0]，竖着是 y[:, 1]，格线是输入的格线变成的。")
    if units > MOST:
        notes.append(f"只画前 {MOST} 个单元，一共 {units} 个。")
    data = {
        "kind": "plane",
        "sample": "moons",
        "x": [PIXELS, PIXELS, 2],
        "y": pixels.packed(over.reshape(PIXELS, PIXELS, units)[..., :MOST]),
        "reach": None,
        "kernel": None,
    }
    drawn = svg.document(
        "data-view", title, description, svg.flow(parts, room, gap=16, align=0.0), label=False
    )
    return {"svg": drawn, "data": data, "notes": notes}


def run_rows(layer, rows: np.ndarray, training: bool) -> np.ndarray:
    """The layer on rows of two numbers, as one batch."""
    return run(layer, rows, training, batch=True).y


def grid_lines(bend) -> list[np.ndarray]:
    """The lines of a grid over the plane, straight or as a layer bends them."""
    ticks, fine = np.linspace(-REACH, REACH, 9), np.linspace(-REACH, REACH, 17)
    lines = [np.stack([np.full(17, tick), fine], axis=1) for tick in ticks]
    lines += [line[:, ::-1] for line in lines]
    if bend is None:
        return lines
    bent = bend(np.concatenate(lines))
    return list(bent.reshape(len(lines), 17, 2))


def place(points: np.ndarray, size: float) -> np.ndarray:
    return np.stack([points[:, 0] / size + 1, 1 - points[:, 1] / size], axis=1) * SIDE / 2


def scatter(points, classes, lines: list[np.ndarray], size: float) -> Block:
    parts = [svg.rect(0, 0, SIDE, SIDE, radius=0)]
    d = "".join(
        "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in np.clip(place(line, size), 0, SIDE))
        for line in lines
    )
    parts.append(svg.path(d, width=0.8))
    parts.append(marks(points, classes, size))
    low, high = pixels.short(-size), pixels.short(size)
    parts.append(svg.text(0, SIDE + 12, low, size=10, mono=True, fill=svg.FAINT, anchor="start"))
    parts.append(svg.text(SIDE, SIDE + 12, high, size=10, mono=True, fill=svg.FAINT, anchor="end"))
    return Block("".join(parts), SIDE, SIDE + 16)


def marks(points, classes, size: float) -> str:
    """Circles and squares: the two classes are not told apart by colour alone."""
    found: list[list[str]] = [[], []]
    for (a, b), kind in zip(place(points, size), classes, strict=True):
        round_mark = f"M{a - 2.6:.1f} {b:.1f}a2.6 2.6 0 1 0 5.2 0a2.6 2.6 0 1 0 -5.2 0"
        square = f"M{a - 2.4:.1f} {b - 2.4:.1f}h4.8v4.8h-4.8z"
        found[kind].append(square if kind else round_mark)
    return "".join(
        f'<path d="{"".join(d)}" fill="{colour}" stroke="{svg.PAPER}" stroke-width="0.8"/>'
        for d, colour in zip(found, CLASSES, strict=True)
    )
