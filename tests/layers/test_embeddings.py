"""Embedding beyond the golden cases; its inputs are indices, so only its weights have slopes."""

import numpy as np
import pytest

from labkit.layers import Embedding
from tests.slopes import check_slopes


@pytest.mark.parametrize("mask_zero", [False, True])
def test_slopes_of_embedding(mask_zero, float64):
    layer = Embedding(5, 3, mask_zero=mask_zero, embeddings_regularizer="l2")
    check_slopes(layer, [np.array([[0, 1, 1], [4, 0, 1]])], {}, smooth_inputs=False)


WRONG = [
    (lambda: Embedding(0, 3), ValueError, "input_dim=0"),
    (lambda: Embedding(5, -1), ValueError, "output_dim=-1"),
    (lambda: Embedding(5), TypeError, "位置参数 1 个"),
    (lambda: Embedding(5, 3, input_length=-4), ValueError, "-4"),
    (lambda: Embedding(5, 3, input_length="4"), ValueError, "'4'"),
]
