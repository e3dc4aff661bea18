"""工具函数，名称与 `keras.utils` 相同。"""

# pyright: reportUnsupportedDunderAll=false

import importlib

from .data_utils import GeneratorEnqueuer, OrderedEnqueuer, Sequence, get_file
from .generic_utils import (
    CustomObjectScope,
    Progbar,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    serialize_keras_object,
)
from .io_utils import H5Dict, HDF5Matrix
from .np_utils import normalize, to_categorical

__all__ = [
    "CustomObjectScope",
    "GeneratorEnqueuer",
    "H5Dict",
    "HDF5Matrix",
    "OrderedEnqueuer",
    "Progbar",
    "Sequence",
    "convert_all_kernels_in_model",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_file",
    "get_source_inputs",
    "model_to_dot",
    "multi_gpu_model",
    "normalize",
    "plot_model",
    "print_summary",
    "serialize_keras_object",
    "to_categorical",
]

#: Names whose modules need the layers, which need this package: imported when first asked for.
LATER = {
    "convert_all_kernels_in_model": "layer_utils",
    "get_source_inputs": "layer_utils",
    "print_summary": "layer_utils",
    "model_to_dot": "vis_utils",
    "plot_model": "vis_utils",
}


def __getattr__(name: str):
    if name not in LATER:
        raise AttributeError(f"labkit.utils 里没有 {name}")
    return getattr(importlib.import_module(f"{__name__}.{LATER[name]}"), name)


def multi_gpu_model(model, gpus=None, cpu_merge=True, cpu_relocation=False):
    """Keras 把一个模型复制到几块 GPU 上；labkit 不用 GPU 训练，原样返回模型。"""
    return model
