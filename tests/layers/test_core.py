"""Core layers beyond the golden cases."""

import importlib
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import backend as K
from labkit import regularizers
from labkit.layers import (
    Activation,
    ActivityRegularization,
    Dense,
    Dropout,
    Flatten,
    Input,
    Lambda,
    Masking,
    Permute,
    RepeatVector,
    Reshape,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from labkit.models import (
    Model,
    Sequential,
    clone_model,
    load_model,
    model_from_json,
    model_from_yaml,
)
from tests.mistakes import check
from tests.shapes import any_case, data_format, size
from tests.slopes import check_slopes, normal

TRAINING = {"training": True}
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
    (lambda: Reshape((4, -1)), [(2, 3, 8)], {}),
    (lambda: Permute((3, 1, 2)), [(2, 3, 4, 2)], {}),
    (lambda: RepeatVector(3), [(2, 4)], {}),
    (lambda: Lambda(lambda x: K.square(x) + 1.0), [(2, 3)], {}),
    (lambda: Lambda(lambda xs: xs[0] * xs[1], output_shape=(3,)), [(2, 3), (2, 3)], {}),
    (lambda: ActivityRegularization(l1=0.1, l2=0.2), [(2, 3)], {}),
    (lambda: Masking(), [(2, 3, 4)], {}),
    (lambda: SpatialDropout1D(0.4), [(2, 3, 4)], TRAINING),
    (lambda: SpatialDropout2D(0.4), [(2, 3, 2, 4)], TRAINING),
    (lambda: SpatialDropout3D(0.4), [(2, 3, 2, 2, 4)], TRAINING),
]


def test_relu_and_hard_sigmoid_away_from_their_kinks(float64):
    x = np.array([[-3.1, -1.3, 0.7, 2.9, 5.1]])
    for name in ("relu", "hard_sigmoid"):
        check_slopes(Activation(name), [x], {})


@any_case
@given(st.lists(st.none() | size, min_size=2, max_size=4), data_format)
def test_flatten(space, data_format):
    layer = Flatten(data_format)
    if None in space:
        with pytest.raises(ValueError, match="必须已知"):
            layer(Input(space))
        return
    real = layer(np.zeros((2, *space), "float32")).shape
    assert real == (2, int(np.prod(space)))
    assert layer.compute_output_shape((2, *space)) == real
    assert layer(Input(space)).shape == (None, real[1])


@any_case
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.randoms())
def test_reshape_and_permute_keep_every_element(shape, random):
    x = np.arange(2 * np.prod(shape), dtype="float32").reshape(2, *shape)
    order = list(range(1, len(shape) + 1))
    random.shuffle(order)
    y = Permute(order)(x)
    np.testing.assert_array_equal(y, x.transpose(0, *order))
    flat = Reshape((-1,))(y)
    assert flat.shape == (2, np.prod(shape)) == Reshape((-1,)).compute_output_shape(y.shape)
    np.testing.assert_array_equal(flat, y.reshape(2, -1))


def test_lambda_arguments_mask_and_shape():
    layer = Lambda(lambda x, factor: x * factor, arguments={"factor": 3.0})
    np.testing.assert_array_equal(layer(np.ones((2, 3))), np.full((2, 3), 3))
    assert layer(Input((3,))).shape == (None, 3)
    summed = Lambda(lambda x: K.sum(x, axis=-1, keepdims=True))
    assert summed(Input((5, 3))).shape == (None, 5, 1)
    shaped = Lambda(lambda x: x[:, :2], output_shape=lambda shape: (shape[0], 2))
    assert shaped(Input((5,))).shape == (None, 2)
    seen = []
    Lambda(lambda x, mask=None: seen.append(mask) or x)(Masking()(np.ones((1, 2, 3))))
    assert K.eval(seen[-1]).tolist() == [[True, True]]
    kept = Lambda(lambda x: x, mask=lambda x, mask: mask)
    assert kept(Masking()(np.ones((1, 2, 3))))._keras_mask.tolist() == [[True, True]]


def doubled(x):
    return x * 2.0


@pytest.fixture
def another_process(monkeypatch):
    """A function that forgets every function, as another process does not know them."""
    function = importlib.import_module("labkit.layers.core.function")

    def forget():
        monkeypatch.setattr(function, "_kept", {})
        monkeypatch.setattr(function, "PROCESS", "another")

    return forget


def test_lambda_is_rebuilt_only_from_what_the_caller_gives(another_process):
    model = Sequential([Lambda(doubled, input_shape=(3,)), Dense(1)])
    config = model.get_config()
    again = Sequential.from_config(config, custom_objects={"doubled": doubled})
    again.set_weights(model.get_weights())
    x = normal(2, 3).astype("float32")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    another_process()
    with pytest.raises(ValueError, match="doubled"):
        Sequential.from_config(config)
    given = Sequential.from_config(config, custom_objects={"doubled": lambda x: x * 3.0})
    assert given.layers[0].function(1) == 3
    stored = {"name": "l", "function": ["4wEAAAA=", None, None], "function_type": "lambda"}
    check(
        ValueError,
        "字节码",
        lambda: Lambda.from_config({**stored, "output_shape": None, "output_shape_type": "raw"}),
    )


@pytest.mark.parametrize("rebuild", ["clone", "json", "yaml", "file"])
def test_a_lambda_is_itself_again_in_the_same_process(rebuild, tmp_path, another_process):
    x = Input((3,))
    y = Lambda(lambda h, k: h**k, arguments={"k": 2})(x)
    y = Lambda(lambda h: h[:, :2] + 1, output_shape=lambda shape: (shape[0], 2))(y)
    model = Model(x, Lambda(lambda h: K.sum(h, axis=-1, keepdims=True))(y))
    if rebuild == "file":
        model.save(tmp_path / "m.npz", include_optimizer=False)
    stored = model.to_json()
    run = {
        "clone": lambda: clone_model(model),
        "json": lambda: model_from_json(stored),
        "yaml": lambda: model_from_yaml(stored),
        "file": lambda: load_model(tmp_path / "m.npz", compile=False),
    }[rebuild]
    arrays = normal(2, 3).astype("float32")
    expected = model.predict(arrays)
    if rebuild != "clone":
        y = x = model = None  # an old script deletes it before it loads
    np.testing.assert_array_equal(run().predict(arrays), expected)
    if rebuild != "clone":
        another_process()
        check(ValueError, "另一个进程里的 lambda", run)


def test_functions_of_one_name_are_told_apart():
    def named(factor):
        def scaled(x):
            return x * factor

        return scaled

    model = Sequential([Lambda(named(2.0), input_shape=(1,)), Lambda(named(5.0))])
    again = model_from_json(model.to_json())
    assert again.predict(np.ones((1, 1))).tolist() == [[10.0]]
    assert again.get_config() == model.get_config()
    # What another program reads stands there as before.
    assert Lambda(K.abs).get_config()["function"] == "abs"
    assert Lambda(np.mean).get_config()["function"] == "mean"


WRONG_RESULTS = [
    (lambda x: None, "return"),
    (lambda x: "a", "str"),
    (lambda x: [K.abs(x), None], "list"),
    (lambda x: {"y": x}, "dict"),
]


@pytest.mark.parametrize("make", [Lambda, Activation])
@pytest.mark.parametrize(("function", "expected"), WRONG_RESULTS)
def test_a_function_that_returns_the_wrong_thing(make, function, expected):
    # Real Keras: AttributeError, 'NoneType' object has no attribute 'get_shape'.
    for x in (Input((3,)), np.ones((1, 3))):
        layer = make(function)
        check(TypeError, expected, partial(layer, x))
        assert not layer.built


def test_an_activation_keeps_the_shape():
    check(ValueError, "(1,)", lambda: Activation(lambda x: K.sum(x, axis=-1))(Input((3,))))
    shift = K.constant(np.arange(3.0))
    assert Activation(lambda x: x + shift)(np.ones((1, 3))).tolist() == [[1, 2, 3]]


def test_a_lambda_sees_the_type_of_its_input():
    seen = []
    Lambda(lambda x: seen.append(K.dtype(x)) or x)(Input((3,), dtype="float16"))
    assert seen == ["float16"]


def test_lambda_trains_what_it_passes_on(float64):
    x = Input((3,))
    model = Model(x, Lambda(lambda h: K.tanh(h) * 2.0)(Dense(2)(x)))
    check_slopes(model, [normal(2, 3)], {})


def test_dropout_only_in_training():
    x = np.ones((200, 50), "float32")
    layer = Dropout(0.25)
    np.testing.assert_array_equal(layer(x), x)
    y = layer(x, training=True)
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.02)
    assert y.mean() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("rate", [0, 0.0, 1, 1.0, -3, 7])
@pytest.mark.filterwarnings("ignore:.*超出的截到")
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


X, T = np.ones((2, 3), "float32"), np.ones((2, 4, 3), "float32")
WRONG = [
    (lambda: Dense(0), ValueError, "units=0"),
    (lambda: Dense(-3), ValueError, "units=-3"),
    (lambda: Dense(2.5), ValueError, "units=2.5"),
    (lambda: Dense(True), ValueError, "units=True"),
    (lambda: Dense("3"), ValueError, "units='3'"),
    (lambda: Dense(None), ValueError, "units=None"),
    (lambda: Dense(), TypeError, "位置参数 0 个"),
    (lambda: Dense(3, units=3), TypeError, "units"),
    (lambda: Dense(3, bogus=1), TypeError, "'bogus'"),
    (lambda: Dense(3, activation="rleu"), ValueError, "'rleu'"),
    (lambda: Dense(3, activation=5), ValueError, "5"),
    (lambda: Dense(3, kernel_initializer="he"), ValueError, "'he'"),
    (lambda: Dense(3, kernel_regularizer="l3"), ValueError, "'l3'"),
    (lambda: Dense(3, kernel_constraint="nope"), ValueError, "'nope'"),
    (lambda: Dense(3, dtype="float99"), TypeError, "float99"),
    (lambda: Dense(3, input_shape=3), TypeError, "input_shape=3"),
    (lambda: Dense(3, input_shape=(-1,)), ValueError, "(-1,)"),
    (lambda: Dense(3, input_shape="3"), TypeError, "'3'"),
    (lambda: Dense(3, batch_input_shape=5), TypeError, "5"),
    (lambda: Activation(), TypeError, "位置参数 0 个"),
    (lambda: Activation("sofmax"), ValueError, "'sofmax'"),
    (lambda: Dropout("0.5"), ValueError, "rate='0.5'"),
    (lambda: Dropout(True), ValueError, "rate=True"),
    (lambda: Dropout(float("nan")), ValueError, "rate=nan"),
    (lambda: Dropout(0.5, seed=1.5), ValueError, "seed=1.5"),
    (lambda: Dropout(0.5, noise_shape=3), TypeError, "noise_shape=3"),
    (lambda: Flatten("nope"), ValueError, "'nope'"),
    (lambda: Flatten(3), ValueError, "3"),
    (lambda: Reshape((5, 2))(X), ValueError, "target_shape=(5, 2)"),
    (lambda: Reshape((-1, -1))(X), ValueError, "(-1, -1)"),
    (lambda: Reshape((2, -1))(X), ValueError, "(2, -1)"),
    (lambda: Reshape("3"), TypeError, "'3'"),
    (lambda: Permute((1, 1))(T), ValueError, "dims=(1, 1)"),
    (lambda: Permute((2, 1))(X), ValueError, "2 维"),
    (lambda: Permute((0, 1))(T), ValueError, "dims=(0, 1)"),
    (lambda: RepeatVector(2.5), TypeError, "n=2.5"),
    (lambda: RepeatVector(0), ValueError, "n=0"),
    (lambda: RepeatVector(2)(T), ValueError, "3 维"),
    (lambda: Lambda(3), TypeError, "function=3"),
    (lambda: Lambda(abs, output_shape=3), TypeError, "output_shape=3"),
    (lambda: Lambda(abs, output_shape=lambda s: 3)(Input((2,))), ValueError, "3"),
    (lambda: ActivityRegularization(l1=-1.0), ValueError, "l1=-1.0"),
    (lambda: SpatialDropout1D(0.5)(X), ValueError, "2 维"),
    (lambda: SpatialDropout2D(0.5, "first"), ValueError, "'first'"),
]


def test_a_masking_layer_with_a_mask_of_its_own():
    class First(Masking):
        def compute_mask(self, inputs, mask=None):
            return K.greater(inputs[:, :, 0], 1.0)

    class Nowhere(Masking):
        def compute_mask(self, inputs, mask=None):
            return None

    x = np.array([[[0, 0], [1, 2], [3, 4]]], "float32")
    for layer in (First(), Nowhere()):
        # Real Keras: what call blanks is still what equals mask_value everywhere.
        np.testing.assert_array_equal(layer(x), x)
        i = Input((3, 2))
        np.testing.assert_array_equal(Model(i, layer(i)).predict(x), x)
    assert First()(x)._keras_mask.tolist() == [[False, False, True]]
