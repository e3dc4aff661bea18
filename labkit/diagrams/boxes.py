"""A model as boxes to scale: what every layer gives as a block with its size on it.

Every text is measured first and gets room of its own; columns of one rank stand above each other,
and rows of columns below each other, as words in lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from ..errors import explain
from ..layers.core import InputLayer
from . import svg
from .architecture import FAMILIES, Row, family, hint, rows
from .bars import PRODUCTS, WEIGHTS, bar, briefly
from .cell_pictures import GROUPS
from .layout import Box, links_of, ranks
from .models import arriving, facts, kind, sentence
from .rows import in_rows
from .svg import Block

WIDE = 900.0  # of the picture on a desktop, in CSS pixels
LEAST, BAR = 5.0, 12.0  # the shortest side; the thickness of a vector
ROOM = {"高宽": 78.0, "深": 24.0, "通道": 56.0, "步数": 78.0, "长度": 92.0}  # of the longest side
SLANT = (0.42, 0.3)  # how far a pixel of depth goes to the right, and up
COLUMN = 74.0  # of texts and bars below a box
NARROW, SMALL = 500.0, 0.68  # in a picture no wider than this, the share of these lengths
PAD = 3.0  # over the texts of a layer and under them
UNKNOWN = 0.55  # of the longest side, for a length that is not known


Scale = dict[str, tuple[int, float]]


class Side(NamedTuple):
    """One side of a box: how long the axis is, and how long it is drawn."""

    size: int | None
    drawn: float


def box_view(model, width=WIDE) -> str:
    """模型的方块图：每层的输出是一个按比例的方块，写着大小；下面的横条是参数与乘加的次数。

    边长与大小的平方根成正比，高宽、通道、步数、向量的长度各有自己的比例；虚线的边长度未定。
    参数：
        model：建好了的模型。
        width：最多画多宽，以 CSS 像素计，默认 900，手机用 360；画不下时另起一行。
    返回：SVG 文本。
    出错：模型还没有建好，抛出 ValueError。
    """
    if not getattr(model, "built", False) or not hasattr(model, "_nodes"):
        raise ValueError(
            explain(
                "box_view",
                f"还没有建好的 {type(model).__name__}",
                "方块的大小在知道输入形状之后才有",
                "先给出 input_shape，或 model.build((None, …))",
            )
        )
    listed = rows(model)
    known = {id(row.call.node): row.call.name for row in listed}
    edges = [edge for row in listed for edge in arriving(model, row.call.node, known)]
    edges = [edge._replace(label="") for edge in edges]
    scale, most = longest(listed, 1 if width > NARROW else SMALL), most_of(listed)
    ends = {edge.target for edge in edges}, {edge.source for edge in edges}
    boxes = {row.call.name: column(row, scale, most, ends) for row in listed}
    links = links_of(boxes, edges)
    picture = in_rows(boxes, edges, ranks(boxes, links), width)
    words = "".join(sentence(r.call.name, r.layer, [r.call], edges) for r in listed)
    total = f"{model.name}: {facts(model)}。"
    whole = svg.below([picture, legend(listed, most, width)], 14)
    return svg.document("box-view", f"{model.name} 的方块图", total + words, whole)


# --- one layer ---


def column(row: Row, scale: Scale, most: tuple[int, int], ends) -> Box:
    """The type above the box, its size below it, then the bars; arrows meet the box's middle.

    ends: the names of the calls that arrows go to, and of those that they come from.
    """
    key, entry = row.call.name, isinstance(row.layer, InputLayer)
    fill = svg.PAPER if entry else colour(family(row.layer))
    shapes = [solid(shape, row, scale, fill) for shape in row.outputs]
    head = [*lines(humps(kind(row.layer)), 10.5, weight=600)]
    head += lines(hint(row.layer).split(" "), 9.5, fill=svg.FAINT, between=" ")
    if row.call.number:
        head.append(svg.words(f"第 {row.call.number} 次", size=9.5, fill=svg.FAINT))
    top = svg.below(head, 0, 0.5)
    middle = svg.below([block for block, _ in shapes], 6, 0.5)
    bars = [] if entry else costs(row, most)
    bottom = svg.below(bars, 2)
    width = max(top.width + 4, middle.width + 4, bottom.width + 4, shapes[0][0].width + 16)
    high = shapes[0][1]
    centre = PAD + top.height + 4 + high.height / 2
    left = (width - high.width) / 2
    height = 2 * PAD + top.height + middle.height + bottom.height + (10 if bars else 6)
    # Under the box, which hides what lies behind it.
    link = svg.path(f"M{width / 2:g} {centre:.1f}H{width:g}") if key in ends[1] else ""
    if key in ends[0]:
        link += svg.path(f"M0 {centre:.1f}H{left:.1f}m-4.5 -4l4 4l-4 4")
    hit = svg.rect(0, 0, width, height, stroke="none")
    inside = (
        svg.moved(top, (width - top.width) / 2, PAD)
        + svg.moved(middle, (width - middle.width) / 2, PAD + top.height + 4)
        + svg.moved(bottom, (width - bottom.width) / 2, PAD + top.height + middle.height + 8)
    )
    block = Block(f'<g class="box">{hit}{link}{inside}</g>', width, height)
    return Box(block, {key: centre})


def solid(shape: tuple, row: Row, scale: Scale, fill: str) -> tuple[Block, Block]:
    """The box of one output with its size below, and the box alone."""
    sizes = ordered(row, shape)
    sides = [
        Side(n, length(name, n, scale)) for name, n in zip(AXES[len(sizes)], sizes, strict=True)
    ]
    if len(sizes) < 2:
        drawn = cuboid(Side(1, BAR), sides[0] if sides else Side(1, BAR), Side(1, 10), fill)
    elif len(sizes) == 2:
        drawn = cuboid(sides[1], sides[0], Side(1, 10), fill)
    else:
        *several, high, wide, thick = sides
        drawn = cuboid(thick, high, wide, fill)
        # A volume, or an image for every step: as many planes as its depth is long.
        for _ in range(min(max(int(several[0].drawn // 8), 1), 2) if several else 0):
            drawn = behind(drawn, cuboid(thick, high, wide, fill))
    written = "×".join("?" if n is None else str(n) for n in shape[1:]) or "1"
    label = svg.below(lines(written.split("×"), 11, weight=600, between="×"), 0, 0.5)
    return svg.below([drawn, label], 3, 0.5), drawn


AXES = {
    0: (),
    1: ("长度",),
    2: ("步数", "通道"),
    3: ("高宽", "高宽", "通道"),
    4: ("深", "高宽", "高宽", "通道"),
}


def ordered(row: Row, shape: tuple) -> list[int | None]:
    """The axes without the batch, channels last; of more than four the last four."""
    sizes = list(shape[1:])
    inner = getattr(row.layer, "layer", row.layer)
    first = getattr(inner, "data_format", None) == "channels_first"
    if first and len(sizes) > 2:
        at = 1 if inner is not row.layer else 0
        sizes.append(sizes.pop(at))
    return sizes[-4:]


def longest(listed: Iterable[Row], share: float) -> Scale:
    """Of every kind of axis the longest in the model, and how long that is drawn."""
    found = dict.fromkeys(ROOM, 1)
    for row in listed:
        for shape in row.outputs:
            sizes = ordered(row, shape)
            for name, size in zip(AXES[len(sizes)], sizes, strict=True):
                found[name] = max(found[name], size or 1)
    return {name: (most, share * ROOM[name]) for name, most in found.items()}


def length(name: str, size: int | None, scale: Scale) -> float:
    most, room = scale[name]
    return UNKNOWN * room if size is None else max(LEAST, room * math.sqrt(size / most))


def cuboid(across: Side, high: Side, deep: Side, fill: str) -> Block:
    """A box seen from the left, in front and above; dashed where a length is unknown."""
    w, h = across.drawn, high.drawn
    dx, dy = deep.drawn * SLANT[0], deep.drawn * SLANT[1]
    dash = ' stroke-dasharray="3 2"' if None in (across.size, high.size, deep.size) else ""
    x, y = 1.0, 1 + dy
    faces = (
        (f"M{x:g} {y:.1f}h{w:.1f}v{h:.1f}h{-w:.1f}z", ""),
        (f"M{x:g} {y:.1f}l{dx:.1f} {-dy:.1f}h{w:.1f}l{-dx:.1f} {dy:.1f}z", "0.1"),
        (f"M{x + w:.1f} {y:.1f}l{dx:.1f} {-dy:.1f}v{h:.1f}l{-dx:.1f} {dy:.1f}z", "0.2"),
    )
    parts = []
    for d, shade in faces:
        parts.append(
            f'<path d="{d}" fill="{fill}" stroke="{svg.FAINT}" stroke-linejoin="round"{dash}/>'
        )
        if shade:
            parts.append(f'<path d="{d}" fill="#1d2b30" fill-opacity="{shade}"/>')
    return Block("".join(parts), w + dx + 2, h + dy + 2)


def behind(front: Block, back: Block) -> Block:
    """The same once more, to the right and above, as the next of several."""
    dx, dy = 7.0, 5.0
    svgs = svg.moved(back, front.width - back.width + dx, 0) + svg.moved(front, 0, dy)
    return Block(svgs, front.width + dx, front.height + dy)


# --- texts and bars ---


def humps(name: str) -> list[str]:
    """Where a name may be cut: before each word in it."""
    parts, start = [], 0
    for i in range(1, len(name)):
        if name[i].isupper() and name[i - 1].islower() or name[i - 1] in "(_":
            parts.append(name[start:i])
            start = i
    return [*parts, name[start:]]


def lines(pieces: list[str], size: float, *, weight=400, fill=svg.INK, between="") -> list[Block]:
    """The pieces in lines of at most COLUMN, cut only between them where that is possible."""
    found, line = [], ""
    for piece in pieces:
        joined = f"{line}{between}{piece}" if line else piece
        if line and svg.width_of(joined, size, True) > COLUMN:
            found.append(line + (between if between == "×" else ""))
            joined = piece
        line = joined
    found = [part for text in [*found, line] for part in svg.folded(text, 1.4 * COLUMN, size, True)]
    return [svg.words(t, size=size, mono=True, weight=weight, fill=fill) for t in found]


def most_of(listed: list[Row]) -> tuple[int, int]:
    """The most parameters and the most products of one layer."""
    products = [row.multiplications or 0 for row in listed]
    return max((r.parameters for r in listed), default=0), max(products, default=0)


def costs(row: Row, most: tuple[int, int]) -> list[Block]:
    """Two bars with their numbers; nothing for a layer that has neither."""
    if not row.parameters and row.multiplications == 0 and not row.layer.weights:
        return []
    shared = row.call.number > 1 and bool(row.layer.weights)
    weights = "共用" if shared else briefly(row.parameters)
    products = row.multiplications
    return [
        bar("参数", weights, row.parameters, most[0], WEIGHTS, COLUMN),
        bar("乘加", briefly(products), products or 0, most[1], PRODUCTS, COLUMN),
    ]


def colour(name: str) -> str:
    number = list(FAMILIES).index(name)
    return f"var(--diagram-group-{number}, {GROUPS[number]})"


def legend(listed: list[Row], most: tuple[int, int], room: float) -> Block:
    """What the colours, the lengths and the bars mean."""
    own = {family(row.layer) for row in listed if not isinstance(row.layer, InputLayer)}
    swatches = [("输入", svg.PAPER)]
    swatches += [(name, colour(name)) for name in FAMILIES if name in own]
    keys = [
        svg.beside(
            [
                Block(svg.rect(0.5, 0.5, 11, 11, fill=fill, radius=2), 12, 12),
                svg.words(name, size=11, anchor="start"),
            ],
            4,
        )
        for name, fill in swatches
    ]
    said = [
        "方块的边长与大小的平方根成正比：高宽、通道、步数、向量的长度各有一个比例。",
        f"横条与各层的数成正比：参数最多 {briefly(most[0])}，"
        f"每个样本的乘加最多 {briefly(most[1])}。",
    ]
    if any(None in shape[1:] for row in listed for shape in row.outputs):
        said.append("? 与虚线：长度未定（None）。")
    text = [line for one in said for line in svg.folded(one, room, 11)]
    notes = [svg.words(line, size=11, anchor="start", fill=svg.FAINT) for line in text]
    return svg.below([svg.flow(keys, int(room), 12), *notes], 4)
