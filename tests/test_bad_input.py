"""Wrong use: the type of the exception, a message that teaches, and nothing changed by it."""

import numpy as np
import pytest

from labkit import backend as K
from labkit import callbacks, layers
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
)
from labkit.models import Model, Sequential
from tests.mistakes import check

X, Y = np.ones((4, 3), "float32"), np.ones((4, 1), "float32")
IMAGES, STEPS = np.ones((2, 4, 4, 1), "float32"), np.ones((2, 4, 3), "float32")
STATES = [np.ones((2, 3)), np.ones((2, 3))]


# What is built wrongly: the call, the exception, a part of what came.
CONSTRUCTED = [
    (lambda: Input(), ValueError, "没有形状"),
    (lambda: Input(3), TypeError, "shape=3"),
    (lambda: Input((3.5,)), ValueError, "(3.5,)"),
    (lambda: Input((0,)), ValueError, "(0,)"),
    (lambda: Input("abc"), TypeError, "'abc'"),
    (lambda: Input((3,), dtype="int99"), TypeError, "int99"),
    (lambda: Model(), TypeError, "不全"),
    (lambda: Model(Input((3,))), TypeError, "不全"),
    (lambda: Model(X, Y), ValueError, "ndarray"),
    (lambda: Model([], []), ValueError, "空的列表"),
    (lambda: Model(Input((3,)), Dense(2)(Input((3,)))), ValueError, "input_2"),
    (lambda: Sequential(Dense(3)), TypeError, "Dense"),
    (lambda: Sequential(["Dense"]), TypeError, "str"),
    (lambda: Sequential([Dense]), TypeError, "类 Dense"),
    (lambda: layers.deserialize({"class_name": "Dens", "config": {}}), ValueError, "'Dens'"),
    (lambda: layers.deserialize(5), ValueError, "5"),
    (
        lambda: layers.deserialize({"class_name": "Dense", "config": {"units": 3, "bogus": 1}}),
        TypeError,
        "'bogus'",
    ),
    (lambda: Dense(3).count_params(), RuntimeError, "没有建好"),
    (lambda: Dense(3).output, AttributeError, "Input"),
    (lambda: Dense(3).set_weights([np.ones((3, 1))]), ValueError, "(3, 1)"),
    (lambda: Sequential([Dense(3)]).summary(), ValueError, "没有建好"),
    (lambda: Sequential().predict(X), ValueError, "没有层"),
]


@pytest.mark.parametrize(("use", "raises", "received"), CONSTRUCTED)
def test_construction(use, raises, received):
    check(raises, received, use)


# A new layer called wrongly: it stays unbuilt and unconnected.
CALLED = [
    (lambda: Dense(3), np.ones(3), ValueError, "1 维"),
    (lambda: Dense(3), 5, ValueError, "0 维"),
    (lambda: Dense(3), "abc", ValueError, "类型为 <U3"),
    (lambda: Dense(3), None, ValueError, "object"),
    (lambda: Dense(3), np.ones((2, 3), complex), ValueError, "complex128"),
    (lambda: Dense(3), [[1, 2], [3]], ValueError, "长短不一"),
    (lambda: Dense(3), Input((None,)), ValueError, "None"),
    (lambda: Dense(3), np.ones((2, 0)), ValueError, "(0, 3)"),
    (lambda: Dense(3, kernel_initializer=None), X, TypeError, "initializer=None"),
    (lambda: Dense(3, weights=[np.ones((2, 2))]), X, ValueError, "[(2, 2)]"),
    (lambda: Dense(3, weights=5), X, ValueError, "1 个数组"),
    (lambda: Activation("softmax"), np.ones(3), ValueError, "(1,)"),
    (lambda: Dropout(0.5, noise_shape=(1,)), X, ValueError, "noise_shape=(1,)"),
    (lambda: Dropout(0.5, noise_shape=(2, 3)), X, ValueError, "noise_shape=(2, 3)"),
    (lambda: Flatten(), X, ValueError, "2 维"),
    (lambda: Flatten(), Input((None, 3)), ValueError, "(None, None, 3)"),
    (lambda: Conv2D(2, 3), IMAGES[0], ValueError, "3 维"),
    (lambda: Conv2D(2, 7), IMAGES, ValueError, "kernel_size=(7, 7)"),
    (lambda: Conv2D(2, 3, dilation_rate=2), IMAGES, ValueError, "覆盖 (5, 5)"),
    (lambda: Conv2D(2, 2, strides=2, dilation_rate=2), IMAGES, ValueError, "strides=(2, 2)"),
    (lambda: Conv2D(2, 2, (2, 1), dilation_rate=(1, 2)), IMAGES, ValueError, "strides=(2, 1)"),
    (lambda: Conv2D(2, 3, padding="causal"), IMAGES, ValueError, "causal"),
    (lambda: Conv2D(2, 3), Input((5, 5, None)), ValueError, "None"),
    (lambda: Conv2D(2, 3), [IMAGES, IMAGES], ValueError, "2 个输入"),
    (lambda: MaxPooling2D(5), IMAGES, ValueError, "pool_size=(5, 5)"),
    (lambda: MaxPooling2D(2), IMAGES[0], ValueError, "3 维"),
    (lambda: LSTM(3), X, ValueError, "2 维"),
    (lambda: LSTM(3), np.ones((2, 0, 3)), ValueError, "(2, 0, 3)"),
    (lambda: LSTM(3, stateful=True), Input((4, 3)), ValueError, "(None, 4, 3)"),
    (lambda: LSTM(3, unroll=True), Input((None, 3)), ValueError, "(None, None, 3)"),
    (lambda: LSTM(3, weights=[np.ones(1)]), STEPS, ValueError, "[(1,)]"),
    (lambda: LSTM(3), [STEPS, STATES[0]], ValueError, "1 个状态"),
    (lambda: Embedding(5, 3), np.array([[5]]), IndexError, "5"),
    (lambda: Embedding(5, 3), np.array([[1, -1]]), IndexError, "-1"),
    (lambda: Embedding(5, 3), np.array([[np.nan]]), ValueError, "NaN"),
    (lambda: Embedding(5, 3), np.array([["猫"]]), ValueError, "<U1"),
    (lambda: Embedding(5, 3, input_length=4), np.array([[1, 2]]), ValueError, "(1, 2)"),
    (lambda: Embedding(5, 3, input_length=4), Input((3,)), ValueError, "(None, 3)"),
    (lambda: Add(), X, ValueError, "1 个输入"),
    (lambda: Add(), [X], ValueError, "1 个输入"),
    (lambda: Add(), [np.ones((2, 3)), np.ones((2, 4))], ValueError, "(3,) 与 (4,)"),
    (lambda: Add(), [np.ones((2, 3)), np.ones((3, 3))], ValueError, "[2, 3]"),
    (lambda: Add(), [X, None], ValueError, "object"),
    (lambda: BatchNormalization(axis=3), X, IndexError, "axis=3"),
    (lambda: BatchNormalization(axis=0.5), X, TypeError, "axis=0.5"),
    (lambda: BatchNormalization(axis=(1, 2)), STEPS, TypeError, "axis=(1, 2)"),
    (lambda: BatchNormalization(), Input((None,)), ValueError, "None"),
    (lambda: BatchNormalization(), np.ones(3), ValueError, "1 维"),
]


@pytest.mark.parametrize(("make", "inputs", "raises", "received"), CALLED)
def test_first_call(make, inputs, raises, received):
    layer = make()
    check(raises, received, lambda: layer(inputs), layer)
    assert not layer.built and not layer.weights and not layer._inbound_nodes


# A built layer called wrongly.
BUILT = [
    (lambda: Dense(3), X, lambda d: d(np.ones((4, 5))), ValueError, "(4, 5)"),
    (lambda: Dense(3), X, lambda d: d(X, training=True), TypeError, "'training'"),
    (lambda: Dense(3), X, lambda d: d.set_weights([np.ones((3, 3))]), ValueError, "1 个数组"),
    (lambda: Dense(3), X, lambda d: d.set_weights(5), ValueError, "1 个数组"),
    (lambda: Dense(3), X, lambda d: d.set_weights([X, "a"]), ValueError, "<U1"),
    (
        lambda: Dense(3),
        X,
        lambda d: d.set_weights([np.ones((3, 3)), np.ones(4)]),
        ValueError,
        "(4,)",
    ),
    (lambda: Conv2D(1, 3), IMAGES, lambda c: c(np.ones((2, 4, 4, 2))), ValueError, "2"),
    (lambda: Conv2D(1, 3), IMAGES, lambda c: c(np.ones((2, 2, 4, 1))), ValueError, "(2, 4)"),
    (lambda: BatchNormalization(), X, lambda b: b(np.ones((4, 2))), ValueError, "(4, 2)"),
    (lambda: BatchNormalization(), X, lambda b: b(STEPS), ValueError, "3 维"),
    (lambda: LSTM(3), STEPS, lambda r: r(np.ones((2, 4, 5))), ValueError, "(2, 4, 5)"),
    (lambda: LSTM(3), STEPS, lambda r: r(STEPS, initial_state=STATES[0]), ValueError, "1 个"),
    (
        lambda: LSTM(3),
        STEPS,
        lambda r: r(STEPS, initial_state=[np.ones((2, 4))] * 2),
        ValueError,
        "(2, 4)",
    ),
    (
        lambda: LSTM(3),
        STEPS,
        lambda r: r(STEPS, initial_state=[np.ones((5, 3))] * 2),
        ValueError,
        "(5, 3)",
    ),
    (lambda: LSTM(3), STEPS, lambda r: r(STEPS, [Input((3,))] * 2), ValueError, "符号张量"),
    (lambda: LSTM(3), STEPS, lambda r: r(STEPS, mask=np.ones((2, 5))), ValueError, "(2, 5)"),
    (lambda: LSTM(3), STEPS, lambda r: r(STEPS, constants=[X]), TypeError, "1 个常量"),
    (lambda: LSTM(3), STEPS, lambda r: r.reset_states(), AttributeError, "stateful=False"),
    (
        lambda: LSTM(3, stateful=True),
        STEPS,
        lambda r: r.reset_states([np.ones((2, 4))]),
        ValueError,
        "(2, 4)",
    ),
    (lambda: LSTM(3, stateful=True), STEPS, lambda r: r(STEPS[:1]), ValueError, "(1, 4, 3)"),
    (lambda: Flatten(), STEPS, lambda f: f(STEPS, mask=np.ones((2, 4))), TypeError, "掩码"),
    (lambda: MaxPooling2D(3), IMAGES, lambda p: p(IMAGES[:, :2]), ValueError, "(2, 4)"),
]


@pytest.mark.parametrize(("make", "inputs", "use", "raises", "received"), BUILT)
def test_later_call(make, inputs, use, raises, received):
    layer = make()
    layer(inputs)
    check(raises, received, lambda: use(layer), layer)
    layer(inputs)


# A model that cannot grow so: it keeps its layers.
def test_second_pooling_finds_nothing_left():
    model = Sequential([Conv2D(2, 3, input_shape=(8, 8, 1)), MaxPooling2D(4)])
    check(ValueError, "空间尺寸 (1, 1)", lambda: model.add(MaxPooling2D()), model)
    with pytest.raises(ValueError, match=r"⌊.*⌋ \+ 1.*padding='same'"):
        model.add(MaxPooling2D())
    model.add(Flatten())
    assert model.output_shape == (None, 2)


@pytest.mark.parametrize(
    ("first", "second", "raises", "received"),
    [
        (lambda: Embedding(5, 3), Flatten, ValueError, "(None, None, 3)"),
        (lambda: Embedding(5, 3, mask_zero=True, input_length=4), Flatten, TypeError, "掩码"),
        (lambda: Dense(3, input_shape=(3,)), lambda: LSTM(3), ValueError, "2 维"),
        (lambda: Dense(3, input_shape=(3,)), lambda: Conv2D(3, 3), ValueError, "(None, 3)"),
        (lambda: Dense(3, input_shape=(3,)), lambda: 3, TypeError, "int"),
        (
            lambda: Dense(3, input_shape=(3,), name="twin"),
            lambda: Dense(3, name="twin"),
            ValueError,
            "'twin'",
        ),
    ],
)
def test_layer_that_does_not_fit_is_not_added(first, second, raises, received):
    model = Sequential([first()])
    check(raises, received, lambda: model.add(second()), model)
    model.add(Dense(2))


def test_nothing_to_pop():
    model = Sequential()
    check(TypeError, "pop()", model.pop, model)


def test_unbuilt_model_stays_unbuilt():
    model = Sequential([Dense(4), Conv2D(2, 3)])
    check(ValueError, "2 维", lambda: model.predict(X), model)
    assert not any(layer.built for layer in model.layers)
    model = Sequential([Dense(1)])
    model.compile("sgd", "mse")
    check(ValueError, "(4, 2)", lambda: model.fit(X, np.ones((4, 2))), model)
    assert not model.layers[0].built
    model.fit(np.ones((4, 7)), Y, verbose=0)


def regression():
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile("adam", "mse", metrics=["mae"])
    model.train_on_batch(X, Y)
    return model


def classes(loss="categorical_crossentropy"):
    model = Sequential([Dense(3, "softmax", input_shape=(3,))])
    model.compile("adam", loss)
    model.train_on_batch(X, np.eye(3)[[0, 1, 2, 1]] if "sparse" not in loss else [0, 1, 2, 1])
    return model


def sparse():
    return classes("sparse_categorical_crossentropy")


def stateful():
    return Sequential([LSTM(2, stateful=True, batch_input_shape=(2, 4, 3))])


def uncompiled():
    return Sequential([Dense(1, input_shape=(3,))])


def two_outputs():
    x = Input((3,))
    return Model(x, [Dense(1, name="a")(x), Dense(1, name="b")(x)])


def nan(x):
    bad = x.copy()
    bad[1, 0] = np.nan
    return bad


MODELS = [
    # compile
    (regression, lambda m: m.compile("sdg", "mse"), ValueError, "'sdg'"),
    (regression, lambda m: m.compile(3, "mse"), ValueError, "3"),
    (regression, lambda m: m.compile("sgd", "mes"), ValueError, "'mes'"),
    (regression, lambda m: m.compile("sgd"), ValueError, "没有 loss"),
    (regression, lambda m: m.compile("sgd", "mse", ["acurracy"]), ValueError, "'acurracy'"),
    (regression, lambda m: m.compile("sgd", "mse", loss_weights=[1, 2]), ValueError, "2 个"),
    (regression, lambda m: m.compile("sgd", "mse", loss_weights="a"), ValueError, "'a'"),
    (regression, lambda m: m.compile("sgd", {"nope": "mse"}), ValueError, "'nope'"),
    (regression, lambda m: m.compile("sgd", ["mse", "mse"]), ValueError, "2 个"),
    (regression, lambda m: m.compile("sgd", "mse", bogus=1), TypeError, "bogus"),
    (two_outputs, lambda m: m.compile("sgd", ["mse"]), ValueError, "1 个"),
    # not compiled
    (uncompiled, lambda m: m.fit(X, Y), RuntimeError, "没有 compile"),
    (uncompiled, lambda m: m.evaluate(X, Y), RuntimeError, "没有 compile"),
    (uncompiled, lambda m: m.train_on_batch(X, Y), RuntimeError, "没有 compile"),
    # data
    (regression, lambda m: m.fit(), ValueError, "None"),
    (regression, lambda m: m.fit(X), ValueError, "None"),
    (regression, lambda m: m.fit(np.ones((4, 2)), Y), ValueError, "(4, 2)"),
    (regression, lambda m: m.fit(np.ones((4, 3, 1)), Y), ValueError, "(4, 3, 1)"),
    (regression, lambda m: m.fit(X, np.ones((4, 2))), ValueError, "(4, 2)"),
    (regression, lambda m: m.fit(X, np.ones((3, 1))), ValueError, "4 个输入样本，3 个标签"),
    (regression, lambda m: m.fit(X[:0], Y[:0]), ValueError, "(0, 3)"),
    (regression, lambda m: m.fit("a", Y), ValueError, "<U1"),
    (regression, lambda m: m.fit(X, "a"), ValueError, "<U1"),
    (regression, lambda m: m.fit([X, X], Y), ValueError, "2 个数组"),
    (regression, lambda m: m.fit({"a": X}, Y), ValueError, "'a'"),
    (regression, lambda m: m.fit([[1, 2, 3], [4]], Y), ValueError, "长短不一"),
    (regression, lambda m: m.evaluate(X, np.ones((5, 1))), ValueError, "5 个标签"),
    (regression, lambda m: m.train_on_batch(X, np.ones((4, 2))), ValueError, "(4, 2)"),
    (regression, lambda m: m.predict(np.ones((4, 2))), ValueError, "(4, 2)"),
    (regression, lambda m: m.predict(np.ones(3)), ValueError, "(3, 1)"),
    (regression, lambda m: m.predict(X[0]), ValueError, "(3, 1)"),
    (regression, lambda m: m.predict(X[:0]), ValueError, "(0, 3)"),
    (regression, lambda m: m.predict(None), ValueError, "None"),
    (regression, lambda m: m.predict(5), ValueError, "()"),
    (regression, lambda m: m(np.ones((4, 2))), ValueError, "(4, 2)"),
    # labels
    (classes, lambda m: m.fit(X, np.array([0, 1, 2, 1])), ValueError, "类别编号"),
    (classes, lambda m: m.fit(X, np.array([[0], [1], [2], [1]])), ValueError, "类别编号"),
    (classes, lambda m: m.fit(X, np.ones((4, 2))), ValueError, "(4, 2)"),
    (sparse, lambda m: m.fit(X, np.array([0, 1, 2, 3])), ValueError, "0 到 3"),
    (sparse, lambda m: m.fit(X, np.array([0, 1, 2, -1])), ValueError, "-1 到 2"),
    (sparse, lambda m: m.fit(X, np.eye(3)[[0, 1, 2, 1]]), ValueError, "(4, 3)"),
    # settings
    (regression, lambda m: m.fit(X, Y, batch_size=0), ValueError, "batch_size=0"),
    (regression, lambda m: m.fit(X, Y, batch_size=2.5), ValueError, "batch_size=2.5"),
    (regression, lambda m: m.predict(X, batch_size="a"), ValueError, "batch_size='a'"),
    (regression, lambda m: m.fit(X, Y, epochs=-1), ValueError, "epochs=-1"),
    (regression, lambda m: m.fit(X, Y, epochs=2.5), ValueError, "epochs=2.5"),
    (regression, lambda m: m.fit(X, Y, initial_epoch=-1), ValueError, "initial_epoch=-1"),
    (regression, lambda m: m.fit(X, Y, bogus=3), TypeError, "'bogus'"),
    (regression, lambda m: m.fit(X, Y, validation_split=1.5), ValueError, "1.5"),
    (regression, lambda m: m.fit(X, Y, validation_split=-0.5), ValueError, "-0.5"),
    (regression, lambda m: m.fit(X, Y, validation_split=0.99), ValueError, "0.99"),
    (regression, lambda m: m.fit(X, Y, validation_split="a"), ValueError, "'a'"),
    (regression, lambda m: m.fit(X, Y, validation_data=(X,)), ValueError, "tuple"),
    (regression, lambda m: m.fit(X, Y, validation_data=X), ValueError, "ndarray"),
    (
        regression,
        lambda m: m.fit(X, Y, validation_data=(X, np.ones((2, 1)))),
        ValueError,
        "2 个标签",
    ),
    (regression, lambda m: m.fit(X, Y, callbacks=3), TypeError, "callbacks=3"),
    (
        regression,
        lambda m: m.fit(X, Y, callbacks=callbacks.EarlyStopping()),
        TypeError,
        "EarlyStopping",
    ),
    (regression, lambda m: m.fit(X, Y, sample_weight=np.ones(3)), ValueError, "(3,)"),
    (regression, lambda m: m.fit(X, Y, sample_weight=np.ones((4, 1))), ValueError, "(4, 1)"),
    (regression, lambda m: m.fit(X, Y, class_weight={0: 1.0}), ValueError, "[1]"),
    (regression, lambda m: m.fit(X, Y, class_weight=[1.0]), TypeError, "[1.0]"),
    # weights and layers
    (regression, lambda m: m.set_weights([np.ones((3, 1))]), ValueError, "1 个数组"),
    (regression, lambda m: m.set_weights([X, Y]), ValueError, "(4, 3)"),
    (regression, lambda m: m.get_layer("dens"), ValueError, "'dens'"),
    (regression, lambda m: m.get_layer(index=5), ValueError, "index=5"),
    # states
    (stateful, lambda m: m.predict(np.ones((3, 4, 3))), ValueError, "3 个样本"),
    (stateful, lambda m: m.predict(np.ones((4, 4, 3)), batch_size=4), ValueError, "batch_size=4"),
    (stateful, lambda m: m.predict_on_batch(np.ones((3, 4, 3))), ValueError, "3 个样本"),
]


@pytest.mark.parametrize(("make", "use", "raises", "received"), MODELS)
def test_model(make, use, raises, received):
    model = make()
    check(raises, received, lambda: use(model), model)


@pytest.mark.parametrize(
    "use",
    [
        lambda m: m.train_on_batch(nan(X), Y),
        lambda m: m.train_on_batch(X, nan(Y)),
        lambda m: m.train_on_batch(X * np.inf, Y),
        lambda m: m.train_on_batch(X, Y * 1e38),
        lambda m: m.fit(nan(X), Y, verbose=0, batch_size=4),
    ],
)
def test_loss_that_is_not_finite_changes_no_number(use):
    # BatchNormalization's averages, the optimizer's state and the weights all keep their values.
    model = Sequential([BatchNormalization(input_shape=(3,)), Dense(1)])
    model.compile("adam", "mse")
    model.train_on_batch(X, Y)
    before = [*model.get_weights(), *model.optimizer.get_weights()]
    with pytest.raises(FloatingPointError, match=r"损失 (nan|inf).*规则.*可以改成：lr=0\.0001"):
        use(model)
    after = [*model.get_weights(), *model.optimizer.get_weights()]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.isfinite(model.train_on_batch(X, Y))


def test_error_inside_an_own_layer_is_not_hidden():
    class Broken(Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight("kernel", (2, 2))
            super().build(input_shape)

        def call(self, inputs):
            return K.dot(inputs, self.kernel)

    layer = Broken()
    check(ValueError, "(4, 3)、(2, 2)", lambda: layer(X), layer)
    assert not layer.built and not layer.weights


def test_layer_inside_a_layer_is_restored_too():
    layer = LSTM(3, weights=[np.ones(1)])
    with pytest.raises(ValueError, match="规则"):
        layer(STEPS)
    assert not layer.cell.built and not layer.cell.weights
    layer._initial_weights = None
    assert layer(np.ones((2, 4, 7))).shape == (2, 3)
