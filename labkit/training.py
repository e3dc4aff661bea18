"""Training: compile, fit, evaluate, predict, and one step on one batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from . import backend as K
from . import callbacks as cb
from . import losses, metrics, optimizers, validation
from .backend.tape import known, untaped
from .data import batches, check_targets, sample_weights, standardize
from .errors import explain, nearest
from .network import Network
from .run import Run, unchanged_by_failure
from .utils.generic_utils import to_list, unpack_singleton
from .validation import is_integer, positive

NAN_RULE = "损失必须是有限的数；学习率过大、对 0 取对数、数据里有 NaN 都会使它变成 NaN"


class Trainer(Network):
    """能训练的图：compile 之后可以 fit、evaluate、train_on_batch。"""

    optimizer: Any = None
    stop_training = False

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
        if kwargs or target_tensors is not None or sample_weight_mode not in {None, "temporal"}:
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
        if loss is None:
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
        self.optimizer = chosen
        self._collected = self.trainable_weights if self.built else None

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
        self._loss_functions = [
            losses.get(f) for f in self._each("loss", self._compiled["loss"], None)
        ]
        weights = self._compiled["loss_weights"]
        self._loss_weights = (
            [1.0] * n if weights is None else self._each("loss_weights", weights, 1.0)
        )
        for weight in self._loss_weights:
            validation.number(f"{self._label()}.compile", "loss_weights", weight, 0.0, np.inf)
        self.metrics_names = ["loss"]
        if n > 1:
            self.metrics_names += [f"{name}_loss" for name in self.output_names]
        self._metrics: list[list[Callable]] = []
        self._weighted: list[list[Callable]] = []
        for group, wanted in (
            (self._metrics, self._compiled["metrics"]),
            (self._weighted, self._weighted_metrics),
        ):
            per_output = wanted if isinstance(wanted, dict) else [wanted or []] * n
            if isinstance(wanted, list) and n > 1 and any(isinstance(w, list) for w in wanted):
                per_output = wanted
            if isinstance(per_output, dict):
                per_output = [per_output.get(name, []) for name in self.output_names]
            for i, wanted_here in enumerate(per_output):
                functions = []
                for metric in to_list(wanted_here, allow_tuple=True):
                    function, suffix = self._metric(metric, i)
                    functions.append(function)
                    prefix = f"{self.output_names[i]}_" if n > 1 else ""
                    weighted = "weighted_" if group is self._weighted and suffix == "acc" else ""
                    self.metrics_names.append(prefix + weighted + suffix)
                group.append(functions)

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

    def _forward(self, inputs, targets, weights) -> tuple[Any, list[float]]:
        """The total loss (a tensor when taped) and the values of metrics_names."""
        with self._running(inputs) as (outputs, masks):
            terms = [
                weighted_loss(f, y_true, y, w, mask)
                for f, y_true, y, w, mask in zip(
                    self._loss_functions, targets, outputs, weights, masks, strict=True
                )
            ]
            total = sum(term * scale for term, scale in zip(terms, self._loss_weights, strict=True))
            total = known(sum(self.losses, total))
            logs = [total, *(terms if len(terms) > 1 else [])]
            with untaped():
                for group, used in (
                    (self._metrics, [None] * len(weights)),
                    (self._weighted, weights),
                ):
                    for functions, y_true, y, w, mask in zip(
                        group, targets, outputs, used, masks, strict=True
                    ):
                        logs += [weighted_loss(f, y_true, K.eval(y), w, mask) for f in functions]
            return total, [float(K.eval(value)) for value in logs]

    def _train_step(self, inputs, targets, weights) -> list[float]:
        """One step; with a loss that is not finite nothing is written."""
        with K.learning_phase_scope(1), Run() as run:
            total, logs = self._forward(inputs, targets, weights)
            if not np.isfinite(logs[0]):
                return logs
            updates = self.optimizer.get_updates(total, self._collected) if self._collected else []
            run.write([*updates, *(run.updates if self.trainable or self.stateful else [])])
        return logs

    def _test_step(self, inputs, targets, weights) -> list[float]:
        with K.learning_phase_scope(0), Run() as run, untaped():
            logs = self._forward(inputs, targets, weights)[1]
            run.write(run.updates)
        return logs

    def _predict_step(self, inputs) -> list[np.ndarray]:
        with K.learning_phase_scope(0), Run() as run, untaped():
            outputs = [np.asarray(y) for y in self._evaluate(inputs)[0]]
            run.write(run.updates)
        return outputs

    def _inputs(self, x) -> list[np.ndarray]:
        with unchanged_by_failure(self):
            self._ensure_built(x)
            shapes = [t.shape for t in self.inputs]
            return standardize(f"{self._label()} 的输入", x, self.input_names, shapes)

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
        targets = check_targets(
            self._label(), y, self.output_names, self.outputs, self._loss_functions
        )
        if len(inputs[0]) != len(targets[0]):
            raise ValueError(
                explain(
                    self._label(),
                    f"{len(inputs[0])} 个输入样本，{len(targets[0])} 个标签",
                    "样本数必须相同",
                    f"都取前 {min(len(inputs[0]), len(targets[0]))} 个",
                )
            )
        weights = sample_weights(
            self._label(), sample_weight, class_weight, targets, self.output_names
        )
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
            rate = getattr(self.optimizer, "lr", None)
            smaller = f"lr={float(K.eval(rate)) / 10:g}" if rate is not None else "更小的学习率"
            raise FloatingPointError(
                explain(
                    f"{self._label()} 的训练",
                    f"损失 {logs[0]}（权重停在这一步之前）",
                    NAN_RULE,
                    f"{smaller}，或先用 np.isfinite(x).all() 检查数据",
                )
            )

    # --- many batches ---

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose=1,
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        **kwargs,
    ) -> cb.History:
        """训练 epochs 轮，返回 History（history.history 是每轮的损失与评价）。

        出错：标签形状不合抛出 ValueError；
        损失变成 NaN 抛出 FloatingPointError（有 TerminateOnNaN 时只停止）。
        """
        if kwargs:
            names = [
                "batch_size",
                "epochs",
                "verbose",
                "callbacks",
                "validation_split",
                "validation_data",
                "shuffle",
            ]
            names += ["class_weight", "sample_weight", "initial_epoch"]
            key = next(iter(kwargs))
            raise TypeError(
                explain(
                    f"{self._label()}.fit",
                    f"不认识的参数 {key!r}",
                    f"参数是 {'、'.join(names)}",
                    nearest(key, names),
                )
            )
        positive(f"{self._label()}.fit", "epochs", epochs)
        if not is_integer(initial_epoch) or initial_epoch < 0:
            rule = "initial_epoch 是从 0 数起的整数"
            received = f"initial_epoch={initial_epoch!r}"
            raise ValueError(explain(f"{self._label()}.fit", received, rule, "initial_epoch=0"))
        extra = [] if callbacks is None else callbacks
        if not isinstance(extra, list | tuple) or any(
            not isinstance(c, cb.Callback) for c in extra
        ):
            raise TypeError(
                explain(
                    f"{self._label()}.fit",
                    f"callbacks={callbacks!r}",
                    "callbacks 是回调的列表",
                    "callbacks=[EarlyStopping('loss')]",
                )
            )
        data = self._data(x, y, sample_weight, class_weight)
        data, held_out = self._validation(data, validation_split, validation_data)
        size = self._batch_size(batch_size, len(data[0][0]))
        history = cb.History()
        hooks = cb.CallbackList([cb.BaseLogger(), *extra, history])
        if verbose:
            hooks = cb.CallbackList([cb.BaseLogger(), cb.ProgbarLogger(), *extra, history])
        count = len(data[0][0])
        hooks.set_model(self)
        names = list(self.metrics_names)
        hooks.set_params(
            {
                "batch_size": size,
                "epochs": epochs,
                "steps": None,
                "samples": count,
                "verbose": verbose,
                "do_validation": held_out is not None,
                "metrics": names + ([f"val_{name}" for name in names] if held_out else []),
            }
        )
        may_be_nan = any(isinstance(c, cb.TerminateOnNaN) for c in extra)
        self.history, self.stop_training = history, False
        hooks.on_train_begin()
        for epoch in range(initial_epoch, epochs):
            hooks.on_epoch_begin(epoch)
            for number, chosen in enumerate(batches(count, size, shuffle)):
                logs: dict[str, Any] = {"batch": number, "size": len(chosen)}
                hooks.on_batch_begin(number, logs)
                values = self._train_step(*[[a[chosen] for a in arrays] for arrays in data])
                if not may_be_nan:
                    self._refuse_nan(values)
                logs |= dict(zip(names, values, strict=True))
                hooks.on_batch_end(number, logs)
                if self.stop_training:
                    break
            logs = {}
            if held_out is not None and not self.stop_training:
                results = self._average(self._test_step, held_out, size)
                logs = {f"val_{name}": value for name, value in zip(names, results, strict=True)}
            hooks.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        hooks.on_train_end()
        return history

    def _validation(self, data, split, given):
        """(training data, validation data or None); a split takes the end, before shuffling."""
        if given is not None:
            if not isinstance(given, list | tuple) or len(given) not in {2, 3}:
                raise ValueError(
                    explain(
                        f"{self._label()}.fit",
                        f"validation_data 是 {type(given).__name__}",
                        "validation_data 是 (x, y) 或 (x, y, sample_weight)",
                        "validation_data=(x_val, y_val)",
                    )
                )
            x, y, *weight = given
            return data, self._data(x, y, weight[0] if weight else None)
        if split == 0:
            return data, None
        where, count = f"{self._label()}.fit", len(data[0][0])
        at = int(count * (1 - validation.number(where, "validation_split", split, 0.0, 1.0)))
        if not 0 < at < count:
            raise ValueError(
                explain(
                    where,
                    f"validation_split={split}，{count} 个样本",
                    f"前 int({count} · (1 − {split})) = {at} 个用来训练，两边都至少要有一个",
                    "validation_split=0.5" if count > 1 else "更多的样本",
                )
            )
        return [[a[:at] for a in arrays] for arrays in data], [
            [a[at:] for a in arrays] for arrays in data
        ]

    @staticmethod
    def _average(step, data, size) -> list[float]:
        count = len(data[0][0])
        totals = np.zeros(1)
        for chosen in batches(count, size, shuffle=False):
            totals = totals + len(chosen) * np.array(
                step(*[[a[chosen] for a in arrays] for arrays in data])
            )
        return [float(value) for value in totals / count]

    def evaluate(self, x=None, y=None, batch_size=None, verbose=1, sample_weight=None):
        """全部数据上的平均损失（和各项评价）。"""
        data = self._data(x, y, sample_weight)
        size = self._batch_size(batch_size, len(data[0][0]))
        return unpack_singleton(self._average(self._test_step, data, size))

    def predict(self, x, batch_size=None, verbose=0):
        """全部数据的输出，分批计算。"""
        inputs = self._inputs(x)
        size = self._batch_size(batch_size, len(inputs[0]))
        parts = [
            self._predict_step([a[chosen] for a in inputs])
            for chosen in batches(len(inputs[0]), size, False)
        ]
        return unpack_singleton([np.concatenate(part) for part in zip(*parts, strict=True)])


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
