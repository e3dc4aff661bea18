"""The functional graph: Input, the nodes that layers record, and running them on values."""

from __future__ import annotations

from typing import Any

from . import backend as K
from . import validation
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
                source = x._keras_history[0]
                source._outbound_nodes = [*source._outbound_nodes, self]

    @property
    def inbound_layers(self):
        """The layers that the inputs come from."""
        return [x._keras_history[0] for x in self.input_tensors if x._keras_history is not None]


class Connected:
    """A layer as part of the graph: its nodes, and what they say of inputs and outputs."""

    name: str
    _inbound_nodes: list[Node]
    _outbound_nodes: list[Node]

    def _label(self) -> str:
        return f"{type(self).__name__}（{self.name}）"

    def _node_value(self, index: int, attribute: str):
        if not self._inbound_nodes:
            raise AttributeError(
                explain(
                    self._label(),
                    "还没有接到 Input 上的层",
                    "接入函数式模型之后才有输入与输出",
                    "先调用 layer(Input(…))",
                )
            )
        if not -len(self._inbound_nodes) <= index < len(self._inbound_nodes):
            raise ValueError(
                explain(
                    self._label(),
                    f"node_index={index}",
                    f"这一层被调用了 {len(self._inbound_nodes)} 次",
                    f"0 到 {len(self._inbound_nodes) - 1}",
                )
            )
        return unpack_singleton(getattr(self._inbound_nodes[index], attribute))

    def _only_node(self, attribute: str):
        values = [getattr(node, attribute) for node in self._inbound_nodes]
        if len(values) > 1 and ("shapes" not in attribute or any(v != values[0] for v in values)):
            raise AttributeError(
                explain(
                    self._label(),
                    f"{len(values)} 次调用",
                    "共享层的每次调用各有输入与输出",
                    "get_output_at(i)、get_input_shape_at(i)",
                )
            )
        return self._node_value(0, attribute)

    input = property(lambda self: self._only_node("input_tensors"))
    output = property(lambda self: self._only_node("output_tensors"))
    input_shape = property(lambda self: self._only_node("input_shapes"))
    output_shape = property(lambda self: self._only_node("output_shapes"))
    input_mask = property(lambda self: self._only_node("input_masks"))
    output_mask = property(lambda self: self._only_node("output_masks"))

    def get_input_at(self, node_index):
        """第 node_index 次调用的输入。"""
        return self._node_value(node_index, "input_tensors")

    def get_output_at(self, node_index):
        """第 node_index 次调用的输出。"""
        return self._node_value(node_index, "output_tensors")

    def get_input_shape_at(self, node_index):
        """第 node_index 次调用的输入形状。"""
        return self._node_value(node_index, "input_shapes")

    def get_output_shape_at(self, node_index):
        """第 node_index 次调用的输出形状。"""
        return self._node_value(node_index, "output_shapes")

    def get_input_mask_at(self, node_index):
        """第 node_index 次调用收到的掩码。"""
        return self._node_value(node_index, "input_masks")

    def get_output_mask_at(self, node_index):
        """第 node_index 次调用传出的掩码。"""
        return self._node_value(node_index, "output_masks")


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
        batch_shape = (None, *validation.shape("Input", "shape", shape))
    batch_shape = validation.shape("Input", "batch_shape", batch_shape)
    layer = InputLayer(batch_input_shape=batch_shape, dtype=dtype or K.floatx(), name=name)
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
