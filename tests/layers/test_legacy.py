"""Layers of Keras 1 beyond the golden cases."""

import warnings

import numpy as np

from labkit import layers
from labkit.layers import Highway, MaxoutDense


def old(make):
    """A layer that warns that it is of Keras 1."""

    def quietly():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make()

    return quietly


CASES = [
    (old(lambda: Highway(activation="tanh")), [(3, 4)], {}),
    (old(lambda: Highway(bias=False)), [(3, 4)], {}),
    (old(lambda: MaxoutDense(2, nb_feature=3, W_regularizer="l2")), [(3, 4)], {}),
]


STEPS = np.ones((2, 4, 3), "float32")
WRONG = [
    (old(lambda: MaxoutDense(0)), ValueError, "output_dim=0"),
    (old(lambda: Highway()(STEPS)), ValueError, "3 维"),
    (lambda: layers.Recurrent(), NotImplementedError, "Keras 1"),
    (lambda: layers.ConvRecurrent2D(2, 3), NotImplementedError, "Keras 1"),
]
