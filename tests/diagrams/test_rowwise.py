"""Slopes of all outputs in one walk: as walking back for each output alone finds them."""

import numpy as np
import pytest

from labkit.backend.tensors import Variable
from labkit.diagrams.copies import copied, undisturbed
from labkit.diagrams.probe import Probe
from labkit.diagrams.rowwise import fitting
from labkit.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Conv2DTranspose,
    ConvLSTM2D,
    CuDNNGRU,
    CuDNNLSTM,
    Dense,
    DepthwiseConv2D,
    Highway,
    LocallyConnected1D,
    MaxoutDense,
    PReLU,
    SeparableConv2D,
    SimpleRNN,
    TimeDistributed,
)

LAYERS = [
    (lambda: Dense(3, activation="softmax"), (4,)),
    (lambda: Dense(3, activation="tanh"), (2, 4)),
    (lambda: MaxoutDense(2, 3), (4,)),
    (lambda: Highway(), (4,)),
    (lambda: PReLU(shared_axes=[1]), (3, 4)),
    (lambda: BatchNormalization(), (2, 3)),
    (lambda: SeparableConv2D(2, 2, depth_multiplier=2, padding="same"), (3, 4, 2)),
    (lambda: DepthwiseConv2D(2, activation="softmax", data_format="channels_first"), (2, 3, 4)),
    (lambda: LocallyConnected1D(2, 3, activation="softmax"), (5, 2)),
    (lambda: Conv2DTranspose(2, 2, strides=2, activation="softmax"), (2, 2, 1)),
    (lambda: SimpleRNN(2, activation="relu", return_sequences=True), (4, 2)),
    (lambda: GRU(2, reset_after=True, implementation=2, go_backwards=True), (4, 2)),
    (lambda: LSTM(2, return_sequences=True), (4, 2)),
    (lambda: CuDNNGRU(2), (3, 2)),
    (lambda: CuDNNLSTM(2, return_sequences=True), (3, 2)),
    (lambda: Bidirectional(LSTM(2)), (3, 2)),
    (lambda: ConvLSTM2D(1, 2, padding="same", dilation_rate=2), (2, 3, 3, 1)),
    (lambda: ConvLSTM2D(2, 2, strides=2, data_format="channels_first"), (2, 1, 4, 4)),
]


def probe_of(layer, shape):
    probe = Probe(copied(layer), [shape], False, np.random.default_rng(1))
    probe.draw_weights()
    return probe


@pytest.mark.filterwarnings("ignore:.*Keras 1")
@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_slopes_by_weights_are_those_of_each_output_alone(make, shape):
    with undisturbed("float64", False):
        probe = probe_of(make(), shape)
        each = np.eye(int(np.prod(probe.outputs)))
        x = probe.draw(2)
        found = probe.slopes(np.repeat(x, len(each), axis=0), np.tile(each, (2, 1)))
        assert found
        dx, dW = (slopes.reshape(2, len(each), -1) for slopes in found)
        for row, by_inputs, by_weights in zip(x, dx, dW, strict=True):
            expected = [probe.backward(row[None], dy[None])[0] for dy in each]
            np.testing.assert_allclose(by_inputs, expected, atol=1e-6)
            weights = probe.weight_gradients(row[None], each)
            np.testing.assert_allclose(by_weights, weights, atol=1e-6)
            assert np.abs(by_weights).max() > 1e-3


def test_a_layer_that_moves_samples_about_is_not_told_in_one_walk():
    with undisturbed("float64", False):
        probe = probe_of(TimeDistributed(Dense(2, activation="softmax")), (3, 2))
        assert probe.slopes(probe.draw(6), np.eye(6)) is None


def test_no_axis_of_a_weight_is_as_long_as_there_are_samples():
    weights = [Variable(np.zeros((3, 8)), "W"), Variable(np.zeros(8), "b")]
    assert fitting(2, weights) == 23
    assert fitting(24, weights) == 29
