"""Merging layers beyond the golden cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import backend as K
from labkit import layers
from labkit.layers import (
    Add,
    Average,
    Concatenate,
    Dot,
    Embedding,
    Input,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
)
from tests.shapes import any_case
from tests.slopes import normal

CASES = [
    (lambda: Add(), [(2, 3), (2, 3)], {}),
    (lambda: Add(), [(2, 4, 3), (2, 1, 3), (2, 3)], {}),
    (lambda: Subtract(), [(2, 3), (2, 3)], {}),
    (lambda: Multiply(), [(2, 3), (2, 3), (2, 1)], {}),
    (lambda: Average(), [(2, 4, 3), (2, 3), (2, 4, 1)], {}),
    (lambda: Maximum(), [(2, 3), (2, 3)], {}),
    (lambda: Minimum(), [(2, 3), (2, 3)], {}),
    (lambda: Concatenate(), [(2, 3), (2, 1)], {}),
    (lambda: Concatenate(axis=1), [(2, 3, 2), (2, 1, 2), (2, 2, 2)], {}),
    (lambda: Dot(axes=1), [(2, 3), (2, 3)], {}),
    (lambda: Dot(axes=(2, 1), normalize=True), [(2, 4, 3), (2, 3, 5)], {}),
    (lambda: Dot(axes=-1), [(2, 4, 3), (2, 3)], {}),
]


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


def test_masks_of_concatenated_inputs():
    a = Embedding(5, 2, mask_zero=True)(np.array([[1, 0]]))
    y = Concatenate(axis=1)([a, np.ones((1, 3, 2), "float32")])
    assert y._keras_mask.tolist() == [[True, False, True, True, True]]
    assert getattr(Dot(axes=1)([a, a]), "_keras_mask", None) is None


def test_masks_of_added_inputs_are_joined():
    embed = Embedding(5, 2, mask_zero=True)
    a, b = embed(np.array([[1, 0, 2]])), embed(np.array([[1, 2, 0]]))
    np.testing.assert_array_equal(Add()([a, b])._keras_mask, [[True, False, False]])
    np.testing.assert_array_equal(Add()([a, np.ones((1, 3, 2))])._keras_mask, [[True, False, True]])


@pytest.mark.parametrize("name", ["add", "multiply", "average", "maximum", "minimum"])
def test_functional_forms(name):
    a, b = normal(2, 3).astype("float32"), normal(2, 3, seed=1).astype("float32")
    numpy = {"average": lambda x, y: (x + y) / 2}.get(name) or getattr(np, name)
    np.testing.assert_allclose(getattr(layers, name)([a, b]), numpy(a, b), rtol=1e-6)
    np.testing.assert_allclose(layers.subtract([a, b]), a - b)
    np.testing.assert_allclose(layers.concatenate([a, b], axis=0), np.concatenate([a, b]))
    np.testing.assert_allclose(layers.dot([a, b], 1)[:, 0], (a * b).sum(axis=1), rtol=1e-5)


X, T = np.ones((2, 3), "float32"), np.ones((2, 4, 3), "float32")
WRONG = [
    (lambda: Add([X, X]), TypeError, "位置参数 1 个"),
    (lambda: add([X]), ValueError, "1 个输入"),
    (lambda: Subtract()([X, X, X]), ValueError, "3 个输入"),
    (lambda: Multiply()([X]), ValueError, "1 个输入"),
    (lambda: Average()(X), ValueError, "1 个输入"),
    (lambda: Maximum()([X, np.ones((2, 4))]), ValueError, "(4,)"),
    (lambda: Minimum()([X, np.ones((3, 3))]), ValueError, "[2, 3]"),
    (lambda: Concatenate()([X, T]), ValueError, "(2, 4, 3)"),
    (lambda: Concatenate(axis=5)([X, X]), ValueError, "axis=5"),
    (lambda: Concatenate()([X]), ValueError, "1 个输入"),
    (lambda: Dot(axes="1"), TypeError, "'1'"),
    (lambda: Dot(axes=(1, 2, 3)), ValueError, "(1, 2, 3)"),
    (lambda: Dot(axes=(1, 1.5)), ValueError, "1.5"),
    (lambda: Dot(axes=1)([X]), ValueError, "1 个输入"),
    (lambda: Dot(axes=1)([X, np.ones((2, 4))]), ValueError, "axes=1"),
    (lambda: Dot(axes=0)([X, X]), ValueError, "axes=0"),
]


def test_masks_of_the_wrong_kind():
    a, b = Input((4, 5)), Input((4, 5))
    x = np.ones((2, 4, 5))
    for layer in (Add(), Subtract(), Concatenate(), Average()):
        layer([a, b])
        assert layer.compute_mask([a, b]) is None
        assert layer.compute_mask([a, b], [None, None]) is None
        assert K.eval(layer.compute_mask([a, b], [K.variable(x), K.variable(x)])).all()
        # Real Keras raises for each of them.
        for inputs, mask in [([a, b], x), (a, [None, None]), ([a, b], [None]), ([a, b], (x, x))]:
            with pytest.raises(ValueError, match="每个输入一个掩码"):
                layer.compute_mask(inputs, mask)
    assert Dot(1).compute_mask([a, b], x) is None


def test_merging_does_not_ask_the_backend_for_the_rank(monkeypatch):
    monkeypatch.setattr(K, "ndim", lambda _: None)
    x, y = np.ones((2, 4, 5)), np.ones((2, 5))
    assert Add()([x, y]).shape == (2, 4, 5)
