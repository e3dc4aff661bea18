"""The whole reverse-mode engine: tensors that remember how they were made, and the walk back.

A primitive takes plain arrays and returns ``(y, backward)``; ``backward(dy)`` returns one gradient
per argument (None where there is none). Called on tensors it records a node, called on plain arrays
it does not.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

from ..errors import explain


class Operators:
    """Arithmetic of tensors and symbols; elementwise.py and movement.py attach the operators."""

    # NumPy must leave `array + tensor` to our reflected operators.
    __array_ufunc__ = None
    _keras_mask: Any = None

    def _repr_svg_(self):
        from ..diagrams.notebook import picture  # it draws layers, which are built on tensors

        return picture(self)


class Tensor(Operators):
    """一个数组，加上它是怎样算出来的（磁带上的一个节点）。

    属性：value 是 NumPy 数组；shape、dtype、ndim 与数组相同。
    """

    def __init__(self, value, node: Node | None = None, index: int = 0):
        self.value = np.asarray(value)
        self.node = node
        self.index = index

    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype)
    ndim = property(lambda self: self.value.ndim)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.value, dtype=dtype, copy=copy)

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

    def __repr__(self):
        return f"<Variable {self.name!r} shape={self.shape} dtype={self.dtype}>\n{self.value}"


class Node:
    """One recorded call: which primitive, on what, and its backward rule."""

    __slots__ = ("primitive", "arguments", "settings", "backward", "count")

    def __init__(self, primitive, arguments, settings, backward, count):
        self.primitive = primitive
        self.arguments = arguments
        self.settings = settings
        self.backward = backward
        self.count = count


class Shape(tuple):
    """符号张量的形状：一个元组，也有 TensorFlow 旧代码用的 as_list()。"""

    def as_list(self) -> list:
        return list(self)


class Record:
    """The call that symbols are the results of; run on values it gives theirs."""

    __slots__ = ("function", "arguments", "settings")

    def __init__(self, function, arguments, settings):
        self.function = function
        self.arguments = arguments
        self.settings = settings


class Symbol(Operators):
    """还没有数值的张量：只有形状（None 表示未知）和来历。

    由 Input()、K.placeholder() 或对它们的计算得到。
    """

    def __init__(self, shape, dtype: str, name: str, record: Record | None = None, index: int = 0):
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


recording = True

# While a graph runs (engine.graph.Feed): the value of a symbol, or the symbol where it has none.
lookup: Callable[[Symbol], Any] | None = None


@contextmanager
def taping(on: bool) -> Iterator[None]:
    """Inside, primitives on tensors return tensors, or plain arrays where `on` is False."""
    global recording
    before, recording = recording, on
    try:
        yield
    finally:
        recording = before


def untaped():
    """Inside, primitives return plain arrays, also for variables: inference pays nothing."""
    return taping(False)


def is_taping() -> bool:
    return recording


def quiet() -> np.errstate:
    """As in TensorFlow, overflow gives inf and 0/0 gives NaN without a warning.

    Training refuses such a loss.
    """
    return np.errstate(all="ignore")


def value(x: Any) -> Any:
    """The plain array inside a tensor; anything else as it is."""
    return x.value if isinstance(x, Tensor) else x


def known(x: Any) -> Any:
    """A symbol's value while a graph that knows it runs; anything else as it is."""
    return lookup(x) if lookup is not None and isinstance(x, Symbol) else x


def primitive(forward: Callable) -> Callable:
    """Let ``forward(*arrays, **settings) -> (y, backward)`` take arrays, tensors and symbols."""

    signature = inspect.signature(forward)

    @wraps(forward)
    def call(*arguments, **settings):
        if any(isinstance(setting, Operators) for setting in settings.values()):
            bound = signature.bind(*arguments, **settings)  # K.dot(x=a, y=b)
            arguments, settings = bound.args, bound.kwargs
        if any(isinstance(argument, Symbol) for argument in arguments):
            arguments = tuple(map(known, arguments))
            if any(isinstance(argument, Symbol) for argument in arguments):
                return record_symbol(call, arguments, settings)
        try:
            with quiet():
                y, backward = forward(*[value(argument) for argument in arguments], **settings)
        except (ValueError, IndexError) as error:
            raise misfit(call, arguments, error) from error
        if not recording or not any(isinstance(argument, Tensor) for argument in arguments):
            return y
        if backward is None:
            return Tensor(y)
        several = isinstance(y, tuple)
        node = Node(call, arguments, settings, backward, len(y) if several else 1)
        return [Tensor(part, node, i) for i, part in enumerate(y)] if several else Tensor(y, node)

    call.is_primitive = True  # type: ignore[attr-defined]
    return call


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


def record_symbol(function, arguments, settings):
    """The symbolic result of a call; two runs on ones show its shape and which axes vary."""

    def probe(batch: int, length: int):
        def ones(a: Symbol):
            unknown = [batch, *[length] * a.ndim]
            return np.ones(
                [u if n is None else n for n, u in zip(a.shape, unknown, strict=False)], a.dtype
            )

        filled = [ones(a) if isinstance(a, Symbol) else a for a in arguments]
        with untaped():
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
        (small, several), (large, _) = probe(2, 12), probe(4, 24)
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


def nodes_before(last: Node | None) -> list[Node]:
    """All nodes that lead to `last`, each after those it uses (iterative: chains may be long)."""
    order: list[Node] = []
    seen: set[int] = set()
    stack: list[tuple[Node, bool]] = [(last, False)] if last else []
    while stack:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(a.node, False) for a in node.arguments if isinstance(a, Tensor) and a.node]
    return order


def gradients(loss: Any, variables: Any) -> list:
    """loss 对每个变量的梯度 d loss / d variable，形状与变量相同；没有联系的变量得 None。

    loss 不是标量时，先对所有元素求和（与 TensorFlow 相同）。只有一阶导数：不能再对梯度求导。
    变量可以是 K.variable、任何中间结果，也可以是符号张量（结果也是符号张量，由 K.function 求值）。
    """
    wanted = list(variables) if isinstance(variables, list | tuple) else [variables]
    loss, *wanted = map(known, [loss, *wanted])
    for x in [loss, *wanted]:
        if not isinstance(x, Tensor | Symbol):
            raise TypeError(
                explain(
                    "K.gradients",
                    type(x).__name__,
                    "只能对张量求梯度",
                    "先用 K.variable(x) 或 K.constant(x) 把数组变成张量，再计算 loss",
                )
            )
    if isinstance(loss, Symbol):
        return symbolic_gradients(loss, wanted)
    values = walk_back(loss, wanted)
    node = Node(differentiate, (loss, *wanted), {}, no_second_derivative, len(wanted))
    return [None if dy is None else Tensor(dy, node, i) for i, dy in enumerate(values)]


def differentiate(loss, *wanted):
    """gradients as the function of a record; an unconnected symbol's gradient is 0."""
    pairs = zip(walk_back(loss, wanted), wanted, strict=True)
    return tuple(np.zeros_like(value(x)) if dy is None else dy for dy, x in pairs)


def no_second_derivative(*dys):
    raise NotImplementedError(
        explain(
            "K.gradients",
            "对梯度再求导",
            "磁带只记前向的计算，反向的计算不在磁带上，所以只有一阶导数",
            "K.stop_gradient(梯度) 把它当作常数，或写出梯度的公式",
        )
    )


def symbolic_gradients(loss: Symbol, wanted: list) -> list:
    """A symbol for every gradient; None for a symbol that the loss does not come from."""
    from ..engine.graph import depends_on

    connected = [x for x in wanted if depends_on(loss, x)]
    record = Record(differentiate, (loss, *connected), {})
    found = {
        id(x): Symbol(x.shape, str(x.dtype), f"gradients:{i}", record, i)
        for i, x in enumerate(connected)
    }
    return [found.get(id(x)) for x in wanted]


def walk_back(loss: Tensor, wanted: Sequence) -> list:
    """The gradient of `loss` by each tensor, as arrays; None for those that it does not use."""

    def key(tensor):
        return id(getattr(tensor, "node", None) or tensor), tensor.index

    dys: dict[tuple[int, int], Any] = {key(loss): np.ones_like(loss.value)}
    with quiet():
        for node in reversed(nodes_before(loss.node)):
            arriving = [dys.get((id(node), i)) for i in range(node.count)]
            if all(dy is None for dy in arriving):
                continue
            dxs = node.backward(*arriving)
            if not isinstance(dxs, tuple | list):
                raise TypeError(
                    explain(
                        f"{node.primitive.__name__} 的 backward",
                        type(dxs).__name__,
                        "backward(dy) 返回元组，每个参数一项，没有梯度的写 None",
                        "return (dx,)",
                    )
                )
            for argument, dx in zip(node.arguments, dxs, strict=False):
                if dx is not None and isinstance(argument, Tensor):
                    if np.shape(dx) != argument.value.shape:
                        raise ValueError(
                            explain(
                                f"{node.primitive.__name__} 的 backward",
                                f"形状 {np.shape(dx)} 的梯度",
                                f"梯度的形状与参数相同，这里是 {argument.shape}",
                                "把广播出来的轴加起来：unbroadcast(dx, x)",
                            )
                        )
                    place = key(argument)
                    dys[place] = dys[place] + dx if place in dys else dx
    return [dys.get(key(x)) for x in wanted]


def unbroadcast(dy, x):
    """Sum dy over the axes where x was repeated; None for a number, which needs no gradient."""
    if not hasattr(x, "shape"):
        return None
    dy = dy.sum(axis=tuple(range(dy.ndim - x.ndim))) if dy.ndim > x.ndim else dy
    stretched = tuple(i for i, n in enumerate(x.shape) if n == 1 and dy.shape[i] != 1)
    return dy.sum(axis=stretched, keepdims=True) if stretched else dy
