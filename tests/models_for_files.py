"""The models of tests/golden/files, which real Keras 2.2.5 trained for one step and saved."""

import numpy as np

from labkit import layers, models

SHAPES = {
    "cnn": [(8, 8, 2)],
    "rnn": ["words"],
    "graph": [(4,), (4,)],
    "states": [(5, 3), (2,)],
    "conv": [(6, 6, 2)],
    "nested": [(5,)],  # models in models in a model, with two outputs
    "chain": [(1, 6)],  # s(r1(x)) and s(r2(s(x)))
    "deferred": [(4,)],  # a Sequential that was told no shape
}


def data(name):
    """The inputs that Keras predicted on."""
    random = np.random.RandomState(0)
    return [
        random.randint(0, 10, (4, 6)).astype("float32")
        if shape == "words"
        else random.rand(4, *shape).astype("float32")
        for shape in SHAPES[name]
    ]


def small_cnn():
    return models.Sequential(
        [
            layers.Conv2D(4, 3, input_shape=(8, 8, 2), activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax", kernel_regularizer="l2"),
        ]
    )
