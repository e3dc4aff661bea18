"""The kernel that a reader can edit: one number for each place, the same for all input channels."""

from __future__ import annotations

import math

import numpy as np

from ... import backend as K
from ...engine.base_layer import Layer
from ...layers.convolutional.convolution import Conv
from ...layers.convolutional.separable import DepthwiseConv2D, SeparableConv
from ...layers.convolutional.transposed import ConvTranspose

MOST = 8  # kernels, and feature maps


def is_editable(layer: Layer) -> bool:
    return isinstance(layer, Conv | DepthwiseConv2D | SeparableConv)


def kernels(layer: Layer) -> np.ndarray:
    """(kernels, *size, channels): those of a built layer, one for each output of its windows."""
    if isinstance(layer, Conv):
        W = np.asarray(K.eval(layer.kernel))
        if isinstance(layer, ConvTranspose):
            W = np.swapaxes(W, -1, -2)
        return np.moveaxis(W, -1, 0)
    W = np.asarray(K.eval(layer.depthwise_kernel))  # type: ignore[attr-defined]
    return np.moveaxis(W.reshape(*W.shape[:-2], 1, -1), -1, 0)


def edit(layer: Layer, edited: dict[int, list[float]]) -> list[int]:
    """Write the numbers of the reader into the kernels; the numbers of those that fitted.

    Each input channel gets its share: a grey picture gives the same in one channel or three.
    """
    if not edited or not is_editable(layer):
        return []
    W = kernels(layer).copy()
    size = W.shape[1:-1]
    fitting = {
        f: numbers
        for f, numbers in edited.items()
        if 0 <= f < len(W) and len(numbers) == math.prod(size)
    }
    for f, numbers in fitting.items():
        W[f] = np.reshape(numbers, (*size, 1)) / W.shape[-1]
    W = np.moveaxis(W, 0, -1)
    if isinstance(layer, Conv):
        K.set_value(layer.kernel, np.swapaxes(W, -1, -2) if isinstance(layer, ConvTranspose) else W)
    else:
        weight = layer.depthwise_kernel  # type: ignore[attr-defined]
        K.set_value(weight, W.reshape(weight.shape))
    return sorted(fitting)


def numbers(layer: Layer, edited: list[int]) -> dict | None:
    """For the page: the sum over the input channels, which an edited kernel is equal to."""
    if not is_editable(layer):
        return None
    W = kernels(layer)
    sums = W.sum(axis=-1)[:MOST]
    values = [np.round(one.ravel().astype(float), 4).tolist() for one in sums]
    return {"size": list(W.shape[1:-1]), "values": values, "edited": edited}
