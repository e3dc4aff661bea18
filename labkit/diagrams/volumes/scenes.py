"""Which layers are blocks that something moves through, and as what."""

from __future__ import annotations

from ...engine.base_layer import Layer
from ...errors import explain
from ...layers import ConvLSTM2D, DepthwiseConv2D, TimeDistributed
from ...layers.convolutional.borders import Cropping, UpSampling, ZeroPadding
from ...layers.convolutional.convolution import Windowed
from ...layers.convolutional.separable import SeparableConv
from ...layers.core.dropout import SpatialDropout
from ...layers.local import LocallyConnected
from ...layers.pooling import GlobalPooling, Pooling
from ..copies import undisturbed
from .blocks import Scene
from .recurrent import remembered
from .setting import Setting
from .windows import convolved, depthwise, pooled, separable
from .writing import bordered, dropped, repeated, stamped

KINDS = (
    *(Windowed, Pooling, LocallyConnected, GlobalPooling, SpatialDropout),
    *(ZeroPadding, Cropping, UpSampling),
)
FRAMES = 24  # slabs in a row


def has_volume(layer: Layer) -> bool:
    """Whether the layer works on a sequence, an image or a video; also at every time step."""
    if isinstance(layer, TimeDistributed):
        return isinstance(layer.layer, KINDS) and layer.layer.rank < 3  # type: ignore[attr-defined]
    return isinstance(layer, (*KINDS, ConvLSTM2D))


def scene(layer: Layer, input_shape, training: bool = False) -> Scene:
    """出错：帧或时间步太多、画不下时抛出 ValueError。"""
    with undisturbed():
        about = made(layer, input_shape, training)
    frames = max(solid.space[0] for solid in about.solids)
    if frames > FRAMES:
        raise ValueError(
            explain(
                f"{type(layer).__name__} 的立体图",
                f"{frames} {about.solids[0].units[0]}",
                f"一块一块排开，最多画 {FRAMES} 块",
                "把这个轴改短",
            )
        )
    return about


def made(layer: Layer, input_shape, training: bool) -> Scene:
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
