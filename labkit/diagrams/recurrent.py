"""A recurrent layer as everybody draws it, with its numbers: its steps, and one from inside."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import svg
from .cell_picture import cell_picture, pictured, visible
from .chains import SHORT, notes
from .formulas import in_words, program
from .gates import CAPTIONS, ENDS
from .gauges import STYLE, UNITS
from .passage import Part, Passage, cells_in, chains_in, passage
from .timeline import Timeline
from .unrolled import merging

ZOOM = 20.0  # from the row to the cell
LARGER = svg.WIDE / 544  # the cell where there is room
CHOSEN = (
    "<style>.diagram [data-step][data-state=chosen] rect,"
    ".diagram [data-sizes] [data-state=chosen]"
    "{stroke:var(--diagram-chosen, #b4532a);stroke-width:2.5}"
    ".diagram [data-step]:focus{outline:none}"
    ".diagram [data-step]:focus-visible rect{stroke:var(--diagram-chosen, #b4532a);"
    "stroke-width:3.5}</style>"
)


def is_drawn(layer) -> bool:
    """Whether all cells of a recurrent layer are of the kinds whose formulas are known."""
    try:
        return all(program(cell) for chain in chains_in(layer) for cell in cells_in(chain))
    except (ValueError, AttributeError):
        return False


def recurrent_view(layer, input_shape, masked=(), wide: bool = False) -> str:
    """循环层的图：上面是各个时间步，下面是其中一步的单元，每条线上是真的数，SVG 文本。

    input_shape 含批次轴，例如 (None, 5, 3)；masked 是掩码跳过的时间步。画的是最后处理的一步。
    权重按层自己的初始化方法取（种子固定），输入是一位小数。不改动 layer。
    """
    return drawn_passage(layer, tuple(input_shape), masked, wide)["svg"]


def drawn_passage(layer, shape: tuple, masked=(), wide: bool = False) -> dict[str, Any]:
    """The picture, its sentences, and what a page needs to walk through its steps."""
    room = svg.WIDE if wide else svg.WIDTH
    masked = tuple(sorted(set(masked)))
    run = passage(layer, shape, masked)
    if shape[1] is None or shape[1] > run.shape[1]:
        masked = tuple(t for t in masked if t < run.shape[1])
    # The last one that has numbers to show.
    read = (k for k, t in enumerate(run.orders[0]) if t not in masked)
    step = max(read, default=run.shape[1] - 1)
    timeline = Timeline(layer, shape, run._replace(masked=masked), step, room)

    grown = LARGER if wide else 1.0
    cells = [cell_picture(part, step, room / grown) for part in run.parts]
    top = timeline.block.height + ZOOM
    drawn = [timeline.block.svg]
    across = cells[0].width * grown / 2
    zoom = {
        "y": timeline.block.height,
        "half": timeline.half,
        "bottom": top + 20 * grown,
        "left": room / 2 - across + 26 * grown,
        "right": room / 2 + across - 26 * grown,
    }
    for number, cell in enumerate(cells):
        where = f"translate({room / 2 - cell.width * grown / 2:g} {top:g}) scale({grown:g})"
        hidden = ' display="none"' if number else ""
        drawn.append(f'<g data-inside="{number}" transform="{where}"{hidden}>{cell.svg}</g>')
    columns = ";".join(" ".join(f"{x:.5g}" for x in xs) for xs in timeline.xs)
    geometry = " ".join(f"{length:g}" for length in zoom.values())
    beam = (
        f'<path data-zoom="{geometry}" data-xs="{columns}" '
        f'd="{beam_of(zoom, timeline.xs[0][step])}" fill="{svg.BATCH}" stroke="none"/>'
    )
    height = top + max(cell.height for cell in cells) * grown
    block = svg.Block(CHOSEN + STYLE + beam + "".join(drawn), room, height)
    title = f"{type(layer).__name__} 沿时间一步一步地算"
    said = f"最后处理的一步：{'；'.join(told(run.parts[0], step))}。"
    picture = svg.document("recurrent", title, said, block, label=False)
    data = {
        "steps": run.shape[1],
        "times": [list(order) for order in run.orders],
        "skipped": list(masked),
        "first": step,
        "parts": [
            part_data(part, name, sizes)
            for part, name, sizes in zip(run.parts, names(run), timeline.parts, strict=True)
        ],
    }
    return {
        "svg": picture,
        "notes": sentences(layer, shape, run, timeline),
        "data": {"recurrent": data},
    }


def beam_of(zoom: dict, x: float) -> str:
    """From a column of the row to the box of its cell."""
    left, right = x - zoom["half"], x + zoom["half"]
    return (
        f"M{left:g} {zoom['y']:g}L{right:g} {zoom['y']:g}"
        f"L{zoom['right']:g} {zoom['bottom']:g}L{zoom['left']:g} {zoom['bottom']:g}Z"
    )


def names(run: Passage) -> list[str]:
    """What the parts are called in a list to choose from."""
    several = len(run.orders) > 1
    stack = any(part.number for part in run.parts)
    found = []
    for part in run.parts:
        kind = type(part.cell).__name__.removesuffix("Cell")
        name = SHORT.get(kind, kind)
        name = f"第 {part.number + 1} 个单元 {name}" if stack else name
        found.append(("正向：", "反向：")[part.chain] * several + name)
    return found


def captions(part: Part) -> dict[str, str]:
    """What a line is called where there is room for words."""
    labels, _ = in_words(part.cell)
    found = {}
    for name in part.values:
        label = labels.get(name, name)
        if name in CAPTIONS and name not in ("inner", "h′"):
            label = f"{CAPTIONS[name]} {name}_t"
        elif name in ENDS and name in "xhc":
            label = f"{label}（{ENDS[name]}）"
        elif name.endswith("′"):
            label = f"{label}（新的状态）"
        elif name == "sum":
            label = "激活之前的和"
        found[name] = label
    found["h′"] = found["h′"].replace("新的状态", "输出，也是新的状态")
    return found


def told(part: Part, step: int) -> list[str]:
    said, found = captions(part), []
    for name, one in pictured(part, step).items():
        if one.ndim == 1:
            numbers = ", ".join(f"{v:.2f}" for v in one) if np.isfinite(one).all() else "跳过"
            found.append(f"{said[name]}：{numbers}")
    return found


def part_data(part: Part, name: str, sizes) -> dict[str, Any]:
    _, formulas = in_words(part.cell)
    formulas = {n: line for n, line in formulas.items() if n in part.values}
    if "sum" in part.values:
        formulas["sum"] = formulas["h′"].split("(", 1)[1].removesuffix(")")
    return {
        "name": name,
        "chain": part.chain,
        "captions": captions(part),
        "formulas": formulas,
        "values": {line: rounded(values) for line, values in visible(part).items()},
        "forward": sizes.data("forward"),
        "backward": sizes.data("backward"),
    }


def rounded(values: np.ndarray) -> list[list[float] | None]:
    """The numbers of every step in a row; None where a mask skips it, or the numbers overflow."""
    rows = values.reshape(len(values), -1).round(4)
    return [row.tolist() if np.isfinite(row).all() else None for row in rows]


def sentences(layer, shape, run: Passage, timeline: Timeline) -> list[str]:
    """What is said under the picture."""
    full = (shape[0], run.shape[1], *shape[2:])
    part = run.parts[0]
    units = part.values["h′"].shape[
        -1 if getattr(part.cell, "data_format", "") != "channels_first" else 1
    ]
    conv = part.values["h′"].ndim == 4
    conditions = {
        f"每条线上是 {units} 个单元里的前 {UNITS} 个。": not conv and units > UNITS,
        "每条线上是第一个通道：方块的面积是数的大小，空心的是负数。": conv,
        "训练时 x_t 与状态先乘 Dropout 的掩码；图上是预测时的计算。": layer.uses_learning_phase,
    }
    return [
        *run.changes,
        *(line for line, holds in conditions.items() if holds),
        "权重按层的初始化方法随机取，输入是随机的一位小数。最上面的条是长度 |·| 的大小。",
        *notes(layer, full, timeline.chains, merging(layer)),
    ]
