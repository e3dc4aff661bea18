"""Objects as configs and back: the one table of what a config's class_name may be."""

from __future__ import annotations

from typing import Any

from ..utils.generic_utils import deserialize_keras_object

#: Name → class, or the function that Keras 1 had under that name. `labkit.layers` and
#: `labkit.models` enter theirs, each in one statement.
KNOWN: dict[str, Any] = {}


def serialize(layer) -> dict:
    """层（或别的有 get_config 的对象）→ {"class_name", "config"}。"""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize(config, custom_objects=None):
    """{"class_name", "config"} → 层；自己写的层在 custom_objects 里给出。"""
    return deserialize_keras_object(config, KNOWN, custom_objects, "层")
