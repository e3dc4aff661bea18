"""uses_learning_phase: true of exactly those layers that compute something else in training."""

import numpy as np
import pytest

from labkit import backend as K
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.states import input_of, layer_of, state_of
from labkit.layers import (
    LSTM,
    RNN,
    Bidirectional,
    Dense,
    Dropout,
    GRUCell,
    Input,
    Layer,
    LSTMCell,
    StackedRNNCells,
    TimeDistributed,
)
from labkit.models import Model, Sequential
from tests.slopes import as_list

pytestmark = pytest.mark.filterwarnings("ignore:.*Keras 1:UserWarning")
DROPPING = [
    ("LSTM(2, dropout=0.5)", (None, 4, 2)),
    ("GRU(2, recurrent_dropout=0.5)", (None, 4, 2)),
    ("RNN(StackedRNNCells([LSTMCell(2), GRUCell(2, dropout=0.5)]))", (None, 4, 2)),
    ("ConvLSTM2D(1, 2, dropout=0.5)", (None, 3, 4, 4, 1)),
    ("TimeDistributed(Dropout(0.5))", (None, 4, 2)),
    ("Bidirectional(LSTM(2, recurrent_dropout=0.5))", (None, 4, 2)),
    ("TimeDistributed(Bidirectional(LSTM(2, dropout=0.5)))", (None, 3, 4, 2)),
]
CALLS = [*EXAMPLES.values(), *DROPPING]


@pytest.mark.parametrize(("call", "shape"), CALLS, ids=[call for call, _ in CALLS])
def test_it_says_whether_training_computes_something_else(call, shape):
    state = state_of(call, shape)
    layer, shapes = layer_of(state), input_of(state)
    several = isinstance(shapes, list)
    # All positive: dropout shows, and word numbers are in range.
    arrays = [np.full((20, *s[1:]), 2.0) for s in (shapes if several else [shapes])]

    def computed(phase):
        with K.learning_phase_scope(phase):
            return [K.eval(y) for y in as_list(layer(arrays if several else arrays[0]))]

    still, trained = computed(0), computed(1)
    differs = not all(map(np.array_equal, still, trained))
    assert layer.uses_learning_phase == differs


class Plain:
    """A cell that is no layer."""

    state_size = 2

    def call(self, inputs, states):
        return inputs, [inputs]


class Trained(Plain):
    def call(self, inputs, states, training=None):
        return inputs, [inputs]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (Plain(), False),
        (Trained(), True),
        (LSTMCell(2), False),
        (LSTMCell(2, dropout=0.5), True),
        (StackedRNNCells([Plain(), GRUCell(2)]), False),
        (StackedRNNCells([GRUCell(2), Trained()]), True),
    ],
)
def test_a_loop_does_as_its_cell(cell, expected):
    assert RNN(cell).uses_learning_phase == expected


def test_a_model_does_as_its_layers():
    assert not Sequential([Dense(2), LSTM(2)]).uses_learning_phase
    inner = Sequential([Dense(2), Dropout(0.5)])
    assert inner.uses_learning_phase
    assert TimeDistributed(inner).uses_learning_phase
    x = Input((3, 2))
    assert Model(x, Bidirectional(LSTM(2, dropout=0.1))(x)).uses_learning_phase


class Own(Layer):
    def call(self, inputs, training=None):
        return K.in_train_phase(2 * inputs, inputs, training)


class Keras1(Layer):
    """Such layers asked for the phase inside call and said so in their __init__."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.uses_learning_phase = True


def test_layers_of_ones_own_say_it_by_their_call_or_by_themselves():
    assert Own().uses_learning_phase
    assert not Layer().uses_learning_phase
    assert Keras1().uses_learning_phase
    assert Sequential([Dense(2), Keras1()]).uses_learning_phase
