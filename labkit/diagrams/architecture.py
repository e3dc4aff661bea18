"""A model in numbers: what every call of its layers takes, gives and costs.

The picture of boxes, the bars of the graph and the page's table and facts all come from here.
"""

from __future__ import annotations

import inspect
import math
from functools import cache
from typing import Any, NamedTuple

from .. import layers
from ..arguments.signatures import parameters
from ..engine.base_layer import Layer
from ..engine.network import Network
from ..layers.core import InputLayer
from ..layers.merge import Merge
from ..layers.settings import NAMED
from .controls import controls, text_of
from .cost import multiplications, parameter_sum
from .examples import EXAMPLES
from .models import Call, calls_of, kind
from .shapes import inner_layers, settings

# Families of layers in the order of their colours (--diagram-group-N), by the modules they are in.
FAMILIES = {
    "卷积": ("convolutional", "convolutional_recurrent", "local"),
    "池化": ("pooling",),
    "循环": ("recurrent", "cudnn_recurrent"),
    "全连接": (),  # Dense, of the module core
    "嵌入": ("embeddings",),
    "合并": ("merge",),
    "归一化、正则化": ("normalization", "noise"),
    "其他": (),
}


class Row(NamedTuple):
    """One call of a layer. parameters: 0 for the second call of the same layer, which adds none."""

    call: Call
    layer: Layer
    inputs: list[tuple]
    outputs: list[tuple]
    parameters: int
    multiplications: int | None


def rows(model, prefix="") -> list[Row]:
    """Every call in the order of the data; the input layers too."""
    found = {id(c.node): c for calls in calls_of(model, prefix).values() for c in calls}
    listed, seen = [], set()
    for node in model._nodes:
        layer, arriving = node.outbound_layer, [] if node.is_source else node.input_shapes
        first = layer not in seen
        seen.add(layer)
        count = 0 if node.is_source else multiplications(layer, arriving, node.output_shapes)
        own = layer.count_params() if first and layer.built else 0
        listed.append(Row(found[id(node)], layer, arriving, node.output_shapes, own, count))
    return listed


def family(layer: Layer) -> str:
    """卷积, 池化, …; of a wrapper that of the layer inside."""
    inner = None if isinstance(layer, Network) else getattr(layer, "layer", None)
    if inner is not None:
        return family(inner)
    if isinstance(layer, layers.Dense):
        return "全连接"
    if isinstance(layer, layers.Dropout):
        return "归一化、正则化"
    known = {module: name for name, modules in FAMILIES.items() for module in modules}
    homes = [cls.__module__.split(".") for cls in type(layer).__mro__]
    names = [known.get(part) for home in homes if home[0] == "labkit" for part in home]
    return next(filter(None, names), "其他")


# --- a layer as the panel takes it ---


@cache
def names_of(parameter: str) -> list[tuple[str, Any]]:
    """What a name such as "he_normal" stands for in a config: (name as Python text, config)."""
    module = next((m for end, m in NAMED.items() if parameter.endswith(end)), None)
    if module is None or not hasattr(module, "serialize"):
        return []
    control = [c for c in controls(layers.Dense) if c["name"] == f"kernel_{parameter}"]
    choices = [text for c in control for text in c["choices"] if text != "None"]
    return [(text, module.serialize(module.get(text.strip('"')))) for text in choices]


def told(layer: Layer) -> dict[str, str]:
    """The settings that differ from the default, as Python text: also initializers by their name,
    and what a wrapper wraps where that can be written."""
    found = dict(settings(layer))
    config = {} if isinstance(layer, Network) else layer.get_config()
    plain: dict[str, Any] = {n: p.default for n, p in parameters(type(layer)).items()}
    for name, value in config.items():
        if not isinstance(value, dict) or "class_name" not in value or name not in plain:
            continue
        ending = name.rpartition("_")[2]
        same = [text for text, one in names_of(ending) if one == value]
        if text_of(plain[name]) not in same:
            inside = ", ".join(f"{k}={v!r}" for k, v in value["config"].items() if v is not None)
            found[name] = same[0] if same else f"{value['class_name']}({inside})"
    if "layer" in plain and (inner := inner_layers(layer)):
        found["layer"] = written(inner[0]) or type(inner[0]).__name__
    return found


def written(layer: Layer) -> str | None:
    """The layer as text that the panel reads; None where it cannot be written."""
    if not writable(layer):
        return None
    pairs = usable(layer, told(layer)).items()
    return f"{type(layer).__name__}({', '.join(f'{n}={text}' for n, text in pairs)})"


def writable(layer: Layer) -> bool:
    """Whether the panel has the layer, and those inside."""
    name = type(layer).__name__
    if name not in EXAMPLES or getattr(layers, name) is not type(layer):
        return False
    typed = not {"cell", "function"} & parameters(type(layer)).keys()
    return typed and all(map(writable, inner_layers(layer)))


def usable(layer: Layer, given: dict[str, str]) -> dict[str, str]:
    """Of the settings, those that the panel has a control for and can read."""
    known = {c["name"]: c for c in controls(type(layer))}
    return {
        name: text
        for name, text in given.items()
        if name in known and not (known[name]["more"] and text not in known[name]["choices"])
    }


def panel_state(row: Row, given: dict[str, str]) -> dict[str, Any] | None:
    """The layer and its input shape for the panel; None where the panel has no such layer."""
    if isinstance(row.layer, InputLayer | Network) or not row.inputs or not writable(row.layer):
        return None
    several = isinstance(row.layer, Merge)
    inputs = row.inputs if several else row.inputs[:1]
    return {
        "layer": type(row.layer).__name__,
        "settings": usable(row.layer, given),
        "inputs": [list(shape) for shape in inputs],
    }


# --- the whole, as a page takes it ---


def outline(model) -> dict[str, Any]:
    """Totals, and facts for every call: JSON in which an axis of unknown length is null.

    Layers of a model inside the model follow it; their names begin with its name, and their
    numbers are part of its numbers.
    """
    listed = rows(model)
    counts = [row.multiplications for row in listed]
    return {
        "name": model.name,
        "kind": type(model).__name__,
        "layers": len([row for row in listed if not isinstance(row.layer, InputLayer)]),
        "parameters": model.count_params(),
        "frozen": sum(math.prod(w.shape) for w in model.non_trainable_weights),
        "multiplications": None if None in counts else sum(n for n in counts if n),
        "calls": list(facts_of(model)),
    }


def facts_of(model, prefix=""):
    for row in rows(model, prefix):
        layer, call = row.layer, row.call
        inside = isinstance(layer, Network)
        given = {} if inside else told(layer)
        yield {
            "key": call.name,
            "box": prefix + layer.name,
            "kind": kind(layer),
            "family": family(layer),
            "inner": bool(prefix),
            "settings": given,
            "inputs": [list(shape) for shape in row.inputs],
            "outputs": [list(shape) for shape in row.outputs],
            "parameters": row.parameters,
            "shared": call.number > 1 and bool(layer.weights),
            "sum": "" if inside or not layer.weights else parameter_sum(layer),
            "multiplications": row.multiplications,
            "panel": panel_state(row, given),
        }
        if inside and call.number < 2:
            yield from facts_of(layer, f"{prefix}{layer.name}/")


def hint(layer: Layer) -> str:
    """What one would say of the layer in two words: 3×3 /2 relu."""
    parts = []
    for name in ("kernel_size", "pool_size", "size", "rate"):
        value = getattr(layer, name, None)
        if isinstance(value, tuple):
            parts.append("×".join(map(str, value)))
        elif isinstance(value, int | float) and not inspect.ismethod(value):
            parts.append(f"{value:g}")
    strides = getattr(layer, "strides", None)
    if (
        isinstance(strides, tuple)
        and set(strides) != {1}
        and strides != getattr(layer, "pool_size", None)
    ):
        parts.append("/" + "×".join(map(str, sorted(set(strides)))))
    name = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if name != "linear" and not isinstance(layer, layers.RNN):
        parts.append(name)
    return " ".join(parts)
