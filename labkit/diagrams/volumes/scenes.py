"""Which layers are blocks that something moves through, and as what."""

from __future__ import annotations

from ...engine.base_layer import Layer
from ...layers import ConvLSTM2D, DepthwiseConv2D, TimeDistributed
from ...layers.convolutional.borders import Cropping, UpSampling, ZeroPadding
from ...layers.convolutional.convolution import Windowed
from ...layers.convolutional.separable import SeparableConv
from ...layers.core.dropout import SpatialDropout
from ...layers.local import LocallyConnected
from ...layers.pooling import GlobalPooling, Pooling
from .blocks import Scene
from .recurrent import remembered
from .setting import Setting
from .windows import convolved, depthwise, pooled, separable
from .writing import bordered, dropped, repeated, stamped

KINDS = (
    *(Windowed, Pooling, LocallyConnected, GlobalPooling, SpatialDropout),
    *(ZeroPadding, Cropping, UpSampling),
)


def has_volume(layer: Layer) -> bool:
    """Whether the layer works on a sequence, an image or a video; also at every time step."""
    if isinstance(layer, TimeDistributed):
        return isinstance(layer.layer, KINDS) and layer.layer.rank < 3  # type: ignore[attr-defined]
    return isinstance(layer, (*KINDS, ConvLSTM2D))


def scene(layer: Layer, input_shape, training: bool = False) -> Scene:
    """出错：怎样都画不出来时抛出 ValueError。"""
    if isinstance(layer, ConvLSTM2D):
        return remembered(layer, input_shape, training)
    about = Setting(layer, input_shape, training)
    inner = about.inner
    if isinstance(inner, SpatialDropout):
        return dropped(about, training)
    if isinstance(inner, SeparableConv):
        return separable(about)
    if about.motion == "stamp":
        return stamped(about)
    if about.motion == "repeat":
        return repeated(about)
    if about.motion == "border":
        return bordered(about)
    if isinstance(inner, DepthwiseConv2D):
        return depthwise(about)
    if isinstance(inner, Pooling | GlobalPooling):
        return pooled(about)
    return convolved(about)
