"""Declared shapes are the real ones, for any setting; a window that does not fit is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

from labkit.layers import Add, Conv2D, Flatten, Input, MaxPooling2D

# What it reads from the sources goes where everything generated is; the same examples every run.
set_hypothesis_home_dir(Path(__file__).parents[1] / ".cache" / "hypothesis")
any_case = settings(max_examples=150, derandomize=True, database=None, deadline=None)
size = st.integers(1, 4)
pair = st.tuples(size, size)
padding = st.sampled_from(["valid", "same"])
data_format = st.sampled_from(["channels_last", "channels_first"])


def image(space, channels, data_format, batch=2):
    first = data_format == "channels_first"
    return (batch, channels, *space) if first else (batch, *space, channels)


def check_window(layer, shape, covered, space):
    """Declared, symbolic and computed shapes agree; or the window is refused in all three."""
    x = np.zeros(shape, "float32")
    fits = layer.padding == "same" or all(c <= n for c, n in zip(covered, space, strict=True))
    if not fits:
        for use in (
            lambda: layer.compute_output_shape((None, *shape[1:])),
            lambda: layer(Input(shape[1:])),
            lambda: layer(x),
        ):
            with pytest.raises(ValueError, match=r"窗口不能大于输入.*可以改成"):
                use()
        assert not layer.built
        return
    real = layer(x).shape
    assert layer.compute_output_shape(shape) == real
    assert layer(Input(shape[1:])).shape == (None, *real[1:])
    unknown = [n if n == shape[1] else None for n in shape]
    for n, m in zip(layer.compute_output_shape(tuple(unknown)), real, strict=True):
        assert n in {None, m}
    # As many as there are windows that begin inside and, if valid, end inside.
    first = layer.data_format == "channels_first"
    for n, c, s, out in zip(
        space, covered, layer.strides, real[2:] if first else real[1:-1], strict=True
    ):
        last = n - c if layer.padding == "valid" else n - 1
        assert out == len(range(0, last + 1, s))


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


@any_case
@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)), pair, st.none() | pair, padding, data_format
)
def test_pooling(space, pool_size, strides, padding, data_format):
    layer = MaxPooling2D(pool_size, strides, padding, data_format)
    check_window(layer, image(space, 2, data_format), pool_size, space)


@any_case
@given(st.lists(st.none() | size, min_size=2, max_size=4), data_format)
def test_flatten(space, data_format):
    layer = Flatten(data_format)
    if None in space:
        with pytest.raises(ValueError, match="必须已知"):
            layer(Input(space))
        return
    real = layer(np.zeros((2, *space), "float32")).shape
    assert real == (2, int(np.prod(space)))
    assert layer.compute_output_shape((2, *space)) == real
    assert layer(Input(space)).shape == (None, real[1])


@any_case
@given(
    st.lists(st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=3), min_size=2, max_size=3)
)
def test_add(spaces):
    arrays = [np.full((2, *space), float(i), "float32") for i, space in enumerate(spaces)]
    layer = Add()
    try:
        expected = np.broadcast_shapes(*map(tuple, spaces))
    except ValueError:
        for inputs in (arrays, [Input(space) for space in spaces]):
            with pytest.raises(ValueError, match="从最后一轴对齐"):
                layer(inputs)
        return
    y = layer(arrays)
    assert y.shape == (2, *expected)
    np.testing.assert_array_equal(y, sum(range(len(spaces))))
    assert layer.compute_output_shape([a.shape for a in arrays]) == y.shape
    assert layer([Input(space) for space in spaces]).shape == (None, *expected)
