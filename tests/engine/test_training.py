"""What compile declares: losses, weights of samples and outputs, metrics, optimizers."""

import numpy as np
import pytest

from labkit import backend as K
from labkit.layers import Dense, Embedding, Input, Layer, TimeDistributed
from labkit.models import Model, Sequential
from labkit.optimizers import SGD, Adam, Nadam
from tests.engine.own_optimizers import Keras1, Momentum, Wrapping
from tests.mistakes import check
from tests.regression import X, Y, linear, regression
from tests.slopes import normal


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


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "adagrad", "nadam"])
def test_optimizers_by_name(optimizer):
    x, y = regression()
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile(optimizer, "mse")
    history = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


class Penalty(Layer):
    """A layer that brings a loss of its own."""

    def call(self, inputs):
        self.add_loss(K.mean(K.square(inputs)), inputs=inputs)
        return inputs


def test_a_loss_from_a_layer_alone():
    x = Input((3,))
    hidden = Dense(2, use_bias=False)(x)
    model = Model(x, Penalty()(hidden))
    model.compile(SGD(0.1), loss=None)
    W = model.get_weights()[0]
    history = model.fit(X, epochs=1, batch_size=12, verbose=0)
    np.testing.assert_allclose(history.history["loss"], [np.mean((X @ W) ** 2)], rtol=1e-5)
    expected = W - 0.1 * 2 * X.T @ (X @ W) / 24
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-4, atol=1e-6)
    check(ValueError, "标签", lambda: model.fit(X, Y, verbose=0))


def test_an_output_without_a_loss_takes_no_labels():
    x = Input((3,))
    a, b = Dense(1, name="a")(x), Dense(2, name="b")(x)
    model = Model(x, [a, b])
    model.compile("sgd", {"a": "mse"}, metrics={"a": ["mae"]})
    assert model.metrics_names == ["loss", "a_loss", "a_mean_absolute_error"]
    before = model.get_layer("b").get_weights()[0]
    with pytest.raises(ValueError, match="没有梯度"):
        model.fit(X, Y, verbose=0)
    model.get_layer("b").trainable = False
    model.compile("sgd", {"a": "mse"})
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.get_layer("b").get_weights()[0], before)


WRONG = [
    (
        lambda: linear().compile("sgd", "mse", sample_weight_mode="other"),
        ValueError,
        "'other'",
    ),
    (lambda: linear().compile("sgd", None), ValueError, "没有 loss"),
]


@pytest.mark.parametrize(("use", "raises", "received"), WRONG)
def test_wrong_use(use, raises, received):
    check(raises, received, use)


# --- what others write ---


class TruePositives(Layer):
    """A metric that counts over a whole epoch."""

    def __init__(self, name="hits", **kwargs):
        super().__init__(name=name, **kwargs)
        self.stateful = True
        self.count = K.variable(0, dtype="int32")

    def reset_states(self):
        K.set_value(self.count, 0)

    def __call__(self, y_true, y_pred):
        hits = K.sum(K.cast(K.greater(y_pred, 0.0), "int32") * K.cast(y_true, "int32"))
        before = self.count * 1
        self.add_update(K.update_add(self.count, hits), inputs=[y_true, y_pred])
        return before + hits


@pytest.mark.parametrize("frozen", [False, True])
def test_a_metric_counts_over_all_batches(frozen):
    y = (Y > 0).astype("float32")
    model = linear()
    model.trainable = not frozen
    model.compile(SGD(0.0), "mse", metrics=["mae", TruePositives()])
    model.set_weights([np.ones((3, 1)), [0]])
    wanted = int(y.sum())
    assert model.stateful_metric_names == ["hits"]
    history = model.fit(X, y, batch_size=5, epochs=2, verbose=0, validation_data=(X[:6], y[:6]))
    assert history.history["hits"] == [wanted, wanted]
    assert history.history["val_hits"] == [int(y[:6].sum())] * 2
    assert model.evaluate(X, y, batch_size=5, verbose=0)[2] == wanted
    batches = ((X[i : i + 4], y[i : i + 4]) for i in (0, 4, 8))
    assert model.evaluate_generator(batches, 3)[2] == wanted


def test_the_loss_is_a_symbol_of_the_graph():
    model = linear(metrics=["mae"])
    model.set_weights([np.ones((3, 1)) * 0.5, [0.1]])
    gradients = K.gradients(model.total_loss, model.trainable_weights)
    inputs = model.inputs + model.targets + model.sample_weights
    f = K.function(inputs, [model.total_loss, *model.metrics_tensors, *gradients])
    loss, mae, dW, db = f([X, Y, np.ones(12)])
    assert [loss, mae] == pytest.approx(model.test_on_batch(X, Y))
    wrong = X @ np.full((3, 1), 0.5) + 0.1 - Y
    np.testing.assert_allclose(dW, 2 * X.T @ wrong / 12, rtol=1e-5)
    np.testing.assert_allclose(db, [2 * wrong.mean()], rtol=1e-5)
    # A function of the reader's own takes the place of the step.
    seen = []
    model.train_function = lambda batch: seen.append([a.shape for a in batch]) or [7.0, 8.0]
    assert model.fit(X, Y, batch_size=6, verbose=0).history["loss"] == [7.0]
    assert seen == [[(6, 3), (6, 1), (6,)]] * 2


@pytest.mark.parametrize(
    ("make", "same"),
    [
        (lambda: Momentum(0.1), lambda: SGD(0.1, momentum=0.9)),
        (lambda: Momentum(0.1, clipnorm=0.5), lambda: SGD(0.1, momentum=0.9, clipnorm=0.5)),
        (lambda: Keras1(0.1), lambda: SGD(0.1)),
        (lambda: Wrapping(SGD(0.1, decay=0.5)), lambda: SGD(0.1, decay=0.5)),
        (lambda: Wrapping(Nadam()), lambda: Nadam()),
        (lambda: Wrapping(Adam(amsgrad=True)), lambda: Adam(amsgrad=True)),
    ],
)
def test_get_updates_of_others(make, same):
    """They train as labkit's own rule does, batch for batch, also when the rate changes."""
    one, two = linear(), linear()
    one.compile(make(), "mse")
    two.compile(same(), "mse")
    for rate in (0.1, 0.1, 0.02):
        losses = []
        for model in (one, two):
            K.set_value(model.optimizer.lr, rate)
            losses.append(model.fit(X, Y, batch_size=5, shuffle=False, verbose=0).history["loss"])
        np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_state_of_an_optimizer_of_ones_own():
    model = linear()
    model.compile(Momentum(0.1), "mse")
    assert model.optimizer.get_weights() == []
    model._make_train_function()
    assert [w.shape for w in model.optimizer.get_weights()] == [(), (3, 1), (1,)]
    model.train_on_batch(X, Y)
    assert int(K.get_value(model.optimizer.iterations)) == 1
    optimizer = Keras1(0.1)
    limited = Sequential([Dense(1, kernel_constraint="non_neg", input_shape=(3,))])
    limited.compile(optimizer, "mse")
    limited.train_on_batch(X, Y)
    assert list(optimizer.seen) == [limited.layers[0].kernel]


def test_get_updates_in_the_order_of_keras_1():
    p, q = K.variable([1.0, 2.0]), K.variable([1.0, 2.0])
    K.batch_set_value(SGD(0.1).get_updates([p], {}, K.sum(K.square(p))))
    K.batch_set_value(SGD(0.1).get_updates(K.sum(K.square(q)), [q]))
    np.testing.assert_allclose(K.get_value(p), [0.8, 1.6], rtol=1e-6)
    np.testing.assert_array_equal(K.get_value(p), K.get_value(q))


def two_outputs(**settings):
    """Real Keras 2.2.5 gave the losses below for these weights and data."""
    x = Input((3,))
    model = Model(x, [Dense(2, name="a")(x), Dense(2, name="b")(x)])
    r = np.random.RandomState(1)
    model.set_weights([r.uniform(-1, 1, w.shape) for w in model.get_weights()])
    model.compile("sgd", "mse", **settings)
    return model


r = np.random.RandomState(0)
X2, Y2 = r.rand(6, 3).astype("float32"), r.rand(6, 2).astype("float32")
RISING, ONE_HOT = np.arange(6.0), np.eye(2)[np.arange(6) % 2]
BY_OUTPUT = [
    ({}, {"sample_weight": [RISING, RISING]}, Y2, [15.1867, 9.77877, 5.40793]),
    ({}, {"sample_weight": {"b": RISING}}, Y2, [9.34524, 3.9373, 5.40793]),
    ({}, {"class_weight": {"a": {0: 1.0, 1: 3.0}}}, ONE_HOT, [9.35919, 6.90234, 2.45686]),
    ({}, {"class_weight": [{0: 1.0, 1: 3.0}, None]}, ONE_HOT, [9.35919, 6.90234, 2.45686]),
    ({}, {}, ONE_HOT, [6.35067, 3.89382, 2.45686]),
]


@pytest.mark.parametrize(("compiled", "given", "y", "expected"), BY_OUTPUT)
def test_weights_of_each_output(compiled, given, y, expected):
    losses = two_outputs(**compiled).train_on_batch(X2, [y, y], **given)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


def test_class_weights_without_the_name_of_an_output():
    with pytest.warns(UserWarning, match="不加权"):
        losses = two_outputs().train_on_batch(X2, [ONE_HOT] * 2, class_weight={0: 1.0, 1: 3.0})
    np.testing.assert_allclose(losses, [6.35067, 3.89382, 2.45686], rtol=1e-5)


def test_target_tensors():
    model = two_outputs(target_tensors={"a": K.variable(Y2)})
    np.testing.assert_allclose(
        model.train_on_batch(X2, [Y2]), [6.09131, 3.9373, 2.15401], rtol=1e-5
    )
    weighted = model.train_on_batch(X2, {"b": Y2}, sample_weight={"b": RISING, "a": RISING})
    np.testing.assert_allclose(weighted, [8.98647, 3.78485, 5.20162], rtol=1e-5)
    check(ValueError, "2 个数组", lambda: model.train_on_batch(X2, [Y2, Y2]), model)
    alone = linear(target_tensors=[K.constant(Y)])
    assert alone.train_on_batch(X, None) == pytest.approx(linear().train_on_batch(X, Y))
    check(ValueError, "标签 y", lambda: alone.train_on_batch(X, Y), alone)
    # A placeholder is fed as usual.
    y = K.placeholder((None, 1))
    fed = linear(target_tensors=y)
    assert fed.targets == [y] and fed.train_on_batch(X, Y) == pytest.approx(
        linear().train_on_batch(X, Y)
    )


def test_a_batch_that_is_masked_throughout():
    x = Input((2,))
    model = Model(x, TimeDistributed(Dense(1))(Embedding(4, 3, mask_zero=True)(x)))
    model.compile("sgd", "mse")
    assert model.train_on_batch(np.zeros((2, 2)), np.ones((2, 2, 1))) == 0


def test_metrics_of_the_second_output_alone():
    x = Input((3,))
    model = Model(x, [Dense(1, name="a")(x), Dense(1, activation="sigmoid", name="b")(x)])
    model.get_layer("a").trainable = False
    model.compile("sgd", {"b": "binary_crossentropy"}, metrics={"b": ["acc"]})
    assert model.metrics_names == ["loss", "b_loss", "b_acc"]
    model.fit(X, [Y > 0], verbose=0)


def test_summary_says_that_trainable_was_changed(capsys):
    model = linear()
    model.layers[0].trainable = False
    with pytest.warns(UserWarning, match="compile 之后"):
        model.summary()


def steps(mode=None):
    model = Sequential([Dense(1, input_shape=(2, 3))])
    model.compile("sgd", "mse", sample_weight_mode=mode)
    return model, np.ones((4, 2, 3)), np.ones((4, 2, 1))


def weigh(mode, weight):
    model, x, y = steps(mode)
    model.train_on_batch(x, y, sample_weight=weight)


WRONG_WEIGHTS = [
    (lambda: two_outputs().train_on_batch(X2, [Y2, Y2], (RISING, RISING)), TypeError, "tuple"),
    (lambda: two_outputs(sample_weight_mode={"a": None}), ValueError, "b 的 sample_weight_mode"),
    (lambda: two_outputs(sample_weight_mode=["temporal"]), ValueError, "1 个 sample_weight_mode"),
    (lambda: two_outputs(loss_weights=(1.0, 1.0)), TypeError, "(1.0, 1.0)"),
    (lambda: two_outputs(target_tensors=[K.variable(Y2)]), ValueError, "1 个 target_tensors"),
    (lambda: two_outputs(target_tensors=K.variable(Y2)), ValueError, "Variable"),
    (lambda: two_outputs(target_tensors={"z": K.variable(Y2)}), ValueError, "'z'"),
    (lambda: two_outputs(target_tensors=set()), TypeError, "set"),
    (lambda: weigh(None, np.ones((4, 2))), ValueError, "(4, 2)"),
    (lambda: weigh("temporal", np.ones(4)), ValueError, "(4,)"),
]


@pytest.mark.parametrize(("use", "raises", "received"), WRONG_WEIGHTS)
def test_wrong_weights_and_targets(use, raises, received):
    check(raises, received, use)
