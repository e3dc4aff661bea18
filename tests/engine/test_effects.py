"""Losses and updates that layers add: what is told of them, and when they run. Counts and values
are real Keras' own.
"""

import numpy as np
import pytest

from labkit import backend as K
from labkit.layers import Average, BatchNormalization, Dense, Input, Layer
from labkit.models import Model, Sequential

X = np.ones((4, 3), "float32")


def counts(thing, *inputs):
    """All updates, those that depend on each of the inputs, and those that depend on none."""
    return (
        len(thing.updates),
        *(len(thing.get_updates_for(x)) for x in inputs),
        len(thing.get_updates_for(None)),
    )


def test_updates_of_batch_normalization_are_told_when_it_is_connected():
    layer, a, b, c = BatchNormalization(), Input((3,)), Input((3,)), Input((3,))
    y = layer(a)
    assert counts(layer, a, [a], b) == (2, 2, 2, 0, 0)
    assert [x for x, _ in layer.updates] == [layer.moving_mean, layer.moving_variance]
    layer(b)
    assert counts(layer, a, b) == (4, 2, 2, 0)
    inner = Model(a, y)
    outer = Model(c, inner(c))
    assert counts(inner, a, c) == (2, 0, 2, 0)
    assert counts(outer, c) == (2, 0, 0)
    inner.trainable = False
    assert (len(inner.updates), len(outer.updates), len(layer.updates) > 0) == (0, 0, True)
    inner.trainable, layer.trainable = True, False
    assert (len(inner.updates), len(outer.updates), len(layer.updates)) == (0, 0, 0)
    layer.trainable = True
    assert (len(inner.updates), len(outer.updates)) == (2, 2)


@pytest.mark.parametrize(("training", "expected"), [(None, 2), (True, 2), (False, 0)])
def test_updates_follow_the_training_argument(training, expected):
    layer = BatchNormalization()
    layer(Input((3,)), training=training)
    assert len(layer.updates) == expected


def test_the_updates_of_a_layer_run_in_a_function():
    layer, x = BatchNormalization(momentum=0.5), Input((3,))
    y = layer(x)
    f = K.function([x], [y], updates=layer.updates)
    f([np.array([[1, 2, 3], [3, 4, 5]])])
    np.testing.assert_allclose(K.get_value(layer.moving_mean), [1, 1.5, 2])


def test_a_frozen_model_within_another_keeps_its_moving_averages():
    inner = Sequential([BatchNormalization(input_shape=(3,))])
    outer = Sequential([inner, Dense(1)])
    inner.trainable = False
    outer.compile("sgd", "mse")
    before = inner.get_weights()
    outer.train_on_batch(5 * X, np.ones((4, 1)))
    for w, start in zip(inner.get_weights(), before, strict=True):
        np.testing.assert_array_equal(w, start)


class Counter(Layer):
    """Sums its inputs, and counts its calls."""

    def build(self, input_shape):
        new = {"shape": (), "initializer": "zeros", "trainable": False}
        self.total = self.add_weight(name="total", **new)
        self.calls = self.add_weight(name="calls", **new)
        super().build(input_shape)

    def call(self, inputs):
        self.add_update((self.total, self.total + K.sum(inputs)), inputs)
        self.add_update([(self.calls, self.calls + 1)])
        return inputs * 2.0


@pytest.mark.parametrize("told", [True, False])
def test_updates_of_call_run_in_training_only(told):
    layer, x = Counter(), Input((3,))
    model = Model(x, layer(x))
    if told:
        assert counts(layer, x) == (2, 1, 1)
        assert len(model.updates) == 2

    def now():
        return [float(w) for w in layer.get_weights()]

    model.compile("sgd", "mse")
    model.predict(X), model.evaluate(X, X, verbose=0)
    assert now() == [0, 0]
    model.fit(X, X, verbose=0, epochs=2, batch_size=2)
    assert now() == [24, 4]
    model.train_on_batch(X, X)
    assert now() == [36, 5]


def test_updates_added_outside_call_run_in_training_too():
    layer, x, other = Dense(3, kernel_initializer="ones"), Input((3,)), Input((3,))
    y = layer(x)
    always, by_output, by_input = (K.variable(0.0) for _ in range(3))
    layer.add_update((always, always + 1))
    layer.add_update((by_output, by_output + K.sum(y)), x)
    layer.add_update([(by_input, by_input + K.sum(x))], [x])
    model = Model(x, y)
    assert counts(layer, x) == (3, 2, 1)
    assert len(model.updates) == 3

    def now():
        return [float(K.get_value(v)) for v in (always, by_output, by_input)]

    model.compile("sgd", "mse")
    model.predict(X), model.evaluate(X, X, verbose=0)
    assert now() == [0, 0, 0]
    model.train_on_batch(X, X)
    assert now() == [1, 36, 12]
    # Another model has the layer, but not that call of it.
    second = Model(other, layer(other))
    assert len(second.updates) == 1
    second.compile("sgd", "mse")
    second.train_on_batch(X, X)
    assert now() == [2, 36, 12]
    layer.trainable = False
    model.compile("sgd", "mse")
    assert counts(layer, x) == (0, 0, 0)
    model.train_on_batch(X, X)
    assert now() == [2, 36, 12]


def test_updates_added_to_a_model_belong_to_the_model_around_it():
    x, outside, v = Input((3,)), Input((3,)), K.variable(0.0)
    model = Model(x, Dense(3)(x))
    model.add_update((v, v + 1))
    assert counts(model) == (0, 1)
    model.compile("sgd", "mse")
    model.train_on_batch(X, X)
    assert K.get_value(v) == 0
    around = Model(outside, model(outside))
    assert len(around.updates) == 1
    around.compile("sgd", "mse")
    around.train_on_batch(X, X)
    assert K.get_value(v) == 1


def test_losses_by_what_they_depend_on():
    layer, x, other = penalized(activity_regularizer="l1"), Input((3,)), Input((3,))
    assert layer.losses == []
    layer(x), layer(other)
    assert len(layer.losses) == 3
    assert [len(layer.get_losses_for(of)) for of in (x, other, None)] == [1, 1, 1]
    layer.add_loss(K.mean(x))
    layer.add_loss([K.mean(x)], [x])
    layer.add_loss(3.0)
    assert [len(layer.get_losses_for(of)) for of in (x, other, None)] == [2, 1, 3]
    assert len(layer.losses) == 6


def penalized(**settings):
    return Dense(2, kernel_initializer="ones", use_bias=False, kernel_regularizer="l1", **settings)


def test_a_regularizer_over_shared_models_counts_once_for_each_call():
    shared = penalized(activity_regularizer="l1")
    models = []
    for _ in range(2):
        x = Input((3,))
        models.append(Model(x, penalized()(shared(x))))
    a, b = Input((3,)), Input((3,))
    model = Model([a, b], Average()([models[0](a), models[1](b)]))
    model.compile("sgd", "mse")
    # The shared kernel once, the others once each, the activity once for each call.
    assert len(model.losses) == 5
    expected = 0.01 * (6 + 4 + 4 + 2 * np.abs(X @ np.ones((3, 2))).sum())
    target = np.full((4, 2), 6.0)
    assert model.evaluate([X, X], target, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert model.train_on_batch([X, X], target) == pytest.approx(expected, rel=1e-5)


def test_two_calls_on_one_input_are_told_once_each():
    layer, x = penalized(activity_regularizer="l1"), Input((3,))
    model = Model(x, Average()([layer(x), layer(x)]))
    assert len(model.losses) == 3


def test_what_is_added_in_build_counts_with_the_weights_of_the_moment():
    class Decayed(Layer):
        def build(self, input_shape):
            self.W = self.add_weight(name="W", shape=(3,), initializer="ones")
            self.add_loss(0.5 * K.sum(K.square(self.W)))
            super().build(input_shape)

        def call(self, inputs):
            return inputs * self.W

    layer = Decayed(input_shape=(3,))
    model = Sequential([layer])
    model.compile("sgd", "mse")
    assert model.evaluate(X, X, verbose=0) == pytest.approx(1.5)
    layer.set_weights([np.array([2.0, 1, 1])])
    assert model.evaluate(X, X * [2, 1, 1], verbose=0) == pytest.approx(3)
    assert K.eval(layer.losses[0]) == 3
    model.train_on_batch(X, X * [2, 1, 1])  # lr 0.01, the slope is W
    np.testing.assert_allclose(layer.get_weights()[0], [1.98, 0.99, 0.99], rtol=1e-5)


def test_the_probe_of_a_shape_adds_nothing():
    class Added(Layer):
        def call(self, inputs):
            self.add_loss(K.sum(inputs), inputs)
            return inputs * 1.0

    layer = Added()
    x = Input((3,))
    model = Model(x, layer(x))
    assert (len(layer.losses), len(model.losses)) == (1, 1)
    model.compile("sgd", "mse")
    assert model.evaluate(X, X, verbose=0) == 12
