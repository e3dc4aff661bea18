"""Models from their configs."""

import numpy as np
import pytest

from labkit import layers
from labkit.layers import LSTM, Add, Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from labkit.models import Model, Sequential
from tests.engine.own_layers import Project, Scale
from tests.slopes import normal


def test_sequential_config_round_trip():
    model = Sequential(
        [
            Conv2D(3, 2, activation="relu", input_shape=(6, 6, 1), kernel_regularizer="l2"),
            MaxPooling2D(),
            Flatten(),
            Dropout(0.5),
            Dense(2, activation="softmax"),
        ],
        name="net",
    )
    again = Sequential.from_config(model.get_config())
    assert again.name == "net" and again.get_config() == model.get_config()
    again.set_weights(model.get_weights())
    x = normal(3, 6, 6, 1)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_model_config_round_trip():
    shared = Dense(4, activation="tanh")
    a, b = Input((3,), name="a"), Input((3,), name="b")
    left, right = shared(a), shared(b)
    inner = Sequential([Dense(2, input_shape=(4,))])
    y = inner(Add()([left, right]))
    z = Dense(1, name="z")(left)
    model = Model([a, b], [y, z], name="graph")
    again = Model.from_config(model.get_config())
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert again.get_config() == model.get_config()
    again.set_weights(model.get_weights())
    data = [normal(2, 3), normal(2, 3, seed=1)]
    for p, q in zip(again.predict(data), model.predict(data), strict=True):
        np.testing.assert_array_equal(p, q)


def test_config_keeps_the_state_inputs_of_a_recurrent_layer():
    x, h, c = Input((4, 3)), Input((2,)), Input((2,))
    model = Model([x, h, c], LSTM(2)(x, initial_state=[h, c]))
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    data = [normal(2, 4, 3), normal(2, 2), normal(2, 2, seed=1)]
    np.testing.assert_array_equal(again.predict(data), model.predict(data))


def test_own_layer_survives_its_config():
    model = Sequential([Project(4, input_shape=(3,)), Scale()])
    with pytest.raises(ValueError, match="Project"):
        Sequential.from_config(model.get_config())
    again = Sequential.from_config(model.get_config(), {"Project": Project, "Scale": Scale})
    again.set_weights(model.get_weights())
    x = normal(2, 3)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    one = layers.deserialize(layers.serialize(Project(7)), {"Project": Project})
    assert one.units == 7
