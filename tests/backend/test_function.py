"""Symbols that run: K.function, gradients of symbols, losses that use any symbol of a graph."""

import numpy as np
import pytest

from labkit import backend as K
from labkit.layers import BatchNormalization, Dense, Dropout, Input, Layer
from labkit.models import Model, Sequential
from labkit.optimizers import SGD
from tests.mistakes import check

X = np.random.RandomState(0).normal(size=(4, 3)).astype("float32")


def test_outputs_of_inner_layers():
    model = Sequential([Dense(4, input_shape=(3,), activation="tanh"), Dense(2)])
    first, last = K.function([model.input], [layer.output for layer in model.layers])([X])
    np.testing.assert_array_equal(last, model.predict(X))
    np.testing.assert_array_equal(first, np.tanh(X @ model.get_weights()[0]))


def test_learning_phase_among_the_inputs():
    model = Sequential([Dropout(0.5, input_shape=(3,))])
    f = K.function([model.input, K.learning_phase()], [model.output])
    np.testing.assert_array_equal(f([X, 0])[0], X)
    np.testing.assert_array_equal(f([X])[0], X)  # TensorFlow's placeholder has 0 for a default
    dropped = f([X, 1])[0]
    assert set(np.unique(np.round(dropped / X, 4))) == {0.0, 2.0}


def test_phase_of_symbols_is_chosen_at_every_run():
    x = K.placeholder((None, 3))
    f = K.function([x, K.learning_phase()], [K.in_train_phase(lambda: x * 2.0, x)])
    np.testing.assert_array_equal(f([X, 0])[0], X)
    np.testing.assert_array_equal(f([X, 1])[0], 2 * X)


def test_gradients_of_symbols():
    x, layer = Input((3,)), Dense(2)
    y = layer(x)
    loss = K.sum(K.square(y))
    hidden, wanted, kernel, nothing = K.gradients(loss, [y, x, layer.kernel, Input((3,))])
    assert nothing is None and K.int_shape(wanted) == (None, 3)
    W, b = layer.get_weights()
    results = K.function([x], [hidden, wanted, kernel])([X])
    dy = 2 * (X @ W + b)
    for found, expected in zip(results, (dy, dy @ W.T, X.T @ dy), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_gradient_by_a_tensor_that_a_symbol_meets():
    x, v = K.placeholder((3,)), K.variable(2.0)
    loss = K.sum(x * K.square(v))
    assert K.function([x], K.gradients(loss, [v]))([[1, 2, 3]]) == [24.0]


def test_variables_count_as_they_are_now():
    v = K.variable(2.0)
    y = K.square(v) + 1.0
    f = K.function([], [y, y * 2.0])
    assert f([]) == [5.0, 10.0]
    K.set_value(v, 3.0)
    assert f([]) == [10.0, 20.0]
    assert K.get_session().run(y) == 10.0


def test_updates_are_written_after_all_are_computed():
    a, b, x = K.variable(1.0), K.variable(2.0), K.placeholder(())
    f = K.function([x], [a + b], updates=[(a, b + x), K.update_add(b, a)])
    assert f([10.0]) == [3.0]
    assert K.get_value(a) == 12.0 and K.get_value(b) == 3.0


def test_optimizer_updates_train():
    x, W = K.placeholder((None, 3)), K.variable(np.ones((3, 1)))
    loss = K.mean(K.square(K.dot(x, W)))
    step = K.function([x], [loss], updates=SGD(0.1).get_updates(loss=loss, params=[W]))
    before = K.get_value(W)
    first = step([X])[0]
    np.testing.assert_allclose(first, np.mean((X @ before) ** 2), rtol=1e-5)
    np.testing.assert_allclose(
        K.get_value(W), before - 0.1 * 2 * X.T @ (X @ before) / 4, rtol=1e-4, atol=1e-6
    )
    assert step([X])[0] < first


def test_layers_write_no_updates_of_their_own():
    x, layer = Input((3,)), BatchNormalization()
    f = K.function([x, K.learning_phase()], [layer(x)])
    before = layer.get_weights()
    f([X, 1])
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_keywords_may_be_tensors():
    x, W = K.placeholder((None, 3)), K.variable(np.ones((3, 2)))
    assert K.function([x], [K.dot(x=x, y=W)])([X])[0].shape == (4, 2)
    (dW,) = K.gradients(K.sum(K.dot(x=K.constant(X), y=W)), [W])
    np.testing.assert_allclose(K.eval(dW), X.sum(axis=0)[:, None] * np.ones(2), rtol=1e-5)


def test_long_chains():
    x = y = K.placeholder((2,))
    for _ in range(3000):
        y = y + 1.0
    assert K.function([x], [y])([[0, 1]])[0].tolist() == [3000, 3001]


def test_loss_that_closes_over_symbols():
    x = Input((3,))
    hidden = Dense(2, name="hidden")(x)
    model = Model(x, Dense(3)(hidden))

    def loss(y_true, y_pred):
        return K.mean(K.square(y_true - y_pred), axis=-1) + K.sum(K.square(hidden), axis=-1)

    model.compile(SGD(0.0), loss)
    h = K.function([x], [hidden])([X])[0]
    expected = np.mean((X - model.predict(X)) ** 2) + np.mean(np.sum(h**2, axis=-1))
    np.testing.assert_allclose(model.train_on_batch(X, X), expected, rtol=1e-5)


def test_added_loss_of_symbols():
    x = Input((3,))
    hidden = Dense(2, use_bias=False)(x)
    model = Model(x, hidden)
    model.add_loss(K.mean(K.square(hidden)))
    model.compile(SGD(0.1), "mse")
    W, zeros = model.get_weights()[0], np.zeros((4, 2))
    np.testing.assert_allclose(model.train_on_batch(X, zeros), 2 * np.mean((X @ W) ** 2), rtol=1e-5)
    np.testing.assert_allclose(
        model.get_weights()[0], W - 0.1 * 2 * 2 * X.T @ (X @ W) / 8, rtol=1e-4, atol=1e-6
    )


def test_second_derivatives_are_refused():
    v = K.variable(2.0)
    (slope,) = K.gradients(v * v * v, [v])
    check(NotImplementedError, "对梯度再求导", lambda: K.gradients(slope * slope, [v]))
    assert K.gradients(K.stop_gradient(slope) * v, [v])[0].value == 12.0


def test_second_derivatives_of_symbols_are_refused():
    """Taken for a constant, the inner gradient made the outer one silently wrong."""
    x = K.placeholder((2,))
    (slope,) = K.gradients(K.sum(x * x * x), [x])
    for loss in (K.sum(slope), K.sum(x) + K.sum(slope * slope)):
        function = K.function([x], K.gradients(loss, [x]))
        check(NotImplementedError, "对梯度再求导", lambda run=function: run([np.ones(2)]))
    constant = K.sum(K.stop_gradient(slope) * x)
    (values,) = K.function([x], K.gradients(constant, [x]))([np.array([1.0, 2.0])])
    np.testing.assert_allclose(values, [3, 12])


def test_a_gradient_by_the_input_cannot_be_trained():
    x = Input((3,))
    y = Dense(1)(x)
    model = Model(x, y)
    model.add_loss(K.mean(K.square(K.gradients(K.sum(y), x)[0])))
    model.compile("sgd")
    weights = model.get_weights()
    check(NotImplementedError, "对输入求的梯度", lambda: model.train_on_batch(X, None))
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])


class Doubled(Layer):
    def call(self, inputs):
        return inputs * 2.0


WRONG = [
    (lambda: K.function(Input((3,)), []), TypeError, "inputs 是 Symbol"),
    (lambda: K.function([], Input((3,))), TypeError, "outputs 是 Symbol"),
    (lambda: K.function([], [], updates=3), TypeError, "updates 是 int"),
    (lambda: K.function([], [], run_options=3), ValueError, "run_options"),
    (lambda: K.function([Input((3,))], [])([]), ValueError, "输入 0"),
    (lambda: K.function([Input((3,))], [])(X), TypeError, "ndarray"),
    (lambda: K.function([Input((3,))], [])([X[:, :2]]), ValueError, "(4, 2)"),
    (lambda: K.function([], [Doubled()(Input((3,)))])([]), ValueError, "没有给出"),
]


@pytest.mark.parametrize(("use", "raises", "received"), WRONG)
def test_wrong_use(use, raises, received):
    if received == "没有给出":
        with pytest.raises(raises, match="没有给出 input_"):
            use()
    else:
        check(raises, received, use)


def test_what_has_no_gradient_follows_its_variable():
    """A condition made once is asked anew in every run, also % and //."""
    steps, x = K.variable(0, dtype="int64"), K.placeholder((2,))
    every_second = K.equal((steps + 1) % 2, 0)
    outputs = [K.switch(every_second, x * 10, x), K.cast(every_second, "float32"), steps // 2]
    f = K.function([x], outputs, updates=[K.update_add(steps, 1)])
    results = [[float(np.max(y)) for y in f([[1.0, 2.0]])] for _ in range(3)]
    assert results == [[2, 0, 0], [20, 1, 0], [2, 0, 1]]
    assert K.gradients(K.sum(K.round(x)), [K.variable(1.0)]) == [None]
    v = K.variable([1.2])
    assert K.gradients(K.sum(K.round(v) + K.cast(K.greater(v, 1), "float32")), [v]) == [None]


def test_updates_are_pairs_also_for_symbols():
    """So others can look through them; clipnorm decides when the step runs."""
    x, W = K.placeholder((None, 3)), K.variable(np.ones((3, 1)))
    loss = K.mean(K.square(K.dot(x, W)))
    updates = SGD(1.0, clipnorm=0.5).get_updates(loss=loss, params=[W])
    assert updates[-1][0] is W and K.int_shape(updates[-1][1]) == (3, 1)
    step = K.function([x], [loss], updates=updates)
    before = K.get_value(W)
    step([X])
    assert np.linalg.norm(K.get_value(W) - before) == pytest.approx(0.5, rel=1e-5)
    before = K.get_value(W)
    step([X * 1e-3])
    assert np.linalg.norm(K.get_value(W) - before) < 1e-3
