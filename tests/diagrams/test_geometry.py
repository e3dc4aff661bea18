"""The geometry of windows against what the layers do: their Jacobians, and padding by hand."""

import itertools

import numpy as np
import pytest

from labkit.diagrams import dependencies
from labkit.diagrams.geometry import geometry
from labkit.layers import (
    AveragePooling1D,
    AveragePooling3D,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    LocallyConnected1D,
    LocallyConnected2D,
    MaxPooling2D,
    SeparableConv1D,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)

CASES = [
    (lambda: Conv1D(2, 3, padding="causal", dilation_rate=2), (None, 7, 2)),
    (lambda: Conv1D(1, 2, strides=2, padding="same"), (None, 7, 2)),
    (lambda: Conv2D(2, 3), (None, 6, 5, 1)),
    (lambda: Conv2D(1, (4, 3), strides=(2, 3), padding="same"), (None, 6, 7, 2)),
    (lambda: Conv2D(1, 2, padding="same", data_format="channels_first"), (None, 2, 4, 5)),
    (lambda: Conv2D(1, 2, dilation_rate=(2, 3)), (None, 6, 6, 1)),
    (lambda: Conv3D(1, 2, padding="same"), (None, 3, 3, 3, 1)),
    (lambda: SeparableConv1D(2, 3, padding="same"), (None, 6, 2)),
    (lambda: DepthwiseConv2D(3, padding="same"), (None, 5, 5, 2)),
    (lambda: LocallyConnected1D(2, 3, strides=2), (None, 7, 2)),
    (lambda: LocallyConnected2D(1, 3), (None, 5, 5, 1)),
    (lambda: MaxPooling2D(3, strides=2, padding="same"), (None, 6, 6, 1)),
    (lambda: AveragePooling1D(2, padding="same"), (None, 5, 2)),
    (lambda: AveragePooling3D(), (None, 4, 4, 4, 1)),
    (lambda: GlobalMaxPooling1D(), (None, 5, 2)),
    (lambda: GlobalAveragePooling2D(), (None, 3, 4, 2)),
    (lambda: Conv2DTranspose(1, 3, strides=2), (None, 3, 3, 1)),
    (lambda: Conv2DTranspose(2, 3, strides=2, padding="same"), (None, 3, 2, 1)),
    (lambda: Conv2DTranspose(1, 2, strides=3), (None, 2, 3, 2)),
    (lambda: Conv2DTranspose(1, 3, strides=2, padding="same", output_padding=0), (None, 3, 3, 1)),
    (lambda: Conv3DTranspose(1, 2, strides=2), (None, 2, 2, 2, 1)),
    (lambda: UpSampling1D(3), (None, 4, 2)),
    (lambda: UpSampling2D((2, 1)), (None, 3, 3, 2)),
    (lambda: ZeroPadding1D((1, 2)), (None, 4, 2)),
    (lambda: ZeroPadding2D(((1, 0), (2, 1))), (None, 3, 3, 1)),
    (lambda: ZeroPadding3D(1), (None, 2, 2, 2, 1)),
    (lambda: Cropping1D((1, 2)), (None, 6, 2)),
    (lambda: Cropping2D(((1, 0), (1, 2)), data_format="channels_first"), (None, 1, 4, 5)),
    (lambda: Cropping3D(1), (None, 4, 4, 3, 1)),
]


def linked_places(layer, shape, motion):
    """(output place, input place) that the layer's own Jacobian links."""
    about = dependencies(layer, shape)
    assert about.inputs[0][1] == shape[1:], "the layer itself, not a smaller sibling"
    shapes = [about.outputs[0][1], shape[1:]]
    first = getattr(layer, "data_format", None) == "channels_first"
    rank = len(shape) - 2
    pairs = set()
    for o, i in np.argwhere(about.links):
        places = [np.unravel_index(n, s) for n, s in zip((o, i), shapes, strict=True)]
        if len(shapes[0]) != len(shape) - 1:  # a global pooling leaves channels only
            places[0] = (0,) * rank if first else (*(0,) * rank, *places[0])
        pairs.add(tuple(tuple(map(int, p[1:] if first else p[:rank])) for p in places))
    return pairs


@pytest.mark.parametrize("number", range(len(CASES)))
def test_windows_cover_what_the_layer_reads(number):
    make, shape = CASES[number]
    about = geometry(make(), shape)
    assert about is not None
    expected = set()
    sources = [axis.inputs for axis in about.axes]
    results = [axis.outputs for axis in about.axes]
    if about.motion == "slide":
        for place in itertools.product(*map(range, results)):
            cells = [axis.window(p) for axis, p in zip(about.axes, place, strict=True)]
            expected |= {(place, cell) for cell in itertools.product(*cells)}
    elif about.motion == "stamp":
        for place in itertools.product(*map(range, sources)):
            cells = [axis.window(p) for axis, p in zip(about.axes, place, strict=True)]
            expected |= {(cell, place) for cell in itertools.product(*cells)}
    else:
        for place in itertools.product(*map(range, results)):
            if about.motion == "repeat":
                cell = tuple(p // axis.size for axis, p in zip(about.axes, place, strict=True))
            else:
                cell = tuple(p - axis.before for axis, p in zip(about.axes, place, strict=True))
            expected.add((place, cell))

    def inside(cell, lengths):
        return all(0 <= c < n for c, n in zip(cell, lengths, strict=True))

    expected = {(o, i) for o, i in expected if inside(o, results) and inside(i, sources)}
    assert linked_places(make(), shape, about.motion) == expected


@pytest.mark.parametrize("size,stride,dilation", [(3, 1, 1), (4, 1, 1), (3, 2, 1), (2, 1, 3)])
def test_zeros_added_by_hand_give_the_same_numbers(size, stride, dilation):
    x = np.random.RandomState(0).standard_normal((1, 7, 6, 2)).astype("float32")
    settings = {"strides": stride, "dilation_rate": dilation, "use_bias": False}
    same = Conv2D(2, size, padding="same", **settings)
    y = same(x)
    about = geometry(same, x.shape)
    assert about is not None
    around = [(axis.before, axis.after) for axis in about.axes]
    valid = Conv2D(2, size, padding="valid", weights=same.get_weights(), **settings)
    np.testing.assert_allclose(valid(np.pad(x, [(0, 0), *around, (0, 0)])), y, atol=1e-6)


def test_where_nothing_slides_there_is_no_geometry():
    assert geometry(Dense(3), (None, 4)) is None
    with pytest.raises(ValueError, match="空间轴的长度都要知道"):
        geometry(Conv1D(1, 3), (None, None, 2))
