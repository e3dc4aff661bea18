"""RNN: any cell, run over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import backend as K
from ...backend.tape import on_tensors
from ...backend.tensors import Symbol, known, record_symbol
from ...engine.base_layer import InputSpec, Layer, is_readers_own
from ...engine.graph import layers_within
from ...errors import explain
from ...saving.serialization import deserialize
from ...utils.generic_utils import has_arg, to_list
from .stacked import StackedRNNCells, stepped, uses_learning_phase


def is_symbolic(x) -> bool:
    """Whether x is a symbol that has no value now."""
    return isinstance(known(x), Symbol)


class TakesStates(Layer):
    """A layer whose call takes a sequence, then initial states, then constants.

    They come as keywords or in the list of inputs.
    """

    _num_constants: int | None

    def _check_given(self, states: list, constants: list) -> None:
        """What a subclass demands of the states and constants that a call gives."""

    def __call__(self, inputs, initial_state=None, constants=None, **kwargs):
        states = [] if initial_state is None else to_list(initial_state, allow_tuple=True)
        fixed = [] if constants is None else to_list(constants, allow_tuple=True)
        extra = [*states, *fixed]
        if not extra:
            return super().__call__(inputs, **kwargs)
        arriving = to_list(inputs, allow_tuple=True)
        if len(arriving) > 1:
            raise AssertionError(
                explain(
                    self._label(),
                    f"{len(arriving)} 个输入的列表，另有 {len(extra)} 个初始状态与常量",
                    "初始状态与常量要么都在输入的列表里，要么都用关键字",
                    "layer(x, initial_state=[…])",
                )
            )
        self._check_given(states, fixed)
        if fixed:
            self._num_constants = len(fixed)
        symbolic = [isinstance(x, Symbol) for x in extra]
        numeric = not isinstance(arriving[0], Symbol)
        if any(symbolic) and not all(symbolic):
            raise ValueError(
                explain(
                    self._label(),
                    "一部分是符号张量、一部分是数组的初始状态与常量",
                    "初始状态与常量要么都来自 Input，要么都是数组",
                    "给初始状态也建一个 Input",
                )
            )
        if any(symbolic) and numeric:
            raise ValueError(
                explain(
                    self._label(),
                    "数组的输入与符号张量的初始状态",
                    "输入与初始状态要么都来自 Input，要么都是数组",
                    "给输入也建一个 Input",
                )
            )
        if numeric or any(symbolic):
            return super().__call__([*arriving, *extra], **kwargs)
        # Numbers that go with a symbolic sequence stay numbers at every run.
        if states:
            kwargs["initial_state"] = [self._tensor(x) for x in states]
        if fixed:
            kwargs["constants"] = [self._tensor(x) for x in fixed]
        return super().__call__(inputs, **kwargs)

    def _split(self, inputs) -> tuple[Any, list, list]:
        """The sequence, the initial states and the constants out of a list of inputs."""
        sequence, *rest = inputs if isinstance(inputs, list) else [inputs]
        at = max(len(rest) - (self._num_constants or 0), 0)
        return sequence, rest[:at], rest[at:]


class RNN(TakesStates):
    """循环层：沿时间轴反复调用一个单元（cell）。

    输入 (batch, time, features)，或列表 [输入, 初始状态…, 常量…]。输出：默认是最后一步
    (batch, units)；return_sequences=True 是每一步 (batch, time, units)；
    return_state=True 时后面再接各个最终状态。
    cell 要有 call(x_t, states) → (output, new_states) 和 state_size（一个数或一列数）；
    call 有参数 training、constants 时会收到它们。
    掩码：为 False 的步照抄上一步的输出与状态。
    出错：输入不是三维、状态的个数或形状不对、stateful 却没有固定的 batch，抛出 ValueError。

    参数：
        cell：一个单元，或单元的列表（依次叠起来，等于 StackedRNNCells）。
    """

    #: What a cell that takes no constants makes of them, as in Keras.
    refused_constants: type[Exception] = ValueError

    def __init__(
        self,
        cell,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs,
    ):
        if "input_dim" in kwargs or "input_length" in kwargs:
            shape = (kwargs.pop("input_length", None), kwargs.pop("input_dim", None))
            kwargs.setdefault("input_shape", shape)
        self._num_constants = kwargs.pop("num_constants", None)
        super().__init__(**kwargs)
        if isinstance(cell, list | tuple):
            cell = StackedRNNCells(cell)
        if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
            raise ValueError(
                explain(
                    self._label(),
                    f"cell={type(cell).__name__}",
                    "cell 要有 call(inputs, states) 方法和 state_size 属性",
                    "LSTMCell(units)，或自己写的单元",
                )
            )
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.supports_masking = True
        self.input_spec: Any = [InputSpec(ndim=3)]
        self.states: list = [None] * len(self._state_sizes)

    @property
    def _state_sizes(self) -> list:
        return to_list(self.cell.state_size, allow_tuple=True)

    def _state_shapes(self, input_shape) -> list[tuple]:
        """The shape of every state for an input shape."""
        return [(input_shape[0], n) for n in self._state_sizes]

    def _split_shapes(self, input_shape) -> tuple[tuple, list]:
        """The sequence's shape, and those of the constants."""
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        return shapes[0], shapes[len(shapes) - (self._num_constants or 0) :]

    def build(self, input_shape):
        shape, constants = self._split_shapes(input_shape)
        if self.stateful and None in (shape[0], *shape[2:]):
            raise ValueError(
                explain(
                    self._label(),
                    f"stateful=True，输入形状 {shape}",
                    "状态按样本保存，batch 大小必须固定",
                    "batch_input_shape=(batch, time, features)，或 Input(batch_shape=…)",
                )
            )
        if self.unroll and shape[1] is None:
            raise ValueError(
                explain(
                    self._label(),
                    f"unroll=True，输入形状 {shape}",
                    "展开的步数在建层时就要知道",
                    "unroll=False，或在 input_shape 里写出步数",
                )
            )
        if isinstance(self.cell, Layer) and not self.cell.built:
            step = (shape[0], *shape[2:])
            self.cell.build([step, *constants] if constants else step)
            self.cell.built = True
        batch = shape[0] if self.stateful else None
        self.input_spec = [InputSpec(shape=(batch, None, *shape[2:]))]
        if self.stateful:
            self.states = [K.zeros(state, name="state") for state in self._state_shapes(shape)]
        self.built = True

    def compute_output_shape(self, input_shape):
        shape, _ = self._split_shapes(input_shape)
        states = self._state_shapes(shape)
        last = getattr(self.cell, "output_size", None)
        output = states[0][1:] if last is None else tuple(to_list(last, allow_tuple=True))
        y = (*shape[:2], *output) if self.return_sequences else (shape[0], *output)
        return [y, *states] if self.return_state else y

    def compute_mask(self, inputs, mask=None):
        mask = to_list(mask)[0] if mask is not None else None
        if mask is not None and K.ndim(mask) != 2:
            raise ValueError(
                explain(
                    self._label(),
                    f"形状 {K.int_shape(mask)} 的掩码",
                    "循环层的掩码是 (batch, time)，每一步一个",
                    "用 TimeDistributed 处理内层，或自己写 compute_mask 收成 (batch, time)",
                )
            )
        output = mask if self.return_sequences else None
        return [output, *[None] * len(self._state_sizes)] if self.return_state else output

    def _check_given(self, states, constants) -> None:
        if constants and not has_arg(self.cell.call, "constants"):
            raise self.refused_constants(
                explain(
                    self._label(),
                    f"{len(constants)} 个常量",
                    f"{type(self.cell).__name__}.call 没有参数 constants",
                    "def call(self, inputs, states, constants=None)",
                )
            )

    def assert_input_compatibility(self, inputs):
        sequence, states, _ = self._split(inputs)
        super().assert_input_compatibility(sequence)
        if states:
            self._check_states(states, K.int_shape(sequence))

    def _check_states(self, states, input_shape) -> None:
        shapes = [K.int_shape(state) for state in states]
        wanted = self._state_shapes(input_shape)
        fits = len(shapes) == len(wanted) and all(
            len(a) == len(b) and all(None in (n, m) or n == m for n, m in zip(a, b, strict=True))
            for a, b in zip(shapes, wanted, strict=True)
        )
        if not fits:
            raise ValueError(
                explain(
                    self._label(),
                    f"{len(shapes)} 个状态，形状 {shapes}",
                    f"需要 {len(wanted)} 个状态，形状依次为 {wanted}，即 (batch, units)",
                    "按这个个数与形状给出，例如全 0 的数组",
                )
            )

    def get_initial_state(self, inputs) -> list:
        """全 0 的初始状态，batch 大小取自 inputs。"""

        def zeros(x):
            shapes = self._state_shapes(K.int_shape(x))
            return tuple(K.constant(0.0, shape=shape) for shape in shapes)

        return list(record_symbol(zeros, [inputs], {}) if is_symbolic(inputs) else zeros(inputs))

    def call(self, inputs, mask=None, training=None, initial_state=None, constants=None):
        sequence, states, fixed = self._split(inputs)
        initial = states or (initial_state and to_list(initial_state, allow_tuple=True))
        fixed = fixed or to_list(constants or [], allow_tuple=True)
        if not initial:
            initial = self.states if self.stateful else self.get_initial_state(sequence)
        self._check_states(initial, K.int_shape(sequence))
        mask = to_list(mask)[0] if mask is not None else None
        arguments = [sequence, mask, *initial, *fixed]

        def run(sequence, mask, *rest):
            at = len(initial)
            return self._over_time(sequence, mask, rest[:at], rest[at:], training)

        if is_readers_own(self) or is_readers_own(self.cell):
            run = on_tensors(run)
        symbolic = any(map(is_symbolic, arguments))
        last, outputs, *states = record_symbol(run, arguments, {}) if symbolic else run(*arguments)
        if self.stateful:
            self.add_update(list(zip(self.states, states, strict=True)), inputs)
        y = outputs if self.return_sequences else last
        return [y, *states] if self.return_state else y

    def _over_time(self, sequence, mask, initial, constants, training) -> tuple:
        """The cell over time: the last output, all outputs and the states."""
        # A cell, or one inside it, may draw dropout masks or convert weights for every sequence.
        parts: Any = layers_within(self.cell) if isinstance(self.cell, Layer) else [self.cell]
        for part in parts:
            if hasattr(part, "begin_sequence"):
                part.begin_sequence()
        last, outputs, states = K.rnn(
            self._step(constants, training),
            sequence,
            initial,
            go_backwards=self.go_backwards,
            mask=mask,
            unroll=self.unroll,
        )
        return last, outputs, *states

    def _step(self, constants, training):
        settings = {"training": training} if has_arg(self.cell.call, "training") else {}
        if constants:
            settings["constants"] = list(constants)

        def step(x, states):
            result = self.cell.call(x, list(states), **settings)
            return stepped(self.cell, result, states, self.unroll)

        return step

    def reset_states(self, states=None) -> None:
        """stateful 层的状态清零，或设为 states（一列 (batch, units) 的数组）。"""
        if not self.stateful or not self.built:
            raise AttributeError(
                explain(
                    f"{self._label()}.reset_states",
                    f"stateful={self.stateful}、{'已' if self.built else '未'}建好的层",
                    "只有建好的 stateful 层保存状态",
                    "stateful=True，并先给出 batch_input_shape",
                )
            )
        shapes = [state.shape for state in self.states]
        new = (
            [np.zeros(shape) for shape in shapes]
            if states is None
            else [np.asarray(state) for state in to_list(states, allow_tuple=True)]
        )
        if [state.shape for state in new] != shapes:
            raise ValueError(
                explain(
                    f"{self._label()}.reset_states",
                    f"{len(new)} 个状态，形状 {[state.shape for state in new]}",
                    f"需要 {len(shapes)} 个状态，形状依次为 {shapes}，即 (batch, units)",
                    "按这个个数与形状给出，例如全 0 的数组",
                )
            )
        K.batch_set_value(zip(self.states, new, strict=True))

    @property
    def trainable_weights(self):
        own = self.cell.trainable_weights if isinstance(self.cell, Layer) else []
        return own if self.trainable else []

    @property
    def non_trainable_weights(self):
        if not isinstance(self.cell, Layer):
            return []
        return self.cell.non_trainable_weights if self.trainable else self.cell.weights

    @property
    def losses(self):
        return (self.cell.losses if isinstance(self.cell, Layer) else []) + super().losses

    @property
    def uses_learning_phase(self) -> bool:
        """单元在训练与预测时的计算是否不同：有没有 Dropout。"""
        return uses_learning_phase(self.cell)

    def get_losses_for(self, inputs):
        cell = self.cell.get_losses_for(inputs) if isinstance(self.cell, Layer) else []
        return cell + super().get_losses_for(inputs)

    def get_config(self):
        config = super().get_config()
        if self._num_constants is not None:
            config["num_constants"] = self._num_constants
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        if isinstance(config.get("cell"), dict):
            config = {**config, "cell": deserialize(config["cell"], custom_objects)}
        return cls(**config)
