"""Local windows with weights of their own beyond the golden cases."""

import numpy as np

from labkit.layers import Input, LocallyConnected1D, LocallyConnected2D

SEQUENCE, IMAGE = (2, 7, 2), (2, 5, 6, 2)
FIRST = "channels_first"

CASES = [
    (lambda: LocallyConnected1D(3, 3, strides=2, activation="tanh"), [SEQUENCE], {}),
    (lambda: LocallyConnected2D(2, (2, 3), (1, 2)), [IMAGE], {}),
    (
        lambda: LocallyConnected2D(2, 2, data_format=FIRST, kernel_regularizer="l2"),
        [(2, 2, 4, 3)],
        {},
    ),
]


X = np.ones((2, 5, 5, 2), "float32")
WRONG = [
    (lambda: LocallyConnected1D(2, 3, padding="same"), ValueError, "'same'"),
    (lambda: LocallyConnected1D(2, 3)(Input((None, 2))), TypeError, "None"),
    (lambda: LocallyConnected2D(2, 3)(Input((None, 5, 2))), ValueError, "None"),
    (lambda: LocallyConnected2D(2, 9)(X), ValueError, "kernel_size=(9, 9)"),
]
