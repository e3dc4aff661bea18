import keras
import keras.backend as K
import numpy as np
from keras import (
    constraints,
    initializers,
    layers,
    metrics,
    optimizers,
    regularizers,
)
from keras.engine import Input, Model
from keras.layers.advanced_activations import PReLU
from keras.layers.convolutional import Conv1D, MaxPooling1D
from keras.layers.core import Lambda, Permute, RepeatVector
from keras.layers.merge import Add, Multiply, dot
from keras.layers.noise import GaussianNoise
from keras.layers.recurrent import SimpleRNN
from keras.layers.wrappers import TimeDistributed


def focal(gamma=2.0):
    def loss(y_true, y_pred):
        p = K.clip(y_pred, K.epsilon(), 1 - K.epsilon())
        return -K.mean(y_true * K.pow(1 - p, gamma) * K.log(p), axis=-1)

    return loss


def triplet(y_true, y_pred, alpha=0.2):
    a, p, n = y_pred[:, 0:2], y_pred[:, 2:4], y_pred[:, 4:6]
    return K.maximum(K.sum(K.square(a - p), axis=1) - K.sum(K.square(a - n), axis=1) + alpha, 0.0)


i = Input(shape=(8, 3), name="main")
x = Conv1D(4, 3, padding="causal", activation="relu", kernel_constraint=constraints.max_norm(2.0))(
    i
)
x = GaussianNoise(0.1)(x)
x = Add()([x, Conv1D(4, 1)(i)])
att = Permute((2, 1))(x)
att = layers.Dense(8, activation="softmax")(att)
att = Permute((2, 1))(att)
x = Multiply()([x, att])
x = MaxPooling1D(2)(x)
x = SimpleRNN(6, activity_regularizer=regularizers.l2(1e-4))(x)
y = RepeatVector(3)(x)
y = TimeDistributed(layers.Dense(2))(y)
y = Lambda(lambda t: K.mean(t, axis=1), name="mean")(y)
z = layers.Dense(6, kernel_initializer=initializers.RandomNormal(stddev=0.05), activation=PReLU())(
    x
)
p = layers.Dense(3, activation="softmax", name="cls")(z)
model = Model(inputs=[i], outputs=[y, z, p])
model.compile(
    optimizer=optimizers.Nadam(),
    loss=["mse", triplet, focal()],
    loss_weights=[1.0, 0.5, 2.0],
    metrics={"cls": ["accuracy", metrics.top_k_categorical_accuracy]},
)
r = np.random.RandomState(0)
X = r.rand(12, 8, 3)
Y = [r.rand(12, 2), np.zeros((12, 6)), keras.utils.to_categorical(r.randint(0, 3, 12), 3)]
h = model.fit(X, Y, batch_size=4, epochs=2, verbose=0, sample_weight={"cls": np.ones(12)})
print(sorted(k.split("_")[-1] for k in h.history))
print([o.shape for o in model.predict(X)], len(model.losses))
model.get_layer("cls").trainable = False
print(len(model.trainable_weights), len(model.non_trainable_weights))
model.summary(print_fn=lambda line: None)
sim = dot([i, i], axes=-1, normalize=True)
print(K.int_shape(sim))
