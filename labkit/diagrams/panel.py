"""The parameter panel of a page: from a state (states.py) to pictures, sentences, ways out."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from .. import layers
from ..engine.base_layer import Layer
from ..layers.cudnn_recurrent import CuDNNRNN
from ..layers.recurrent.layers import CellLayer
from . import connectivity, grids
from .controls import controls
from .copies import sketch, undisturbed
from .cost import cost
from .dependencies import Dependencies, dependencies
from .examples import EXAMPLES
from .fixes import fixes, ranges
from .gates import gate_view
from .shapes import diagram_of
from .states import code_of, input_of, layer_of, layer_type, state_of, takes_list
from .steps import Steps, drawn_steps, from_dependencies
from .unrolled import unrolled_view

VIEWS = {
    "shape": "形状",
    "dependency": "依赖",
    "steps": "逐步",
    "unrolled": "展开",
    "gates": "门",
    "connectivity": "连接",
}


def views_of(layer: Layer) -> list[str]:
    """The views that a layer has, in the order of the tabs."""
    found = ["shape", "dependency", "steps"]
    inside = getattr(layer, "forward_layer", layer)
    found += ["unrolled"] if isinstance(inside, layers.RNN | CuDNNRNN) else []
    found += ["gates"] if isinstance(layer, CellLayer | CuDNNRNN) else []
    found += ["connectivity"] if type(layer).__name__ in connectivity.NAMES else []
    return found


def show(state: dict, view: str = "shape", changed: str = "") -> dict[str, Any]:
    """What the panel shows for a state: picture, sentences, code; or the error and ways out of it.

    `changed`: the parameter that the reader changed last, where a way out is looked for first.
    """
    try:
        with undisturbed():
            layer = layer_of(state)
            built, inputs, outputs = sketch(layer, input_of(state))
    except Exception as error:  # noqa: BLE001  whatever the layer says is shown to the reader
        ways = fixes(state, changed) if layer_type(state["layer"]) else []
        return {"error": sentence(error), "fixes": ways}
    views = views_of(layer)
    view = view if view in views else "shape"
    result: dict[str, Any] = {
        "view": view,
        "views": views,
        "outputs": [list(shape) for shape in outputs],
        "cost": cost(built, inputs, outputs),
        "code": code_of(state, len(outputs)),
        "phases": layer.uses_learning_phase,
    }
    try:
        result |= drawn(view, state, layer, (built, inputs, outputs))
    except Exception as error:  # noqa: BLE001  the layer is legal, only this picture of it is not
        result |= {"svg": diagram_of(built, inputs, outputs), "notes": [sentence(error)]}
    return result


def drawn(view: str, state: dict, layer: Layer, sketched) -> dict[str, Any]:
    if view == "shape":
        return {"svg": diagram_of(*sketched), "notes": []}
    if view == "unrolled":
        picture = unrolled_view(layer, input_of(state), state["masked"])
        return {"svg": picture, "notes": []}
    if view == "gates":
        return {"svg": gate_view(layer, input_of(state)), "notes": []}
    if view == "connectivity":
        return {"svg": connectivity.connectivity_view(), "notes": []}
    training = bool(state.get("training"))
    about = dependencies(layer, input_of(state), training)
    if view == "dependency":
        return {"svg": grids.drawn(about), "data": linked(about), "notes": about.notes}
    walk = from_dependencies(
        about, len(about.inputs) > 1 or takes_list(state["layer"]), training, 0
    )
    return {
        "svg": drawn_steps(walk),
        "data": {**linked(walk.about), **numbers(walk)},
        "notes": about.notes,
    }


def linked(about: Dependencies) -> dict[str, Any]:
    """The dependencies as JSON: for every output cell its inputs, which of them without a gradient,
    its weights, and the weight that meets each input."""
    return {
        "inputs": [[name, list(shape)] for name, shape in about.inputs],
        "outputs": [[name, list(shape)] for name, shape in about.outputs],
        "weights": [[name, list(shape)] for name, shape in about.weights],
        "links": [np.flatnonzero(row).tolist() for row in about.links],
        "weak": [np.flatnonzero(row).tolist() for row in about.links & ~about.gradient],
        "uses": [np.flatnonzero(row).tolist() for row in about.uses],
        "products": None
        if about.products is None
        else [row[row >= 0].tolist() for row in about.products],
        "letters": [grids.letter_of(int(g)) for g in about.groups] if about.weights else [],
        "first": grids.first_output(about),
    }


def numbers(walk: Steps) -> dict[str, Any]:
    """The numbers of step mode as JSON; slopes are those along links and uses."""

    def rounded(array) -> list[float]:
        return np.round(array, 6).tolist()

    about = walk.about
    return {
        "kind": walk.kind,
        "activation": walk.activation,
        "x": rounded(walk.x),
        "W": rounded(walk.W),
        "y": rounded(walk.y),
        "dy": rounded(walk.dy),
        "sums": None if walk.sums is None else rounded(walk.sums),
        "slopes": [rounded(s[links]) for s, links in zip(walk.slopes, about.links, strict=True)],
        "weightSlopes": [
            rounded(s[uses]) for s, uses in zip(walk.weight_slopes, about.uses, strict=True)
        ],
    }


def sentence(error: Exception) -> str:
    # The message itself, without what a layer's automatic name adds to it.
    return re.sub(r"^(\w+)（\w+_\d+）", r"\1", str(error)) or type(error).__name__


# --- what a page asks for ---


def start(call: str, inputs) -> dict[str, Any]:
    """What a page holds before Python is up: the state, its controls, the default's sentences."""
    state = state_of(call, inputs)
    return {
        "state": state,
        "controls": controls(getattr(layers, state["layer"])),
        "titles": VIEWS,
        "shown": {k: v for k, v in show(state).items() if k not in {"svg", "view", "notes"}},
    }


def answer(request: str) -> str:
    """The answer to a page's JavaScript, both as JSON text: an action and what it needs."""
    asked = json.loads(request)
    if asked["action"] == "start":
        return json.dumps(start(*EXAMPLES[asked["layer"]]), ensure_ascii=False)
    if asked["action"] == "ranges":
        return json.dumps(ranges(asked["state"]))
    shown = show(asked["state"], asked["view"], asked["changed"])
    return json.dumps(shown, ensure_ascii=False)
