"""Recurrent layers and their cells beyond the golden cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import backend as K
from labkit.layers import (
    GRU,
    LSTM,
    RNN,
    CuDNNGRU,
    CuDNNLSTM,
    Dense,
    GRUCell,
    Input,
    Layer,
    LSTMCell,
    Masking,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
)
from labkit.models import Model, Sequential
from labkit.optimizers import SGD
from tests.layers.sequences import MASK, SEQUENCE, CellAsLayer
from tests.mistakes import check
from tests.shapes import any_case
from tests.slopes import as_list, normal


class Sum(Layer):
    """A cell of one's own that uses a constant."""

    state_size = output_size = 3

    def build(self, input_shape):
        shape = input_shape[0] if isinstance(input_shape, list) else input_shape
        self.W = self.add_weight("W", (shape[-1], 3))
        self.built = True

    def call(self, inputs, states, constants=None):
        h = K.tanh(K.dot(inputs, self.W) + states[0])
        h = h + constants[0] if constants else h
        return h, [h]


CASES = [
    *[
        (lambda settings=settings: LSTM(2, **settings), [SEQUENCE], call)
        for settings in (
            {},
            {"return_sequences": True},
            {"return_state": True},
            {"return_sequences": True, "return_state": True},
            {"go_backwards": True, "return_sequences": True},
            {"unroll": True, "return_sequences": True},
            {"implementation": 2},
            {"use_bias": False, "unit_forget_bias": False, "recurrent_activation": "sigmoid"},
            {"activation": "softsign", "kernel_regularizer": "l2", "bias_regularizer": "l2"},
        )
        for call in ({}, {"mask": MASK})
    ],
    (lambda: LSTM(2, return_state=True), [SEQUENCE, (2, 2), (2, 2)], {}),
    *[
        (lambda make=make, s=s: make(2, **s), [SEQUENCE], call)
        for make in (SimpleRNN, GRU)
        for s in (
            {},
            {"return_sequences": True, "go_backwards": True},
            {"return_state": True, "unroll": True, "use_bias": False},
            {"kernel_regularizer": "l2", "recurrent_regularizer": "l2", "activation": "softsign"},
        )
        for call in ({}, {"mask": MASK})
    ],
    (lambda: GRU(2, implementation=2), [SEQUENCE], {}),
    (lambda: GRU(2, reset_after=True), [SEQUENCE], {"mask": MASK}),
    (lambda: GRU(2, reset_after=True, implementation=2, use_bias=False), [SEQUENCE], {}),
    (lambda: GRU(2), [SEQUENCE, (2, 2)], {}),
    (lambda: RNN([LSTMCell(2), GRUCell(3)], return_state=True), [SEQUENCE], {"mask": MASK}),
    (lambda: RNN(SimpleRNNCell(3)), [SEQUENCE], {}),
    (lambda: RNN(Sum(), return_sequences=True), [SEQUENCE], {}),
    # The bare cells and the stack are checked inside RNN.
    *[
        (lambda make=make: CellAsLayer(make()), [(2, 3)], {})
        for make in (
            lambda: LSTMCell(2),
            lambda: GRUCell(2),
            lambda: SimpleRNNCell(2),
            lambda: StackedRNNCells([LSTMCell(2), SimpleRNNCell(3)]),
        )
    ],
]


@any_case
@given(
    st.sampled_from([SimpleRNN, GRU, LSTM, CuDNNGRU, CuDNNLSTM]),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
)
def test_shapes(make, units, steps, features, return_sequences, return_state):
    layer = make(units, return_sequences=return_sequences, return_state=return_state)
    x = np.zeros((2, steps, features), "float32")
    real = [y.shape for y in as_list(layer(x))]
    declared = layer.compute_output_shape(x.shape)
    assert [tuple(s) for s in (declared if return_state else [declared])] == real
    symbols = as_list(layer(Input((None, features))))
    assert [len(s.shape) for s in symbols] == [len(shape) for shape in real]
    states = 2 if make in (LSTM, CuDNNLSTM) else 1
    assert len(real) == 1 + states * return_state


@pytest.mark.parametrize("make", [SimpleRNN, GRU, LSTM])
def test_output_depends_on_no_later_step(make):
    layer = make(3, return_sequences=True)
    x = normal(2, 5, 2).astype("float32")
    y = layer(x)
    x[:, 3:] += 1.0
    np.testing.assert_array_equal(layer(x)[:, :3], y[:, :3])


@pytest.mark.parametrize("make", [SimpleRNN, GRU, LSTM])
def test_masked_steps_change_nothing(make):
    layer = make(3)
    x = normal(1, 5, 2).astype("float32")
    x[:, 2:] = 0
    np.testing.assert_allclose(layer(Masking()(x)), layer(x[:, :2]), rtol=1e-5)


def test_constants_reach_the_cell():
    x, c = normal(2, 4, 3).astype("float32"), normal(2, 3, seed=1).astype("float32")
    layer = RNN(Sum())
    y = layer(x, constants=c)
    h, W = np.zeros((2, 3)), layer.get_weights()[0]
    for t in range(4):
        h = np.tanh(x[:, t] @ W + h) + c
    np.testing.assert_allclose(y, h, rtol=1e-4)
    a, b = Input((4, 3)), Input((3,))
    model = Model([a, b], layer(a, constants=b))
    np.testing.assert_allclose(model.predict([x, c]), h, rtol=1e-4)
    again = RNN.from_config(layer.get_config(), custom_objects={"Sum": Sum})
    assert again._num_constants == 1


def test_numbers_as_the_initial_state_of_a_symbolic_sequence():
    x = Input((4, 3))
    layer = LSTM(2)
    state = [np.ones((1, 2), "float32")] * 2
    model = Model(x, layer(x, initial_state=[K.variable(s) for s in state]))
    data = normal(1, 4, 3).astype("float32")
    np.testing.assert_allclose(model.predict(data), layer(data, initial_state=state), rtol=1e-5)


@pytest.mark.parametrize("unroll", [False, True])
def test_stacked_cells_are_layers_one_after_the_other(unroll):
    x = normal(2, 4, 3).astype("float32")
    stacked = RNN([LSTMCell(2), GRUCell(3)], unroll=unroll)
    y = stacked(x)
    first, second = LSTM(2, return_sequences=True), GRU(3)
    second(first(x))
    first.set_weights(stacked.get_weights()[:3])
    second.set_weights(stacked.get_weights()[3:])
    np.testing.assert_allclose(y, second(first(x)), rtol=1e-5)


def test_initial_state_both_ways():
    layer, x = LSTM(2), normal(3, 4, 5)
    h, c = normal(3, 2), normal(3, 2, seed=1)
    given = layer(x, initial_state=[h, c])
    np.testing.assert_array_equal(given, layer([x, h, c]))
    assert not np.allclose(given, layer(x))
    a, b, d = Input((4, 5)), Input((2,)), Input((2,))
    for y in (layer(a, initial_state=[b, d]), layer([a, b, d])):
        np.testing.assert_allclose(Model([a, b, d], y).predict([x, h, c]), given, rtol=1e-5)


def test_states_continue_a_sequence():
    layer, x = LSTM(3, return_state=True), normal(2, 6, 2)
    whole, *_ = layer(x)
    _, h, c = layer(x[:, :2])
    second, *_ = layer(x[:, 2:], initial_state=[h, c])
    np.testing.assert_allclose(second, whole, rtol=1e-5)


def test_encoder_and_decoder():
    encoder_input, decoder_input = Input((None, 3)), Input((None, 3))
    _, h, c = LSTM(4, return_state=True)(encoder_input)
    y = LSTM(4, return_sequences=True)(decoder_input, initial_state=[h, c])
    model = Model([encoder_input, decoder_input], Dense(1)(y))
    assert model.output_shape == (None, None, 1)
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.train_on_batch([normal(2, 5, 3), normal(2, 4, 3)], normal(2, 4, 1))
    assert not any(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_stateful_model():
    model = Sequential([LSTM(2, stateful=True, batch_input_shape=(2, 3, 1))])
    x = normal(2, 6, 1)
    whole = Sequential([LSTM(2, input_shape=(6, 1), weights=model.get_weights())])
    model.predict(x[:, :3])
    np.testing.assert_allclose(model.predict(x[:, 3:]), whole.predict(x), rtol=1e-5)
    model.reset_states()
    first = model.predict(x[:, :3])
    assert not np.allclose(model.predict(x[:, :3]), first)
    model.layers[0].reset_states([np.ones((2, 2)), np.zeros((2, 2))])
    np.testing.assert_array_equal(K.get_value(model.layers[0].states[0]), 1)


def test_stateful_model_keeps_its_state_in_training():
    model = Sequential([LSTM(2, stateful=True, batch_input_shape=(2, 3, 1)), Dense(1)])
    model.compile(SGD(lr=0.0), "mse")
    x, y = normal(4, 3, 1), np.zeros((4, 1))
    model.fit(x, y, batch_size=2, shuffle=False, verbose=0)
    assert np.abs(K.get_value(model.layers[0].states[0])).max() > 0
    model.reset_states()
    states = K.get_value(model.layers[0].states[0])
    np.testing.assert_array_equal(states, 0)
    one, two = model.predict(x[:2]), model.predict(x[:2])
    assert not np.allclose(one, two)


def test_lstm_implementation_0_of_older_code_is_1():
    with pytest.warns(UserWarning, match="implementation=0"):
        layer = LSTM(2, implementation=0)
    assert layer.get_config()["implementation"] == 1


@pytest.mark.parametrize("implementation", [1, 2])
@pytest.mark.parametrize("which", ["dropout", "recurrent_dropout"])
def test_recurrent_dropout_is_the_same_at_every_step(which, implementation):
    # Constant input, no memory of the state: with one mask for all steps, all outputs are equal.
    layer = LSTM(
        5,
        return_sequences=True,
        implementation=implementation,
        recurrent_initializer="zeros" if which == "dropout" else "orthogonal",
        bias_initializer="zeros",
        **{which: 0.5},
    )
    x = np.ones((3, 6, 8))
    y = layer(x, training=True)
    masks = getattr(layer.cell, f"_{which}_mask")
    assert len(masks) == (4 if implementation == 1 else 1)
    # The whole sequence by hand, with these masks at every step.
    W, U, b = layer.get_weights()
    h = c = np.zeros((3, 5))
    keep = list(masks) * (4 // len(masks))
    for t in range(6):
        xs = [x[:, t] * m for m in keep] if which == "dropout" else [x[:, t]] * 4
        hs = [h * m for m in keep] if which != "dropout" else [h] * 4
        z = [
            a @ W[:, 5 * k : 5 * k + 5] + s @ U[:, 5 * k : 5 * k + 5] + b[5 * k : 5 * k + 5]
            for k, (a, s) in enumerate(zip(xs, hs, strict=True))
        ]
        i, f, o = (np.clip(0.2 * z[k] + 0.5, 0, 1) for k in (0, 1, 3))
        c = f * c + i * np.tanh(z[2])
        h = o * np.tanh(c)
        np.testing.assert_allclose(y[:, t], h, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(layer(x), layer(x))  # none outside training


STATES = [np.ones((2, 3))] * 2
STEPS = np.ones((2, 4, 3), "float32")
WRONG = [
    (lambda: LSTM(0), ValueError, "units=0"),
    (lambda: LSTM(3, return_sequence=True), TypeError, "'return_sequence'"),
    (lambda: LSTM(3, recurrent_activation="hard_sigmod"), ValueError, "'hard_sigmod'"),
    (lambda: LSTM(3, dropout="a"), ValueError, "dropout='a'"),
    (lambda: LSTM(3, implementation=3), ValueError, "implementation=3"),
    (lambda: SimpleRNN(0), ValueError, "units=0"),
    (lambda: GRU(2, implementation=3), ValueError, "implementation=3"),
    (lambda: GRU(2, reset_later=True), TypeError, "reset_later"),
    (lambda: GRU(2, dropout="0.5"), ValueError, "dropout='0.5'"),
    (lambda: GRU(2, stateful=True)(Input((4, 3))), ValueError, "stateful=True"),
    (lambda: GRU(2, unroll=True)(Input((None, 3))), ValueError, "unroll=True"),
    (lambda: GRU(3)(STEPS, initial_state=STATES), ValueError, "2 个状态"),
    (lambda: SimpleRNN(3)(STEPS[0]), ValueError, "2 维"),
    (lambda: SimpleRNN(3).reset_states(), AttributeError, "stateful=False"),
    (lambda: RNN(Dense(3)), ValueError, "cell=Dense"),
    (lambda: RNN([LSTMCell(2), 3]), ValueError, "int"),
    (lambda: StackedRNNCells([Dense(2)]), ValueError, "Dense"),
    (lambda: GRU(3)(STEPS, constants=[STEPS]), TypeError, "1 个常量"),
    (lambda: RNN(GRUCell(3))(STEPS, constants=[STEPS]), ValueError, "1 个常量"),
]


def test_a_long_sequence_trains():
    """Thousands of calls in a chain are freed: too many at once for a browser's stack."""
    model = Sequential([LSTM(2, input_shape=(1000, 1)), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.zeros((2, 1000, 1)), np.zeros((2, 1)), verbose=0)


class Returning(Layer):
    """A cell whose call returns what the test says."""

    state_size = output_size = 3

    def __init__(self, result):
        super().__init__(name="cell")
        self.result = result

    def call(self, inputs, states):
        return self.result(inputs)


@pytest.mark.parametrize(
    ("result", "received"),
    [
        (lambda h: None, "None"),
        (lambda h: h, "(Tensor)"),
        (lambda h: (h, h), "(Tensor, Tensor)"),
        (lambda h: (h, [h], h), "(Tensor, list, Tensor)"),
        (lambda h: (h, []), "0 个新状态"),
        (lambda h: (h, [h, h]), "2 个新状态"),
        (lambda h: (h, [K.concatenate([h, h])]), "[(6,)]"),
    ],
)
def test_a_cell_that_returns_something_else_is_told_what_to_return(result, received):
    for cell in (Returning(result), [Returning(result), SimpleRNNCell(3)]):
        layer = RNN(cell)
        check(ValueError, received, lambda layer=layer: layer(np.ones((2, 4, 3))), layer)


def test_unrolled_steps_take_other_states_as_in_keras(keras_manner):
    x, layer = Input((4, 3)), RNN(Returning(lambda h: (h, [])), unroll=True)
    with pytest.warns(UserWarning, match="0 个新状态"):
        y = Model(x, layer(x)).predict(np.ones((2, 4, 3)))
    assert y.shape == (2, 3)
