"""A layer and its inputs as a page keeps them: texts that can be written into a link.

A state is {"layer": name, "settings": {parameter: Python text}, "inputs": [[None, 6, 6, 1], …],
"training": bool, "masked": [time steps that a mask hides]}. Texts are parsed, never run: a link
that somebody sent can hold any text.
"""

from __future__ import annotations

import ast
import inspect
from typing import Any

from .. import layers
from ..arguments.signatures import parameters
from ..engine.base_layer import Layer
from ..errors import explain
from ..layers.merge import Merge
from .controls import controls, text_of
from .examples import EXAMPLES
from .functions import FUNCTIONS, needs_backend

# Of a setting's text. What is nested more deeply could end the browser's Python: it has a small
# stack, and Python's parser recurses.
LONGEST = 300
BRACKETS = 40


def parsed(text: str) -> Any:
    """A number, text, tuple or layer out of Python text: Conv2D(8, (3, 3)) and the like, only."""
    if text in FUNCTIONS:
        return FUNCTIONS[text]
    try:
        return evaluated(ast.parse(bounded(text), mode="eval").body)
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


def bounded(text: str) -> str:
    """The text, where it can be parsed without danger; else SyntaxError."""
    if len(text) > LONGEST or "\0" in text or sum(map(text.count, "([{")) > BRACKETS:
        raise SyntaxError(text)
    return text.strip()


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
    return issubclass(getattr(layers, name), Merge)


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


def example(name: str) -> dict:
    """The example of a layer as a state."""
    return state_of(*EXAMPLES[name])


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
    backend = any(text in FUNCTIONS and needs_backend(text) for text in given.values())
    return "\n".join(
        [
            *(["from labkit import backend as K"] if backend else []),
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
