"""What a reader can set of a layer: a control for every parameter, made from its signature."""

from __future__ import annotations

import json
import typing
from functools import cache
from typing import Any

from .. import initializers
from ..arguments.signatures import parameters, types_of
from ..layers.settings import NAMED
from ..utils.generic_utils import public_objects

# What changes no shape and no link, or is seldom changed, waits under “更多参数”. By how names end.
QUIET = ("initializer", "init", "regularizer", "constraint", "bias", "dropout", "data_format")
QUIET += ("activation", "implementation", "unroll", "stateful", "momentum", "epsilon", "center")
QUIET += ("scale", "seed", "noise_shape", "input_length", "mask_zero")
# Where such a parameter is what the layer is about.
LOUD = {"Activation": ["activation"], "Dense": ["activation", "use_bias"], "Embedding": ["mask_zero"]}


@cache
def controls(cls) -> list[dict[str, Any]]:
    """A control for every parameter: its kind and choices follow from its type."""
    hints = types_of(cls)
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
                    "more": name.endswith(QUIET) and name not in LOUD.get(cls.__name__, ()),
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
