"""Training: compile, and one step on one batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import backend as K
from .. import losses, metrics, optimizers
from ..arguments import validation
from ..arguments.validation import positive
from ..backend.evaluation import Feed, Run
from ..backend.state import state
from ..backend.tape import untaped
from ..backend.tensors import Record, Symbol, Tensor, known
from ..backend.variables import with_slots
from ..errors import explain, nearest
from ..manner import manner, refuse
from ..utils.generic_utils import has_arg, to_list, unpack_singleton
from ..utils.ownership import is_own
from .base_layer import Layer
from .data import by_output, check_targets, dense, standardize
from .graph import unchanged_by_failure
from .input_layer import given_tensor
from .network import Network
from .training_utils import (
    check_array_length_consistency,
    collect_metrics,
    standardize_weights,
    weighted_loss,
)

ACCURACY = {"accuracy", "acc"}
CROSSENTROPY = {"crossentropy", "ce"}
NAN_RULE = "损失必须是有限的数；学习率过大、对 0 取对数、数据里有 NaN 都会使它变成 NaN"


#: The total loss, the values of metrics_names, and the updates of what the metrics count.
Objectives = tuple[Any, list[float], list]


class Objective(Record):
    """What a compiled model computes from its outputs, targets and sample weights.

    Its results are the total loss, then what `metrics_tensors` lists.
    """

    __slots__ = ("model",)

    def __init__(self, model: Trainer):
        fed = [*model._feed_targets, *model._feed_sample_weights]
        super().__init__(type(model)._objective, (*model.outputs, *fed), {})
        self.model = model

    def tensors(self) -> list[Tensor]:
        return list(self.model.weights)

    def compute(self, feed, symbol: Symbol) -> None:
        if id(self) not in feed.results:
            model, n = self.model, len(self.model._fed)
            values = [feed.value(a) for a in self.arguments]
            outputs, fed = values[: len(model.outputs)], values[len(model.outputs) :]
            masks = [feed.masks.get(id(y)) for y in model.outputs]
            total, logs, _ = model._objective(outputs, masks, fed[:n], fed[n:])
            feed.results[id(self)] = [total, *logs[1:]]
        feed.values[id(symbol)] = feed.results[id(self)][symbol.index]


class Trainer(Network):
    """能训练的图：compile 之后可以 train_on_batch、test_on_batch。

    compile 之后，`total_loss`、`metrics_tensors`、`targets`、`sample_weights` 是符号张量，
    可以用在 `K.gradients` 与 `K.function` 里；`train_function` 是训练一步的函数，
    第一次训练或 `_make_train_function()` 时建立，接受 [*输入, *标签, *样本权重]，也可以换成自己的。
    """

    optimizer: Any = None
    metrics_names: list[str] = []
    stateful_metric_names: list[str] = []
    stateful_metric_functions: list[Any] = []
    #: Updates that a function of the reader's own writes along with its own: none, for the metrics'
    #: own counts are written by the steps of labkit alone.
    metrics_updates: list[tuple] = []
    train_function: Callable | None = None
    #: The weights that are trained, as they were at compile.
    _collected: list | None = None
    #: The optimizer's state from a file or a pickle, until the optimizer knows the weights.
    _stored_state: list | None = None
    total_loss: Symbol
    metrics_tensors: list[Symbol]

    def compile(
        self,
        optimizer,
        loss=None,
        metrics=None,
        loss_weights=None,
        sample_weight_mode=None,
        weighted_metrics=None,
        target_tensors=None,
        **kwargs,
    ) -> None:
        """选定优化器、损失函数与评价函数。

        loss、metrics 可以对每个输出分别给出（列表或按输出名的字典）。
        出错：不认识的名字抛出 ValueError。
        """
        if kwargs:
            raise TypeError(
                explain(
                    f"{self._label()}.compile",
                    f"参数 {list(kwargs)}",
                    "参数是 optimizer、loss、metrics、loss_weights、sample_weight_mode、"
                    "weighted_metrics、target_tensors",
                    "compile('sgd', 'mse')",
                )
            )
        chosen = optimizers.get(optimizer)
        if loss is None and not self._brings_loss():
            raise ValueError(
                explain(
                    f"{self._label()}.compile", "没有 loss", "训练需要一个损失函数", "loss='mse'"
                )
            )
        with unchanged_by_failure(self):
            self._compiled = {
                "loss": loss,
                "metrics": metrics,
                "loss_weights": loss_weights,
                "weighted_metrics": weighted_metrics,
                "sample_weight_mode": sample_weight_mode,
                "target_tensors": target_tensors,
            }
            self.loss_functions: list[Callable | None] = []
            if self.built:
                self._bind_losses()
            else:
                self._check_names(loss, metrics)
        self.loss, self.metrics, self.loss_weights = loss, metrics, loss_weights
        self.weighted_metrics, self.sample_weight_mode = weighted_metrics, sample_weight_mode
        self.optimizer = chosen
        self._collected = self.trainable_weights if self.built else None
        self.train_function = None

    def _brings_loss(self) -> bool:
        """Whether the loss may come from add_loss: there is one, or a layer of the reader's own."""
        return bool(self.losses) or not all(is_own(type(layer)) for layer in self.layers)

    @staticmethod
    def _check_names(loss, wanted) -> None:
        if not isinstance(loss, dict | list):
            losses.get(loss)
        for name in to_list(wanted or []):
            if isinstance(name, str) and name not in ACCURACY | CROSSENTROPY:
                metrics.get(name)

    def _bind_losses(self) -> None:
        """One loss, weight and list of metrics for every output, from what compile was given."""
        n, names = len(self.outputs), self.output_names
        compiled = self._compiled
        self.loss_functions = [losses.get(f) for f in self._each("loss", compiled["loss"], None)]
        # An output without a loss takes no labels; its metrics have nothing to compare with.
        self._judged = [i for i, function in enumerate(self.loss_functions) if function is not None]
        weights = compiled["loss_weights"]
        if isinstance(weights, tuple):
            raise TypeError(
                explain(
                    f"{self._label()}.compile",
                    f"loss_weights={weights!r}",
                    "loss_weights 是列表，或按输出名的字典",
                    f"loss_weights={list(weights)}",
                )
            )
        self._loss_weights = (
            [1.0] * n if weights is None else self._each("loss_weights", weights, 1.0)
        )
        for weight in self._loss_weights:
            validation.number(f"{self._label()}.compile", "loss_weights", weight, 0.0, np.inf)
        self._bind_targets()
        self.metrics_names = ["loss"]
        if n > 1:
            self.metrics_names += [f"{names[i]}_loss" for i in self._judged]
        #: (the output's number, the function, whether sample weights count), in Keras' order.
        self._metrics: list[tuple[int, Callable, bool]] = []
        self.stateful_metric_names, self.stateful_metric_functions = [], []
        plain = self._per_output(compiled["metrics"])
        weighted = self._per_output(compiled["weighted_metrics"])
        for i in self._judged:
            for wanted, weigh in ((plain[i], False), (weighted[i], True)):
                for metric in to_list(wanted or [], allow_tuple=True):
                    function, name = self._metric(metric, i)
                    prefix = f"{names[i]}_" if n > 1 else ""
                    self._metrics.append((i, function, weigh))
                    self.metrics_names.append(prefix + ("weighted_" if weigh else "") + name)
                    if isinstance(function, Layer) and getattr(function, "stateful", False):
                        self.stateful_metric_names.append(self.metrics_names[-1])
                        self.stateful_metric_functions.append(function)
        objective = Objective(self)
        self.total_loss, *self.metrics_tensors = (
            Symbol((), K.floatx(), name, objective, i) for i, name in enumerate(self.metrics_names)
        )

    def _bind_targets(self) -> None:
        """Placeholders for the labels and sample weights, or the target tensors given."""
        n = len(self.outputs)
        given = self._target_tensors(self._compiled["target_tensors"])
        modes = self._modes(self._compiled["sample_weight_mode"])
        self.targets: list[Any] = [None] * n
        self.sample_weights: list[Symbol | None] = [None] * n
        #: The outputs whose labels are given with the data.
        self._fed: list[int] = []
        for i in self._judged:
            output, name, tensor = self.outputs[i], self.output_names[i], given[i]
            if tensor is None:
                tensor = K.placeholder(ndim=output.ndim, name=f"{name}_target", dtype=output.dtype)
            self.targets[i] = tensor
            if K.is_placeholder(tensor):
                self._fed.append(i)
                self.sample_weights[i] = K.placeholder(
                    ndim=2 if modes[i] else 1, name=f"{name}_sample_weights"
                )
        self.sample_weight_modes = [
            mode if i in self._fed else None for i, mode in enumerate(modes)
        ]

    def _target_tensors(self, given) -> list:
        n, names = len(self.outputs), self.output_names
        if given is None:
            return [None] * n
        if isinstance(given, list | dict):
            return self._each("target_tensors", given, None)
        if not K.is_tensor(given) or n != 1:
            kind = ValueError if K.is_tensor(given) else TypeError
            raise kind(
                explain(
                    f"{self._label()}.compile",
                    f"target_tensors 是一个 {type(given).__name__}",
                    f"模型有 {n} 个输出，target_tensors 是张量的列表，或按输出名 {names} 的字典",
                    "target_tensors=[K.variable(y)]",
                )
            )
        return [given]

    def _modes(self, given) -> list:
        """Whether the samples or the steps of each output have weights."""
        names, missing = self.output_names, object()
        modes = self._each("sample_weight_mode", given, missing)
        for name, mode in zip(names, modes, strict=True):
            if mode is missing or mode not in {None, "temporal"}:
                received = f"{name} 的 " if len(names) > 1 else ""
                received += "sample_weight_mode " + ("没有给出" if mode is missing else repr(mode))
                raise ValueError(
                    explain(
                        f"{self._label()}.compile",
                        received,
                        "每个输出是 None（每个样本一个权重）或 'temporal'（每个时间步一个）",
                        "sample_weight_mode='temporal'",
                    )
                )
        return modes

    def _per_output(self, wanted) -> list:
        """The metrics of each output: one list for all, a list of lists, or by output name."""
        n = len(self.outputs)
        if isinstance(wanted, dict):
            return self._each("metrics", wanted, [])
        if isinstance(wanted, list) and n > 1 and any(isinstance(w, list) for w in wanted):
            return self._each("metrics", wanted, [])
        return collect_metrics(wanted, self.output_names)

    def _each(self, what: str, given, missing) -> list:
        names = self.output_names
        if isinstance(given, dict):
            for key in given:
                if key not in names:
                    raise ValueError(
                        explain(
                            f"{self._label()}.compile",
                            f"{what} 的键 {key!r}",
                            f"输出有 {names}",
                            nearest(key, names),
                        )
                    )
            return [given.get(name, missing) for name in names]
        if isinstance(given, list | tuple):
            if len(given) != len(names):
                raise ValueError(
                    explain(
                        f"{self._label()}.compile",
                        f"{len(given)} 个 {what}",
                        f"模型有 {len(names)} 个输出，每个输出一个",
                        f"长度为 {len(names)} 的列表",
                    )
                )
            return list(given)
        return [given] * len(names)

    def _metric(self, metric, i: int) -> tuple[Callable, str]:
        """The metric's function and its name in the logs; 'accuracy' depends on output and loss."""
        if not isinstance(metric, str) or metric not in ACCURACY | CROSSENTROPY:
            function = metrics.get(metric)
            name = getattr(function, "name", None)
            return function, name or getattr(function, "__name__", type(function).__name__)
        kind = "accuracy" if metric in ACCURACY else "crossentropy"
        if (
            K.int_shape(self.outputs[i])[-1] == 1
            or self.loss_functions[i] is losses.binary_crossentropy
        ):
            name = f"binary_{kind}"
        elif self.loss_functions[i] is losses.sparse_categorical_crossentropy:
            name = f"sparse_categorical_{kind}"
        else:
            name = f"categorical_{kind}"
        return metrics.get(name), "acc" if kind == "accuracy" else "ce"

    # --- one batch ---

    def _require_compiled(self, x) -> None:
        if self.optimizer is None:
            raise RuntimeError(
                explain(
                    self._label(),
                    "还没有 compile 的模型",
                    "训练与评估需要优化器和损失函数",
                    "model.compile('sgd', 'mse')",
                )
            )
        self._ensure_built(x)
        if not self.loss_functions:
            self._bind_losses()
        if self._collected is None:
            self._collected = self.trainable_weights
        self._check_trainable_weights_consistency()

    def _check_trainable_weights_consistency(self) -> None:
        """Warn where `trainable` was changed after compile."""
        if self._collected is not None and len(self._collected) != len(self.trainable_weights):
            warnings.warn(
                explain(
                    self._label(),
                    "compile 之后改过的 trainable",
                    "训练哪些权重在 compile 时确定，这次仍按那时的设定",
                    "再次 model.compile(…)，新的设定才生效",
                ),
                stacklevel=3,
            )

    def summary(self, line_length=None, positions=None, print_fn=None) -> None:
        self._check_trainable_weights_consistency()
        super().summary(line_length, positions, print_fn)

    def _ensure_built(self, x) -> None:
        """Sequential builds itself from the first data."""

    @property
    def _feed_inputs(self) -> list[Symbol]:
        return [x for x in self.inputs if given_tensor(x) is None]

    @property
    def _feed_targets(self) -> list[Symbol]:
        return [self.targets[i] for i in self._fed]

    @property
    def _feed_sample_weights(self) -> list[Symbol]:
        return [self.sample_weights[i] for i in self._fed]  # type: ignore[misc]

    @property
    def _collected_trainable_weights(self) -> list:
        return self._collected  # type: ignore[return-value]

    def _uses_dynamic_learning_phase(self) -> bool:
        return self.uses_learning_phase and state.fixed_phase is None

    @contextmanager
    def _forward(self, inputs, targets, weights, training=False) -> Iterator[Objectives]:
        """The total loss (a tensor when taped), the values of metrics_names and their updates."""
        with self._running(inputs) as (outputs, masks):
            yield self._objective(outputs, masks, targets, weights, training)

    def _objective(self, outputs, masks, targets, weights, training=False) -> Objectives:
        fed = {i: (targets[k], weights[k]) for k, i in enumerate(self._fed)}
        # A target tensor stands for itself, and takes no sample weights.
        compared = [fed.get(i, (known(self.targets[i]), None)) for i in range(len(outputs))]
        terms = [
            weighted_loss(
                self.loss_functions[i], compared[i][0], outputs[i], compared[i][1], masks[i]
            )
            for i in self._judged
        ]
        scales = [self._loss_weights[i] for i in self._judged]
        total = sum(term * scale for term, scale in zip(terms, scales, strict=True))
        total = known(sum(self.losses, total))
        if training:
            feed: Any = state.feed
            pairs = with_slots(self._step_updates())
            state.run.updates += [(x, feed.value(new)) for x, new in pairs]
        if not K.is_tensor(total) and not self._judged and not self.losses:
            raise ValueError(
                explain(
                    self._label(),
                    "没有 loss 的模型，各层也没有 add_loss",
                    "训练需要一个损失",
                    "compile(…, loss='mse')，或在层里 add_loss",
                )
            )
        logs = [total, *(terms if len(outputs) > 1 else [])]
        # What the metrics count is written in test and in training, also of a frozen model.
        with untaped(), Run() as run:
            for i, function, weigh in self._metrics:
                y_true, weight = compared[i]
                y_pred = K.eval(outputs[i])
                y_true = y_true if isinstance(y_true, Symbol) else K.eval(y_true)
                logs.append(
                    weighted_loss(function, y_true, y_pred, weight if weigh else None, masks[i])
                )
        return total, [float(K.eval(value)) for value in logs], run.updates

    def _make_train_function(self) -> None:
        """建立 train_function；用 Keras 的方式改写 get_updates 的优化器在这里建立全部更新。"""
        if self.train_function is not None:
            return
        if self._collected is None or not self.loss_functions:
            self._require_compiled(None)
        optimizer, updates = self.optimizer, None
        if not (is_own(optimizer.get_updates) and is_own(optimizer.get_gradients)):
            updates = own_updates(optimizer, self.total_loss, self._collected)
        else:
            optimizer.state_of(self._collected)
        if self._stored_state:
            stored, self._stored_state = self._stored_state, None
            try:
                optimizer.set_weights(stored)
            except ValueError:
                warnings.warn("存下的优化器状态与模型不合，优化器从新的状态开始。", stacklevel=3)

        def train(batch) -> list[float]:
            return self._train(batch, updates)

        self.train_function = train

    def _train(self, batch, updates: list | None) -> list[float]:
        """One step; a learner's weights stay where the loss is not finite."""
        n, m = len(self.inputs), len(self._fed)
        inputs, targets, weights = batch[:n], batch[n : n + m], batch[n + m : n + 2 * m]
        with K.learning_phase_scope(1), Run() as run:
            with self._forward(inputs, targets, weights, training=True) as (total, logs, counts):
                if not np.isfinite(logs[0]) and manner() == "learner":
                    return logs
                if updates is None:
                    new = (
                        self.optimizer.get_updates(total, self._collected)
                        if self._collected
                        else []
                    )
                else:
                    with untaped(), Feed([self.total_loss], [total]) as feed:
                        new = [(x, feed.value(value)) for x, value in with_slots(updates)]
            run.write([*new, *(run.updates if self.trainable or self.stateful else []), *counts])
        return logs

    def _train_step(self, inputs, targets, weights) -> list[float]:
        self._make_train_function()
        phase = [1] if self._uses_dynamic_learning_phase() else []
        batch = [*map(dense, [*inputs, *targets, *weights]), *phase]
        return [float(value) for value in to_list(self.train_function(batch))]  # type: ignore[misc]

    def _test_step(self, inputs, targets, weights) -> list[float]:
        inputs, targets, weights = (list(map(dense, part)) for part in (inputs, targets, weights))
        with K.learning_phase_scope(0), Run() as run, untaped():
            with self._forward(inputs, targets, weights) as (_, logs, counts):
                run.write([*run.state_updates, *counts])
        return logs

    def _predict_step(self, inputs) -> list[np.ndarray]:
        with K.learning_phase_scope(0), Run() as run, untaped():
            outputs = [np.asarray(y) for y in self._evaluate(list(map(dense, inputs)))[0]]
            run.write(run.state_updates)
        return outputs

    def _inputs(self, x, may_be_empty=False) -> list[np.ndarray]:
        with unchanged_by_failure(self):
            self._ensure_built(x)
            tensors = list(map(given_tensor, self.inputs))
            named = zip(tensors, self.input_names, strict=True)
            names = [name for tensor, name in named if tensor is None]
            where, shapes = f"{self._label()} 的输入", [t.shape for t in self._feed_inputs]
            nothing = not names and (x is None or len(x) == 0)
            arrays = iter([] if nothing else standardize(where, x, names, shapes, may_be_empty))
            return [next(arrays) if tensor is None else K.eval(tensor) for tensor in tensors]

    def _batch_size(self, given: int | None, count: int, partial: bool = False) -> int:
        """How many samples a batch has: 32, or what the Input fixes.

        Keras asks a stateful model's caller for the size, unless it is 32; with `partial`, fewer
        samples than that are one batch.
        """
        fixed = self.inputs[0].shape[0]
        usual = 32 if self.stateful else fixed or 32
        size = positive(self._label(), "batch_size", usual if given is None else given)
        whole = fixed or size
        if self.stateful and count % size and not (partial and count < size):
            raise ValueError(
                explain(
                    self._label(),
                    f"{count} 个样本，batch_size={size}",
                    "stateful 的状态按样本保存，样本数要是 batch_size 的整数倍（不写时是 32）",
                    f"batch_size={whole}，样本数 {max(whole, count // whole * whole)}",
                )
            )
        if fixed is not None and (min(size, count) != fixed or count % fixed):
            raise ValueError(
                explain(
                    self._label(),
                    f"{count} 个样本，batch_size={size}",
                    f"batch 大小固定为 {fixed}（stateful 的状态按样本保存），样本数要是它的整数倍",
                    f"batch_size={fixed}，样本数 {max(fixed, count // fixed * fixed)}",
                )
            )
        return size

    def _data(self, x, y, sample_weight=None, class_weight=None):
        """Checked arrays: inputs, targets, sample weights; one list each."""
        with unchanged_by_failure(self):
            return self._checked_data(x, y, sample_weight, class_weight)

    def _one_batch(self, inputs) -> None:
        self._batch_size(inputs[0].shape[0], inputs[0].shape[0])

    def _checked_data(self, x, y, sample_weight, class_weight):
        self._require_compiled(x)
        inputs = self._inputs(x)
        names = [self.output_names[i] for i in self._fed]
        outputs = [self.outputs[i] for i in self._fed]
        targets = []
        if names:
            functions = [self.loss_functions[i] for i in self._fed]
            targets = check_targets(self._label(), y, names, outputs, functions)
        elif y is not None and len(to_list(y, allow_tuple=True)):
            raise ValueError(
                explain(
                    self._label(),
                    "标签 y",
                    "每个输出的标签都由 target_tensors 给出，所以不要标签"
                    if self._judged
                    else "每个输出都没有 loss，损失全部来自 add_loss，所以不要标签",
                    "fit(x)",
                )
            )
        modes = [self.sample_weight_modes[i] for i in self._fed]
        weights = [
            standardize_weights(target, weight, of_class, mode)
            for target, weight, of_class, mode in zip(
                targets,
                by_output(self._label(), "sample_weight", sample_weight, names),
                by_output(self._label(), "class_weight", class_weight, names),
                modes,
                strict=True,
            )
        ]
        if targets:
            check_array_length_consistency(inputs, targets, weights)
        return inputs, targets, weights

    def train_on_batch(self, x, y, sample_weight=None, class_weight=None):
        """在一批数据上训练一步，返回损失（和各项评价）。

        出错：损失不是有限数时抛出 FloatingPointError，权重不变。
        """
        data = self._data(x, y, sample_weight, class_weight)
        self._one_batch(data[0])
        logs = self._train_step(*data)
        self._refuse_nan(logs)
        return unpack_singleton(logs)

    def test_on_batch(self, x, y, sample_weight=None):
        """在一批数据上求损失（和各项评价），不训练。"""
        data = self._data(x, y, sample_weight)
        self._one_batch(data[0])
        return unpack_singleton(self._test_step(*data))

    def predict_on_batch(self, x):
        """一批数据的输出。"""
        inputs = self._inputs(x)
        self._one_batch(inputs)
        return unpack_singleton(self._predict_step(inputs))

    def _refuse_nan(self, logs) -> None:
        if not np.isfinite(logs[0]):
            kept = "（权重停在这一步之前）" if manner() == "learner" else ""
            rate = getattr(self.optimizer, "lr", None)
            smaller = f"lr={float(K.eval(rate)) / 10:g}" if rate is not None else "更小的学习率"
            refuse(
                FloatingPointError(
                    explain(
                        f"{self._label()} 的训练",
                        f"损失 {logs[0]}{kept}",
                        NAN_RULE,
                        f"{smaller}，或先用 np.isfinite(x).all() 检查数据",
                    )
                )
            )


def own_updates(optimizer, loss, params) -> list[tuple]:
    """What a reader's get_updates gives for the symbol of the loss; Keras 1's takes constraints."""
    settings = {"loss": loss, "params": params}
    if has_arg(optimizer.get_updates, "constraints"):
        settings["constraints"] = {p: p.constraint for p in params if p.constraint is not None}
    return list(optimizer.get_updates(**settings))
