"""Keras 2.2.5 的层。`__all__` 是目录：其中的每个层都有一页文档和一组真实 Keras 的数据。"""

from ..graph import Input
from ..layer import InputSpec, Layer
from .convolutional import Conv2D
from .core import Activation, Dense, Dropout, Flatten, InputLayer
from .embeddings import Embedding
from .merge import Add, add
from .normalization import BatchNormalization
from .pooling import MaxPooling2D
from .recurrent import LSTM

__all__ = [
    "LSTM",
    "Activation",
    "Add",
    "BatchNormalization",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "MaxPooling2D",
    "add",
]
