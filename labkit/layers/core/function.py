"""Lambda: any function as a layer."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from typing import Any

from ... import backend as K
from ...backend.tensors import Symbol
from ...engine.base_layer import Layer, require_tensors
from ...errors import explain
from ...utils.generic_utils import (
    deserialize_keras_object,
    get_custom_objects,
    has_arg,
    to_list,
    unpack_singleton,
)


class Lambda(Layer):
    """函数层：用一个函数对输入做计算，没有权重；函数用 K 的运算写成时有梯度。

    输出的形状由 output_shape 给出；不给时用函数试算一次得到。
    函数有名为 mask 的参数时，会收到输入的掩码。
    get_config 只记函数的名字。在同一个进程里，从配置或文件重建时用的就是原来的函数；别处来的，
    函数要在 custom_objects 里按名字给出，文件里的字节码从不执行。
    出错：output_shape 不是元组或函数、函数的结果不是张量，抛出 TypeError。

    参数：
        function：函数，第一个参数是输入（几个输入时是列表）。
        output_shape：元组（不含 batch 轴），或由输入形状得出输出形状（含 batch 轴）的函数；
            `None` 表示试算。
        mask：`None` 表示不接受掩码；也可以是掩码，或函数 mask(inputs, mask)。
        arguments：字典，传给函数的其他关键字参数。
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(
                explain(
                    self._label(),
                    f"function={function!r}",
                    "function 是可以调用的函数",
                    "Lambda(lambda x: x ** 2)",
                )
            )
        if output_shape is not None and not (
            isinstance(output_shape, list | tuple) or callable(output_shape)
        ):
            raise TypeError(
                explain(
                    self._label(),
                    f"output_shape={output_shape!r}",
                    "output_shape 是元组（不含 batch 轴）、函数，或 None",
                    f"output_shape=({output_shape},)",
                )
            )
        self.function = function
        self._output_shape = tuple(output_shape) if isinstance(output_shape, list) else output_shape
        self.mask = mask
        self.supports_masking = mask is not None
        self.arguments = dict(arguments or {})
        self._input_dtypes: Any = None  # of the tensors it was last connected to

    def compute_output_shape(self, input_shape):
        if self._output_shape is None:
            return self._try_shape(input_shape)
        if callable(self._output_shape):
            shape = self._output_shape(input_shape)
            if not isinstance(shape, list | tuple):
                raise ValueError(
                    explain(
                        self._label(),
                        f"output_shape 函数的结果 {shape!r}",
                        "output_shape 函数返回含 batch 轴的元组，几个输出时返回元组的列表",
                        "lambda shape: shape",
                    )
                )
            single = isinstance(shape, list) and not isinstance(shape[0], list | tuple)
            return tuple(shape) if single else shape
        first = input_shape[0] if isinstance(input_shape, list) else input_shape
        return (first[0], *self._output_shape)

    def _connect(self, inputs, mask, kwargs):
        self._input_dtypes = unpack_singleton([K.dtype(x) for x in to_list(inputs)])
        return super()._connect(inputs, mask, kwargs)

    def _try_shape(self, input_shape):
        """From the function on symbols, as Keras does; on ones where it wants numbers."""
        several = isinstance(input_shape, list)
        shapes = input_shape if several else [input_shape]
        dtypes = to_list(self._input_dtypes or [K.floatx()] * len(shapes))
        pairs = zip(shapes, dtypes, strict=True)
        symbols = [Symbol(shape, dtype, "lambda") for shape, dtype in pairs]
        try:
            y = self.call(symbols if several else symbols[0])
        except Exception:
            return self._probed_shape(input_shape)
        return [K.int_shape(part) for part in y] if isinstance(y, list) else K.int_shape(y)

    def call(self, inputs, mask=None):
        arguments = self.arguments
        if has_arg(self.function, "mask"):
            arguments = {**arguments, "mask": mask}
        return require_tensors(self._label(), self.function(inputs, **arguments))

    def compute_mask(self, inputs, mask=None):
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self):
        config = super().get_config()
        config.pop("mask", None)
        shape = self._output_shape
        kind = "function" if callable(shape) else "raw"
        return {
            **config,
            "function": keep(self.function),
            "function_type": "function",
            "output_shape": keep(shape) if callable(shape) else shape,
            "output_shape_type": kind,
            "arguments": self.arguments,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for name in ("function", "output_shape"):
            kind = config.pop(f"{name}_type", "raw")
            if kind == "lambda":
                raise ValueError(
                    explain(
                        f"Lambda（{config.get('name')}）",
                        f"写成字节码的 {name}",
                        "labkit 不执行文件里的代码；函数体要由调用者给出",
                        "custom_objects={'Lambda': …}，或用有名字的函数代替 lambda 重新保存",
                    )
                )
            if kind == "function":
                config[name] = find(config[name], custom_objects)
        return cls(**config)


#: The functions of this process that are in some config, by the name that stands there.
_kept: dict[str, Callable[..., Any]] = {}
#: Tells the configs of this process from all others.
PROCESS = uuid.uuid4().hex[:8]


def keep(function: Callable[..., Any]) -> str:
    """The name of a function in a config; from it `find` gives the function back.

    A name that says which function it is stands there alone, so that other programs can read it;
    a lambda, or the second function of a name, gets a number that holds in this process.
    """
    own = getattr(function, "__name__", type(function).__name__)
    numbers = itertools.count(own == "<lambda>")
    names = (f"{own}@{PROCESS}.{number}" if number else own for number in numbers)
    return next(name for name in names if _kept.setdefault(name, function) == function)


def find(name, custom_objects) -> Callable[..., Any]:
    """The function of a config: the caller's, else that of this process, else one of K."""
    own = name.partition("@")[0] if isinstance(name, str) else name
    for given in (custom_objects or {}, get_custom_objects()):
        for key in (name, own):
            if isinstance(key, str) and key in given:
                return given[key]
    if name in _kept:
        return _kept[name]
    if own == "<lambda>":
        raise ValueError(
            explain(
                "Lambda 的函数",
                f"{name!r}，另一个进程里的 lambda",
                "labkit 不执行文件里的代码；别处来的函数要由调用者给出",
                "custom_objects={'<lambda>': lambda x: …}，或用有名字的函数代替 lambda 重新保存",
            )
        )
    return deserialize_keras_object(own, vars(K), custom_objects, "Lambda 的函数")
