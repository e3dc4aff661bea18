"""The wrappers for scikit-learn; Keras' own tests of them run too (tests/keras_suite)."""

import numpy as np
import pytest

from labkit.layers import Dense
from labkit.models import Sequential
from labkit.wrappers.scikit_learn import BaseWrapper, KerasClassifier, KerasRegressor
from tests.mistakes import check
from tests.slopes import normal

X = normal(40, 3)
KINDS = np.array(["cat", "dog", "fox"])[np.argmax(X, axis=1)]


def classes(units=3, lr=0.5):
    model = Sequential([Dense(units, activation="softmax", input_shape=(3,))])
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def yes_or_no():
    model = Sequential([Dense(1, activation="sigmoid", input_shape=(3,))])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    return model


def number():
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse")
    return model


def test_classifier():
    wrapper = KerasClassifier(classes, epochs=200, verbose=0, units=3)
    history = wrapper.fit(X, KINDS, batch_size=10)
    assert len(history.history["loss"]) == 200 and wrapper.classes_.tolist() == [
        "cat",
        "dog",
        "fox",
    ]
    found = wrapper.predict(X)
    assert wrapper.score(X, KINDS) == pytest.approx(np.mean(found == KINDS)) and found[0] in KINDS
    np.testing.assert_allclose(wrapper.predict_proba(X).sum(axis=1), 1, rtol=1e-5)


def test_two_classes_have_two_columns():
    wrapper = KerasClassifier(yes_or_no, verbose=0)
    wrapper.fit(X, KINDS == "cat", sample_weight=np.ones(40))
    shares = wrapper.predict_proba(X)
    assert shares.shape == (40, 2)
    np.testing.assert_allclose(shares[:, 0], 1 - shares[:, 1], rtol=1e-6)


def test_regressor():
    wrapper = KerasRegressor(number, epochs=2, verbose=0)
    wrapper.fit(X, X[:, 0])
    y = wrapper.predict(X)
    assert y.shape == (40,)
    assert wrapper.score(X, X[:, 0]) == pytest.approx(-np.mean((y - X[:, 0]) ** 2), rel=1e-5)


def test_parameters_and_a_model_of_the_subclass():
    class Own(KerasRegressor):
        def __call__(self, units=1):
            return number()

    wrapper = Own(units=1, epochs=1)
    assert wrapper.get_params(deep=True) == {"units": 1, "epochs": 1, "build_fn": None}
    assert wrapper.set_params(epochs=3) is wrapper and wrapper.get_params()["epochs"] == 3
    assert wrapper.filter_sk_params(Sequential.fit, {"verbose": 0}) == {"epochs": 3, "verbose": 0}
    wrapper.fit(X, X[:, 0], verbose=0)
    assert wrapper.model.count_params() == 4


@pytest.mark.parametrize(
    ("use", "raises", "received"),
    [
        (lambda: KerasClassifier(classes, unit=3), ValueError, "'unit'"),
        (lambda: KerasClassifier(classes).set_params(epoch=3), ValueError, "'epoch'"),
        (lambda: KerasClassifier(), TypeError, "build_fn=None"),
        (lambda: BaseWrapper(), TypeError, "build_fn=None"),
        (lambda: KerasClassifier(classes).predict(X), ValueError, "还没有训练"),
        (lambda: KerasClassifier(classes).fit(X, X[..., None]), ValueError, "(40, 3, 1)"),
        (lambda: accuracy_of(number), ValueError, "['loss']"),
    ],
)
def test_wrong_use(use, raises, received):
    check(raises, received, use)


def accuracy_of(build):
    wrapper = KerasClassifier(build, verbose=0)
    wrapper.fit(X, KINDS == "cat")
    return wrapper.score(X, KINDS == "cat")
