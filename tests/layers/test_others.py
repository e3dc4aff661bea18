"""Recurrent layers that others wrote (others.py), against what real Keras computes with them."""

import json
from pathlib import Path

import numpy as np
import pytest

from labkit import backend as K
from labkit.engine.base_layer import Layer
from labkit.initializers import Identity
from labkit.layers import (
    GRU,
    LSTM,
    RNN,
    BatchNormalization,
    Bidirectional,
    ConvLSTM2D,
    CuDNNLSTM,
    Dense,
    Dropout,
    Input,
    LSTMCell,
    SimpleRNN,
    TimeDistributed,
)
from labkit.layers.recurrent import SimpleRNNCell
from labkit.models import Model, Sequential
from tests.layers.others import MODELS, ask
from tests.slopes import normal

KERAS = json.loads(Path(__file__).with_name("others.json").read_text())


#: Where the gradients of TensorFlow 1.15's loops differ from run to run, and from Keras' own
#: difference quotients, by up to this much.
WAVERING = dict.fromkeys(
    ("attention_masked", "attention_two_outputs", "layer_norm_lstm", "decoder_both_ways"), 5e-5
) | {"decoder": 2e-3}


@pytest.mark.parametrize("name", MODELS)
def test_computes_and_learns_as_in_keras(name):
    tolerances = 2e-6, WAVERING.get(name, 2e-6)
    for ours, theirs, atol in zip(ask(name), KERAS[name], tolerances, strict=True):
        assert len(ours) == len(theirs)
        for y, expected in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(y, expected, rtol=1e-4, atol=atol)


@pytest.mark.parametrize(("make", "gates"), [(LSTM, 4), (GRU, 3), (SimpleRNN, 1)])
def test_identity_stands_in_every_gate(make, gates):
    layer = make(3, recurrent_initializer="identity")
    layer.build((None, 5, 4))
    np.testing.assert_array_equal(layer.get_weights()[1], np.tile(np.eye(3), gates))


def test_identity_with_a_gain_as_in_keras():
    for make, gain in ((LSTM, 1), (SimpleRNN, 2)):  # Keras dropped it where it repeated
        layer = make(3, recurrent_initializer=Identity(2.0))
        layer.build((None, 5, 4))
        np.testing.assert_array_equal(layer.get_weights()[1][:, :3], gain * np.eye(3))
    layer = CuDNNLSTM(3, recurrent_initializer="identity")
    layer.build((None, 5, 4))
    np.testing.assert_array_equal(layer.get_weights()[1], np.eye(3, 12))


def test_what_build_derives_from_a_weight_follows_it():
    class Halved(Layer):
        def build(self, input_shape):
            self.W = self.add_weight("W", (input_shape[-1], 2), initializer="ones")
            self.half = self.W[:, :1] * 0.5
            self.built = True

        def call(self, inputs):
            return K.dot(inputs, self.half)

        def compute_output_shape(self, input_shape):
            return (input_shape[0], 1)

    layer, x = Halved(), np.ones((1, 3), "float32")
    model = Sequential([layer])
    np.testing.assert_allclose(model.predict(x), [[1.5]])
    layer.set_weights([np.full((3, 2), 4.0)])
    np.testing.assert_allclose(model.predict(x), [[6.0]])
    np.testing.assert_allclose(layer(x), [[6.0]])
    model.compile("sgd", "mae")
    model.train_on_batch(x, np.zeros((1, 1)))  # the gradient is 0.5 for the first column
    np.testing.assert_allclose(layer.get_weights()[0], [[3.995, 4.0]] * 3, rtol=1e-6)


def test_call_on_symbols():
    x = Input((None, 4))
    for layer in (LSTM(3), GRU(3, return_sequences=True), ConvLSTM2D(2, 2)):
        inputs = Input((3, 4, 4, 1)) if isinstance(layer, ConvLSTM2D) else x
        connected = layer(inputs)
        called = layer.call(inputs)
        assert called.shape == connected.shape or None in called.shape
        states = layer.get_initial_state(inputs)
        assert all(K.int_shape(state)[0] is None for state in states)
        numbers = normal(2, *[5 if n is None else n for n in inputs.shape[1:]]).astype("float32")
        both = K.function([inputs], [connected, called, *states])([numbers])
        np.testing.assert_allclose(both[0], both[1], rtol=1e-6)
        assert not any(state.any() for state in both[2:])


def test_rnn_function_on_symbols():
    x, h = Input((None, 2)), Input((2,))
    last, outputs, states = K.rnn(lambda x, s: (s[0] + x, [s[0] + x]), x, [h])
    numbers, start = normal(3, 5, 2).astype("float32"), normal(3, 2).astype("float32")
    found = K.function([x, h], [last, outputs, *states])([numbers, start])
    sums = start[:, None] + np.cumsum(numbers, axis=1)
    for y, expected in zip(found, (sums[:, -1], sums, sums[:, -1]), strict=True):
        np.testing.assert_allclose(y, expected, rtol=1e-5)


@pytest.mark.parametrize("make", [SimpleRNN, GRU, LSTM])
def test_who_uses_the_learning_phase(make):
    x, dropped = K.ones((2, 5, 4)), make(3, dropout=0.5)
    assert dropped(x)._uses_learning_phase
    assert not dropped(x, training=True)._uses_learning_phase
    assert not make(3)(x)._uses_learning_phase
    y = dropped(Input((5, 4)))
    assert y._uses_learning_phase and Dense(2)(y)._uses_learning_phase  # it is handed on
    assert not x._uses_learning_phase


def test_masks_of_a_cell_inside_a_cell_are_drawn_anew_for_every_sequence():
    class Around(Layer):
        def __init__(self, cell):
            super().__init__()
            self.cell, self.state_size = cell, cell.state_size

        def build(self, input_shape):
            self.cell.build(input_shape)

        def call(self, inputs, states, training=None):
            return self.cell.call(inputs, states, training=training)

    layer = RNN(Around(SimpleRNNCell(20, dropout=0.5)), return_sequences=True)
    first, second = (layer(np.ones((n, 3, 8), "float32"), training=True) for n in (2, 4))
    assert np.abs(first[0] - second[0]).max() > 0
    assert not layer(np.ones((2, 3, 8), "float32"), training=False)[0].std(axis=0)[0] == 0


def test_names_of_each_gates_weights():
    cell = LSTMCell(2)
    cell.build((None, 3))
    kernel, recurrent, bias = cell.get_weights()
    np.testing.assert_array_equal(cell.kernel_f, kernel[:, 2:4])
    np.testing.assert_array_equal(cell.recurrent_kernel_o, recurrent[:, 6:])
    np.testing.assert_array_equal(cell.bias_f, [1, 1])


def test_updates_and_losses_by_input():
    x = Input((3, 2))
    around = TimeDistributed(BatchNormalization())
    around(x)
    assert [len(around.updates), len(around.get_updates_for(x))] == [2, 2]
    assert around.get_updates_for(None) == around.get_updates_for(Input((3, 2))) == []
    around.trainable = False
    assert around.updates == []

    both = Bidirectional(SimpleRNN(3, kernel_regularizer="l1", activity_regularizer="l2"))
    both(x)
    assert [len(both.get_losses_for(None)), len(both.get_losses_for(x))] == [2, 1]
    both.forward_layer.add_loss(K.sum(x), inputs=x)
    assert [len(both.get_losses_for(None)), len(both.get_losses_for(x))] == [2, 2]

    layer = LSTM(2, stateful=True)
    y = layer(Input(batch_shape=(2, 3, 2)))
    [(h, new), _] = layer.updates
    assert h is layer.states[0] and new.shape == (2, 2)
    model = Model(layer.input, y)
    numbers = normal(2, 3, 2).astype("float32")
    found = K.function([layer.input], [new])([numbers])
    np.testing.assert_allclose(found[0], model.predict(numbers), rtol=1e-5)


def test_symbolic_updates_are_what_training_writes():
    layer = BatchNormalization(momentum=0.5)
    x = Input((2,))
    layer(x)
    numbers = np.array([[1.0, 2.0], [3.0, 6.0]], "float32")
    found = K.function([x], [new for _, new in layer.updates])([numbers])
    np.testing.assert_allclose(found[0], [1.0, 2.0], rtol=1e-5)  # 0.5 · 0 + 0.5 · mean
    assert not layer.get_weights()[2].any()


def test_stateful_asks_for_a_batch_size_that_divides():
    model = Sequential([SimpleRNN(3, stateful=True, batch_input_shape=(2, 5, 4))])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 5, 4)), np.ones((4, 3))
    for call in (
        lambda: model.fit(x, y, verbose=0),
        lambda: model.evaluate(x, y, verbose=0),
        lambda: model.predict(x, batch_size=3),
        lambda: model.predict(x),
    ):
        with pytest.raises(ValueError, match="batch_size=2，样本数 4"):
            call()
    model.fit(x, y, batch_size=2, verbose=0)
    assert model.predict(x[:2]).shape == (2, 3)  # one batch, smaller than 32


def test_time_distributed_dropout_and_its_merged_input():
    from labkit.utils.generic_utils import object_list_uid

    x, layer = Input((10, 2)), TimeDistributed(Dropout(0.5))
    layer(x)
    assert K.int_shape(layer._input_map[object_list_uid([x])]) == (None, 2)
