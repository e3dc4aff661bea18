"""Models in pickles and copies: they go on training as if nothing had been."""

import copy
import pickle

import numpy as np
import pytest

from labkit import backend as K
from labkit import losses
from labkit.layers import Dense, Input
from labkit.models import Model
from labkit.optimizers import SGD, Adadelta, Adam, RMSprop
from labkit.utils import CustomObjectScope
from tests.engine.own_optimizers import Momentum
from tests.mistakes import check
from tests.regression import X, Y, linear

# Without Nadam: as in Keras, a file does not hold its schedule.
OPTIMIZERS = [
    lambda: SGD(0.1, momentum=0.9, decay=0.1, nesterov=True),
    lambda: Adam(0.1, amsgrad=True),
    lambda: RMSprop(0.1),
    lambda: Adadelta(),
    lambda: Momentum(0.1),
]


@pytest.mark.parametrize("again", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy])
@pytest.mark.parametrize("make", OPTIMIZERS)
def test_training_goes_on(make, again):
    model = linear()
    model.compile(make(), "mse", metrics=["mae"])
    model.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    K.set_value(model.optimizer.lr, 0.05)
    with CustomObjectScope({"Momentum": Momentum}):
        other = again(model)
    assert other.optimizer is not model.optimizer and other.layers[0] is not model.layers[0]
    for _ in range(2):
        assert model.train_on_batch(X, Y) == other.train_on_batch(X, Y)
    assert other.metrics_names == ["loss", "mean_absolute_error"]


def test_before_training_and_before_compiling():
    model = linear()
    model._make_train_function()
    assert pickle.loads(pickle.dumps(model)).train_on_batch(X, Y) == model.train_on_batch(X, Y)
    x = Input((3,))
    plain = Model(x, Dense(2)(x))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(plain)).predict(X), plain.predict(X))


def test_what_the_reader_wrote_is_given_by_name():
    """As in Keras, custom_object_scope brings it back."""

    class Plain(SGD):
        pass

    def halved(y_true, y_pred):
        return losses.mse(y_true, y_pred) / 2

    model = linear()
    model.compile(Plain(0.1, momentum=0.5), halved, metrics=["mae", halved])
    model.train_on_batch(X, Y)
    text = pickle.dumps(model)
    check(ValueError, "Plain", lambda: pickle.loads(text))
    with CustomObjectScope({"Plain": Plain, "halved": halved}):
        other, third = pickle.loads(text), copy.deepcopy(model)
    assert type(third.optimizer) is Plain
    expected = model.train_on_batch(X, Y)
    assert other.train_on_batch(X, Y) == third.train_on_batch(X, Y) == expected
