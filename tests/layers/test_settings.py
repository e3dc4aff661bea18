"""take: how the constructors of all layers keep their arguments."""

import numpy as np
import pytest

from labkit import activations, constraints, initializers, regularizers
from labkit.layers import Layer
from labkit.layers.settings import take


def test_names_become_what_they_stand_for():
    layer = Layer()
    take(
        layer,
        units=3,
        activation="relu",
        recurrent_activation=None,
        kernel_initializer="zeros",
        init="ones",
        activity_regularizer="l2",
        bias_constraint={"class_name": "MaxNorm", "config": {"max_value": 1}},
    )
    assert layer.units == 3
    assert layer.activation is activations.relu
    assert layer.recurrent_activation is activations.linear
    assert isinstance(layer.kernel_initializer, initializers.Zeros)
    assert isinstance(layer.init, initializers.Ones)
    assert isinstance(layer.activity_regularizer, regularizers.L1L2)
    assert isinstance(layer.bias_constraint, constraints.MaxNorm)


@pytest.mark.parametrize("name", ["axis", "activations", "initial_state", "layer", "kernel_size"])
def test_other_arguments_stay_as_they_are(name):
    layer, value = Layer(), np.array([1, 2])
    take(layer, **{name: value})
    assert getattr(layer, name) is value


def test_an_unknown_name_is_refused_where_it_is_looked_up():
    layer = Layer()
    with pytest.raises(ValueError, match="'rellu'.*relu"):
        take(layer, units=3, activation="rellu", use_bias=True)
