"""基本的层；文件名与 Keras 的 layers/core.py 对应。"""

from ...engine.input_layer import InputLayer
from .basic import Activation, ActivityRegularization, Dense, Flatten, Masking
from .dropout import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from .function import Lambda
from .reshaping import Permute, RepeatVector, Reshape

# All that is imported here; written out, every name would stand here twice.
__all__ = sorted(  # pyright: ignore[reportUnsupportedDunderAll]
    name for name, value in globals().items() if callable(value) and not name.startswith("_")
)
