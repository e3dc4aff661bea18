"""The functional graph: Input, the nodes that layers record, and running them on values."""

from __future__ import annotations

from typing import Any

from . import backend as K
from .backend.tape import Symbol
from .errors import explain
from .utils.generic_utils import to_list, unpack_singleton


class Node:
    """One call of a layer on symbols: its inputs, outputs, masks and keyword arguments."""

    def __init__(self, layer, inputs, outputs, masks, arguments):
        self.outbound_layer = layer
        self.input_tensors: list[Symbol] = inputs
        self.output_tensors: list[Symbol] = outputs
        self.input_masks = masks
        self.output_masks = [y._keras_mask for y in outputs]
        self.input_shapes = [x.shape for x in inputs]
        self.output_shapes = [y.shape for y in outputs]
        self.arguments: dict[str, Any] = arguments
        for index, y in enumerate(outputs):
            y._keras_history = (layer, len(layer._inbound_nodes), index)
        layer._inbound_nodes = [*layer._inbound_nodes, self]
        for x in inputs:
            if x._keras_history is not None:
                x._keras_history[0]._outbound_nodes.append(self)

    @property
    def inbound_layers(self):
        """The layers that the inputs come from."""
        return [x._keras_history[0] for x in self.input_tensors if x._keras_history is not None]


def Input(shape=None, batch_shape=None, name=None, dtype=None, sparse=False, tensor=None) -> Symbol:
    """函数式模型的入口：一个只有形状的符号张量。

    参数：shape 不含 batch 轴，例如 (28, 28, 1)，未知的轴写 None；batch_shape 含 batch 轴。
    出错：两者都没有给出时抛出 ValueError。
    """
    from .layers.core import InputLayer

    if batch_shape is None:
        if shape is None:
            raise ValueError(
                explain(
                    "Input",
                    "没有形状",
                    "给出 shape（不含 batch 轴）或 batch_shape",
                    "Input(shape=(3,))",
                )
            )
        batch_shape = (None, *shape)
    layer = InputLayer(batch_input_shape=tuple(batch_shape), dtype=dtype or K.floatx(), name=name)
    return layer.output


def producer(symbol: Symbol) -> Node | None:
    """The node that made a symbol; None for placeholders and results of K functions."""
    if symbol._keras_history is None:
        return None
    layer, node_index, _ = symbol._keras_history
    return layer._inbound_nodes[node_index]


def sources(symbol: Symbol) -> list[Symbol]:
    """The symbols that a symbol was computed from."""
    node = producer(symbol)
    if node is not None:
        return node.input_tensors
    return [x for x in symbol.record[1] if isinstance(x, Symbol)] if symbol.record else []


def evaluate(outputs: list[Symbol], feed: dict[int, Any], masks: dict[int, Any]) -> None:
    """Fill `feed` (id(symbol) → value) and `masks` until every output is there."""

    def visit(symbol: Symbol) -> None:
        if id(symbol) in feed:
            return
        for x in sources(symbol):
            visit(x)
        node = producer(symbol)
        if node is not None and node.input_tensors:
            _run_node(node, feed, masks)
        elif symbol.record is not None:
            function, arguments, settings, index = symbol.record
            y = function(
                *[feed[id(a)] if isinstance(a, Symbol) else a for a in arguments], **settings
            )
            feed[id(symbol)] = y if index is None else y[index]
        else:
            raise ValueError(
                explain(
                    "计算图",
                    f"没有给出 {symbol.name} 的值",
                    "每个 Input 都要有数据",
                    f"把 {symbol.name} 加入模型的输入",
                )
            )

    for symbol in outputs:
        visit(symbol)


def _run_node(node: Node, feed: dict[int, Any], masks: dict[int, Any]) -> None:
    inputs = [feed[id(x)] for x in node.input_tensors]
    input_masks = [masks.get(id(x)) for x in node.input_tensors]
    y, y_masks = node.outbound_layer.evaluate_call(
        unpack_singleton(inputs), unpack_singleton(input_masks), node.arguments
    )
    y_masks = to_list(y_masks)
    for i, (symbol, result) in enumerate(zip(node.output_tensors, to_list(y), strict=True)):
        feed[id(symbol)] = result
        masks[id(symbol)] = y_masks[i] if i < len(y_masks) else None
