"""画出模型的结构：SVG 图，与 DOT 语言的文本。"""

from __future__ import annotations

import os
import warnings
from typing import Any

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


def to_dot(boxes, edges, rankdir: str) -> str:
    def quoted(value: Any) -> str:
        return '"' + str(value).replace('"', '\\"') + '"'

    lines = [f"  {quoted(key)} [label={quoted(chr(10).join(box))}];" for key, box in boxes.items()]
    lines += [f"  {quoted(a)} -> {quoted(b)};" for a, b in edges]
    return "\n".join(["digraph {", f"  rankdir={rankdir};", "  node [shape=box];", *lines, "}"])
