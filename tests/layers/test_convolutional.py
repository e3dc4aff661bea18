"""Convolutions and borders beyond the golden cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.layers import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    DepthwiseConv2D,
    Input,
    SeparableConv1D,
    SeparableConv2D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from labkit.models import Model
from tests.shapes import any_case, check_window, data_format, image, padding, pair, size

SEQUENCE, IMAGE, VOLUME = (2, 7, 2), (2, 5, 6, 2), (1, 4, 5, 3, 2)
FIRST = "channels_first"

CASES = [
    *[
        (lambda p=p, s=s: Conv1D(3, 3, strides=s, padding=p, activation="tanh"), [SEQUENCE], {})
        for p in ("valid", "same", "causal")
        for s in (1, 2)
    ],
    (lambda: Conv1D(2, 2, dilation_rate=3, padding="causal"), [SEQUENCE], {}),
    (lambda: Conv1D(2, 2, data_format=FIRST, kernel_regularizer="l2"), [(2, 2, 7)], {}),
    (lambda: Conv3D(2, (2, 3, 1), padding="same", strides=(1, 2, 1)), [VOLUME], {}),
    (lambda: Conv3D(2, 2, dilation_rate=(1, 2, 1), data_format=FIRST), [(1, 2, 4, 5, 3)], {}),
    *[
        (lambda p=p, o=o: Conv2DTranspose(3, (3, 2), 2, p, output_padding=o), [IMAGE], {})
        for p in ("valid", "same")
        for o in (None, 1, (0, 1))
    ],
    (lambda: Conv2DTranspose(2, 3, dilation_rate=2, data_format=FIRST), [(2, 2, 4, 5)], {}),
    (lambda: Conv2DTranspose(2, 3, strides=2, dilation_rate=2, padding="same"), [IMAGE], {}),
    (lambda: Conv3DTranspose(2, 2, strides=(1, 2, 2), padding="same"), [VOLUME], {}),
    (
        lambda: Conv3DTranspose(2, 3, strides=2, output_padding=1, data_format=FIRST),
        [(1, 2, 2, 3, 2)],
        {},
    ),
    *[
        (lambda p=p: SeparableConv1D(3, 3, padding=p, depth_multiplier=2), [SEQUENCE], {})
        for p in ("valid", "same")
    ],
    *[
        (
            lambda s=s, d=d: SeparableConv2D(3, (3, 2), s, dilation_rate=d, use_bias=False),
            [IMAGE],
            {},
        )
        for s, d in ((1, 1), ((2, 1), 1), (1, 2), (2, 2))
    ],
    (
        lambda: SeparableConv2D(3, 2, data_format=FIRST, pointwise_regularizer="l2"),
        [(2, 2, 4, 5)],
        {},
    ),
    (lambda: DepthwiseConv2D(3, (1, 2), "same", 2, activation="tanh"), [IMAGE], {}),
    (lambda: DepthwiseConv2D(2, data_format=FIRST, depthwise_regularizer="l2"), [(2, 2, 4, 5)], {}),
    (lambda: ZeroPadding1D((1, 2)), [SEQUENCE], {}),
    (lambda: ZeroPadding2D(((1, 0), (2, 3))), [IMAGE], {}),
    (lambda: ZeroPadding2D(2, data_format=FIRST), [IMAGE], {}),
    (lambda: ZeroPadding3D((1, 0, 2)), [VOLUME], {}),
    (lambda: Cropping1D((2, 1)), [SEQUENCE], {}),
    (lambda: Cropping2D(((1, 1), (0, 2))), [IMAGE], {}),
    (lambda: Cropping2D(1, data_format=FIRST), [(2, 2, 5, 6)], {}),
    (lambda: Cropping3D(((1, 0), (2, 1), (0, 1))), [VOLUME], {}),
    (lambda: UpSampling1D(3), [SEQUENCE], {}),
    (lambda: UpSampling2D((2, 3)), [IMAGE], {}),
    (lambda: UpSampling2D((2, 3), interpolation="bilinear"), [IMAGE], {}),
    (lambda: UpSampling2D(2, FIRST, "bilinear"), [IMAGE], {}),
    (lambda: UpSampling3D((1, 2, 3)), [VOLUME], {}),
    *[
        (lambda padding=padding, strides=strides: Conv2D(3, (3, 2), strides, padding), [IMAGE], {})
        for padding in ("valid", "same")
        for strides in (1, 2, (1, 3))
    ],
    (lambda: Conv2D(2, 2, dilation_rate=(2, 3), activation="tanh"), [IMAGE], {}),
    (lambda: Conv2D(2, 3, padding="same", dilation_rate=2), [IMAGE], {}),
    (lambda: Conv2D(2, 1, use_bias=False), [IMAGE], {}),
    (lambda: Conv2D(2, (2, 3), data_format=FIRST, padding="same"), [(2, 2, 5, 6)], {}),
]


@any_case
@given(st.integers(1, 9), size, size, size, st.sampled_from(["valid", "same", "causal"]))
def test_one_dimensional_convolution(steps, kernel_size, strides, dilation_rate, mode):
    dilation_rate = 1 if strides > 1 else dilation_rate
    layer = Conv1D(3, kernel_size, strides, mode, dilation_rate=dilation_rate)
    covered = (kernel_size - 1) * dilation_rate + 1
    shape = (2, steps, 2)
    if mode == "valid" and covered > steps:
        with pytest.raises(ValueError, match="窗口不能大于输入"):
            layer(Input(shape[1:]))
        return
    real = layer(np.zeros(shape, "float32")).shape
    assert (
        layer.compute_output_shape(shape)
        == real
        == (2, -(-(steps - (covered - 1) * (mode == "valid")) // strides), 3)
    )
    assert layer.compute_output_shape((None, None, 2)) == (None, None, 3)


@any_case
@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), pair, pair, pair, padding, data_format)
def test_convolution(space, kernel_size, strides, dilation_rate, padding, data_format):
    if max(strides) > 1:
        dilation_rate = (1, 1)  # the two together are refused; test_bad_input has that
    layer = Conv2D(
        3, kernel_size, strides, padding, data_format=data_format, dilation_rate=dilation_rate
    )
    covered = [(k - 1) * d + 1 for k, d in zip(kernel_size, dilation_rate, strict=True)]
    check_window(layer, image(space, 2, data_format), covered, space)


def test_causal_convolution_sees_nothing_that_follows():
    layer = Conv1D(2, 3, padding="causal", dilation_rate=2)
    x = np.random.RandomState(0).normal(size=(1, 8, 2)).astype("float32")
    y = layer(x)
    for t in range(8):
        changed = x.copy()
        changed[:, t + 1 :] += 1
        np.testing.assert_array_equal(layer(changed)[:, : t + 1], y[:, : t + 1])


@any_case
@given(st.tuples(st.integers(1, 7), st.integers(1, 7)), size, size, size, padding, data_format)
def test_depthwise_and_separable_shapes(space, kernel_size, strides, multiplier, mode, layout):
    depthwise = DepthwiseConv2D(kernel_size, strides, mode, multiplier, layout)
    check_window(depthwise, image(space, 2, layout), (kernel_size,) * 2, space)


@any_case
@given(
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    size,
    size,
    size,
    padding,
    data_format,
    st.booleans(),
)
def test_transposed_shapes(space, kernel_size, strides, dilation, mode, layout, explicit):
    extra = strides - 1 if explicit else None
    layer = Conv2DTranspose(
        3,
        kernel_size,
        strides,
        mode,
        output_padding=extra,
        data_format=layout,
        dilation_rate=dilation,
    )
    shape = image(space, 2, layout)
    try:
        declared = layer.compute_output_shape(shape)
    except ValueError:
        with pytest.raises(ValueError, match="必须至少为 1"):
            layer(np.zeros(shape, "float32"))
        return
    assert layer(Input(shape[1:])).shape == (None, *declared[1:])
    assert layer(np.zeros(shape, "float32")).shape == declared


@any_case
@given(st.integers(0, 3), st.integers(0, 3), st.integers(1, 5), st.integers(1, 5), data_format)
def test_cropping_undoes_padding(before, after, rows, cols, layout):
    x = np.random.RandomState(0).normal(size=image((rows, cols), 2, layout)).astype("float32")
    pairs = ((before, after), (after, before))
    padded = ZeroPadding2D(pairs, layout)(x)
    assert padded.sum() == pytest.approx(x.sum(), abs=1e-4)
    np.testing.assert_array_equal(Cropping2D(pairs, layout)(padded), x)


@any_case
@given(size, size, st.integers(1, 4), st.integers(1, 4), data_format)
def test_upsampling_repeats(up, across, rows, cols, layout):
    x = np.random.RandomState(0).normal(size=image((rows, cols), 2, layout)).astype("float32")
    axes = (2, 3) if layout == FIRST else (1, 2)
    expected = np.repeat(np.repeat(x, up, axes[0]), across, axes[1])
    layer = UpSampling2D((up, across), layout)
    np.testing.assert_array_equal(layer(x), expected)
    assert layer.compute_output_shape(x.shape) == expected.shape


def test_separable_is_depthwise_then_pointwise():
    x = np.random.RandomState(0).normal(size=(2, 6, 5, 3)).astype("float32")
    layer = SeparableConv2D(4, 3, strides=2, dilation_rate=2, padding="same", use_bias=False)
    y = layer(x)
    depthwise, pointwise = layer.get_weights()
    inner = DepthwiseConv2D(3, 2, "same", dilation_rate=2, use_bias=False)
    inner(x)
    inner.set_weights([depthwise])
    np.testing.assert_allclose(y, inner(x) @ pointwise[0, 0], rtol=1e-4, atol=1e-5)


X = np.ones((2, 5, 5, 2), "float32")
WRONG = [
    (lambda: Conv2D(0, 3), ValueError, "filters=0"),
    (lambda: Conv2D(2, 0), ValueError, "kernel_size=0"),
    (lambda: Conv2D(2, (3,)), ValueError, "kernel_size=(3,)"),
    (lambda: Conv2D(2, (3, 3, 3)), ValueError, "kernel_size=(3, 3, 3)"),
    (lambda: Conv2D(2, 2.5), ValueError, "kernel_size=2.5"),
    (lambda: Conv2D(2, 3, strides=0), ValueError, "strides=0"),
    (lambda: Conv2D(2, 3, strides=(1, 0)), ValueError, "strides=0"),
    (lambda: Conv2D(2, 3, strides=True), ValueError, "strides=True"),
    (lambda: Conv2D(2, 3, strides="2"), ValueError, "strides='2'"),
    (lambda: Conv2D(2, 3, padding="full"), ValueError, "padding='full'"),
    (lambda: Conv2D(2, 3, padding=1), ValueError, "padding=1"),
    (lambda: Conv2D(2, 3, data_format="NCHW"), ValueError, "'NCHW'"),
    (lambda: Conv2D(2, 3, dilation_rate=0), ValueError, "dilation_rate=0"),
    (lambda: Conv2D(2), TypeError, "位置参数 1 个"),
    (lambda: Conv1D(0, 3), ValueError, "filters=0"),
    (lambda: Conv1D(2, (3, 3)), ValueError, "kernel_size=(3, 3)"),
    (lambda: Conv1D(2, 3, padding="causal", data_format=FIRST), ValueError, "channels_first"),
    (lambda: Conv1D(2, 3, padding="full"), ValueError, "'full'"),
    (lambda: Conv1D(2, 3)(X), ValueError, "4 维"),
    (lambda: Conv1D(2, 3, strides=2, dilation_rate=2)(X[0]), ValueError, "dilation_rate=(2,)"),
    (lambda: Conv1D(2, 9)(X[0]), ValueError, "kernel_size=(9,)"),
    (lambda: Conv1D(2, 3)(Input((5, None))), ValueError, "None"),
    (lambda: Conv3D(2, 3)(X), ValueError, "4 维"),
    (lambda: Conv3D(2, (3, 3)), ValueError, "kernel_size=(3, 3)"),
    (lambda: Conv3D(2, 3, padding="causal")(X[None]), ValueError, "causal"),
    (
        lambda: Conv2DTranspose(2, 3, strides=2, output_padding=2),
        ValueError,
        "output_padding=(2, 2)",
    ),
    (lambda: Conv2DTranspose(2, 3, strides=2, output_padding=-1), ValueError, "-1"),
    (lambda: Conv2DTranspose(2, 3, output_padding="1"), ValueError, "'1'"),
    (lambda: Conv2DTranspose(2, 3)(Input((5, 5, None))), ValueError, "None"),
    (lambda: Conv3DTranspose(2, 3, dilation_rate=2), ValueError, "dilation_rate=(2, 2, 2)"),
    (lambda: SeparableConv1D(2, 3, padding="causal")(X[0]), ValueError, "causal"),
    (lambda: SeparableConv2D(2, 3, depth_multiplier=0), ValueError, "depth_multiplier=0"),
    (lambda: SeparableConv2D(2, 9)(X), ValueError, "kernel_size=(9, 9)"),
    (lambda: DepthwiseConv2D(3, depth_multiplier=1.5), ValueError, "1.5"),
    (lambda: DepthwiseConv2D(0), ValueError, "kernel_size=0"),
    (lambda: ZeroPadding1D((1, 2, 3)), ValueError, "(1, 2, 3)"),
    (lambda: ZeroPadding1D(-1), ValueError, "-1"),
    (lambda: ZeroPadding2D((1, 2, 3)), ValueError, "(1, 2, 3)"),
    (lambda: ZeroPadding2D("1"), ValueError, "'1'"),
    (lambda: ZeroPadding2D(((1, 2), (3,))), ValueError, "(3,)"),
    (lambda: ZeroPadding3D((1, 1)), ValueError, "(1, 1)"),
    (lambda: Cropping1D(3)(X[0]), ValueError, "cropping=((3, 3),)"),
    (lambda: Cropping2D(((3, 3), (0, 0)))(X), ValueError, "((3, 3), (0, 0))"),
    (lambda: Cropping2D((1, 2, 3)), ValueError, "(1, 2, 3)"),
    (lambda: Cropping3D(1)(X), ValueError, "4 维"),
    (lambda: UpSampling1D(0), ValueError, "size=0"),
    (lambda: UpSampling2D((2, 2, 2)), ValueError, "(2, 2, 2)"),
    (lambda: UpSampling2D(2, interpolation="cubic"), ValueError, "'cubic'"),
    (lambda: UpSampling3D(2.5), ValueError, "2.5"),
    (lambda: Conv2D(8, 3, 3, strides=2), ValueError, "strides"),
    (lambda: Conv2D(nb_filter=8, filters=8, kernel_size=3), TypeError, "nb_filter"),
]


def test_cropping_everything_leaves_an_empty_axis():
    # Shapes of real Keras, which says nothing.
    for layer, shape, expected in [
        (Cropping1D(2), (4, 3), (0, 3)),
        (Cropping1D((0, 4)), (4, 3), (0, 3)),
        (Cropping2D(2), (4, 6, 1), (0, 2, 1)),
        (Cropping3D(2), (4, 4, 4, 1), (0, 0, 0, 1)),
    ]:
        x = Input(shape)
        with pytest.warns(UserWarning, match="什么也不剩"):
            y = layer(x)
        assert y.shape == (None, *expected)
        assert Model(x, y).predict(np.ones((2, *shape))).shape == (2, *expected)
    unknown = Input((None, 3))
    model = Model(unknown, Cropping1D(2)(unknown))
    assert model.predict(np.ones((2, 4, 3))).shape == (2, 0, 3)


def test_a_transposed_convolution_in_the_order_of_keras_1():
    with pytest.warns(UserWarning, match="Keras 1"):
        old = Conv2DTranspose(5, 3, 3, (6, 7, 5), name="deconv")
    assert old.get_config() == Conv2DTranspose(5, (3, 3), name="deconv").get_config()
