"""The functional graph: the nodes that layers record, and a layer as a part of the graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..backend.state import state
from ..backend.tensors import Symbol, Tensor
from ..errors import explain
from ..manner import refuse
from ..utils.generic_utils import to_list, unpack_singleton
from ..utils.ownership import is_own


class Node:
    """One call of a layer on symbols: its inputs, outputs, masks and keyword arguments.

    It is the record of the symbols that the layer made; backend.tensors says what a record answers.
    """

    needs_tape = False

    def __init__(self, layer, inputs, outputs, masks, arguments, made_here=True):
        self.outbound_layer = layer
        #: An InputLayer's only node, whose output is its input, and a network's first.
        self.is_source = inputs is outputs or not made_here
        #: The layers that the inputs come from.
        self.inbound_layers = [
            x._keras_history[0]
            for x in inputs
            if x._keras_history is not None and not self.is_source
        ]
        self.input_tensors: list[Symbol] = inputs
        self.output_tensors: list[Symbol] = outputs
        self.input_masks = masks
        self.output_masks = [y._keras_mask for y in outputs]
        self.input_shapes = [x.shape for x in inputs]
        self.output_shapes = [y.shape for y in outputs]
        self.arguments: dict[str, Any] = arguments
        self.made_here = made_here
        self.effects: Any = None  # what the call adds, once somebody asks (base_layer.effects)
        # A network's first node shows its outputs, which its layers made.
        for index, y in enumerate(outputs if made_here else []):
            y._keras_history = (layer, len(layer._inbound_nodes), index)
            if not self.is_source:  # an Input waits for data, or brings a record of its own
                y.record = self
        layer._inbound_nodes = [*layer._inbound_nodes, self]
        for source in self.inbound_layers:
            source._outbound_nodes = [*source._outbound_nodes, self]

    # --- what every record answers ---

    def needed(self) -> list[Symbol]:
        # A tensor's own mask comes with its value; only one given with the call is asked for.
        given = [mask for x, mask in self._masked() if mask is not getattr(x, "_keras_mask", None)]
        asked = [*self.input_tensors, *given, *self.arguments.values()]
        parts = [x for a in asked for x in to_list(a, allow_tuple=True)]
        return [x for x in parts if isinstance(x, Symbol)]

    def _masked(self) -> Iterator[tuple[Symbol, Any]]:
        return zip(self.input_tensors, self.input_masks, strict=False)

    def tensors(self) -> list[Tensor]:
        return self.outbound_layer.weights

    @property
    def uses_learning_phase(self) -> bool:
        """Whether training computes something else; not where the call says which it is."""
        fixed = self.arguments.get("training") is not None
        return self.outbound_layer.uses_learning_phase and not fixed

    def compute(self, feed, symbol: Symbol) -> None:
        run = state.run
        losses, updates = (len(run.losses), len(run.updates)) if run else (0, 0)
        y, y_masks = self.run(feed)
        if run:
            feed.effects[id(self)] = {
                "losses": run.losses[losses:],
                "updates": run.updates[updates:],
            }
        y_masks = to_list(y_masks)
        results = to_list(y, allow_tuple=True)
        self._check(results)
        for i, (output, result) in enumerate(zip(self.output_tensors, results, strict=True)):
            feed.values[id(output)] = result
            feed.masks[id(output)] = y_masks[i] if i < len(y_masks) else None

    def _check(self, results: list) -> None:
        """What came out is what the layer said when it was connected."""
        said = [tuple(y.shape) for y in self.output_tensors]
        came = [np.shape(result) for result in results]
        where, suggestion = self.outbound_layer._label(), "改 compute_output_shape，或不写它"
        if len(came) != len(said):
            raise ValueError(
                explain(
                    f"{where}.call",
                    f"{len(came)} 个输出，形状 {came}",
                    f"连接时说好的是 {len(said)} 个，形状 {said}",
                    suggestion,
                )
            )
        for shape, promise in zip(came, said, strict=True):
            fits = len(shape) == len(promise) and all(
                m is None or n == m for n, m in zip(shape, promise, strict=True)
            )
            if not fits:
                refuse(
                    ValueError(
                        explain(
                            f"{where}.call",
                            f"形状 {shape} 的输出",
                            f"连接时说好的形状是 {promise}",
                            suggestion,
                        )
                    )
                )

    def run(self, feed) -> tuple[Any, Any]:
        """The outputs and their masks, from the values in `feed`."""
        masks = [
            feed.masks.get(id(x)) if mask is getattr(x, "_keras_mask", None) else feed.value(mask)
            for x, mask in self._masked()
        ]
        return self.outbound_layer.evaluate_call(
            unpack_singleton([feed.value(x) for x in self.input_tensors]),
            unpack_singleton(masks),
            {name: feed.value(a) for name, a in self.arguments.items()},
        )

    def get_config(self) -> dict:
        """这次调用连着哪些层：名字、各自的第几次调用、第几个输出。"""
        inputs = [] if self.is_source else self.input_tensors
        places = [x._keras_history for x in inputs if x._keras_history is not None]
        return {
            "outbound_layer": self.outbound_layer.name,
            "inbound_layers": [layer.name for layer, _, _ in places],
            "node_indices": [node for _, node, _ in places],
            "tensor_indices": [index for _, _, index in places],
        }


class Connected:
    """A layer as part of the graph: its nodes, and what they say of inputs and outputs."""

    name: str
    _inbound_nodes: list[Node]
    _outbound_nodes: list[Node]

    #: What the layer is called that a reader made, where this one is its part: GRU for its GRUCell.
    _part_of = ""

    def _label(self) -> str:
        return self._part_of or f"{type(self).__name__}（{self.name}）"

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


def producer(symbol: Symbol) -> Node | None:
    """The node that made a symbol; None for placeholders and results of K functions."""
    if symbol._keras_history is None:
        return None
    layer, node_index, _ = symbol._keras_history
    return layer._inbound_nodes[node_index]


@contextmanager
def unchanged_by_failure(layer: Connected) -> Iterator[None]:
    """Where the block fails, the layer and the layers inside it become what they were before."""
    before = [(part, dict(vars(part))) for part in layers_within(layer)]
    try:
        yield
    except Exception:
        for part, attributes in before:
            vars(part).clear()
            vars(part).update(attributes)
        raise


def layers_within(layer: Connected) -> Iterator[Connected]:
    """The layer, then its cell, its wrapped layer or a model's layers, and theirs."""
    yield layer
    for held in vars(layer).values():
        for part in held if isinstance(held, list) else [held]:
            if isinstance(part, Connected):
                yield from layers_within(part)


#: Where a layer keeps functions that a reader may have written.
FUNCTIONS = ("function", "activation", "recurrent_activation")


def is_readers_own(layer) -> bool:
    """Whether a layer, or the cell or a function inside it, is not labkit's."""
    parts = [
        type(layer),
        type(getattr(layer, "cell", layer)),
        *map(type, getattr(layer, "cells", ())),
        *(getattr(layer, name, type(layer)) for name in FUNCTIONS),
    ]
    return not all(map(is_own, parts))
