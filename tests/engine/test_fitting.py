"""fit, evaluate and predict: epochs, batches, what is held back."""

import numpy as np
import pytest

from labkit import callbacks
from tests.regression import linear, regression


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
