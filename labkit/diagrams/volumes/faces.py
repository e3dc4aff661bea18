"""A block on paper: its plates from back to front, the cells that answer, zeros, names, sizes."""

from __future__ import annotations

from .. import svg
from . import projection
from .blocks import PIECES, Scene, Solid
from .moving import plates_at, states_at
from .projection import ACROSS, UP, Scale, cuboid

FINE = 7.0  # px: lines between cells of this size can be told apart


GRIDDED = 12  # cells a side that are drawn one by one


SMALL = 10.5


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
        within = range(plate.first, plate.first + plate.count)
        inside += [v for channel in voxels if channel in within for v in reversed(voxels[channel])]
        if any(pair != (0, 0) for pair in solid.pads) and (solid.apart or not plate.first):
            inside.append(shell(solid, scale, plate))
        tone = solid.tone(plate.first) if plate.count == 1 else -1
        piece = ' data-piece="1"' if plate.count > 1 else ""
        parts.append(
            f'<g class="plate" data-plate="{solid.key}-{plate.first}" data-tone="{tone}"'
            f"{piece}{state}>{''.join(inside)}</g>"
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
    dark = 0.05 + 0.1 * (plate.first % 2) * (solid.tone(plate.first) < 0)
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
    for channel in range(solid.channels if 1 < solid.channels <= PIECES else 0):
        name = solid.mark(channel)
        z = projection.front_of(solid, scale, channel) + scale.deep / 2
        x, y = base[0] + z * ACROSS + 3, base[1] - z * UP + 9
        if x - last < svg.width_of(name, 9, mono=True) + 1:
            continue
        last = x
        parts.append(
            svg.text(x, y, name, size=9, mono=True, weight=600, anchor="start", css="mark")
        )
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
    content = size_text(solid, 2)
    if frames == 1:  # to the right of a narrow block stand the names of its channels
        middle -= max(svg.width_of(content, SMALL) / 2 - columns * scale.cell / 2, 0)
    if solid.units[2]:
        parts.append(svg.text(middle, box.bottom + 13, content, size=SMALL, fill=svg.FAINT))
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


def size_text(solid: Solid, axis: int) -> str:
    """`6 行`; `1+6+1 行` with what is added."""
    before, after = solid.pads[axis]
    parts = [str(n) for n in (before, solid.space[axis], after) if n > 0]
    if before < 0 or after < 0:
        parts = [str(solid.space[axis])]
    return f"{'+'.join(parts)} {solid.units[axis]}"
