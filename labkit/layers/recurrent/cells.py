"""The cells: one step of SimpleRNN, GRU and LSTM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import numpy as np

from ... import backend as K
from ...arguments.types import Activation, Constraint, Initializer, Regularizer
from ...arguments.validation import count, rate
from ...backend.tensors import Symbol
from ...engine.base_layer import Layer
from ...errors import explain
from ...initializers import Identity
from ...manner import refuse
from ..settings import take

Implementation = Literal[1, 2]
C = TypeVar("C", bound=type)


class Cell(Layer):
    """循环单元的公共部分；gates 是权重里并排放着几个门。

    参数：
        units：正整数，状态与输出的长度。
    """

    gates: int
    states = 1
    units: int
    use_bias: bool
    dropout: float
    recurrent_dropout: float
    implementation: Implementation
    activation: Callable[..., Any]
    recurrent_activation: Callable[..., Any]
    kernel: Any
    recurrent_kernel: Any
    bias: Any
    recurrent_initializer: Callable[..., Any]
    recurrent_regularizer: Any
    recurrent_constraint: Any

    def _complete(self, dropout: float, recurrent_dropout: float) -> None:
        """The end of every cell's constructor: the shares to drop, and what follows from units."""
        where = self._label()
        take(
            self,
            dropout=rate(where, "dropout", dropout),
            recurrent_dropout=rate(where, "recurrent_dropout", recurrent_dropout),
        )
        self.state_size = self.units if self.states == 1 else (self.units,) * self.states
        self.output_size = self.units
        self._dropout_mask = self._recurrent_dropout_mask = None

    @property
    def uses_learning_phase(self) -> bool:
        """有没有 Dropout。"""
        return max(self.dropout, self.recurrent_dropout) > 0

    def build(self, input_shape):
        width = self.gates * self.units
        self.kernel = self._weight("kernel", (input_shape[-1], width))
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel",
            (self.units, width),
            initializer=self._recurrent_draw(),
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.bias = self._build_bias(width) if self.use_bias else None
        self.built = True

    def _recurrent_draw(self):
        """The recurrent kernel's initializer; Keras repeats the identity for each gate."""
        if self.gates == 1 or not isinstance(self.recurrent_initializer, Identity):
            return self.recurrent_initializer
        # Keras leaves its gain out here.
        return lambda shape, dtype=None: np.tile(np.eye(shape[0], dtype=dtype), self.gates)

    def _build_bias(self, width: int):
        return self._weight("bias", (width,))

    def begin_sequence(self) -> None:
        """Forget the masks: the first step of a sequence draws those of all its steps."""
        self._dropout_mask = self._recurrent_dropout_mask = None

    def _masks(self, x, h, training) -> tuple[list, list]:
        """This sequence's masks for the input and for the state."""
        count = self.gates if self.implementation == 1 else 1
        self._dropout_mask, masks = drawn(self._dropout_mask, x, self.dropout, training, count)
        self._recurrent_dropout_mask, recurrent = drawn(
            self._recurrent_dropout_mask, h, self.recurrent_dropout, training, count
        )
        return masks, recurrent


def drawn(before: list | None, x, share: float, training, count: int) -> tuple[list | None, list]:
    """A cell's masks for x: those to keep, drawn unless they were before, and those to use now."""
    if not 0 < share < 1:
        return before, [None]
    if isinstance(x, Symbol):  # which phase it is shows when the graph runs
        before = before or [
            _generate_dropout_mask(K.ones_like(x), share, training) for _ in range(count)
        ]
        return before, before
    if not K.in_train_phase(True, False, training=training):
        return before, [None]
    if before is None:
        ones = np.ones(K.int_shape(x), K.floatx())
        before = [K.dropout(ones, level=share) for _ in range(count)]
    return before, before


class Derived:
    """An attribute that follows from others, until a subclass sets one of its own."""

    def __init__(self, compute: Callable[[Any], Any]):
        self.compute = compute

    def __get__(self, cell, owner=None):
        return self if cell is None else self.compute(cell)


def with_gates(names: str, *weights: str) -> Callable[[C], C]:
    """Give a class of cells Keras' names for one gate's columns: kernel_i, kernel_f and so on."""

    def columns(weight: str, index: int) -> Derived:
        def compute(cell):
            W = getattr(cell, weight)
            return None if W is None else K.split(W, parts=len(names))[index]

        return Derived(compute)

    def add(cell_class):
        for weight in weights:
            for index, name in enumerate(names):
                setattr(cell_class, f"{weight}_{name}", columns(weight, index))
        return cell_class

    return add


def one_or_two(where: str, implementation) -> int:
    """ValueError for an implementation that does not exist."""
    if implementation not in (1, 2):
        refuse(
            ValueError(
                explain(
                    where,
                    f"implementation={implementation!r}",
                    "implementation 只能是 1 或 2",
                    "implementation=1",
                )
            )
        )
    return implementation


def masked_dot(x, W, masks):
    """x · W, where x is dropped out by one mask, or by one mask for each gate's part of W."""
    if len(masks) == 1:
        return K.dot(x if masks[0] is None else x * masks[0], W)
    parts = K.split(W, parts=len(masks))
    return K.concatenate([K.dot(x * m, part) for m, part in zip(masks, parts, strict=True)])


class SimpleRNNCell(Cell):
    """简单循环的一步：h' = activation(x·W + h·U + b)，输出就是新的状态 h'。

    权重 kernel: (features, units)，recurrent_kernel: (units, units)，bias: (units,)。
    来源：Elman，1990。
    """

    gates = 1
    implementation: Implementation = 1  # Keras gave it no choice

    def __init__(
        self,
        units: int,
        activation: Activation = "tanh",
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal",
        bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        take(
            self,
            units=count(self._label(), "units", units),
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        self._complete(dropout, recurrent_dropout)

    def call(self, inputs, states, training=None):
        masks, recurrent_masks = self._masks(inputs, states[0], training)
        z = masked_dot(inputs, self.kernel, masks)
        if self.bias is not None:
            z = K.bias_add(z, self.bias)
        h = self.activation(z + masked_dot(states[0], self.recurrent_kernel, recurrent_masks))
        return h, [h]


@with_gates("zrh", "kernel", "recurrent_kernel", "input_bias", "recurrent_bias")
class GRUCell(Cell):
    """GRU 的一步：输入 x_t 与上一步的 h，得到新的 h。

    z = recurrent_activation(x·W_z + h·U_z + b_z)（更新门），r 同式（重置门），
    h̃ = activation(x·W_h + (r·h)·U_h + b_h)，h' = z·h + (1 − z)·h̃。
    reset_after=True 时 h̃ = activation(x·W_h + b_h + r·(h·U_h + b'_h))，与 CuDNN 相同。
    权重 kernel: (features, 3·units)，recurrent_kernel: (units, 3·units)，bias: (3·units,)，
    reset_after=True 时 bias: (2, 3·units)；各门的次序是 z r h。
    来源：Cho 等，2014；reset_after 见 CuDNN。

    参数：
        reset_after：布尔值，重置门乘在矩阵乘法之后（True，与 CuDNN 相同）还是之前（False）。
    """

    gates = 3
    reset_after: bool
    input_bias = Derived(lambda cell: cell._biases()[0])
    recurrent_bias = Derived(lambda cell: cell._biases()[1])

    def __init__(
        self,
        units: int,
        activation: Activation = "tanh",
        recurrent_activation: Activation = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal",
        bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: Implementation = 1,
        reset_after: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        take(
            self,
            units=count(self._label(), "units", units),
            implementation=one_or_two(self._label(), implementation),
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            reset_after=reset_after,
        )
        self._complete(dropout, recurrent_dropout)

    def _build_bias(self, width):
        return self._weight("bias", (2, width) if self.reset_after else (width,))

    def _biases(self) -> tuple[Any, Any]:
        """What is added to the input's product, and to the state's."""
        if self.bias is not None and self.reset_after:
            return self.bias[0], self.bias[1]
        return self.bias, None

    def call(self, inputs, states, training=None):
        u, h = self.units, states[0]
        input_masks, masks = self._masks(inputs, h, training)
        if self.implementation == 2 and masks[0] is not None:
            h, masks = h * masks[0], [None]  # Keras drops out the state itself here
        bias, recurrent_bias = self._biases()

        x_zr, x_h = split_at(masked_dot(inputs, self.kernel, input_masks), 2 * u, bias)
        U_zr, U_h = self.recurrent_kernel[:, : 2 * u], self.recurrent_kernel[:, 2 * u :]
        h_zr = masked_dot(h, U_zr, masks[:2])
        h_h = h if masks[-1] is None else h * masks[-1]
        if self.reset_after:
            h_zr, _ = add_parts(h_zr, None, recurrent_bias, 2 * u)
        # Gate by gate: an activation like softmax must not mix them.
        z, r = map(self.recurrent_activation, K.split(x_zr + h_zr, parts=2))
        if self.reset_after:
            _, inner = add_parts(None, K.dot(h_h, U_h), recurrent_bias, 2 * u)
            candidate = self.activation(x_h + r * inner)
        else:
            candidate = self.activation(x_h + K.dot(r * h_h, U_h))
        h = z * h + (1 - z) * candidate
        return h, [h]


def split_at(x, width: int, bias):
    """The first `width` columns of x + bias, and the others."""
    x = x if bias is None else K.bias_add(x, bias)
    return x[:, :width], x[:, width:]


def add_parts(first, second, bias, width: int):
    """Both with their parts of a bias that stands for the two of them."""
    if bias is None:
        return first, second
    return (
        None if first is None else K.bias_add(first, bias[:width]),
        None if second is None else K.bias_add(second, bias[width:]),
    )


@with_gates("ifco", "kernel", "recurrent_kernel", "bias")
class LSTMCell(Cell):
    """LSTM 的一步：输入 x_t 与上一步的 [h, c]，得到新的 h 与 c。

    i, f, o = recurrent_activation(x·W + h·U + b) 的三份，
    c' = f·c + i·activation(x·W_c + h·U_c + b_c)，h' = o·activation(c')。
    权重 kernel: (features, 4·units)，recurrent_kernel: (units, 4·units)，bias: (4·units,)，
    各门的次序是 i f c o。
    来源：Hochreiter 与 Schmidhuber，1997；遗忘门：Gers 等，2000。
    """

    gates, states = 4, 2

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
        implementation: Implementation = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        take(
            self,
            units=count(self._label(), "units", units),
            implementation=one_or_two(self._label(), implementation),
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        self._complete(dropout, recurrent_dropout)

    def _build_bias(self, width):
        return lstm_bias(self, width, self.units)

    def call(self, inputs, states, training=None):
        h, c = states
        masks, recurrent_masks = self._masks(inputs, h, training)
        z = masked_dot(inputs, self.kernel, masks)
        z = z + masked_dot(h, self.recurrent_kernel, recurrent_masks)
        if self.bias is not None:
            z = K.bias_add(z, self.bias)
        i, f, candidate, o = K.split(z, parts=4)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(candidate)
        h = gate(o) * self.activation(c)
        return h, [h, c]


def lstm_bias(cell: Any, width: int, units: int):
    """The bias of a cell with LSTM's gates, as its parameters bias_… and unit_forget_bias say."""
    draw = cell.bias_initializer
    return cell.add_weight(
        "bias",
        (width,),
        initializer=forget_one(draw, units) if cell.unit_forget_bias and draw else draw,
        regularizer=cell.bias_regularizer,
        constraint=cell.bias_constraint,
    )


def forget_one(initializer, units: int):
    """An initializer of the bias (…·units,) that gives the forget gate, the second, ones."""

    def draw(shape, dtype=None):
        rest = initializer((shape[0] - 2 * units,), dtype=dtype)
        return np.concatenate([initializer((units,), dtype=dtype), np.ones(units, dtype), rest])

    return draw


def _generate_dropout_mask(ones, rate, training=None, count=1):
    """Dropout masks in the shape of `ones`; Keras' cells, and those made after them, draw so."""
    masks = [
        K.in_train_phase(lambda: K.dropout(ones, level=rate), ones, training=training)
        for _ in range(count)
    ]
    return masks if count > 1 else masks[0]
