"""Keras 的 engine.input_layer：Input 与 InputLayer。"""

from ..graph import Input, Node
from ..layer import Layer
from ..layers.core import InputLayer
from ..utils.generic_utils import unpack_singleton

__all__ = ["Input", "InputLayer", "Layer", "Node", "unpack_singleton"]
