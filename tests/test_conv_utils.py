"""keras.utils.conv_utils: the window arithmetic that old layers call."""

import numpy as np
import pytest

from labkit.layers import Conv1D, Conv2DTranspose
from labkit.utils import conv_utils


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
def test_the_output_length_is_what_the_layer_gives(padding, stride, dilation):
    layer = Conv1D(1, 3, strides=stride, padding=padding, dilation_rate=dilation)
    for n in (5, 8):
        steps = layer(np.ones((1, n, 1))).shape[1]
        assert conv_utils.conv_output_length(n, 3, padding, stride, dilation) == steps
    assert conv_utils.conv_output_length(5, 3, "full", 1, 2) == 5 + 4


@pytest.mark.parametrize("padding", ["valid", "same", "full"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_input_length_is_one_that_gives_the_output(padding, stride):
    for n in range(1, 6):
        length = conv_utils.conv_input_length(n, 3, padding, stride)
        assert conv_utils.conv_output_length(length, 3, padding, stride) == n
        # One less would give less, except where "same" rounds up.
        fewer = conv_utils.conv_output_length(length - 1, 3, padding, stride)
        assert fewer == n - 1


def test_the_length_of_a_transposed_convolution_is_what_the_layer_gives():
    for padding, output_padding in [("valid", None), ("same", None), ("same", 1), ("valid", 1)]:
        layer = Conv2DTranspose(1, 3, strides=2, padding=padding, output_padding=output_padding)
        rows = layer(np.ones((1, 4, 4, 1))).shape[1]
        assert conv_utils.deconv_length(4, 2, 3, padding, output_padding) == rows
    assert conv_utils.deconv_length(32, 2, 5, "full", None) == 59  # real Keras


def test_a_kernel_is_turned_in_space_alone():
    kernel = np.arange(24).reshape(3, 2, 2, 2)
    np.testing.assert_array_equal(conv_utils.convert_kernel(kernel), kernel[::-1, ::-1])


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (lambda: conv_utils.normalize_tuple((1, "x"), 2, "kernel_size"), "kernel_size=(1, 'x')"),
        (lambda: conv_utils.normalize_tuple(None, 2, "strides"), "strides=None"),
        (lambda: conv_utils.normalize_padding("full"), "'full'"),
        (lambda: conv_utils.convert_kernel(np.ones((2, 3))), "(2, 3)"),
    ],
)
def test_what_does_not_fit_is_explained(run, expected):
    with pytest.raises(ValueError, match="规则") as error:
        run()
    assert expected in str(error.value)
