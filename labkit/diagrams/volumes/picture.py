"""The volume view: input, kernels and output as blocks to scale, a window moving through.

Python draws it once, at a step in the middle, and says for every step where everything stands;
docs/live/lab-volume.js only moves and marks. Marks are `data-state`: of a cell `done`, `part` (more
will be added), `now` or nothing; of a plate `now` or `ahead` (in the way); of a kernel `now`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .. import svg
from ..svg import Block
from . import projection
from .blocks import Scene, Solid, Stage
from .faces import SMALL, faces, mark, plate_faces, size_text, sizes
from .moving import central, mover, walked
from .projection import Scale, number
from .styles import STYLE

LABEL = 11.5
ENLARGED = 9.0  # px of a kernel's cell, where to scale it could not be seen


class Plan(NamedTuple):
    """How large a picture is drawn, and on how many rows."""

    scale: Scale
    room: float
    rows: list[list[str]]  # keys of solids, and of stages (s0, s1)


def volume_picture(kind: str, scene: Scene, wide: bool) -> tuple[svg.SVG, dict[str, Any]]:
    """The picture at a step in the middle, and what its steps need."""
    plan = planned(scene, svg.WIDE if wide else svg.WIDTH)
    middle = central(scene)
    data = walked(scene)
    solids = {solid.key: solid for solid in scene.solids}
    rows = []
    for keys in plan.rows:
        blocks = []
        for key in keys:
            if key in solids:
                blocks.append(solid_panel(solids[key], plan.scale, scene, middle))
            else:
                stage = int(key[1:])
                blocks.append(stage_panel(scene, stage, plan, middle))
        rows.append(svg.beside(blocks, gap=12))
    block = svg.below(rows, gap=12, align=0.5)
    picture = svg.document(
        "volume-view",
        f"{kind} 层的立体图",
        scene.moves[middle].tell + "".join(scene.notes),
        block._replace(svg=STYLE + block.svg),
        label=False,
    )
    return picture, data


def planned(scene: Scene, room: float) -> Plan:
    keys = [scene.solids[0].key]
    for n, solid in enumerate(scene.solids[1:]):
        keys += [f"s{n}", solid.key]
    wide = room > svg.WIDTH
    deepest = 100.0 if wide else 64.0
    channels = max(solid.channels for solid in scene.solids)
    flat = all(solid.space[:2] == (1, 1) for solid in scene.solids)

    def tried(cell: float) -> tuple[Plan, float]:
        scale = projection.fitted(cell, channels, deepest, 0.8 if flat else 0.5)
        sizes = {key: size_of(scene, key, scale) for key in keys}
        rows = rowed(keys, sizes, room)
        height = sum(max(sizes[key][1] for key in row) + 12 for row in rows)
        fits = all(sizes[key][0] <= room for key in keys)
        return Plan(scale, room, rows), height if fits else math.inf

    # One row says most; where cells or blocks would become too small for it, several.
    longest = max(n for solid in scene.solids for n in solid.space)
    cells = [(32.0 if wide else 24.0) * 0.92**n for n in range(90)]
    for cell in cells:
        if cell < 15 and cell * longest < 150 or not wide:
            break
        plan, height = tried(cell)
        if len(plan.rows) == 1 and height <= 420:
            return plan
    for cell in cells[:-1]:
        plan, height = tried(cell)
        if height <= 600:
            return plan
    return tried(cells[-1])[0]


def rowed(keys: list[str], sizes, room: float) -> list[list[str]]:
    """An arrow goes with the block that it points to."""
    rows: list[list[str]] = [[keys[0]]]
    used = sizes[keys[0]][0]
    for arrow, solid in zip(keys[1::2], keys[2::2], strict=True):
        wanted = sizes[arrow][0] + sizes[solid][0] + 24
        if used + wanted <= room:
            rows[-1] += [arrow, solid]
            used += wanted
        elif wanted <= room:
            rows.append([arrow, solid])
            used = wanted - 12
        else:
            rows += [[arrow], [solid]]
            used = sizes[solid][0]
    return rows


def text_width(scene: Scene, key: str) -> float:
    return scene.widths.get(key, 0) * LABEL + (16 if key[0] == "v" else 0)


def size_of(scene: Scene, key: str, scale: Scale) -> tuple[float, float]:
    if key[0] == "s":
        stage = scene.stages[int(key[1:])]
        return stage_size(scene, int(key[1:]), stage, scale)
    solid = next(s for s in scene.solids if s.key == key)
    left, right = margins(solid)
    box = projection.bounds(solid, scale)
    width = max(
        left + box.right - box.left + right,
        svg.width_of(solid.name, 12, mono=True),
        text_width(scene, key),
    )
    return width, box.bottom - box.top + 18 + under(solid) + 26


def margins(solid: Solid) -> tuple[float, float]:
    """Room on the left and on the right for the sizes."""
    content = size_text(solid, 1)
    # A plus sign is wider than other signs.
    rows = svg.width_of(content, SMALL) + 3 * content.count("+") + 6 if solid.units[1] else 2
    return rows, svg.width_of(f"{solid.channels} 通道", SMALL) + 8


def under(solid: Solid) -> float:
    return 15.0 + (14 if solid.units[0] else 0)


def solid_panel(solid: Solid, scale: Scale, scene: Scene, step: int) -> Block:
    """A tensor: its name, the block with its sizes, and what the step does there."""
    box = projection.bounds(solid, scale)
    left, _ = margins(solid)
    width, height = size_of(scene, solid.key, scale)
    parts = [faces(solid, scale, scene, step)]
    parts += [mark(solid, scale), sizes(solid, scale)]
    parts += [
        mover(f"b{s}-{b}", which, solid, scale, scene.moves[step], s, b)
        for s, stage in enumerate(scene.stages)
        for b, which in enumerate(stage.boxes)
        if which.solid == solid.key
    ]
    drawing = Block("".join(parts), width, box.bottom - box.top + under(solid))
    inner = left + box.right - box.left + margins(solid)[1]
    x = max((width - inner) / 2, 0) + left - box.left
    title = svg.words(solid.name, size=12, mono=True, weight=600)
    label = live_label(scene, solid.key, step, width)
    return svg.below(
        [
            svg.beside([Block("", (width - title.width) / 2, 0), title], gap=0),
            Block(
                f'<g transform="translate({number(x)} {number(-box.top)})">{drawing.svg}</g>',
                width,
                drawing.height,
            ),
            label,
        ],
        gap=0,
    )._replace(width=width, height=height)


def live_label(scene: Scene, key: str, step: int, width: float) -> Block:
    """A text that changes with the step; the last block's is the result, in a box."""
    content = scene.moves[step].texts.get(key, "")
    last = key == scene.solids[-1].key
    room = min(text_width(scene, key), width)
    frame = svg.rect(
        (width - room) / 2 + 0.5, 2.5, room - 1, 20, fill=svg.RESULT if last else svg.PAPER
    )
    hidden = "" if content else ' visibility="hidden"'
    text = svg.text(width / 2, 17, content, size=LABEL)
    return Block(f'<g class="box live" data-text="{key}"{hidden}>{frame}{text}</g>', width, 26)


def kernel_scale(scene: Scene, scale: Scale) -> Scale:
    if scale.cell >= ENLARGED:
        return scale
    deepest = max((k.channels for stage in scene.stages for k in stage.kernels), default=1)
    return projection.fitted(ENLARGED, deepest, 24, 0.5)


def named(stage: Stage, scale: Scale) -> str:
    return stage.name + "（放大）" * (scale.cell < ENLARGED and bool(stage.kernels))


def stage_size(scene: Scene, number: int, stage: Stage, scale: Scale) -> tuple[float, float]:
    small = kernel_scale(scene, scale)
    block = side_by_side([Block("", *kernel_room(k, small)) for k in stage.kernels], small)
    name = svg.width_of(named(stage, scale), SMALL, mono=True)
    live = text_width(scene, f"k{number}")
    return max(block.width, name, live, 30), 18 + block.height + 24 + 17 * bool(live)


def kernels(scene: Scene, stage: Stage, scale: Scale, now: str, tone: int) -> Block:
    """Beside each other; `now`: the one at work, in the colour `tone`."""
    scale = kernel_scale(scene, scale)
    blocks = [kernel(solid, scale, tone if solid.key == now else None) for solid in stage.kernels]
    return side_by_side(blocks, scale)


def side_by_side(blocks: list[Block], scale: Scale) -> Block:
    """Small ones leave the room to large tensors."""
    return svg.flow(blocks, 130 if scale.cell <= ENLARGED else 210, gap=6, align=1)


def kernel_room(solid: Solid, scale: Scale) -> tuple[float, float]:
    box = projection.bounds(solid, scale)
    width = max(box.right - box.left, svg.width_of(solid.name, 11, mono=True))
    return width, box.bottom - box.top + 17


def kernel(solid: Solid, scale: Scale, now: int | None) -> Block:
    box = projection.bounds(solid, scale)
    parts = []
    for plate in reversed(projection.plates(solid, scale)):
        for frame in reversed(range(solid.space[0])):
            parts.append(plate_faces(solid, scale, plate, frame))
    state = "" if now is None else ' data-state="now"'
    tone = solid.tone(0) if now is None else now
    width, height = kernel_room(solid, scale)
    x = (width - (box.right - box.left)) / 2
    place = f"translate({number(x)} {number(-box.top)})"
    inside = f'<g class="faces" transform="{place}">{"".join(parts)}</g>'
    name = svg.text(
        width / 2, box.bottom - box.top + 13, solid.name, size=11, mono=True, weight=600
    )
    return Block(
        f'<g class="kernel" data-kernel="{solid.key}" data-tone="{tone}"{state}>{inside}{name}</g>',
        width,
        box.bottom - box.top + 17,
    )


def stage_panel(scene: Scene, number: int, plan: Plan, step: int) -> Block:
    """The kernels over an arrow; without any, the arrow and what is done."""
    stage, move = scene.stages[number], scene.moves[step]
    block = kernels(scene, stage, plan.scale, move.kernel, move.tone)
    alone = any(row == [f"s{number}"] for row in plan.rows)
    width = stage_size(scene, number, stage, plan.scale)[0]
    arrow = Block(
        svg.arrow(0, 6, 18, down=True) if alone else svg.arrow(0, 6, 28, stroke=svg.FAINT),
        10 if alone else 28,
        22 if alone else 12,
    )
    parts = [svg.words(named(stage, plan.scale), size=SMALL, mono=True, fill=svg.FAINT), block]
    live = f"k{number}"
    if text_width(scene, live):
        label = svg.text(width / 2, 13, move.texts.get(live, ""), size=LABEL)
        parts.append(Block(f'<g class="live" data-text="{live}">{label}</g>', width, 17))
    parts.append(arrow)
    return svg.below(parts, gap=2, align=0.5)
