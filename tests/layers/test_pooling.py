"""Pools beyond the golden cases."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labkit import layers
from labkit.layers import Input, Masking, MaxPooling2D
from tests.shapes import any_case, check_window, data_format, image, padding, pair, size

SHAPES = {1: (2, 7, 2), 2: (2, 5, 6, 2), 3: (1, 4, 5, 4, 2)}
MASK = np.array([[True] * 4 + [False] * 3, [True] * 7])
CASES = [
    *[
        (
            lambda kind=kind, rank=rank, p=p: getattr(layers, f"{kind}Pooling{rank}D")(2, 1, p),
            [shape],
            {},
        )
        for kind in ("Max", "Average")
        for rank, shape in SHAPES.items()
        for p in ("valid", "same")
    ],
    *[
        (lambda kind=kind, rank=rank: getattr(layers, f"Global{kind}Pooling{rank}D")(), [shape], {})
        for kind in ("Max", "Average")
        for rank, shape in SHAPES.items()
    ],
    (lambda: layers.AveragePooling2D((2, 3), (1, 2), "same", "channels_first"), [SHAPES[2]], {}),
    (lambda: layers.AveragePooling1D(3, data_format="channels_first"), [(2, 3, 7)], {}),
    (lambda: layers.GlobalAveragePooling1D(), [SHAPES[1]], {"mask": MASK}),
    (lambda: layers.GlobalMaxPooling2D("channels_first"), [SHAPES[2]], {}),
    (lambda: MaxPooling2D(), [SHAPES[2]], {}),
    (lambda: MaxPooling2D(3, 1, "same"), [SHAPES[2]], {}),
    (lambda: MaxPooling2D((2, 3), (1, 2)), [SHAPES[2]], {}),
    (lambda: MaxPooling2D(2, data_format="channels_first", padding="same"), [(2, 2, 5, 6)], {}),
]


@any_case
@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)), pair, st.none() | pair, padding, data_format
)
def test_pooling(space, pool_size, strides, padding, data_format):
    layer = MaxPooling2D(pool_size, strides, padding, data_format)
    check_window(layer, image(space, 2, data_format), pool_size, space)


@any_case
@given(
    st.sampled_from(["Max", "Average"]),
    st.integers(1, 3),
    st.data(),
    size,
    size,
    padding,
    data_format,
)
def test_shapes(kind, rank, data, pool_size, strides, mode, layout):
    space = data.draw(st.tuples(*[st.integers(1, 6)] * rank))
    layer = getattr(layers, f"{kind}Pooling{rank}D")(pool_size, strides, mode, layout)
    check_window(layer, image(space, 2, layout), (pool_size,) * rank, space)


@any_case
@given(st.sampled_from(["Max", "Average"]), st.integers(1, 3), st.data(), data_format)
def test_global_pools_reduce_space(kind, rank, data, layout):
    space = data.draw(st.tuples(*[st.integers(1, 4)] * rank))
    x = np.random.RandomState(0).normal(size=image(space, 3, layout)).astype("float32")
    axes = tuple(range(2, 2 + rank)) if layout == "channels_first" else tuple(range(1, 1 + rank))
    layer = getattr(layers, f"Global{kind}Pooling{rank}D")(layout)
    expected = (np.max if kind == "Max" else np.mean)(x, axis=axes)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape(x.shape) == expected.shape


def test_average_over_kept_steps():
    x = np.arange(12, dtype="float32").reshape(1, 6, 2)
    x[:, 4:] = 0
    x[:, 0] = [1, 1]
    layer = layers.GlobalAveragePooling1D()
    np.testing.assert_allclose(layer(Masking()(x)), x[:, :4].mean(axis=1))


def test_aliases():
    assert layers.AvgPool2D is layers.AveragePooling2D and layers.MaxPool1D is layers.MaxPooling1D
    assert layers.GlobalMaxPool3D is layers.GlobalMaxPooling3D


X = np.ones((2, 5, 5, 2), "float32")
WRONG = [
    (lambda: MaxPooling2D(0), ValueError, "pool_size=0"),
    (lambda: MaxPooling2D((2, 2, 2)), ValueError, "(2, 2, 2)"),
    (lambda: MaxPooling2D(2, strides=-1), ValueError, "strides=-1"),
    (lambda: MaxPooling2D(2, padding="causal"), ValueError, "'causal'"),
    (lambda: layers.MaxPooling1D(0), ValueError, "pool_size=0"),
    (lambda: layers.MaxPooling1D((2, 2)), ValueError, "(2, 2)"),
    (lambda: layers.MaxPooling1D(6)(X[0]), ValueError, "pool_size=(6,)"),
    (lambda: layers.MaxPooling3D(2)(X), ValueError, "4 维"),
    (lambda: layers.AveragePooling2D(2, padding="causal"), ValueError, "'causal'"),
    (lambda: layers.AveragePooling2D(2, strides=0), ValueError, "strides=0"),
    (lambda: layers.AveragePooling3D("2"), ValueError, "'2'"),
    (lambda: layers.AveragePooling1D(2, data_format="NCW"), ValueError, "'NCW'"),
    (lambda: layers.GlobalMaxPooling1D()(X), ValueError, "4 维"),
    (lambda: layers.GlobalAveragePooling2D()(X[0]), ValueError, "3 维"),
    (lambda: layers.GlobalAveragePooling3D("last"), ValueError, "'last'"),
    (lambda: layers.MaxPooling1D()(Masking()(Input((4, 2)))), TypeError, "mask"),
]
