"""How a layer's constructor keeps its arguments: `take`, the one way for those that may be names.

A layer that has only numbers and switches of its own, such as LeakyReLU, assigns them.
"""

from __future__ import annotations

from typing import Any

from .. import activations, constraints, initializers, regularizers
from ..engine.base_layer import Layer

#: Where a name is looked up, by the last word of its parameter.
NAMED = {
    "activation": activations,
    "initializer": initializers,
    "init": initializers,  # as Keras 1 called it
    "regularizer": regularizers,
    "constraint": constraints,
}


def take(layer: Layer, /, **arguments: Any) -> None:
    """Set each argument as an attribute of the layer; a name becomes what it stands for.

    The last word of the parameter says where it is looked up: kernel_initializer="zeros" in
    labkit.initializers, recurrent_activation="tanh" in labkit.activations.
    """
    for parameter, value in arguments.items():
        module = NAMED.get(parameter.rpartition("_")[2])
        setattr(layer, parameter, module.get(value) if module else value)
