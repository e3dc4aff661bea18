"""Keras 2.2.5 的层。`__all__ = [
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
    "LSTM",
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
