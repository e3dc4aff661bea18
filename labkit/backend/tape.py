"""The tape: primitives record the operations that made a tensor, and the walk back over them.

A primitive takes plain arrays and returns ``(y, backward)``; ``backward(dy)`` returns one gradient
per argument (None where there is none). Called on tensors it records an operation, called on plain
arrays it does not.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..errors import explain
from ..utils.ownership import is_own
from .state import changed, state
from .tensors import Call, Operators, Symbol, Tensor, known, misfit, part, record_symbol, value


class Operation(Call):
    """One recorded call: which primitive, on what, its backward rule, the number of results.

    Without a backward rule (K.round, K.equal) it is there to be run again in another graph.
    """

    __slots__ = ("primitive", "settings", "backward", "count", "lasting")

    def __init__(self, primitive, arguments, settings, backward, count):
        self.primitive = primitive
        self.arguments = arguments
        self.settings = settings
        self.backward = backward
        self.count = count
        #: Made outside of any run, as in `build`: a run that uses its results makes them anew.
        self.lasting = state.run is None


def taping(on: bool):
    """Inside, primitives on tensors return tensors, or plain arrays where `on` is False."""
    return changed(recording=on)


def untaped():
    """Inside, primitives return plain arrays, also for variables: inference pays nothing."""
    return taping(False)


def on_tensors(function: Callable) -> Callable:
    """A reader's own function, given tensors for arrays and run on the tape, whatever is around it.

    `y *= w` then makes a new tensor, as in Keras. Where nothing is recorded it returns arrays.
    """

    def wrapped(x):
        if isinstance(x, list | tuple):
            return type(x)(map(wrapped, x)) if type(x) in {list, tuple} else x
        return Tensor(x) if isinstance(x, np.ndarray) else x

    @wraps(function)
    def call(*arguments, **settings):
        recording = state.recording
        with taping(True):
            y = function(
                *map(wrapped, arguments), **{name: wrapped(x) for name, x in settings.items()}
            )
        if recording:
            return y
        return type(y)(map(value, y)) if type(y) in {list, tuple} else value(y)

    return call


def for_reader(function: Callable) -> Callable:
    """labkit's own function as it is; a reader's own, a regularizer or so, on tensors."""
    return function if is_own(function) else on_tensors(function)


def quiet() -> np.errstate:
    """As in TensorFlow, overflow gives inf and 0/0 gives NaN without a warning.

    Training refuses such a loss.
    """
    return np.errstate(all="ignore")


def primitive(forward: Callable) -> Callable:
    """Let ``forward(*arrays, **settings) -> (y, backward)`` take arrays, tensors and symbols."""

    signature = inspect.signature(forward)

    @wraps(forward)
    def call(*arguments, **settings):
        if any(isinstance(setting, Operators) for setting in settings.values()):
            bound = signature.bind(*arguments, **settings)  # K.dot(x=a, y=b)
            arguments, settings = bound.args, bound.kwargs
        if state.run is not None:
            arguments = tuple(map(present, arguments))
        if any(isinstance(argument, Symbol) for argument in arguments):
            arguments = tuple(map(known, arguments))
            if any(isinstance(argument, Symbol) for argument in arguments):
                return record_symbol(call, arguments, settings)
        try:
            with quiet():
                y, backward = forward(*[value(argument) for argument in arguments], **settings)
        except (ValueError, IndexError) as error:
            raise misfit(call, arguments, error) from error
        if not state.recording or not any(isinstance(argument, Tensor) for argument in arguments):
            return y
        several = isinstance(y, tuple)
        operation = Operation(call, arguments, settings, backward, len(y) if several else 1)
        if not several:
            return Tensor(y, operation)
        return [Tensor(part, operation, i) for i, part in enumerate(y)]

    call.is_primitive = True  # type: ignore[attr-defined]
    return call


def present(x):
    """What a tensor that was computed outside of any run is in this one; anything else as it is.

    `self.kernel_i = self.kernel[:, :units]`, written in `build`, follows the weight so.
    """
    if not isinstance(x, Tensor) or x.operation is None or not x.operation.lasting:
        return x
    given = state.run.given.get((id(x.operation), x.index))
    return replay(x, state.run.replayed) if given is None else given


def replay(tensor: Tensor, results: dict):
    """A tensor that was computed before, from what the variables hold now.

    `results` holds what the operations gave, under their id and whether it was on the tape.
    """

    def now(a):
        if isinstance(a, Tensor) and a.operation is not None:
            return part(results[id(a.operation), state.recording][0], a.index)
        return a

    for made in operations_before(tensor.operation):
        if (id(made), state.recording) not in results:
            y = made.primitive(*map(now, made.arguments), **made.settings)
            results[id(made), state.recording] = y, made  # which must not be freed before
    return now(tensor)


def operations_before(last: Operation | None, differentiable=False) -> list[Operation]:
    """All that lead to `last`, each after those it uses (iterative: chains may be long).

    With `differentiable`, only those that a gradient passes.
    """
    order: list[Operation] = []
    seen: set[int] = set()
    stack: list[tuple[Operation, bool]] = [(last, False)] if last else []
    while stack:
        operation, expanded = stack.pop()
        if differentiable and operation.backward is None:
            continue
        if expanded:
            order.append(operation)
        elif id(operation) not in seen:
            seen.add(id(operation))
            stack.append((operation, True))
            used = [a.operation for a in operation.arguments if isinstance(a, Tensor)]
            stack += [(made, False) for made in used if made]
    return order


def walk_back(loss: Tensor, wanted: Sequence) -> list:
    """The gradient of `loss` by each tensor, as arrays; None for those that it does not use."""

    def key(tensor):
        return id(getattr(tensor, "operation", None) or tensor), tensor.index

    dys: dict[tuple[int, int], Any] = {key(loss): np.ones_like(loss.value)}
    with quiet():
        for operation in reversed(operations_before(loss.operation, differentiable=True)):
            arriving = [dys.get((id(operation), i)) for i in range(operation.count)]
            if all(dy is None for dy in arriving):
                continue
            dxs = operation.backward(*arriving)
            if not isinstance(dxs, tuple | list):
                raise TypeError(
                    explain(
                        f"{operation.primitive.__name__} 的 backward",
                        type(dxs).__name__,
                        "backward(dy) 返回元组，每个参数一项，没有梯度的写 None",
                        "return (dx,)",
                    )
                )
            for argument, dx in zip(operation.arguments, dxs, strict=False):
                if dx is not None and isinstance(argument, Tensor):
                    if np.shape(dx) != argument.value.shape:
                        raise ValueError(
                            explain(
                                f"{operation.primitive.__name__} 的 backward",
                                f"形状 {np.shape(dx)} 的梯度",
                                f"梯度的形状与参数相同，这里是 {argument.shape}",
                                "把广播出来的轴加起来：unbroadcast(dx, x)",
                            )
                        )
                    place = key(argument)
                    dys[place] = dys[place] + dx if place in dys else dx
    return [dys.get(key(x)) for x in wanted]


def unbroadcast(dy, x):
    """Sum dy over the axes where x was repeated; None for a number, which needs no gradient."""
    if not hasattr(x, "shape"):
        return None
    dy = dy.sum(axis=tuple(range(dy.ndim - x.ndim))) if dy.ndim > x.ndim else dy
    stretched = tuple(i for i, n in enumerate(x.shape) if n == 1 and dy.shape[i] != 1)
    return dy.sum(axis=stretched, keepdims=True) if stretched else dy
