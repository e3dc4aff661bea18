"""Activations, regularizers, constraints and initializers as people wrote them for Keras 2.2.

The values are real Keras' own: the loss after two steps, and the start of the kernel.
"""

import numpy as np
import pytest

from labkit import backend as K
from labkit.constraints import Constraint
from labkit.initializers import Initializer
from labkit.layers import LSTM, Activation, Dense, Lambda
from labkit.models import Sequential
from labkit.optimizers import SGD
from labkit.regularizers import Regularizer
from tests.mistakes import check

DATA = np.random.RandomState(0)
X, Y = DATA.randn(6, 4).astype("float32"), DATA.randn(6, 3).astype("float32")


def in_place(x):
    x *= 2.0
    x += 1
    x -= K.mean(x, axis=-1, keepdims=True)
    x /= 1.0 + K.abs(x)
    return x


class Orthogonality(Regularizer):
    def __call__(self, w):
        w = K.reshape(w, (-1, K.int_shape(w)[-1]))
        g = K.dot(K.transpose(w), w)
        g -= K.eye(K.int_shape(w)[-1])
        return 0.1 * K.sum(K.square(g))


def affine(w):
    w *= 3.0
    w += 1.0
    return K.mean(w * w)


def entropy(x):
    p = K.softmax(x)
    return -0.1 * K.mean(K.sum(p * K.log(p + K.epsilon()), axis=-1))


class HalfNorm(Constraint):
    def __call__(self, w):
        norms = K.sqrt(K.sum(K.square(w), axis=0, keepdims=True))
        w *= K.clip(norms, 0, 0.5) / (K.epsilon() + norms)
        return w


class NotNegative(Constraint):
    def __call__(self, w):
        w *= K.cast(K.greater_equal(w, 0.0), K.floatx())
        return w


def sum_to_one(w):
    w = K.abs(w)
    w /= K.sum(w, axis=0, keepdims=True)
    return w


class ByFan(Initializer):
    def __call__(self, shape, dtype=None):
        v = K.ones(shape, dtype=dtype) * 0.6
        v /= np.sqrt(np.prod(shape[:-1]))
        return v


@pytest.mark.parametrize(
    ("settings", "loss", "kernel"),
    [
        ({"activation": in_place}, 1.8082, [0.7622, -0.2512, -0.2687, -0.5184]),
        ({"kernel_regularizer": Orthogonality()}, 2.2395, [0.5697, -0.1071, -0.1136, -0.3617]),
        ({"kernel_regularizer": affine}, 3.6925, [0.3374, -0.1431, -0.1155, -0.4074]),
        ({"activity_regularizer": entropy}, 2.4412, [0.6043, -0.1256, -0.0872, -0.4521]),
        ({"kernel_constraint": HalfNorm()}, 1.5335, [0.2837, -0.0498, 0.0037, -0.1834]),
        ({"kernel_constraint": NotNegative()}, 1.9212, [0.6116, 0.0369, 0.0442, 0.0288]),
        ({"kernel_constraint": sum_to_one}, 1.819, [0.3132, 0.1661, 0.1118, 0.2337]),
    ],
)
def test_what_others_wrote_trains_as_in_keras(settings, loss, kernel):
    model = Sequential([Dense(3, input_shape=(4,), **settings)])
    weights = np.random.RandomState(1)
    model.set_weights([weights.randn(*w.shape) * 0.5 for w in model.get_weights()])
    model.compile(SGD(0.1), "mse")
    before = model.get_weights()
    model.predict(X), model.evaluate(X, Y, verbose=0)
    for w, start in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(w, start)  # `w *= 3.` is another tensor
    model.train_on_batch(X, Y), model.train_on_batch(X, Y)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(loss, abs=2e-4)
    np.testing.assert_allclose(model.get_weights()[0].ravel()[:4], kernel, atol=1e-4)


def test_they_always_get_tensors():
    seen = []

    def see(x):
        seen.append(x)
        return x * 1.0

    x, sequence = X.copy(), X.reshape(2, 4, 3)
    for layer in (Dense(2, activation=see), Activation(see), Lambda(see)):
        Sequential([layer]).predict(x)
    LSTM(2, activation=see, recurrent_activation=see)(sequence)
    regularized = Dense(1, kernel_regularizer=lambda w: K.sum(see(w)))
    regularized(x)
    assert regularized.losses
    assert len(seen) > 10
    assert all(K.is_tensor(x) for x in seen)


def test_an_initializer_may_give_arrays_tensors_and_variables():
    for initializer in (
        ByFan(),
        lambda shape, dtype=None: np.full(shape, 0.3),
        lambda shape, dtype=None: K.variable(np.full(shape, 0.3)),
        lambda shape, dtype=None: K.constant(0.3, shape=shape, dtype=dtype),
    ):
        layer = Dense(3, kernel_initializer=initializer)
        layer(X)
        np.testing.assert_allclose(layer.get_weights()[0], np.full((4, 3), 0.3), rtol=1e-6)


def test_an_initializer_of_another_shape_is_refused():
    layer = Dense(3, kernel_initializer=lambda shape, dtype=None: np.ones(shape[::-1]))
    check(ValueError, "(3, 4)", lambda: layer(X), layer)


def test_a_loss_or_metric_without_return_is_told_so():
    for settings in ({"loss": lambda a, b: None}, {"loss": "mse", "metrics": [lambda a, b: None]}):
        model = Sequential([Dense(3, input_shape=(4,))])
        model.compile("sgd", **settings)
        dense = model.layers[0]
        check(TypeError, "少了 return", lambda model=model: model.fit(X, Y, verbose=0), dense)


def test_only_regularizers_have_names():
    check(ValueError, "refuse", lambda: Dense(2, kernel_regularizer="refuse"))


def test_one_row_for_the_batch_stands_for_each_sample():
    model = Sequential([Lambda(lambda x: K.sum(x, axis=0, keepdims=True), input_shape=(4,))])
    y = model.predict(np.ones((6, 4)), batch_size=4)
    np.testing.assert_array_equal(y, np.repeat([[4.0] * 4, [2.0] * 4], [4, 2], axis=0))  # as Keras
