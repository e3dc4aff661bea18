"""模型存成文件或文字，再读回来：结构、权重、旧版本的布局。"""

from .models import (
    load_model,
    load_weights,
    pickle_model,
    save_model,
    save_weights,
    unpickle_model,
)
from .structure import model_from_config, model_from_json, model_from_yaml, to_json, to_yaml

__all__ = [
    "load_model",
    "load_weights",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "pickle_model",
    "save_model",
    "save_weights",
    "to_json",
    "to_yaml",
    "unpickle_model",
]
