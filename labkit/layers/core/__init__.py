"""基本的层；文件名与 Keras 的 layers/core.py 对应。"""

from ...engine.input_layer import InputLayer
from .basic import Activation, ActivityRegularization, Dense, Flatten, Masking
from .dropout import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from .function import Lambda
from .reshaping import Permute, RepeatVector, Reshape

__all__ = [
    "Activation",
    "ActivityRegularization",
    "Dense",
    "Dropout",
    "Flatten",
    "InputLayer",
    "Lambda",
    "Masking",
    "Permute",
    "RepeatVector",
    "Reshape",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]
