"""CuDNNGRU and CuDNNLSTM: their documented equivalents, with CuDNN's layout of the weights."""

from __future__ import annotations

from .. import backend as K
from ..arguments.types import Constraint, Initializer, Regularizer
from ..errors import explain
from .recurrent.cells import Cell, GRUCell, LSTMCell
from .recurrent.layers import CellLayer, headed


def transposed_gates(W, gates: int):
    """Each gate's matrix W_g: (n, units) read the other way round: rows of W_gᵀ as columns."""
    n, width = K.int_shape(W)
    units = width // gates
    return K.concatenate(
        [K.transpose(K.reshape(part, shape=(units, n))) for part in K.split(W, parts=gates)]
    )


class CuDNNCell(Cell):
    """CuDNN 单元的公共部分：权重按 CuDNN 的次序存放，计算时换成普通单元的次序。"""

    def build(self, input_shape):
        super().build(input_shape)
        self._stored = (self.kernel, self.recurrent_kernel, self.bias)

    def _build_bias(self, width):
        return self._weight("bias", (2 * width,))

    def _recurrent_draw(self):
        return self.recurrent_initializer

    def begin_sequence(self):
        kernel, recurrent_kernel, bias = self._stored
        self.kernel = transposed_gates(kernel, self.gates)
        self.recurrent_kernel = K.concatenate(
            [K.transpose(part) for part in K.split(recurrent_kernel, parts=self.gates)]
        )
        self.bias = self._converted_bias(bias)

    def _converted_bias(self, bias):
        raise NotImplementedError

    def call(self, inputs, states):
        raise NotImplementedError


class CuDNNGRUCell(CuDNNCell, GRUCell):
    """CuDNNGRU 的一步：GRUCell(reset_after=True, recurrent_activation="sigmoid")。"""

    call = GRUCell.call  # type: ignore[assignment]

    def _converted_bias(self, bias):
        return K.reshape(bias, shape=(2, -1))


class CuDNNLSTMCell(CuDNNCell, LSTMCell):
    """CuDNNLSTM 的一步：LSTMCell(recurrent_activation="sigmoid")，两份偏置相加。"""

    call = LSTMCell.call  # type: ignore[assignment]

    def _build_bias(self, width):
        return LSTMCell._build_bias(self, 2 * width)

    def _converted_bias(self, bias):
        first, second = K.split(bias, parts=2)
        return first + second


class CuDNNRNN(CellLayer):
    """CuDNN 循环层的公共部分：不支持掩码与 Dropout，激活函数不能改。"""

    def __init__(self, cell, activity_regularizer: Regularizer = None, **kwargs):
        super().__init__(cell, activity_regularizer, **kwargs)
        self.supports_masking = False

    def call(self, inputs, mask=None, training=None, initial_state=None, constants=None):
        if mask is not None:
            raise ValueError(
                explain(
                    self._label(),
                    "带掩码（mask）的输入",
                    "CuDNN 的循环层不支持掩码",
                    "换成 LSTM 或 GRU",
                )
            )
        return super().call(inputs, None, training, initial_state, constants)

    def get_config(self):
        return {**super().get_config(), "go_backwards": self.go_backwards}


class CuDNNGRU(CuDNNRNN):
    """CuDNN 实现的 GRU。

    labkit 用等价的 GRU(reset_after=True, recurrent_activation="sigmoid") 计算。

    输入 (batch, time, features)，输出 (batch, units)；
    return_sequences=True 时 (batch, time, units)。
    权重按 CuDNN 的次序存放：kernel: (features, 3·units)，recurrent_kernel: (units, 3·units)，
    bias: (6·units,)，前一半加在输入上，后一半加在状态上；各门的次序是 z r h。
    不支持掩码。出错：units 不是正整数、输入不是三维、收到掩码，抛出 ValueError。
    """

    _cell_class = CuDNNGRUCell

    def __init__(
        self,
        units: int,
        kernel_initializer: Initializer = "glorot_uniform",
        recurrent_initializer: Initializer = "orthogonal",
        bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None,
        recurrent_regularizer: Regularizer = None,
        bias_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None,
        kernel_constraint: Constraint = None,
        recurrent_constraint: Constraint = None,
        bias_constraint: Constraint = None,
        return_sequences: bool = False,
        return_state: bool = False,
        stateful: bool = False,
        **kwargs,
    ):
        with headed(self._cell_class, type(self)):
            cell = self._cell_class(
                units=units,
                recurrent_activation="sigmoid",
                kernel_initializer=kernel_initializer,
                recurrent_initializer=recurrent_initializer,
                bias_initializer=bias_initializer,
                kernel_regularizer=kernel_regularizer,
                recurrent_regularizer=recurrent_regularizer,
                bias_regularizer=bias_regularizer,
                kernel_constraint=kernel_constraint,
                recurrent_constraint=recurrent_constraint,
                bias_constraint=bias_constraint,
                reset_after=True,
            )
        super().__init__(
            cell,
            activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            stateful=stateful,
            **kwargs,
        )


class CuDNNLSTM(CuDNNRNN):
    """CuDNN 实现的 LSTM；labkit 用等价的 LSTM(recurrent_activation="sigmoid") 计算。

    输入 (batch, time, features)，输出 (batch, units)；
    return_sequences=True 时 (batch, time, units)。
    权重按 CuDNN 的次序存放：kernel: (features, 4·units)，recurrent_kernel: (units, 4·units)，
    bias: (8·units,)，前一半与后一半相加才是 LSTM 的偏置；各门的次序是 i f c o。
    不支持掩码。出错：units 不是正整数、输入不是三维、收到掩码，抛出 ValueError。
    """

    _cell_class = CuDNNLSTMCell

    def __init__(
        self,
        units: int,
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
        return_sequences: bool = False,
        return_state: bool = False,
        stateful: bool = False,
        **kwargs,
    ):
        with headed(self._cell_class, type(self)):
            cell = self._cell_class(
                units=units,
                recurrent_activation="sigmoid",
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
        super().__init__(
            cell,
            activity_regularizer,
            return_sequences=return_sequences,
            return_state=return_state,
            stateful=stateful,
            **kwargs,
        )
