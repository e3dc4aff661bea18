"""工具函数，名称与 `keras.utils` 相同。"""

from .generic_utils import (
    CustomObjectScope,
    Progbar,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    serialize_keras_object,
)
from .np_utils import normalize, to_categorical

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "normalize",
    "serialize_keras_object",
    "to_categorical",
]
