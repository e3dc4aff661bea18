"""A model's structure as JSON or YAML, and back; nothing in it is ever executed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .. import backend as K
from ..errors import explain
from .serialization import deserialize, serialize

VERSION, BACKEND = "2.2.5", "tensorflow"


def plain_json(value: Any) -> Any:
    """What JSON does not know: objects with a config, NumPy values, functions by name."""
    if hasattr(value, "get_config"):
        return serialize(value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if K.is_tensor(value):
        return K.get_value(value).tolist()
    if callable(value):
        return value.__name__
    raise TypeError(
        explain("写成 JSON", type(value).__name__, "配置由数、字符串、列表和字典组成", "改用这些")
    )


def to_json(model, **kwargs) -> str:
    """模型的结构，写成 JSON（不含权重）。"""
    config = {**serialize(model), "keras_version": VERSION, "backend": BACKEND}
    return json.dumps(config, default=plain_json, **kwargs)


def to_yaml(model, **kwargs) -> str:
    """模型的结构，写成 YAML（不含权重）；没有 PyYAML 时写成 JSON，它也是合法的 YAML。"""
    try:
        import yaml  # optional: labkit itself needs only NumPy
    except ImportError:
        return to_json(model)
    return yaml.safe_dump(json.loads(to_json(model)), **kwargs)


def model_from_config(config, custom_objects=None):
    """由 {"class_name", "config"} 重建模型（没有权重）。"""
    if not isinstance(config, dict) or "class_name" not in config:
        kind = TypeError if not isinstance(config, dict) else ValueError
        raise kind(
            explain(
                "model_from_config",
                f"{type(config).__name__}",
                "配置是 {'class_name', 'config'} 的字典",
                "Sequential 的 get_config() 请用 Sequential.from_config",
            )
        )
    return deserialize(config, custom_objects)


def model_from_json(json_string, custom_objects=None):
    """由 to_json 的结果重建模型（没有权重）。"""
    try:
        config = json.loads(json_string)
    except (TypeError, ValueError) as error:
        raise ValueError(
            explain(
                "model_from_json",
                f"{str(json_string)[:40]!r}",
                "参数是 model.to_json() 的结果，一段 JSON",
                "model_from_json(model.to_json())",
            )
        ) from error
    return model_from_config(config, custom_objects)


def model_from_yaml(yaml_string, custom_objects=None):
    """由 to_yaml 的结果重建模型（没有权重）；读别人写的 YAML 要有 PyYAML。"""
    try:
        return model_from_config(json.loads(yaml_string), custom_objects)
    except ValueError:
        pass
    try:
        import yaml  # optional: labkit itself needs only NumPy
    except ImportError as error:
        raise ImportError(
            explain(
                "model_from_yaml",
                "没有安装 PyYAML 的环境",
                "读 YAML 要用 PyYAML",
                "pip install pyyaml，或改用 to_json",
            )
        ) from error

    class Loader(yaml.SafeLoader):
        """Safe, and with the tuples that Keras' files have."""

    Loader.add_constructor(
        "tag:yaml.org,2002:python/tuple",
        lambda loader, node: loader.construct_sequence(node, True),  # type: ignore[arg-type]
    )
    return model_from_config(yaml.load(yaml_string, Loader=Loader), custom_objects)
