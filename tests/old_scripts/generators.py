import os
import tempfile

import keras
import numpy as np
from keras.callbacks import Callback, CSVLogger, LearningRateScheduler
from keras.layers import LSTM, BatchNormalization, Dense, LeakyReLU
from keras.models import Sequential
from keras.preprocessing.sequence import TimeseriesGenerator, pad_sequences
from keras.utils import Sequence


def batches(n):
    r = np.random.RandomState(0)
    while True:
        x = r.rand(n, 4)
        yield x, x.sum(axis=1)


class Data(Sequence):
    def __init__(self):
        self.ended = 0

    def __len__(self):
        return 5

    def __getitem__(self, i):
        x = np.random.RandomState(i).rand(8, 4)
        return x, x.sum(axis=1)

    def on_epoch_end(self):
        self.ended += 1


class Losses(Callback):
    def on_train_begin(self, logs={}):
        self.losses = []

    def on_batch_end(self, batch, logs={}):
        self.losses.append(logs.get("loss"))


model = Sequential()
model.add(Dense(8, input_dim=4))
model.add(BatchNormalization())
model.add(LeakyReLU(alpha=0.1))
model.add(Dense(1))
model.compile(
    loss="mean_squared_error",
    optimizer=keras.optimizers.SGD(lr=0.01, momentum=0.9, decay=1e-6, nesterov=True),
)
losses = Losses()
log = os.path.join(tempfile.mkdtemp(), "log.csv")
h = model.fit_generator(
    batches(8),
    steps_per_epoch=4,
    epochs=3,
    verbose=0,
    callbacks=[losses, CSVLogger(log), LearningRateScheduler(lambda e: 0.01 / (e + 1))],
    validation_data=batches(8),
    validation_steps=2,
)
print(len(losses.losses), sorted(h.history), open(log).readline().strip())
data = Data()
h = model.fit_generator(
    data, epochs=2, verbose=0, workers=2, use_multiprocessing=False, validation_data=data
)
print(
    len(h.epoch),
    model.evaluate_generator(data) >= 0,
    model.predict_generator(data).shape,
    model.predict_generator(batches(3), steps=2).shape,
)
lstm = Sequential([LSTM(3, batch_input_shape=(2, 3, 1), stateful=True), Dense(1)])
lstm.compile("adam", "mse")
x = np.random.RandomState(0).rand(8, 3, 1)
for _ in range(2):
    lstm.fit(x, x[:, -1], batch_size=2, epochs=1, shuffle=False, verbose=0)
    lstm.reset_states()
print(lstm.predict(x, batch_size=2).shape)
print(pad_sequences([[1, 2, 3], [4]], maxlen=2).tolist())
series = np.arange(20.0).reshape(-1, 1)
gen = TimeseriesGenerator(series, series, length=4, batch_size=5)
print(len(gen), gen[0][0].shape, gen[0][1].shape)
