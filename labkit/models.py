"""模型：Model、Sequential，以及保存、读取、复制它们的函数。"""

from __future__ import annotations

from typing import Any

from .engine.base_layer import Layer
from .engine.graph import layers_within
from .engine.input_layer import Input, InputLayer
from .engine.model import Model
from .engine.sequential import Sequential
from .errors import explain
from .saving import load_model, model_from_config, model_from_json, model_from_yaml, save_model
from .saving.serialization import KNOWN
from .utils.generic_utils import has_arg, to_list

__all__ = [
    "Input",
    "InputLayer",
    "Model",
    "Sequential",
    "clone_model",
    "has_arg",
    "load_model",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
    "to_list",
]

KNOWN |= {"Model": Model, "Sequential": Sequential}


def clone_model(model, input_tensors=None):
    """同样结构的新模型，权重重新初始化；input_tensors 是新的输入。"""
    if not isinstance(model, Layer) or not hasattr(model, "layers"):
        raise ValueError(
            explain("clone_model", type(model).__name__, "参数是一个模型", "clone_model(model)")
        )
    own = {type(part).__name__: type(part) for part in layers_within(model)}
    rebuild: Any = type(model).from_config
    clone = rebuild(model.get_config(), custom_objects=own)
    if input_tensors is None:
        return clone
    return Model(input_tensors, clone(input_tensors), name=model.name)
