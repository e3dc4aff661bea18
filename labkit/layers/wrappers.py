"""Layers around a layer: TimeDistributed and Bidirectional."""

from __future__ import annotations

import copy
from typing import Any, Literal

from .. import backend as K
from ..backend.tape import Symbol
from ..errors import explain
from ..layer import InputSpec, Layer, unpack_shapes
from ..run import Run
from ..signatures import call_arguments
from ..utils.generic_utils import has_arg, to_list


class Wrapper(Layer):
    """包装层的公共部分：权重、损失、更新都是里面那一层的。

    参数：
        layer：被包装的层或模型。
    """

    layer: Any

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise TypeError(
                explain(
                    self._label(),
                    f"layer={type(layer).__name__}",
                    "layer 是一个层（Layer 的实例）",
                    f"{type(self).__name__}(Dense(3))",
                )
            )
        self.layer = layer

    @property
    def _inner(self) -> list:
        return [self.layer]

    @property
    def trainable_weights(self):
        if not self.trainable:
            return []
        return [w for layer in self._inner for w in layer.trainable_weights]

    @property
    def non_trainable_weights(self):
        if not self.trainable:
            return [w for layer in self._inner for w in layer.weights]
        return [w for layer in self._inner for w in layer.non_trainable_weights]

    @property
    def _stored_weights(self):
        return [w for layer in self._inner for w in layer._stored_weights]

    @property
    def losses(self):
        return [loss for layer in self._inner for loss in layer.losses]

    @property
    def updates(self):
        return [update for layer in self._inner for update in layer.updates]

    def get_losses_for(self, inputs=None):
        return [loss for layer in self._inner for loss in layer.get_losses_for(inputs)]

    def get_updates_for(self, inputs=None):
        return [update for layer in self._inner for update in layer.get_updates_for(inputs)]

    @property
    def activity_regularizer(self):
        """里面那一层的活动正则化；它自己会计入损失。"""
        return None

    @property
    def uses_learning_phase(self) -> bool:
        """里面那一层在训练与预测时的计算是否不同。"""
        layer = self.layer
        return getattr(layer, "uses_learning_phase", "training" in call_arguments(type(layer)))

    @classmethod
    def from_config(cls, config, custom_objects=None):
        from . import deserialize

        config = dict(config)
        layer = deserialize(config.pop("layer"), custom_objects)
        return cls(layer, **config)

    def _build_inner(self, layer, input_shape) -> None:
        if not layer.built:
            layer.build(input_shape)
            layer.built = True
        if layer._initial_weights is not None:
            layer.set_weights(layer._initial_weights)
            layer._initial_weights = None


class TimeDistributed(Wrapper):
    """把一层用在每一个时间步上，各步共用同一组权重。

    输入 (batch, time, …)，输出 (batch, time, *里面那一层的输出)。
    计算时把 batch 与 time 并成一轴，所以里面的 Dropout 每步的掩码不同。
    掩码：里面那一层自己产生掩码时用它的；否则把输入的掩码 (batch, time, …) 收成 (batch, time)。
    里面那一层的 activity_regularizer 不计入损失（Keras 2.2.5 的实际行为）。
    出错：输入低于三维抛出 AssertionError；layer 不是层抛出 TypeError。

    参数：
        layer：用在每一步上的层或模型，它的输入不含时间轴。
    """

    def __init__(self, layer, **kwargs):
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def assert_input_compatibility(self, inputs):
        if isinstance(inputs, list) or K.ndim(inputs) < 3:
            shape = unpack_shapes(inputs)
            raise AssertionError(
                explain(
                    self._label(),
                    f"形状 {shape} 的输入",
                    "输入是一个至少三维的张量 (batch, time, …)",
                    "补上时间轴，或去掉 TimeDistributed",
                )
            )
        super().assert_input_compatibility(inputs)

    @staticmethod
    def _child(shape) -> tuple:
        return (shape[0], *shape[2:])

    def build(self, input_shape):
        self._build_inner(self.layer, self._child(input_shape))
        fixed = {i: n for i, n in enumerate(input_shape) if i > 1}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=fixed)
        self.built = True

    def compute_output_shape(self, input_shape):
        child = self.layer.compute_output_shape(self._child(input_shape))
        if isinstance(child, list):
            raise ValueError(
                explain(
                    self._label(),
                    f"里面的层 {type(self.layer).__name__} 有 {len(child)} 个输出",
                    "TimeDistributed 里的层只能有一个输出",
                    "return_state=False，或用只有一个输出的 Model",
                )
            )
        return (child[0], input_shape[1], *child[1:])

    def call(self, inputs, training=None, mask=None):
        shape = K.int_shape(inputs)
        self.compute_output_shape(shape)  # raises where the inner layer has several outputs
        accepted = call_arguments(type(self.layer))
        settings = {"training": training} if "training" in accepted else {}
        inner_mask = None if mask is None or "mask" not in accepted else self._merged(mask)
        if inner_mask is not None:
            settings["mask"] = inner_mask
        y = self.layer.call(self._merged(inputs), **settings)
        return K.reshape(y, shape=(*shape[:2], *K.int_shape(y)[1:]))

    @staticmethod
    def _merged(x):
        """batch and time as one axis."""
        return K.reshape(x, shape=(-1, *K.int_shape(x)[2:]))

    def compute_mask(self, inputs, mask=None):
        if isinstance(inputs, Symbol):
            # Only whether there is a mask counts here; its values come with every run.
            step = Symbol(self._child(inputs.shape), inputs.dtype, "step")
            masked = mask is not None or self._own_mask(step, None) is not None
            return Symbol(inputs.shape[:2], "bool", "mask") if masked else None
        inner = None if mask is None else self._merged(mask)
        output = self._own_mask(self._merged(inputs), inner)
        if output is not None:
            shape = K.int_shape(output)
            return K.reshape(output, shape=(*K.int_shape(inputs)[:2], *shape[1:]))
        if mask is None:
            return None
        for _ in range(2, K.ndim(mask)):
            mask = K.any(mask, axis=-1)
        return mask

    def _own_mask(self, inputs, mask):
        """The inner layer's mask of its output; a layer that takes none does not complain here."""
        if mask is not None and not self.layer.supports_masking:
            return None
        return self.layer.compute_mask(inputs, mask)


class Bidirectional(Wrapper):
    """双向循环：一个循环层从前往后读，它的副本从后往前读，再合并两边的输出。

    输入 (batch, time, features)；输出在 concat 时最后一轴加倍，sum、mul、ave 时不变，
    merge_mode=None 时是两个输出。return_sequences=True 时反向的输出先翻转回原来的次序再合并。
    return_state=True 时后面接正向的状态，再接反向的状态。
    initial_state 的前一半给正向，后一半给反向。
    Keras 2.2.5 的两个实际行为：里面那一层的 activity_regularizer 不起作用；里面的 stateful=True
    只在训练时保留状态，预测与评估时每一批都从原来的状态开始。
    出错：merge_mode 不认识、初始状态的个数是奇数，抛出 ValueError。
    来源：Schuster 与 Paliwal，1997。

    参数：
        layer：循环层，例如 LSTM(8)。
        merge_mode：怎样合并两边的输出：`"concat"`、`"sum"`、`"mul"`、`"ave"`，
            `None` 表示不合并。
    """

    def __init__(
        self,
        layer,
        merge_mode: Literal["concat", "sum", "mul", "ave"] | None = "concat",
        weights: list | None = None,
        **kwargs,
    ):
        self._num_constants = kwargs.pop("num_constants", None)
        super().__init__(layer, **kwargs)
        if merge_mode not in {"concat", "sum", "mul", "ave", None}:
            raise ValueError(
                explain(
                    self._label(),
                    f"merge_mode={merge_mode!r}",
                    "merge_mode 只能是 'concat'、'sum'、'mul'、'ave' 或 None",
                    "merge_mode='concat'",
                )
            )
        config = layer.get_config()
        if "go_backwards" not in config:
            raise ValueError(
                explain(
                    self._label(),
                    f"layer={type(layer).__name__}",
                    "Bidirectional 里面是能倒着读的循环层",
                    "Bidirectional(LSTM(8))",
                )
            )
        config["go_backwards"] = not config["go_backwards"]
        self.forward_layer = copy.copy(layer)
        cell = getattr(layer, "cell", None)
        own = {type(cell).__name__: type(cell)} if "cell" in config else None
        make = type(layer).from_config
        self.backward_layer = make(config, own) if own else make(config)
        self.forward_layer.name = f"forward_{layer.name}"
        self.backward_layer.name = f"backward_{layer.name}"
        self.merge_mode = merge_mode
        if weights:
            half = len(weights) // 2
            self.forward_layer._initial_weights = weights[:half]
            self.backward_layer._initial_weights = weights[half:]
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True

    @property
    def _inner(self):
        return [self.forward_layer, self.backward_layer]

    def build(self, input_shape):
        for layer in self._inner:
            layer._num_constants = self._num_constants
            with K.name_scope(layer.name):
                self._build_inner(layer, input_shape)
        self.built = True

    def compute_output_shape(self, input_shape):
        shapes = self.forward_layer.compute_output_shape(input_shape)
        y, *states = shapes if self.return_state else [shapes]
        if self.merge_mode == "concat":
            y = (*y[:-1], None if y[-1] is None else 2 * y[-1])
        outputs = [y, y] if self.merge_mode is None else [y]
        if self.return_state:
            return [*outputs, *states, *states]
        return outputs if self.merge_mode is None else y

    def compute_mask(self, inputs, mask=None):
        mask = to_list(mask)[0] if mask is not None else None
        kept = mask if self.return_sequences else None
        masks = [kept, kept] if self.merge_mode is None else [kept]
        if self.return_state:
            return [*masks, *[None] * (2 * len(self.forward_layer.states))]
        return masks if self.merge_mode is None else kept

    def __call__(self, inputs, initial_state=None, constants=None, **kwargs):
        states = [] if initial_state is None else to_list(initial_state, allow_tuple=True)
        fixed = [] if constants is None else to_list(constants, allow_tuple=True)
        if len(states) % 2:
            raise ValueError(
                explain(
                    self._label(),
                    f"{len(states)} 个初始状态",
                    "初始状态的前一半给正向，后一半给反向，所以是偶数个",
                    f"{2 * len(self.forward_layer.states)} 个状态的列表",
                )
            )
        if fixed:
            self._num_constants = len(fixed)
        extra = [*states, *fixed]
        kinds = {isinstance(x, Symbol) for x in extra}
        if len(kinds) > 1:
            raise ValueError(
                explain(
                    self._label(),
                    "一部分是符号张量、一部分是数组的初始状态与常量",
                    "初始状态与常量要么都来自 Input，要么都是数组",
                    "给初始状态也建一个 Input",
                )
            )
        if not extra:
            return super().__call__(inputs, **kwargs)
        if kinds == {True} or not isinstance(to_list(inputs)[0], Symbol):
            return super().__call__([*to_list(inputs), *extra], **kwargs)
        if states:
            kwargs["initial_state"] = [self._tensor(x) for x in states]
        if fixed:
            kwargs["constants"] = [self._tensor(x) for x in fixed]
        return super().__call__(inputs, **kwargs)

    def assert_input_compatibility(self, inputs):
        sequence, states, constants = self._split(inputs)
        half = len(states) // 2
        for layer, own in zip(self._inner, (states[:half], states[half:]), strict=True):
            layer.assert_input_compatibility([sequence, *own] if own else sequence)

    def _split(self, inputs) -> tuple[Any, list, list]:
        sequence, *rest = inputs if isinstance(inputs, list) else [inputs]
        at = max(len(rest) - (self._num_constants or 0), 0)
        return sequence, rest[:at], rest[at:]

    def call(self, inputs, mask=None, training=None, initial_state=None, constants=None):
        sequence, states, fixed = self._split(inputs)
        states = states or to_list(initial_state or [], allow_tuple=True)
        fixed = fixed or to_list(constants or [], allow_tuple=True)
        half = len(states) // 2
        outputs, after = [], []
        with Run() as run:
            for layer, own in zip(self._inner, (states[:half], states[half:]), strict=True):
                settings = {}
                for name, value in (("training", training), ("mask", mask)):
                    if has_arg(layer.call, name):
                        settings[name] = value
                if own or fixed:
                    settings |= {"initial_state": own or None, "constants": fixed or None}
                y = layer.call(sequence, **settings)
                outputs.append(y[0] if self.return_state else y)
                after += y[1:] if self.return_state else []
        if K.learning_phase() and Run.current is not None:
            Run.current.updates += run.updates
        merged = self._merge(*outputs)
        if self.return_state:
            return [*to_list(merged), *after]
        return merged

    def _merge(self, y, y_back):
        if self.return_sequences:
            y_back = K.reverse(y_back, axes=1)
        match self.merge_mode:
            case "concat":
                return K.concatenate([y, y_back])
            case "sum":
                return y + y_back
            case "ave":
                return (y + y_back) / 2
            case "mul":
                return y * y_back
        return [y, y_back]

    def reset_states(self) -> None:
        """两个方向的状态都清零。"""
        for layer in self._inner:
            layer.reset_states()

    def get_config(self):
        config = super().get_config()
        config.pop("weights", None)
        if self._num_constants is not None:
            config["num_constants"] = self._num_constants
        return config
