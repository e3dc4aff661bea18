"""CuDNNGRU and CuDNNLSTM beyond the golden cases."""

import numpy as np

from labkit.layers import CuDNNGRU, CuDNNLSTM, Masking
from tests.layers.sequences import SEQUENCE

CASES = [
    (lambda: CuDNNGRU(2, return_sequences=True), [SEQUENCE], {}),
    (lambda: CuDNNLSTM(2, return_state=True, bias_regularizer="l2"), [SEQUENCE], {}),
]


STEPS = np.ones((2, 4, 3), "float32")
WRONG = [
    (lambda: CuDNNGRU(0), ValueError, "units=0"),
    (lambda: CuDNNLSTM(2)(Masking()(STEPS * 0)), ValueError, "mask"),
]
