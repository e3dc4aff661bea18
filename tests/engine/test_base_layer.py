"""Every layer's names and weights, and layers of one's own."""

import numpy as np
import pytest

from labkit import backend as K
from labkit.layers import LSTM, BatchNormalization, Conv2D, Dense, Input, MaxPooling2D
from labkit.models import Model, Sequential
from labkit.optimizers import SGD
from tests.engine.own_layers import Counting, Noisy, Project, Scale, TwoByTwo
from tests.slopes import check_slopes, normal


def test_names():
    assert [Dense(1).name, Dense(1).name, MaxPooling2D().name] == [
        "dense_1",
        "dense_2",
        "max_pooling2d_1",
    ]
    assert [LSTM(1).name, BatchNormalization().name] == ["lstm_1", "batch_normalization_1"]
    assert Conv2D(1, 1).name == "conv2d_1" and Dense(1, name="own").name == "own"
    assert Input((1,)).name.startswith("input_1") and Sequential().name == "sequential_1"
    layer = Dense(2, name="head")
    layer(np.ones((1, 3)))
    assert [w.name for w in layer.weights] == ["head/kernel:0", "head/bias:0"]
    K.clear_session()
    assert Dense(1).name == "dense_1"
    x = Input((3,))
    with pytest.raises(ValueError, match="same"):
        Model(x, Dense(2, name="same")(Dense(2, name="same")(x)))


def test_initial_weights():
    kernel = np.arange(6.0).reshape(3, 2)
    layer = Dense(2, weights=[kernel, np.ones(2)])
    np.testing.assert_allclose(layer(np.ones((1, 3))), [[7, 10]])
    layer.set_weights([kernel * 2, np.zeros(2)])
    np.testing.assert_allclose(layer(np.ones((1, 3))), [[12, 18]])


def test_get_weights_is_a_copy():
    layer = Dense(2)
    layer(np.ones((1, 3)))
    layer.get_weights()[0][:] = 99
    assert abs(layer.get_weights()[0]).max() < 2


def test_frozen_layer():
    model = Sequential([Dense(4, input_shape=(3,), trainable=False), Dense(1)])
    model.compile("sgd", "mse")
    frozen, free = (layer.get_weights() for layer in model.layers)
    model.train_on_batch(normal(4, 3), normal(4, 1))
    for a, b in zip(frozen, model.layers[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(free[0], model.layers[1].get_weights()[0])


def test_constraint_of_a_layer_holds():
    layer = Dense(1, kernel_constraint="non_neg", kernel_initializer="zeros", input_shape=(2,))
    model = Sequential([layer])
    model.compile(SGD(lr=1.0), "mse")
    model.train_on_batch(np.ones((1, 2)), [[-5.0]])
    np.testing.assert_array_equal(layer.get_weights()[0], 0)


def test_own_layers_compute_and_train(float64):
    check_slopes(Scale(), [normal(2, 3)], {})
    check_slopes(Project(4), [normal(2, 3)], {})
    check_slopes(TwoByTwo(), [normal(2, 3), normal(2, 4)], {})


def test_own_layer_in_a_model():
    model = Sequential([Project(4, input_shape=(3,)), Scale(), Dense(1)])
    assert [layer.output_shape for layer in model.layers] == [(None, 4), (None, 4), (None, 1)]
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.train_on_batch(normal(4, 3), normal(4, 1))
    assert all(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_own_layer_with_lists():
    a, b = Input((3,)), Input((4,))
    layer = TwoByTwo()
    y, z = layer([a, b])
    assert (y.shape, z.shape) == ((None, 4), (None,))
    assert layer.input_shape == [(None, 3), (None, 4)] and len(layer.get_output_at(0)) == 2
    x0, x1 = normal(2, 3), normal(2, 4)
    first, second = Model([a, b], [y, z]).predict([x0, x1])
    np.testing.assert_allclose(first, x0 @ layer.get_weights()[0] + x1, rtol=1e-5)
    np.testing.assert_allclose(second, x1.mean(axis=-1), rtol=1e-5)


def test_own_training_flag():
    model = Sequential([Noisy(input_shape=(2,))])
    x = np.ones((1, 2))
    np.testing.assert_array_equal(model.predict(x), [[1, 1]])
    np.testing.assert_array_equal(Noisy()(x, training=True), [[101, 101]])
    K.set_learning_phase(1)
    np.testing.assert_array_equal(Noisy()(x), [[101, 101]])
    assert K.get_value(Noisy()(K.variable(x), training=False)).max() == 1


def test_own_loss_and_update():
    layer = Counting()
    model = Sequential([Dense(1, input_shape=(2,), kernel_initializer="ones"), layer])
    model.compile(SGD(lr=0.0), "mse")
    x, y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros((2, 1))
    expected = (9 + 49) / 2 + 0.5 * 10
    assert model.train_on_batch(x, y) == pytest.approx(expected)
    assert layer.get_weights()[0] == 1
    assert model.train_on_batch(x, y) == pytest.approx(expected)  # not added to the first
    assert layer.get_weights()[0] == 2
    assert len(model.losses) == 1


def test_call_keywords_become_part_of_the_graph():
    x = Input((2,))
    np.testing.assert_array_equal(
        Model(x, Noisy()(x, training=True)).predict(np.zeros((1, 2))), [[100, 100]]
    )
