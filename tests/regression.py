"""A regression that a test can follow by hand."""

import numpy as np

from labkit.layers import Dense
from labkit.models import Sequential
from labkit.optimizers import SGD
from tests.slopes import normal


def regression(n=20):
    x = normal(n, 3)
    return x, x @ np.array([[1.0], [-2], [0.5]]) + 0.3


def linear(lr=0.1):
    model = Sequential([Dense(1, input_shape=(3,), kernel_initializer="zeros")])
    model.compile(SGD(lr=lr), "mse")
    return model
