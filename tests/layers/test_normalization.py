"""BatchNormalization beyond the golden cases."""

import numpy as np

from labkit.layers import BatchNormalization, Dense
from labkit.models import Sequential
from labkit.optimizers import SGD
from tests.slopes import normal

CASES = [
    (lambda: BatchNormalization(), [(4, 3)], {"training": True}),
    (lambda: BatchNormalization(), [(4, 3)], {}),
    (lambda: BatchNormalization(axis=1), [(2, 3, 4, 5)], {"training": True}),
    (lambda: BatchNormalization(center=False), [(2, 3, 4)], {"training": True}),
    (lambda: BatchNormalization(scale=False, epsilon=0.1), [(5, 2)], {"training": True}),
]


def test_batch_normalization_learns_averages_only_in_training():
    layer = BatchNormalization(momentum=0.9, input_shape=(2,))
    model = Sequential([layer])
    model.compile(SGD(lr=0.0), "mse")
    x = normal(8, 2) * 3 + 5
    model.predict(x)
    model.evaluate(x, x, verbose=0)
    np.testing.assert_array_equal(layer.get_weights()[2], 0)
    model.train_on_batch(x, x)
    _, _, mean, variance = layer.get_weights()
    np.testing.assert_allclose(mean, 0.1 * x.mean(axis=0), rtol=1e-5)
    unbiased = x.var(axis=0) * 8 / (8 - 1.001)
    np.testing.assert_allclose(variance, 0.9 + 0.1 * unbiased, rtol=1e-4)


def test_batch_normalization_normalizes():
    x = normal(64, 3) * [1, 10, 100] + [5, -5, 0]
    y = BatchNormalization(epsilon=1e-8)(x, training=True)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=0), 1, rtol=1e-4)


def test_frozen_batch_normalization_keeps_its_averages():
    layer = BatchNormalization(input_shape=(2,))
    model = Sequential([layer, Dense(1)])
    layer.trainable = False
    model.compile("sgd", "mse")
    before = layer.get_weights()
    model.train_on_batch(normal(8, 2) + 5, np.zeros((8, 1)))
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(layer.non_trainable_weights) == 4 and not layer.trainable_weights


WRONG = [
    (lambda: BatchNormalization(momentum="a"), ValueError, "momentum='a'"),
    (lambda: BatchNormalization(momentum=2), ValueError, "momentum=2"),
    (lambda: BatchNormalization(epsilon=-1), ValueError, "epsilon=-1"),
]
