"""labkit：Keras 2.2.5 的层，用 NumPy 写成，前向与反向都看得见。"""

from . import (
    activations,
    backend,
    callbacks,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    preprocessing,
    regularizers,
    utils,
)
from . import display as display  # teaches layers and tensors to show themselves
from .compatibility import as_keras
from .layers import Input
from .manner import manner, set_manner
from .models import Model, Sequential

__version__ = "0.2.0"
__all__ = [
    "Input",
    "Model",
    "Sequential",
    "activations",
    "as_keras",
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "manner",
    "metrics",
    "models",
    "optimizers",
    "preprocessing",
    "regularizers",
    "set_manner",
    "utils",
]
