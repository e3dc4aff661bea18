"""Activations with parameters beyond the golden cases."""

import numpy as np
import pytest

from labkit import backend as K
from labkit.layers import (
    ELU,
    Activation,
    Dense,
    Input,
    LeakyReLU,
    PReLU,
    ReLU,
    Softmax,
    ThresholdedReLU,
)

CASES = [
    (lambda: LeakyReLU(0.2), [(3, 4)], {}),
    (lambda: PReLU(alpha_regularizer="l2"), [(3, 4)], {}),
    (lambda: PReLU(shared_axes=[1, 2]), [(2, 3, 2, 4)], {}),
    (lambda: ELU(0.7), [(3, 4)], {}),
    (lambda: ThresholdedReLU(0.3), [(3, 4)], {}),
    (lambda: Softmax(), [(3, 4)], {}),
    (lambda: Softmax(axis=1), [(2, 3, 4)], {}),
    (lambda: ReLU(1.0, 0.1, 0.2), [(3, 4)], {}),
]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (lambda: LeakyReLU(0.1), lambda x: np.where(x >= 0, x, 0.1 * x)),
        (lambda: ELU(2.0), lambda x: np.where(x > 0, x, 2 * np.expm1(x))),
        (lambda: ThresholdedReLU(1.0), lambda x: np.where(x > 1.0, x, 0)),
        (
            lambda: ReLU(2.0, 0.1, 1.0),
            lambda x: np.where(x >= 2, 2, np.where(x > 1, x, 0.1 * (x - 1))),
        ),
    ],
)
def test_activations_by_definition(layer, expected):
    x = np.array([[-2.0, -0.5, 0.0, 1.0, 1.5, 2.0, 3.0]], "float32")
    np.testing.assert_allclose(layer()(x), expected(x), rtol=1e-5)


X = np.ones((2, 3), "float32")
WRONG = [
    (lambda: LeakyReLU("0.3"), ValueError, "'0.3'"),
    (lambda: LeakyReLU(float("nan")), ValueError, "alpha=nan"),
    (lambda: PReLU(shared_axes=0), ValueError, "shared_axes=0"),
    (lambda: PReLU(shared_axes=[3])(X), IndexError, "shared_axes=[3]"),
    (lambda: PReLU()(Input((None, 3))), ValueError, "None"),
    (lambda: ELU(None), ValueError, "alpha=None"),
    (lambda: ThresholdedReLU("a"), ValueError, "'a'"),
    (lambda: ReLU(max_value=-1.0), ValueError, "max_value=-1"),
    (lambda: ReLU(negative_slope=-0.1), ValueError, "negative_slope=-0.1"),
    (lambda: Softmax()(np.ones(3, "float32")), ValueError, "(3,)"),
]


def test_nan_stays_nan():
    """A mistake in the data must be seen; all of these give NaN in real Keras too."""
    x = np.array([[np.nan, -1, 2, 7]], "float32")
    for settings, expected in [  # real Keras
        ({}, [0, 2, 7]),
        ({"alpha": 0.1}, [-0.1, 2, 7]),
        ({"max_value": 6}, [0, 2, 6]),
        ({"max_value": 5, "alpha": 0.1}, [-0.1, 2, 5]),
        ({"threshold": 1.0}, [0, 2, 7]),
        ({"threshold": 1.0, "alpha": 0.1, "max_value": 5.0}, [-0.2, 2, 5]),
    ]:
        for y in (K.relu(x, **settings), K.eval(K.relu(K.variable(x), **settings))):
            np.testing.assert_allclose(y, [[np.nan, *expected]], rtol=1e-6)
            assert y.dtype == "float32"
    layers = [
        ReLU(),
        ReLU(6.0),
        ReLU(None, 0.1, 1.0),
        LeakyReLU(),
        PReLU(),
        ELU(),
        ThresholdedReLU(1.0),
        Softmax(),
        *map(Activation, ["relu", "selu", "softplus", "softsign", "tanh", "sigmoid"]),
        *map(Activation, ["hard_sigmoid", "exponential", "linear"]),
    ]
    for layer in layers:
        assert np.isnan(layer(x)[0, 0]), layer.name
    # The gradients of real Keras there.
    for settings, slope in [({}, 0), ({"alpha": 0.1}, 0.1), ({"max_value": 6}, 0)]:
        v = K.variable(x)
        gradient = K.eval(K.gradients(K.sum(K.relu(v, **settings)), [v])[0])
        np.testing.assert_allclose(gradient[0, :2], [slope] * 2, rtol=1e-6)


def test_softmax_over_an_axis_that_is_not_there():
    layer = Softmax(axis=4)
    x = Input((3, 2))
    with pytest.raises(ValueError, match="axis=4") as error:
        layer(x)
    assert "在 -3 到 2 之间" in str(error.value)
    assert not layer.built
    # Real Keras takes the last axis of a matrix, whatever it is told.
    assert Softmax(axis=4)(Input((3,))).shape == (None, 3)


def test_a_layer_as_an_activation_is_warned_of():
    with pytest.warns(UserWarning, match="PReLU") as warned:
        layer = Dense(2, activation=PReLU())
    assert "后面接上 PReLU" in str(warned[0].message)
    assert layer(np.ones((1, 3))).shape == (1, 2)
