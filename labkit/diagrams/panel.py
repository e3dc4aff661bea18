"""The parameter panel of a page: from a state that JavaScript keeps to pictures, sentences, fixes.

A state is {"layer": name, "settings": {parameter: Python text}, "inputs": [[None, 6, 6, 1], …],
"training": bool, "masked": [time steps that a mask hides]}. Texts are parsed, never run: a link
that somebody sent can hold any text.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import typing
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from .. import activations, constraints, initializers, layers, regularizers
from ..errors import explain
from ..layer import Layer
from ..layers.cudnn_recurrent import CuDNNRNN
from ..layers.recurrent.layers import CellLayer
from ..run import layers_within
from ..signatures import parameters
from ..utils.generic_utils import public_objects
from . import cells, connectivity
from .cost import cost
from .dependencies import Dependencies, dependencies
from .example import sketch, undisturbed
from .examples import EXAMPLES
from .gates import gate_view
from .shapes import diagram_of
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
NAMED = {
    "activation": activations,
    "initializer": initializers,
    "init": initializers,  # as Keras 1 called it
    "regularizer": regularizers,
    "constraint": constraints,
}
PHASED = (
    layers.Dropout,
    layers.GaussianNoise,
    layers.GaussianDropout,
    layers.AlphaDropout,
    layers.BatchNormalization,
)
# What changes no shape and no link waits under “更多参数”.
QUIET = ("initializer", "init", "regularizer", "constraint")
SEARCH = 250  # settings that are tried in search of a legal one
LONGEST = 300  # a setting's text; a longer one could be nested too deeply to be parsed


# --- controls ---


@cache
def controls(cls) -> list[dict[str, Any]]:
    """A control for every parameter: its kind and choices follow from its type."""
    hints = typing.get_type_hints(cls.__init__)
    found = []
    for name, parameter in parameters(cls).items():
        kind, choices = kind_of(name, hints.get(name))
        if kind:
            default = "" if parameter.default is parameter.empty else text_of(parameter.default)
            found.append(
                {
                    "name": name,
                    "kind": kind,
                    "choices": choices,
                    "default": default,
                    "more": name.endswith(QUIET),
                }
            )
    return found


def kind_of(name: str, hint) -> tuple[str, list[str]]:
    """("choice" | "bool" | "int" | "text", choices as Python text); '' for what cannot be typed."""
    options = [hint, *typing.get_args(hint)]
    literals = [o for o in options if typing.get_origin(o) is typing.Literal]
    if literals:
        values = list(typing.get_args(literals[0]))
        values += [None] if type(None) in options else []
        return "choice", [text_of(value) for value in values]
    module = next((m for end, m in NAMED.items() if name.endswith(end)), None)
    if module is not None:
        public = sorted(n for n, f in public_objects(vars(module)).items() if n.islower())
        names = [n for n in public if usable(module, n)]
        return "choice", [*([] if module is initializers else ["None"]), *map(text_of, names)]
    if bool in options:
        return "bool", ["False", "True"]
    if options == [int]:
        return "int", []
    if name in {"function", "mask", "arguments", "weights", "input_tensor", "output_shape"}:
        return "", []
    return "text", []


def usable(module, name: str) -> bool:
    """Whether the name alone is enough, as in activation="relu"."""
    try:
        return callable(module.get(name))
    except (TypeError, ValueError):
        return False


def text_of(value) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


# --- a state as a layer ---


def parsed(text: str) -> Any:
    """A number, text, tuple or layer out of Python text: Conv2D(8, (3, 3)) and the like, only."""
    try:
        if len(text) > LONGEST or "\0" in text:
            raise SyntaxError(text)
        return evaluated(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError as error:
        shown = repr(text if len(text) <= 60 else text[:60] + "…")
        raise ValueError(
            explain(
                "参数的写法",
                shown,
                "写成 Python 的数、字符串、元组、True、False、None，或一个层，例如 LSTM(3)",
                "3、(3, 5)、'same'",
            )
        ) from error


def evaluated(node: ast.expr) -> Any:
    """SyntaxError for what may not be written; the errors of a layer's own constructor as such."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        cls, names = layer_type(node.func.id), [k.arg for k in node.keywords]
        if cls is None or None in names:
            raise SyntaxError(node.func.id)
        arguments = [evaluated(argument) for argument in node.args]
        return cls(*arguments, **{str(k.arg): evaluated(k.value) for k in node.keywords})
    if isinstance(node, ast.List | ast.Tuple):
        return (list if isinstance(node, ast.List) else tuple)(map(evaluated, node.elts))
    try:
        return ast.literal_eval(node)
    except (TypeError, ValueError) as error:
        raise SyntaxError(str(error)) from error


def layer_type(name: str) -> type[Layer] | None:
    cls = getattr(layers, name) if name in layers.__all__ else None
    return cls if inspect.isclass(cls) and issubclass(cls, Layer) else None


def layer_of(state: dict) -> Layer:
    cls = layer_type(state["layer"])
    if cls is None:
        raise ValueError(
            explain("层", repr(state["layer"]), "是 labkit.layers 里的一个层", "Dense")
        )
    return cls(**{name: parsed(text) for name, text in state["settings"].items()})


def input_of(state: dict):
    shapes = [tuple(shape) for shape in state["inputs"]]
    return shapes if len(shapes) > 1 or takes_list(state["layer"]) else shapes[0]


def takes_list(name: str) -> bool:
    """Merge layers take a list of inputs."""
    return getattr(layers, name).__module__.endswith(".merge")


def state_of(call: str, inputs) -> dict:
    """The state that a page starts from: Conv2D(8, 3) and an input shape or a list of them."""
    node = ast.parse(call.strip(), mode="eval").body
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        raise ValueError(explain("形状图", call, "写成一个层", "Dense(4)"))
    names = list(parameters(getattr(layers, node.func.id)))
    given = {
        **dict(zip(names, map(ast.unparse, node.args), strict=False)),
        **{k.arg: ast.unparse(k.value) for k in node.keywords if k.arg},
    }
    settings = {name: normalized(text) for name, text in given.items()}
    shapes = inputs if isinstance(inputs, list) else [inputs]
    return {
        "layer": node.func.id,
        "settings": settings,
        "inputs": [list(shape) for shape in shapes],
        "training": False,
        "masked": [],
    }


def normalized(text: str) -> str:
    """Strings in double quotes, as the pages write them; a layer stays as it is."""
    try:
        return text_of(ast.literal_eval(text))
    except ValueError:
        return text


def code_of(state: dict, outputs: int = 1) -> str:
    """labkit code that builds the layer of a state and calls it; `outputs`: how many it has."""
    defaults = {c["name"]: c["default"] for c in controls(getattr(layers, state["layer"]))}
    given = {n: t for n, t in state["settings"].items() if t != defaults.get(n)}
    names = {state["layer"]} | {
        node.func.id
        for text in given.values()
        for node in ast.walk(ast.parse(text, mode="eval"))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    shapes = [tuple(shape) for shape in state["inputs"]]
    several = len(shapes) > 1 or takes_list(state["layer"])
    entries = [
        f"Input({shape[1:]})" if shape[0] is None else f"Input(batch_shape={shape})"
        for shape in shapes
    ]
    arguments = ", ".join(f"{name}={text}" for name, text in given.items())
    return "\n".join(
        [
            f"from labkit.layers import {', '.join(['Input', *sorted(names)])}",
            "",
            f"x = [{', '.join(entries)}]" if several else f"x = {entries[0]}",
            f"layer = {state['layer']}({arguments})",
            "y = layer(x)",
            "print(y.shape, layer.count_params())"
            if outputs == 1
            else "print([part.shape for part in y], layer.count_params())",
        ]
    )


# --- views ---


def views_of(layer: Layer) -> list[str]:
    """The views that a layer has, in the order of the tabs."""
    found = ["shape", "dependency", "steps"]
    inside = getattr(layer, "forward_layer", layer)
    found += ["unrolled"] if isinstance(inside, layers.RNN | CuDNNRNN) else []
    found += ["gates"] if isinstance(layer, CellLayer | CuDNNRNN) else []
    found += ["connectivity"] if type(layer).__name__ in connectivity.NAMES else []
    return found


def depends_on_phase(layer: Layer) -> bool:
    """Whether training computes something else: noise, dropout, statistics of the batch."""
    return any(
        isinstance(part, PHASED)
        or getattr(part, "dropout", 0)
        or getattr(part, "recurrent_dropout", 0)
        for part in layers_within(layer)
    )


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
        "phases": depends_on_phase(layer),
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
        return {"svg": cells.drawn(about), "data": linked(about), "notes": about.notes}
    walk = from_dependencies(
        about, len(about.inputs) > 1 or takes_list(state["layer"]), training, 0
    )
    return {
        "svg": drawn_steps(walk),
        "data": {**linked(about), **numbers(walk)},
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
        "letters": [cells.letter_of(int(g)) for g in about.groups] if about.weights else [],
        "first": cells.example_output(about),
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


# --- ways out of an impossible setting ---


def fixes(state: dict, changed: str = "", wanted: int = 2) -> list[dict[str, Any]]:
    """The nearest states that work, each with a sentence; at most one for every part changed."""
    found: list[dict[str, Any]] = []
    with undisturbed():
        for tried, (part, label, other) in enumerate(neighbours(state, changed)):
            if tried > (SEARCH // 4 if found else SEARCH) or len(found) == wanted:
                break
            if part not in {fix["part"] for fix in found} and works(other):
                found.append({"part": part, "label": label, "state": other})
    return found


def works(state: dict) -> bool:
    try:
        _, _, outputs = sketch(layer_of(state), input_of(state))
    except Exception:  # noqa: BLE001  any refusal means that it does not work
        return False
    return all(n is None or n > 0 for shape in outputs for n in shape)


def neighbours(state: dict, changed: str) -> Iterator[tuple[str, str, dict]]:
    """(part, sentence, state) near a state: what was changed last first, small changes first."""
    own = {c["name"]: c for c in controls(getattr(layers, state["layer"]))}
    names = sorted(own, key=lambda name: (name != changed, own[name]["more"]))
    generators: list[Iterator] = [around(state, own[name]) for name in names]
    generators.insert(0 if changed == "input" else 1, around_input(state))
    changed_last = generators[0]
    yield from without_unknown(state, own)
    # A few of each in turn: the best of the second may be nearer than the last of the first.
    while generators:
        for generator in list(generators):
            for _ in range(24 if generator is changed_last else 6):
                try:
                    yield next(generator)
                except StopIteration:
                    generators.remove(generator)
                    break


def without_unknown(state: dict, own: dict) -> Iterator[tuple[str, str, dict]]:
    """A link may hold parameters that the layer does not have."""
    for name in state["settings"].keys() - own.keys():
        settings = {k: v for k, v in state["settings"].items() if k != name}
        yield name, f"去掉 {name}", {**state, "settings": settings}


def around(state: dict, control: dict) -> Iterator[tuple[str, str, dict]]:
    name, default = control["name"], control["default"]
    current = state["settings"].get(name, default)
    usual = state_of(*EXAMPLES[state["layer"]])["settings"] if state["layer"] in EXAMPLES else {}
    last = default or usual.get(name, "3")
    for text in [*numbers_near(current), *control["choices"], last]:
        if text != current:
            settings = {**state["settings"], name: text}
            yield name, f"改成 {name}={text}", {**state, "settings": settings}


def numbers_near(text: str) -> list[str]:
    """Integers and tuples of them near the given one, nearest first."""
    try:
        value = ast.literal_eval(text[:LONGEST])
    except (SyntaxError, TypeError, ValueError):
        return []
    if isinstance(value, bool) or not isinstance(value, int | float | tuple):
        return []
    if isinstance(value, float):
        return ["0.5", "0.0", str(abs(value))]
    steps = [sign * step for step in range(1, 9) for sign in (-1, 1)]
    if isinstance(value, int):
        near = [value + step for step in steps]
        return [str(n) for n in near if n > 0] + ([str(-value)] if value < 0 else [])
    if not all(isinstance(n, int) for n in value):
        return []
    one = [(*value[:i], n + s, *value[i + 1 :]) for s in steps for i, n in enumerate(value)]
    lengths = [value[:1] * n for n in (1, 2, 3) if n != len(value)] if value else []
    return [repr(v) for v in [*one, *lengths] if min(v) >= 0]


def around_input(state: dict) -> Iterator[tuple[str, str, dict]]:
    """Longer and shorter axes, equal inputs, another number of axes."""

    def changed(shapes):
        text = "、".join(str(tuple(shape)) for shape in shapes)
        return "input", f"输入改成 {text}", {**state, "inputs": [list(s) for s in shapes]}

    shapes = state["inputs"]
    if len(shapes) > 1:
        yield changed([shapes[0]] * len(shapes))
    if takes_list(state["layer"]):
        yield changed([shapes[0]] * 2)
    if any(None in shape[1:] for shape in shapes):
        yield changed([[shape[0], *(n or 5 for n in shape[1:])] for shape in shapes])
    for step in range(1, 13):
        for sign in (1, -1):
            for axis in range(1, len(shapes[0])):
                moved = [list(shape) for shape in shapes]
                n = moved[0][axis]
                new = (n or 5) + sign * step if n or (step, sign) == (1, 1) else 0
                if new > 0:
                    moved[0][axis] = new
                    yield changed(moved)
        if step == 2:
            for rank in (5, 4, 3, 2):
                if rank != len(shapes[0]):
                    yield changed([([None, 6, 6, 6][: rank - 1] + [2]) for _ in shapes])
        if step > 2:  # all space axes together
            grown = [
                [n if i in (0, len(s) - 1) else (n or 5) + step for i, n in enumerate(s)]
                for s in shapes
            ]
            yield changed(grown)


def ranges(state: dict) -> dict[str, list[int | None]]:
    """The legal numbers around each int parameter, all else unchanged: [least, most or None]."""
    found = {}
    with undisturbed():
        for control in controls(getattr(layers, state["layer"])):
            current = state["settings"].get(control["name"], control["default"])
            if control["kind"] != "int" or not re.fullmatch("-?[0-9]{1,9}", current):
                continue

            def legal(n: int, name=control["name"]) -> bool:
                return works({**state, "settings": {**state["settings"], name: str(n)}})

            found[control["name"]] = [bound(legal, int(current), -1), bound(legal, int(current), 1)]
    return found


def bound(legal: Callable[[int], bool], start: int, step: int) -> int | None:
    """The last legal number in a direction; None if there are many."""
    n = start
    while abs(n - start) < 8 and legal(n + step):
        n += step
    return None if abs(n - start) == 8 else n
