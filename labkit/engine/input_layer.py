"""Keras 的 engine.input_layer：Input 与 InputLayer。"""

from ..layers.core import InputLayer
from ..utils.generic_utils import unpack_singleton
from .base_layer import Layer
from .graph import Input, Node

__all__ = ["Input", "InputLayer", "Layer", "Node", "unpack_singleton"]
