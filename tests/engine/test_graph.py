"""Nodes, and layers that are shared."""

import numpy as np
import pytest

from labkit import backend as K
from labkit.layers import Dense, Input, add
from labkit.models import Model
from labkit.optimizers import SGD
from tests.slopes import normal


def test_shared_layer_has_several_nodes():
    shared = Dense(4)
    a, b = Input((3,)), Input((3,))
    y, z = shared(a), shared(b)
    assert shared.get_input_at(0) is a and shared.get_input_at(1) is b
    assert shared.get_output_at(0) is y and shared.get_output_at(-1) is z
    assert shared.input_shape == (None, 3) and shared.output_shape == (None, 4)
    assert shared.get_output_shape_at(1) == (None, 4)
    for attribute in ("input", "output"):
        with pytest.raises(AttributeError, match="get_output_at"):
            getattr(shared, attribute)
    with pytest.raises(ValueError, match="2 次"):
        shared.get_input_at(5)
    assert len(Model([a, b], add([y, z])).weights) == 2


def test_shared_layer_at_different_shapes():
    shared = Dense(4)
    shared(Input((3,)))
    shared(Input((5, 3)))
    with pytest.raises(AttributeError, match="get_input_shape_at"):
        _ = shared.output_shape
    assert shared.get_output_shape_at(1) == (None, 5, 4)


def test_unconnected_layer_has_no_output():
    for attribute in ("input", "output", "input_shape", "output_shape"):
        with pytest.raises(AttributeError, match="Input"):
            getattr(Dense(2), attribute)


def test_gradients_of_a_shared_layer_add_up(float64):
    shared = Dense(2)
    x, y = K.variable(normal(3, 4)), K.variable(normal(3, 4, seed=1))
    loss = K.sum(K.square(shared(x))) + K.sum(K.square(shared(y)))
    separate = [K.sum(K.square(shared(t))) for t in (x, y)]
    (both,) = K.gradients(loss, [shared.kernel])
    parts = [K.eval(K.gradients(part, [shared.kernel])[0]) for part in separate]
    np.testing.assert_allclose(K.eval(both), sum(parts))


def test_siamese_model_trains_one_set_of_weights():
    shared = Dense(1, use_bias=False, kernel_initializer="ones")
    a, b = Input((2,)), Input((2,))
    model = Model([a, b], add([shared(a), shared(b)]))
    assert model.count_params() == 2
    model.compile(SGD(lr=0.1), "mse")
    one = np.ones((1, 2))
    # y = 4, loss (4 - 0)², slope 2 · 4 · (1 + 1) for each weight
    model.train_on_batch([one, one], [[0.0]])
    np.testing.assert_allclose(shared.get_weights()[0], [[1 - 1.6], [1 - 1.6]], rtol=1e-6)


def test_backend_functions_between_layers():
    x = Input((3,))
    y = K.concatenate([Dense(2)(x), Dense(2)(x) * 2.0])
    model = Model(x, Dense(1)(y))
    assert model.predict(np.ones((4, 3))).shape == (4, 1)
    assert Model(x, y).output_shape == (None, 4)


def test_model_from_an_intermediate_output():
    x = Input((3,))
    hidden = Dense(4, activation="relu")(x)
    model = Model(x, Dense(2)(hidden))
    features = Model(x, hidden)
    np.testing.assert_allclose(
        model.layers[-1](features.predict(np.ones((1, 3)))),
        model.predict(np.ones((1, 3))),
        rtol=1e-5,
    )
