"""fit, evaluate and predict: epochs, batches and generators, what is held back."""

import numpy as np
import pytest

from labkit import callbacks
from labkit.layers import Dense
from labkit.models import Sequential
from tests.mistakes import check
from tests.regression import Batches, X, Y, forever, linear, regression


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


def test_predict_in_batches():
    x, _ = regression(10)
    model = linear()
    np.testing.assert_allclose(model.predict(x, batch_size=3), model.predict(x), rtol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(x), model.predict(x), rtol=1e-6)
    assert model.predict_classes(x).shape == (10, 1)


def test_predict_of_a_model_never_compiled_takes_callbacks():
    seen = []
    callback = callbacks.LambdaCallback(on_predict_begin=lambda logs: seen.append(logs))
    model = Sequential([Dense(1, input_shape=(3,))])
    assert model.predict(X, callbacks=[callback]).shape == (12, 1) and len(seen) == 1


def test_generator_sequence_and_arrays_train_alike():
    histories, weights = [], []
    for train in (
        lambda m: m.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0),
        lambda m: m.fit_generator(forever(), steps_per_epoch=3, epochs=3, verbose=0),
        lambda m: m.fit_generator(Batches(), epochs=3, shuffle=False, verbose=0),
        lambda m: m.fit(Batches(), epochs=3, shuffle=False, verbose=0),
    ):
        model = linear()
        histories.append(train(model).history["loss"])
        weights.append(model.get_weights()[0])
    for history, weight in zip(histories[1:], weights[1:], strict=True):
        np.testing.assert_allclose(history, histories[0], rtol=1e-6)
        np.testing.assert_array_equal(weight, weights[0])


def test_evaluate_and_predict_on_batches():
    model = linear(metrics=["mae"])
    expected = model.evaluate(X, Y, verbose=0)
    np.testing.assert_allclose(model.evaluate_generator(forever(), steps=3), expected, rtol=1e-6)
    np.testing.assert_allclose(model.evaluate(Batches(), verbose=0), expected, rtol=1e-6)
    np.testing.assert_array_equal(model.predict_generator(Batches()), model.predict(X))
    np.testing.assert_array_equal(model.predict(forever(), steps=3), model.predict(X))


def test_sequence_is_asked_for_each_batch_once_an_epoch():
    data = Batches()
    linear().fit_generator(data, epochs=2, verbose=0)
    assert sorted(data.asked[:3]) == sorted(data.asked[3:6]) == [0, 1, 2] and data.ended == 1


def test_validation_on_generators_and_how_often():
    history = linear().fit_generator(
        Batches(), epochs=4, verbose=0, validation_data=forever(), validation_steps=2
    )
    assert len(history.history["val_loss"]) == 4
    every_other = linear().fit(X, Y, epochs=4, verbose=0, validation_split=0.25, validation_freq=2)
    assert len(every_other.history["val_loss"]) == 2
    listed = linear().fit(X, Y, epochs=4, verbose=0, validation_split=0.25, validation_freq=[1, 4])
    assert len(listed.history["val_loss"]) == 2


def test_steps_per_epoch_uses_all_data_each_step():
    model = linear()
    model.fit(X, Y, steps_per_epoch=2, epochs=1, verbose=0)
    W = np.zeros((3, 1))
    b = np.zeros(1)
    for _ in range(2):
        slope = 2 * (X @ W + b - Y) / len(X)
        W, b = W - 0.1 * X.T @ slope, b - 0.1 * slope.sum(axis=0)
    np.testing.assert_allclose(model.get_weights()[0], W, rtol=1e-4, atol=1e-6)


def test_no_epochs_train_nothing():
    model = linear()
    assert model.fit(X, Y, epochs=0, verbose=0).history == {}
    assert not model.get_weights()[0].any()


def test_progress_bars(capsys):
    model = linear()
    model.evaluate(X, Y, verbose=1)
    model.predict(X, verbose=1)
    model.fit_generator(forever(), steps_per_epoch=3, epochs=1, verbose=2)
    text = capsys.readouterr().out
    assert "12/12" in text and "Epoch 1/1" in text and "loss" in text


def test_old_name_of_epochs():
    with pytest.warns(UserWarning, match=r"fit\(.*epochs=2"):
        assert len(linear().fit(X, Y, nb_epoch=2, verbose=0).epoch) == 2


def bad(batch):
    return lambda: linear().fit_generator(iter([batch] * 3), steps_per_epoch=2, verbose=0)


WRONG = [
    (lambda: linear().fit_generator(forever()), ValueError, "steps_per_epoch"),
    (lambda: linear().fit_generator(forever(), steps_per_epoch=0), ValueError, "steps_per_epoch=0"),
    (lambda: linear().evaluate_generator(forever()), ValueError, "steps"),
    (lambda: linear().predict_generator(forever()), ValueError, "steps"),
    (bad(X), ValueError, "ndarray"),
    (bad((X,)), ValueError, "1 项"),
    (bad((X, Y, None, None)), ValueError, "4 项"),
    (bad((X[:, :2], Y)), ValueError, "(12, 2)"),
    (bad((X, Y[:5])), ValueError, "5 个标签"),
    (
        lambda: linear().fit_generator(iter([(X, Y)]), steps_per_epoch=2, verbose=0),
        ValueError,
        "取完",
    ),
    (lambda: linear().fit(X, Y, steps_per_epoch=2, batch_size=3), ValueError, "batch_size=3"),
    (lambda: linear().fit(X, Y, epochs=-1), ValueError, "epochs=-1"),
    (lambda: linear().fit_generator(Batches(), epochs=1.5), ValueError, "epochs=1.5"),
    (lambda: linear().fit_generator(Batches(), callbacks=3), TypeError, "callbacks=3"),
    (lambda: linear().fit_generator(Batches(), bogus=3), TypeError, "'bogus'"),
    (
        lambda: linear().fit_generator(Batches(), validation_data=forever(), verbose=0),
        ValueError,
        "validation_steps",
    ),
]


@pytest.mark.parametrize(("use", "raises", "received"), WRONG)
def test_wrong_use(use, raises, received):
    check(raises, received, use)


def test_sparse_matrices():
    """SciPy's are taken in rows and made dense batch by batch."""
    from scipy.sparse import coo_matrix, csr_matrix

    x = X * (X > 0)
    one, two = linear(), linear()
    a = one.fit(x, Y, batch_size=5, epochs=2, validation_split=0.25, shuffle=False, verbose=0)
    b = two.fit(
        coo_matrix(x),
        csr_matrix(Y),
        batch_size=5,
        epochs=2,
        validation_split=0.25,
        shuffle=False,
        verbose=0,
    )
    assert a.history == b.history
    np.testing.assert_array_equal(one.predict(x), two.predict(csr_matrix(x)))
    assert one.evaluate(x, Y, verbose=0) == two.evaluate(csr_matrix(x), Y, verbose=0)
    assert one.train_on_batch(x, Y) == two.train_on_batch(csr_matrix(x), Y)
    check(ValueError, "(3, 12)", lambda: two.predict(csr_matrix(x.T)), two)


def test_callbacks_get_the_validation_data_as_given():
    x, y = X.astype("float64"), Y.astype("float64")
    keep = callbacks.Callback()
    model = linear()
    model.fit(X, Y, verbose=0, validation_data=(x, y), callbacks=[keep])
    assert keep.validation_data[0] is x and keep.validation_data[1] is y
    assert [a.shape for a in keep.validation_data] == [(12, 3), (12, 1), (12,)]
    keep = callbacks.Callback()
    model.fit_generator(forever(), 1, verbose=0, validation_data=(x, y), callbacks=[keep])
    assert keep.validation_data[0] is x
    keep = callbacks.Callback()
    model.fit_generator(
        forever(), 1, verbose=0, validation_data=forever(), validation_steps=1, callbacks=[keep]
    )
    assert keep.validation_data is None


def test_batches_of_a_file_keep_their_rows():
    """shuffle='batch' turns the batches around, and the rows of a batch stay together."""
    seen = []
    model = linear()
    model.train_function = lambda batch: seen.append(batch[0]) or [0.0]
    np.random.seed(3)
    model.fit(X[:11], Y[:11], batch_size=3, shuffle="batch", verbose=0)
    rows = [3, 4, 5, 0, 1, 2, 6, 7, 8, 9, 10]  # of real Keras
    np.testing.assert_array_equal(np.concatenate(seen), X[rows])
