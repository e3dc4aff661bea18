"""TimeDistributed and Bidirectional beyond the golden cases."""

import numpy as np

from labkit import backend as K
from labkit.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Dense,
    Dropout,
    TimeDistributed,
)
from labkit.models import Sequential
from tests.layers.sequences import MASK, SEQUENCE
from tests.slopes import normal

CASES = [
    (lambda: TimeDistributed(Dense(2, activation="tanh")), [SEQUENCE], {}),
    (lambda: TimeDistributed(TimeDistributed(Dense(2))), [(2, 3, 2, 3)], {}),
    (lambda: TimeDistributed(BatchNormalization()), [SEQUENCE], {"training": True}),
    *[
        (lambda mode=mode: Bidirectional(LSTM(2, return_sequences=True), mode), [SEQUENCE], call)
        for mode in ("concat", "sum", "mul", "ave", None)
        for call in ({}, {"mask": MASK})
    ],
    (lambda: Bidirectional(GRU(2, return_state=True)), [SEQUENCE, (2, 2), (2, 2)], {}),
]


def test_bidirectional_reads_both_ways():
    x = normal(2, 4, 3).astype("float32")
    both = Bidirectional(LSTM(2, return_sequences=True), merge_mode=None)
    forward, backward = both(x)
    np.testing.assert_allclose(both.forward_layer(x), forward, rtol=1e-6)
    np.testing.assert_allclose(both.backward_layer(x)[:, ::-1], backward, rtol=1e-6)
    assert both.forward_layer.name.startswith("forward_lstm")
    assert [w.shape for w in both.weights] == [(3, 8), (2, 8), (8,)] * 2


def test_time_distributed_shares_weights_and_trains():
    model = Sequential([TimeDistributed(Dense(1), input_shape=(4, 3))])
    assert model.count_params() == 4
    x = normal(8, 4, 3).astype("float32")
    W = model.get_weights()[0]
    np.testing.assert_allclose(model.predict(x), x @ W, rtol=1e-5, atol=1e-6)
    model.compile("sgd", "mse")
    before = model.evaluate(x, x[..., :1], verbose=0)
    model.fit(x, x[..., :1], epochs=5, verbose=0)
    assert model.evaluate(x, x[..., :1], verbose=0) < before
    dropped = TimeDistributed(Dropout(0.5))(np.ones((1, 6, 50), "float32"), training=True)
    assert not (dropped[0] == dropped[0, 0]).all()


def test_model_inside_time_distributed():
    inner = Sequential([Dense(2, input_shape=(3,)), BatchNormalization()])
    model = Sequential([TimeDistributed(inner, input_shape=(4, 3))])
    x = normal(2, 4, 3).astype("float32")
    np.testing.assert_allclose(model.predict(x)[:, 1], inner.predict(x[:, 1]), rtol=1e-5)
    again = Sequential.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again.predict(x), model.predict(x), rtol=1e-6)


def test_stateful_bidirectional_keeps_states_only_in_training():
    layer = Bidirectional(LSTM(2, stateful=True), batch_input_shape=(2, 3, 2))
    model = Sequential([layer])
    x = normal(2, 3, 2).astype("float32")
    np.testing.assert_array_equal(model.predict(x), model.predict(x))
    before = model.predict(x)
    model.compile("sgd", "mse")
    for w in model.weights:
        assert w.name
    K.set_value(model.layers[0].forward_layer.states[0], np.ones((2, 2)))
    assert np.abs(model.predict(x) - before).max() > 0


STATES = [np.ones((2, 3))] * 2
STEPS = np.ones((2, 4, 3), "float32")
WRONG = [
    (lambda: TimeDistributed(3), AttributeError, "layer=int"),
    (lambda: TimeDistributed(Dense(2))(np.ones((2, 3))), AssertionError, "(2, 3)"),
    (
        lambda: TimeDistributed(LSTM(2, return_state=True))(np.ones((2, 3, 4, 3))),
        TypeError,
        "3 个输出",
    ),
    (lambda: Bidirectional(Dense(2)), KeyError, "layer=Dense"),
    (lambda: Bidirectional(LSTM(2), merge_mode="max"), ValueError, "'max'"),
    (lambda: Bidirectional(GRU(2))(STEPS, initial_state=STATES[0]), ValueError, "1 个初始状态"),
]
