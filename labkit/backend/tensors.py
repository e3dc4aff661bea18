"""What flows: tensors with a value, variables, and symbols that will have one when a graph runs.

A tensor knows the `operation` on the tape that made it (tape.py), a symbol its `record`: the call
that it is a result of (None for a placeholder). A record, whether it is a call of a function
(Record) or of a layer (engine.graph.Node), answers:

- `needed()`: the symbols that must have values before it can run;
- `tensors()`: the tensors, also weights, that it uses besides;
- `compute(feed, symbol)`: run, and give the symbol its value in `feed` (evaluation.py);
- `needs_tape`: whether the graph before it must have run on the tape;
- `uses_learning_phase`: whether it computes something else in training.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..errors import explain
from ..utils.generic_utils import to_list
from .state import changed, state


class Operators:
    """Arithmetic of tensors and symbols; elementwise.py and movement.py attach the operators."""

    # NumPy must leave `array + tensor` to our reflected operators.
    __array_ufunc__ = None
    _keras_mask: Any = None
    #: Whether training and prediction compute it differently.
    _uses_learning_phase = False


class Tensor(Operators):
    """一个数组，加上它是怎样算出来的（磁带上的一次运算）。

    属性：value 是 NumPy 数组；shape、dtype、ndim 与数组相同。
    """

    def __init__(self, value, operation: Any = None, index: int = 0):
        self.value = np.asarray(value)
        self.operation = operation
        self.index = index

    shape = property(lambda self: Shape(self.value.shape))
    # Old layers also set it, for Keras' Theano; a value knows its shape itself.
    _keras_shape = property(lambda self: self.value.shape, lambda self, shape: None)
    dtype = property(lambda self: self.value.dtype)
    ndim = property(lambda self: self.value.ndim)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.value, dtype=dtype, copy=copy)

    def get_shape(self) -> Shape:
        return self.shape

    def __len__(self):
        return len(self.value)

    def __bool__(self):
        return bool(self.value)

    def __float__(self):
        return float(self.value)

    def __int__(self):
        return int(self.value)

    def __repr__(self):
        return f"<{type(self).__name__} shape={self.shape} dtype={self.dtype}>\n{self.value}"


class Variable(Tensor):
    """可以改写的张量：层的权重、优化器的状态。用 K.get_value / K.set_value 读写。"""

    def __init__(self, value, name: str, constraint=None):
        super().__init__(value)
        self.name = name
        self.constraint = constraint
        #: (the average that starts at 0, the share that 0 still has in it: momentumᵗ), where x is
        #: a moving average in Keras' manner (variables.moving_average_update).
        self.average: tuple[Variable, Variable] | None = None

    def __repr__(self):
        return f"<Variable {self.name!r} shape={self.shape} dtype={self.dtype}>\n{self.value}"


class Shape(tuple):
    """符号张量的形状：一个元组，也有 TensorFlow 旧代码用的 as_list()。"""

    def as_list(self) -> list:
        return list(self)


class Call:
    """A call whose arguments may be the results of calls before it, in a chain of any length.

    Python frees such a chain by recursion. In the browser that overflows the stack after some
    hundred calls, and Python is lost; so here the calls are freed one after the other.
    """

    __slots__ = ("arguments",)

    arguments: tuple
    _freed: ClassVar[list[tuple]] = []
    _freeing: ClassVar[bool] = False

    def __del__(self):
        Call._freed.append(self.arguments)
        self.arguments = ()
        if not Call._freeing:
            Call._freeing = True
            try:
                while Call._freed:
                    Call._freed.pop()  # frees the calls before it, which only lengthen the list
            finally:
                Call._freeing = False


class Record(Call):
    """A call of a function on symbols, to be run on their values."""

    __slots__ = ("function", "settings")
    needs_tape = False

    def __init__(self, function: Callable, arguments: tuple, settings: dict[str, Any]):
        self.function = function
        self.arguments = arguments
        self.settings = settings

    uses_learning_phase = False

    def needed(self) -> list[Symbol]:
        parts = [x for a in self.arguments for x in to_list(a, allow_tuple=True)]
        return [x for x in parts if isinstance(x, Symbol)]

    def tensors(self) -> list[Tensor]:
        return [a for a in self.arguments if isinstance(a, Tensor)]

    def compute(self, feed, symbol: Symbol) -> None:
        if id(self) not in feed.results:
            arguments = [feed.value(a) for a in self.arguments]
            feed.results[id(self)] = self.function(*arguments, **self.settings)
        feed.values[id(symbol)] = part(feed.results[id(self)], symbol.index)


class Symbol(Operators):
    """还没有数值的张量：只有形状（None 表示未知）和来历。

    由 Input()、K.placeholder() 或对它们的计算得到。
    """

    takes_any_shape = False

    def __init__(self, shape, dtype: str, name: str, record: Any = None, index: int = 0):
        self.shape = Shape(shape)
        self.dtype = dtype
        self.name = name
        self.record = record
        self.index = index
        self._keras_shape = tuple(shape)
        self._keras_history: tuple | None = None

    ndim = property(lambda self: len(self.shape))

    def get_shape(self) -> Shape:
        return self.shape

    def __bool__(self):
        raise TypeError(
            explain(
                "真假判断",
                f"符号张量 {self.name}",
                "Input 及由它算出的张量还没有数值，不能写在 if、and、or 里",
                "用 K.switch，或把判断写进层的 call",
            )
        )

    def __repr__(self):
        return f"<Symbol {self.name!r} shape={self.shape} dtype={self.dtype}>"


def value(x: Any) -> Any:
    """The plain array inside a tensor; anything else as it is."""
    return x.value if isinstance(x, Tensor) else x


def known(x: Any) -> Any:
    """A symbol's value while a graph that knows it runs; anything else as it is."""
    return state.feed.known(x) if state.feed is not None and isinstance(x, Symbol) else x


def part(result: Any, index: int) -> Any:
    """One of several results; a single result is the only one."""
    return result[index] if isinstance(result, list | tuple) else result


def record_symbol(function, arguments, settings) -> Any:
    """The symbolic result of a call; two runs on ones show its shape and which axes vary."""

    def probe(batch: int, length: int):
        def ones(a: Symbol):
            unknown = [batch, *[length] * a.ndim]
            return np.ones(
                [u if n is None else n for n, u in zip(a.shape, unknown, strict=False)], a.dtype
            )

        filled = [ones(a) if isinstance(a, Symbol) else a for a in arguments]
        with changed(recording=False):
            y = function(*filled, **settings)
        several = isinstance(y, tuple)
        return [part_of(part) for part in (y if several else (y,))], several

    def part_of(y):
        # A function that mixes in another symbol gives a symbol: its shape is all that is wanted.
        if isinstance(y, Symbol):
            return np.empty([1 if n is None else n for n in y.shape], y.dtype)
        return np.asarray(y)

    try:
        # Unknown axes get lengths that windows fit into and that strides do not make equal.
        small, several = probe(2, 12)
        open_axes = any(None in a.shape for a in arguments if isinstance(a, Symbol))
        large = probe(4, 24)[0] if open_axes else small
    except (ValueError, IndexError) as error:
        if hasattr(function, "is_primitive"):
            raise misfit(function, arguments, error) from error.__cause__
        raise
    if len(small) != len(large):
        raise ValueError(
            explain(
                f"K.{function.__name__}",
                f"形状 {arguments[0].shape}",
                "拆成几个张量由这一轴的长度决定，所以它不能是 None",
                "在 Input 的 shape 里写出这一轴的长度",
            )
        )
    record = Record(function, arguments, settings)
    symbols = [
        Symbol(
            [n if n == m else None for n, m in zip(a.shape, b.shape, strict=True)],
            str(a.dtype),
            f"{function.__name__}:{i}",
            record,
            i,
        )
        for i, (a, b) in enumerate(zip(small, large, strict=True))
    ]
    return symbols if several else symbols[0]


def misfit(function: Callable, arguments, error: Exception) -> Exception:
    """NumPy's complaint about shapes or indices, with the shapes and the primitive's rule."""
    aligned = "形状从最后一轴对齐，每一对轴要么相等，要么有一个是 1"
    shapes = "、".join(str(getattr(a, "shape", np.shape(a))) for a in arguments)
    # Iterating over a tensor ends with an IndexError; NumPy's error for a wrong axis is both.
    kind = ValueError if isinstance(error, ValueError) else IndexError
    return kind(
        explain(
            f"K.{function.__name__.lstrip('_')}",
            f"形状 {shapes}",
            (function.__doc__ or aligned).strip().split("\n")[0].rstrip("。"),
            "先用 K.int_shape 看各个参数的形状，再用 K.reshape、K.expand_dims 改成合适的",
        )
    )
