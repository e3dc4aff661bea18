"""Layers around a layer: TimeDistributed and Bidirectional."""

from __future__ import annotations

import copy
import warnings
from typing import Any, Literal

from .. import backend as K
from ..arguments.signatures import call_arguments
from ..backend.evaluation import Run
from ..backend.tape import for_reader
from ..backend.tensors import Symbol
from ..engine.base_layer import InputSpec, Layer, input_key, unpack_shapes
from ..errors import explain
from ..saving.serialization import deserialize
from ..utils.generic_utils import has_arg, object_list_uid, to_list
from .recurrent.rnn import TakesStates


class Wrapper(Layer):
    """包装层的公共部分：权重、trainable、损失、更新都是里面那一层的。

    trainable 就是里面那一层的 trainable，建包装层时按它的 trainable 参数设（默认 True）：包住一个
    冻结了的层会把它解冻（Keras 2.2.5 的实际行为），所以先包装，再冻结；模型里各层自己的 trainable
    不受影响。里面那一层的 weights 参数不起作用，用包装层的 set_weights。
    出错：layer 不是层抛出 AttributeError。

    参数：
        layer：被包装的层或模型。
    """

    layer: Any

    def __init__(self, layer, **kwargs):
        if not isinstance(layer, Layer):
            name = layer.__name__ if isinstance(layer, type) else type(layer).__name__
            raise AttributeError(
                explain(
                    type(self).__name__,
                    f"layer={name}",
                    "layer 是一个层（Layer 的实例）",
                    f"{type(self).__name__}(Dense(3))",
                )
            )
        self.layer = layer
        super().__init__(**kwargs)

    def build(self, input_shape=None):
        self.built = True

    @property
    def _inner(self) -> list:
        return [self.layer]

    @property
    def trainable(self) -> bool:
        return self.layer.trainable

    @trainable.setter
    def trainable(self, value):
        self.layer.trainable = value

    @property
    def trainable_weights(self):
        return [w for layer in self._inner for w in layer.trainable_weights]

    @property
    def non_trainable_weights(self):
        return [w for layer in self._inner for w in layer.non_trainable_weights]

    @property
    def _stored_weights(self):
        return [w for layer in self._inner for w in layer._stored_weights]

    @property
    def losses(self):
        return [loss for layer in self._inner for loss in layer.losses]

    @property
    def _losses_in_model(self):
        return [*self._inner_penalties(), *super().losses]

    def _inner_penalties(self) -> list:
        return [loss for layer in self._inner for loss in layer.get_losses_for(None)]

    def get_losses_for(self, inputs=None):
        own = super().get_losses_for(inputs)
        return [*self._inner_penalties(), *own] if inputs is None else own

    @property
    def updates(self):
        inner = [pair for layer in self._inner for _, pair in layer._lasting_updates]
        return [*super().updates, *(inner if self.trainable or self.stateful else [])]

    def get_updates_for(self, inputs=None):
        key, own = input_key(inputs), super().get_updates_for(inputs)
        inner = [p for layer in self._inner for k, p in layer._lasting_updates if k == key]
        return [*own, *(inner if self.trainable or self.stateful else [])]

    def _updates_to_run(self, nodes):
        inner = [update for layer in self._inner for update in layer._updates_to_run([])]
        return super()._updates_to_run(nodes) + inner

    @property
    def activity_regularizer(self):
        """里面那一层的活动正则化，在包装层的输出上算。"""
        return getattr(self.layer, "activity_regularizer", None)

    @property
    def uses_learning_phase(self) -> bool:
        """里面那一层在训练与预测时的计算是否不同。"""
        return self.layer.uses_learning_phase

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        layer = deserialize(config.pop("layer"), custom_objects)
        return cls(layer, **config)


class TimeDistributed(Wrapper):
    """逐步包装层：把一层用在每一个时间步上，各步共用同一组权重。

    输入 (batch, time, …)，输出 (batch, time, *里面那一层的输出)。
    batch 未知时，把 batch 与 time 并成一轴，一次算完；里面的 Dropout 每步的掩码不同。
    batch 固定时（batch_input_shape），Keras 2.2.5 逐步调用里面的层，所以那时：掩码不交给里面的层，
    原样传下去；BatchNormalization 在训练时按每一步的 batch 统计，不更新移动平均；里面的
    stateful=True 不保留状态；activity_regularizer 计两次。
    掩码（batch 未知时）：并轴后交给里面的层；它传出掩码就用它的，否则把输入的掩码收成
    (batch, time)。
    包住冻结了的层会把它解冻，见 trainable；里面那一层的 weights 参数不起作用。
    出错：输入低于三维、是列表，抛出 AssertionError；里面的层有几个输出、不支持收到的掩码抛出
    TypeError；layer 不是层抛出 AttributeError；再次调用时形状与建层时不同抛出 ValueError。

    参数：
        layer：用在每一步上的层或模型，它的输入不含时间轴。
    """

    def __init__(self, layer, **kwargs):
        super().__init__(layer, **kwargs)
        self.supports_masking = True
        self._input_map: dict[str, Any] = {}

    def assert_input_compatibility(self, inputs):
        if not self.built and (isinstance(inputs, list) or K.ndim(inputs) < 3):
            raise AssertionError(
                explain(
                    self._label(),
                    f"形状 {unpack_shapes(inputs)} 的输入",
                    "输入是一个至少三维的张量 (batch, time, …)",
                    "补上时间轴，或去掉 TimeDistributed",
                )
            )
        count = len(getattr(self.layer, "inputs", None) or [None])
        if count > 1:
            raise AssertionError(
                explain(
                    self._label(),
                    f"有 {count} 个输入的模型",
                    "TimeDistributed 里的模型只能有一个输入",
                    "先用 Concatenate 接成一个输入，在模型里用 Lambda 拆开",
                )
            )
        super().assert_input_compatibility(inputs)

    def build(self, input_shape=None):
        if not self.layer.built:
            self.layer.build(self._step(input_shape))
            self.layer.built = True
        self.input_spec = InputSpec(shape=input_shape)
        self.built = True

    def _prepare(self, inputs):
        first = not self.built
        super()._prepare(inputs)
        if first and not isinstance(inputs, Symbol) and not getattr(self.layer, "stateful", False):
            # Arrays with another number of samples or steps may follow.
            self.input_spec = InputSpec(shape=(None, None, *K.int_shape(inputs)[2:]))

    @property
    def _fixed_batch(self) -> bool:
        return self.input_spec is not None and self.input_spec.shape[0] is not None

    @staticmethod
    def _step(shape) -> tuple:
        """The shape of one step, out of the shape of a sequence."""
        return (shape[0], *shape[2:])

    def _connect(self, inputs, mask, kwargs):
        if not self._fixed_batch:
            self._input_map[object_list_uid(inputs)] = K.merge_time(inputs)
        return super()._connect(inputs, mask, kwargs)

    def compute_output_shape(self, input_shape):
        step = self.layer.compute_output_shape(self._step(input_shape))
        self._refuse_several(step)
        return (step[0], input_shape[1], *step[1:])

    def _refuse_several(self, outputs) -> None:
        if isinstance(outputs, list):
            raise TypeError(
                explain(
                    self._label(),
                    f"里面的层 {type(self.layer).__name__} 有 {len(outputs)} 个输出",
                    "TimeDistributed 里的层只能有一个输出",
                    "return_state=False，或用只有一个输出的 Model",
                )
            )

    def call(self, inputs, training=None, mask=None):
        accepted = call_arguments(type(self.layer))
        settings: dict[str, Any] = {"training": training} if "training" in accepted else {}
        if self._fixed_batch:
            return self._step_by_step(inputs, settings)
        if mask is not None and "mask" in accepted:
            settings["mask"] = K.merge_time(mask)
        y = self.layer.call(K.merge_time(inputs), **settings)
        self._refuse_several(y)
        return K.split_time(y, inputs)

    def _step_by_step(self, inputs, settings):
        with Run():  # what a step would update is lost, as in Keras
            _, y, _ = K.rnn(lambda x, _: (self.layer.call(x, **settings), []), inputs, [])
        if self.activity_regularizer is not None:
            self.add_loss(for_reader(self.activity_regularizer)(y))
        return y

    def compute_mask(self, inputs, mask=None):
        if self._fixed_batch:
            return mask
        inner = None if mask is None else K.merge_time(mask)
        output = self.layer.compute_mask(K.merge_time(inputs), inner)
        if output is not None:
            return K.split_time(output, inputs)
        if mask is not None:
            for _ in range(2, K.ndim(mask)):
                mask = K.any(mask, axis=-1)
        return mask


class Bidirectional(TakesStates, Wrapper):
    """双向循环：一个循环层从前往后读，它的副本从后往前读，再合并两边的输出。

    输入 (batch, time, features)；输出在 concat 时最后一轴加倍，sum、mul、ave 时不变，
    merge_mode=None 时是两个输出。return_sequences=True 时反向的输出先翻转回原来的次序再合并。
    return_state=True 时后面接正向的状态，再接反向的状态。
    initial_state 的前一半给正向，后一半给反向。activity_regularizer 在合并后的每个输出上算。
    权重：先 forward_layer 的，再 backward_layer 的；给进来的层自己不建权重。
    Keras 2.2.5 的三个实际行为：weights 参数不起作用，用 set_weights；里面的 trainable=False
    不起作用，冻结用 Bidirectional 自己的 trainable；里面的 stateful=True
    只在训练时保留状态，预测与评估时每一批都从原来的状态开始。
    出错：merge_mode 不认识、初始状态的个数是奇数，抛出 ValueError；里面不是循环层抛出 KeyError；
    layer 不是层抛出 AttributeError。
    来源：Schuster 与 Paliwal，1997。

    参数：
        layer：循环层，例如 LSTM(8)。
        merge_mode：怎样合并两边的输出：`"concat"`、`"sum"`、`"mul"`、`"ave"`，
            `None` 表示不合并。
        weights：不起作用（与 Keras 2.2.5 相同）。
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
        if merge_mode not in ("concat", "sum", "mul", "ave", None):
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
            raise KeyError(
                explain(
                    self._label(),
                    f"layer={type(layer).__name__}",
                    "Bidirectional 里面是能倒着读的循环层",
                    "Bidirectional(LSTM(8))",
                )
            )
        if weights:
            warnings.warn(
                "Bidirectional 的 weights 参数在 Keras 2.2.5 里不起作用，请用 set_weights。",
                stacklevel=3,
            )
        config["go_backwards"] = not config["go_backwards"]
        cell = getattr(layer, "cell", None)
        own = {type(cell).__name__: type(cell)} if "cell" in config else None
        make = type(layer).from_config
        self.forward_layer = copy.copy(layer)
        self.backward_layer = make(config, own) if own else make(config)
        for direction, part in zip(("forward", "backward"), self._inner, strict=True):
            part.name = f"{direction}_{layer.name}"
        self.trainable = self._trainable
        self.merge_mode = merge_mode
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True

    @property
    def _inner(self):
        return [self.forward_layer, self.backward_layer]

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        self._trainable = value
        if hasattr(self, "backward_layer"):
            for layer in self._inner:
                layer.trainable = value

    def build(self, input_shape=None):
        for layer in self._inner:
            layer._num_constants = self._num_constants
            if not layer.built:
                with K.name_scope(layer.name):
                    layer.build(input_shape)
                    layer.built = True
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

    def _check_given(self, states, constants):
        if len(states) % 2:
            raise ValueError(
                explain(
                    self._label(),
                    f"{len(states)} 个初始状态",
                    "初始状态的前一半给正向，后一半给反向，所以是偶数个",
                    f"{2 * len(self.forward_layer.states)} 个状态的列表",
                )
            )
        self.forward_layer._check_given([], constants)

    def assert_input_compatibility(self, inputs):
        sequence, states, constants = self._split(inputs)
        half = len(states) // 2
        for layer, own in zip(self._inner, (states[:half], states[half:]), strict=True):
            layer.assert_input_compatibility([sequence, *own] if own else sequence)

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
                for name, value in (("initial_state", own), ("constants", fixed)):
                    if value:
                        settings[name] = value
                y = layer.call(sequence, **settings)
                outputs.append(y[0] if self.return_state else y)
                after += y[1:] if self.return_state else []
        if K.learning_phase() and run.outer is not None:
            run.outer.updates += run.updates
            run.outer.conditional |= run.conditional
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

    def get_losses_for(self, inputs=None):
        own = super().get_losses_for(inputs)
        if inputs is None:
            return own
        return [loss for layer in self._inner for loss in layer.get_losses_for(inputs)] + own

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
