"""Declared shapes are the real ones, for any setting; a window that does not fit is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

from labkit.layers import Input

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
