"""What signatures say of a layer: parameters, call's arguments, config, automatic name."""

from __future__ import annotations

import inspect
import re
import typing
from functools import cache
from typing import Any

import numpy as np

from ..errors import explain
from ..utils.generic_utils import signature_of, to_list
from ..utils.ownership import is_own
from .meanings import SHARED
from .spellings import modernize


class LayerType(type):
    """Calls the class; arguments that its signature refuses are explained in Chinese."""

    @property
    def __doc__(cls) -> str | None:  # type: ignore[override]
        # help() shows what every parameter means; a subclass need not repeat its base's.
        return document(cls)

    @property
    def __signature__(cls) -> inspect.Signature:
        # Otherwise help() and inspect would show this class's own __call__.
        own = inspect.signature(cls.__init__)
        return own.replace(parameters=list(own.parameters.values())[1:])

    def __call__(cls, *args, **kwargs):
        args, kwargs = modernize(constructor(cls), args, kwargs)
        signature = signature_of(cls)
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            inputs = any(hasattr(x, "shape") for a in args for x in to_list(a, allow_tuple=True))
            call = f"{cls.__name__}(…)(输入)：先建层，再把输入交给它"
            raise TypeError(
                explain(
                    cls.__name__,
                    f"位置参数 {len(args)} 个，关键字参数 {list(kwargs)}",
                    f"参数是 {cls.__name__}{bare(signature)}",
                    call if inputs else "按上面的签名写参数",
                )
            ) from error
        return super().__call__(*args, **kwargs)


SECTION = re.compile(r"^参数：\n((?: {4}.*\n?)+)", re.MULTILINE)


@cache
def document(cls) -> str | None:
    """The class's docstring with all its parameters, in the order of the signature."""
    text = written(cls)
    if not text:
        return None
    known = meanings(cls)
    own = [f"    {name}：{known[name]}\n" for name in parameters(cls) if name in known]
    listed = "".join(["参数：\n", *own]) if own else ""
    if SECTION.search(text):
        return SECTION.sub(lambda _: listed, text)
    return f"{text}\n\n{listed}" if listed else text


def written(cls) -> str:
    """The docstring in the class's source, without the indentation, which Python 3.13 drops."""
    return inspect.cleandoc(vars(cls).get("__doc__") or "")


def meanings(cls) -> dict[str, str]:
    """What parameters mean, by name: as the layer says, else all layers together, else its cell.

    A docstring explains under 参数： only what is new; a base's and the shared meanings are added.
    """
    cell = getattr(cls, "_cell_class", None)  # a layer over a cell takes the cell's parameters
    return {**(explained(cell) if cell else {}), **SHARED, **explained(cls)}


def explained(cls) -> dict[str, str]:
    """What the docstrings of a class and of its bases say under 参数：."""
    found = {}
    for base in reversed(cls.__mro__):
        for section in SECTION.findall(written(base)):
            entries = re.split(r"^ {4}(\w+)：", section, flags=re.MULTILINE)[1:]
            found |= dict(zip(entries[::2], map(str.strip, entries[1::2]), strict=True))
    return found


@cache
def constructor(cls) -> str:
    """The name of the labkit layer whose __init__ a class has; '' for an __init__ of its own."""
    for base in cls.__mro__:
        if base.__init__ is not cls.__init__:
            break
        if is_own(base):
            return base.__name__
    return ""


@cache
def call_arguments(cls) -> tuple[str, ...]:
    """The names that a class's call takes besides its inputs; '**' when it takes any."""
    names = list(inspect.signature(cls.call).parameters.values())[2:]
    return tuple("**" if p.kind is p.VAR_KEYWORD else p.name for p in names)


@cache
def parameters(cls) -> dict[str, inspect.Parameter]:
    """The parameters of a layer class: its own, and those that a reader's class passes on.

    The __init__ of labkit's own layers lists all that they take.
    """
    found: dict[str, inspect.Parameter] = {}
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        own = list(inspect.signature(base.__init__).parameters.values())[1:]
        found |= {
            p.name: p for p in own if p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in found
        }
        if is_own(base) or not any(p.kind is p.VAR_KEYWORD for p in own):
            break
    return found


def types_of(cls) -> dict[str, Any]:
    """The types of a class's parameters.

    Of the function inside all decorators: the `wraps` of Python 3.14, which readers' browsers have,
    does not copy annotations that were set by hand.
    """
    return typing.get_type_hints(inspect.unwrap(cls.__init__))


def plain(value):
    """A value as in a config: numbers, strings, tuples, {class_name, config} for objects."""
    if isinstance(value, list | tuple):
        return type(value)(plain(v) for v in value)
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    return value.__name__ if callable(value) else value


def bare(signature: inspect.Signature) -> str:
    """A signature without its types."""
    empty = inspect.Parameter.empty
    plain_parameters = [p.replace(annotation=empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=plain_parameters))


def snake_case(name: str) -> str:
    """MaxPooling2D → max_pooling2d, LSTM → lstm: the prefix of automatic names, as in Keras."""
    words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
    return words if not words.startswith("_") else "private" + words
