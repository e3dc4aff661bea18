"""Training: compile, and one step on one batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend as K
from .. import losses, metrics, optimizers
from ..arguments import validation
from ..arguments.validation import positive
from ..backend.evaluation import Run
from ..backend.state import state
from ..backend.tape import untaped
from ..backend.tensors import known
from ..backend.variables import with_slots
from ..errors import explain, nearest
from ..manner import manner, refuse
from ..utils.generic_utils import to_list, unpack_singleton
from ..utils.ownership import is_own
from .data import check_targets, sample_weights, standardize
from .graph import unchanged_by_failure
from .network import Network

NAN_RULE = "损失必须是有限的数；学习率过大、对 0 取对数、数据里有 NaN 都会使它变成 NaN"


class Trainer(Network):
    """能训练的图：compile 之后可以 train_on_batch、test_on_batch。"""

    optimizer: Any = None
    metrics_names: list[str] = []

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
        modes = sample_weight_mode
        modes = (
            list(modes.values()) if isinstance(modes, dict) else to_list(modes, allow_tuple=True)
        )
        if kwargs or target_tensors is not None or any(m not in {None, "temporal"} for m in modes):
            raise TypeError(
                explain(
                    f"{self._label()}.compile",
                    f"参数 {list(kwargs) or 'target_tensors / sample_weight_mode'}",
                    "参数是 optimizer、loss、metrics、loss_weights、"
                    "sample_weight_mode（None 或 'temporal'）、weighted_metrics",
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
            self._compiled = {"loss": loss, "metrics": metrics, "loss_weights": loss_weights}
            self._weighted_metrics = weighted_metrics
            self._loss_functions: list[Callable | None] = []
            if self.built:
                self._bind_losses()
            else:
                self._check_names(loss, metrics)
        self.loss, self.metrics, self.loss_weights = loss, metrics, loss_weights
        self.weighted_metrics, self.sample_weight_mode = weighted_metrics, sample_weight_mode
        self.optimizer = chosen
        self._collected = self.trainable_weights if self.built else None

    def _brings_loss(self) -> bool:
        """Whether the loss may come from add_loss: there is one, or a layer of the reader's own."""
        return bool(self.losses) or not all(is_own(type(layer)) for layer in self.layers)

    @staticmethod
    def _check_names(loss, wanted) -> None:
        if not isinstance(loss, dict | list):
            losses.get(loss)
        for name in to_list(wanted or []):
            if isinstance(name, str) and name not in {"accuracy", "acc"}:
                metrics.get(name)

    def _bind_losses(self) -> None:
        """One loss, weight and list of metrics for every output, from what compile was given."""
        n = len(self.outputs)
        given = [losses.get(f) for f in self._each("loss", self._compiled["loss"], None)]
        # An output without a loss takes no labels; its metrics have nothing to compare with.
        self._fed = [i for i, function in enumerate(given) if function is not None]
        self._loss_functions = [given[i] for i in self._fed]
        weights = self._compiled["loss_weights"]
        self._loss_weights = (
            [1.0] * n if weights is None else self._each("loss_weights", weights, 1.0)
        )
        for weight in self._loss_weights:
            validation.number(f"{self._label()}.compile", "loss_weights", weight, 0.0, np.inf)
        self.metrics_names = ["loss"]
        if n > 1:
            self.metrics_names += [f"{self.output_names[i]}_loss" for i in self._fed]
        #: (the output's number, the function, whether sample weights count), in Keras' order.
        self._metrics: list[tuple[int, Callable, bool]] = []
        plain = self._per_output(self._compiled["metrics"])
        weighted = self._per_output(self._weighted_metrics)
        for i in self._fed:
            for wanted, weigh in ((plain[i], False), (weighted[i], True)):
                for metric in to_list(wanted or [], allow_tuple=True):
                    function, name = self._metric(metric, i)
                    prefix = f"{self.output_names[i]}_" if n > 1 else ""
                    self._metrics.append((i, function, weigh))
                    self.metrics_names.append(prefix + ("weighted_" if weigh else "") + name)

    def _per_output(self, wanted) -> list:
        """The metrics of each output: one list for all, a list of lists, or by output name."""
        n = len(self.outputs)
        if isinstance(wanted, dict):
            return self._each("metrics", wanted, [])
        if isinstance(wanted, list) and n > 1 and any(isinstance(w, list) for w in wanted):
            return self._each("metrics", wanted, [])
        return [wanted or []] * n

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
        if metric not in {"accuracy", "acc", "crossentropy", "ce"}:
            function = metrics.get(metric)
            return function, getattr(function, "__name__", type(function).__name__)
        kind = "accuracy" if metric in {"accuracy", "acc"} else "crossentropy"
        if (
            K.int_shape(self.outputs[i])[-1] == 1
            or self._loss_functions[i] is losses.binary_crossentropy
        ):
            name = f"binary_{kind}"
        elif self._loss_functions[i] is losses.sparse_categorical_crossentropy:
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
        if not self._loss_functions:
            self._bind_losses()
        trainable = self.trainable_weights
        if self._collected is None:
            self._collected = trainable
        if len(self._collected) != len(trainable):
            warnings.warn(
                explain(
                    self._label(),
                    "compile 之后改过的 trainable",
                    "训练哪些权重在 compile 时确定，这次仍按那时的设定",
                    "再次 model.compile(…)，新的设定才生效",
                ),
                stacklevel=3,
            )

    def _ensure_built(self, x) -> None:
        """Sequential builds itself from the first data."""

    def _forward(self, inputs, targets, weights, training=False) -> tuple[Any, list[float]]:
        """The total loss (a tensor when taped) and the values of metrics_names."""
        with self._running(inputs) as (outputs, masks):
            fed = {i: (targets[k], weights[k]) for k, i in enumerate(self._fed)}
            terms = [
                weighted_loss(f, fed[i][0], outputs[i], fed[i][1], masks[i])
                for i, f in zip(self._fed, self._loss_functions, strict=True)
            ]
            scales = [self._loss_weights[i] for i in self._fed]
            total = sum(term * scale for term, scale in zip(terms, scales, strict=True))
            total = known(sum(self.losses, total))
            if training:
                feed: Any = state.feed
                pairs = with_slots(self._step_updates())
                state.run.updates += [(x, feed.value(new)) for x, new in pairs]
            if not K.is_tensor(total) and not self._fed and not self.losses:
                raise ValueError(
                    explain(
                        self._label(),
                        "没有 loss 的模型，各层也没有 add_loss",
                        "训练需要一个损失",
                        "compile(…, loss='mse')，或在层里 add_loss",
                    )
                )
            logs = [total, *(terms if len(self.outputs) > 1 else [])]
            with untaped():
                logs += [
                    weighted_loss(
                        f, fed[i][0], K.eval(outputs[i]), fed[i][1] if weigh else None, masks[i]
                    )
                    for i, f, weigh in self._metrics
                ]
            return total, [float(K.eval(value)) for value in logs]

    def _train_step(self, inputs, targets, weights) -> list[float]:
        """One step; a learner's weights stay where the loss is not finite."""
        with K.learning_phase_scope(1), Run() as run:
            total, logs = self._forward(inputs, targets, weights, training=True)
            if not np.isfinite(logs[0]) and manner() == "learner":
                return logs
            updates = self.optimizer.get_updates(total, self._collected) if self._collected else []
            run.write([*updates, *(run.updates if self.trainable or self.stateful else [])])
        return logs

    def _test_step(self, inputs, targets, weights) -> list[float]:
        with K.learning_phase_scope(0), Run() as run, untaped():
            logs = self._forward(inputs, targets, weights)[1]
            run.write(run.state_updates)
        return logs

    def _predict_step(self, inputs) -> list[np.ndarray]:
        with K.learning_phase_scope(0), Run() as run, untaped():
            outputs = [np.asarray(y) for y in self._evaluate(inputs)[0]]
            run.write(run.state_updates)
        return outputs

    def _inputs(self, x, may_be_empty=False) -> list[np.ndarray]:
        with unchanged_by_failure(self):
            self._ensure_built(x)
            shapes = [t.shape for t in self.inputs]
            where = f"{self._label()} 的输入"
            return standardize(where, x, self.input_names, shapes, may_be_empty)

    def _batch_size(self, given: int | None, count: int) -> int:
        """How many samples a batch has: 32, or what the Input fixes."""
        fixed = self.inputs[0].shape[0]
        size = positive(self._label(), "batch_size", (fixed or 32) if given is None else given)
        if fixed is not None and (size != fixed or count % fixed):
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
        self._batch_size(len(inputs[0]), len(inputs[0]))

    def _checked_data(self, x, y, sample_weight, class_weight):
        self._require_compiled(x)
        inputs = self._inputs(x)
        names = [self.output_names[i] for i in self._fed]
        outputs = [self.outputs[i] for i in self._fed]
        targets = []
        if names:
            targets = check_targets(self._label(), y, names, outputs, self._loss_functions)
        elif y is not None and len(to_list(y, allow_tuple=True)):
            raise ValueError(
                explain(
                    self._label(),
                    "标签 y",
                    "每个输出都没有 loss，损失全部来自 add_loss，所以不要标签",
                    "fit(x)",
                )
            )
        if targets and len(inputs[0]) != len(targets[0]):
            raise ValueError(
                explain(
                    self._label(),
                    f"{len(inputs[0])} 个输入样本，{len(targets[0])} 个标签",
                    "样本数必须相同",
                    f"都取前 {min(len(inputs[0]), len(targets[0]))} 个",
                )
            )
        weights = sample_weights(self._label(), sample_weight, class_weight, targets, names)
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


def weighted_loss(function, y_true, y_pred, weights, mask):
    """Mean of a per-sample loss, with masked steps and sample weights taken out as Keras does."""
    score = function(y_true, y_pred)
    if mask is not None:
        kept = K.cast(mask, dtype=K.floatx())
        score = score * kept / K.mean(kept)
    if weights is not None:
        rest = list(range(weights.ndim, K.ndim(score)))
        score = K.mean(score, axis=rest) if rest else score
        score = score * weights / np.mean(weights != 0, dtype=weights.dtype)
    return K.mean(score)
