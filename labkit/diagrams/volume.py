"""The volume view: input, kernels and output as blocks to scale, a window moving through.

Python draws it once, at a step in the middle, and says for every step where everything stands;
docs/live/lab-volume.js only moves and marks. Marks are `data-state`: of a cell `done`, `part` (more
will be added), `now` or nothing; of a plate `now` or `ahead` (in the way); of a kernel `now`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from . import projection, svg
from .connectivity import LINES
from .grids import GROUPS
from .projection import ACROSS, UP, Scale, cuboid, number
from .svg import Block
from .volume_steps import PIECES, Box, Move, Scene, Solid, Stage

CHOSEN = "var(--diagram-chosen, #b4532a)"
SMALL, LABEL = 10.5, 11.5
FINE = 7.0  # px: lines between cells of this size can be told apart
ENLARGED = 9.0  # px of a kernel's cell, where to scale it could not be seen
GRIDDED = 12  # cells a side that are drawn one by one


def styles() -> str:
    rules = [
        f".soft{{fill:{svg.DATA}}}",
        f".strong{{fill:{CHOSEN};stroke:{CHOSEN}}}",
        ".plate[data-state=ahead]{opacity:.13}",
        ".plate:not([data-state=now]) .shell.apart{display:none}",
        ".kernel:not([data-state]) .faces{opacity:.4}",
        ".voxel{cursor:pointer}",
        f".voxel path{{stroke:{svg.EDGE};stroke-width:.8;stroke-linejoin:round}}",
    ]
    for n, (tint, line) in enumerate(zip(GROUPS, LINES, strict=True)):
        soft, strong = f"var(--diagram-group-{n}, {tint})", f"var(--diagram-line-{n}, {line})"
        rules += [
            f'[data-tone="{n}"] .soft{{fill:{soft}}}',
            f'[data-tone="{n}"] .strong{{fill:{strong};stroke:{strong}}}',
            f'[data-tone="{n}"].voxel[data-state] path{{stroke:{strong}}}',
            f'[data-tone="{n}"].voxel[data-state=now] .soft{{fill:{strong}}}',
        ]
    rules += [
        f".voxel:not([data-state]) .soft{{fill:{svg.PAPER}}}",
        ".voxel[data-state=part] .soft{fill-opacity:.45}",
        f".voxel.zero[data-state] .soft{{fill:{svg.BATCH}}}",
        ".voxel.zero[data-state] path{stroke-dasharray:2.5 2}",
        f".voxel[data-state=now] path{{stroke:{CHOSEN};stroke-width:2}}",
        f".voxel:focus-visible path{{stroke:{CHOSEN};stroke-width:3}}",
        ".voxel:focus{outline:none}",
    ]
    return "<style>" + "".join(f".volume-view {rule}" for rule in rules) + "</style>"


STYLE = styles()


class Plan(NamedTuple):
    """How large a picture is drawn, and on how many rows."""

    scale: Scale
    room: float
    rows: list[list[str]]  # keys of solids, and of stages (s0, s1)


def volume_picture(kind: str, scene: Scene, wide: bool) -> tuple[svg.SVG, dict[str, Any]]:
    """The picture at a step in the middle, and what its steps need."""
    plan = planned(scene, svg.WIDE if wide else svg.WIDTH)
    middle = central(scene)
    data = walked(scene, plan.scale)
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


# --- how large ---


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

    # One row says most; where cells would become too small for it, several.
    cells = [(32.0 if wide else 24.0) * 0.92**n for n in range(60)]
    for cell in cells:
        if cell < 15 or not wide:
            break
        plan, height = tried(cell)
        if len(plan.rows) == 1 and height <= 420:
            return plan
    for cell in cells:
        plan, height = tried(cell)
        if height <= 600:
            return plan
    return plan


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
    longest = max((svg.width_of(move.texts.get(key, ""), LABEL) for move in scene.moves), default=0)
    return longest + (16 if key[0] == "v" else 0)


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
    rows = svg.width_of(size_text(solid, 1), SMALL) + 6 if solid.units[1] else 2
    return rows, svg.width_of(f"{solid.channels} 通道", SMALL) + 8


def under(solid: Solid) -> float:
    return 15.0 + (14 if solid.units[0] else 0)


def size_text(solid: Solid, axis: int) -> str:
    """`6 行`; `1+6+1 行` with what is added."""
    before, after = solid.pads[axis]
    parts = [str(n) for n in (before, solid.space[axis], after) if n > 0]
    if before < 0 or after < 0:
        parts = [str(solid.space[axis])]
    return f"{'+'.join(parts)} {solid.units[axis]}"


# --- blocks ---


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


def faces(solid: Solid, scale: Scale, scene: Scene, step: int) -> str:
    """The plates from back to front, every frame of them."""
    states = states_at(scene, step)
    active = plates_at(scene, step).get(solid.key)
    voxels: dict[int, list[str]] = {}
    for n, cell in solid.cells.items():
        voxels.setdefault(cell[3], []).append(
            voxel(solid, scale, n, states.get(f"{solid.key}-{n}"))
        )
    parts = []
    for plate in reversed(projection.plates(solid, scale)):
        state = plate_state(plate, active, solid)
        inside = [plate_faces(solid, scale, plate, f) for f in range(solid.space[0])]
        inside += [v for c in range(plate.count) for v in reversed(voxels.get(plate.first + c, []))]
        if any(pair != (0, 0) for pair in solid.pads) and (solid.apart or not plate.first):
            inside.append(shell(solid, scale, plate))
        tone = solid.tones[plate.first] if plate.count == 1 else -1
        piece = ' data-piece="1"' if plate.count > 1 else ""
        parts.append(
            f'<g class="plate" data-plate="{solid.key}-{plate.first}" data-tone="{tone}"{piece}{state}>'
            + "".join(inside)
            + "</g>"
        )
    return "".join(parts)


def plate_state(plate, active: int | None, solid: Solid) -> str:
    if active is None or solid.channels > PIECES:
        return ""
    if plate.first == active:
        return ' data-state="now"'
    return ' data-state="ahead"' if plate.first < active else ""


def plate_faces(solid: Solid, scale: Scale, plate, frame: int) -> str:
    _, rows, columns = solid.space
    corner = projection.at(solid, scale, (frame, 0, 0), plate.z)
    width, height = columns * scale.cell, rows * scale.cell
    front, top, side = cuboid(corner, width, height, plate.thick)
    # Where every cell answers, the cells are the faces.
    covers = len(solid.cells) >= rows * columns * solid.space[0] * solid.channels
    dark = 0.05 + 0.1 * (plate.first % 2) * (solid.tones[plate.first] < 0)
    parts = []
    if not covers:
        face = "" if solid.cells else ' class="soft"'
        fill = f'fill="{svg.PAPER}" fill-opacity=".55"' if solid.cells else ""
        parts.append(f'<path{face} d="{front + top + side}" {fill}/>')
        parts.append(f'<path d="{top}" fill="{svg.INK}" fill-opacity="{dark:g}"/>')
        parts.append(f'<path d="{side}" fill="{svg.INK}" fill-opacity="{dark + 0.06:g}"/>')
        lines = ""
        if max(rows, columns) <= GRIDDED and scale.cell >= FINE:
            lines = projection.grid(corner, columns, rows, scale.cell, plate.thick)
        elif max(rows, columns) > GRIDDED:
            lines = projection.ticks(corner, columns, rows, scale.cell)
        parts.append(
            f'<path d="{front + top + side}{lines}" fill="none" stroke="{svg.EDGE}" '
            'stroke-width=".8" stroke-linejoin="round"/>'
        )
    return "".join(parts)


def voxel(solid: Solid, scale: Scale, n: int, state: str | None) -> str:
    frame, row, column, channel, tone = solid.cells[n]
    z = projection.front_of(solid, scale, channel)
    x, y = projection.at(solid, scale, (frame, row, column), z)
    side = scale.cell
    if side < 5:  # still something to point at
        x, y, side = x + (side - 5) / 2, y + (side - 5) / 2, 5.0
    front, top, right = cuboid((x, y), side, side, scale.deep)
    lies = top if row == 0 else ""
    stands = right if column == solid.space[2] - 1 else ""
    told = f' data-state="{state}"' if state else ""
    zero = " zero" if n in solid.zeros else ""
    dark = f'fill="{svg.INK}" fill-opacity=".08" stroke="none" pointer-events="none"'
    shade = f'<path d="{lies + stands}" {dark}/>' if lies or stands else ""
    return (
        f'<g class="voxel{zero}" data-voxel="{solid.key}-{n}" data-tone="{tone}" '
        f'data-at="{frame},{row},{column},{channel}"{told}>'
        f'<path class="soft" d="{front + lies + stands}"/>{shade}</g>'
    )


def shell(solid: Solid, scale: Scale, plate) -> str:
    """What is added around a plate, or cut from it, cell by cell where that can be seen."""
    lines, cut = [], []
    ranges = [
        range(-max(b, 0), n + max(a, 0)) for n, (b, a) in zip(solid.space, solid.pads, strict=True)
    ]
    one_by_one = max(solid.space[1:]) <= GRIDDED and scale.cell >= FINE
    for f in ranges[0]:
        ghost = not 0 <= f < solid.space[0]
        if not one_by_one or ghost:
            if ghost or any(b > 0 or a > 0 for b, a in solid.pads[1:]):
                corner = projection.at(solid, scale, (f, ranges[1][0], ranges[2][0]), plate.z)
                size = (len(ranges[2]) * scale.cell, len(ranges[1]) * scale.cell)
                outline = cuboid(corner, *size, plate.thick if ghost else 0)
                lines += outline if ghost else outline[:1]
            if not one_by_one:
                continue
        for r in ranges[1]:
            for c in ranges[2]:
                outside = not (0 <= r < solid.space[1] and 0 <= c < solid.space[2])
                x, y = projection.at(solid, scale, (f, r, c), plate.z)
                square = cuboid((x, y), scale.cell, scale.cell, 0)[0]
                if outside or ghost:
                    lines.append(square)
                elif taken(solid, (f, r, c)):
                    cut.append(square)
    dashes = f'fill="none" stroke="{svg.FAINT}" stroke-width=".8" stroke-dasharray="2.5 2"'
    away = (
        f'<path d="{"".join(cut)}" fill="{svg.PAPER}" fill-opacity=".85" stroke="{svg.FAINT}" '
        'stroke-width=".8" stroke-dasharray="2.5 2"/>'
        if cut
        else ""
    )
    kind = "shell apart" if solid.apart else "shell"
    return (
        f'<g class="{kind}" pointer-events="none"><path d="{"".join(lines)}" {dashes}/>{away}</g>'
    )


def taken(solid: Solid, place) -> bool:
    """Whether a cell is cut away."""
    return any(
        p < -before or p >= n + after
        for p, n, (before, after) in zip(place, solid.space, solid.pads, strict=True)
        if before < 0 or after < 0
    )


def mark(solid: Solid, scale: Scale) -> str:
    """The names of the channels along the lower edge that goes into the depth."""
    frames, rows, columns = solid.space
    base = projection.at(solid, scale, (frames - 1, rows, columns))
    last, parts = -99.0, []
    for channel, name in enumerate(solid.marks):
        z = projection.front_of(solid, scale, channel) + scale.deep / 2
        x, y = base[0] + z * ACROSS + 3, base[1] - z * UP + 9
        if not 1 < solid.channels <= PIECES or x - last < svg.width_of(name, 9, mono=True) + 1:
            continue
        last = x
        parts.append(svg.text(x, y, name, size=9, mono=True, weight=600, anchor="start"))
    return "".join(parts)


def sizes(solid: Solid, scale: Scale) -> str:
    """The lengths on the edges."""
    frames, rows, columns = solid.space
    box = projection.bounds(solid, scale)
    pitch = projection.pitch(solid, scale)
    first = -max(solid.pads[0][0], 0) * pitch
    parts = []
    if solid.units[1]:
        parts.append(
            svg.text(
                box.left - 5,
                rows * scale.cell / 2 + 4,
                size_text(solid, 1),
                size=SMALL,
                fill=svg.FAINT,
                anchor="end",
            )
        )
    middle = (columns * scale.cell) / 2 if frames == 1 or solid.units[0] == "" else 0
    if frames > 1 or solid.units[0]:
        middle = first + columns * scale.cell / 2
        parts.append(
            svg.text(
                (box.left + box.right) / 2,
                box.bottom + 27,
                f"→ {size_text(solid, 0)}",
                size=SMALL,
                fill=svg.FAINT,
            )
        )
    parts.append(svg.text(middle, box.bottom + 13, size_text(solid, 2), size=SMALL, fill=svg.FAINT))
    into = projection.depth(solid, scale)
    x = (frames - 1) * pitch + columns * scale.cell + into * ACROSS
    parts.append(
        svg.text(
            max(x, box.right) + 5,
            rows * scale.cell - into * UP - 2,
            f"{solid.channels} 通道",
            size=SMALL,
            fill=svg.FAINT,
            anchor="start",
        )
    )
    return "".join(parts)


# --- what moves ---


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
    return (
        f'<g class="mover" data-mover="{key}" data-tone="{move.tone}" '
        f'pointer-events="none"{place}>{"".join(parts)}</g>'
    )


def corner_of(solid: Solid, scale: Scale, place, channel: int | None):
    z = 0.0 if channel is None else projection.front_of(solid, scale, channel)
    return projection.at(solid, scale, place, z)


# --- kernels ---


def kernel_scale(scene: Scene, scale: Scale) -> Scale:
    if scale.cell >= ENLARGED:
        return scale
    deepest = max((k.channels for stage in scene.stages for k in stage.kernels), default=1)
    return projection.fitted(ENLARGED, deepest, 24, 0.5)


def stage_size(scene: Scene, number: int, stage: Stage, scale: Scale) -> tuple[float, float]:
    block = kernels(scene, stage, scale, "", 0)
    name = svg.width_of(stage.name, SMALL, mono=True)
    live = text_width(scene, f"k{number}")
    return max(block.width, name, live, 30), 18 + block.height + 24 + 17 * bool(live)


def kernels(scene: Scene, stage: Stage, scale: Scale, now: str, tone: int) -> Block:
    """Beside each other; `now`: the one at work, in the colour `tone`."""
    scale = kernel_scale(scene, scale)
    blocks = [kernel(solid, scale, tone if solid.key == now else None) for solid in stage.kernels]
    room = 200 if sum(b.width + 6 for b in blocks) > 200 else svg.WIDTH
    return svg.flow(blocks, room, gap=6, align=1)


def kernel(solid: Solid, scale: Scale, now: int | None) -> Block:
    box = projection.bounds(solid, scale)
    parts = []
    for plate in reversed(projection.plates(solid, scale)):
        for frame in reversed(range(solid.space[0])):
            parts.append(plate_faces(solid, scale, plate, frame))
    state = "" if now is None else ' data-state="now"'
    tone = solid.tones[0] if now is None else now
    width = max(box.right - box.left, svg.width_of(solid.name, 11, mono=True))
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
    parts = [svg.words(stage.name, size=SMALL, mono=True, fill=svg.FAINT), block]
    live = f"k{number}"
    if text_width(scene, live):
        label = svg.text(width / 2, 13, move.texts.get(live, ""), size=LABEL)
        parts.append(Block(f'<g class="live" data-text="{live}">{label}</g>', width, 17))
    parts.append(arrow)
    return svg.below(parts, gap=2, align=0.5)


# --- steps ---


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


def walked(scene: Scene, scale: Scale) -> dict[str, Any]:
    """Every step as JSON: where the boxes stand, what is marked, what is said."""
    solids = {solid.key: solid for solid in scene.solids}
    tensors = {s.key: [s.letter, list(s.shape)] for s in scene.solids if s.cells}
    steps = []
    for step, move in enumerate(scene.moves):
        boxes = scene.stages[move.stage].boxes
        steps.append(
            {
                "at": {
                    f"b{move.stage}-{b}": corner_of(solids[box.solid], scale, *stand)
                    for b, (box, stand) in enumerate(zip(boxes, move.at, strict=True))
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
