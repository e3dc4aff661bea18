"""看数据 for layers over images: the picture, the kernels, and what the layer makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import layers
from ...engine.base_layer import Layer
from ...layers.advanced_activations import ActivationLayer
from ...layers.noise import Noise
from .. import svg
from ..svg import Block
from . import curves, kernels, pixels, samples
from .maps import Look, captioned, histogram, looks, maps
from .reach import reach
from .running import edited_kernels, run

ROOM = svg.WIDTH - 8  # CSS pixels
# On a desk: what goes in on the left, what comes out on the right.
LEFT, ARROW = 216, 40
RIGHT = svg.WIDE - LEFT - ARROW
KEEPING = (  # what comes out is still a picture of the same things
    *(layers.MaxPooling2D, layers.AveragePooling2D, layers.UpSampling2D, layers.ZeroPadding2D),
    *(layers.Cropping2D, layers.Dropout, layers.SpatialDropout2D, Noise, layers.Permute),
    layers.Flatten,
)
RANDOM = (layers.Dropout, Noise)
ACTIVATIONS = (layers.Activation, ActivationLayer)


def view(subject) -> dict[str, Any]:
    layer = subject.layer
    sample = samples.picture(subject.state.get("sample"))
    first = getattr(layer, "data_format", None) == "channels_first"
    x = sample.values
    if isinstance(layer, ACTIVATIONS):
        x = 4 * x - 2  # where the curve bends
    given = np.moveaxis(x, -1, 0) if first else x
    normalizes = isinstance(layer, layers.BatchNormalization)
    training = subject.training or normalizes
    ran = run(layer, given, training, edited_kernels(subject.state))
    inside, room = (LEFT, RIGHT) if subject.wide else (ROOM, ROOM)
    zoom = LEFT / x.shape[1] if subject.wide else (ROOM - 24) / 2 / x.shape[1]
    y = as_maps(ran.y, first)
    keeps = isinstance(layer, KEEPING)
    given_parts = [entry(sample, x, zoom, isinstance(layer, ACTIVATIONS))]
    if isinstance(layer, ACTIVATIONS):
        given_parts += [] if mixes(layer) else [curves.curve(layer)]
    if kernels.is_editable(layer):
        given_parts.append(kernel_row(ran.layer, inside))
    look = looks(y, keeps)
    if isinstance(layer, RANDOM):
        parts = phases(layer, given, first, room, zoom)
    else:
        row = ran.y.size if ran.y.ndim == 1 else 0
        parts = [exit_of(y, keeps, look, room, zoom, first, row=row)]
    if normalizes:
        parts += [spread("之前：各个数有多少", x), spread("之后：各个数有多少", y)]
    block = arranged(given_parts, parts, subject.wide)
    notes = told(layer, sample, y, keeps)
    kind = type(layer).__name__
    title = f"{kind} 层看数据：{sample.title}"
    description = (
        f"输入是{sample.title}，{shape_text(x)}；输出 {shape_text(y)}，"
        f"从 {pixels.short(float(y.min()))} 到 {pixels.short(float(y.max()))}。"
        + (f"{sample.credit}。" if sample.credit else "")
    )
    data = {
        "kind": "image",
        "sample": sample.name,
        "x": list(x.shape),
        "y": pixels.packed(y) if not isinstance(layer, RANDOM) else None,
        "reach": reach(layer, x.shape[:2], y.shape[:2]) if points_back(layer) else None,
        "kernel": kernels.numbers(ran.layer, ran.edited),
        "channelsFirst": first,
    }
    drawn = svg.document("data-view", title, description, block, label=False)
    return {"svg": drawn, "data": data, "notes": notes}


def points_back(layer: Layer) -> bool:
    """Whether an output pixel has a window of the input."""
    mixed = (layers.Flatten, layers.Permute, layers.Softmax, layers.BatchNormalization)
    return not isinstance(layer, (*mixed, *RANDOM))


def mixes(layer: Layer) -> bool:
    """Whether an activation needs all numbers along an axis: it has no curve."""
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    return isinstance(layer, layers.Softmax) or name == "softmax"


def as_maps(y: np.ndarray, first: bool) -> np.ndarray:
    """(rows, columns, channels); a row of numbers is broken into lines."""
    if y.ndim == 3:
        return np.moveaxis(y, 0, -1) if first else y
    if len(y) <= 64:
        return y.reshape(1, 1, -1)
    columns = 4 * int(np.sqrt(len(y)))
    lines = -(-len(y) // columns)
    return np.pad(y, (0, lines * columns - len(y))).reshape(lines, columns, 1)


def shape_text(values: np.ndarray) -> str:
    return str(values.shape)


def entry(sample, x: np.ndarray, zoom: float, signed: bool) -> Block:
    look = Look(2.0, True, "signed") if signed else looks(x, True)
    shown = (x + 2) / 4 if signed and x.shape[-1] == 3 else x
    picture = next(block for _, block in maps("x", shown, True, look, zoom, ROOM))
    parts = [captioned(f"输入 x {shape_text(x)}", picture)]
    if sample.credit:
        width = max(picture.width, 150)
        lines = svg.folded(sample.credit, width, 9.5)
        parts += [svg.words(line, size=9.5, fill=svg.FAINT, anchor="start") for line in lines]
    return svg.below(parts, 2)


def kernel_row(layer: Layer, room: float) -> Block:
    """The kernels as small pictures, one below another's number; input channels side by side."""
    W = kernels.kernels(layer)[: kernels.MOST]
    rows, columns = W.shape[1:3]
    cell = min(14.0, 56 / max(rows, columns))
    blocks = []
    for f, one in enumerate(W):
        pictures = [
            pixels.image(one[..., c], columns * cell, rows * cell, pixels.extent(one))
            for c in range(min(one.shape[-1], 3))
        ]
        picture = svg.beside(pictures, 3)
        group = picture._replace(svg=f'<g class="kernel" data-kernel="{f}">{picture.svg}</g>')
        blocks.append(captioned(f"核 {f}", group, 10.5))
    return svg.flow(blocks, room, gap=10)


def exit_of(
    y, keeps: bool, look: Look, room: float, zoom: float, first: bool, name="输出 y", row=0
) -> Block:
    """row: how many numbers an array without rows and columns has, which `y` breaks into lines."""
    if y.shape[:2] == (1, 1):
        return captioned(f"{name} ({y.shape[-1]},)", swatches(y[0, 0], look, room))
    told = f"{name} ({row},)，折成 {len(y)} 行" if row else f"{name} {shape_text(y)}"
    caption = svg.words(told, size=11, mono=True, fill=svg.FAINT, anchor="start")
    single = keeps and y.shape[-1] in (1, 3)
    if not single and y.shape[-1] > 2:
        zoom = min(zoom, (room - 24) / 3 / y.shape[1])
    blocks = [
        block if single else captioned(named(c, y, keeps, first), block, 10)
        for c, block in maps("y", y, keeps, look, zoom, room)
    ]
    parts = [caption, svg.flow(blocks, room, gap=12)]
    if not (keeps and y.shape[-1] == 3):
        most = look.most if keeps else None
        parts.append(pixels.scale_bar(most, look.signed, look.kind))
    return svg.below(parts, 3)


def named(channel: int, y: np.ndarray, keeps: bool, first: bool) -> str:
    """A map as NumPy writes it, and the largest size of its numbers."""
    index = f"y[{channel}]" if first else f"y[:, :, {channel}]"
    return index if keeps else f"{index} ±{pixels.short(pixels.extent(y[..., channel]), 2)}"


def swatches(values: np.ndarray, look: Look, room: float) -> Block:
    blocks = []
    for c, value in enumerate(values[: 2 * kernels.MOST]):
        square = pixels.image(np.array([[value]]), 34, 22, look.most, look.kind)
        group = (
            f'<g class="map" data-map="y" data-channel="{c}" data-rows="1" data-columns="1" '
            f'data-width="34" data-height="22">{square.svg}</g>'
        )
        number = svg.words(pixels.short(float(value)), size=11, mono=True, anchor="start")
        blocks.append(svg.beside([square._replace(svg=group), number], 4))
    return svg.flow(blocks, room, gap=10)


def phases(layer, given, first: bool, room: float, zoom: float) -> list[Block]:
    """What comes out while training, and while predicting."""
    outputs = [as_maps(run(layer, given, training).y, first) for training in (True, False)]
    look = looks(np.stack(outputs), True)._replace(most=1.0)
    zoom = min(zoom, (room - 16) / 2 / outputs[0].shape[1])  # side by side
    return [
        exit_of(y, True, look, room, zoom, first, name)
        for y, name in zip(outputs, ("训练时", "预测时"), strict=True)
    ]


def spread(name: str, values: np.ndarray) -> Block:
    """How often each number occurs, and the mean and deviation of each channel."""
    channels = values.reshape(-1, values.shape[-1]).T[:3].astype(float)
    lines = [
        # Added to 0, a mean that rounds to −0 is 0.
        f"通道 {c}：均值 {round(one.mean(), 2) + 0:.2f}，标准差 {one.std():.2f}"
        for c, one in enumerate(channels)
    ]
    words = [svg.words(line, size=10, fill=svg.FAINT, anchor="start") for line in lines]
    return svg.below([captioned(name, histogram(values, (ROOM - 24) / 2)), *words], 2)


def arranged(given: list[Block], result: list[Block], wide: bool) -> Block:
    """From left to right where there is room; else as many beside each other as fit."""
    if not wide:
        return svg.flow([*given, *result], ROOM + 8, gap=16, align=0.0)
    left, right = svg.flow(given, LEFT, gap=12), svg.flow(result, RIGHT, gap=16, align=0.0)
    pointer = Block(svg.arrow(6, 6, ARROW - 12), ARROW, min(left.height, right.height))
    pointer = pointer._replace(svg=svg.moved(pointer, 0, pointer.height / 2))
    return svg.beside([left, pointer, right], gap=0, align=0.0)


def told(layer: Layer, sample, y: np.ndarray, keeps: bool) -> list[str]:
    notes = []
    if not keeps and y.shape[:2] != (1, 1):
        notes.append("蓝是负，橙是正，白是 0；每幅各按自己最大的数上色，± 后面写着它。")
    if y.shape[-1] > kernels.MOST and y.shape[:2] != (1, 1):
        notes.append(f"只画前 {kernels.MOST} 个通道，一共 {y.shape[-1]} 个。")
    if y.shape[-1] == 1 and mixes(layer):
        notes.append("只有一个通道，softmax 沿它只能是 1。换成照片，三个通道的和是 1。")
    elif y.shape[-1] == 1 and isinstance(layer, layers.SpatialDropout2D):
        notes.append("只有一个通道：要么留下，要么整个丢掉。换成照片，看三个通道。")
    if isinstance(layer, ACTIVATIONS) and not mixes(layer):
        notes.append("像素先从 0 到 1 换算到 −2 到 2，曲线在那里转弯。")
    if isinstance(layer, RANDOM):
        notes.append("大于 1 的数画成 1；照片里小于 0 的画成 0。")
    if isinstance(layer, layers.BatchNormalization):
        notes.append(
            "画的是训练时：均值和方差来自这一幅图。预测时用移动平均，没有训练过的是 0 和 1。"
        )
    return notes
