"""K.gradients: of tensors by the walk back over the tape, of symbols as a record of that walk."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..errors import explain
from .elementwise import add
from .evaluation import depends_on
from .reduction import sum as reduce_sum
from .tape import Operation, walk_back
from .tensors import Record, Symbol, Tensor, known


def gradients(loss: Any, variables: Any) -> list:
    """loss 对每个变量的梯度 d loss / d variable，形状与变量相同；没有联系的变量得 None。

    loss 不是标量时，先对所有元素求和；几个 loss 的列表也加在一起（与 TensorFlow 相同）。
    只有一阶导数：不能再对梯度求导。
    变量可以是 K.variable、任何中间结果，也可以是符号张量（结果也是符号张量，由 K.function 求值）。
    """
    wanted = list(variables) if isinstance(variables, list | tuple) else [variables]
    if isinstance(loss, list | tuple) and loss:
        loss = functools.reduce(add, [reduce_sum(part) for part in loss])
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
    return differentiated(loss, wanted)


def differentiated(loss: Tensor, wanted) -> list:
    """The gradients as tensors, whose own derivative is refused; None where there is no link."""
    operation = Operation(differentiate, (loss, *wanted), {}, no_second_derivative, len(wanted))
    values = walk_back(loss, wanted)
    return [None if dy is None else Tensor(dy, operation, i) for i, dy in enumerate(values)]


def differentiate(loss, *wanted) -> list[Tensor]:
    """gradients as the function of a record; an unconnected symbol's gradient is 0."""
    if not all(isinstance(x, Tensor) for x in (loss, *wanted)):
        raise NotImplementedError(
            explain(
                "K.gradients",
                "在训练的损失里对输入求的梯度",
                "训练要再对它求导，而磁带只记前向的计算，所以只有一阶导数",
                "用 K.function([x], [梯度]) 单独求值",
            )
        )
    found = differentiated(loss, wanted)
    return [
        Tensor(np.zeros_like(x.value)) if dy is None else dy
        for dy, x in zip(found, wanted, strict=True)
    ]


def no_second_derivative(*dys):
    raise NotImplementedError(
        explain(
            "K.gradients",
            "对梯度再求导",
            "磁带只记前向的计算，反向的计算不在磁带上，所以只有一阶导数",
            "K.stop_gradient(梯度) 把它当作常数，或写出梯度的公式",
        )
    )


class GradientRecord(Record):
    """The walk back over a graph, which must have run on the tape."""

    __slots__ = ()
    needs_tape = True


def symbolic_gradients(loss: Symbol, wanted: list) -> list:
    """A symbol for every gradient; None for a symbol that the loss does not come from."""
    connected = [x for x in wanted if depends_on(loss, x)]
    record = GradientRecord(differentiate, (loss, *connected), {})
    found = {
        id(x): Symbol(x.shape, str(x.dtype), f"gradients:{i}", record, i)
        for i, x in enumerate(connected)
    }
    return [found.get(id(x)) for x in wanted]
