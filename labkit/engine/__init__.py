"""Keras 的 engine 包：旧代码从这里导入 Layer、InputSpec、Model 等，实现在 labkit 的各个模块。"""

from ..layers.core import InputLayer
from ..models import Model, Sequential
from ..utils.layer_utils import get_source_inputs
from .base_layer import InputSpec, Layer
from .graph import Input
from .network import Network

__all__ = [
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "Model",
    "Network",
    "Sequential",
    "get_source_inputs",
]
