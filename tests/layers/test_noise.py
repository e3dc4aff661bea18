"""Noise beyond the golden cases."""

import numpy as np

from labkit.layers import AlphaDropout, GaussianDropout, GaussianNoise

TRAINING = {"training": True}
CASES = [
    (lambda: GaussianNoise(0.3), [(3, 4)], TRAINING),
    (lambda: GaussianDropout(0.3), [(3, 4)], TRAINING),
    (lambda: AlphaDropout(0.3, seed=1), [(3, 4)], TRAINING),
]


X = np.ones((2, 3), "float32")
WRONG = [
    (lambda: GaussianNoise(-1), ValueError, "stddev=-1"),
    (lambda: GaussianNoise("1"), ValueError, "'1'"),
    (lambda: GaussianDropout(None), ValueError, "rate=None"),
    (lambda: AlphaDropout(0.5, noise_shape=(5, 1))(X, training=True), ValueError, "(5, 1)"),
]
