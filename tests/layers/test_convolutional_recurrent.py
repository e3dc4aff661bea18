"""ConvLSTM2D and its cell beyond the golden cases."""

import numpy as np

from labkit.layers import ConvLSTM2D, ConvLSTM2DCell, Input
from tests.layers.sequences import CellAsLayer

FRAMES = (1, 3, 5, 4, 2)
CASES = [
    (lambda: ConvLSTM2D(2, 2, return_sequences=True, padding="same"), [FRAMES], {}),
    (
        lambda: ConvLSTM2D(2, (3, 2), strides=(2, 1), data_format="channels_first"),
        [(1, 2, 2, 5, 4)],
        {},
    ),
    (lambda: ConvLSTM2D(2, 2, dilation_rate=2, return_state=True, use_bias=False), [FRAMES], {}),
    (lambda: CellAsLayer(ConvLSTM2DCell(2, 2)), [(1, 4, 5, 2)], {}),
]


STEPS, IMAGES = np.ones((2, 4, 3), "float32"), np.ones((1, 3, 5, 5, 2), "float32")
WRONG = [
    (lambda: ConvLSTM2D(0, 3), ValueError, "filters=0"),
    (lambda: ConvLSTM2D(2, (3, 3, 3)), ValueError, "(3, 3, 3)"),
    (lambda: ConvLSTM2D(2, 3, padding="causal"), ValueError, "'causal'"),
    (lambda: ConvLSTM2D(2, 9)(IMAGES), ValueError, "kernel_size=(9, 9)"),
    (lambda: ConvLSTM2D(2, 3)(STEPS), ValueError, "3 维"),
    (lambda: ConvLSTM2D(2, 3, unroll=True), TypeError, "unroll=True"),
    (lambda: ConvLSTM2D(2, 3)(Input((3, 5, 5, None))), ValueError, "None"),
]
