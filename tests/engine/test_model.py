"""Models as layers, subclasses, what a model lists and prints."""

import numpy as np

from labkit import backend as K
from labkit.layers import Add, BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, add
from labkit.models import Model, Sequential
from tests.mistakes import check
from tests.regression import X, Y
from tests.slopes import normal


def test_model_as_a_layer():
    inner = Sequential([Dense(4, activation="tanh", input_shape=(3,)), Dense(2)])
    x = Input((3,))
    outer = Model(x, Dense(1)(inner(x)))
    assert outer.layers[1] is inner and len(outer.weights) == 6
    data = normal(5, 3).astype("float32")
    expected = outer.layers[2](inner.predict(data))
    np.testing.assert_allclose(outer.predict(data), expected, rtol=1e-5)
    outer.compile("sgd", "mse")
    before = inner.get_weights()
    outer.train_on_batch(data, np.ones((5, 1)))
    assert not np.array_equal(before[0], inner.get_weights()[0])


def test_model_twice_in_a_model():
    inner = Model(x := Input((3,)), Dense(2)(x))
    a, b = Input((3,)), Input((3,))
    outer = Model([a, b], add([inner(a), inner(b)]))
    x0, x1 = normal(2, 3), normal(2, 3, seed=1)
    np.testing.assert_allclose(
        outer.predict([x0, x1]), inner.predict(x0) + inner.predict(x1), rtol=1e-5
    )
    assert inner.predict(x0).shape == (2, 2)


def test_frozen_model_inside_a_model():
    inner = Sequential([Dense(4, input_shape=(3,))])
    inner.trainable = False
    model = Sequential([inner, Dense(2)])
    model.compile("sgd", "mse")
    frozen = inner.get_weights()
    model.train_on_batch(normal(4, 3), normal(4, 2))
    for a, b in zip(frozen, inner.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(model.trainable_weights) == 2 and len(model.non_trainable_weights) == 2


def test_get_layer():
    model = Sequential([Dense(4, input_shape=(3,), name="first"), Dense(2)])
    assert model.get_layer("first") is model.layers[0] is model.get_layer(index=0)
    assert model.get_layer(index=-1) is model.layers[1]


def test_weights_round_trip_through_a_model():
    def make():
        return Sequential([Conv2D(2, 2, input_shape=(4, 4, 1)), BatchNormalization(), Flatten()])

    one, two = make(), make()
    x = normal(3, 4, 4, 1)
    assert not np.allclose(one.predict(x), two.predict(x))
    two.set_weights(one.get_weights())
    np.testing.assert_array_equal(one.predict(x), two.predict(x))


def test_count_params_and_summary():
    model = Sequential([Dense(4, input_shape=(3,)), BatchNormalization(), Dense(2)])
    assert model.count_params() == 16 + 16 + 10
    lines = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    for expected in ("dense_1 (Dense)", "(None, 4)", "batch_normalization_1 (Batc"):
        assert expected in text
    assert "Total params: 42" in text
    assert "Trainable params: 34" in text and "Non-trainable params: 8" in text
    assert {len(line) for line in lines if set(line) <= set("_=")} == {65}


def test_summary_of_a_graph_shows_the_sources():
    x = Input((3,), name="x")
    left, right = Dense(2, name="left")(x), Dense(2, name="right")(x)
    lines = []
    Model(x, Add(name="sum")([left, right])).summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "Connected to" in text and "left[0][0]" in text and "right[0][0]" in text


class Perceptron(Model):
    def __init__(self):
        super().__init__(name="perceptron")
        self.hidden = Dense(4, activation="tanh")
        self.drop = Dropout(0.5)
        self.out = Dense(1)

    def call(self, inputs):
        return self.out(self.drop(self.hidden(inputs)))


def test_a_subclass_of_model_trains():
    model = Perceptron()
    assert [layer.name for layer in model.layers][0].startswith("dense") and not model.built
    model.compile("adam", "mse")
    history = model.fit(X, Y, epochs=3, verbose=0).history["loss"]
    assert len(history) == 3 and model.count_params() == 21
    np.testing.assert_array_equal(model.predict(X), model.predict(X))
    other = Perceptron()
    other(X)
    other.set_weights(model.get_weights())
    np.testing.assert_allclose(other(X), model.predict(X), rtol=1e-6)
    check(NotImplementedError, "继承 Model", model.get_config)


def test_subclass_without_super():
    class Hasty(Model):
        def __init__(self):
            self.dense = Dense(2)

    check(RuntimeError, "dense", Hasty)


def test_a_subclass_may_have_weights_but_needs_a_call_to_compute():
    class Holder(Model):
        def __init__(self):
            super().__init__(dtype="int64")
            self.w = self.add_weight("w", [], initializer="ones")

    model = Holder()
    assert K.dtype(model.w) == "int64" and model.trainable_weights == []
    check(NotImplementedError, "没有 call", lambda: model.predict(np.ones((2, 3))))
