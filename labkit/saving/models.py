"""Models and weights in files: Keras' engine.saving."""

from __future__ import annotations

import io
import json
import os
import warnings
from typing import Any

from .. import backend as K
from .. import optimizers
from ..errors import explain
from ..utils.generic_utils import custom_object_scope
from ..utils.io_utils import ask_to_proceed_with_overwrite
from .conversion import preprocess_weights_for_loading
from .files import Contents, read, write
from .serialization import serialize
from .structure import model_from_config, model_from_json, model_from_yaml, plain_json
from .weights import assign, numbered, stored_weights

__all__ = [
    "ask_to_proceed_with_overwrite",
    "load_model",
    "load_weights",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "pickle_model",
    "preprocess_weights_for_loading",
    "save_model",
    "save_weights",
    "unpickle_model",
]

#: TensorFlow's file_io, which knows gs:// paths (Google Cloud Storage); asked for when one comes.
tf_file_io: Any = None


def save_model(model, filepath, overwrite=True, include_optimizer=True) -> None:
    """把整个模型写进一个文件：结构、权重、编译的设定与优化器的状态。

    扩展名是 .npz 时写成 NumPy 的格式，否则写成 HDF5（要有 h5py，布局与 Keras 2.2.5 相同）。
    filepath 也可以是能写的二进制流（io.BytesIO）、打开的 h5py.File 或 h5py.Group、字典。
    出错：继承 Model 写成的模型没有配置，抛出 NotImplementedError。
    """
    config = json.dumps(serialize(model), default=plain_json)
    contents = Contents(stored_weights(model), config)
    if include_optimizer and model.optimizer is not None:
        training = {
            "optimizer_config": serialize(model.optimizer),
            "loss": model.loss,
            "metrics": model.metrics,
            "weighted_metrics": model.weighted_metrics,
            "sample_weight_mode": model.sample_weight_mode,
            "loss_weights": model.loss_weights,
        }
        contents.training_config = json.dumps(training, default=plain_json)
        state = model.optimizer.weights
        names = numbered([w.name for w in state])
        contents.optimizer = list(zip(names, K.batch_get_value(state), strict=True))
    put(filepath, contents, overwrite)


def load_model(filepath, custom_objects=None, compile=True):
    """从文件重建模型：结构、权重、编译的设定与优化器的状态。

    filepath 是 save_model 写的文件，或同样内容的二进制流、h5py.File、h5py.Group、字典。
    自己写的层、函数在 custom_objects 里按名字给出；文件里的代码从不执行。
    出错：不是整个模型的文件、缺少自定义对象抛出 ValueError。
    """
    contents = take(filepath)
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
        model = model_from_json(contents.model_config, custom_objects)
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
        model._stored_state = [array for _, array in contents.optimizer]
        if model.built:
            model._make_train_function()
    return model


def save_weights(model, filepath, overwrite=True) -> None:
    """把全部权重写进文件：.npz 或 HDF5（要有 h5py，布局与 Keras 2.2.5 相同）。"""
    put(filepath, Contents(stored_weights(model)), overwrite)


def load_weights(model, filepath, by_name=False, skip_mismatch=False, reshape=False) -> None:
    """从文件读回权重；全部检查过之后才写入。

    by_name 按层的名字对应，名字对不上的层不变；否则按层的次序。
    skip_mismatch（与 by_name 同用）跳过个数不合的层、形状不合的权重；reshape 允许总数相同的权重
    变形。
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
    assign(model, take(filepath), by_name, skip_mismatch, reshape)


def pickle_model(model) -> dict:
    """模型的全部，写成一个字典：配置的文字和各个数组。"""
    state: dict = {}
    save_model(model, state)
    return state


def unpickle_model(state: dict):
    """pickle_model 的逆。"""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "文件里没有编译的设定")
        return load_model(state)


def put(filepath, contents: Contents, overwrite: bool) -> None:
    """Write, after asking where a file exists and overwrite=False says so."""
    if on_cloud(filepath):
        storage = cloud()
        taken = not overwrite and storage.file_exists(filepath)
        if not taken or ask_to_proceed_with_overwrite(filepath):
            memory = io.BytesIO()
            write(memory, contents)
            with storage.FileIO(filepath, mode="wb") as file:
                file.write(memory.getvalue())
        return
    is_path = isinstance(filepath, str | os.PathLike)
    taken = not overwrite and is_path and os.path.exists(filepath)
    if not taken or ask_to_proceed_with_overwrite(filepath):
        write(filepath, contents)


def take(filepath) -> Contents:
    if not on_cloud(filepath):
        return read(filepath)
    with cloud().FileIO(filepath, mode="rb") as file:
        return read(io.BytesIO(file.read()))


def on_cloud(filepath) -> bool:
    return isinstance(filepath, str) and filepath.startswith("gs://")


def cloud() -> Any:
    if tf_file_io is not None:
        return tf_file_io
    try:
        from tensorflow.python.lib.io import (  # type: ignore[import-not-found]  # only for gs://
            file_io,
        )
    except ImportError as error:
        raise ImportError(
            explain(
                "Google Cloud Storage",
                "gs:// 开头的路径，没有安装 TensorFlow 的环境",
                "gs:// 由 TensorFlow 的 file_io 读写，labkit 没有它",
                "存到本机的文件，再用 gsutil cp 传送",
            )
        ) from error
    return file_io
