import os
import tempfile

import numpy as np
from keras import backend as K
from keras import initializers, regularizers
from keras.callbacks import EarlyStopping, LambdaCallback, ModelCheckpoint, ReduceLROnPlateau
from keras.engine.topology import InputSpec, Layer
from keras.layers import (
    LSTM,
    Bidirectional,
    Dense,
    Embedding,
    Input,
)
from keras.models import Model, load_model
from keras.optimizers import Adam


class WeightedSum(Layer):
    """A learned weight for every step, in Keras 1's way of writing a layer."""

    def __init__(self, penalty=None, **kwargs):
        self.supports_masking = True
        self.penalty = regularizers.get(penalty)
        super(WeightedSum, self).__init__(**kwargs)

    def build(self, input_shape):
        self.direction = self.add_weight((input_shape[-1], 1), initializer="glorot_uniform",
                                         name="{}_direction".format(self.name), regularizer=self.penalty)
        self.shift = self.add_weight((input_shape[1],), initializer="zero", name="{}_shift".format(self.name))
        self.input_spec = InputSpec(ndim=3)
        super(WeightedSum, self).build(input_shape)

    def compute_mask(self, inputs, mask=None):
        return None

    def call(self, inputs, mask=None):
        score = K.squeeze(K.dot(inputs, self.direction), axis=-1)
        score += self.shift
        share = K.exp(K.tanh(score))
        if mask is not None:
            share *= K.cast(mask, K.floatx())
        share /= K.sum(share, axis=1, keepdims=True) + K.epsilon()
        return K.batch_dot(share, inputs, axes=[1, 1])

    def compute_output_shape(self, input_shape):
        return input_shape[0], input_shape[-1]

    def get_config(self):
        config = {"penalty": regularizers.serialize(self.penalty)}
        base = super(WeightedSum, self).get_config()
        return dict(list(base.items()) + list(config.items()))

inp = Input(shape=(6,))
x = Embedding(20, 8, mask_zero=True)(inp)
x = Bidirectional(LSTM(4, return_sequences=True, dropout=0.1, recurrent_dropout=0.1))(x)
x = WeightedSum(penalty="l2")(x)
out = Dense(1, activation="sigmoid")(x)
model = Model(inputs=inp, outputs=out)


def f1(y_true, y_pred):
    tp = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
    return 2 * tp / (K.sum(K.round(y_pred)) + K.sum(y_true) + K.epsilon())


model.compile(
    loss="binary_crossentropy", optimizer=Adam(lr=0.01, clipnorm=1.0), metrics=["accuracy", f1]
)
data = np.random.RandomState(0).randint(0, 20, (40, 6))
labels = (data.sum(axis=1) > 57).astype("float32")
path = os.path.join(tempfile.mkdtemp(), "best.h5")
seen = []
history = model.fit(
    data,
    labels,
    epochs=4,
    batch_size=8,
    verbose=0,
    validation_split=0.2,
    callbacks=[
        EarlyStopping(monitor="val_loss", patience=3),
        ModelCheckpoint(path, save_best_only=True),
        ReduceLROnPlateau(patience=1, min_lr=1e-5),
        LambdaCallback(on_epoch_end=lambda e, l: seen.append(e)),
    ],
)
print(sorted(history.history), seen)
again = load_model(path, custom_objects={"WeightedSum": WeightedSum, "f1": f1})
print(again.predict(data).shape)
