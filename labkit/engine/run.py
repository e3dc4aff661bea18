"""One evaluation from outside: its updates, its masks on arrays, and what a failure undoes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import backend as K
from ..backend.tape import Tensor, Variable
from .graph import Connected


class Run:
    """One evaluation from outside: it gathers the updates, written only once it has succeeded."""

    current: Run | None = None

    def __enter__(self) -> Run:
        self.outer, Run.current = Run.current, self
        self.updates: list[tuple[Variable, Any]] = []
        return self

    def __exit__(self, *error) -> None:
        Run.current = self.outer

    @staticmethod
    def write(updates) -> None:
        """Compute every new value first, then write: within a step all read the old values."""
        K.batch_set_value([(x, K.eval(new)) for x, new in updates])


class ArrayWithMask(np.ndarray):
    """A layer's output with its mask for the next layer; results of NumPy functions drop it."""

    def __array_finalize__(self, source):
        self._keras_mask: Any = None


def carry_mask(y, mask):
    """The output with its mask attached; an input that a layer returns as it came keeps its own."""
    if mask is None and getattr(y, "_keras_mask", None) is None:
        return y
    y = K.identity(y) if isinstance(y, Tensor) else np.asarray(y).view(ArrayWithMask)
    y._keras_mask = None if mask is None else K.eval(mask)
    return y


@contextmanager
def unchanged_by_failure(layer: Connected) -> Iterator[None]:
    """Where the block fails, the layer and the layers inside it become what they were before."""
    before = [(part, dict(vars(part))) for part in layers_within(layer)]
    try:
        yield
    except Exception:
        for part, attributes in before:
            vars(part).clear()
            vars(part).update(attributes)
        raise


def layers_within(layer: Connected) -> Iterator[Connected]:
    """The layer, then its cell, its wrapped layer or a model's layers, and theirs."""
    yield layer
    for held in vars(layer).values():
        for part in held if isinstance(held, list) else [held]:
            if isinstance(part, Connected):
                yield from layers_within(part)
