"""What the tests of the recurrent families share."""

import numpy as np

from labkit import backend as K
from labkit.layers import ConvLSTM2DCell, Layer

SEQUENCE = (2, 4, 3)
MASK = np.array([[True, True, False, False], [False, True, True, True]])


class CellAsLayer(Layer):
    """One step of a cell from states of zeros."""

    def __init__(self, cell, **kwargs):
        super().__init__(**kwargs)
        self.cell = cell

    def build(self, input_shape):
        self.cell.build(input_shape)
        self.cell.built = True
        super().build(input_shape)

    @property
    def trainable_weights(self):
        return self.cell.trainable_weights

    def call(self, inputs):
        sizes = self.cell.state_size
        sizes = list(sizes) if isinstance(sizes, tuple) else [sizes]
        if isinstance(self.cell, ConvLSTM2DCell):
            shapes = [self.cell.output_shape_of(K.int_shape(inputs))] * 2
        else:
            shapes = [(K.int_shape(inputs)[0], n) for n in sizes]
        y, states = self.cell.call(inputs, [np.full(shape, 0.3) for shape in shapes])
        return [y, *states]
