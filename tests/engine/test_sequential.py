"""Sequential: what it begins with, what it loses and gains."""

import numpy as np

from labkit import layers
from labkit.layers import Dense, Input
from labkit.models import Model, Sequential
from tests.mistakes import check


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


def test_pop_keeps_to_this_models_call_of_a_layer():
    first = Dense(4, input_shape=(3,))
    model = Sequential([first, Dense(2)])
    first(Input((3,)))
    model.pop()
    assert model.predict(np.ones((2, 3))).shape == (2, 4)


def test_a_model_that_was_called_keeps_its_layers():
    """Its results have their shapes; with another layer they would be of another."""
    model = Sequential([Dense(2, input_shape=(3,))])
    x = Input((3,))
    whole = Model(x, model(x))
    check(ValueError, "已经当作层调用过", lambda: model.add(Dense(5)), model)
    check(ValueError, "已经当作层调用过", model.pop, model)
    assert whole.predict(np.ones((1, 3))).shape == (1, 2)
