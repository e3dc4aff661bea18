"""A regression that a test can follow by hand."""

import numpy as np

from labkit.layers import Dense
from labkit.models import Sequential
from labkit.optimizers import SGD
from labkit.utils.data_utils import Sequence
from tests.slopes import normal

X = normal(12, 3).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def regression(n=20):
    x = normal(n, 3)
    return x, x @ np.array([[1.0], [-2], [0.5]]) + 0.3


def linear(lr=0.1, **settings):
    model = Sequential([Dense(1, input_shape=(3,), kernel_initializer="zeros")])
    model.compile(SGD(lr=lr), "mse", **settings)
    return model


class Batches(Sequence):
    def __init__(self):
        self.asked, self.ended = [], 0

    def __len__(self):
        return 3

    def __getitem__(self, index):
        self.asked.append(index)
        rows = slice(4 * index, 4 * index + 4)
        return X[rows], Y[rows]

    def on_epoch_end(self):
        self.ended += 1


def forever():
    while True:
        for index in range(3):
            yield X[4 * index : 4 * index + 4], Y[4 * index : 4 * index + 4]
