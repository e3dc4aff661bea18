"""What compile declares: losses, weights of samples and outputs, metrics, optimizers."""

import numpy as np
import pytest

from labkit import backend as K
from labkit.layers import Dense, Input, Layer
from labkit.models import Model, Sequential
from labkit.optimizers import SGD
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
        TypeError,
        "target_tensors",
    ),
    (lambda: linear().compile("sgd", None), ValueError, "没有 loss"),
]


@pytest.mark.parametrize(("use", "raises", "received"), WRONG)
def test_wrong_use(use, raises, received):
    check(raises, received, use)
