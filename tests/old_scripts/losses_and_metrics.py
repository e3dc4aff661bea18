"""Losses and metrics of one's own, in the manner of Keras 2.2."""

import keras.backend as K
import numpy as np
from keras.layers import Dense, Embedding, Input, Lambda
from keras.models import Model, Sequential
from keras.utils import to_categorical


def binary_focal_loss(gamma=2.0, alpha=0.25):
    def focal_loss(y_true, y_pred):
        p = K.clip(y_pred, K.epsilon(), 1.0 - K.epsilon())
        p_t = y_true * p + (1.0 - y_true) * (1.0 - p)
        weight = y_true * alpha + (1.0 - y_true) * (1.0 - alpha)
        return K.mean(-weight * K.pow(1.0 - p_t, gamma) * K.log(p_t), axis=-1)

    return focal_loss


def weighted_categorical_crossentropy(weights):
    weights = K.variable(weights)

    def loss(y_true, y_pred):
        y_pred /= K.sum(y_pred, axis=-1, keepdims=True)
        y_pred = K.clip(y_pred, K.epsilon(), 1 - K.epsilon())
        return -K.sum(y_true * K.log(y_pred) * weights, -1)

    return loss


def dice_coef(y_true, y_pred, smooth=1.0):
    y_true_f = K.flatten(y_true)
    y_pred_f = K.flatten(y_pred)
    intersection = K.sum(y_true_f * y_pred_f)
    return (2.0 * intersection + smooth) / (K.sum(y_true_f) + K.sum(y_pred_f) + smooth)


def dice_loss(y_true, y_pred):
    return 1 - dice_coef(y_true, y_pred)


def jaccard(y_true, y_pred, smooth=100.0):
    both = K.sum(K.abs(y_true * y_pred), axis=-1)
    either = K.sum(K.abs(y_true) + K.abs(y_pred), axis=-1)
    return (1 - (both + smooth) / (either - both + smooth)) * smooth


def precision(y_true, y_pred):
    hits = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
    predicted = K.sum(K.round(K.clip(y_pred, 0, 1)))
    return hits / (predicted + K.epsilon())


def recall(y_true, y_pred):
    hits = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
    possible = K.sum(K.round(K.clip(y_true, 0, 1)))
    return hits / (possible + K.epsilon())


def f1(y_true, y_pred):
    p, r = precision(y_true, y_pred), recall(y_true, y_pred)
    return 2 * ((p * r) / (p + r + K.epsilon()))


def rmse(y_true, y_pred):
    return K.sqrt(K.mean(K.square(y_pred - y_true), axis=-1))


def r_square(y_true, y_pred):
    residual = K.sum(K.square(y_true - y_pred))
    total = K.sum(K.square(y_true - K.mean(y_true)))
    return 1 - residual / (total + K.epsilon())


def show(*numbers):
    print(" ".join("%.4f" % float(n) for n in numbers))


def fixed(model, seed=0):
    r = np.random.RandomState(seed)
    model.set_weights([r.uniform(-0.5, 0.5, w.shape) for w in model.get_weights()])
    return model


r = np.random.RandomState(1)
x = r.randn(24, 4).astype("float32")
binary = (x[:, :1] + 0.3 * x[:, 1:2] > 0).astype("float32")
classes = to_categorical((x[:, 0] > 0).astype(int) + (x[:, 1] > 0), 3)

for loss in (binary_focal_loss(), dice_loss, jaccard, "binary_crossentropy"):
    model = Sequential([Dense(5, activation="tanh", input_shape=(4,)), Dense(1, activation="sigmoid")])
    model.compile("sgd", loss, metrics=["acc", precision, recall, f1, dice_coef])
    fixed(model)
    h = model.fit(x, binary, batch_size=8, epochs=2, verbose=0, shuffle=False,
                  validation_data=(x[:10], binary[:10]))
    print(model.metrics_names)
    for name in sorted(h.history):
        show(*h.history[name])
    show(*model.evaluate(x, binary, verbose=0))

model = fixed(Sequential([Dense(3, activation="softmax", input_shape=(4,))]))
model.compile("sgd", weighted_categorical_crossentropy([0.5, 2.0, 1.5]), metrics=["categorical_accuracy"])
show(*model.fit(x, classes, batch_size=6, epochs=3, verbose=0, shuffle=False).history["loss"])

model = fixed(Sequential([Dense(2, input_shape=(4,))]))
model.compile("sgd", rmse, metrics=[r_square, "mae"])
show(*model.fit(x, x[:, :2] * 2, batch_size=6, epochs=3, verbose=0, shuffle=False).history["r_square"])
show(*model.evaluate(x, x[:, :2], verbose=0))

# Center loss: a layer and two outputs.
features, label = Input((4,)), Input((1,))
hidden = Dense(3, activation="relu")(features)
center = Embedding(3, 3)(label)
distance = Lambda(lambda t: K.sum(K.square(t[0] - t[1][:, 0]), 1, keepdims=True))([hidden, center])
out = Dense(3, activation="softmax", name="out")(hidden)
model = fixed(Model([features, label], [out, distance]))
model.compile("sgd", ["categorical_crossentropy", lambda y_true, y_pred: y_pred],
              loss_weights=[1.0, 0.2], metrics={"out": "accuracy"})
print(len(model.metrics_names))
h = model.fit([x, classes.argmax(1)], [classes, np.zeros((24, 1))], batch_size=8, epochs=2,
              verbose=0, shuffle=False)
show(*h.history["loss"])
show(*h.history["out_acc"])

# The loss as a symbol.
model = fixed(Sequential([Dense(3, activation="softmax", input_shape=(4,))]))
model.compile("sgd", "categorical_crossentropy")
gradients = K.gradients(model.total_loss, model.trainable_weights)
f = K.function(model.inputs + model.targets + model.sample_weights, [model.total_loss] + gradients)
loss, dW, db = f([x, classes, np.ones(24)])
show(loss, *db)
show(*np.abs(dW).sum(axis=0))
f = K.function([model.input], [K.gradients(K.max(model.output, axis=-1), model.input)[0]])
show(*np.abs(f([x])[0]).sum(axis=0))
