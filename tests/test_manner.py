"""The two manners: what Keras accepted although it is surely a mistake, and the moving averages.

What Keras gave was asked of Keras 2.2.5 on TensorFlow 1.15.
"""

import numpy as np
import pytest

import labkit
from labkit import backend as K
from labkit import callbacks, constraints, layers, optimizers, regularizers
from labkit.layers import Input
from labkit.models import Model, Sequential
from labkit.utils import to_categorical
from tests.mistakes import check

X = np.arange(12, dtype="float32").reshape(4, 3) / 10
Y = np.ones((4, 1), "float32")


def shape_of(layer, *shape):
    x = Input(shape)
    return Model(x, layer(x)).predict(np.ones((2, *shape))).shape


def trained(optimizer="sgd", x=X, loss_weights=None, **settings):
    model = Sequential([layers.Dense(1, kernel_initializer="zeros", input_shape=(3,))])
    model.compile(optimizer, "mse", loss_weights=loss_weights)
    return model.fit(x, Y, verbose=0, **settings).history


def frozen_ends():
    """set_weights with the kernel alone, and with one array too many."""
    model = Sequential([layers.Dense(1, input_shape=(3,))])
    model.set_weights([np.full((3, 1), 2.0)])
    model.set_weights([np.full((3, 1), 2.0), np.ones(1), np.ones(5)])
    return [w.tolist() for w in model.get_weights()]


def longer_after_call():
    model = Sequential([layers.Dense(2, input_shape=(3,))])
    model(Input((3,)))
    model.add(layers.Dense(1))
    return model.predict(X).shape


def weighed_elsewhere():
    x = Input((3,))
    model = Model(x, [layers.Dense(1, kernel_initializer="zeros")(x) for _ in range(2)])
    model.compile(optimizers.SGD(0.0), "mse")
    fit = model.fit(X, [Y, Y], sample_weight={"elsewhere": np.zeros(4)}, verbose=0)
    return fit.history["loss"]


def without_penalty():
    dense = layers.Dense(
        1, kernel_initializer="ones", kernel_regularizer=lambda w: None, input_shape=(3,)
    )
    model = Sequential([dense])
    model.compile("sgd", "mse")
    return model.evaluate(X * 0, Y, verbose=0)


def one_number_for_all():
    model = Sequential([layers.Lambda(lambda x: K.sum(x), input_shape=(3,))])
    return model.predict(np.ones((4, 3)), batch_size=3).tolist()


#: What is written, what Keras gave.
ACCEPTED = {
    "no units": (lambda: shape_of(layers.Dense(0), 3), (2, 0)),
    "no filters": (lambda: shape_of(layers.Conv2D(0, 3), 6, 6, 2), (2, 4, 4, 0)),
    "a recurrent layer without units": (lambda: shape_of(layers.LSTM(0), 5, 3), (2, 0)),
    "no copies": (lambda: shape_of(layers.RepeatVector(0), 3), (2, 0, 3)),
    "an empty axis": (lambda: Input((0,)).shape, (None, 0)),
    "a length with a point": (lambda: Input((3.0,)).shape, (None, 3)),
    "momentum 2": (lambda: shape_of(layers.BatchNormalization(momentum=2.0), 3), (2, 3)),
    "a negative epsilon": (lambda: shape_of(layers.BatchNormalization(epsilon=-1.0), 3), (2, 3)),
    "negative noise": (lambda: shape_of(layers.GaussianNoise(-1.0), 3), (2, 3)),
    "a third implementation": (lambda: shape_of(layers.LSTM(2, implementation=3), 5, 3), (2, 2)),
    "dilation that is not used": (
        lambda: shape_of(layers.Conv3DTranspose(2, 2, dilation_rate=2), 3, 4, 4, 1),
        (2, 4, 5, 5, 2),
    ),
    "a seed with a point": (lambda: shape_of(layers.Dropout(0.5, seed=1.5), 3), (2, 3)),
    "a negative penalty": (lambda: float(K.eval(regularizers.l1(-1.0)(K.ones((3,))))), -3.0),
    "a negative norm": (lambda: constraints.MaxNorm(-1.0).max_value, -1.0),
    "a norm's ends swapped": (lambda: constraints.MinMaxNorm(2.0, 1.0).min_value, 2.0),
    "a negative rate": (lambda: trained(optimizers.SGD(-0.1))["loss"], [1.0]),
    "a beta above 1": (lambda: trained(optimizers.Adam(beta_1=1.5))["loss"], [1.0]),
    "a negative loss weight": (lambda: trained(loss_weights=[-1.0])["loss"], [-1.0]),
    "negative epochs": (lambda: trained(epochs=-1), {}),
    "all for validation": (lambda: trained(validation_split=1.0), {"loss": [1.0]}),
    "a negative share for validation": (lambda: trained(validation_split=-0.5), {"loss": [1.0]}),
    "weights of classes in a list": (lambda: trained(class_weight=[1.0, 2.0])["loss"], [1.0]),
    "a mode that does not exist": (
        lambda: trained(callbacks=[callbacks.EarlyStopping("loss", mode="best")])["loss"],
        [1.0],
    ),
    "fewer and more weights": (frozen_ends, [[[2.0], [2.0], [2.0]], [1.0]]),
    "a layer after the call": (longer_after_call, (4, 1)),
    "weights for an output that does not exist": (weighed_elsewhere, [2.0]),
    "a penalty that is None": (without_penalty, 1.0),
    "an output without rows": (one_number_for_all, [9.0, 9.0, 9.0, 3.0]),
    "an unknown setting of a callback": (
        lambda: callbacks.ReduceLROnPlateau(patient=3).patience,
        10,
    ),
    "a class below 0": (lambda: to_categorical([-1, 2]).tolist(), [[0, 0, 1], [0, 0, 1]]),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_learner_is_told(name):
    accepted, _ = ACCEPTED[name]
    with pytest.raises((ValueError, TypeError), match="规则"):
        accepted()


@pytest.mark.parametrize("name", ACCEPTED)
def test_old_code_goes_on_as_in_keras(name, keras_manner):
    accepted, expected = ACCEPTED[name]
    with pytest.warns(UserWarning, match="规则.*Keras 2.2.5 收下它"):
        assert accepted() == expected


def test_shared_axes_count_as_in_keras(keras_manner):
    with pytest.warns(UserWarning, match="shared_axes"):
        layer = layers.PReLU(shared_axes=[0])
    layer(np.ones((2, 5, 3)))
    assert layer.alpha.shape == (5, 1)


def test_nan_loss_is_a_learners_error():
    x = np.where(X == 0, np.nan, X)
    model = Sequential([layers.Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse")
    before = model.get_weights()
    check(FloatingPointError, "损失 nan", lambda: model.fit(x, Y, verbose=0))
    assert all(map(np.array_equal, model.get_weights(), before))


def test_nan_loss_goes_on_in_keras(keras_manner):
    x = np.where(X == 0, np.nan, X)
    with pytest.warns(UserWarning, match="损失 nan"):
        assert np.isnan(trained(x=x, epochs=2)["loss"]).tolist() == [True, True]


def test_setting_the_manner():
    assert labkit.manner() == "learner"
    check(ValueError, "kera", lambda: labkit.set_manner("kera"))
    assert labkit.manner() == "learner"
