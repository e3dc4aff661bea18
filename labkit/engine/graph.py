"""The functional graph: Input, the nodes that layers record, and running them on values."""

from __future__ import annotations

from typing import Any

from .. import backend as K
from ..arguments import validation
from ..backend import tape
from ..backend.tape import Symbol, Tensor, nodes_before
from ..errors import explain
from ..utils.generic_utils import to_list, unpack_singleton


class Node:
    """One call of a layer on symbols: its inputs, outputs, masks and keyword arguments."""

    def __init__(self, layer, inputs, outputs, masks, arguments, made_here=True):
        self.outbound_layer = layer
        self.input_tensors: list[Symbol] = inputs
        self.output_tensors: list[Symbol] = outputs
        self.input_masks = masks
        self.output_masks = [y._keras_mask for y in outputs]
        self.input_shapes = [x.shape for x in inputs]
        self.output_shapes = [y.shape for y in outputs]
        self.arguments: dict[str, Any] = arguments
        # A network's first node shows its outputs, which its layers made.
        for index, y in enumerate(outputs if made_here else []):
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

    def get_config(self) -> dict:
        """这次调用连着哪些层：名字、各自的第几次调用、第几个输出。"""
        places = [x._keras_history for x in self.input_tensors if x._keras_history is not None]
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

    参数：
        shape：不含 batch 轴的形状，例如 (28, 28, 1)，未知的轴写 None。
        batch_shape：含 batch 轴的形状。
        name：这个入口的名字，按名字给数据时用。
        dtype：数值类型，默认是 K.floatx()。
        sparse：稀疏张量；labkit 按普通数组计算。
        tensor：用这个张量（变量或符号张量）作输入，不必再给数据。
    出错：shape、batch_shape、tensor 都没有给出时抛出 ValueError。
    """
    from ..layers.core import InputLayer

    if tensor is not None:
        batch_shape = K.int_shape(tensor)
        dtype = dtype or K.dtype(tensor)
    elif batch_shape is None:
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
    layer = InputLayer(
        batch_input_shape=batch_shape,
        dtype=dtype or K.floatx(),
        input_tensor=tensor,
        sparse=sparse,
        name=name,
    )
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
    if node is not None and node.input_tensors:
        pairs = zip(node.input_tensors, node.input_masks, strict=False)
        # A tensor's own mask comes with its value; only one given with the call is asked for.
        given = [mask for x, mask in pairs if mask is not getattr(x, "_keras_mask", None)]
        asked = [*node.input_tensors, *given, *node.arguments.values()]
    else:
        asked = list(symbol.record.arguments) if symbol.record else []
    return [x for a in asked for x in to_list(a, allow_tuple=True) if isinstance(x, Symbol)]


def ancestors(symbols) -> list[Symbol]:
    """The symbols and all that they are computed from, each after those it needs."""
    order: list[Symbol] = []
    seen: set[int] = set()
    stack = [(symbol, False) for symbol in symbols]
    while stack:
        symbol, expanded = stack.pop()
        if expanded:
            order.append(symbol)
        elif id(symbol) not in seen:
            seen.add(id(symbol))
            stack.append((symbol, True))
            stack += [(x, False) for x in sources(symbol)]
    return order


def depends_on(loss: Symbol, x: Symbol | Tensor) -> bool:
    """Whether x, a symbol, a weight of a layer or any other tensor, plays a part in the loss."""
    for symbol in ancestors([loss]):
        if symbol is x:
            return True
        node = producer(symbol)
        if node is not None and any(w is x for w in node.outbound_layer.weights):
            return True
        for a in symbol.record.arguments if symbol.record else ():
            used = nodes_before(a.node) if isinstance(a, Tensor) else []
            if a is x or any(b is x for part in used for b in part.arguments):
                return True
    return False


class Unfed(ValueError):
    """A symbol that a run has no value for."""


class Feed:
    """One run of a graph: the values of its symbols, each computed when it is first asked for.

    Inside the `with` block K functions put values in the place of symbols, so a loss may use any
    symbol of the graph. Tensors that were computed from variables before are computed anew.
    """

    current: Feed | None = None

    def __init__(self, symbols=(), values=(), masks=()):
        self.values = {id(x): value for x, value in zip(symbols, values, strict=True)}
        self.masks = {id(x): mask for x, mask in zip(symbols, masks, strict=False)}
        self._results: dict[int, Any] = {}

    def __enter__(self) -> Feed:
        self.outer, Feed.current = Feed.current, self
        self._outer_lookup, tape.lookup = tape.lookup, self._known
        return self

    def __exit__(self, *error) -> None:
        Feed.current = self.outer
        tape.lookup = self._outer_lookup

    def _known(self, symbol: Symbol):
        try:
            return self[symbol]
        except Unfed:
            return symbol

    def __getitem__(self, symbol: Symbol):
        """The symbol's value. Unfed where an input has none."""
        waiting = [symbol]
        while waiting:
            x = waiting[-1]
            needed = [] if id(x) in self.values else self._missing(x)
            if needed:
                waiting += reversed(needed)
                continue
            if id(x) not in self.values:
                self._compute(x)
            waiting.pop()
        return self.values[id(symbol)]

    def _missing(self, symbol: Symbol) -> list[Symbol]:
        return [x for x in sources(symbol) if id(x) not in self.values]

    def _compute(self, symbol: Symbol) -> None:
        node = producer(symbol)
        if node is not None and node.input_tensors:
            self._run_layer(node)
        elif symbol.record is not None:
            self.values[id(symbol)] = self._result(symbol.record, symbol.index)
        elif self.outer is not None:
            self.values[id(symbol)] = self.outer[symbol]
        else:
            raise Unfed(
                explain(
                    "计算图",
                    f"没有给出 {symbol.name} 的值",
                    "每个 Input 都要有数据",
                    f"把 {symbol.name} 加入模型的输入",
                )
            )

    def value(self, x):
        """What stands for x in this run."""
        if isinstance(x, Symbol):
            return self[x]
        if isinstance(x, Tensor) and x.node is not None:
            return self._replay(x)
        if isinstance(x, list | tuple) and any(isinstance(part, Symbol) for part in x):
            return [self.value(part) for part in x]
        return x

    def _result(self, record, index: int):
        if id(record) not in self._results:
            arguments = [self.value(a) for a in record.arguments]
            self._results[id(record)] = record.function(*arguments, **record.settings)
        return part(self._results[id(record)], index)

    def _replay(self, tensor: Tensor):
        """A tensor that was computed before the run, from what the variables hold now."""

        def now(a):
            if isinstance(a, Tensor) and a.node is not None:
                return part(self._results[id(a.node)], a.index)
            return a

        for node in nodes_before(tensor.node):
            if id(node) not in self._results:
                self._results[id(node)] = node.primitive(*map(now, node.arguments), **node.settings)
        return now(tensor)

    def _run_layer(self, node: Node) -> None:
        masks = [
            self.masks.get(id(x)) if mask is getattr(x, "_keras_mask", None) else self.value(mask)
            for x, mask in zip(node.input_tensors, node.input_masks, strict=False)
        ]
        y, y_masks = node.outbound_layer.evaluate_call(
            unpack_singleton([self.value(x) for x in node.input_tensors]),
            unpack_singleton(masks),
            {name: self.value(a) for name, a in node.arguments.items()},
        )
        y_masks = to_list(y_masks)
        for i, (symbol, result) in enumerate(zip(node.output_tensors, to_list(y), strict=True)):
            self.values[id(symbol)] = result
            self.masks[id(symbol)] = y_masks[i] if i < len(y_masks) else None


def part(result, index: int):
    """One of several results; a single result is the only one."""
    return result[index] if isinstance(result, list | tuple) else result
