"""Keras 的 engine.topology：Keras 2.1 以前的代码从这里导入 Layer 与 InputSpec。"""

from ..layers.core import InputLayer
from ..utils.layer_utils import get_source_inputs
from .base_layer import InputSpec, Layer
from .graph import Input, Node
from .network import Network

__all__ = ["Input", "InputLayer", "InputSpec", "Layer", "Network", "Node", "get_source_inputs"]
