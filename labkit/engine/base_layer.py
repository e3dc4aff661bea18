"""Layer: how a layer is built, called and described. A layer has no backward; the tape gives it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from .. import backend as K
from ..arguments import validation
from ..arguments.signatures import LayerType, call_arguments, parameters, plain, snake_case
from ..backend.evaluation import Feed, Run
from ..backend.state import changed, state
from ..backend.tape import for_reader, on_tensors, untaped
from ..backend.tensors import Symbol, Tensor, Variable, known, record_symbol
from ..errors import explain, nearest
from ..manner import refuse
from ..utils.generic_utils import has_arg, is_all_none, object_list_uid, to_list, unpack_singleton
from ..utils.layer_utils import count_params
from .effects import Effects
from .graph import Connected, Node, is_readers_own, layers_within, unchanged_by_failure
from .input_spec import Checked, InputSpec
from .masks import carry_mask
from .weighted import Weighted

#: Keras' engine.base_layer had the small tools too; old code takes them from there.
__all__ = [
    "InputSpec",
    "Layer",
    "Node",
    "count_params",
    "has_arg",
    "is_all_none",
    "object_list_uid",
    "to_list",
    "unpack_singleton",
]

KEYWORDS = (
    "name",
    "trainable",
    "dtype",
    "input_shape",
    "batch_input_shape",
    "batch_size",
    "weights",
)


class Layer(Connected, Weighted, Checked, metaclass=LayerType):
    """所有层的基类。

    `__init__` 记下参数，`build` 建权重，`compute_output_shape` 算形状，`call` 做计算。

    关键字参数（所有层都有）：name、trainable、dtype、input_shape（不含 batch）、batch_input_shape、
    batch_size、weights。
    出错：不认识的关键字抛出 TypeError；输入不合要求抛出 ValueError，层保持原样。
    """

    def __init__(self, **kwargs):
        for key in kwargs:
            if key not in KEYWORDS:
                names = [*parameters(type(self)), *KEYWORDS]
                raise TypeError(
                    explain(
                        type(self).__name__,
                        f"不认识的参数 {key!r}",
                        f"可用的参数是 {'、'.join(names)}",
                        nearest(key, names),
                    )
                )
        prefix = snake_case(type(self).__name__)
        self.name: str = kwargs.get("name") or f"{prefix}_{K.get_uid(prefix)}"
        self.trainable = kwargs.get("trainable", True)
        self.dtype = kwargs.get("dtype") or K.floatx()
        where = self._label()
        try:
            np.dtype(self.dtype)
        except TypeError as error:
            rule = "dtype 是 NumPy 的类型名，例如 'float32'、'int32'"
            raise TypeError(explain(where, f"dtype={self.dtype!r}", rule, "'float32'")) from error
        if "batch_input_shape" in kwargs:
            given = kwargs["batch_input_shape"]
            self.batch_input_shape = validation.shape(where, "batch_input_shape", given)
        elif "input_shape" in kwargs:
            space = validation.shape(where, "input_shape", kwargs["input_shape"])
            self.batch_input_shape = (kwargs.get("batch_size"), *space)
        self.built = False
        self._built_for: Any = None  # the shapes of the call that built it
        self.supports_masking = False
        self.stateful = False
        self.input_spec: Any = None
        self._initial_weights = kwargs.get("weights")
        self._trainable_weights: list[Variable] = []
        self._non_trainable_weights: list[Variable] = []
        self._regularized: list[tuple[Callable, Variable]] = []
        self._inbound_nodes: list[Node] = []
        self._outbound_nodes: list[Node] = []
        # Added in the latest run, and outside call: (the inputs that it depends on, or None; the
        # loss or update).
        self._losses: list[tuple[tuple | None, Any]] = []
        self._updates: list[tuple[tuple | None, Any]] = []
        self._lasting_losses: list[tuple[tuple | None, Any]] = []
        self._lasting_updates: list[tuple[tuple | None, Any]] = []
        self._run: Run | None = None

    # --- what a subclass writes ---

    def build(self, input_shape) -> None:
        """用 add_weight 建权重；第一次调用时自动执行一次。"""
        self.built = True

    def call(self, inputs, **kwargs):
        """前向计算。"""
        return inputs

    def compute_output_shape(self, input_shape):
        """由输入形状算输出形状。没有改写时，用全 1 的输入实际算一次来得到。"""
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            return input_shape  # Keras' rule, which a subclass that calls super() goes by
        return self._probed_shape(input_shape)

    def _probed_shape(self, input_shape):
        several = isinstance(input_shape, list)
        symbols = [
            Symbol(shape, K.floatx(), "probe")
            for shape in (input_shape if several else [input_shape])
        ]

        def probe(*arrays):
            with Run():  # what the call adds here counts for nothing
                y = self._call_on_tensors(list(arrays) if several else arrays[0], {})
            return tuple(y) if isinstance(y, list) else y

        outputs = record_symbol(probe, symbols, {})
        return [y.shape for y in outputs] if isinstance(outputs, list) else outputs.shape

    def compute_mask(self, inputs, mask=None):
        """输出的掩码。默认：支持掩码的层原样传下去，其余的层收到掩码就报错。"""
        if not self.supports_masking:
            if any(m is not None for m in to_list(mask)):
                raise TypeError(
                    explain(
                        self._label(),
                        "带掩码（mask）的输入",
                        "这一层不支持掩码（supports_masking=False）",
                        "在前面用 return_sequences=False 的循环层收起时间轴，或去掉 mask_zero=True",
                    )
                )
            return None
        return mask

    def get_config(self) -> dict:
        """重建这一层所需的参数，内容来自 __init__ 的签名。"""
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype,
        }
        if hasattr(self, "batch_input_shape"):
            config["batch_input_shape"] = self.batch_input_shape
        config |= {
            name: plain(getattr(self, name))
            for name in parameters(type(self))
            if hasattr(self, name)
        }
        return config

    @classmethod
    def from_config(cls, config):
        """用 get_config() 的结果重建一层（权重另存）。"""
        return cls(**config)

    # --- losses and updates ---

    def _begin_run(self) -> None:
        """Losses and updates of an earlier run are forgotten at the first one of a new run."""
        if self._run is not state.run:
            self._run, self._losses, self._updates = state.run, [], []

    def add_loss(self, losses, inputs=None) -> None:
        """给总损失加一项：写在 call 里，每次计算都重新算出；写在 call 外，每次计算都算上。

        inputs 是这一项由哪些输入决定；不给就与输入无关。
        """
        terms, key = [] if losses is None else to_list(losses), input_key(inputs)
        if state.run is None:
            self._lasting_losses = [*self._lasting_losses, *((key, term) for term in terms)]
            return
        self._begin_run()
        self._losses = [*self._losses, *((key, term) for term in terms)]
        state.run.losses += terms
        if inputs is not None:
            state.run.conditional.update(map(id, terms))

    def add_update(self, updates, inputs=None) -> None:
        """登记改写 (变量, 新值)，整个计算成功后才写入。不可训练的层只登记状态。

        写在 call 里，每次训练都重新算出；写在 call 外，每次训练都执行。inputs 同 add_loss。
        """
        if updates is None:
            return
        pairs = to_list(updates)
        key = input_key(inputs)
        if state.run is None:
            self._lasting_updates = [*self._lasting_updates, *((key, pair) for pair in pairs)]
            return
        if not self.trainable and not self.stateful:
            return
        self._begin_run()
        self._updates = [*self._updates, *((key, pair) for pair in pairs)]
        state.run.updates += pairs
        if self.stateful:
            state.run.state_updates += pairs
        if inputs is not None:
            state.run.conditional.update(map(id, pairs))

    @property
    def losses(self) -> list:
        """损失的各项：权重的正则项、每次调用加上的、在层外加上的。

        接在 Input 上的层，调用加上的是符号张量；没有接上的层，是最近一次计算的数值。
        """
        if state.run is not None or not self._graph_nodes:
            terms = [loss for _, loss in self._losses]
        else:
            terms = [loss for node in self._graph_nodes for loss in effects(node).losses]
        return [*self._penalties(), *terms, *(current(x) for _, x in self._lasting_losses)]

    @property
    def _losses_in_model(self) -> list:
        """What a model that holds the layer adds to its loss."""
        return self.losses

    def _penalties(self) -> list:
        penalties = []
        for regularizer, w in self._regularized:
            penalty = for_reader(regularizer)(w)
            if penalty is None:  # Keras added nothing
                name = getattr(regularizer, "__name__", type(regularizer).__name__)
                refuse(
                    TypeError(
                        explain(
                            f"{self._label()} 的正则化 {name}",
                            "结果 None（函数里少了 return？）",
                            "正则化返回加到损失上的一个数",
                            "return 0.01 * K.sum(K.square(w))",
                        )
                    )
                )
            else:
                penalties.append(penalty)
        return penalties

    @property
    def _graph_nodes(self) -> list[Node]:
        """The calls on symbols. A network's first node is only its own graph."""
        return [node for node in self._inbound_nodes if node.made_here]

    def _effects(self, kind: str, inputs) -> list:
        """What calls on just these inputs add that depends on them; for None, on no inputs."""
        key = input_key(inputs)
        return [
            effect
            for node in self._graph_nodes
            if key is None or input_key(node.input_tensors) == key
            for effect in effects(node).of(kind, conditional=key is not None)
        ]

    def get_losses_for(self, inputs) -> list:
        """由 inputs 决定的损失项；inputs=None 时是与输入无关的各项（权重的正则项等）。"""
        key = input_key(inputs)
        added = [current(loss) for k, loss in self._lasting_losses if k == key]
        if not self._graph_nodes:
            added += [loss for k, loss in self._losses if k == key]
        penalties = self._penalties() if key is None else []
        return [*penalties, *self._effects("losses", inputs), *added]

    def get_updates_for(self, inputs) -> list:
        """由 inputs 决定的改写；inputs=None 时是与输入无关的各次改写。"""
        if not self.trainable and not self.stateful:
            return []
        key = input_key(inputs)
        added = [pair for k, pair in self._lasting_updates if k == key]
        if not self._graph_nodes:
            added += [pair for k, pair in self._updates if k == key]
        return [*self._effects("updates", inputs), *added]

    @property
    def updates(self) -> list:
        """改写 (变量, 新值)：每次调用登记的，和在层外登记的。

        接在 Input 上的层，新值是符号张量；没有接上的层，是最近一次计算的数值。
        """
        if not self.trainable and not self.stateful:
            return []
        if not self._graph_nodes:
            called = [pair for _, pair in self._updates]
        else:
            called = [pair for node in self._graph_nodes for pair in effects(node).updates]
        return [*called, *(pair for _, pair in self._lasting_updates)]

    def _updates_to_run(self, nodes) -> list:
        """What was added outside call and runs in each step of a model that has these calls."""
        if not self.trainable and not self.stateful:
            return []
        keys = {None, *(input_key(node.input_tensors) for node in nodes)}
        return [pair for key, pair in self._lasting_updates if key in keys]

    @property
    def uses_learning_phase(self) -> bool:
        """训练与预测时的计算是否不同；没有另外说明时，看 call 有没有参数 training。"""
        return vars(self).get("uses_learning_phase", "training" in call_arguments(type(self)))

    @uses_learning_phase.setter
    def uses_learning_phase(self, value: bool) -> None:
        # Layers written for Keras 1 say it themselves, in their __init__.
        vars(self)["uses_learning_phase"] = value

    # --- calling ---

    def __call__(self, inputs, **kwargs):
        """对数组、张量或符号张量调用这一层；几个输入写成列表。"""
        mask = kwargs.pop("mask", None)
        if mask is None:
            arriving = to_list(inputs, allow_tuple=True)
            mask = unpack_singleton([getattr(x, "_keras_mask", None) for x in arriving])
        inputs = self._convert(inputs)
        self._check_arguments(kwargs)
        with nullcontext() if self.built else unchanged_by_failure(self), K.name_scope(self.name):
            self._prepare(inputs)
            if any(isinstance(x, Symbol) for x in to_list(inputs)):
                outputs = self._connect(inputs, mask, kwargs)
            else:
                outputs = self._compute(inputs, mask, kwargs)
                if self.uses_learning_phase and kwargs.get("training") is None:
                    for y in to_list(outputs):
                        if isinstance(y, Tensor):
                            y._uses_learning_phase = True  # a symbol says so by its record
        return outputs

    def _convert(self, inputs):
        if isinstance(inputs, list) and inputs and not any(hasattr(x, "shape") for x in inputs):
            inputs = validation.array(self._label(), inputs)  # nested lists of numbers
        several = isinstance(inputs, list | tuple)
        converted = [self._tensor(x) for x in (inputs if several else [inputs])]
        return converted if several else converted[0]

    def _tensor(self, x):
        x = known(x)
        if isinstance(x, Tensor | Symbol):
            return x
        return self._numbers("输入", x).astype(K.floatx(), copy=False)

    def _numbers(self, what: str, x) -> np.ndarray:
        array = validation.array(self._label(), x)  # a plain array also for one with a mask
        if array.dtype.kind not in "biuf":
            raise ValueError(
                explain(
                    self._label(),
                    f"类型为 {array.dtype} 的{what}",
                    f"{what}是数的数组或张量",
                    "np.array(…, 'float32')",
                )
            )
        return array

    def _check_arguments(self, kwargs) -> None:
        accepted = call_arguments(type(self))
        for key in kwargs:
            if key not in accepted and "**" not in accepted:
                raise TypeError(
                    explain(
                        f"{self._label()} 的调用",
                        f"不认识的参数 {key!r}",
                        f"call 接受 {'、'.join(accepted) or '输入以外没有参数'}",
                        nearest(key, accepted) if accepted else "去掉这个参数",
                    )
                )

    def _prepare(self, inputs) -> None:
        """Check the inputs; build at the first call."""
        self.assert_input_compatibility(inputs)
        if not self.built:
            self._built_for = unpack_shapes(inputs)
            # What `build` computes from its weights is no part of the run that asked for it.
            with changed(run=None, recording=True):
                self.build(self._built_for)
            self.built = True
            self.assert_input_compatibility(inputs)
            if self._initial_weights is not None:
                self.set_weights(self._initial_weights)
                self._initial_weights = None

    def _connect(self, inputs, mask, kwargs):
        """Record a node of the functional graph and return its symbols."""
        shapes = self.compute_output_shape(unpack_shapes(inputs))
        check_shapes(self._label(), shapes)
        masks = to_list(self.compute_mask(inputs, mask))
        outputs = []
        for i, shape in enumerate(shapes if isinstance(shapes, list) else [shapes]):
            symbol = Symbol(shape, K.floatx(), f"{self.name}/{i}")
            symbol._keras_mask = masks[i] if i < len(masks) else None
            outputs.append(symbol)
        Node(self, to_list(inputs), outputs, to_list(mask), kwargs)
        return outputs if isinstance(shapes, list) else outputs[0]

    def _compute(self, inputs, mask, kwargs):
        """Run at once. From outside, plain arrays run untaped and updates are written last."""
        if state.run is not None:
            outputs, masks = self.evaluate_call(inputs, mask, kwargs)
        else:
            with Run() as run:
                run.keep(inputs, mask, *kwargs.values())
                if any(isinstance(x, Tensor) for x in to_list(inputs)):
                    outputs, masks = self.evaluate_call(inputs, mask, kwargs)
                else:
                    with untaped():
                        outputs, masks = self.evaluate_call(inputs, mask, kwargs)
            run.write(run.updates)
        masks = to_list(masks)
        carried = [
            carry_mask(y, masks[i] if i < len(masks) else None)
            for i, y in enumerate(to_list(outputs))
        ]
        return carried if isinstance(outputs, list) else carried[0]

    def _call_on_tensors(self, inputs, kwargs):
        """call; a reader's own code always gets tensors, which `x += self.b` does not change."""
        own = any(is_readers_own(part) for part in layers_within(self))
        return (on_tensors(self._checked_call) if own else self.call)(inputs, **kwargs)

    def _checked_call(self, inputs, **kwargs):
        """call, whose results must be tensors; those of NumPy have no gradient."""
        outputs = require_tensors(f"{self._label()}.call", self.call(inputs, **kwargs))
        for y in to_list(outputs, allow_tuple=True):
            if isinstance(y, np.ndarray | np.generic) and is_readers_own(self):
                refuse(
                    TypeError(
                        explain(
                            f"{self._label()}.call",
                            f"返回值是形状 {y.shape} 的 NumPy 数组",
                            "NumPy 函数的结果没有梯度，前面的层就学不到东西",
                            "用 K 函数计算，例如 K.mean 代替 np.mean",
                        )
                    )
                )
        return outputs

    def evaluate_call(self, inputs, mask, kwargs):
        """call on values, with the mask where call wants one: (outputs, output masks)."""
        if "mask" in call_arguments(type(self)) and any(m is not None for m in to_list(mask)):
            kwargs = {**kwargs, "mask": mask}
        outputs = self._call_on_tensors(inputs, kwargs)
        regularizer = getattr(self, "activity_regularizer", None)
        if regularizer is not None:
            self.add_loss([for_reader(regularizer)(y) for y in to_list(outputs)], inputs)
        find_mask = on_tensors(self.compute_mask) if is_readers_own(self) else self.compute_mask
        return outputs, find_mask(inputs, mask)


def check_shapes(where: str, shapes) -> None:
    """What compute_output_shape gave is a shape, or a list of shapes."""
    for shape in shapes if isinstance(shapes, list) else [shapes]:
        lengths = shape if isinstance(shape, list | tuple) else ["?"]
        if not all(n is None or validation.is_integer(n) for n in lengths):
            raise TypeError(
                explain(
                    f"{where}.compute_output_shape",
                    f"返回值 {shapes!r}",
                    "返回含 batch 轴的形状，是整数与 None 的元组；几个输出时是元组的列表",
                    "return (input_shape[0], 3)",
                )
            )


def require_tensors(where: str, y):
    """y, or TypeError where it is not a tensor, an array, a number, or several of them."""
    parts = to_list(y, allow_tuple=True)
    kinds = Tensor | Symbol | np.ndarray | np.generic | int | float
    if not parts or not all(
        isinstance(part, kinds) and not isinstance(part, bool) for part in parts
    ):
        received = "None（函数里少了 return？）" if y is None else f"{type(y).__name__}：{y!r:.40}"
        raise TypeError(
            explain(
                where,
                f"函数的结果 {received}",
                "函数返回由输入算出的张量，几个输出时返回张量的列表",
                "lambda x: K.tanh(x)，或在 def 里写 return",
            )
        )
    return y


def input_key(inputs) -> tuple | None:
    """Which inputs, as a key; None for none."""
    given = [] if inputs is None else to_list(inputs, allow_tuple=True)
    return tuple(map(id, given)) or None


def current(loss):
    """A loss that was computed from variables before, from what they hold now."""
    if isinstance(loss, Tensor) and loss.operation is not None:
        return (state.feed or Feed()).value(loss)
    return loss


def effects(node: Node) -> Effects:
    """What the node's call adds, found out at the first question."""
    # A frozen layer adds no updates, so what was found holds until one is frozen or thawed.
    frozen = [getattr(part, "trainable", True) for part in layers_within(node.outbound_layer)]
    if node.effects is None or node.effects[0] != frozen:
        node.effects = frozen, Effects(node)
    return node.effects[1]


def unpack_shapes(inputs):
    """The shape of the input, or a list of shapes for a list of inputs."""
    if isinstance(inputs, list):
        return [K.int_shape(x) for x in inputs]
    return K.int_shape(inputs)
