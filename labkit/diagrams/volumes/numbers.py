"""The numbers of the volume view: the layer itself, on an input and weights of one decimal.

They are those of step mode (../steps.py) wherever that draws the layer itself.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ... import backend as K
from ...engine.base_layer import Layer
from ...layers.convolutional.separable import SeparableConv
from ..copies import TIES, copied, undisturbed
from ..probe import Probe
from ..steps import one_decimal

MOST = 3_000_000  # products: more would keep the reader waiting


class Numbers(NamedTuple):
    """x, y: without the batch axis. sums: y before the activation. bias: for every filter.

    middle: what a separable convolution hands from its first stage to its second.
    """

    x: np.ndarray
    y: np.ndarray
    sums: np.ndarray
    bias: np.ndarray | None
    middle: np.ndarray | None


def numbers_of(layer: Layer, shape: tuple, products: float, training: bool) -> Numbers | None:
    """None where it would take too long. shape: without the batch axis."""
    if products > MOST:
        return None
    with undisturbed("float64", training):
        copy = same_format(copied(layer, without=TIES), layer)
        probe = Probe(copy, [shape], False, np.random.default_rng(0), 1)
        # As step mode does, which gets a probe that has drawn before.
        probe.generator = generator = np.random.default_rng(0)
        x = one_decimal(generator, probe.draw(1).shape).reshape(1, *shape)
        for w in probe.weights:
            positive = w not in probe.layer.trainable_weights
            K.set_value(w, one_decimal(generator, w.shape, positive))
        y = np.asarray(K.eval(copy(x)))
        inner: Any = getattr(copy, "layer", copy)
        sums, middle = y, None
        if getattr(inner, "activation", None) is not None and inner.activation.__name__ != "linear":
            sums = run_with(copy, x, activation="linear")
        if isinstance(inner, SeparableConv):
            middle = middle_of(inner, x)
        bias: Any = getattr(inner, "bias", None)
    return Numbers(
        x[0],
        y[0],
        sums[0],
        None if bias is None else bias.value,
        None if middle is None else middle[0],
    )


def same_format(copy: Layer, layer: Layer) -> Layer:
    """As Keras, SpatialDropout does not keep its data format in its config."""
    if hasattr(layer, "data_format"):
        copy.data_format = layer.data_format  # type: ignore[attr-defined]
    return copy


def run_with(layer: Layer, x: np.ndarray, **changes) -> np.ndarray:
    """What the layer answers with other settings and the weights that it has."""
    inner = getattr(layer, "layer", None)
    if inner is not None:
        config = inner.get_config() | changes
        changes = {"layer": {"class_name": type(inner).__name__, "config": config}}
    other = copied(layer, (), **changes)
    other.build(x.shape)
    other.set_weights(layer.get_weights())
    return np.asarray(K.eval(other(x)))


def middle_of(layer: SeparableConv, x: np.ndarray) -> np.ndarray:
    """The first stage: the layer with a second stage that hands every channel on."""
    depthwise = layer.depthwise_kernel.value
    count = math.prod(depthwise.shape[-2:])
    other = copied(layer, filters=count, use_bias=False, activation="linear")
    other.build(x.shape)
    other.set_weights([depthwise, np.eye(count).reshape(*(1,) * layer.rank, count, count)])
    return np.asarray(K.eval(other(x)))
