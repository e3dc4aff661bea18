"""Which pixels of the input an output pixel is made from, along each axis of space."""

from __future__ import annotations

import numpy as np

from ...backend.windows import edges
from ...engine.base_layer import Layer
from ...layers.convolutional.borders import Cropping, UpSampling, ZeroPadding
from ...layers.convolutional.transposed import ConvTranspose
from ...layers.pooling import GlobalPooling
from ...utils.generic_utils import to_list

# For each axis of space the first and the last places; with dilation also how far they lie apart.
Spans = list[list[list[int]]]


def reach(layer: Layer, space: tuple, outputs: tuple) -> Spans | None:
    """For each axis the first and the last input place of every output place, counted as NumPy
    does; below 0 and from the length on they are padding. None where the layer is no window."""
    if isinstance(layer, GlobalPooling):
        return [[[0], [n - 1]] for n in space]
    if len(space) != len(outputs):
        return None
    places = [np.arange(n) for n in outputs]
    if isinstance(layer, ConvTranspose):
        return [stamped(layer, axis, n, places[axis]) for axis, n in enumerate(space)]
    size = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if size is not None:
        return windows(layer, tuple(to_list(size, allow_tuple=True)), space, places)
    if isinstance(layer, UpSampling):
        factors = to_list(layer.size, allow_tuple=True)
        found = [place // factor for place, factor in zip(places, factors, strict=True)]
    elif isinstance(layer, ZeroPadding | Cropping):
        sign = 1 if isinstance(layer, Cropping) else -1
        borders = layer.cropping if isinstance(layer, Cropping) else layer.padding
        pairs = borders if np.ndim(borders) == 2 else [borders]
        found = [place + sign * pair[0] for place, pair in zip(places, pairs, strict=True)]
    elif tuple(space) == tuple(outputs):
        found = places
    else:
        return None
    return [[place.tolist(), place.tolist()] for place in found]


def per_axis(value, rank: int) -> tuple:
    values = tuple(to_list(value, allow_tuple=True))
    return values * rank if len(values) == 1 else values


def windows(layer, size, space, places) -> Spans:
    rank = len(space)
    strides = per_axis(layer.strides, rank)
    dilation = per_axis(getattr(layer, "dilation_rate", 1), rank)
    around, _ = edges(space, size, strides, layer.padding, dilation)
    found = []
    for place, (before, _), k, s, d in zip(places, around, size, strides, dilation, strict=True):
        first = place * s - before
        span = [first.tolist(), (first + d * (k - 1)).tolist()]
        found.append([*span, [d]] if d > 1 else span)
    return found


def stamped(layer, axis: int, n: int, places) -> list[list[int]]:
    """Input i is stamped onto the outputs i·s − before … i·s − before + covered − 1."""
    k, s, d = layer.kernel_size[axis], layer.strides[axis], layer.dilation_rate[axis]
    [(before, _)], _ = edges((len(places),), (k,), (s,), layer.padding, (d,))
    first = -(-(places + before - d * (k - 1)) // s)
    last = (places + before) // s
    return [np.clip(first, 0, n - 1).tolist(), np.clip(last, 0, n - 1).tolist()]
