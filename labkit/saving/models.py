"""Whole models in one file: structure, weights, compiled settings and the optimizer's state."""

from __future__ import annotations

import json
import warnings

import numpy as np

from .. import backend as K
from .. import optimizers
from ..errors import explain
from ..utils.generic_utils import custom_object_scope
from .files import Contents, read, write
from .serialization import serialize
from .structure import model_from_config, plain_json
from .weights import assign, may_write, numbered, stored_weights


def save_model(model, filepath, overwrite=True, include_optimizer=True) -> None:
    """把整个模型写进一个文件：结构、权重、编译的设定与优化器的状态。

    扩展名是 .npz 时写成 NumPy 的格式，否则写成 HDF5（要有 h5py，布局与 Keras 2.2.5 相同）。
    出错：继承 Model 写成的模型没有配置，抛出 NotImplementedError。
    """
    config = json.dumps(serialize(model), default=plain_json)
    if not may_write(filepath, overwrite):
        return
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
