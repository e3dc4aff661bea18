"""Keras 2.2.5 的层。`__all__` 是目录：其中的每个层都有一页文档和一组真实 Keras 的数据。"""

from ..graph import Input
from ..layer import InputSpec, Layer
from ..utils.generic_utils import deserialize_keras_object
from .convolutional import Conv2D
from .core import Activation, Dense, Dropout, Flatten, InputLayer

# Not in the catalogue until its page is written; masks in front of LSTM come from it.
from .core import Masking as Masking
from .embeddings import Embedding
from .merge import Add, add
from .normalization import BatchNormalization
from .pooling import MaxPooling2D
from .recurrent import LSTM

__all__ = [
    "LSTM",
    "Activation",
    "Add",
    "BatchNormalization",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "MaxPooling2D",
    "add",
    "deserialize",
    "serialize",
]


def serialize(layer) -> dict:
    """层 → {"class_name", "config"}。"""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize(config, custom_objects=None):
    """{"class_name", "config"} → 层；自己写的层在 custom_objects 里给出。"""
    from .. import models

    return deserialize_keras_object(config, {**globals(), **vars(models)}, custom_objects, "层")
