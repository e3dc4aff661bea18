"""Checks that layers share; each raises before anything is changed."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, get_args

import numpy as np

from .errors import explain, nearest

P = ParamSpec("P")


def is_integer(n) -> bool:
    """A Python or NumPy integer; bool does not count."""
    return isinstance(n, int | np.integer) and not isinstance(n, bool)


def positive(where: str, name: str, n) -> int:
    """n as a positive int, or ValueError."""
    if isinstance(n, float) and n.is_integer():
        n = int(n)
    if not is_integer(n) or n < 1:
        closest = max(1, round(n)) if isinstance(n, int | float) else 1
        raise ValueError(explain(where, f"{name}={n!r}", f"{name} 是正整数", f"{name}={closest}"))
    return int(n)


def size(where: str, name: str, value, rank: int) -> tuple[int, ...]:
    """One positive integer for all spatial axes, or one each: a tuple of length rank."""
    if is_integer(value):
        value = (value,) * rank
    if not isinstance(value, list | tuple | np.ndarray) or len(value) != rank:
        raise ValueError(
            explain(
                where,
                f"{name}={value!r}",
                f"{name} 是一个正整数，或 {rank} 个正整数的元组",
                f"{name}={(2,) * rank}",
            )
        )
    return tuple(positive(where, name, n) for n in value)


def choice(where: str, name: str, value, literal) -> str:
    """value in lower case if it is one of a Literal's choices, or ValueError."""
    choices = get_args(literal)
    if not isinstance(value, str) or value.lower() not in choices:
        rule = f"{name} 只能是 {'、'.join(map(repr, choices))}"
        raise ValueError(
            explain(where, f"{name}={value!r}", rule, f"{name}={nearest(value, choices)}")
        )
    return value.lower()


def with_defaults(init: Callable[P, None], **defaults) -> Callable[P, None]:
    """The same __init__ with other defaults, for a subclass that differs in these alone."""
    signature = inspect.signature(init)

    @functools.wraps(init)
    def __init__(*args: P.args, **kwargs: P.kwargs) -> None:
        given = signature.bind_partial(*args, **kwargs).arguments
        kwargs.update({k: v for k, v in defaults.items() if k not in given})
        init(*args, **kwargs)

    __init__.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[
            p.replace(default=defaults.get(p.name, p.default))
            for p in signature.parameters.values()
        ]
    )
    return __init__
