"""画出模型的结构：SVG 图，PNG 等别的图，与 DOT 语言的文本。"""

from __future__ import annotations

import os
import warnings
from typing import Any

from ..diagrams.layout import ranks
from ..diagrams.models import model_diagram
from ..diagrams.svg import standalone
from ..engine.graph import producer


class Picture:
    """一幅模型图：svg 是 SVG 文本，to_string() 是 DOT 语言，在笔记本里直接显示。"""

    def __init__(self, svg: str, dot: str):
        self.svg, self.dot = svg, dot

    def to_string(self) -> str:
        """DOT 语言的文本，Graphviz 能读。"""
        return self.dot

    def _repr_svg_(self) -> str:
        return standalone(self.svg)

    def write(self, path) -> None:
        """写进 .svg 文件，扩展名是 .dot 时写 DOT 文本。"""
        text = self.dot if str(path).endswith(".dot") else standalone(self.svg)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def model_to_dot(
    model,
    show_shapes=False,
    show_layer_names=True,
    rankdir="TB",
    expand_nested=False,
    dpi=96,
    subgraph=False,
) -> Picture:
    """模型的图，每层一个框，箭头是数据的方向。

    show_shapes 写出输入与输出的形状；rankdir 是 "TB"（从上到下）或 "LR"（从左到右）；
    expand_nested 把模型里的模型展开。dpi 与 subgraph 不起作用：SVG 没有分辨率。
    出错：模型还没有建好抛出 ValueError。
    """
    svg = model_diagram(model, show_shapes, show_layer_names, rankdir, expand_nested)
    boxes, edges = collect(model, show_shapes, show_layer_names, expand_nested)
    return Picture(svg, to_dot(boxes, edges, rankdir))


def plot_model(
    model,
    to_file="model.png",
    show_shapes=False,
    show_layer_names=True,
    rankdir="TB",
    expand_nested=False,
    dpi=96,
) -> Picture:
    """把模型的图写进文件 to_file，返回的图在笔记本里直接显示。

    扩展名是 .svg 时写 SVG，.dot 时写 DOT 语言；.png、.pdf 等由 matplotlib 画，没有扩展名时是
    PNG。没有 matplotlib，或它不会这种格式，就写成同名的 .svg 并提示。
    """
    picture = model_to_dot(model, show_shapes, show_layer_names, rankdir, expand_nested, dpi)
    root, extension = os.path.splitext(str(to_file))
    if extension in {".svg", ".dot"}:
        picture.write(to_file)
    elif not raster(
        to_file,
        extension[1:] or "png",
        *collect(model, show_shapes, show_layer_names, expand_nested, titles=("input", "output")),
        rankdir == "TB",
        dpi,
    ):
        warnings.warn(
            f"图写成了 SVG：{root}.svg（要画 {extension or '.png'}，请安装 matplotlib；"
            "它会的格式有 .png、.jpg、.pdf 等）。",
            stacklevel=2,
        )
        picture.write(root + ".svg")
    return picture


def raster(path, kind: str, boxes: dict, edges: list, down: bool, dpi: int) -> bool:
    """Draw boxes and arrows with matplotlib; False where it is missing or cannot."""
    try:
        from matplotlib.figure import Figure  # optional: labkit itself needs only NumPy
        from matplotlib.patches import FancyArrowPatch, Rectangle
    except ImportError:
        return False
    figure = Figure(dpi=dpi)
    if kind not in figure.canvas.get_supported_filetypes():
        return False
    # In inches; a letter of the font below is about 0.09 wide.
    size = {k: (0.3 + 0.09 * max(map(len, b)), 0.15 + 0.18 * len(b)) for k, b in boxes.items()}
    row_of = ranks(boxes, [(a, b, 1) for a, b in edges])
    rows: dict[int, list[str]] = {}
    for key, row in row_of.items():
        rows.setdefault(row, []).append(key)
    across, along = (0, 1) if down else (1, 0)
    whole = max(sum(size[k][across] + 0.3 for k in row) for row in rows.values())
    place, at = {}, 0.0
    for _, row in sorted(rows.items()):
        aside = (whole - sum(size[k][across] + 0.3 for k in row)) / 2
        for key in row:
            middle = aside + size[key][across] / 2 + 0.15
            place[key] = (middle, at) if down else (at, middle)
            aside += size[key][across] + 0.3
        at += max(size[k][along] for k in row) + 0.45
    figure.set_size_inches((whole, at) if down else (at, whole))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, whole if down else at), ylim=(at if down else whole, 0))
    corner: dict[str, tuple[float, float]] = {}
    for key, (x, y) in place.items():
        width, height = size[key]
        corner[key] = (x - width / 2, y + 0.1) if down else (x + 0.1, y - height / 2)
        left, top = corner[key]
        axes.add_patch(
            Rectangle((left, top), width, height, facecolor="white", edgecolor="black", zorder=2)
        )
        style: dict[str, Any] = {"family": "monospace", "size": 10, "ha": "center", "va": "center"}
        style["zorder"] = 3
        axes.text(left + width / 2, top + height / 2, "\n".join(boxes[key]), **style)
    for source, target in edges:
        (left, top), (width, height) = corner[source], size[source]
        start = (left + width / 2, top + height) if down else (left + width, top + height / 2)
        (left, top), (width, height) = corner[target], size[target]
        end = (left + width / 2, top) if down else (left, top + height / 2)
        # Past the boxes of the rows between, and behind those that are still in the way.
        out = -0.3 if start[across] >= end[across] else 0.3
        bend = 0.0 if row_of[target] - row_of[source] < 2 else out * (1 if down else -1)
        axes.add_patch(
            FancyArrowPatch(
                start,
                end,
                connectionstyle=f"arc3,rad={bend}",
                arrowstyle="->",
                mutation_scale=12,
                shrinkA=0,
                shrinkB=0,
                zorder=1,
            )
        )
    figure.savefig(path, format=kind, dpi=dpi)
    return True


def collect(
    model,
    show_shapes: bool,
    show_names: bool,
    expand: bool,
    prefix: str = "",
    titles: tuple[str, str] = ("输入", "输出"),
):
    """{key: lines of the box} and (source, target) pairs, sources first."""
    boxes: dict[str, list[str]] = {}
    edges: list[tuple[str, str]] = []
    ends: dict[str, str] = {}
    for layer in model.layers:
        key = prefix + layer.name
        if expand and hasattr(layer, "_nodes"):
            inner, links = collect(layer, show_shapes, show_names, expand, f"{key}/", titles)
            boxes |= inner
            edges += links
            ends[key] = f"{key}/{maker(layer.outputs[0])}"
            continue
        name = type(layer).__name__
        lines = [f"{layer.name}: {name}" if show_names else name]
        if show_shapes and layer._inbound_nodes:
            node = layer._inbound_nodes[0]
            given = (node.input_shapes, node.output_shapes)
            lines += [f"{title} {shapes(s)}" for title, s in zip(titles, given, strict=True)]
        boxes[key] = lines
    kept = set(map(id, model._nodes))
    for layer in model.layers:
        for node in layer._inbound_nodes:
            if id(node) not in kept:
                continue
            key = prefix + layer.name
            target = key
            if expand and hasattr(layer, "_nodes"):
                target = f"{key}/{maker(layer.inputs[0])}"
                if target not in boxes:  # a Sequential does not list its input
                    target = f"{key}/{layer.layers[0].name}"
            for source in node.inbound_layers:
                before = prefix + source.name
                pair: tuple[str, str] = (ends.get(before) or before, target)
                if pair not in edges and pair[0] in boxes:
                    edges.append(pair)
    return boxes, edges


def maker(symbol) -> str:
    """The name of the layer that a symbol comes from."""
    node = producer(symbol)
    return node.outbound_layer.name if node is not None else ""


def shapes(values: list) -> str:
    return ", ".join(str(tuple(value)) for value in values) or "—"


def to_dot(boxes, edges, rankdir: str) -> str:
    def quoted(value: Any) -> str:
        return '"' + str(value).replace('"', '\\"') + '"'

    lines = [f"  {quoted(key)} [label={quoted(chr(10).join(box))}];" for key, box in boxes.items()]
    lines += [f"  {quoted(a)} -> {quoted(b)};" for a, b in edges]
    return "\n".join(["digraph {", f"  rankdir={rankdir};", "  node [shape=box];", *lines, "}"])
