"""The functions that a panel offers for Lambda: a state names one of them, it brings none."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .. import backend as K

#: By the text that stands in the code of a state, as `ast.unparse` writes it.
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "lambda x: x ** 2": lambda x: x**2,
    "lambda x: K.abs(x)": lambda x: K.abs(x),
    "lambda x: 2 * x + 1": lambda x: 2 * x + 1,
    "lambda x: x - K.mean(x, axis=-1, keepdims=True)": (
        lambda x: x - K.mean(x, axis=-1, keepdims=True)
    ),
    "lambda x: K.cumsum(x, axis=-1)": lambda x: K.cumsum(x, axis=-1),
    "lambda x: K.reverse(x, axes=-1)": lambda x: K.reverse(x, axes=-1),
    "lambda x: x[..., :K.int_shape(x)[-1] // 2]": lambda x: x[..., : K.int_shape(x)[-1] // 2],
    "lambda x: K.sum(x, axis=-1, keepdims=True)": lambda x: K.sum(x, axis=-1, keepdims=True),
}


def needs_backend(text: str) -> bool:
    """Whether the code of a function uses K."""
    return any(isinstance(node, ast.Name) and node.id == "K" for node in ast.walk(ast.parse(text)))
