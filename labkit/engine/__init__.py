"""层与模型的骨架：所有层的基类、计算图、训练；Keras 的 engine 包的名字也从这里导入。"""

from ..utils.layer_utils import get_source_inputs
from .base_layer import Layer
from .input_layer import Input, InputLayer
from .input_spec import InputSpec
from .model import Model
from .network import Network
from .sequential import Sequential

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
