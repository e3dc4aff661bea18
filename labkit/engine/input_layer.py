"""Input and InputLayer: where data enters a graph."""

from __future__ import annotations

from typing import Any

from .. import backend as K
from ..arguments import validation
from ..backend.tensors import Record, Symbol, Tensor
from ..errors import explain
from ..utils.generic_utils import unpack_singleton
from .base_layer import Layer
from .graph import Node

#: Keras' engine.input_layer had these names; old code takes them from there.
__all__ = ["Input", "InputLayer", "Layer", "Node", "unpack_singleton"]


class InputLayer(Layer):
    """输入层：模型的入口，由 Input() 创建；没有计算。

    参数：
        input_tensor：用这个张量作输入；K.function 求值时不必再给数据，fit 与 predict 仍要给。
        sparse：稀疏张量；labkit 按普通数组计算。
    """

    def __init__(
        self,
        input_shape: Any = None,
        batch_size=None,
        batch_input_shape=None,
        dtype=None,
        input_tensor=None,
        sparse: bool = False,
        name=None,
    ):
        if batch_input_shape is None:
            if input_shape is None and input_tensor is None:
                raise ValueError(
                    explain(
                        "InputLayer",
                        "没有形状",
                        "给出 input_shape（不含 batch 轴）、batch_input_shape 或 input_tensor",
                        "InputLayer(input_shape=(3,))",
                    )
                )
            if input_shape is None:
                batch_input_shape = K.int_shape(input_tensor)
            else:
                batch_input_shape = (batch_size, *input_shape)
        super().__init__(
            batch_input_shape=batch_input_shape,
            dtype=dtype,
            name=name or f"input_{K.get_uid('input')}",
        )
        self.sparse = sparse
        self.supports_masking = True
        self.built = True
        symbol = Symbol(self.batch_input_shape, self.dtype, self.name)
        if input_tensor is not None:
            symbol.record = Record(K.identity, (input_tensor,), {})
        symbols = [symbol]
        Node(self, symbols, symbols, [None], {})

    def get_config(self):
        return {
            "batch_input_shape": self.batch_input_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "name": self.name,
        }


def given_tensor(symbol: Symbol) -> Tensor | None:
    """The tensor that Input(tensor=…) was given, whose value stands for data."""
    tensor = symbol.record.arguments[0] if isinstance(symbol.record, Record) else None
    return tensor if isinstance(tensor, Tensor) else None


def Input(shape=None, batch_shape=None, name=None, dtype=None, sparse=False, tensor=None) -> Symbol:
    """函数式模型的入口：一个只有形状的符号张量。

    参数：
        shape：不含 batch 轴的形状，例如 (28, 28, 1)，未知的轴写 None。
        batch_shape：含 batch 轴的形状。
        name：这个入口的名字，按名字给数据时用。
        dtype：数值类型，默认是 K.floatx()。
        sparse：稀疏张量；labkit 按普通数组计算。
        tensor：用这个张量（变量或符号张量）作输入；K.function 求值时不必再给数据，
            fit 与 predict 仍要给。
    出错：shape、batch_shape、tensor 都没有给出时抛出 ValueError。
    """
    if tensor is not None:
        batch_shape = K.int_shape(tensor)
        dtype = dtype or K.dtype(tensor)
    elif batch_shape is None:
        if shape is None:
            raise ValueError(
                explain(
                    "Input",
                    "没有形状",
                    "给出 shape（不含 batch 轴）或 batch_shape",
                    "Input(shape=(3,))",
                )
            )
        batch_shape = (None, *validation.shape("Input", "shape", shape))
    batch_shape = validation.shape("Input", "batch_shape", batch_shape)
    layer = InputLayer(
        batch_input_shape=batch_shape,
        dtype=dtype or K.floatx(),
        input_tensor=tensor,
        sparse=sparse,
        name=name,
    )
    return layer.output
