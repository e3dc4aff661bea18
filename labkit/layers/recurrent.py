"""Recurrent layers: RNN runs any cell over time, LSTM is RNN with an LSTMCell."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np

from .. import activations, constraints, initializers, regularizers
from .. import backend as K
from ..backend.tape import Symbol
from ..errors import explain
from ..layer import InputSpec, Layer
from ..signatures import parameters
from ..types import Activation, Constraint, Initializer, Regularizer
from ..utils.generic_utils import to_list
from ..validation import positive, rate


class RNN(Layer):
    """沿时间轴反复调用一个单元（cell）。

    输入 (batch, time, features)，或列表 [输入, 初始状态…]。输出：默认是最后一步 (batch, units)；
    return_sequences=True 是每一步 (batch, time, units)；return_state=True 时后面再接各个最终状态。
    cell 要有 call(x_t, states) → (output, new_states) 和 state_size（一个数或一列数）。
    掩码：为 False 的步照抄上一步的输出与状态。
    出错：输入不是三维、状态的个数或形状不对、stateful 却没有固定的 batch，抛出 ValueError。
    """

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
        super().__init__(**kwargs)
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
        self.input_spec = [InputSpec(ndim=3)]
        self.states: list = [None] * len(self._state_sizes)

    @property
    def _state_sizes(self) -> list[int]:
        return to_list(self.cell.state_size, allow_tuple=True)

    def build(self, input_shape):
        shape = input_shape[0] if isinstance(input_shape, list) else input_shape
        if self.stateful and shape[0] is None:
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
            self.cell.build((shape[0], *shape[2:]))
            self.cell.built = True
        batch = shape[0] if self.stateful else None
        self.input_spec = [InputSpec(shape=(batch, None, *shape[2:]))]
        if self.stateful:
            self.states = [K.zeros((batch, n), name="state") for n in self._state_sizes]
        self.built = True

    def compute_output_shape(self, input_shape):
        shape = input_shape[0] if isinstance(input_shape, list) else input_shape
        units = getattr(self.cell, "output_size", self._state_sizes[0])
        output = (*shape[:2], units) if self.return_sequences else (shape[0], units)
        return (
            [output, *((shape[0], n) for n in self._state_sizes)] if self.return_state else output
        )

    def compute_mask(self, inputs, mask=None):
        mask = to_list(mask)[0] if mask is not None else None
        output = mask if self.return_sequences else None
        return [output, *[None] * len(self._state_sizes)] if self.return_state else output

    def __call__(self, inputs, initial_state=None, **kwargs):
        if initial_state is not None:
            inputs = [inputs, *to_list(initial_state, allow_tuple=True)]
        if isinstance(inputs, list) and len({isinstance(x, Symbol) for x in inputs}) > 1:
            raise ValueError(
                explain(
                    self._label(),
                    "一部分是符号张量、一部分是数组的输入与初始状态",
                    "输入与初始状态要么都来自 Input，要么都是数组",
                    "给初始状态也建一个 Input",
                )
            )
        return super().__call__(inputs, **kwargs)

    def assert_input_compatibility(self, inputs):
        sequence, *states = inputs if isinstance(inputs, list) else [inputs]
        super().assert_input_compatibility(sequence)
        if states:
            self._check_states(states, K.int_shape(sequence)[0])

    def _check_states(self, states, batch) -> None:
        shapes = [K.int_shape(state) for state in states]
        wanted = [(batch, n) for n in self._state_sizes]
        fits = len(shapes) == len(wanted) and all(
            len(a) == 2 and a[1] == b[1] and (None in (a[0], b[0]) or a[0] == b[0])
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

    def call(self, inputs, mask=None, training=None):
        sequence, *initial = inputs if isinstance(inputs, list) else [inputs]
        if not initial:
            batch = K.int_shape(sequence)[0]
            zeros = [np.zeros((batch, n), K.floatx()) for n in self._state_sizes]
            initial = self.states if self.stateful else zeros
        # A cell that drops values out draws its masks once a sequence.
        if hasattr(self.cell, "draw_dropout"):
            self.cell.draw_dropout(sequence, initial[0], training)
        last, outputs, states = K.rnn(
            self.cell.call,
            sequence,
            initial,
            go_backwards=self.go_backwards,
            mask=to_list(mask)[0] if mask is not None else None,
            unroll=self.unroll,
        )
        if self.stateful:
            self.add_update(list(zip(self.states, states, strict=True)))
        y = outputs if self.return_sequences else last
        return [y, *states] if self.return_state else y

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
        batch = self.input_spec[0].shape[0]
        new = (
            [np.zeros(s.shape) for s in self.states]
            if states is None
            else to_list(states, allow_tuple=True)
        )
        self._check_states(new, batch)
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


class LSTMCell(Layer):
    """LSTM 的一步：输入 x_t 与上一步的 [h, c]，得到新的 h 与 c。

    i, f, o = recurrent_activation(x·W + h·U + b) 的三份，
    c' = f·c + i·activation(x·W_c + h·U_c + b_c)，h' = o·activation(c')。
    权重 kernel: (features, 4·units)，recurrent_kernel: (units, 4·units)，bias: (4·units,)，
    各门的次序是 i f c o。
    来源：Hochreiter 与 Schmidhuber，1997；遗忘门：Gers 等，2000。
    """

    def __init__(
        self,
        units: int,
        activation: Activation = "tanh",
        recurrent_activation: Activation = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal",
        bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: Literal[1, 2] = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = positive(self._label(), "units", units)
        self.activation = activations.get(activation)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.unit_forget_bias = unit_forget_bias
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = rate(self._label(), "dropout", dropout)
        self.recurrent_dropout = rate(self._label(), "recurrent_dropout", recurrent_dropout)
        if implementation not in {1, 2}:
            raise ValueError(
                explain(
                    self._label(),
                    f"implementation={implementation!r}",
                    "implementation 只能是 1 或 2",
                    "implementation=1",
                )
            )
        self.implementation = implementation
        self.state_size = (self.units, self.units)
        self.output_size = self.units
        self._masks = self._recurrent_masks = [None]

    def build(self, input_shape):
        u = self.units
        self.kernel = self.add_weight(
            "kernel",
            (input_shape[-1], 4 * u),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel",
            (u, 4 * u),
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )

        def forget_one(shape, dtype=None):
            draw = self.bias_initializer
            return np.concatenate([draw((u,), dtype), np.ones(u, dtype), draw((2 * u,), dtype)])

        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                (4 * u,),
                initializer=forget_one if self.unit_forget_bias else self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.built = True

    def draw_dropout(self, sequence, state, training=None) -> None:
        """Draw a sequence's masks: the same at every step, one per gate in implementation 1."""
        count = 4 if self.implementation == 1 else 1

        def draw(shape, rate):
            if not 0 < rate < 1 or not K.in_train_phase(True, False, training=training):
                return [None]
            return [K.dropout(np.ones(shape, K.floatx()), level=rate) for _ in range(count)]

        batch, _, features = K.int_shape(sequence)
        self._masks = draw((batch, features), self.dropout)
        self._recurrent_masks = draw((batch, self.units), self.recurrent_dropout)

    def call(self, inputs, states):
        h, c = states
        z = masked_dot(inputs, self.kernel, self._masks)
        z = z + masked_dot(h, self.recurrent_kernel, self._recurrent_masks)
        if self.bias is not None:
            z = K.bias_add(z, self.bias)
        i, f, candidate, o = K.split(z, parts=4)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(candidate)
        h = gate(o) * self.activation(c)
        return h, [h, c]


def masked_dot(x, W, masks):
    """x · W, where x is dropped out by one mask, or by one mask for each quarter of W's columns."""
    if len(masks) == 1:
        return K.dot(x if masks[0] is None else x * masks[0], W)
    return K.concatenate(
        [K.dot(x * mask, part) for mask, part in zip(masks, K.split(W, parts=4), strict=True)]
    )


class LSTM(RNN):
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

    def __init__(
        self,
        units: int,
        activation: Activation = "tanh",
        recurrent_activation: Activation = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal",
        bias_initializer: Initializer = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: Literal[1, 2] = 1,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs,
    ):
        if implementation == 0:
            warnings.warn("implementation=0 已经取消，按 implementation=1 计算。", stacklevel=3)
            implementation = 1
        given = dict(locals())
        cell = LSTMCell(**{name: given[name] for name in parameters(LSTMCell)})
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            **kwargs,
        )
        self.activity_regularizer = regularizers.get(activity_regularizer)

    def __getattr__(self, name):
        # units, activation, kernel and so on live in the cell.
        if name in {"cell", "__deepcopy__"} or name.startswith("__") or "cell" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.cell, name)

    def get_config(self):
        config = super().get_config()
        del config["cell"]
        return config
