"""Layers and models beyond what the golden cases say: gradients in float64, graphs, states, fit."""

import numpy as np
import pytest

from labkit import backend as K
from labkit import callbacks, layers, regularizers
from labkit.engine.masks import ArrayWithMask
from labkit.layers import (
    LSTM,
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    add,
)
from labkit.models import Model, Sequential
from labkit.optimizers import SGD
from tests.slopes import check_slopes, normal


@pytest.fixture(autouse=True)
def repeatable():
    np.random.seed(0)
    K.clear_session()
    yield
    K.clear_session()


# --- finite differences of whole layers ---

IMAGE, SEQUENCE = (2, 5, 6, 2), (2, 4, 3)
FIRST = (2, 2, 5, 6)  # channels_first
MASK = np.array([[True, True, False, False], [False, True, True, True]])

CASES = [
    (lambda: Dense(3), [(2, 4)], {}),
    (lambda: Dense(3, activation="tanh", use_bias=False), [(2, 4)], {}),
    (lambda: Dense(2, activation="softmax"), [(2, 3, 4)], {}),
    (lambda: Dense(2, kernel_regularizer="l2", bias_regularizer="l1"), [(2, 3)], {}),
    (lambda: Dense(2, activity_regularizer=regularizers.l2(0.3)), [(2, 3)], {}),
    *[
        (lambda name=name: Activation(name), [(3, 4)], {})
        for name in "elu selu softplus softsign tanh sigmoid exponential linear softmax".split()
    ],
    (lambda: Flatten(), [(2, 3, 4)], {}),
    (lambda: Flatten("channels_first"), [(2, 3, 4, 2)], {}),
    (lambda: Dropout(0.4), [(3, 4)], {}),
    (lambda: Dropout(0.4, seed=1), [(3, 4)], {"training": True}),
    (lambda: Dropout(0.4, noise_shape=(None, 1, 4), seed=1), [(2, 3, 4)], {"training": True}),
    *[
        (lambda padding=padding, strides=strides: Conv2D(3, (3, 2), strides, padding), [IMAGE], {})
        for padding in ("valid", "same")
        for strides in (1, 2, (1, 3))
    ],
    (lambda: Conv2D(2, 2, dilation_rate=(2, 3), activation="tanh"), [IMAGE], {}),
    (lambda: Conv2D(2, 3, padding="same", dilation_rate=2), [IMAGE], {}),
    (lambda: Conv2D(2, 1, use_bias=False), [IMAGE], {}),
    (lambda: Conv2D(2, (2, 3), data_format="channels_first", padding="same"), [FIRST], {}),
    (lambda: MaxPooling2D(), [IMAGE], {}),
    (lambda: MaxPooling2D(3, 1, "same"), [IMAGE], {}),
    (lambda: MaxPooling2D((2, 3), (1, 2)), [IMAGE], {}),
    (lambda: MaxPooling2D(2, data_format="channels_first", padding="same"), [FIRST], {}),
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
    (lambda: Add(), [(2, 3), (2, 3)], {}),
    (lambda: Add(), [(2, 4, 3), (2, 1, 3), (2, 3)], {}),
    (lambda: BatchNormalization(), [(4, 3)], {"training": True}),
    (lambda: BatchNormalization(), [(4, 3)], {}),
    (lambda: BatchNormalization(axis=1), [(2, 3, 4, 5)], {"training": True}),
    (lambda: BatchNormalization(center=False), [(2, 3, 4)], {"training": True}),
    (lambda: BatchNormalization(scale=False, epsilon=0.1), [(5, 2)], {"training": True}),
]


@pytest.mark.parametrize("mask_zero", [False, True])
def test_slopes_of_embedding(mask_zero, float64):
    layer = Embedding(5, 3, mask_zero=mask_zero, embeddings_regularizer="l2")
    check_slopes(layer, [np.array([[0, 1, 1], [4, 0, 1]])], {}, smooth_inputs=False)


def test_relu_and_hard_sigmoid_away_from_their_kinks(float64):
    x = np.array([[-3.1, -1.3, 0.7, 2.9, 5.1]])
    for name in ("relu", "hard_sigmoid"):
        check_slopes(Activation(name), [x], {})


# --- nodes and shared layers ---


def test_shared_layer_has_several_nodes():
    shared = Dense(4)
    a, b = Input((3,)), Input((3,))
    y, z = shared(a), shared(b)
    assert shared.get_input_at(0) is a and shared.get_input_at(1) is b
    assert shared.get_output_at(0) is y and shared.get_output_at(-1) is z
    assert shared.input_shape == (None, 3) and shared.output_shape == (None, 4)
    assert shared.get_output_shape_at(1) == (None, 4)
    for attribute in ("input", "output"):
        with pytest.raises(AttributeError, match="get_output_at"):
            getattr(shared, attribute)
    with pytest.raises(ValueError, match="2 次"):
        shared.get_input_at(5)
    assert len(Model([a, b], add([y, z])).weights) == 2


def test_shared_layer_at_different_shapes():
    shared = Dense(4)
    shared(Input((3,)))
    shared(Input((5, 3)))
    with pytest.raises(AttributeError, match="get_input_shape_at"):
        _ = shared.output_shape
    assert shared.get_output_shape_at(1) == (None, 5, 4)


def test_unconnected_layer_has_no_output():
    for attribute in ("input", "output", "input_shape", "output_shape"):
        with pytest.raises(AttributeError, match="Input"):
            getattr(Dense(2), attribute)


def test_gradients_of_a_shared_layer_add_up(float64):
    shared = Dense(2)
    x, y = K.variable(normal(3, 4)), K.variable(normal(3, 4, seed=1))
    loss = K.sum(K.square(shared(x))) + K.sum(K.square(shared(y)))
    separate = [K.sum(K.square(shared(t))) for t in (x, y)]
    (both,) = K.gradients(loss, [shared.kernel])
    parts = [K.eval(K.gradients(part, [shared.kernel])[0]) for part in separate]
    np.testing.assert_allclose(K.eval(both), sum(parts))


def test_siamese_model_trains_one_set_of_weights():
    shared = Dense(1, use_bias=False, kernel_initializer="ones")
    a, b = Input((2,)), Input((2,))
    model = Model([a, b], add([shared(a), shared(b)]))
    assert model.count_params() == 2
    model.compile(SGD(lr=0.1), "mse")
    one = np.ones((1, 2))
    # y = 4, loss (4 - 0)², slope 2 · 4 · (1 + 1) for each weight
    model.train_on_batch([one, one], [[0.0]])
    np.testing.assert_allclose(shared.get_weights()[0], [[1 - 1.6], [1 - 1.6]], rtol=1e-6)


def test_names():
    assert [Dense(1).name, Dense(1).name, MaxPooling2D().name] == [
        "dense_1",
        "dense_2",
        "max_pooling2d_1",
    ]
    assert [LSTM(1).name, BatchNormalization().name] == ["lstm_1", "batch_normalization_1"]
    assert Conv2D(1, 1).name == "conv2d_1" and Dense(1, name="own").name == "own"
    assert Input((1,)).name.startswith("input_1") and Sequential().name == "sequential_1"
    layer = Dense(2, name="head")
    layer(np.ones((1, 3)))
    assert [w.name for w in layer.weights] == ["head/kernel:0", "head/bias:0"]
    K.clear_session()
    assert Dense(1).name == "dense_1"
    x = Input((3,))
    with pytest.raises(ValueError, match="same"):
        Model(x, Dense(2, name="same")(Dense(2, name="same")(x)))


def test_count_params_and_summary():
    model = Sequential([Dense(4, input_shape=(3,)), BatchNormalization(), Dense(2)])
    assert model.count_params() == 16 + 16 + 10
    lines = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    for expected in ("dense_1 (Dense)", "(None, 4)", "batch_normalization_1 (Batc"):
        assert expected in text
    assert "Total params: 42" in text
    assert "Trainable params: 34" in text and "Non-trainable params: 8" in text
    assert {len(line) for line in lines if set(line) <= set("_=")} == {65}


def test_summary_of_a_graph_shows_the_sources():
    x = Input((3,), name="x")
    left, right = Dense(2, name="left")(x), Dense(2, name="right")(x)
    lines = []
    Model(x, Add(name="sum")([left, right])).summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "Connected to" in text and "left[0][0]" in text and "right[0][0]" in text


# --- weights ---


def test_initial_weights():
    kernel = np.arange(6.0).reshape(3, 2)
    layer = Dense(2, weights=[kernel, np.ones(2)])
    np.testing.assert_allclose(layer(np.ones((1, 3))), [[7, 10]])
    layer.set_weights([kernel * 2, np.zeros(2)])
    np.testing.assert_allclose(layer(np.ones((1, 3))), [[12, 18]])


def test_weights_round_trip_through_a_model():
    def make():
        return Sequential([Conv2D(2, 2, input_shape=(4, 4, 1)), BatchNormalization(), Flatten()])

    one, two = make(), make()
    x = normal(3, 4, 4, 1)
    assert not np.allclose(one.predict(x), two.predict(x))
    two.set_weights(one.get_weights())
    np.testing.assert_array_equal(one.predict(x), two.predict(x))


def test_get_weights_is_a_copy():
    layer = Dense(2)
    layer(np.ones((1, 3)))
    layer.get_weights()[0][:] = 99
    assert abs(layer.get_weights()[0]).max() < 2


# --- masks ---


def test_mask_reaches_through_a_model():
    numbers = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])
    model = Sequential(
        [
            Embedding(5, 3, mask_zero=True, input_length=4),
            Dropout(0.3),
            Dense(2),
            LSTM(4, return_sequences=True),
            BatchNormalization(),
            LSTM(3),
        ]
    )
    y = model.predict(numbers)
    # The later layers, on the kept steps alone, see the same.
    for row, count in ((0, 2), (1, 1)):
        kept = model.layers[0].get_weights()[0][numbers[row : row + 1, :count]]
        for layer in model.layers[1:]:
            kept = layer(kept)
        np.testing.assert_allclose(kept, y[row : row + 1], rtol=1e-4, atol=1e-6)


def test_mask_weighs_the_loss():
    # Masked steps count neither in the sum nor in the mean.
    model = Sequential([Embedding(5, 1, mask_zero=True, input_length=3)])
    model.layers[0].set_weights([[[10.0], [1.0], [2.0], [3.0], [4.0]]])
    model.compile("sgd", "mse")
    assert model.evaluate(np.array([[1, 3, 0]]), np.zeros((1, 3, 1))) == pytest.approx((1 + 9) / 2)


def test_mask_travels_with_an_array():
    embedded = Embedding(5, 3, mask_zero=True)(np.array([[1, 2, 0]]))
    assert isinstance(embedded, ArrayWithMask)
    np.testing.assert_array_equal(embedded._keras_mask, [[True, True, False]])
    np.testing.assert_array_equal(Dense(2)(embedded)._keras_mask, [[True, True, False]])
    lstm = LSTM(2)
    found = lstm(embedded)
    assert getattr(found, "_keras_mask", None) is None
    np.testing.assert_allclose(found, lstm(np.asarray(embedded)[:, :2]), rtol=1e-5)
    assert (embedded + 1)._keras_mask is None  # NumPy's results drop it
    explicit = lstm(np.asarray(embedded), mask=np.array([[True, True, False]]))
    np.testing.assert_array_equal(found, explicit)


def test_masks_of_added_inputs_are_joined():
    embed = Embedding(5, 2, mask_zero=True)
    a, b = embed(np.array([[1, 0, 2]])), embed(np.array([[1, 2, 0]]))
    np.testing.assert_array_equal(Add()([a, b])._keras_mask, [[True, False, False]])
    np.testing.assert_array_equal(Add()([a, np.ones((1, 3, 2))])._keras_mask, [[True, False, True]])


# --- layers of one's own ---


class Scale(Layer):
    """Without compute_output_shape."""

    def build(self, input_shape):
        self.scale = self.add_weight("scale", (input_shape[-1],), initializer="ones")
        super().build(input_shape)

    def call(self, inputs):
        return inputs * self.scale


class Project(Layer):
    """With compute_output_shape, and a parameter in the config."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[1], self.units))
        super().build(input_shape)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def call(self, x):
        return K.dot(x, self.kernel)


class TwoByTwo(Layer):
    """Two inputs, two outputs."""

    def build(self, input_shape):
        a, _ = input_shape
        self.kernel = self.add_weight("kernel", (a[1], 4))
        super().build(input_shape)

    def call(self, inputs):
        a, b = inputs
        return [K.dot(a, self.kernel) + b, K.mean(b, axis=-1)]

    def compute_output_shape(self, input_shape):
        a, b = input_shape
        return [(a[0], 4), b[:-1]]


class Noisy(Layer):
    """Its call knows whether it trains."""

    def call(self, inputs, training=None):
        return K.in_train_phase(inputs + 100.0, inputs, training=training)


class Counting(Layer):
    """A loss of its own, and a count of its training calls."""

    def build(self, input_shape):
        self.count = self.add_weight("count", (1,), initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, inputs):
        self.add_loss(0.5 * K.sum(inputs))
        self.add_update(K.update_add(self.count, np.ones(1, "float32")))
        return inputs


class KeepPositive(Layer):
    """Makes a mask, and passes on nothing of an earlier one."""

    def call(self, inputs):
        return inputs

    def compute_mask(self, inputs, mask=None):
        return K.greater(K.sum(inputs, axis=-1), 0.0)


class MaskedMean(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        kept = K.expand_dims(K.cast(mask, K.floatx()), -1)
        return K.sum(inputs * kept, axis=1) / K.sum(kept, axis=1)

    def compute_mask(self, inputs, mask=None):
        return None

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])


def test_own_layers_compute_and_train(float64):
    check_slopes(Scale(), [normal(2, 3)], {})
    check_slopes(Project(4), [normal(2, 3)], {})
    check_slopes(TwoByTwo(), [normal(2, 3), normal(2, 4)], {})


def test_own_layer_in_a_model():
    model = Sequential([Project(4, input_shape=(3,)), Scale(), Dense(1)])
    assert [layer.output_shape for layer in model.layers] == [(None, 4), (None, 4), (None, 1)]
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.train_on_batch(normal(4, 3), normal(4, 1))
    assert all(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_own_layer_with_lists():
    a, b = Input((3,)), Input((4,))
    layer = TwoByTwo()
    y, z = layer([a, b])
    assert (y.shape, z.shape) == ((None, 4), (None,))
    assert layer.input_shape == [(None, 3), (None, 4)] and len(layer.get_output_at(0)) == 2
    x0, x1 = normal(2, 3), normal(2, 4)
    first, second = Model([a, b], [y, z]).predict([x0, x1])
    np.testing.assert_allclose(first, x0 @ layer.get_weights()[0] + x1, rtol=1e-5)
    np.testing.assert_allclose(second, x1.mean(axis=-1), rtol=1e-5)


def test_own_training_flag():
    model = Sequential([Noisy(input_shape=(2,))])
    x = np.ones((1, 2))
    np.testing.assert_array_equal(model.predict(x), [[1, 1]])
    np.testing.assert_array_equal(Noisy()(x, training=True), [[101, 101]])
    K.set_learning_phase(1)
    np.testing.assert_array_equal(Noisy()(x), [[101, 101]])
    assert K.get_value(Noisy()(K.variable(x), training=False)).max() == 1


def test_own_loss_and_update():
    layer = Counting()
    model = Sequential([Dense(1, input_shape=(2,), kernel_initializer="ones"), layer])
    model.compile(SGD(lr=0.0), "mse")
    x, y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros((2, 1))
    expected = (9 + 49) / 2 + 0.5 * 10
    assert model.train_on_batch(x, y) == pytest.approx(expected)
    assert layer.get_weights()[0] == 1
    assert model.train_on_batch(x, y) == pytest.approx(expected)  # not added to the first
    assert layer.get_weights()[0] == 2
    assert len(model.losses) == 1


def test_own_masks():
    x = np.array([[[1.0, 1.0], [-5.0, 1.0], [3.0, 5.0]]])
    i = Input((3, 2))
    model = Model(i, MaskedMean()(KeepPositive()(i)))
    np.testing.assert_allclose(model.predict(x), [[2, 3]])
    with pytest.raises(TypeError, match="supports_masking"):
        Scale()(KeepPositive()(i))


def test_own_layer_survives_its_config():
    model = Sequential([Project(4, input_shape=(3,)), Scale()])
    with pytest.raises(ValueError, match="Project"):
        Sequential.from_config(model.get_config())
    again = Sequential.from_config(model.get_config(), {"Project": Project, "Scale": Scale})
    again.set_weights(model.get_weights())
    x = normal(2, 3)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    one = layers.deserialize(layers.serialize(Project(7)), {"Project": Project})
    assert one.units == 7


def test_call_keywords_become_part_of_the_graph():
    x = Input((2,))
    np.testing.assert_array_equal(
        Model(x, Noisy()(x, training=True)).predict(np.zeros((1, 2))), [[100, 100]]
    )


# --- nested models ---


def test_model_as_a_layer():
    inner = Sequential([Dense(4, activation="tanh", input_shape=(3,)), Dense(2)])
    x = Input((3,))
    outer = Model(x, Dense(1)(inner(x)))
    assert outer.layers[1] is inner and len(outer.weights) == 6
    data = normal(5, 3).astype("float32")
    expected = outer.layers[2](inner.predict(data))
    np.testing.assert_allclose(outer.predict(data), expected, rtol=1e-5)
    outer.compile("sgd", "mse")
    before = inner.get_weights()
    outer.train_on_batch(data, np.ones((5, 1)))
    assert not np.array_equal(before[0], inner.get_weights()[0])


def test_model_twice_in_a_model():
    inner = Model(x := Input((3,)), Dense(2)(x))
    a, b = Input((3,)), Input((3,))
    outer = Model([a, b], add([inner(a), inner(b)]))
    x0, x1 = normal(2, 3), normal(2, 3, seed=1)
    np.testing.assert_allclose(
        outer.predict([x0, x1]), inner.predict(x0) + inner.predict(x1), rtol=1e-5
    )
    assert inner.predict(x0).shape == (2, 2)


def test_sequential_starting_with_a_model():
    inner = Sequential([Dense(4, input_shape=(3,))])
    model = Sequential([inner, Dense(2)])
    assert model.output_shape == (None, 2) and model.input_shape == (None, 3)
    np.testing.assert_allclose(
        model.predict(np.ones((1, 3))),
        model.layers[1](inner.predict(np.ones((1, 3)))),
        rtol=1e-5,
    )


def test_frozen_model_inside_a_model():
    inner = Sequential([Dense(4, input_shape=(3,))])
    inner.trainable = False
    model = Sequential([inner, Dense(2)])
    model.compile("sgd", "mse")
    frozen = inner.get_weights()
    model.train_on_batch(normal(4, 3), normal(4, 2))
    for a, b in zip(frozen, inner.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(model.trainable_weights) == 2 and len(model.non_trainable_weights) == 2


def test_model_from_an_intermediate_output():
    x = Input((3,))
    hidden = Dense(4, activation="relu")(x)
    model = Model(x, Dense(2)(hidden))
    features = Model(x, hidden)
    np.testing.assert_allclose(
        model.layers[-1](features.predict(np.ones((1, 3)))),
        model.predict(np.ones((1, 3))),
        rtol=1e-5,
    )


def test_backend_functions_between_layers():
    x = Input((3,))
    y = K.concatenate([Dense(2)(x), Dense(2)(x) * 2.0])
    model = Model(x, Dense(1)(y))
    assert model.predict(np.ones((4, 3))).shape == (4, 1)
    assert Model(x, y).output_shape == (None, 4)


def test_sequential_without_a_shape_builds_itself():
    model = Sequential([Dense(4), Dense(2)])
    assert not model.built
    assert model.predict(np.ones((5, 3))).shape == (5, 2)
    assert model.input_shape == (None, 3)
    trained = Sequential([Dense(1)])
    trained.compile("sgd", "mse")
    trained.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    assert trained.layers[0].get_weights()[0].shape == (3, 1)


def test_sequential_pop():
    model = Sequential([Dense(4, input_shape=(3,)), Dense(2)])
    model.pop()
    assert model.output_shape == (None, 4) and len(model.layers) == 1
    model.add(Dense(7))
    assert model.predict(np.ones((2, 3))).shape == (2, 7)


def test_get_layer():
    model = Sequential([Dense(4, input_shape=(3,), name="first"), Dense(2)])
    assert model.get_layer("first") is model.layers[0] is model.get_layer(index=0)
    assert model.get_layer(index=-1) is model.layers[1]


# --- recurrent states ---


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


# --- training or not: Dropout, BatchNormalization, frozen layers ---


def test_dropout_only_in_training():
    x = np.ones((200, 50), "float32")
    layer = Dropout(0.25)
    np.testing.assert_array_equal(layer(x), x)
    y = layer(x, training=True)
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.02)
    assert y.mean() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("rate", [0, 0.0, 1, 1.0, -3, 7])
def test_dropout_is_off_at_both_ends(rate):
    x = normal(3, 4)
    np.testing.assert_allclose(Dropout(rate)(x, training=True), x, rtol=1e-6)


def test_dropout_noise_shape():
    y = Dropout(0.5, noise_shape=(None, 1, None))(np.ones((4, 6, 20)), training=True)
    assert (y == y[:, :1]).all()  # the same decision at every step
    assert 0 < (y[:, 0] == 0).mean() < 1
    y = Dropout(0.5, noise_shape=(4, 6, 1))(np.ones((4, 6, 20)), training=True)
    assert (y == y[..., :1]).all()


def test_dropout_seeds():
    x = np.ones((4, 20))
    one, two = Dropout(0.5, seed=3), Dropout(0.5, seed=3)
    first = one(x, training=True)
    np.testing.assert_array_equal(first, two(x, training=True))
    assert not np.array_equal(first, one(x, training=True))  # every batch draws anew
    np.random.seed(5)
    free = Dropout(0.5)(x, training=True)
    np.random.seed(5)
    np.testing.assert_array_equal(Dropout(0.5)(x, training=True), free)


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
    masks = layer.cell._masks if which == "dropout" else layer.cell._recurrent_masks
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


def test_batch_normalization_learns_averages_only_in_training():
    layer = BatchNormalization(momentum=0.9, input_shape=(2,))
    model = Sequential([layer])
    model.compile(SGD(lr=0.0), "mse")
    x = normal(8, 2) * 3 + 5
    model.predict(x)
    model.evaluate(x, x, verbose=0)
    np.testing.assert_array_equal(layer.get_weights()[2], 0)
    model.train_on_batch(x, x)
    _, _, mean, variance = layer.get_weights()
    np.testing.assert_allclose(mean, 0.1 * x.mean(axis=0), rtol=1e-5)
    unbiased = x.var(axis=0) * 8 / (8 - 1.001)
    np.testing.assert_allclose(variance, 0.9 + 0.1 * unbiased, rtol=1e-4)


def test_batch_normalization_normalizes():
    x = normal(64, 3) * [1, 10, 100] + [5, -5, 0]
    y = BatchNormalization(epsilon=1e-8)(x, training=True)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=0), 1, rtol=1e-4)


def test_frozen_batch_normalization_keeps_its_averages():
    layer = BatchNormalization(input_shape=(2,))
    model = Sequential([layer, Dense(1)])
    layer.trainable = False
    model.compile("sgd", "mse")
    before = layer.get_weights()
    model.train_on_batch(normal(8, 2) + 5, np.zeros((8, 1)))
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(layer.non_trainable_weights) == 4 and not layer.trainable_weights


def test_frozen_layer():
    model = Sequential([Dense(4, input_shape=(3,), trainable=False), Dense(1)])
    model.compile("sgd", "mse")
    frozen, free = (layer.get_weights() for layer in model.layers)
    model.train_on_batch(normal(4, 3), normal(4, 1))
    for a, b in zip(frozen, model.layers[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(free[0], model.layers[1].get_weights()[0])


def test_constraint_of_a_layer_holds():
    layer = Dense(1, kernel_constraint="non_neg", kernel_initializer="zeros", input_shape=(2,))
    model = Sequential([layer])
    model.compile(SGD(lr=1.0), "mse")
    model.train_on_batch(np.ones((1, 2)), [[-5.0]])
    np.testing.assert_array_equal(layer.get_weights()[0], 0)


# --- config of models ---


def test_sequential_config_round_trip():
    model = Sequential(
        [
            Conv2D(3, 2, activation="relu", input_shape=(6, 6, 1), kernel_regularizer="l2"),
            MaxPooling2D(),
            Flatten(),
            Dropout(0.5),
            Dense(2, activation="softmax"),
        ],
        name="net",
    )
    again = Sequential.from_config(model.get_config())
    assert again.name == "net" and again.get_config() == model.get_config()
    again.set_weights(model.get_weights())
    x = normal(3, 6, 6, 1)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_model_config_round_trip():
    shared = Dense(4, activation="tanh")
    a, b = Input((3,), name="a"), Input((3,), name="b")
    left, right = shared(a), shared(b)
    inner = Sequential([Dense(2, input_shape=(4,))])
    y = inner(Add()([left, right]))
    z = Dense(1, name="z")(left)
    model = Model([a, b], [y, z], name="graph")
    again = Model.from_config(model.get_config())
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert again.get_config() == model.get_config()
    again.set_weights(model.get_weights())
    data = [normal(2, 3), normal(2, 3, seed=1)]
    for p, q in zip(again.predict(data), model.predict(data), strict=True):
        np.testing.assert_array_equal(p, q)


def test_config_keeps_the_state_inputs_of_a_recurrent_layer():
    x, h, c = Input((4, 3)), Input((2,)), Input((2,))
    model = Model([x, h, c], LSTM(2)(x, initial_state=[h, c]))
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    data = [normal(2, 4, 3), normal(2, 2), normal(2, 2, seed=1)]
    np.testing.assert_array_equal(again.predict(data), model.predict(data))


# --- fit ---


def regression(n=20):
    x = normal(n, 3)
    return x, x @ np.array([[1.0], [-2], [0.5]]) + 0.3


def linear(lr=0.1):
    model = Sequential([Dense(1, input_shape=(3,), kernel_initializer="zeros")])
    model.compile(SGD(lr=lr), "mse")
    return model


def test_fit_finds_the_line():
    x, y = regression()
    model = linear()
    history = model.fit(x, y, epochs=200, verbose=0)
    W, b = model.get_weights()
    np.testing.assert_allclose(W.ravel(), [1, -2, 0.5], atol=0.01)
    np.testing.assert_allclose(b, [0.3], atol=0.01)
    assert history.history["loss"][-1] < 1e-3 < history.history["loss"][0]
    assert history.epoch == list(range(200))


def test_train_on_batch_is_one_step_of_fit():
    x, y = regression(8)
    one, two = linear(), linear()
    loss = one.train_on_batch(x, y)
    history = two.fit(x, y, batch_size=8, shuffle=False, verbose=0)
    assert history.history["loss"] == [pytest.approx(loss)]
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    # The step itself: W - lr · d mean((xW + b - y)²)/dW
    np.testing.assert_allclose(one.get_weights()[0], 0.1 * 2 * x.T @ y / 8, rtol=1e-5)


def test_batches_and_epochs():
    x, y = regression(10)
    sizes = []
    record = callbacks.LambdaCallback(on_batch_end=lambda batch, logs: sizes.append(logs["size"]))
    linear().fit(x, y, batch_size=4, epochs=2, verbose=0, callbacks=[record])
    assert sizes == [4, 4, 2, 4, 4, 2]


def test_initial_epoch():
    x, y = regression(4)
    history = linear().fit(x, y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]


def test_shuffle_follows_the_global_generator():
    x, y = regression(9)

    def losses(shuffle):
        np.random.seed(3)
        return linear().fit(x, y, batch_size=2, shuffle=shuffle, verbose=0).history["loss"]

    assert losses(True) == losses(True) != losses(False)


def test_validation_split_takes_the_end():
    x, y = regression(10)
    y[8:] = 1000.0
    history = linear(lr=0.0).fit(x, y, validation_split=0.2, verbose=0).history
    assert history["val_loss"][0] == pytest.approx(1e6)
    assert history["loss"][0] == pytest.approx((y[:8] ** 2).mean(), rel=1e-5)


def test_validation_data():
    x, y = regression(10)
    model = linear()
    history = model.fit(x, y, validation_data=(x[:4], y[:4]), verbose=0).history
    assert history["val_loss"][0] == pytest.approx(model.evaluate(x[:4], y[:4], verbose=0))
    weights = np.array([1.0, 0, 0, 0])
    history = model.fit(x, y, validation_data=(x[:4], y[:4], weights), verbose=0).history
    assert history["val_loss"][0] == pytest.approx(model.evaluate(x[:1], y[:1], verbose=0))


def test_sample_weight_and_class_weight_agree():
    x = normal(6, 3)
    labels = np.array([0, 1, 2, 1, 0, 1])
    one_hot = np.eye(3)[labels]
    weights = {0: 1.0, 1: 3.0, 2: 0.5}

    def make():
        model = Sequential([Dense(3, activation="softmax", input_shape=(3,))])
        model.set_weights([normal(3, 3, seed=4), np.zeros(3)])
        model.compile("sgd", "categorical_crossentropy")
        return model

    per_sample = np.array([weights[c] for c in labels])
    a = make().train_on_batch(x, one_hot, class_weight=weights)
    b = make().train_on_batch(x, one_hot, sample_weight=per_sample)
    plain = make()
    p = plain.predict(x)
    by_hand = np.mean(per_sample * -np.log(p[np.arange(6), labels]))
    assert a == pytest.approx(b) == pytest.approx(by_hand, rel=1e-5)


def test_zero_weights_leave_samples_out():
    x, y = regression(6)
    y_wrong = y.copy()
    y_wrong[3:] = 99
    one, two = linear(), linear()
    one.train_on_batch(x, y_wrong, sample_weight=np.array([1.0, 1, 1, 0, 0, 0]))
    two.train_on_batch(x[:3], y[:3])
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_temporal_sample_weight():
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="ones", input_shape=(3, 1))])
    model.compile("sgd", "mse", sample_weight_mode="temporal")
    x = np.array([[[1.0], [2], [3]]])
    loss = model.evaluate(x, np.zeros((1, 3, 1)), sample_weight=np.array([[1.0, 0, 1]]))
    assert loss == pytest.approx((1 + 9) / 2)


def test_callbacks_can_stop():
    x, y = regression()
    stopper = callbacks.EarlyStopping("loss", patience=0, min_delta=1e9)
    assert len(linear().fit(x, y, epochs=9, verbose=0, callbacks=[stopper]).epoch) == 2


def test_terminate_on_nan_stops_quietly(capsys):
    x, y = regression(8)
    x[3, 0] = np.nan
    model = linear()
    before = model.get_weights()
    history = model.fit(x, y, epochs=4, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert history.epoch == [0] and "停止训练" in capsys.readouterr().out
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_accuracy_follows_the_loss():
    x = np.eye(4)

    def accuracy(loss, y, units, activation):
        model = Sequential(
            [Dense(units, activation, kernel_initializer="identity", input_shape=(4,))]
        )
        model.compile("sgd", loss, metrics=["accuracy"])
        assert model.metrics_names == ["loss", "acc"]
        return model.evaluate(x, y, verbose=0)[1]

    wrong_one = np.array([0, 1, 2, 0])
    assert accuracy("sparse_categorical_crossentropy", wrong_one, 4, "softmax") == 0.75
    assert accuracy("categorical_crossentropy", np.eye(4)[wrong_one], 4, "softmax") == 0.75
    assert accuracy("binary_crossentropy", np.eye(4)[wrong_one], 4, "hard_sigmoid") == 1 - 2 / 16


def test_several_outputs():
    x = Input((3,), name="x")
    hidden = Dense(4)(x)
    model = Model(x, [Dense(1, name="value")(hidden), Dense(2, "softmax", name="kind")(hidden)])
    losses = {"value": "mse", "kind": "categorical_crossentropy"}
    model.compile(SGD(lr=0.0), losses, {"kind": ["accuracy"]}, loss_weights={"value": 0.25})
    data = normal(6, 3)
    targets = {"value": normal(6, 1), "kind": np.eye(2)[[0, 1, 1, 0, 0, 1]]}
    history = model.fit({"x": data}, targets, verbose=0).history
    assert set(history) == {"loss", "value_loss", "kind_loss", "kind_acc"}
    value, kind = model.predict(data)
    value_loss = ((value - targets["value"]) ** 2).mean()
    kind_loss = -np.log((kind * targets["kind"]).sum(axis=1)).mean()
    assert history["value_loss"][0] == pytest.approx(value_loss, rel=1e-4)
    assert history["kind_loss"][0] == pytest.approx(kind_loss, rel=1e-4)
    assert history["loss"][0] == pytest.approx(0.25 * value_loss + kind_loss, rel=1e-4)
    model.compile("sgd", ["mse", "mse"], loss_weights=[0.0, 2.0])
    ones = [np.ones((6, 1)), np.ones((6, 2))]
    total, first, second = model.evaluate(data, ones, verbose=0)
    assert total == pytest.approx(2 * second) and first > 0


def test_regularizers_count_in_the_loss():
    model = Sequential(
        [Dense(1, input_shape=(2,), kernel_initializer="ones", kernel_regularizer="l2")]
    )
    model.compile(SGD(lr=0.0), "mse")
    x, y = np.zeros((3, 2)), np.zeros((3, 1))
    assert model.evaluate(x, y, verbose=0) == pytest.approx(0.02)
    assert model.train_on_batch(x, y) == pytest.approx(0.02)


def test_own_loss_function():
    model = linear(lr=0.0)
    model.compile("sgd", lambda y_true, y_pred: K.mean(K.abs(y_pred - y_true), axis=-1))
    x, y = regression(5)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(np.abs(y).mean(), rel=1e-5)


def test_predict_in_batches():
    x, _ = regression(10)
    model = linear()
    np.testing.assert_allclose(model.predict(x, batch_size=3), model.predict(x), rtol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(x), model.predict(x), rtol=1e-6)
    assert model.predict_classes(x).shape == (10, 1)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "adagrad", "nadam"])
def test_optimizers_by_name(optimizer):
    x, y = regression()
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile(optimizer, "mse")
    history = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


# --- declared shapes are the real ones ---


def test_input_shape_forms():
    for first in (
        Dense(2, input_shape=(3,)),
        Dense(2, input_dim=3),
        Dense(2, batch_input_shape=(None, 3)),
    ):
        assert Sequential([first]).input_shape == (None, 3)
    fixed = Sequential([Dense(2, batch_size=4, input_shape=(3,))])
    assert fixed.input_shape == (4, 3) and fixed.output_shape == (4, 2)
    assert Sequential([layers.InputLayer((3,)), Dense(2)]).output_shape == (None, 2)
