"""The cells: one step of SimpleRNN, GRU and LSTM; and the layer over a cell."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ... import activations, constraints, initializers, regularizers
from ... import backend as K
from ...arguments.signatures import parameters
from ...arguments.types import Activation, Constraint, Initializer, Regularizer
from ...arguments.validation import positive, rate
from ...engine.base_layer import Layer
from ...errors import explain
from .rnn import RNN

Implementation = Literal[1, 2]
RESOLVERS = {
    "initializer": initializers.get,
    "regularizer": regularizers.get,
    "constraint": constraints.get,
    "activation": activations.get,
}


def take(layer: Layer, given: dict[str, Any]) -> None:
    """Set each of a constructor's arguments as an attribute, names resolved to what they mean."""
    for name, value in given.items():
        resolve = RESOLVERS.get(name.rsplit("_", 1)[-1])
        if name in {"dropout", "recurrent_dropout"}:
            value = rate(layer._label(), name, value)
        setattr(layer, name, resolve(value) if resolve else value)


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
    implementation: Implementation = 1
    activation: Callable[..., Any]
    recurrent_activation: Callable[..., Any]
    kernel: Any
    recurrent_kernel: Any
    bias: Any

    def _begin(self, given: dict[str, Any]) -> None:
        """The rest of __init__, from its arguments."""
        own = {
            name: value
            for name, value in given.items()
            if name not in {"self", "kwargs", "__class__"}
        }
        own["units"] = positive(self._label(), "units", own["units"])
        if own.get("implementation", 1) not in {1, 2}:
            raise ValueError(
                explain(
                    self._label(),
                    f"implementation={own['implementation']!r}",
                    "implementation 只能是 1 或 2",
                    "implementation=1",
                )
            )
        take(self, own)
        self.state_size = self.units if self.states == 1 else (self.units,) * self.states
        self.output_size = self.units
        self._masks = self._recurrent_masks = [None]

    @property
    def uses_learning_phase(self) -> bool:
        """有没有 Dropout。"""
        return max(self.dropout, self.recurrent_dropout) > 0

    def build(self, input_shape):
        width = self.gates * self.units
        self.kernel = self._weight("kernel", (input_shape[-1], width))
        self.recurrent_kernel = self._weight("recurrent_kernel", (self.units, width), "recurrent")
        self.bias = self._build_bias(width) if self.use_bias else None
        self.built = True

    def _build_bias(self, width: int):
        return self._weight("bias", (width,))

    def begin_sequence(self, sequence, training=None, features=None) -> None:
        """Draw a sequence's masks: the same at every step, one per gate in implementation 1."""
        count = self.gates if self.implementation == 1 else 1
        shape = K.int_shape(sequence)

        def draw(width, rate):
            if not 0 < rate < 1 or not K.in_train_phase(True, False, training=training):
                return [None]
            ones = np.ones((shape[0], width), K.floatx())
            return [K.dropout(ones, level=rate) for _ in range(count)]

        self._masks = draw(features or shape[-1], self.dropout)
        self._recurrent_masks = draw(self.units, self.recurrent_dropout)


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
        self._begin(locals())

    def call(self, inputs, states):
        z = masked_dot(inputs, self.kernel, self._masks)
        if self.bias is not None:
            z = K.bias_add(z, self.bias)
        h = self.activation(z + masked_dot(states[0], self.recurrent_kernel, self._recurrent_masks))
        return h, [h]


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
        self._begin(locals())

    def _build_bias(self, width):
        return self._weight("bias", (2, width) if self.reset_after else (width,))

    def call(self, inputs, states):
        u, h, masks = self.units, states[0], self._recurrent_masks
        if self.implementation == 2 and masks[0] is not None:
            h, masks = h * masks[0], [None]  # Keras drops out the state itself here
        bias = recurrent_bias = self.bias
        if self.bias is not None and self.reset_after:
            bias, recurrent_bias = self.bias[0], self.bias[1]

        x_zr, x_h = split_at(masked_dot(inputs, self.kernel, self._masks), 2 * u, bias)
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
        self._begin(locals())

    def _build_bias(self, width):
        return lstm_bias(self, width, self.units)

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


def lstm_bias(cell: Any, width: int, units: int):
    """The bias of a cell with LSTM's gates, as its parameters bias_… and unit_forget_bias say."""
    draw = cell.bias_initializer
    return cell.add_weight(
        "bias",
        (width,),
        initializer=forget_one(draw, units) if cell.unit_forget_bias else draw,
        regularizer=cell.bias_regularizer,
        constraint=cell.bias_constraint,
    )


def forget_one(initializer, units: int):
    """An initializer of the bias (…·units,) that gives the forget gate, the second, ones."""

    def draw(shape, dtype=None):
        rest = initializer((shape[0] - 2 * units,), dtype=dtype)
        return np.concatenate([initializer((units,), dtype=dtype), np.ones(units, dtype), rest])

    return draw


def over(cell_class: type[Cell], last: tuple[str, ...] = ()) -> Callable[..., None]:
    """The __init__ of the layer that runs a cell.

    Its parameters are the cell's, activity_regularizer after the cell's own regularizers, then
    RNN's, then those named in `last` (the places that Keras gave them).
    """
    cell_parameters = parameters(cell_class)
    names = [name for name in cell_parameters if name not in last]
    at = names.index("bias_regularizer") + 1
    activity = inspect.Parameter(
        "activity_regularizer",
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=None,
        annotation="Regularizer",
    )
    shared = [p for name, p in parameters(RNN).items() if name != "cell"]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature(
        [
            inspect.Parameter("self", kind),
            *[cell_parameters[name] for name in names[:at]],
            activity,
            *[cell_parameters[name] for name in names[at:]],
            *shared,
            *[cell_parameters[name] for name in last],
            inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
        ]
    )

    def __init__(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = dict(bound.arguments)
        self, rest = given.pop("self"), given.pop("kwargs")
        activity_regularizer = given.pop("activity_regularizer")
        cell = cell_class(**{name: given.pop(name) for name in cell_parameters})
        RNN.__init__(self, cell, **given, **rest)
        self.activity_regularizer = regularizers.get(activity_regularizer)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    __init__.__annotations__ = {
        p.name: p.annotation
        for p in signature.parameters.values()
        if p.annotation is not inspect.Parameter.empty
    }
    return __init__
