"""Activations with parameters beyond the golden cases."""

import numpy as np
import pytest

from labkit.layers import ELU, Input, LeakyReLU, PReLU, ReLU, Softmax, ThresholdedReLU

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
