"""The graph of a model as SVG: a box for every layer, arrows in the direction of the data."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..backend.evaluation import sources
from ..engine.base_layer import Layer
from ..engine.graph import Node, producer
from ..engine.network import Network
from ..errors import explain
from ..layers.core import InputLayer
from ..layers.wrappers import Wrapper
from . import svg
from .bars import PRODUCTS, WEIGHTS, bar, briefly
from .cost import multiplications
from .layout import Box, Edge, framed, graph, in_order, split
from .svg import Block, below, boxed

PAD = 8.0  # between the frame of a box and its text


class Style(NamedTuple):
    """What a picture shows."""

    shapes: bool
    names: bool
    down: bool
    expand: bool
    costs: bool = False


class Call(NamedTuple):
    """A node of a model: its name in the picture, which call it is (0: the only one), its role."""

    name: str
    node: Node
    number: int
    role: str


def model_diagram(
    model,
    show_shapes=True,
    show_layer_names=True,
    rankdir="TB",
    expand_nested=False,
    show_costs=False,
) -> str:
    """模型的结构图：每层一个框，写着类型、名字、形状、参数个数；箭头是数据的方向。

    共享的层是一个框，每次调用是框里的一格；后一次调用用到前一次的结果时，每次调用各一个框，
    写着第几次。图的说明（desc）依次说出每一层。

    参数：
        model：建好了的模型。
        show_shapes：写出输入与输出的形状。
        show_layer_names：写出层的名字。
        rankdir："TB" 从上到下，"LR" 从左到右。
        expand_nested：模型里的模型画成虚线框，框里是它的各层。
        show_costs：用横条画出各层的参数个数与乘加次数。
    返回：SVG 文本。
    出错：模型还没有建好，或 rankdir 不是这两个之一，抛出 ValueError。
    """
    if not getattr(model, "built", False) or not hasattr(model, "_nodes"):
        raise ValueError(
            explain(
                "plot_model",
                f"还没有建好的 {type(model).__name__}",
                "形状与连接在知道输入形状之后才有",
                "先给出 input_shape，或 model.build((None, …))",
            )
        )
    if rankdir not in {"TB", "LR"}:
        raise ValueError(
            explain("plot_model", f"rankdir={rankdir!r}", "rankdir 是 'TB' 或 'LR'", "'TB'")
        )
    style = Style(show_shapes, show_layer_names, rankdir == "TB", expand_nested, show_costs)
    block, sentences = drawn(model, style)
    whole = f"{model.name}: {facts(model)}。"
    return svg.document("model-diagram", f"{model.name} 的结构", whole + "".join(sentences), block)


def drawn(
    model, style: Style, prefix="", room=svg.WIDTH - 2 * PAD, most: tuple[int, int] | None = None
) -> tuple[Block, list[str]]:
    """The picture of a model's graph, and a sentence for every layer.

    most: the most parameters and products of one layer, which fill the room of a bar.
    """
    layers = calls_of(model, prefix)
    if style.costs and most is None:
        counts = [costs(layer, calls) for layer, calls in layers.items()]
        most = max(c[0] for c in counts), max(c[1] or 0 for c in counts)
    known = {id(call.node): call.name for calls in layers.values() for call in calls}
    edges = [edge for node in model._nodes for edge in arriving(model, node, known)]
    boxes, sentences, apart = {}, [], looped(layers, edges)
    for layer, calls in layers.items():
        key, inner = prefix + layer.name, None
        sentences.append(sentence(key, layer, calls, edges))
        if style.expand and calls and isinstance(layer, Network):
            inner, more = drawn(layer, style, f"{key}/", max(room - 2 * PAD, 160), most)
            sentences += more
        head = heading(layer, len(calls), style, room)
        if style.costs and calls:
            head = below([head, cost_bars(layer, calls, most)], 2)
        if len(calls) > 1 and layer not in apart:
            cells = {c.name: boxed(about(c, style, room / 2), pad=6, fill=colour(c)) for c in calls}
            text, ports = split(head, cells, style.down)
            block = around(text, inner, svg.WEIGHT)
            boxes[key] = Box(block, {name: at + PAD for name, at in ports.items()})
            continue
        for call in calls:
            fill = svg.WEIGHT if call.number else svg.PAPER if inner else colour(call)
            block = around(below([head, about(call, style, room)], 1), inner, fill)
            middle = (block.width if style.down else block.height) / 2
            boxes[call.name] = Box(block, {call.name: middle})
            inner = None  # the layers inside are shown once
        if not calls:
            boxes[key] = Box(boxed(below([head, written("没有用到", room)], 1), pad=PAD), {})
    return graph(boxes, edges, style.down), sentences


def calls_of(model, prefix="") -> dict[Layer, list[Call]]:
    """The calls of every layer of a model, in its order; none of a layer that it does not use."""
    nodes: dict[Layer, list[Node]] = {}
    for node in model._nodes:
        nodes.setdefault(node.outbound_layer, []).append(node)
    for layer in model.layers:  # a subclass may have layers that it does not use
        nodes.setdefault(layer, [])
    owner = f"{model.name} 的" if prefix else "模型的"
    layers: dict[Layer, list[Call]] = {}
    for layer, group in nodes.items():
        layers[layer] = [Call(prefix + layer.name, n, 0, role(model, n, owner)) for n in group]
        if len(group) > 1:
            layers[layer] = [
                call._replace(name=f"{call.name} 第 {i} 次调用", number=i)
                for i, call in enumerate(layers[layer], 1)
            ]
    return layers


def around(text: Block, inner: Block | None, fill: str) -> Block:
    return framed(text, inner, fill, PAD) if inner else boxed(text, pad=PAD, fill=fill)


def heading(layer, calls: int, style: Style, room: float) -> Block:
    """What is the same for every call: type, name, parameters."""
    lines = [written(kind(layer), room, size=13, mono=True, weight=600)]
    if style.names:
        lines.append(written(layer.name, room, fill=svg.FAINT))
    one = sum(line.width + 8 for line in lines) - 8 <= room
    top = svg.beside(lines, align=1) if one else below(lines, 1)
    return below([top, written(facts(layer, calls), room)], 1)


def costs(layer: Layer, calls: list[Call]) -> tuple[int, int | None]:
    """Parameters, and products of all calls; None where a length is unknown."""
    nodes = [call.node for call in calls if not call.node.is_source]
    counts = [multiplications(layer, node.input_shapes, node.output_shapes) for node in nodes]
    products = None if None in counts else sum(filter(None, counts))
    return layer.count_params() if layer.built else 0, products


def cost_bars(layer: Layer, calls: list[Call], most) -> Block:
    weights, products = costs(layer, calls)
    if not weights and products == 0:
        return Block("", 0, 0)
    bars = [
        bar("参数", briefly(weights), weights, most[0], WEIGHTS, 80),
        bar("乘加", briefly(products), products or 0, most[1], PRODUCTS, 80),
    ]
    return svg.beside(bars, 12)


def written(content: str, room: float, *, size=11.5, mono=False, weight=400, fill=svg.INK) -> Block:
    """A text in lines that begin below each other."""
    style = {"size": size, "mono": mono, "weight": weight, "fill": fill, "anchor": "start"}
    return below([svg.words(s, **style) for s in svg.folded(content, room, size, mono)], 1)


def about(call: Call, style: Style, room: float) -> Block:
    """What belongs to one call: its number, its shapes, its role."""
    lines = [written(f"第 {call.number} 次调用", room)] if call.number else []
    for caption, given in shapes(call.node).items() if style.shapes else ():
        line = f"{caption} {'、'.join(given)}"
        parts = [line] if svg.width_of(line, 11, True) <= room else [caption, *given]
        lines += [written(part, room, size=11, mono=True) for part in parts]
    return below([*lines, *([written(call.role, room)] if call.role else [])], 1)


def sentence(key: str, layer, calls: list[Call], edges: list[Edge]) -> str:
    parts = [f"{key}: {kind(layer)}，{facts(layer, len(calls))}"]
    for call in calls:
        said = [f"{caption} {'、'.join(given)}" for caption, given in shapes(call.node).items()]
        origins = [
            edge.source + (f"（{edge.label}）" if edge.label else "")
            for edge in edges
            if edge.target == call.name
        ]
        said += [f"来自 {'、'.join(origins)}"] if origins else []
        said += [call.role] if call.role else []
        parts.append((f"第 {call.number} 次调用：" if call.number else "") + "，".join(said))
    return "；".join(parts if calls else [*parts, "没有用到"]) + "。"


def kind(layer) -> str:
    """The type; of a wrapper also that of the layer inside."""
    name = type(layer).__name__
    return f"{name}({kind(layer.layer)})" if isinstance(layer, Wrapper) else name


def facts(layer, calls=1) -> str:
    """How large it is: layers of a model, parameters."""
    found = [f"模型 · {len(layer.layers)} 层"] if isinstance(layer, Network) else []
    if not layer.built:
        return "，".join([*found, "还没有建好"])
    count = layer.count_params()
    shared = f"，{calls} 次调用共用" if calls > 1 and count else ""
    found.append(f"{count:,} 个参数{shared}" if count else "没有参数")
    if frozen := sum(math.prod(w.shape) for w in layer.non_trainable_weights):
        found.append(f"其中 {frozen:,} 个不训练")
    return "，".join(found)


def shapes(node: Node) -> dict[str, list[str]]:
    arrived = [] if node.is_source else node.input_shapes
    given = {"输入": arrived, "输出": node.output_shapes}
    return {name: [str(tuple(s)) for s in values] for name, values in given.items() if values}


def role(model, node: Node, owner: str) -> str:
    """Which inputs and outputs of the model the node gives; an only InputLayer says so itself."""
    own = set(map(id, node.output_tensors))
    parts = []
    for name, symbols in (("输入", model.inputs), ("输出", model.outputs)):
        places = [str(i) for i, x in enumerate(symbols, 1) if id(x) in own]
        if places and len(symbols) > 1:
            parts.append(f"{owner}第 {'、'.join(places)} 个{name}")
        elif places and (name == "输出" or not isinstance(node.outbound_layer, InputLayer)):
            parts.append(owner + name)
    return "，".join(parts)


def colour(call: Call) -> str:
    layer = call.node.outbound_layer
    if isinstance(layer, InputLayer):
        return svg.DATA
    if call.role:
        return svg.RESULT
    return svg.BATCH if isinstance(layer, Network) and not call.number else svg.PAPER


def arriving(model, node: Node, names: dict[int, str]) -> list[Edge]:
    """One edge for each node that a node's values come from, also through K functions."""
    if any(x is y for x in model.inputs for y in node.output_tensors):
        return []
    found: dict[int, tuple[Node, set[int]]] = {}
    asked = sources(node.output_tensors[0])
    seen = set(map(id, asked))
    for symbol in asked:
        origin: Any = producer(symbol)
        if origin is None:
            more = [x for x in sources(symbol) if id(x) not in seen]
            seen.update(map(id, more))
            asked += more
        elif id(origin) in names:
            index = symbol._keras_history[2]  # type: ignore[index]
            found.setdefault(id(origin), (origin, set()))[1].add(index)
    direct = [id(producer(x)) for x in node.input_tensors]
    edges = []
    for origin, indices in found.values():
        label = ""
        if len(origin.output_tensors) > 1:
            label = f"输出 {'、'.join(str(i + 1) for i in sorted(indices))}"
        elif direct.count(id(origin)) > 1:
            label = f"× {direct.count(id(origin))}"
        edges.append(Edge(names[id(origin)], names[id(node)], label))
    return edges


def looped(layers: dict[Layer, list[Call]], edges: list[Edge]) -> set[Layer]:
    """Layers on a cycle if each were one box: one call uses what came from another."""
    owner = {call.name: layer.name for layer, calls in layers.items() for call in calls}
    links = [(owner[e.source], owner[e.target]) for e in edges]
    left = set(owner.values()) - set(in_order(set(owner.values()), links))
    back = [(b, a) for a, b in links if a in left and b in left]
    left -= set(in_order(left, back))
    return {layer for layer in layers if layer.name in left}
