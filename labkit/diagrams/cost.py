"""What a layer costs: parameters, memory, multiplications."""

from __future__ import annotations

import math
import re

import numpy as np

from .. import backend as K
from ..engine.base_layer import Layer
from ..engine.network import Network
from ..layers import (
    RNN,
    Bidirectional,
    Conv2DTranspose,
    Conv3DTranspose,
    Embedding,
    LocallyConnected1D,
    LocallyConnected2D,
    TimeDistributed,
)
from ..layers.convolutional_recurrent import ConvRNN2D
from .shapes import inner_layers, weight_shapes

KERNEL = re.compile(r"kernel$|\bW")  # Keras 1 wrote W, and W_carry for a gate


def parameter_sum(layer: Layer) -> str:
    """参数量怎样算出来：kernel 3×3×1×8 = 72，bias 8，共 80。"""
    weights = weight_shapes(layer)
    if not weights:
        return "没有权重，参数量是 0。"
    terms = []
    for name, shape in weights:
        size = math.prod(shape)
        product = "×".join(map(str, shape))
        terms.append(f"{name} {product} = {size:,}" if len(shape) > 1 else f"{name} {size:,}")
    total = sum(math.prod(shape) for _, shape in weights)
    return "，".join(terms) + (f"，共 {total:,} 个参数。" if len(terms) > 1 else "。")


def memory(layer: Layer, outputs: list[tuple]) -> str:
    """权重与一个样本的输出占多少内存，按 K.floatx() 计。"""
    width = np.dtype(K.floatx()).itemsize
    sizes = [shape[1:] for shape in outputs]
    cells = sum(math.prod(s) for s in sizes) if not any(None in s for s in sizes) else None
    output = "随输入的长度而定" if cells is None else f"占 {amount(cells * width)}"
    weights = sum(math.prod(w.shape) for w in layer.weights) * width
    return f"权重占 {amount(weights)}，每个样本的输出{output}（{K.floatx()}）。"


def amount(size: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            break
        size /= 1024
    return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"


def multiplications(layer: Layer, inputs: list[tuple], outputs: list[tuple]) -> int | None:
    """How often a weight is multiplied with a number, for one sample; None if a length is unknown.

    Windows that reach over the border count in full, as in most tables of FLOPs.
    """
    if isinstance(layer, Network):
        nodes = [node for node in layer._nodes if not node.is_source]
        found = [multiplications(n.outbound_layer, n.input_shapes, n.output_shapes) for n in nodes]
        return None if None in found else sum(filter(None, found))
    kernels = [shape for name, shape in weight_shapes(layer) if KERNEL.search(name)]
    if isinstance(layer, TimeDistributed | Bidirectional):
        times = inputs[0][1] if isinstance(layer, TimeDistributed) else 1
        within = [s[:1] + s[2:] for s in inputs], [s[:1] + s[2:] for s in outputs]
        parts = [
            multiplications(part, *(within if times != 1 else (inputs, outputs)))
            for part in inner_layers(layer)
        ]
        return None if times is None or None in parts else times * sum(p for p in parts if p)
    if isinstance(layer, Embedding):
        return 0  # rows are looked up
    size = sum(map(math.prod, kernels))
    if isinstance(layer, LocallyConnected1D | LocallyConnected2D):
        return size
    places = positions(layer, inputs[0], outputs[0])
    return None if places is None else size * places


def positions(layer: Layer, given: tuple, result: tuple) -> int | None:
    """At how many places the kernels are used: steps of a loop, cells of a grid."""
    if isinstance(layer, RNN | ConvRNN2D):
        grid = result[-3:] if isinstance(layer, ConvRNN2D) else ()
        space = without_channels(layer, (None, *grid)) if grid else ()
        axes: tuple = (given[1], *space)
    elif isinstance(layer, Conv2DTranspose | Conv3DTranspose):
        axes = without_channels(layer, given)
    else:
        axes = without_channels(layer, result)
    return None if None in axes else math.prod(axes)


def without_channels(layer: Layer, shape: tuple) -> tuple:
    first = getattr(layer, "data_format", None) == "channels_first"
    return shape[2:] if first else shape[1:-1]


def cost(layer: Layer, inputs: list[tuple], outputs: list[tuple]) -> list[str]:
    """三句话：参数量、内存、乘加次数。形状都含批次轴。"""
    count = multiplications(layer, inputs, outputs)
    if count is None:
        products = "乘加次数随输入的长度而定。"
    elif count == 0:
        products = "没有矩阵乘法，也没有卷积。"
    else:
        products = f"每个样本约 {count:,} 次乘加，即 {2 * count:,} FLOPs（不计激活函数）。"
    return [parameter_sum(layer), memory(layer, outputs), products]
