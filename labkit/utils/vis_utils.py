"""画出模型的结构：SVG 图，与 DOT 语言的文本。"""

from __future__ import annotations

import os
import warnings
from html import escape
from typing import Any

from ..errors import explain
from ..graph import producer

LINE, PADDING, GAP = 18, 10, 36


class Picture:
    """一幅模型图：svg 是 SVG 文本，to_string() 是 DOT 语言，在笔记本里直接显示。"""

    def __init__(self, svg: str, dot: str):
        self.svg, self.dot = svg, dot

    def to_string(self) -> str:
        """DOT 语言的文本，Graphviz 能读。"""
        return self.dot

    def _repr_svg_(self) -> str:
        return self.svg

    def write(self, path) -> None:
        """写进 .svg 文件，扩展名是 .dot 时写 DOT 文本。"""
        text = self.dot if str(path).endswith(".dot") else self.svg
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
    if not getattr(model, "built", False) or not hasattr(model, "_nodes"):
        raise ValueError(
            explain(
                "plot_model",
                f"还没有建好的 {type(model).__name__}",
                "形状与连接在知道输入形状之后才有",
                "先给出 input_shape，或 model.build((None, …))",
            )
        )
    if rankdir not in {"TB", "LR"}:
        raise ValueError(
            explain("plot_model", f"rankdir={rankdir!r}", "rankdir 是 'TB' 或 'LR'", "'TB'")
        )
    boxes, edges = collect(model, show_shapes, show_layer_names, expand_nested)
    return Picture(draw(model.name, boxes, edges, rankdir), to_dot(boxes, edges, rankdir))


def plot_model(
    model,
    to_file="model.png",
    show_shapes=False,
    show_layer_names=True,
    rankdir="TB",
    expand_nested=False,
    dpi=96,
) -> Picture:
    """把模型的图写成 SVG 文件；要的是别的格式（如 .png）时，写成同名的 .svg 并提示。"""
    picture = model_to_dot(model, show_shapes, show_layer_names, rankdir, expand_nested, dpi)
    root, extension = os.path.splitext(str(to_file))
    if extension not in {".svg", ".dot"}:
        warnings.warn(
            f"图写成了 SVG：{root}.svg（labkit 不画 {extension or '位图'}）。", stacklevel=2
        )
        to_file = root + ".svg"
    picture.write(to_file)
    return picture


def collect(model, show_shapes: bool, show_names: bool, expand: bool, prefix: str = ""):
    """{key: lines of the box} and (source, target) pairs, sources first."""
    boxes: dict[str, list[str]] = {}
    edges: list[tuple[str, str]] = []
    ends: dict[str, str] = {}
    for layer in model.layers:
        key = prefix + layer.name
        if expand and hasattr(layer, "_nodes"):
            inner, links = collect(layer, show_shapes, show_names, expand, f"{key}/")
            boxes |= inner
            edges += links
            ends[key] = f"{key}/{maker(layer.outputs[0])}"
            continue
        name = type(layer).__name__
        lines = [f"{layer.name}: {name}" if show_names else name]
        if show_shapes and layer._inbound_nodes:
            node = layer._inbound_nodes[0]
            lines += [f"输入 {shapes(node.input_shapes)}", f"输出 {shapes(node.output_shapes)}"]
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
    return "、".join(str(tuple(value)) for value in values) or "—"


def ranks(boxes, edges) -> dict[str, int]:
    """How far each box is from the inputs: one more than the farthest of its sources."""
    rank = dict.fromkeys(boxes, 0)
    for _ in boxes:
        moved = False
        for source, target in edges:
            if rank[target] < rank[source] + 1:
                rank[target], moved = rank[source] + 1, True
        if not moved:
            break
    return rank


def text_width(line: str) -> int:
    return sum(14 if ord(letter) > 0x2E7F else 8 for letter in line)


def draw(title: str, boxes, edges, rankdir: str) -> str:
    """Boxes in rows by their rank, lines between them; colours follow the page's."""
    rank = ranks(boxes, edges)
    rows: dict[int, list[str]] = {}
    for key in boxes:
        rows.setdefault(rank[key], []).append(key)
    width = {k: max(map(text_width, lines)) + 2 * PADDING for k, lines in boxes.items()}
    height = {k: LINE * len(lines) + 2 * PADDING for k, lines in boxes.items()}
    down = rankdir == "TB"
    along, across = (height, width) if down else (width, height)
    spread = {r: sum(across[k] + GAP for k in keys) - GAP for r, keys in rows.items()}
    total, at, place = max(spread.values()), GAP // 2, {}
    for r in sorted(rows):
        side = (total - spread[r]) / 2 + GAP // 2
        for key in rows[r]:
            place[key] = (side, at) if down else (at, side)
            side += across[key] + GAP
        at += max(along[k] for k in rows[r]) + GAP
    size = (total + GAP, at - GAP // 2) if down else (at - GAP // 2, total + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]:g} {size[1]:g}" '
        f'width="{size[0]:g}" role="img" font-family="sans-serif" font-size="14" '
        f'color="currentColor"><title>{escape(title)} 的结构</title>'
        f"<desc>{escape('；'.join(f'{a} 到 {b}' for a, b in edges))}</desc>",
        '<defs><marker id="arrow" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="currentColor"/></marker></defs>',
    ]
    for source, target in edges:
        (x, y), (u, v) = place[source], place[target]
        if down:
            ends = (x + width[source] / 2, y + height[source], u + width[target] / 2, v)
        else:
            ends = (x + width[source], y + height[source] / 2, u, v + height[target] / 2)
        points = "x1='{:g}' y1='{:g}' x2='{:g}' y2='{:g}'".format(*ends)
        parts.append(f"<line {points} stroke='currentColor' marker-end='url(#arrow)'/>")
    for key, lines in boxes.items():
        x, y = place[key]
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width[key]}" height="{height[key]}" rx="4" '
            'fill="none" stroke="currentColor"/>'
        )
        for number, line in enumerate(lines, 1):
            middle = x + width[key] / 2
            parts.append(
                f'<text x="{middle:g}" y="{y + PADDING + number * LINE - 5:g}" '
                f'text-anchor="middle" fill="currentColor">{escape(line)}</text>'
            )
    return "\n".join([*parts, "</svg>"]) + "\n"


def to_dot(boxes, edges, rankdir: str) -> str:
    def quoted(value: Any) -> str:
        return '"' + str(value).replace('"', '\\"') + '"'

    lines = [f"  {quoted(key)} [label={quoted(chr(10).join(box))}];" for key, box in boxes.items()]
    lines += [f"  {quoted(a)} -> {quoted(b)};" for a, b in edges]
    return "\n".join(["digraph {", f"  rankdir={rankdir};", "  node [shape=box];", *lines, "}"])
