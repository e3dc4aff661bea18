"""Pictures of layers as SVG text, drawn from the layers themselves.

Colours are CSS variables, so that a page can follow light and dark; the fallbacks serve notebooks.
"""

import inspect
import json
import math
from xml.sax.saxutils import escape

from labkit.layers import Embedding, Input

WIDTH, TENSOR, GAP, AXIS, LINE = 360, 78, 16, 38, 17
LAYER = WIDTH - 2 * TENSOR - 2 * GAP
INK, FAINT = "var(--diagram-ink, #1d2b30)", "var(--diagram-faint, #5b6b70)"
EDGE, PAPER = "var(--diagram-edge, #8fa7ab)", "var(--diagram-paper, #ffffff)"
DATA, BATCH = "var(--diagram-data, #dcecf7)", "var(--diagram-batch, #eef1f2)"
WEIGHT = "var(--diagram-weight, #fdebd0)"
SANS = 'font-family="system-ui, sans-serif"'
MONO = 'font-family="ui-monospace, Consolas, monospace"'

AXES = {
    1: ["特征 features"],
    2: ["时间 time", "特征 features"],
    3: ["行 rows", "列 cols", "通道 channels"],
    4: ["深 depth", "行 rows", "列 cols", "通道 channels"],
}


def shape_diagram(layer, input_shape):
    """层的形状图：输入、层（参数、权重、参数量）、输出。

    input_shape 含批次轴，例如 (None, 28, 28, 1)；多个输入时是形状的列表。
    返回 SVG 文本，不改动 layer。
    """
    several = isinstance(input_shape, list)
    inputs = [tuple(shape) for shape in (input_shape if several else [input_shape])]
    # A copy is built, so that drawing leaves neither weights nor graph nodes on the reader's layer.
    layer = type(layer).from_config(layer.get_config())
    tensors = [Input(batch_shape=shape) for shape in inputs]
    result = layer(tensors if several else tensors[0])
    outputs = [y.shape for y in (result if isinstance(result, list) else [result])]
    weights = [(w.name.split("/")[-1].split(":")[0], w.shape) for w in layer.weights]
    count = f"共 {layer.count_params():,} 个参数" if weights else "没有权重"
    if frozen := sum(math.prod(w.shape) for w in layer.non_trainable_weights):
        count += f"，{frozen:,} 个不训练"

    left, left_height = tensor_column("输入", inputs, input_axes(layer, inputs, outputs))
    right, right_height = tensor_column("输出", outputs, [axes(layer, shape) for shape in outputs])
    middle, middle_height = layer_box(layer, weights, count)
    height = max(left_height, right_height, middle_height)

    def centred(drawing, x, own_height):
        return f'<g transform="translate({x} {(height - own_height) / 2:g})">{drawing}</g>'

    names = "，".join(f"{name} {shape}" for name, shape in weights)
    description = (
        f"输入 {'、'.join(map(str, inputs))}；输出 {'、'.join(map(str, outputs))}；"
        f"{'权重 ' + names + '，' if weights else ''}{count}。"
    )
    return (
        f'<svg class="shape-diagram" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}">'
        f"<title>{type(layer).__name__} 层的形状图</title><desc>{escape(description)}</desc>"
        + centred(left, 0, left_height)
        + arrow(TENSOR, height / 2)
        + centred(middle, TENSOR + GAP, middle_height)
        + arrow(TENSOR + GAP + LAYER, height / 2)
        + centred(right, WIDTH - TENSOR, right_height)
        + "</svg>"
    )


def axes(layer, shape):
    """Names of a tensor's axes, batch first; more than four others can only be numbered."""
    rank = len(shape) - 1
    names = AXES.get(rank, [f"轴 {i}" for i in range(1, rank + 1)])
    if rank > 2 and getattr(layer, "data_format", None) == "channels_first":
        names = names[-1:] + names[:-1]
    return ["批次 batch", *names]


def input_axes(layer, inputs, outputs):
    if isinstance(layer, Embedding):  # adds an axis: its input has all of the output's but the last
        return [axes(layer, outputs[0])[:-1]]
    return [axes(layer, shape) for shape in inputs]


def tensor_column(caption, shapes, names):
    """One tile an axis, in the order of the axes; returns the drawing and its height."""
    parts, y = [], 0
    for number, (shape, axis_names) in enumerate(zip(shapes, names, strict=True), start=1):
        label = caption if len(shapes) == 1 else f"{caption} {number}"
        parts.append(text(TENSOR / 2, y + 12, label, SANS, size=12, fill=FAINT))
        y += LINE
        for name, size in zip(axis_names, shape, strict=True):
            fill, dash = (DATA, "") if size is not None else (BATCH, ' stroke-dasharray="3 2"')
            parts.append(
                f'<rect x="0.5" y="{y + 0.5}" width="{TENSOR - 1}" height="{AXIS - 3}" rx="4" '
                f'fill="{fill}" stroke="{EDGE}"{dash}/>'
            )
            parts.append(text(TENSOR / 2, y + 16, size, MONO, size=14, weight=600))
            parts.append(text(TENSOR / 2, y + 30, name, SANS, size=10.5, fill=FAINT))
            y += AXIS
        y += 8
    return "".join(parts), y - 8


def layer_box(layer, weights, count):
    lines = [text(LAYER / 2, 21, type(layer).__name__, MONO, size=14, weight=600)]
    y = 32
    for name, value in settings(layer).items():
        for row in rows(f"{name}=", value):
            lines.append(text(LAYER / 2, y + 9, row, MONO, size=10.5, fill=FAINT))
            y += LINE - 2
    y += 4
    for name, shape in weights:
        parts = rows(f"{name} ", str(shape))
        height = LINE * len(parts) + 3
        lines.append(
            f'<rect x="6" y="{y}" width="{LAYER - 12}" height="{height}" rx="4" fill="{WEIGHT}"/>'
        )
        for row in parts:
            lines.append(text(LAYER / 2, y + 14, row, MONO, size=10.5))
            y += LINE
        y += 7
    lines.append(text(LAYER / 2, y + 13, count, SANS, size=12))
    y += 24
    box = (
        f'<rect x="0.5" y="0.5" width="{LAYER - 1}" height="{y - 1}" rx="8" '
        f'fill="{PAPER}" stroke="{EDGE}"/>'
    )
    return box + "".join(lines), y


def rows(name, value):
    """One row where both fit into the box, else two."""
    return [name + value] if len(name + value) <= 25 else [name.strip(), value]


def settings(layer):
    """The arguments that matter: those without a default, and those that differ from it."""
    parameters = inspect.signature(type(layer).__init__).parameters.values()
    config = layer.get_config()
    required = {
        p.name: config[p.name] for p in parameters if p.name in config and p.default is p.empty
    }
    usual = type(layer)(**required).get_config()
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
        for name, value in config.items()
        if name != "name"
        and (name in required or value != usual[name])
        and isinstance(value, int | float | str | tuple)
    }


def text(x, y, content, font, size, weight=400, fill=INK):
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="middle" {font} font-size="{size}" '
        f'font-weight="{weight}" fill="{fill}">{escape(str(content))}</text>'
    )


def arrow(x, y):
    line = f"M{x + 2} {y:g}h{GAP - 5}m-4 -4l4 4l-4 4"
    return f'<path d="{line}" fill="none" stroke="{EDGE}" stroke-width="1.5"/>'
