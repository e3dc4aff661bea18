"""CuDNNGRU and CuDNNLSTM beyond the golden cases."""

import numpy as np
import pytest

from labkit.layers import CuDNNGRU, CuDNNLSTM, Masking
from tests.layers.sequences import SEQUENCE
from tests.mistakes import check

CASES = [
    (lambda: CuDNNGRU(2, return_sequences=True), [SEQUENCE], {}),
    (lambda: CuDNNLSTM(2, return_state=True, bias_regularizer="l2"), [SEQUENCE], {}),
]


STEPS = np.ones((2, 4, 3), "float32")
WRONG = [
    (lambda: CuDNNGRU(0), ValueError, "units=0"),
    (lambda: CuDNNLSTM(2)(Masking()(STEPS * 0)), ValueError, "mask"),
]


@pytest.mark.parametrize(("use", "raises", "received"), WRONG)
def test_wrong_use(use, raises, received):
    check(raises, received, use)
