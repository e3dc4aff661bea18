"""Dense, Conv1D and LocallyConnected1D side by side: who is connected, who shares a weight."""

from __future__ import annotations

from functools import cache

import numpy as np

from ..layers import Conv1D, Dense, LocallyConnected1D
from . import svg
from .cell_pictures import GROUPS
from .copies import undisturbed
from .dependencies import Dependencies, dependencies
from .svg import Block

COMPARED = (Dense, Conv1D, LocallyConnected1D)
LENGTH, WINDOW = 6, 3
STEP, RISE, CELL = 52, 56, 28
# Strong colours for lines, each with a dash pattern of its own.
LINES = "#135e8c #b4532a #2c7a4b #7a4b9c #8a6d00 #5b6670 #a8326b #1f8a8a".split()
DASHES = ["", "6 3", "2 3", "8 3 2 3", "12 3", "4 2", "1 2", "10 2 2 2 2 2"]


@cache
def connectivity_view(length: int = LENGTH, window: int = WINDOW) -> str:
    """连接图：同样长的输入，三种层各自连了哪些线；同一个权重的线颜色与线型相同。

    length：输入的长度（3–8）；window：窗口的大小，不超过 length。返回 SVG 文本。
    """
    outputs = length - window + 1
    with undisturbed():
        kinds = [
            ("全连接 Dense：每条线一个权重", Dense(outputs, use_bias=False), (None, length)),
            (
                "卷积 Conv1D：窗口滑动，权重共用",
                Conv1D(1, window, use_bias=False),
                (None, length, 1),
            ),
            (
                "局部连接 LocallyConnected1D：窗口滑动，权重不共用",
                LocallyConnected1D(1, window, use_bias=False),
                (None, length, 1),
            ),
        ]
    rows, sentences = [], []
    for title, layer, shape in kinds:
        about = dependencies(layer, shape)
        assert about.products is not None, "all three multiply and add"
        rows.append(bipartite(title, about, about.products))
        shared = len(np.unique(about.products[about.products >= 0]))
        sentences.append(f"{title}：{int(about.links.sum())} 条线，{shared} 个权重")
    return svg.document(
        "connectivity-view",
        "三种层的连接方式",
        "；".join(sentences) + "。",
        svg.below(rows, gap=14),
    )


def bipartite(title: str, about: Dependencies, products: np.ndarray) -> Block:
    """Inputs above, outputs below, a line for every link."""
    outputs, inputs = about.links.shape
    shift = (inputs - outputs) / 2

    def x(i: float) -> float:
        return (i + 0.5) * STEP

    lines, used = [], sorted(set(products[products >= 0].tolist()))
    for o, i in np.argwhere(about.links):
        number = used.index(products[o, i])
        colour = LINES[number % len(LINES)]
        line = svg.path(
            f"M{x(i):g} {CELL}L{x(o + shift):g} {RISE + CELL}",
            stroke=f"var(--diagram-line-{number % len(LINES)}, {colour})",
        )
        dash = DASHES[number % len(DASHES)]
        line = line.replace("/>", f' stroke-dasharray="{dash}"/>') if dash else line
        lines.append(line.replace("<path ", f'<path data-link="{i}-{o}" data-weight="{number}" '))
    tops = [unit(x(i), 0, f"x{i}", svg.DATA) for i in range(inputs)]
    bottoms = [
        unit(x(o + shift), RISE + CELL, f"y{o}", f"var(--diagram-group-{g % 8}, {GROUPS[g % 8]})")
        for o, g in enumerate(about.groups.tolist())
    ]
    picture = Block("".join([*lines, *tops, *bottoms]), inputs * STEP, RISE + 2 * CELL)
    heading = svg.words(title, size=12, weight=600)
    counted = svg.words(
        f"{int(about.links.sum())} 条线，{len(used)} 个权重", size=11, fill=svg.FAINT
    )
    return svg.below([heading, picture, counted], gap=4, align=0.5)


def unit(x: float, y: float, label: str, fill: str) -> str:
    frame = svg.rect(x - CELL / 2, y + 1, CELL, CELL - 2, fill=fill, radius=5)
    return f'<g class="box">{frame}{svg.text(x, y + 18, label, size=11, mono=True)}</g>'
