"""Saving and loading models and weights; nothing in a file is ever executed."""

from __future__ import annotations

import json
import os
import warnings
from typing import Any

import numpy as np

from .. import backend as K
from .. import optimizers
from ..engine.base_layer import Layer
from ..errors import explain
from ..utils.generic_utils import custom_object_scope
from .conversion import converted
from .files import Contents, Named, read, write

VERSION, BACKEND = "2.2.5", "tensorflow"


def plain_json(value: Any) -> Any:
    """What JSON does not know: objects with a config, NumPy values, functions by name."""
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
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


def model_config(model) -> dict:
    return {"class_name": type(model).__name__, "config": model.get_config()}


def to_json(model, **kwargs) -> str:
    """模型的结构，写成 JSON（不含权重）。"""
    config = {**model_config(model), "keras_version": VERSION, "backend": BACKEND}
    return json.dumps(config, default=plain_json, **kwargs)


def to_yaml(model, **kwargs) -> str:
    """模型的结构，写成 YAML（不含权重）；没有 PyYAML 时写成 JSON，它也是合法的 YAML。"""
    try:
        import yaml
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
    from ..layers import deserialize

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
        import yaml
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


# --- weights ---


def weights_of(model) -> list[tuple[str, Named]]:
    return [
        (layer.name, list(zip(unique([w.name for w in layer.weights]), values, strict=True)))
        for layer in model.layers
        for values in [K.batch_get_value(layer.weights)]
    ]


def unique(names: list[str]) -> list[str]:
    """Repeated names get _1, _2, …, as in Keras' files."""
    taken: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in taken:
            candidate, number = f"{name}_{number}", number + 1
        taken.append(candidate)
    return taken


def save_weights(model, filepath, overwrite=True) -> None:
    """把全部权重写进文件：.npz 或 HDF5（要有 h5py，布局与 Keras 2.2.5 相同）。"""
    if may_write(filepath, overwrite):
        write(filepath, Contents(weights_of(model)))


def load_weights(model, filepath, by_name=False, skip_mismatch=False, reshape=False) -> None:
    """从文件读回权重；全部检查过之后才写入。

    by_name 按层的名字对应，名字对不上的层不变；否则按层的次序。
    skip_mismatch（与 by_name 同用）跳过个数或形状不合的层；reshape 允许总数相同的权重变形。
    出错：层数、个数、形状不合抛出 ValueError，权重不变。
    """
    if skip_mismatch and not by_name:
        raise ValueError(
            explain(
                f"{model.name}.load_weights",
                "skip_mismatch=True，by_name=False",
                "按次序对应时不能跳过某一层",
                "by_name=True",
            )
        )
    assign(model, read(filepath), by_name, skip_mismatch, reshape)


def assign(model, contents: Contents, by_name=False, skip_mismatch=False, reshape=False) -> None:
    pairs: list[tuple[Any, np.ndarray]] = []
    for layer, name, stored in matched(model, contents, by_name):
        arrays = [array for _, array in stored]
        arrays = converted(layer, arrays, contents.keras_version, contents.backend, reshape)
        shapes, wanted = [a.shape for a in arrays], [w.shape for w in layer.weights]
        if shapes != wanted:
            if skip_mismatch:
                warnings.warn(
                    f"跳过层 {layer.name}：文件里的形状是 {shapes}，需要 {wanted}。", stacklevel=3
                )
                continue
            raise ValueError(
                explain(
                    f"{model.name} 的层 {layer.name}",
                    f"文件里的层 {name}，{len(shapes)} 个权重，形状 {shapes}",
                    f"这一层有 {len(wanted)} 个权重，形状 {wanted}",
                    "用与保存时同样的结构建模型；by_name=True、skip_mismatch=True 时跳过这样的层",
                )
            )
        pairs += zip(layer.weights, arrays, strict=True)
    K.batch_set_value(pairs)


def matched(model, contents: Contents, by_name: bool) -> list[tuple[Layer, str, Named]]:
    """Which layer takes what of the file."""
    if by_name:
        layers = {layer.name: layer for layer in model.layers}
        return [(layers[name], name, w) for name, w in contents.layers if name in layers]
    stored = [(name, weights) for name, weights in contents.layers if weights]
    layers = [layer for layer in model.layers if layer.weights]
    if len(stored) != len(layers):
        raise ValueError(
            explain(
                f"{model.name}.load_weights",
                f"文件里有权重的 {len(stored)} 层：{[name for name, _ in stored]}",
                f"模型里有权重的是 {len(layers)} 层：{[layer.name for layer in layers]}",
                "用同样的结构建模型（Sequential 要先知道 input_shape），或 by_name=True",
            )
        )
    return [(layer, *entry) for layer, entry in zip(layers, stored, strict=True)]


# --- whole models ---


def save_model(model, filepath, overwrite=True, include_optimizer=True) -> None:
    """把整个模型写进一个文件：结构、权重、编译的设定与优化器的状态。

    扩展名是 .npz 时写成 NumPy 的格式，否则写成 HDF5（要有 h5py，布局与 Keras 2.2.5 相同）。
    出错：继承 Model 写成的模型没有配置，抛出 NotImplementedError。
    """
    config = json.dumps(model_config(model), default=plain_json)
    if not may_write(filepath, overwrite):
        return
    contents = Contents(weights_of(model), config)
    if include_optimizer and model.optimizer is not None:
        training = {
            "optimizer_config": {
                "class_name": type(model.optimizer).__name__,
                "config": model.optimizer.get_config(),
            },
            "loss": model.loss,
            "metrics": model.metrics,
            "weighted_metrics": model.weighted_metrics,
            "sample_weight_mode": model.sample_weight_mode,
            "loss_weights": model.loss_weights,
        }
        contents.training_config = json.dumps(training, default=plain_json)
        state = model.optimizer.weights
        names = unique([w.name for w in state])
        contents.optimizer = list(zip(names, K.batch_get_value(state), strict=True))
    write(filepath, contents)


def load_model(filepath, custom_objects=None, compile=True):
    """从文件重建模型：结构、权重、编译的设定与优化器的状态。

    自己写的层、函数在 custom_objects 里按名字给出；文件里的代码从不执行。
    出错：不是整个模型的文件、缺少自定义对象抛出 ValueError。
    """
    contents = read(filepath)
    if contents.model_config is None:
        raise ValueError(
            explain(
                "load_model",
                f"{filepath!r}，里面只有权重",
                "load_model 读的是 model.save 写的文件",
                "先用代码建模型，再 model.load_weights",
            )
        )
    with custom_object_scope(custom_objects or {}):
        model = model_from_config(json.loads(contents.model_config), custom_objects)
        assign(model, contents)
        if not compile:
            return model
        if contents.training_config is None:
            warnings.warn("文件里没有编译的设定，模型没有编译，请自己 compile。", stacklevel=2)
            return model
        training = json.loads(contents.training_config)
        model.compile(
            optimizer=optimizers.deserialize(training["optimizer_config"], custom_objects),
            **{
                name: training.get(name)
                for name in (
                    "loss",
                    "metrics",
                    "weighted_metrics",
                    "sample_weight_mode",
                    "loss_weights",
                )
            },
        )
    if contents.optimizer:
        restore_optimizer(model, [array for _, array in contents.optimizer])
    return model


def restore_optimizer(model, arrays: list[np.ndarray]) -> None:
    """Make the state that the first update would make, and fill it."""
    try:
        model.optimizer.state_of(model._collected)
        model.optimizer.set_weights(arrays)
    except ValueError:
        warnings.warn("文件里优化器的状态与模型不合，优化器从新的状态开始。", stacklevel=3)


def clone_model(model, input_tensors=None):
    """同样结构的新模型，权重重新初始化；input_tensors 是新的输入。"""
    if not isinstance(model, Layer) or not hasattr(model, "layers"):
        raise ValueError(
            explain("clone_model", type(model).__name__, "参数是一个模型", "clone_model(model)")
        )
    from ..engine.run import layers_within

    own = {type(part).__name__: type(part) for part in layers_within(model)}
    rebuild: Any = type(model).from_config
    clone = rebuild(model.get_config(), custom_objects=own)
    if input_tensors is None:
        return clone
    from ..models import Model

    return Model(input_tensors, clone(input_tensors), name=model.name)


def may_write(filepath, overwrite: bool) -> bool:
    """Ask before an existing file is replaced, where overwrite=False says so."""
    if overwrite or hasattr(filepath, "attrs") or not os.path.exists(filepath):
        return True
    try:
        return input(f"文件 {filepath} 已经存在，要覆盖吗？[y/n] ").strip().lower() == "y"
    except EOFError as error:
        raise FileExistsError(
            explain(
                "保存模型",
                f"已有的文件 {filepath!r}，overwrite=False",
                "没有人可以回答是否覆盖",
                "overwrite=True，或换一个文件名",
            )
        ) from error
