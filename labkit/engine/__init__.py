"""Keras 的 engine 包：旧代码从这里导入 Layer、InputSpec、Model 等，实现在 labkit 的各个模块。"""

from ..graph import Input
from ..layer import InputSpec, Layer
from ..layers.core import InputLayer
from ..models import Model, Sequential
from ..network import Network
from ..utils.layer_utils import get_source_inputs

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
