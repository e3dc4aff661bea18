"""Every public name of Keras 2.2.5 is there, with its members and its parameters in their order."""

import importlib
import inspect
import json
from pathlib import Path

import pytest

from labkit import layers

API = json.loads((Path(__file__).parent / "golden" / "api.json").read_text())
NAMES = [(module, name) for module, names in API.items() for name in names]
# Keras' own signatures hide behind decorators; its documented parameters are the ones below.
HIDDEN = ("(*args, **kwargs)", "(*args)")


#: Defaults that are words of messages: labkit's messages are in Chinese.
WORDS = {"printable_module_name"}
#: Keras' graph nodes are made by the engine alone, and labkit's engine is another.
INTERNAL = {"Node"}


def parameters(signature):
    """The names of parameters, from an object or from Keras' text."""
    if isinstance(signature, str):
        # `lambda` of the same signature: Python itself reads the text.
        signature = inspect.signature(eval(f"lambda {signature[1:-1]}: None", {}))
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [(p.name, p.default) for p in signature.parameters.values() if p.kind not in kinds]


def test_the_whole_public_surface_is_here():
    missing = [
        f"{module}.{name}"
        for module, name in NAMES
        if not hasattr(importlib.import_module(f"labkit.{module}"), name)
    ]
    assert not missing


def test_layers_offer_these_names_alone():
    """`__all__` is made of the imports: one that only serves the module would show here."""
    assert layers.__all__ == sorted(API["layers"])


@pytest.mark.parametrize(("module", "name"), NAMES, ids=lambda value: value)
def test_members_and_parameters(module, name):
    ours = getattr(importlib.import_module(f"labkit.{module}"), name)
    wanted = API[module][name]
    shown = ours() if name == "CallbackList" else ours  # its hooks are made when asked for
    missing = [m for m in wanted["members"] if not hasattr(shown, m) and m != "built"]
    assert not missing
    text = wanted["signature"]
    if not text or text in HIDDEN or not callable(ours) or name in INTERNAL:
        return
    mine = parameters(inspect.signature(ours))
    names = [n for n, _ in mine]
    keras = [n for n, _ in parameters(text)]
    # What Keras takes comes in the same order; labkit may take more after it.
    assert [n for n in names if n in keras] == keras
    assert names[: len(keras)] == keras
    plain = (int, float, str, bool, tuple, type(None))
    for (parameter, default), (_, expected) in zip(mine, parameters(text), strict=False):
        if isinstance(expected, plain) and parameter not in WORDS:
            assert default == expected, parameter
