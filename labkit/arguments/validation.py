"""Checks that layers share; each raises before anything is changed."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import ParamSpec, get_args

import numpy as np

from ..errors import explain, nearest
from ..manner import refuse

P = ParamSpec("P")


def is_integer(n) -> bool:
    """A Python or NumPy integer; bool does not count."""
    return isinstance(n, int | np.integer) and not isinstance(n, bool)


def positive(where: str, name: str, n) -> int:
    """n as a positive int, or ValueError."""
    if isinstance(n, float) and n.is_integer():
        n = int(n)
    if not is_integer(n) or n < 1:
        raise ValueError(
            explain(where, f"{name}={n!r}", f"{name} 是正整数", f"{name}={nearest_length(n)}")
        )
    return int(n)


def nearest_length(n) -> int:
    """The positive integer next to a number; 1 where there is none."""
    return max(1, round(n)) if isinstance(n, int | float) and np.isfinite(float_of(n)) else 1


def float_of(n: int | float) -> float:
    """A number as a float; infinite where it is too large."""
    try:
        return float(n)
    except OverflowError:
        return np.inf


def count(where: str, name: str, n) -> int:
    """How many units, filters or copies: n as a positive int, or ValueError.

    Keras also took 0, and gave an axis without elements.
    """
    try:
        return positive(where, name, n)
    except ValueError as error:
        if not is_integer(n) or n != 0:
            raise
        refuse(error)
        return 0


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


def shape(where: str, name: str, value, zero: bool = False) -> tuple[int | None, ...]:
    """A tuple of positive integers (or zeros too), None for a length that is not known."""
    suggestion = f"{name}=({value},)" if is_integer(value) else f"{name}=(28, 28, 1)"
    rule = f"{name} 是元组，每一项是正整数，未知的长度写 None"
    if not isinstance(value, list | tuple):
        raise TypeError(explain(where, f"{name}={value!r}", rule, suggestion))
    if not all(n is None or is_integer(n) and n >= 1 - zero for n in value):
        numbers = all(n is None or isinstance(n, int | float) for n in value)
        closest = tuple(nearest_length(n) if isinstance(n, int | float) else None for n in value)
        error = ValueError(explain(where, f"{name}={value!r}", rule, f"{name}={closest}"))
        if not numbers or not all(n is None or n >= 0 and float_of(n) % 1 == 0 for n in value):
            raise error
        refuse(error)
    return tuple(n if n is None else int(n) for n in value)


def known_channels(where: str, input_shape, channels) -> None:
    """ValueError where the channel axis of an input is not known."""
    if channels is None:
        raise ValueError(
            explain(
                where,
                f"形状 {tuple(input_shape)} 的输入",
                "通道轴的长度必须已知，核的形状由它决定",
                "在 Input 的 shape 里写出通道数",
            )
        )


def number(where: str, name: str, value, low: float, high: float) -> float:
    """A number from low to high, or ValueError. Keras took any number."""
    fits = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not fits or not low <= value <= high:
        rule = f"{name} 是数，{low:g} ≤ {name}" + ("" if high == np.inf else f" ≤ {high:g}")
        closest = min(max(value, low), high) if fits and value == value else (low + 1) / 2
        error = ValueError(explain(where, f"{name}={value!r}", rule, f"{name}={closest:g}"))
        if not fits:
            raise error
        refuse(error)
    return float(value)


def finite(where: str, name: str, value) -> float:
    """value as a float, or ValueError where it is not a finite number."""
    fits = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not fits or not np.isfinite(value):
        raise ValueError(explain(where, f"{name}={value!r}", f"{name} 是有限的数", f"{name}=1.0"))
    return float(value)


def random_shape(where: str, noise_shape, input_shape) -> tuple[int, ...]:
    """The shape of random numbers for an input: None takes the input's length on that axis."""
    if noise_shape is None:
        return tuple(input_shape)
    noise = tuple(noise_shape)
    if len(noise) != len(input_shape) or any(
        n not in {None, 1, m} and m for n, m in zip(noise, input_shape, strict=True)
    ):
        raise ValueError(
            explain(
                where,
                f"noise_shape={noise}，输入形状 {tuple(input_shape)}",
                "noise_shape 与输入维数相同（含 batch 轴），每一项是 1、None 或该轴的长度",
                f"noise_shape={(None,) * len(input_shape)}，要共用的轴写 1",
            )
        )
    return tuple(n or m for n, m in zip(noise, input_shape, strict=True))


def rate(where: str, name: str, value, cut: bool = True) -> float:
    """A share from 0 to 1, with a warning where it is not one.

    Keras cuts numbers beyond to the ends, or keeps them (`cut`), and then drops nothing.
    """
    if not isinstance(value, int | float | np.number) or isinstance(value, bool) or value != value:
        raise ValueError(
            explain(where, f"{name}={value!r}", f"{name} 是 0 到 1 之间的数", f"{name}=0.5")
        )
    end = float(min(1.0, max(0.0, value)))
    if end != value:
        effect = f"超出的截到 {end:g}" if cut else "超出时不起作用"
        rule = f"{name} 是 0 到 1 之间的数，{effect}（Keras 也这样）"
        warnings.warn(explain(where, f"{name}={value!r}", rule, f"{name}=0.5"), stacklevel=4)
    return end if cut else float(value)


def array(where: str, value) -> np.ndarray:
    """value as an array, or ValueError for rows of different lengths."""
    try:
        return np.asarray(value)
    except ValueError as error:
        lengths = "、".join(str(len(row)) for row in value if hasattr(row, "__len__"))
        raise ValueError(
            explain(
                where,
                f"长短不一的嵌套列表（各项的长度：{lengths}）",
                "数组的每一行一样长",
                "在短的行末尾补 0，补到同样的长度",
            )
        ) from error


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
