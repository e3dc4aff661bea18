"""Network: layers joined into a graph, itself usable as a layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from .. import saving
from ..backend.evaluation import Feed, sources, uses_learning_phase
from ..backend.state import state
from ..backend.tensors import Symbol
from ..errors import explain, nearest
from ..manner import refuse
from ..saving.serialization import deserialize
from ..utils.generic_utils import to_list, unpack_singleton
from ..utils.layer_utils import print_summary
from .base_layer import Layer, current
from .graph import Node, producer
from .input_layer import InputLayer


class Network(Layer):
    """函数式的计算图：从 inputs 到 outputs 经过的全部层。

    出错：inputs 不是 Input() 的结果，或 outputs 不由它们算出，抛出 ValueError。
    """

    layers: list[Layer] = []
    #: A model checks its inputs itself.
    input_spec = None

    def __init__(self, inputs, outputs, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        check_ends(to_list(inputs, allow_tuple=True), to_list(outputs, allow_tuple=True))
        self._set_graph(inputs, outputs)

    def _set_graph(self, inputs, outputs) -> None:
        ins: list[Symbol] = to_list(inputs, allow_tuple=True)
        outs: list[Symbol] = to_list(outputs, allow_tuple=True)
        graph = mapped(ins, outs)
        names = [layer.name for layer in graph.layers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(
                    explain(
                        self._label(),
                        f"{names.count(name)} 个都叫 {name!r} 的层",
                        "一个模型里层的名字不能重复",
                        f"name={name + '_2'!r}",
                    )
                )
        self.inputs, self.outputs = ins, outs
        self._nodes, self.layers = graph.nodes, graph.layers
        self._nodes_by_depth = graph.nodes_by_depth
        self.input_names = [layer.name for layer in self._input_layers]
        self.output_names = [layer.name for layer in self._output_layers]
        self.built = True
        self._inbound_nodes = []
        Node(self, self.inputs, self.outputs, [None] * len(self.inputs), {}, made_here=False)

    # What Keras' Network kept under these names; old code looks into it.

    _is_graph_network = True
    _input_layers = property(lambda self: makers(self.inputs))
    _output_layers = property(lambda self: makers(self.outputs))

    @property
    def _layers_by_depth(self) -> dict[int, list[Layer]]:
        """Depth, the longest way to an output, to the layers there, deepest first."""
        by_depth: dict[int, list[Layer]] = {}
        depth = depths(self._nodes_by_depth)
        for layer in self.layers:
            by_depth.setdefault(depth[layer], []).append(layer)
        return dict(sorted(by_depth.items(), reverse=True))

    # --- computing ---

    def call(self, inputs, mask=None):
        return unpack_singleton(self._evaluate(inputs, mask)[0])

    def compute_mask(self, inputs, mask=None):
        known = [y._keras_mask for y in self.outputs]
        given = any(m is not None for m in [*known, *to_list(mask)])
        if given and not any(isinstance(x, Symbol) for x in to_list(inputs)):
            return unpack_singleton(self._evaluate(inputs, mask)[1])
        return unpack_singleton(known)

    def evaluate_call(self, inputs, mask, kwargs):
        run, before = state.run, len(state.run.updates) if state.run else 0
        outputs, masks = self._evaluate(inputs, mask)
        if run and not self.trainable and not self.stateful:
            del run.updates[before:]  # a frozen model's layers are not asked
        return unpack_singleton(outputs), unpack_singleton(masks)

    def _evaluate(self, inputs, mask=None) -> tuple[list, list]:
        with self._running(inputs, mask) as (outputs, masks):
            return outputs, masks

    @contextmanager
    def _running(self, inputs, mask=None) -> Iterator[tuple[list, list]]:
        """The outputs and their masks; inside the block, losses may use any symbol of the graph."""
        values = to_list(inputs)
        # An Input(tensor=…) brings its own value unless one is given.
        fed = self.inputs if len(values) == len(self.inputs) else self._fed_inputs
        with Feed(fed, values, to_list(mask)) as feed:
            outputs = [feed[y] for y in self.outputs]
            yield outputs, [feed.masks.get(id(y)) for y in self.outputs]

    @property
    def _fed_inputs(self) -> list[Symbol]:
        """The inputs that data must be given for."""
        return [x for x in self.inputs if x.record is None or isinstance(x.record, Node)]

    def compute_output_shape(self, input_shape):
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        known = {id(x): shape for x, shape in zip(self.inputs, shapes, strict=True)}
        for node in self._nodes:
            if id(node.output_tensors[0]) in known:
                continue
            arriving = unpack_singleton([known[id(x)] for x in node.input_tensors])
            leaving = node.outbound_layer.compute_output_shape(arriving)
            leaving = leaving if isinstance(leaving, list) else [leaving]
            known |= {id(y): shape for y, shape in zip(node.output_tensors, leaving, strict=True)}
        return unpack_singleton([known[id(y)] for y in self.outputs])

    def run_internal_graph(self, inputs, masks=None):
        """对给定的输入计算：(输出, 输出的掩码, 输出的形状)，各是一列。"""
        outputs, kept = self._evaluate(inputs, masks)
        return outputs, kept, [y.shape for y in outputs]

    # --- what the layers hold ---

    @property
    def trainable_weights(self):
        return (
            unique(w for layer in self.layers for w in layer.trainable_weights)
            if self.trainable
            else []
        )

    @property
    def non_trainable_weights(self):
        frozen = [w for layer in self.layers for w in layer.non_trainable_weights]
        if not self.trainable:
            frozen = [w for layer in self.layers for w in layer.trainable_weights] + frozen
        return unique(frozen)

    @property
    def _stored_weights(self):
        # get_weights goes layer by layer; `weights` lists all trainable ones first (Keras' rule).
        return unique(w for layer in self.layers for w in layer.weights)

    def _refuse_weights(self, error, arrays, shapes):
        if any(a.shape != shape for a, shape in zip(arrays, shapes, strict=False)):
            raise error
        refuse(error)  # Keras took fewer, or more, without a word

    @property
    def losses(self):
        lasting = super().get_losses_for(None)
        if state.run is not None:
            # Every call adds to its layer's losses, wherever the layer stands: each layer once.
            return [loss for layer in self._all_layers() for loss in layer._losses_in_model] + [
                loss for network in self._networks() for loss in network._lasting()
            ]
        called = [
            loss
            for node in self._called_nodes()
            for loss in node.outbound_layer.get_losses_for(node.input_tensors)
        ]
        # Two calls on the same input are two nodes, and each tells the losses of both.
        return [*unique(called), *self._unconditional_losses(), *lasting]

    def _unconditional_losses(self) -> list:
        return [loss for layer in self._all_layers() for loss in layer.get_losses_for(None)] + [
            loss
            for network in self._networks()
            if network is not self
            for loss in network._lasting()
        ]

    def _lasting(self) -> list:
        return [current(loss) for _, loss in self._lasting_losses]

    def get_losses_for(self, inputs):
        own = super().get_losses_for(inputs)
        # Its layers' penalties come to it when it is called.
        called = inputs is None and self._graph_nodes
        return [*self._unconditional_losses(), *own] if called else own

    def _networks(self) -> Iterator[Network]:
        """This network and those within it."""
        yield self
        for layer in self.layers:
            if isinstance(layer, Network):
                yield from layer._networks()

    def _all_layers(self) -> list[Layer]:
        """The layers of this network and of those within it, each once."""
        found = [layer for network in self._networks() for layer in network.layers]
        return unique(layer for layer in found if not isinstance(layer, Network))

    def _called_nodes(self) -> list[Node]:
        """The calls that this network consists of, layer by layer."""
        mine = set(map(id, self._nodes))
        return [node for layer in self.layers for node in layer._inbound_nodes if id(node) in mine]

    @property
    def uses_learning_phase(self) -> bool:
        """输出在训练与预测时是否不同：经过 Dropout、BatchNormalization 等，调用时又没有写明。"""
        if not self.built:
            return any(layer.uses_learning_phase for layer in self.layers)
        return uses_learning_phase(self.outputs)

    @property
    def updates(self):
        if not self.trainable and not self.stateful:
            return []
        if not self.built:
            return [update for layer in self.layers for update in layer.updates]
        called = [
            update
            for node in self._called_nodes()
            for update in node.outbound_layer.get_updates_for(node.input_tensors)
        ]
        return called + [u for layer in self.layers for u in layer.get_updates_for(None)]

    def _updates_to_run(self, nodes) -> list:
        if not self.trainable and not self.stateful:
            return []
        inner = [update for layer in self.layers for update in layer._updates_to_run([])]
        return super()._updates_to_run(nodes) + inner

    def _step_updates(self) -> list:
        """What was added outside call and runs in each training step of this model."""
        if not self.trainable and not self.stateful:
            return []
        calls = self._called_nodes()
        return [
            update
            for layer in self.layers
            for update in layer._updates_to_run([n for n in calls if n.outbound_layer is layer])
        ]

    @property
    def stateful(self):
        return any(getattr(layer, "stateful", False) for layer in self.layers)

    @stateful.setter
    def stateful(self, value):
        """Derived from the layers; Layer.__init__ assigns it."""

    @property
    def state_updates(self) -> list:
        """stateful 层最近一次计算中登记的改写。"""
        return [
            u for layer in self.layers if getattr(layer, "stateful", False) for u in layer.updates
        ]

    def reset_states(self) -> None:
        """所有 stateful 层的状态清零。"""
        for layer in self.layers:
            if getattr(layer, "stateful", False):
                layer.reset_states()  # type: ignore[attr-defined]

    def get_layer(self, name=None, index=None) -> Layer:
        """按名字或序号取一层；没有时抛出 ValueError。"""
        names = [layer.name for layer in self.layers]
        if index is not None:
            if not -len(names) <= index < len(names):
                raise ValueError(
                    explain(
                        "get_layer",
                        f"index={index}",
                        f"模型有 {len(names)} 层",
                        f"0 到 {len(names) - 1}",
                    )
                )
            return self.layers[index]
        if name not in names:
            raise ValueError(
                explain(
                    "get_layer",
                    f"name={name!r}",
                    f"模型的层有 {'、'.join(names)}",
                    nearest(name, names),
                )
            )
        return self.layers[names.index(name)]

    # --- config ---

    def get_config(self) -> dict:
        """重建这个图所需的全部：各层的配置与连接方式。"""
        kept = set(map(id, self._nodes))
        layers = []
        for layer in self.layers:
            nodes = [n for n in layer._inbound_nodes if id(n) in kept and not n.is_source]
            layers.append(
                {
                    "name": layer.name,
                    "class_name": type(layer).__name__,
                    "config": layer.get_config(),
                    "inbound_nodes": [
                        [[*self._place(x), dict(n.arguments)] for x in n.input_tensors]
                        for n in nodes
                    ],
                }
            )
        return {
            "name": self.name,
            "layers": layers,
            "input_layers": [self._place(x) for x in self.inputs],
            "output_layers": [self._place(y) for y in self.outputs],
        }

    def _place(self, symbol: Symbol) -> list:
        """[layer name, which of the layer's calls within this network, which output]."""
        layer, node_index, index = symbol._keras_history  # type: ignore[misc]
        kept = set(map(id, self._nodes))
        earlier = [n for n in layer._inbound_nodes[:node_index] if id(n) in kept]
        # A network's first node is its own, from its inputs to its outputs.
        return [layer.name, len(earlier) + isinstance(layer, Network), index]

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """用 get_config() 的结果重建（权重另存）。"""
        made = {d["name"]: deserialize(d, custom_objects) for d in config["layers"]}

        def at(place) -> Symbol:
            name, node_index, index = place[:3]
            return made[name]._inbound_nodes[node_index].output_tensors[index]

        def ready(places) -> bool:
            return all(
                len(made[name]._inbound_nodes) > node_index for name, node_index, *_ in places
            )

        # The calls of one layer are numbered, so they must be made in their order.
        waiting = {d["name"]: list(d["inbound_nodes"]) for d in config["layers"]}
        while any(waiting.values()):
            callable_now = [name for name, calls in waiting.items() if calls and ready(calls[0])]
            if not callable_now:
                raise ValueError(
                    explain(
                        f"{cls.__name__}.from_config",
                        f"连不起来的层 {[name for name, calls in waiting.items() if calls]}",
                        "inbound_nodes 里的每一项都要由排在它前面的调用得到",
                        "用 model.get_config() 或 to_json() 的结果，不要改动 inbound_nodes",
                    )
                )
            for name in callable_now:
                places = waiting[name].pop(0)
                settings = places[0][3] if len(places[0]) > 3 else {}
                made[name](unpack_singleton([at(place) for place in places]), **settings)
        inputs, outputs = (
            [at(p) for p in config[key]] for key in ("input_layers", "output_layers")
        )
        return cls(inputs, outputs, name=config.get("name"))

    # --- files ---

    def to_json(self, **kwargs) -> str:
        """结构写成 JSON（不含权重）；用 model_from_json 重建。"""
        return saving.to_json(self, **kwargs)

    def to_yaml(self, **kwargs) -> str:
        """结构写成 YAML（不含权重）；用 model_from_yaml 重建。"""
        return saving.to_yaml(self, **kwargs)

    def save(self, filepath, overwrite=True, include_optimizer=True) -> None:
        """整个模型写进 .h5（要有 h5py）或 .npz 文件；用 load_model 读回。"""
        saving.save_model(self, filepath, overwrite, include_optimizer)

    def save_weights(self, filepath, overwrite=True) -> None:
        """全部权重写进 .h5（要有 h5py）或 .npz 文件。"""
        saving.save_weights(self, filepath, overwrite)

    def load_weights(self, filepath, by_name=False, skip_mismatch=False, reshape=False) -> None:
        """从 save_weights 或 save 写的文件读回权重；不合时抛出 ValueError，权重不变。"""
        saving.load_weights(self, filepath, by_name, skip_mismatch, reshape)

    def __getstate__(self) -> dict:
        # As a file: the tables that compile makes hold functions, which pickle takes by place only.
        return saving.pickle_model(self)

    def __setstate__(self, state: dict) -> None:
        vars(self).update(vars(saving.unpickle_model(state)))
        for node in self._inbound_nodes:
            node.outbound_layer = self

    # --- summary ---

    def summary(self, line_length=None, positions=None, print_fn=None) -> None:
        """打印每层的名字、输出形状、参数个数。"""
        print_summary(self, line_length, positions, print_fn)


def unique(items) -> list:
    """Each object once, in the order of first appearance (shared layers share their weights)."""
    return list({id(item): item for item in items}.values())


def makers(symbols: list[Symbol]) -> list[Layer]:
    """The layers that symbols come from; a subclass's call may also return what K computed."""
    return [x._keras_history[0] for x in symbols if x._keras_history is not None]


def check_ends(inputs: list[Symbol], outputs: list[Symbol]) -> None:
    """Inputs are distinct results of Input(), outputs results of layers."""
    for role, symbols in (("inputs", inputs), ("outputs", outputs)):
        for x in symbols or [None]:
            if not isinstance(x, Symbol) or x._keras_history is None:
                received = f"{x.name}，不是层的输出" if isinstance(x, Symbol) else type(x).__name__
                received = received if symbols else "空的列表"
                raise ValueError(
                    explain(
                        f"Model 的 {role}",
                        received,
                        f"{role} 是由 Input() 出发、经过层得到的符号张量",
                        "x = Input(shape=…)；y = Dense(3)(x)；Model(x, y)；K 函数写进 Lambda",
                    )
                )
    for x in inputs:
        if sum(x is other for other in inputs) > 1:
            raise ValueError(
                explain("Model 的 inputs", f"两次 {x.name}", "每个输入只写一次", "去掉重复的")
            )
        if not isinstance(x._keras_history[0], InputLayer):  # type: ignore[index]
            raise ValueError(
                explain(
                    "Model 的 inputs",
                    f"层 {x._keras_history[0].name} 的输出",  # type: ignore[index]
                    "inputs 只能是 Input() 的结果，不能是别的层的输出",
                    f"z = Input({tuple(x.shape[1:])})，从 z 起再连一次后面的层：Model(z, …)",
                )
            )


class Graph(NamedTuple):
    """What lies between inputs and outputs, in Keras' order."""

    nodes: list[Node]  # sources first
    nodes_by_depth: dict[int, list[Node]]
    layers: list[Layer]


def mapped(inputs: list[Symbol], outputs: list[Symbol]) -> Graph:
    """The graph from inputs to outputs; ValueError where it needs something else.

    The depth of a call is the longest way to an output; layers are ordered by their deepest call,
    then by when the walk from the outputs met them.
    """
    nodes: list[Node] = []
    met: dict[Layer, int] = {}
    seen: set[int] = set()
    starts = set(map(id, inputs))

    def visit(symbol: Symbol) -> None:
        node = producer(symbol)
        if node is None:
            if symbol.record is None and id(symbol) not in starts:
                raise ValueError(
                    explain(
                        "Model",
                        f"{symbol.name} 不来自 Input()",
                        "每条路都要从 inputs 出发",
                        "检查 inputs 是否写全",
                    )
                )
            for x in sources(symbol):
                visit(x)
            return
        if id(node) in seen:
            return
        seen.add(id(node))
        met.setdefault(node.outbound_layer, len(met))
        if node.is_source and id(symbol) not in starts:
            raise ValueError(
                explain(
                    "Model",
                    f"outputs 依赖 {symbol.name}，它不在 inputs 里",
                    "outputs 用到的每个 Input() 都要写在 inputs 里",
                    f"inputs=[…, {symbol.name}]",
                )
            )
        for x in [] if node.is_source else node.input_tensors:
            visit(x)
        nodes.append(node)

    for y in outputs:
        visit(y)
    for x in inputs:
        visit(x)

    depth: dict[Node, int] = {}
    of_layer: dict[Layer, int] = {}
    for node in reversed(nodes):
        # A shared layer's later calls lie as deep as its deepest.
        own = max(depth.get(node, 0), of_layer.get(node.outbound_layer, 0))
        depth[node] = of_layer[node.outbound_layer] = own
        for source in before(node):
            depth[source] = max(depth.get(source, 0), own + 1)
    by_depth: dict[int, list[Node]] = {}
    for node, own in depth.items():
        by_depth.setdefault(own, []).append(node)
    layers = sorted(met, key=lambda layer: (-of_layer[layer], met[layer]))
    return Graph(nodes, dict(sorted(by_depth.items(), reverse=True)), layers)


def before(node: Node) -> list[Node]:
    """The nodes that a node's inputs come from, also through K functions."""
    found: list[Node] = []
    waiting = [] if node.is_source else list(node.input_tensors)
    while waiting:
        symbol = waiting.pop()
        origin = producer(symbol)
        if origin is None:
            waiting += sources(symbol)
        else:
            found.append(origin)
    return found


def depths(nodes_by_depth: dict[int, list[Node]]) -> dict[Layer, int]:
    """A layer lies where its deepest call does."""
    found: dict[Layer, int] = {}
    for depth, nodes in nodes_by_depth.items():
        for node in nodes:
            found[node.outbound_layer] = max(depth, found.get(node.outbound_layer, 0))
    return found
