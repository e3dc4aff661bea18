"""Training beyond the golden cases: generators, steps, losses of layers, subclasses, utils."""

import csv

import numpy as np
import pytest

from labkit import backend as K
from labkit import callbacks, layers, utils
from labkit.layers import Dense, Dropout, Input, Layer
from labkit.models import Model, Sequential
from labkit.optimizers import SGD
from labkit.preprocessing import sequence
from labkit.utils.data_utils import GeneratorEnqueuer, OrderedEnqueuer, Sequence
from tests.mistakes import check
from tests.slopes import normal

X = normal(12, 3).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def line(**settings):
    model = Sequential([Dense(1, input_shape=(3,), kernel_initializer="zeros")])
    model.compile(SGD(0.05), "mse", **settings)
    return model


class Batches(Sequence):
    def __init__(self):
        self.asked, self.ended = [], 0

    def __len__(self):
        return 3

    def __getitem__(self, index):
        self.asked.append(index)
        rows = slice(4 * index, 4 * index + 4)
        return X[rows], Y[rows]

    def on_epoch_end(self):
        self.ended += 1


def forever():
    while True:
        for index in range(3):
            yield X[4 * index : 4 * index + 4], Y[4 * index : 4 * index + 4]


def test_generator_sequence_and_arrays_train_alike():
    histories, weights = [], []
    for train in (
        lambda m: m.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0),
        lambda m: m.fit_generator(forever(), steps_per_epoch=3, epochs=3, verbose=0),
        lambda m: m.fit_generator(Batches(), epochs=3, shuffle=False, verbose=0),
        lambda m: m.fit(Batches(), epochs=3, shuffle=False, verbose=0),
    ):
        model = line()
        histories.append(train(model).history["loss"])
        weights.append(model.get_weights()[0])
    for history, weight in zip(histories[1:], weights[1:], strict=True):
        np.testing.assert_allclose(history, histories[0], rtol=1e-6)
        np.testing.assert_array_equal(weight, weights[0])


def test_evaluate_and_predict_on_batches():
    model = line(metrics=["mae"])
    expected = model.evaluate(X, Y, verbose=0)
    np.testing.assert_allclose(model.evaluate_generator(forever(), steps=3), expected, rtol=1e-6)
    np.testing.assert_allclose(model.evaluate(Batches(), verbose=0), expected, rtol=1e-6)
    np.testing.assert_array_equal(model.predict_generator(Batches()), model.predict(X))
    np.testing.assert_array_equal(model.predict(forever(), steps=3), model.predict(X))


def test_sequence_is_asked_for_each_batch_once_an_epoch():
    data = Batches()
    line().fit_generator(data, epochs=2, verbose=0)
    assert sorted(data.asked[:3]) == sorted(data.asked[3:6]) == [0, 1, 2] and data.ended == 1


def test_validation_on_generators_and_how_often():
    history = line().fit_generator(
        Batches(), epochs=4, verbose=0, validation_data=forever(), validation_steps=2
    )
    assert len(history.history["val_loss"]) == 4
    every_other = line().fit(X, Y, epochs=4, verbose=0, validation_split=0.25, validation_freq=2)
    assert len(every_other.history["val_loss"]) == 2
    listed = line().fit(X, Y, epochs=4, verbose=0, validation_split=0.25, validation_freq=[1, 4])
    assert len(listed.history["val_loss"]) == 2


def test_steps_per_epoch_uses_all_data_each_step():
    model = line()
    model.fit(X, Y, steps_per_epoch=2, epochs=1, verbose=0)
    W = np.zeros((3, 1))
    b = np.zeros(1)
    for _ in range(2):
        slope = 2 * (X @ W + b - Y) / len(X)
        W, b = W - 0.05 * X.T @ slope, b - 0.05 * slope.sum(axis=0)
    np.testing.assert_allclose(model.get_weights()[0], W, rtol=1e-4, atol=1e-6)


def test_no_epochs_train_nothing():
    model = line()
    assert model.fit(X, Y, epochs=0, verbose=0).history == {}
    assert not model.get_weights()[0].any()


def test_progress_bars(capsys):
    model = line()
    model.evaluate(X, Y, verbose=1)
    model.predict(X, verbose=1)
    model.fit_generator(forever(), steps_per_epoch=3, epochs=1, verbose=2)
    text = capsys.readouterr().out
    assert "12/12" in text and "Epoch 1/1" in text and "loss" in text


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


class Perceptron(Model):
    def __init__(self):
        super().__init__(name="perceptron")
        self.hidden = Dense(4, activation="tanh")
        self.drop = Dropout(0.5)
        self.out = Dense(1)

    def call(self, inputs):
        return self.out(self.drop(self.hidden(inputs)))


def test_a_subclass_of_model_trains():
    model = Perceptron()
    assert [layer.name for layer in model.layers][0].startswith("dense") and not model.built
    model.compile("adam", "mse")
    history = model.fit(X, Y, epochs=3, verbose=0).history["loss"]
    assert len(history) == 3 and model.count_params() == 21
    np.testing.assert_array_equal(model.predict(X), model.predict(X))
    other = Perceptron()
    other(X)
    other.set_weights(model.get_weights())
    np.testing.assert_allclose(other(X), model.predict(X), rtol=1e-6)
    check(NotImplementedError, "继承 Model", model.get_config)


def test_subclass_without_super():
    class Hasty(Model):
        def __init__(self):
            self.dense = Dense(2)

    check(RuntimeError, "dense", Hasty)


def test_checkpoints_and_logs(tmp_path):
    best = callbacks.ModelCheckpoint(
        tmp_path / "{epoch:02d}-{val_loss:.2f}.npz", save_best_only=True
    )
    log = callbacks.CSVLogger(tmp_path / "log.csv")
    model = line()
    history = model.fit(X, Y, epochs=3, verbose=0, validation_data=(X, Y), callbacks=[best, log])
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [float(r["loss"]) for r in rows] == pytest.approx(history.history["loss"])
    names = sorted(p.name for p in tmp_path.glob("*.npz"))
    assert names[0] == f"01-{history.history['val_loss'][0]:.2f}.npz" and len(names) == 3
    weights = callbacks.ModelCheckpoint(tmp_path / "w.npz", save_weights_only=True, period=2)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[weights])
    fresh = line()
    fresh.load_weights(tmp_path / "w.npz")
    np.testing.assert_array_equal(fresh.get_weights()[0], model.get_weights()[0])
    callbacks.CSVLogger(tmp_path / "log.csv", append=True)


def test_plots(tmp_path):
    x = Input((3,), name="x")
    inner = Sequential([Dense(2, input_shape=(3,), name="first")], name="inner")
    y = layers.add([inner(x), Dense(2, name="side")(x)], name="sum")
    model = Model(x, y)
    picture = utils.plot_model(model, tmp_path / "m.svg", show_shapes=True, expand_nested=True)
    text = (tmp_path / "m.svg").read_text()
    assert text == picture._repr_svg_() and "first: Dense" in text and "(None, 2)" in text
    assert '"side" -> "sum"' in picture.to_string() and "script" not in text
    with pytest.warns(UserWarning, match="m.svg"):
        utils.plot_model(model, str(tmp_path / "m.png"))
    check(ValueError, "还没有建好", lambda: utils.plot_model(Sequential([Dense(2)])))


def test_enqueuers_and_source_inputs():
    queue = OrderedEnqueuer(Batches())
    queue.start(workers=2)
    batches = queue.get()
    assert [len(next(batches)[0]) for _ in range(4)] == [4] * 4
    queue.stop()
    assert not queue.is_running()
    other = GeneratorEnqueuer(forever())
    other.start()
    assert next(other.get())[0].shape == (4, 3)
    x = Input((3,))
    assert utils.get_source_inputs(Dense(2)(Dense(3)(x))) == [x]


def test_sequences():
    assert sequence.pad_sequences([[1, 2, 3], [4]], 2).tolist() == [[2, 3], [0, 4]]
    after = sequence.pad_sequences([[1, 2, 3], [4]], 2, padding="post", truncating="post", value=9)
    assert after.tolist() == [[1, 2], [4, 9]]
    couples, labels = sequence.skipgrams(
        [1, 2, 3], 5, window_size=1, negative_samples=0, shuffle=False
    )
    assert couples == [[1, 2], [2, 1], [2, 3], [3, 2]] and labels == [1] * 4
    windows = sequence.TimeseriesGenerator(np.arange(10), np.arange(10), 3, batch_size=4)
    x, y = windows[0]
    assert x.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]] and y.tolist() == [3, 4, 5, 6]
    assert len(windows) == 2 and (np.diff(sequence.make_sampling_table(100)) >= 0).all()


def bad(batch):
    return lambda: line().fit_generator(iter([batch] * 3), steps_per_epoch=2, verbose=0)


WRONG = [
    (lambda: line().fit_generator(forever()), ValueError, "steps_per_epoch"),
    (lambda: line().fit_generator(forever(), steps_per_epoch=0), ValueError, "steps_per_epoch=0"),
    (lambda: line().evaluate_generator(forever()), ValueError, "steps"),
    (lambda: line().predict_generator(forever()), ValueError, "steps"),
    (bad(X), ValueError, "ndarray"),
    (bad((X,)), ValueError, "1 项"),
    (bad((X, Y, None, None)), ValueError, "4 项"),
    (bad((X[:, :2], Y)), ValueError, "(12, 2)"),
    (bad((X, Y[:5])), ValueError, "5 个标签"),
    (
        lambda: line().fit_generator(iter([(X, Y)]), steps_per_epoch=2, verbose=0),
        ValueError,
        "取完",
    ),
    (lambda: line().fit(X, Y, steps_per_epoch=2, batch_size=3), ValueError, "batch_size=3"),
    (lambda: line().fit(X, Y, epochs=-1), ValueError, "epochs=-1"),
    (lambda: line().fit_generator(Batches(), epochs=1.5), ValueError, "epochs=1.5"),
    (lambda: line().fit_generator(Batches(), callbacks=3), TypeError, "callbacks=3"),
    (lambda: line().fit_generator(Batches(), bogus=3), TypeError, "'bogus'"),
    (
        lambda: line().fit_generator(Batches(), validation_data=forever(), verbose=0),
        ValueError,
        "validation_steps",
    ),
    (lambda: line().compile("sgd", "mse", sample_weight_mode="other"), TypeError, "target_tensors"),
    (lambda: line().compile("sgd", None), ValueError, "没有 loss"),
    (lambda: sequence.pad_sequences(3), ValueError, "int"),
    (lambda: sequence.pad_sequences([1, 2]), ValueError, "不是序列"),
    (lambda: sequence.pad_sequences([[1]], padding="left"), ValueError, "'left'"),
    (lambda: sequence.pad_sequences([[1]], truncating=1), ValueError, "truncating=1"),
    (lambda: sequence.pad_sequences([[[1, 2]], [[1]]]), ValueError, "(1,)"),
    (lambda: sequence.TimeseriesGenerator([1, 2], [1], 1), ValueError, "2 步"),
    (lambda: sequence.TimeseriesGenerator([1, 2], [1, 2], 5), ValueError, "end_index"),
    (lambda: utils.plot_model(line(), rankdir="X"), ValueError, "rankdir='X'"),
    (lambda: Sequence()[0], NotImplementedError, "__getitem__"),
    (lambda: len(Sequence()), NotImplementedError, "__len__"),
]


@pytest.mark.parametrize(("use", "raises", "received"), WRONG)
def test_wrong_use(use, raises, received):
    check(raises, received, use)


def test_old_name_of_epochs():
    with pytest.warns(UserWarning, match=r"fit\(.*epochs=2"):
        assert len(line().fit(X, Y, nb_epoch=2, verbose=0).epoch) == 2
