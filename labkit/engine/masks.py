"""Masks that travel with arrays and tensors from layer to layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backend as K
from ..backend.tensors import Tensor


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
