"""SimpleRNN, GRU and LSTM: RNN with a cell of its own."""

from __future__ import annotations

import functools
import inspect
import re
import typing
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...arguments.signatures import parameters
from ...arguments.types import Regularizer
from ...engine.base_layer import Layer
from ..settings import take
from .cells import Cell, GRUCell, LSTMCell, SimpleRNNCell
from .rnn import RNN


class CellLayer(RNN):
    """自带单元的循环层的公共部分：单元的参数与权重就是层的。"""

    refused_constants = TypeError
    #: The cell that the layer runs; help() takes from it what the layer does not explain itself.
    _cell_class: type[Layer]

    def __init__(self, cell, activity_regularizer: Regularizer = None, **kwargs):
        super().__init__(cell, **kwargs)
        cell._part_of = self._label()
        take(self, activity_regularizer=activity_regularizer)

    def __getattr__(self, name):
        # units, activation, kernel and so on live in the cell.
        if name in {"cell", "__deepcopy__"} or name.startswith("__") or "cell" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.cell, name)


@contextmanager
def headed(cell_class: type, layer_class: type) -> Iterator[None]:
    """What the cell finds wrong with its arguments is said of the layer that was given them."""
    begins = rf"^{cell_class.__name__}(（\w+）)?"
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            yield
    except (KeyError, TypeError, ValueError) as error:
        if error.args and isinstance(error.args[0], str):
            error.args = (re.sub(begins, layer_class.__name__, error.args[0]), *error.args[1:])
        raise
    for warning in said:
        text = re.sub(begins, layer_class.__name__, str(warning.message))
        warnings.warn(text, warning.category, stacklevel=4)


def over(cell_class: type[Cell]) -> Callable[..., None]:
    """The __init__ of the layer that runs a cell: it takes what the cell takes, and what RNN takes.

    In Keras' order: activity_regularizer stands behind the cell's regularizers, RNN's parameters
    behind its implementation; whatever else the cell has comes last.
    """
    layer_has = {**parameters(RNN), **parameters(CellLayer)}
    del layer_has["cell"]
    activity = layer_has.pop("activity_regularizer")
    cell_has = list(parameters(cell_class).values())
    names = [p.name for p in cell_has]
    middle = names.index("bias_regularizer") + 1
    end = names.index("implementation") + 1 if "implementation" in names else len(names)
    signature = inspect.Signature(
        [
            inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            *cell_has[:middle],
            activity,
            *cell_has[middle:end],
            *layer_has.values(),
            *cell_has[end:],
            inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
        ]
    )

    def __init__(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = dict(bound.arguments)
        self, rest = given.pop("self"), given.pop("kwargs")
        with headed(cell_class, type(self)):
            cell = cell_class(**{name: given.pop(name) for name in names})
        CellLayer.__init__(self, cell, **given, **rest)

    types = {}
    for cls in (RNN, CellLayer, cell_class):
        types |= typing.get_type_hints(cls.__init__)
    __init__.__signature__ = signature  # type: ignore[attr-defined]
    __init__.__annotations__ = {name: types[name] for name in signature.parameters if name in types}
    return __init__


class SimpleRNN(CellLayer):
    """简单循环层：h_t = activation(x_t·W + h_(t−1)·U + b)，即 RNN 加 SimpleRNNCell。

    输入 (batch, time, features)，输出 (batch, units)；
    return_sequences=True 时 (batch, time, units)；return_state=True 时再返回 h (batch, units)。
    权重 kernel: (features, units)，recurrent_kernel: (units, units)，bias: (units,)。
    出错：units 不是正整数、输入不是三维、状态的个数或形状不对，抛出 ValueError。
    """

    _cell_class = SimpleRNNCell
    _run_cell = over(_cell_class)

    @functools.wraps(_run_cell)
    def __init__(self, *args, **kwargs):
        if kwargs.pop("implementation", None) is not None:
            warnings.warn("SimpleRNN 已没有 implementation 参数，不起作用。", stacklevel=3)
        self._run_cell(*args, **kwargs)


class GRU(CellLayer):
    """门控循环层（Gated Recurrent Unit）：RNN 加 GRUCell。

    输入 (batch, time, features)，输出 (batch, units)；
    return_sequences=True 时 (batch, time, units)；return_state=True 时再返回 h (batch, units)。
    权重 kernel: (features, 3·units)，recurrent_kernel: (units, 3·units)，bias: (3·units,)，
    reset_after=True 时 bias: (2, 3·units)；各门的次序是 z r h。
    h_t = z·h_(t−1) + (1 − z)·h̃：z 接近 1 时保留旧的状态。
    出错：units 不是正整数、输入不是三维、状态的个数或形状不对，抛出 ValueError。
    """

    _cell_class = GRUCell
    _run_cell = over(_cell_class)

    @functools.wraps(_run_cell)
    def __init__(self, *args, **kwargs):
        self._run_cell(*args, **current(kwargs))


class LSTM(CellLayer):
    """长短期记忆层（Long Short-Term Memory）：RNN 加 LSTMCell。

    输入 (batch, time, features)，输出 (batch, units)；
    return_sequences=True 时 (batch, time, units)；
    return_state=True 时再返回 h 与 c，各为 (batch, units)。
    权重 kernel: (features, 4·units)，recurrent_kernel: (units, 4·units)，bias: (4·units,)，
    各门的次序是 i f c o。
    dropout、recurrent_dropout 的掩码在一个序列的所有时间步相同（Gal 与 Ghahramani，2016）。
    implementation 1 与 2 的数值相同，只在用了 dropout 时不同：1 给每个门一个掩码，2 共用一个。
    出错：units 不是正整数、输入不是三维、状态的个数或形状不对，抛出 ValueError。
    """

    _cell_class = LSTMCell
    _run_cell = over(_cell_class)

    @functools.wraps(_run_cell)
    def __init__(self, *args, **kwargs):
        self._run_cell(*args, **current(kwargs))


def current(kwargs: dict) -> dict:
    """The arguments with implementation 0, which no longer exists, turned into 1."""
    if kwargs.get("implementation") == 0:
        warnings.warn("implementation=0 已经取消，按 implementation=1 计算。", stacklevel=4)
        return {**kwargs, "implementation": 1}
    return kwargs
