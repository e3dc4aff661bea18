"""Several cells as one."""

from __future__ import annotations

import warnings

import numpy as np

from ...engine.base_layer import Layer
from ...errors import explain
from ...manner import refuse
from ...saving.serialization import deserialize
from ...utils.generic_utils import has_arg, to_list


class StackedRNNCells(Layer):
    """叠起来的单元：前一个的输出是后一个的输入，合起来当一个用。

    状态是各个单元的状态依次接起来，例如两层 LSTM 是 [h1, c1, h2, c2]；
    reverse_state_order=True 时按单元的倒序（Keras 2.1 以前的次序）。
    出错：单元没有 call 或 state_size，抛出 ValueError。

    参数：
        cells：单元的列表，每个都有 call 与 state_size。
    """

    def __init__(self, cells, **kwargs):
        self.reverse_state_order = kwargs.pop("reverse_state_order", False)
        super().__init__(**kwargs)
        for cell in cells:
            if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
                raise ValueError(
                    explain(
                        self._label(),
                        f"单元 {type(cell).__name__}",
                        "每个单元要有 call(inputs, states) 方法和 state_size 属性",
                        "[LSTMCell(8), LSTMCell(4)]",
                    )
                )
        if self.reverse_state_order:
            warnings.warn(
                "reverse_state_order=True 是旧的状态次序，今后请按单元的次序使用状态。",
                stacklevel=2,
            )
        self.cells = list(cells)

    def _in_state_order(self, items: list) -> list:
        return items[::-1] if self.reverse_state_order else items

    @property
    def state_size(self) -> tuple:
        """各个单元的状态大小，接成一个元组。"""
        ordered = self._in_state_order(self.cells)
        return tuple(n for cell in ordered for n in to_list(cell.state_size, allow_tuple=True))

    @property
    def output_size(self):
        """最后一个单元的输出大小。"""
        return output_size(self.cells[-1])

    def build(self, input_shape):
        shape, *constants = input_shape if isinstance(input_shape, list) else [input_shape]
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                takes = has_arg(cell.call, "constants")
                cell.build([shape, *constants] if takes and constants else shape)
                cell.built = True
            shape = (shape[0], output_size(cell))
        self.built = True

    def call(self, inputs, states, constants=None, training=None):
        states, groups = list(states), []
        for cell in self._in_state_order(self.cells):
            count = len(to_list(cell.state_size, allow_tuple=True))
            groups.append(states[:count])
            states = states[count:]
        after = []
        for cell, own in zip(self.cells, self._in_state_order(groups), strict=True):
            settings = {"training": training} if has_arg(cell.call, "training") else {}
            if constants and has_arg(cell.call, "constants"):
                settings["constants"] = constants
            inputs, new = stepped(cell, cell.call(inputs, own, **settings), own, loose=True)
            after.append(new)
        return inputs, [state for new in self._in_state_order(after) for state in new]

    @property
    def uses_learning_phase(self) -> bool:
        """有没有一个单元在训练与预测时的计算不同。"""
        return any(map(uses_learning_phase, self.cells))

    @property
    def trainable_weights(self):
        if not self.trainable:
            return []
        return [w for cell in self._layers for w in cell.trainable_weights]

    @property
    def non_trainable_weights(self):
        frozen = [w for cell in self._layers for w in cell.non_trainable_weights]
        if not self.trainable:
            frozen = [w for cell in self._layers for w in cell.trainable_weights] + frozen
        return frozen

    @property
    def _layers(self) -> list[Layer]:
        return [cell for cell in self.cells if isinstance(cell, Layer)]

    @property
    def _stored_weights(self):
        return [w for cell in self._layers for w in cell.weights]

    @property
    def losses(self):
        return [loss for cell in self._layers for loss in cell.losses] + super().losses

    def get_losses_for(self, inputs=None):
        cells = [loss for cell in self._layers for loss in cell.get_losses_for(inputs)]
        return cells + super().get_losses_for(inputs)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        cells = [deserialize(cell, custom_objects) for cell in config["cells"]]
        return cls(**{**config, "cells": cells})


def stepped(cell, result, states, loose: bool = False) -> tuple:
    """What a cell's call returned: the output, and new states like those it was given.

    Where a step is not one of a loop (loose), Keras took other states as well.
    """
    wanted = [tuple(np.shape(state))[1:] for state in states]
    parts = list(result) if isinstance(result, list | tuple) else [result]
    listed = len(parts) == 2 and isinstance(parts[1], list | tuple)
    shapes = [tuple(np.shape(state))[1:] for state in parts[1]] if listed else []
    if listed and shapes == wanted:
        return tuple(parts)
    if listed:
        received = f"{len(shapes)} 个新状态，形状（不含 batch 轴）{shapes}"
    elif result is None:
        received = "call 的结果 None（函数里少了 return？）"
    else:
        received = f"call 的结果 ({', '.join(type(part).__name__ for part in parts)})"
    error = ValueError(
        explain(
            f"单元 {getattr(cell, 'name', type(cell).__name__)}",
            received,
            "call 返回 (output, 新状态的列表)；新状态与收到的一样，"
            f"{len(wanted)} 个，形状（不含 batch 轴）{wanted}",
            f"return output, [{', '.join(f'state_{n + 1}' for n in range(len(wanted)))}]",
        )
    )
    if not (listed and loose):
        raise error
    refuse(error)
    return tuple(parts)


def output_size(cell) -> int:
    """The length of a cell's output: its output_size, or else its first state's."""
    size = getattr(cell, "output_size", None)
    return to_list(cell.state_size, allow_tuple=True)[0] if size is None else size


def uses_learning_phase(cell) -> bool:
    """Whether a cell computes something else in training; one that is no Layer need not say so."""
    return getattr(cell, "uses_learning_phase", has_arg(cell.call, "training"))
