"""Keras 的 engine.base_layer：Layer、InputSpec、Node 和几个小工具。"""

from ..graph import Node
from ..layer import InputSpec, Layer
from ..utils.generic_utils import (
    has_arg,
    is_all_none,
    object_list_uid,
    to_list,
    unpack_singleton,
)
from ..utils.layer_utils import count_params

__all__ = [
    "InputSpec",
    "Layer",
    "Node",
    "count_params",
    "has_arg",
    "is_all_none",
    "object_list_uid",
    "to_list",
    "unpack_singleton",
]
