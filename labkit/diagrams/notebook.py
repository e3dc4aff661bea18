"""What a notebook shows of a layer, a model or a tensor that ends a cell."""

from __future__ import annotations

import numpy as np

from ..backend.tensors import Symbol, Tensor
from ..engine.base_layer import Layer
from ..engine.network import Network
from . import svg
from .cell_pictures import CELL, NUMBER, font
from .models import model_diagram
from .shapes import diagram_of, shape_diagram
from .svg import Block

ROWS, COLUMNS, PLANES = 8, 8, 4


def picture(value) -> str | None:
    """The SVG of a layer, model, tensor or symbol; None where only its text is known yet."""
    if isinstance(value, Layer):
        drawn = layer_picture(value)
    else:
        drawn = symbol_view(value) if isinstance(value, Symbol) else tensor_view(value)
    return drawn and svg.standalone(drawn)


def layer_picture(layer: Layer) -> str | None:
    """With the shapes of its first call, or those it was made for."""
    if isinstance(layer, Network):
        return model_diagram(layer) if layer.built else None
    if layer._inbound_nodes:
        node = layer._inbound_nodes[0]
        return diagram_of(layer, node.input_shapes, node.output_shapes)
    shapes = layer._built_for or getattr(layer, "batch_input_shape", None)
    return shape_diagram(layer, shapes) if shapes else None


def symbol_view(symbol: Symbol) -> str:
    """A box for every axis, dashed where the length is unknown."""
    boxes = []
    for size in symbol.shape:
        fill = svg.BATCH if size is None else svg.DATA
        label = svg.words(size, size=14, mono=True, weight=600)
        boxes.append(svg.boxed(label, fill=fill, least=48, dashed=size is None))
    return framed("symbol-view", symbol, symbol.name, boxes)


def tensor_view(tensor: Tensor) -> str:
    """The numbers: a grid for the last two axes, of a long axis its first places."""
    values = np.atleast_2d(tensor.value)
    places = list(np.ndindex(values.shape[:-2]))
    blocks = []
    for place in places[:PLANES]:
        label = [svg.words(f"[{', '.join(map(str, place))}, :, :]", size=10)] if place else []
        blocks.append(svg.below([*label, grid(values[place])], gap=1))
    if len(places) > PLANES:
        blocks.append(svg.words(f"… 共 {len(places):,} 片", size=10, fill=svg.FAINT))
    return framed("tensor-view", tensor, getattr(tensor, "name", type(tensor).__name__), blocks)


def grid(plane: np.ndarray) -> Block:
    rows, columns = plane.shape
    parts = []
    texts = {
        place: f"{value:.3g}" if plane.dtype.kind == "f" else str(value)
        for place, value in np.ndenumerate(plane[:ROWS, :COLUMNS])
    }
    size = font(max(texts.values(), key=len, default=""), NUMBER)
    for (row, column), content in texts.items():
        label = svg.text(NUMBER / 2, 16, content, size=size, mono=True)
        frame = svg.rect(1, 1, NUMBER - 2, CELL - 2, fill=svg.DATA)
        cell = Block(f'<g class="box">{frame}{label}</g>', NUMBER, CELL)
        parts.append(svg.moved(cell, column * NUMBER, row * CELL))
    block = Block("".join(parts), min(columns, COLUMNS) * NUMBER, min(rows, ROWS) * CELL)
    if rows > ROWS or columns > COLUMNS:
        cut = svg.words(f"… 共 {rows:,} 行 {columns:,} 列", size=10, fill=svg.FAINT)
        return svg.below([block, cut], gap=1)
    return block


def framed(css: str, tensor: Tensor | Symbol, name: str, blocks: list[Block]) -> str:
    caption = f"{name} {tuple(tensor.shape)} {tensor.dtype}"
    heading = svg.words(caption, mono=True, weight=600, anchor="start")
    return svg.document(css, caption, caption, svg.below([heading, svg.flow(blocks)], gap=4))
