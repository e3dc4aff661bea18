"""Keras 的 engine.topology：Keras 2.1 以前的代码从这里导入 Layer 与 InputSpec。"""

from ..utils.layer_utils import get_source_inputs
from .base_layer import Layer
from .graph import Node
from .input_layer import Input, InputLayer
from .input_spec import InputSpec
from .network import Network

__all__ = ["Input", "InputLayer", "InputSpec", "Layer", "Network", "Node", "get_source_inputs"]
