"""Callbacks and the progress bar, driven as fit drives them."""

import csv
import sys

import numpy as np
import pytest

from labkit import callbacks
from labkit.optimizers import SGD
from labkit.utils import Progbar
from tests.regression import X, Y, linear


class Recorder(callbacks.Callback):
    def __init__(self):
        self.calls = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            object.__getattribute__(self, "calls").append(name)
        return object.__getattribute__(self, name)


@pytest.mark.parametrize(
    ("make", "exception", "hint"),
    [
        (lambda: callbacks.EarlyStopping(mode="mni"), ValueError, "'min'"),
        (lambda: callbacks.ReduceLROnPlateau(factor=10.0), ValueError, "factor=0.1"),
        (lambda: callbacks.ProgbarLogger("sample"), ValueError, "'samples'"),
        (lambda: callbacks.LambdaCallback(on_epoch_ends=print), TypeError, "'on_epoch_end'"),
    ],
)
def test_messages_teach(make, exception, hint):
    with pytest.raises(exception) as error:
        make()
    assert hint in str(error.value)


class FakeModel:
    """What callbacks use of a model."""

    def __init__(self):
        self.stop_training = False
        self.optimizer = SGD(lr=1.0)
        self.weights = [np.zeros(1)]

    def get_weights(self):
        return [w.copy() for w in self.weights]

    def set_weights(self, weights):
        self.weights = weights


def run_epochs(chosen, losses, batches=((4, 1.0),), verbose=0):
    """Call the callbacks as fit does; epoch i ends with val_loss = losses[i] and weights [i]."""
    model = FakeModel()
    chain = callbacks.CallbackList([callbacks.BaseLogger(), *chosen])
    chain.set_model(model)
    samples = sum(size for size, _ in batches)
    chain.set_params(
        {
            "metrics": ["loss", "val_loss"],
            "epochs": len(losses),
            "samples": samples,
            "verbose": verbose,
        }
    )
    chain.on_train_begin()
    for epoch, loss in enumerate(losses):
        chain.on_epoch_begin(epoch)
        for i, (size, batch_loss) in enumerate(batches):
            chain.on_batch_begin(i, {"batch": i, "size": size})
            chain.on_batch_end(i, {"batch": i, "size": size, "loss": batch_loss})
        model.weights = [np.full(1, float(epoch))]
        chain.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    chain.on_train_end()
    return model


def test_history_averages_by_samples():
    history = callbacks.History()
    run_epochs([history], [0.5, 0.25], batches=((4, 1.0), (2, 4.0)))
    assert history.epoch == [0, 1]
    assert history.history == {"val_loss": [0.5, 0.25], "loss": [2.0, 2.0]}


def test_hooks_are_called_in_order():
    recorder = Recorder()
    run_epochs([recorder], [1.0])
    assert recorder.calls == [
        "on_train_begin",
        "on_epoch_begin",
        "on_train_batch_begin",
        "on_batch_begin",
        "on_train_batch_end",
        "on_batch_end",
        "on_epoch_end",
        "on_train_end",
    ]


def test_lambda_callback():
    seen = []
    callback = callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(epoch),
        on_train_end=lambda logs: seen.append("end"),
    )
    run_epochs([callback], [1.0, 1.0])
    assert seen == [0, 1, "end"]


def test_early_stopping():
    stopping = callbacks.EarlyStopping(patience=2, min_delta=0.1, restore_best_weights=True)
    history = callbacks.History()
    model = run_epochs([stopping, history], [1.0, 0.5, 0.45, 0.6, 0.1])
    # 0.45 is no improvement by more than 0.1, so epochs 2 and 3 use up the patience.
    assert history.epoch == [0, 1, 2, 3]
    assert model.weights[0] == 1
    with pytest.warns(RuntimeWarning, match="val_acc"):
        run_epochs([callbacks.EarlyStopping("val_acc")], [1.0])


def test_learning_rates_on_a_plateau():
    reduce = callbacks.ReduceLROnPlateau(factor=0.5, patience=1, cooldown=1, min_lr=0.2)
    history = callbacks.History()
    run_epochs([reduce, history], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    # logs hold the rate of the epoch itself.
    assert history.history["lr"] == pytest.approx([1.0, 1.0, 0.5, 0.25, 0.2, 0.2])


@pytest.mark.parametrize(
    "schedule", [lambda epoch: 0.5**epoch, lambda epoch, lr: lr if epoch == 0 else lr / 2]
)
def test_learning_rate_scheduler(schedule):
    history = callbacks.History()
    run_epochs([callbacks.LearningRateScheduler(schedule), history], [1.0, 1.0, 1.0])
    assert history.history["lr"] == [1.0, 0.5, 0.25]


def test_terminate_on_nan(capsys):
    model = run_epochs([callbacks.TerminateOnNaN()], [1.0], batches=((4, float("nan")),))
    assert model.stop_training and "nan" in capsys.readouterr().out


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when told."""
    now = [1000.0]
    monkeypatch.setattr("labkit.utils.progbar.time.time", lambda: now[0])
    return now


def test_progress_bar_in_a_terminal(clock, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    bar = Progbar(100, stateful_metrics=["seen"])
    clock[0] += 32
    bar.update(32, [("loss", 0.5), ("seen", 32)])
    clock[0] += 0.01
    bar.update(33, [("loss", 0.5), ("seen", 33)])  # too soon after the last one to be drawn
    clock[0] += 68
    bar.update(100, [("loss", 0.0), ("seen", 100)])
    lines = capsys.readouterr().out.split("\r")
    assert (
        lines[1]
        == " 32/100 [========>.....................] - ETA: 1:08 - loss: 0.5000 - seen: 32.0000"
    )
    assert lines[2].rstrip() == (
        "100/100 [==============================] - 100s 1s/step - loss: 0.1650 - seen: 100.0000"
    )
    assert len(lines) == 3 and lines[2].endswith("\n")
    assert len(lines[2].rstrip("\n")) >= len(lines[1])


@pytest.mark.parametrize(
    ("verbose", "expected"),
    [
        (0, ""),
        (
            1,
            "Epoch 1/1\n6/6 [==============================] - 0s 0us/step"
            " - loss: 2.0000 - val_loss: 5.0000e-04\n",
        ),
        (2, "Epoch 1/1\n - 0s - loss: 2.0000 - val_loss: 5.0000e-04\n"),
    ],
)
def test_progress_in_a_file(clock, capsys, verbose, expected):
    """One line an epoch where the cursor cannot go back."""
    run_epochs([callbacks.ProgbarLogger()], [5e-4], batches=((4, 1.0), (2, 4.0)), verbose=verbose)
    assert capsys.readouterr().out == expected


def test_checkpoints_and_logs(tmp_path):
    best = callbacks.ModelCheckpoint(
        tmp_path / "{epoch:02d}-{val_loss:.2f}.npz", save_best_only=True
    )
    log = callbacks.CSVLogger(tmp_path / "log.csv")
    model = linear()
    history = model.fit(X, Y, epochs=3, verbose=0, validation_data=(X, Y), callbacks=[best, log])
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [float(r["loss"]) for r in rows] == pytest.approx(history.history["loss"])
    names = sorted(p.name for p in tmp_path.glob("*.npz"))
    assert names[0] == f"01-{history.history['val_loss'][0]:.2f}.npz" and len(names) == 3
    weights = callbacks.ModelCheckpoint(tmp_path / "w.npz", save_weights_only=True, period=2)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[weights])
    fresh = linear()
    fresh.load_weights(tmp_path / "w.npz")
    np.testing.assert_array_equal(fresh.get_weights()[0], model.get_weights()[0])
    callbacks.CSVLogger(tmp_path / "log.csv", append=True)


def test_learning_rates_under_their_old_names():
    """Real Keras 2.2.5: the counters are there before training, `epsilon` is `min_delta`."""
    with pytest.warns(UserWarning, match="min_delta=0.05"):
        callback = callbacks.ReduceLROnPlateau("loss", 0.5, 1, epsilon=0.05, cooldown=2)
    assert callback.min_delta == 0.05 and not hasattr(callback, "epsilon")
    assert callback.cooldown_counter == 0 and not callback.in_cooldown()
    callback.set_model(FakeModel())
    for epoch, loss in enumerate([1.0, 0.98]):
        callback.on_epoch_end(epoch, {"loss": loss})
    assert callback.cooldown_counter == 2 and callback.in_cooldown()
    with pytest.raises(TypeError, match="'epsilon'"):
        callbacks.ReduceLROnPlateau(epsilom=1)


def test_hooks_of_the_validation():
    """As real Keras 2.2.5 calls them in fit: tests/old_scripts/callbacks.txt has the logs."""
    recorder = Recorder()
    linear().fit(X, Y, 6, verbose=0, validation_data=(X[:8], Y[:8]), callbacks=[recorder])
    tested = [name for name in recorder.calls if "test" in name]
    batch = ["on_test_batch_begin", "on_test_batch_end"]
    assert tested == ["on_test_begin", *batch, *batch, "on_test_end"]


def test_progress_without_values(clock, capsys):
    Progbar(1).update(1, None)
    assert "1/1" in capsys.readouterr().out
