"""Recurrent layers, wrappers and legacy layers beyond the golden cases."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import backend as K
from labkit import layers
from labkit.layers import (
    GRU,
    LSTM,
    RNN,
    BatchNormalization,
    Bidirectional,
    ConvLSTM2D,
    ConvLSTM2DCell,
    CuDNNGRU,
    CuDNNLSTM,
    Dense,
    Dropout,
    GRUCell,
    Highway,
    Input,
    Layer,
    LSTMCell,
    Masking,
    MaxoutDense,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
    TimeDistributed,
)
from labkit.models import Model, Sequential
from tests.mistakes import check
from tests.slopes import as_list, normal
from tests.test_shapes import any_case

SEQUENCE, FRAMES = (2, 4, 3), (1, 3, 5, 4, 2)
MASK = np.array([[True, True, False, False], [False, True, True, True]])


def old(make):
    """A layer that warns that it is of Keras 1."""

    def quietly():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make()

    return quietly


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
    (lambda: CuDNNGRU(2, return_sequences=True), [SEQUENCE], {}),
    (lambda: CuDNNLSTM(2, return_state=True, bias_regularizer="l2"), [SEQUENCE], {}),
    (lambda: RNN([LSTMCell(2), GRUCell(3)], return_state=True), [SEQUENCE], {"mask": MASK}),
    (lambda: RNN(SimpleRNNCell(3)), [SEQUENCE], {}),
    (lambda: RNN(Sum(), return_sequences=True), [SEQUENCE], {}),
    (lambda: ConvLSTM2D(2, 2, return_sequences=True, padding="same"), [FRAMES], {}),
    (
        lambda: ConvLSTM2D(2, (3, 2), strides=(2, 1), data_format="channels_first"),
        [(1, 2, 2, 5, 4)],
        {},
    ),
    (lambda: ConvLSTM2D(2, 2, dilation_rate=2, return_state=True, use_bias=False), [FRAMES], {}),
    (lambda: TimeDistributed(Dense(2, activation="tanh")), [SEQUENCE], {}),
    (lambda: TimeDistributed(TimeDistributed(Dense(2))), [(2, 3, 2, 3)], {}),
    (lambda: TimeDistributed(BatchNormalization()), [SEQUENCE], {"training": True}),
    *[
        (lambda mode=mode: Bidirectional(LSTM(2, return_sequences=True), mode), [SEQUENCE], call)
        for mode in ("concat", "sum", "mul", "ave", None)
        for call in ({}, {"mask": MASK})
    ],
    (lambda: Bidirectional(GRU(2, return_state=True)), [SEQUENCE, (2, 2), (2, 2)], {}),
    (old(lambda: Highway(activation="tanh")), [(3, 4)], {}),
    (old(lambda: Highway(bias=False)), [(3, 4)], {}),
    (old(lambda: MaxoutDense(2, nb_feature=3, W_regularizer="l2")), [(3, 4)], {}),
]
# The bare cells and the stack are checked inside RNN.
CASES += [
    (lambda make=make: CellAsLayer(make()), [(2, 3)], {})
    for make in (
        lambda: LSTMCell(2),
        lambda: GRUCell(2),
        lambda: SimpleRNNCell(2),
        lambda: StackedRNNCells([LSTMCell(2), SimpleRNNCell(3)]),
    )
]
CASES.append((lambda: CellAsLayer(ConvLSTM2DCell(2, 2)), [(1, 4, 5, 2)], {}))
CELLS = {"LSTMCell", "GRUCell", "SimpleRNNCell", "StackedRNNCells", "ConvLSTM2DCell"}


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
STEPS, IMAGES = np.ones((2, 4, 3), "float32"), np.ones((1, 3, 5, 5, 2), "float32")
WRONG = [
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
    (lambda: CuDNNGRU(0), ValueError, "units=0"),
    (lambda: CuDNNLSTM(2)(Masking()(STEPS * 0)), ValueError, "mask"),
    (lambda: ConvLSTM2D(0, 3), ValueError, "filters=0"),
    (lambda: ConvLSTM2D(2, (3, 3, 3)), ValueError, "(3, 3, 3)"),
    (lambda: ConvLSTM2D(2, 3, padding="causal"), ValueError, "'causal'"),
    (lambda: ConvLSTM2D(2, 9)(IMAGES), ValueError, "kernel_size=(9, 9)"),
    (lambda: ConvLSTM2D(2, 3)(STEPS), ValueError, "3 维"),
    (lambda: ConvLSTM2D(2, 3, unroll=True), TypeError, "unroll=True"),
    (lambda: layers.ConvLSTM2D(2, 3)(Input((3, 5, 5, None))), ValueError, "None"),
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
    (old(lambda: MaxoutDense(0)), ValueError, "output_dim=0"),
    (old(lambda: Highway()(STEPS)), ValueError, "3 维"),
    (lambda: layers.Recurrent(), NotImplementedError, "Keras 1"),
    (lambda: layers.ConvRecurrent2D(2, 3), NotImplementedError, "Keras 1"),
]


@pytest.mark.parametrize(("use", "raises", "received"), WRONG)
def test_wrong_use(use, raises, received):
    check(raises, received, use)
