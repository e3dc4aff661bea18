"""Callbacks of one's own, in the manner of Keras 2.2."""

import math

import keras.backend as K
import numpy as np
from keras.callbacks import (
    Callback,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ReduceLROnPlateau,
)
from keras.layers import Dense, Dropout
from keras.models import Sequential
from keras.optimizers import SGD


class SGDRScheduler(Callback):
    """Cosine annealing with warm restarts."""

    def __init__(self, min_lr, max_lr, steps_per_epoch, lr_decay=1.0, cycle_length=2, mult=2.0):
        super(SGDRScheduler, self).__init__()
        self.min_lr, self.max_lr, self.lr_decay = min_lr, max_lr, lr_decay
        self.batch_since_restart, self.next_restart = 0, cycle_length
        self.steps_per_epoch, self.cycle_length, self.mult = steps_per_epoch, cycle_length, mult
        self.history = {}

    def clr(self):
        fraction = self.batch_since_restart / (self.steps_per_epoch * self.cycle_length)
        return self.min_lr + 0.5 * (self.max_lr - self.min_lr) * (1 + np.cos(fraction * np.pi))

    def on_train_begin(self, logs={}):
        logs = logs or {}
        K.set_value(self.model.optimizer.lr, self.max_lr)

    def on_batch_end(self, batch, logs={}):
        logs = logs or {}
        self.history.setdefault("lr", []).append(K.get_value(self.model.optimizer.lr))
        for k, v in logs.items():
            self.history.setdefault(k, []).append(v)
        self.batch_since_restart += 1
        K.set_value(self.model.optimizer.lr, self.clr())

    def on_epoch_end(self, epoch, logs={}):
        if epoch + 1 == self.next_restart:
            self.batch_since_restart = 0
            self.cycle_length = np.ceil(self.cycle_length * self.mult)
            self.next_restart += self.cycle_length
            self.max_lr *= self.lr_decay
            self.best_weights = self.model.get_weights()


class CyclicLR(Callback):
    def __init__(self, base_lr=0.001, max_lr=0.1, step_size=4.0, gamma=0.9):
        super(CyclicLR, self).__init__()
        self.base_lr, self.max_lr, self.step_size = base_lr, max_lr, step_size
        self.gamma, self.iterations = gamma, 0.0

    def clr(self):
        cycle = np.floor(1 + self.iterations / (2 * self.step_size))
        x = np.abs(self.iterations / self.step_size - 2 * cycle + 1)
        height = (self.max_lr - self.base_lr) * np.maximum(0, (1 - x))
        return self.base_lr + height * self.gamma ** self.iterations

    def on_train_begin(self, logs=None):
        K.set_value(self.model.optimizer.lr, self.clr())

    def on_batch_end(self, batch, logs=None):
        self.iterations += 1
        K.set_value(self.model.optimizer.lr, self.clr())


class Validation(Callback):
    """Its own score of the validation data."""

    def on_train_begin(self, logs={}):
        self.scores = []

    def on_epoch_end(self, epoch, logs={}):
        x, y, weights = self.validation_data[:3]
        predicted = self.model.predict(x, verbose=0)
        self.scores.append(float(((predicted > 0.5) == (y > 0.5)).mean()))
        logs["score"] = self.scores[-1]
        print(epoch, len(self.validation_data), weights.shape, sorted(logs), sorted(self.params))


class Order(Callback):
    """Which hook comes when, and with what."""

    def __getattribute__(self, name):
        found = super(Order, self).__getattribute__(name)
        if not name.startswith("on_"):
            return found

        def reported(*args, **kwargs):
            logs = kwargs.get("logs") or (args[-1] if args and isinstance(args[-1], dict) else {})
            print(name, *([args[0]] if len(args) > 1 else []), sorted(logs))
            return found(*args, **kwargs)

        return reported


class Snapshot(Callback):
    """The mean of the weights over the epochs, set at the end."""

    def on_train_begin(self, logs=None):
        self.mean, self.n = self.model.get_weights(), 1

    def on_epoch_end(self, epoch, logs=None):
        self.mean = [(m * self.n + w) / (self.n + 1) for m, w in zip(self.mean, self.model.get_weights())]
        self.n += 1

    def on_train_end(self, logs=None):
        self.model.set_weights(self.mean)


def show(*numbers):
    print(" ".join("%.4f" % float(n) for n in numbers))


r = np.random.RandomState(0)
x = r.randn(24, 4).astype("float32")
y = (x[:, :1] > 0.2).astype("float32")


def build(**settings):
    r = np.random.RandomState(3)
    model = Sequential([Dense(1, activation="sigmoid", input_shape=(4,))])
    model.set_weights([r.uniform(-0.5, 0.5, w.shape) for w in model.get_weights()])
    model.compile(SGD(lr=0.1), "binary_crossentropy", metrics=["accuracy"])
    return model


def fit(callbacks, epochs=4, **settings):
    model = build()
    h = model.fit(x, y, batch_size=6, epochs=epochs, shuffle=False, verbose=0,
                  callbacks=callbacks, **settings)
    for name in sorted(h.history):
        print(name, end=" ")
        show(*h.history[name])
    return model


held = (x[:8], y[:8])
sgdr = SGDRScheduler(0.01, 0.5, 4, lr_decay=0.9)
fit([sgdr], epochs=6)
show(*sgdr.history["lr"])
show(*sgdr.history["loss"][:6])
print(sorted(sgdr.history), len(sgdr.best_weights))
fit([CyclicLR()], epochs=3)
fit([Validation()], validation_data=held)
fit([Validation()], validation_split=0.25, epochs=2)
show(*fit([Snapshot()]).get_weights()[0].ravel())
fit([Order()], epochs=2, validation_data=held, validation_freq=2)
model = build()
order = Order()
show(*model.evaluate(x, y, batch_size=12, verbose=0, callbacks=[order]))
model.predict(x, batch_size=12, callbacks=[order])
plateau = ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1, epsilon=0.05, cooldown=1, min_lr=0.01)
fit([plateau], epochs=6, validation_data=held)
print(plateau.cooldown_counter, plateau.wait, plateau.in_cooldown(), plateau.min_delta)
show(plateau.best)
fit([LearningRateScheduler(lambda epoch: 0.5 * math.pow(0.5, epoch // 2)), EarlyStopping("loss", patience=1, min_delta=0.02)], epochs=8)
seen = []
fit([LambdaCallback(on_batch_end=lambda batch, logs: seen.append(logs["size"]))], epochs=1)
print(seen)

# With a layer that differs in training, Keras adds the learning phase to the validation data.
model = Sequential([Dropout(0.5, input_shape=(4,)), Dense(1)])
model.compile("sgd", "mse")
keep = Callback()
model.fit(x, y, verbose=0, validation_data=held, callbacks=[keep])
print([np.shape(a) for a in keep.validation_data])
def batches():
    while True:
        yield x[:6], y[:6]
model.fit_generator(batches(), 2, verbose=0, validation_data=held, callbacks=[keep])
print([np.shape(a) for a in keep.validation_data])
model.fit_generator(batches(), 2, verbose=0, validation_data=batches(), validation_steps=1, callbacks=[keep])
print(len(keep.validation_data))
