"""看数据: real data through the reader's layer, as pictures before and after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import layers
from ...engine.base_layer import Layer
from ...layers.advanced_activations import ActivationLayer
from ...layers.noise import Noise
from . import images, plane, sentence, series

#: What a layer is shown on. The first that fits counts.
KINDS: tuple[tuple[tuple, Callable], ...] = (
    (
        (
            *(layers.Conv2D, layers.Conv2DTranspose),
            *(layers.DepthwiseConv2D, layers.SeparableConv2D),
            *(layers.LocallyConnected2D, layers.MaxPooling2D, layers.AveragePooling2D),
            *(layers.GlobalMaxPooling2D, layers.GlobalAveragePooling2D, layers.UpSampling2D),
            *(layers.ZeroPadding2D, layers.Cropping2D, layers.SpatialDropout2D),
            *(layers.BatchNormalization, layers.Activation, ActivationLayer, layers.Flatten),
            *(layers.Dropout, Noise),
        ),
        images.view,
    ),
    (
        (
            *(layers.Conv1D, layers.SeparableConv1D, layers.LocallyConnected1D),
            *(layers.MaxPooling1D, layers.AveragePooling1D, layers.GlobalMaxPooling1D),
            *(layers.GlobalAveragePooling1D, layers.UpSampling1D, layers.ZeroPadding1D),
            *(layers.Cropping1D, layers.RNN, layers.Bidirectional),
        ),
        series.view,
    ),
    ((layers.Embedding,), sentence.view),
    ((layers.Dense, layers.Highway, layers.MaxoutDense), plane.view),
)
# Relatives of these, which want other axes.
NOT = (layers.SpatialDropout1D, layers.SpatialDropout3D, layers.ConvLSTM2D)


def way(layer: Layer) -> Callable[..., dict[str, Any]] | None:
    if isinstance(layer, NOT):
        return None
    if isinstance(layer, layers.Permute):
        return images.view if len(layer.dims) == 3 else None
    return next((draw for kinds, draw in KINDS if isinstance(layer, kinds)), None)


def applies(layer: Layer) -> bool:
    return way(layer) is not None


def view(subject) -> dict[str, Any]:
    draw = way(subject.layer)
    assert draw
    return draw(subject)
