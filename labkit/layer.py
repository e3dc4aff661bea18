"""Layer: how a layer is built, called and described. A layer has no backward; the tape gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from . import backend as K
from . import constraints, initializers, regularizers, validation
from .backend.tape import Symbol, Tensor, Variable, known, record_symbol, untaped
from .errors import explain, nearest
from .graph import Connected, Node
from .signatures import LayerType, call_arguments, parameters, plain, snake_case
from .types import Constraint, Initializer, Regularizer
from .utils.generic_utils import to_list, unpack_singleton

KEYWORDS = (
    "name",
    "trainable",
    "dtype",
    "input_shape",
    "batch_input_shape",
    "batch_size",
    "weights",
)


class InputSpec:
    """一层对输入的要求：dtype、shape、ndim、max_ndim、min_ndim、axes（某些轴的长度）。"""

    def __init__(self, dtype=None, shape=None, ndim=None, max_ndim=None, min_ndim=None, axes=None):
        self.dtype = dtype
        self.shape = shape
        self.ndim = len(shape) if shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = axes or {}


class Run:
    """One evaluation from outside: it gathers the updates, written only once it has succeeded."""

    current: Run | None = None

    def __enter__(self) -> Run:
        self.outer, Run.current = Run.current, self
        self.updates: list[tuple[Variable, Any]] = []
        return self

    def __exit__(self, *error) -> None:
        Run.current = self.outer

    @staticmethod
    def write(updates) -> None:
        """Compute every new value first, then write: within a step all read the old values."""
        K.batch_set_value([(x, K.eval(new)) for x, new in updates])


class ArrayWithMask(np.ndarray):
    """A layer's output with its mask for the next layer; results of NumPy functions drop it."""

    def __array_finalize__(self, source):
        self._keras_mask: Any = None


class Layer(Connected, metaclass=LayerType):
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
        self.supports_masking = False
        self.stateful = False
        self.input_spec: Any = None
        self._initial_weights = kwargs.get("weights")
        self._trainable_weights: list[Variable] = []
        self._non_trainable_weights: list[Variable] = []
        self._regularized: list[tuple[Callable, Variable]] = []
        self._inbound_nodes: list[Node] = []
        self._outbound_nodes: list[Node] = []
        self._losses: list[Any] = []
        self._symbolic_losses: list[Symbol] = []
        self._updates: list[Any] = []
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
        several = isinstance(input_shape, list)
        symbols = [
            Symbol(shape, K.floatx(), "probe")
            for shape in (input_shape if several else [input_shape])
        ]

        def probe(*arrays):
            y = self.call(list(arrays) if several else arrays[0])
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

    # --- weights ---

    def add_weight(
        self,
        name=None,
        shape: Any = None,
        dtype=None,
        initializer: Initializer = "glorot_uniform",
        regularizer: Regularizer = None,
        trainable=True,
        constraint: Constraint = None,
    ) -> Variable:
        """建一个权重。shape 的每一维必须是正整数。"""
        shape = tuple(shape)
        if not all(isinstance(n, int | np.integer) and n > 0 for n in shape):
            raise ValueError(
                explain(
                    self._label(),
                    f"权重 {name} 的形状 {shape}",
                    "权重的每一维都必须是已知的正整数，所以它用到的输入轴不能是 None",
                    "给出确定的 input_shape",
                )
            )
        draw = initializers.get(initializer)
        if draw is None:
            raise TypeError(
                explain(
                    self._label(),
                    f"权重 {name} 的 initializer=None",
                    "每个权重都要有初始值",
                    "'glorot_uniform' 或 'zeros'",
                )
            )
        array = draw(shape, dtype=dtype or self.dtype)
        weight = K.variable(
            array, dtype=dtype or self.dtype, name=name, constraint=constraints.get(constraint)
        )
        # Rebinding, not appending: a failed build can then be undone.
        penalty = regularizers.get(regularizer)
        if penalty is not None:
            self._regularized = [*self._regularized, (penalty, weight)]
        if trainable:
            self._trainable_weights = [*self._trainable_weights, weight]
        else:
            self._non_trainable_weights = [*self._non_trainable_weights, weight]
        return weight

    def _weight(self, name: str, shape, settings: str | None = None) -> Variable:
        """add_weight with the layer's own `{settings}_initializer`, `_regularizer`, `_constraint`.

        `settings` is the weight's name, except where Keras named the parameters otherwise.
        """
        settings = settings or name
        return self.add_weight(
            name,
            shape,
            initializer=getattr(self, f"{settings}_initializer"),
            regularizer=getattr(self, f"{settings}_regularizer", None),
            constraint=getattr(self, f"{settings}_constraint", None),
        )

    @property
    def trainable_weights(self) -> list[Variable]:
        """训练时会更新的权重。"""
        return list(self._trainable_weights) if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """训练时不由优化器更新的权重。"""
        frozen = [] if self.trainable else self._trainable_weights
        return [*frozen, *self._non_trainable_weights]

    @property
    def weights(self) -> list[Variable]:
        """全部权重：先可训练的，后不可训练的。"""
        return [*self.trainable_weights, *self.non_trainable_weights]

    @property
    def _stored_weights(self) -> list[Variable]:
        """The weights in the order of get_weights and set_weights."""
        return self.weights

    def get_weights(self) -> list[np.ndarray]:
        """全部权重的值，一列数组。"""
        return K.batch_get_value(self._stored_weights)

    def set_weights(self, weights) -> None:
        """改写全部权重：数组的个数、顺序、形状都与 get_weights() 相同。

        出错：不相同时抛出 ValueError，权重不变。
        """
        stored = self._stored_weights
        given = list(weights) if isinstance(weights, list | tuple | np.ndarray) else [weights]
        arrays = [self._numbers("权重", w) for w in given]
        shapes = [w.shape for w in stored]
        if [a.shape for a in arrays] != shapes:
            names = [w.name for w in stored]
            raise ValueError(
                explain(
                    f"{self._label()}.set_weights",
                    f"{len(arrays)} 个数组，形状 {[a.shape for a in arrays]}",
                    f"数组的个数与形状同 get_weights()：{len(shapes)} 个，形状依次为 {shapes}",
                    f"按 {names} 的顺序给出" if self.built else "先用输入调用一次，权重建好后再设",
                )
            )
        K.batch_set_value(zip(stored, arrays, strict=True))

    def count_params(self) -> int:
        """权重的元素总数。"""
        if not self.built:
            raise RuntimeError(
                explain(
                    f"{self._label()}.count_params",
                    "还没有建好的层",
                    "权重的形状由输入决定，调用过或 build 之后才知道",
                    "先用输入调用这一层，或给出 input_shape",
                )
            )
        return sum(K.count_params(w) for w in self.weights)

    # --- losses and updates ---

    def _begin_run(self) -> None:
        """Losses and updates of an earlier run are forgotten at the first one of a new run."""
        if self._run is not Run.current:
            self._run, self._losses, self._updates = Run.current, [], []

    def add_loss(self, losses, inputs=None) -> None:
        """给总损失加一项：在 call 里由数值算出，或在层外由符号张量写成（每次计算都算上）。"""
        terms = to_list(losses)
        lasting = [x for x in terms if isinstance(x, Symbol)]
        self._symbolic_losses = [*self._symbolic_losses, *lasting]
        if len(lasting) < len(terms):
            self._begin_run()
            self._losses = [*self._losses, *(x for x in terms if not isinstance(x, Symbol))]

    def add_update(self, updates, inputs=None) -> None:
        """在 call 里登记改写 (变量, 新值)，整个计算成功后才写入。不可训练的层只登记状态。"""
        if not self.trainable and not self.stateful:
            return
        self._begin_run()
        updates = [updates] if isinstance(updates, tuple) else list(updates)
        self._updates = [*self._updates, *updates]
        if Run.current is not None:
            Run.current.updates += updates

    @property
    def losses(self) -> list:
        """权重的正则项（现算），加上最近一次计算中 add_loss 登记的各项。"""
        penalties = [regularizer(w) for regularizer, w in self._regularized]
        return [*penalties, *self._losses, *self._symbolic_losses]

    @property
    def updates(self) -> list:
        """最近一次计算中登记的改写。"""
        return list(self._updates)

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
                return self._connect(inputs, mask, kwargs)
            return self._compute(inputs, mask, kwargs)

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
            self.build(unpack_shapes(inputs))
            self.built = True
            self.assert_input_compatibility(inputs)
            if self._initial_weights is not None:
                self.set_weights(self._initial_weights)
                self._initial_weights = None

    def _connect(self, inputs, mask, kwargs):
        """Record a node of the functional graph and return its symbols."""
        shapes = self.compute_output_shape(unpack_shapes(inputs))
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
        if Run.current is not None:
            outputs, masks = self.evaluate_call(inputs, mask, kwargs)
        else:
            with Run() as run:
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

    def evaluate_call(self, inputs, mask, kwargs):
        """call on values, with the mask where call wants one: (outputs, output masks)."""
        if "mask" in call_arguments(type(self)) and any(m is not None for m in to_list(mask)):
            kwargs = {**kwargs, "mask": mask}
        outputs = self.call(inputs, **kwargs)
        regularizer = getattr(self, "activity_regularizer", None)
        if regularizer is not None:
            self.add_loss([regularizer(y) for y in to_list(outputs)])
        return outputs, self.compute_mask(inputs, mask)

    def assert_input_compatibility(self, inputs) -> None:
        """按 input_spec 检查输入的个数、维数与各轴长度，不合就抛出 ValueError。"""
        if self.input_spec is None:
            return
        inputs, specs = to_list(inputs), to_list(self.input_spec)
        if len(inputs) != len(specs):
            raise ValueError(
                explain(
                    self._label(),
                    f"{len(inputs)} 个输入",
                    f"这一层需要 {len(specs)} 个输入",
                    "改成相同的个数",
                )
            )
        for x, spec in zip(inputs, specs, strict=True):
            if spec is not None:
                self._check_spec(K.int_shape(x), spec)

    def _check_spec(self, shape, spec) -> None:
        ndim = len(shape)
        rule = None
        if spec.ndim is not None and ndim != spec.ndim:
            rule = f"输入必须是 {spec.ndim} 维（含 batch 轴）"
        elif spec.max_ndim is not None and ndim > spec.max_ndim:
            rule = f"输入最多 {spec.max_ndim} 维（含 batch 轴）"
        elif spec.min_ndim is not None and ndim < spec.min_ndim:
            rule = f"输入至少 {spec.min_ndim} 维（含 batch 轴）"
        if rule:
            raise ValueError(
                explain(
                    self._label(),
                    f"{ndim} 维的输入，形状 {shape}",
                    rule,
                    self._suggest_rank(shape, spec),
                )
            )
        wanted = dict(spec.axes) | {i: n for i, n in enumerate(spec.shape or ()) if n is not None}
        for axis, n in wanted.items():
            if n is not None and shape[int(axis)] not in {n, None}:
                raise ValueError(
                    explain(
                        self._label(),
                        f"形状 {shape}，第 {axis} 轴长 {shape[int(axis)]}",
                        f"建层时这一轴长 {n}，权重已按它建好",
                        f"第 {axis} 轴长 {n} 的输入，或新建一层",
                    )
                )

    @staticmethod
    def _suggest_rank(shape, spec) -> str:
        wanted = spec.ndim or spec.min_ndim or spec.max_ndim
        if len(shape) < wanted:
            return "补上缺少的轴，例如 x[..., np.newaxis] 或 x.reshape(…)"
        return "先用 Flatten 或 reshape 去掉多余的轴"


@contextmanager
def unchanged_by_failure(layer: Layer) -> Iterator[None]:
    """Where the block fails, the layer and the layers inside it become what they were before."""
    before = [(part, dict(vars(part))) for part in layers_within(layer)]
    try:
        yield
    except Exception:
        for part, attributes in before:
            vars(part).clear()
            vars(part).update(attributes)
        raise


def layers_within(layer: Layer) -> Iterator[Layer]:
    """The layer, then its cell, its wrapped layer or a model's layers, and theirs."""
    yield layer
    for held in vars(layer).values():
        for part in held if isinstance(held, list) else [held]:
            if isinstance(part, Layer):
                yield from layers_within(part)


def carry_mask(y, mask):
    """The output with its mask attached; an input that a layer returns as it came keeps its own."""
    if mask is None and getattr(y, "_keras_mask", None) is None:
        return y
    y = K.identity(y) if isinstance(y, Tensor) else np.asarray(y).view(ArrayWithMask)
    y._keras_mask = None if mask is None else K.eval(mask)
    return y


def unpack_shapes(inputs):
    """The shape of the input, or a list of shapes for a list of inputs."""
    if isinstance(inputs, list):
        return [K.int_shape(x) for x in inputs]
    return K.int_shape(inputs)
