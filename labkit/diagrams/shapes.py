"""The shape diagram: inputs, the layer with its settings and weights, outputs."""

from __future__ import annotations

import json
import math
import re

from ..arguments.signatures import parameters
from ..engine.base_layer import Layer
from ..layers import Embedding, TimeDistributed
from ..layers.convolutional_recurrent import ConvRNN2D
from ..utils.generic_utils import signature_of
from . import svg
from .copies import sketch, undisturbed
from .svg import Block

TENSOR, GAP, LINE = 78, 16, 17
LAYER = svg.WIDTH - 2 * TENSOR - 2 * GAP
MANY = 8  # tensors of one side; of more the first and the last are drawn

AXES = {
    1: ["特征 features"],
    2: ["时间 time", "特征 features"],
    3: ["行 rows", "列 cols", "通道 channels"],
    4: ["深 depth", "行 rows", "列 cols", "通道 channels"],
}


def shape_diagram(layer, input_shape) -> str:
    """层的形状图：输入、层（参数、权重、参数量）、输出。

    input_shape 含批次轴，例如 (None, 28, 28, 1)；多个输入时是形状的列表。
    返回 SVG 文本，不改动 layer。多大的形状都立刻画出：权重只有形状，不占内存。
    出错：层不接受这个形状时，抛出它自己的错误。
    """
    return diagram_of(*sketch(layer, input_shape))


def diagram_of(layer: Layer, inputs: list[tuple], outputs: list[tuple]) -> str:
    """The diagram of a built layer; the shapes have the batch axis."""
    weights = weight_shapes(layer)
    left = tensor_column("输入", inputs, input_axes(layer, inputs, outputs))
    right = tensor_column("输出", outputs, [axes(layer, shape) for shape in outputs])
    middle = layer_box(layer, LAYER)
    pointer = Block(svg.arrow(2, 6, GAP - 4), GAP, 12)
    names = "，".join(f"{name} {shape}" for name, shape in weights)
    description = (
        f"输入 {'、'.join(map(str, inputs))}；输出 {'、'.join(map(str, outputs))}；"
        f"{'权重 ' + names + '，' if weights else ''}{count(layer)}。"
    )
    return svg.document(
        "shape-diagram",
        f"{type(layer).__name__} 层的形状图",
        description,
        svg.beside([left, pointer, middle, pointer, right], gap=0),
    )


def axes(layer, shape) -> list[str]:
    """Names of a tensor's axes, batch first; more than four others can only be numbered."""
    rank = len(shape) - 1
    inner = [layer]
    while held := inner_layers(inner[-1]):
        inner.append(held[0])
    timed = any(isinstance(part, TimeDistributed | ConvRNN2D) for part in inner)
    first = any(getattr(part, "data_format", None) == "channels_first" for part in inner)
    time = ["时间 time"] if timed and rank > 3 else []
    rest = rank - len(time)
    names = AXES.get(rest, [f"轴 {i}" for i in range(1, rank + 1)])
    if rest > 2 and first:
        names = names[-1:] + names[:-1]
    return ["批次 batch", *time, *names]


def input_axes(layer, inputs, outputs) -> list[list[str]]:
    if isinstance(layer, Embedding):  # adds an axis: its input has all of the output's but the last
        return [axes(layer, outputs[0])[:-1]]
    return [axes(layer, shape) for shape in inputs]


def weight_shapes(layer: Layer) -> list[tuple[str, tuple]]:
    """Names without the layer's own; where two would be the same, with the inner layer's."""
    full = ["/".join(w.name.split(":")[0].split("/")[-2:]) for w in layer.weights]
    short = [name.split("/")[-1] for name in full]
    plain = [re.sub(r"_\d+/", "/", name) for name in full]  # forward_lstm_1/kernel
    names = next((n for n in (short, plain) if len(set(n)) == len(n)), full)
    return [(name, tuple(w.shape)) for name, w in zip(names, layer.weights, strict=True)]


def count(layer: Layer) -> str:
    if not layer.weights:
        return "没有权重"
    frozen = sum(math.prod(w.shape) for w in layer.non_trainable_weights)
    return f"共 {layer.count_params():,} 个参数" + (f"，{frozen:,} 个不训练" if frozen else "")


def tensor_column(caption: str, shapes: list[tuple], names: list[list[str]]) -> Block:
    """One tile an axis, in the order of the axes."""
    columns = []
    for number, (shape, axis_names) in enumerate(zip(shapes, names, strict=True), start=1):
        label = caption if len(shapes) == 1 else f"{caption} {number}"
        tiles = [tile(size, name) for size, name in zip(shape, axis_names, strict=True)]
        heading = svg.words(label, fill=svg.FAINT)
        columns.append(svg.below([heading, *tiles], gap=3, align=0.5))
    if len(columns) > MANY:
        columns = [*columns[: MANY - 1], svg.words(f"… 共 {len(shapes)} 个"), columns[-1]]
    return svg.below(columns, gap=8, align=0.5)


def tile(size, name: str) -> Block:
    """An axis: its length over its name; dashed where the length is not known."""
    large = 14 if svg.width_of(size, 14, True) <= TENSOR - 6 else 10
    lines = [
        svg.text(TENSOR / 2, 16, size, size=large, mono=True, weight=600),
        svg.text(TENSOR / 2, 30, name, size=10, fill=svg.FAINT),
    ]
    fill, dashed = (svg.DATA, False) if size is not None else (svg.BATCH, True)
    frame = svg.rect(0.5, 0.5, TENSOR - 1, 35, fill=fill, dashed=dashed)
    return Block(f'<g class="box">{frame}{"".join(lines)}</g>', TENSOR, 36)


def layer_box(layer: Layer, width: float) -> Block:
    """Type, settings, weights and their number; an inner layer is a box in the box."""
    room = width - 16
    parts = [heading(type(layer).__name__, room)]
    for name, value in settings(layer).items():
        parts.append(svg.paragraph(f"{name}={value}", room, size=10, mono=True, fill=svg.FAINT))
    parts += [layer_box(inner, room) for inner in inner_layers(layer)]
    if not inner_layers(layer):
        for name, shape in weight_shapes(layer):
            label = svg.paragraph(f"{name} {shape}", room - 12, size=10, mono=True)
            if label.height > LINE:  # name and shape on a line each
                lines = [
                    svg.paragraph(str(p), room - 12, size=10, mono=True) for p in (name, shape)
                ]
                label = svg.below(lines, gap=1, align=0.5)
            parts.append(svg.boxed(label, pad=5, fill=svg.WEIGHT, stroke="none", least=room))
    parts.append(svg.paragraph(count(layer), room, size=11))
    return svg.boxed(svg.below(parts, gap=4, align=0.5), pad=8, radius=8, least=width)


def heading(name: str, room: float) -> Block:
    """The name on one line, as large as fits; a very long one on several."""
    for size in (14, 13, 12, 11):
        if svg.width_of(name, size, mono=True) <= room:
            return svg.words(name, size=size, mono=True, weight=600)
    return svg.paragraph(name, room, size=12, mono=True)


def inner_layers(layer: Layer) -> list[Layer]:
    """The layers that a wrapper holds: one, or the two directions."""
    both = [getattr(layer, "forward_layer", None), getattr(layer, "backward_layer", None)]
    found = both if both[0] is not None else [getattr(layer, "layer", None)]
    if found == [None]:
        cell = getattr(layer, "cell", None)
        own = "cell" in parameters(type(layer))
        found = list(getattr(cell, "cells", [cell])) if own else []
    return [part for part in found if isinstance(part, Layer)]


def settings(layer: Layer) -> dict[str, str]:
    """The arguments that matter: those without a default, and those that differ from it."""
    own = signature_of(type(layer).__init__).parameters.values()
    config = layer.get_config()
    required = {p.name for p in own if p.name in config and p.default is p.empty}
    usual = {p.name: p.default for p in own if p.default is not p.empty}
    with undisturbed():
        try:
            needed = {name: config[name] for name in required}
            usual |= type(layer).from_config(needed).get_config()
        except (TypeError, ValueError, KeyError):
            pass  # a reader's own class or function, known to it alone: the signature will do
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
        for name, value in config.items()
        if name in parameters(type(layer))
        and name != "name"
        and (name in required or value != usual.get(name))
        and isinstance(value, int | float | str | tuple)
    }
