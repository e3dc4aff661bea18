"""The reader's own layer, built for a sample and run on it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ... import backend as K
from ...engine.base_layer import Layer
from ...layers import Input
from ...utils.generic_utils import to_list
from ..copies import TIES, copied, undisturbed
from . import kernels


class Ran(NamedTuple):
    layer: Layer  # built, with weights that are the same every time unless edited
    x: np.ndarray
    y: np.ndarray  # without a batch axis where x has none
    edited: list[int]  # the kernels that are the reader's


def run(
    layer: Layer, x: np.ndarray, training=False, edited: dict | None = None, batch=False, **changes
) -> Ran:
    """`x`: one sample, or with `batch` several. `changes`: to the settings of the layer.

    出错：层不接受这样的输入时，抛出它自己的错误。
    """
    several = x if batch else x[None]
    with undisturbed(training=training):
        built = copied(layer, without=TIES, **changes)
        built(Input(several.shape[1:]))
        fitting = kernels.edit(built, edited or {})
        y = np.asarray(K.eval(to_list(built(several.astype(K.floatx())))[0]))
    return Ran(built, x, y if batch else y[0], fitting)


def edited_kernels(state: dict) -> dict[int, list[float]]:
    """Of a page's state: lists of numbers by the number of the kernel."""
    return {int(f): [float(n) for n in numbers] for f, numbers in state.get("kernels", {}).items()}
