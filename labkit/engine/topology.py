"""Keras 的 engine.topology：Keras 2.1 以前的代码从这里导入 Layer 与 InputSpec。"""

from ..graph import Input, Node
from ..layer import InputSpec, Layer
from ..layers.core import InputLayer
from ..network import Network
from ..utils.layer_utils import get_source_inputs

__all__ = ["Input", "InputLayer", "InputSpec", "Layer", "Network", "Node", "get_source_inputs"]
