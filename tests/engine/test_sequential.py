"""Sequential: what it begins with, what it loses and gains."""

import numpy as np

from labkit import layers
from labkit.layers import Dense
from labkit.models import Sequential


def test_input_shape_forms():
    for first in (
        Dense(2, input_shape=(3,)),
        Dense(2, input_dim=3),
        Dense(2, batch_input_shape=(None, 3)),
    ):
        assert Sequential([first]).input_shape == (None, 3)
    fixed = Sequential([Dense(2, batch_size=4, input_shape=(3,))])
    assert fixed.input_shape == (4, 3) and fixed.output_shape == (4, 2)
    assert Sequential([layers.InputLayer((3,)), Dense(2)]).output_shape == (None, 2)


def test_sequential_starting_with_a_model():
    inner = Sequential([Dense(4, input_shape=(3,))])
    model = Sequential([inner, Dense(2)])
    assert model.output_shape == (None, 2) and model.input_shape == (None, 3)
    np.testing.assert_allclose(
        model.predict(np.ones((1, 3))),
        model.layers[1](inner.predict(np.ones((1, 3)))),
        rtol=1e-5,
    )


def test_sequential_without_a_shape_builds_itself():
    model = Sequential([Dense(4), Dense(2)])
    assert not model.built
    assert model.predict(np.ones((5, 3))).shape == (5, 2)
    assert model.input_shape == (None, 3)
    trained = Sequential([Dense(1)])
    trained.compile("sgd", "mse")
    trained.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    assert trained.layers[0].get_weights()[0].shape == (3, 1)


def test_sequential_pop():
    model = Sequential([Dense(4, input_shape=(3,)), Dense(2)])
    model.pop()
    assert model.output_shape == (None, 4) and len(model.layers) == 1
    model.add(Dense(7))
    assert model.predict(np.ones((2, 3))).shape == (2, 7)
