"""Many batches: fit, evaluate and predict, on arrays, generators and Sequences."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from .. import callbacks as cb
from ..arguments import validation
from ..arguments.spellings import GENERATOR, renamed
from ..arguments.validation import positive
from ..errors import explain
from ..manner import refuse
from ..utils.data_utils import is_sequence
from ..utils.generic_utils import unpack_singleton
from ..utils.progbar import Progbar
from .data import batches
from .feeding import check_epochs, due, endless, following, is_generator, unpack
from .training import Trainer

Step = Callable[[], list[float]]


class Fitter(Trainer):
    """能在许多批数据上训练、评估、预测的图。"""

    history: cb.History
    stop_training = False

    @renamed(nb_epoch="epochs")
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
        steps_per_epoch=None,
        validation_steps=None,
        validation_freq=1,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
    ) -> cb.History:
        """训练 epochs 轮，返回 History（history.history 是每轮的损失与评价）。

        x 也可以是生成器或 Sequence，与 fit_generator 相同。steps_per_epoch 给出时，每步用全部数据。
        validation_freq 是每几轮验证一次，或要验证的轮数（从 1 数起）的列表。
        max_queue_size、workers、use_multiprocessing 不起作用：labkit 按次序取数据。
        出错：标签形状不合抛出 ValueError；
        损失变成 NaN 抛出 FloatingPointError（有 TerminateOnNaN 时只停止）。
        """
        where = f"{self._label()}.fit"
        if is_generator(x):
            return self.fit_generator(
                x,
                steps_per_epoch=steps_per_epoch,
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                validation_data=validation_data,
                validation_steps=validation_steps,
                validation_freq=validation_freq,
                class_weight=class_weight,
                shuffle=shuffle,
                initial_epoch=initial_epoch,
            )
        check_epochs(where, epochs, initial_epoch, callbacks)
        data = self._data(x, y, sample_weight, class_weight)
        data, held_out = self._validation(data, validation_split, validation_data)
        count = data[0][0].shape[0]
        if steps_per_epoch is not None:
            positive(where, "steps_per_epoch", steps_per_epoch)
            if batch_size is not None:
                raise ValueError(
                    explain(
                        where,
                        f"batch_size={batch_size}，steps_per_epoch={steps_per_epoch}",
                        "steps_per_epoch 给出时每步用全部数据，不能再分批",
                        "只给 batch_size",
                    )
                )
            size = count
        else:
            size = self._batch_size(batch_size, count)

        def steps() -> Iterator[tuple[int, Step]]:
            chosen = (
                [np.arange(count)] * steps_per_epoch
                if steps_per_epoch is not None
                else batches(count, size, shuffle)
            )
            for rows in chosen:
                batch = [[a[rows] for a in arrays] for arrays in data]
                yield len(rows), lambda batch=batch: self._train_step(*batch)

        def validate(hooks) -> list[float]:
            return self._average(held_out, size, hooks)

        return self._run_epochs(
            steps,
            validate if held_out is not None else None,
            held_out,
            validation_freq,
            epochs,
            initial_epoch,
            verbose,
            callbacks,
            {"batch_size": size, "samples": count, "steps": steps_per_epoch},
        )

    def _run_epochs(
        self,
        steps: Callable[[], Iterator[tuple[int, Step]]],
        validate: Callable[[cb.CallbackList], list[float]] | None,
        held_out,
        validation_freq,
        epochs: int,
        initial_epoch: int,
        verbose: int,
        callbacks,
        params: dict[str, Any],
    ) -> cb.History:
        """The loop over epochs that fit and fit_generator share.

        The callbacks get the validation data where they are arrays.
        """
        extra, names = list(callbacks or []), list(self.metrics_names)
        history = cb.History()
        mode = "steps" if params.get("steps") is not None else "samples"
        stateful = self.stateful_metric_names
        bar = [cb.ProgbarLogger(mode, stateful)] if verbose else []  # type: ignore[arg-type]
        hooks = cb.CallbackList([cb.BaseLogger(stateful), *bar, *extra, history])
        hooks.set_model(self)
        validated = [f"val_{name}" for name in names] if validate else []
        hooks.set_params(
            {
                **params,
                "epochs": epochs,
                "verbose": verbose,
                "do_validation": validate is not None,
                "metrics": names + validated,
            }
        )
        may_be_nan = any(isinstance(c, cb.TerminateOnNaN) for c in extra)
        self.history, self.stop_training = history, False
        phase = [0.0] if self._uses_dynamic_learning_phase() else []
        if held_out is not None:
            arrays = [*itertools.chain(*held_out), *phase]
            for callback in hooks:
                callback.validation_data = arrays
        hooks.on_train_begin()
        for epoch in range(initial_epoch, epochs):
            self._reset_metrics()
            hooks.on_epoch_begin(epoch)
            for number, (size, step) in enumerate(steps()):
                logs: dict[str, Any] = {"batch": number, "size": size}
                hooks.on_batch_begin(number, logs)
                values = step()
                if not may_be_nan:
                    self._refuse_nan(values)
                logs |= dict(zip(names, values, strict=True))
                hooks.on_batch_end(number, logs)
                if self.stop_training:
                    break
            logs = {}
            if validate is not None and not self.stop_training and due(validation_freq, epoch):
                logs = {f"val_{n}": v for n, v in zip(names, validate(hooks), strict=True)}
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
        where, count = f"{self._label()}.fit", data[0][0].shape[0]
        split = validation.number(where, "validation_split", split, 0.0, 1.0)
        at = int(count * (1 - split))
        if not 0 < at < count:
            error = ValueError(
                explain(
                    where,
                    f"validation_split={split}，{count} 个样本",
                    f"前 int({count} · (1 − {split})) = {at} 个用来训练，两边都至少要有一个",
                    "validation_split=0.5" if count > 1 else "更多的样本",
                )
            )
            if 0 < split < 1:
                raise error
            refuse(error)
            return data, None
        return [[a[:at] for a in arrays] for arrays in data], [
            [a[at:] for a in arrays] for arrays in data
        ]

    def _reset_metrics(self) -> None:
        for metric in self.stateful_metric_functions:
            metric.reset_states()

    def _average(self, data, size, hooks, show=None) -> list[float]:
        """Losses and metrics over all batches of the data."""
        count = data[0][0].shape[0]

        def parts() -> Iterator:
            for rows in batches(count, size, shuffle=False):
                yield len(rows), [[a[rows] for a in arrays] for arrays in data]
                if show is not None:
                    show.add(len(rows))

        return self._tested(parts(), hooks)

    def _tested(self, parts, hooks) -> list[float]:
        """Means by the number of samples; a stateful metric has counted itself."""
        step = self._reporting(self._test_step, hooks, "test")
        self._reset_metrics()
        hooks.on_test_begin()
        counts, results = [], []
        for count, batch in parts:
            counts.append(count)
            results.append(step(*batch))
        hooks.on_test_end()
        means = np.average(results, axis=0, weights=counts)
        return [
            last if name in self.stateful_metric_names else float(mean)
            for name, last, mean in zip(self.metrics_names, results[-1], means, strict=True)
        ]

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose=1,
        sample_weight=None,
        steps=None,
        callbacks=None,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
    ):
        """全部数据上的平均损失（和各项评价）；verbose=1 显示进度条。

        x 也可以是生成器或 Sequence，与 evaluate_generator 相同；steps 是批数。
        """
        if is_generator(x):
            return self.evaluate_generator(x, steps, callbacks=callbacks, verbose=verbose)
        data = self._data(x, y, sample_weight)
        count = data[0][0].shape[0]
        size = count if steps is not None else self._batch_size(batch_size, count)
        hooks = self._hooks(callbacks, {"batch_size": size, "samples": count, "steps": steps})
        bar = Progbar(count) if verbose == 1 else None
        return unpack_singleton(self._average(data, size, hooks, bar))

    def predict(
        self,
        x,
        batch_size=None,
        verbose=0,
        steps=None,
        callbacks=None,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
    ):
        """全部数据的输出，分批计算；x 也可以是生成器或 Sequence，与 predict_generator 相同。"""
        if is_generator(x):
            return self.predict_generator(x, steps, callbacks=callbacks, verbose=verbose)
        inputs = self._inputs(x, may_be_empty=True)
        count = inputs[0].shape[0]
        if not count:
            empty: Any = []  # what Keras gave
            return empty
        size = count if steps is not None else self._batch_size(batch_size, count, partial=True)
        hooks = self._hooks(callbacks, {"batch_size": size, "samples": count, "steps": steps})
        hooks.on_predict_begin()
        step = self._reporting(self._predict_step, hooks, "predict")
        bar = Progbar(count) if verbose == 1 else None
        parts = []
        for chosen in batches(count, size, False):
            parts.append(self._rows(step([a[chosen] for a in inputs]), len(chosen)))
            if bar is not None:
                bar.add(len(chosen))
        hooks.on_predict_end()
        return unpack_singleton([np.concatenate(part) for part in zip(*parts, strict=True)])

    def _rows(self, outputs: list, count: int) -> list:
        """A batch's outputs, one row for each sample; Keras repeated a single one."""
        rows = []
        for name, output in zip(self.output_names, outputs, strict=True):
            if not np.ndim(output):
                refuse(
                    ValueError(
                        explain(
                            f"{self._label()}.predict",
                            f"输出 {name} 是一个数，没有 batch 轴",
                            "每个样本有一行输出",
                            "在层里保留第 0 轴，例如 K.sum(x, axis=-1)，不写 K.sum(x)",
                        )
                    )
                )
            alone = np.ndim(output) == 0 or np.shape(output)[0] == 1
            rows.append(
                np.broadcast_to(output, (count, *np.shape(output)[1:])) if alone else output
            )
        return rows

    def _hooks(self, callbacks, params) -> cb.CallbackList:
        """The reader's callbacks for evaluate and predict; fit passes none to its validation."""
        if isinstance(callbacks, cb.CallbackList):
            return callbacks
        hooks = cb.CallbackList(callbacks or [])
        if hooks.callbacks:
            hooks.set_model(self)
            hooks.set_params({**params, "verbose": 0, "metrics": list(self.metrics_names)})
        return hooks

    def _reporting(self, step, hooks, phase: str):
        """The step, with the hooks of its phase before and after each batch."""
        numbers = itertools.count()

        def run(inputs, *rest):
            number = next(numbers)
            logs = {"batch": number, "size": inputs[0].shape[0]}
            getattr(hooks, f"on_{phase}_batch_begin")(number, logs)
            results = step(inputs, *rest)
            if phase == "test":
                logs |= dict(zip(self.metrics_names, results, strict=True))
            else:
                logs["outputs"] = results
            getattr(hooks, f"on_{phase}_batch_end")(number, logs)
            return results

        return run

    # --- generators ---

    @renamed(**GENERATOR)
    def fit_generator(
        self,
        generator,
        steps_per_epoch=None,
        epochs=1,
        verbose=1,
        callbacks=None,
        validation_data=None,
        validation_steps=None,
        validation_freq=1,
        class_weight=None,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
        shuffle=True,
        initial_epoch=0,
    ) -> cb.History:
        """用生成器或 Sequence 逐批给出的 (x, y) 或 (x, y, sample_weight) 训练。

        生成器要说明 steps_per_epoch；Sequence 的默认是它的长度，shuffle=True 时每轮打乱批的次序。
        validation_data 也可以是生成器（要说明 validation_steps）、Sequence 或 (x, y)。
        出错：没有步数、一批的形式不对抛出 ValueError。
        """
        where = f"{self._label()}.fit_generator"
        check_epochs(where, epochs, initial_epoch, callbacks)
        steps_per_epoch = self._steps(where, "steps_per_epoch", generator, steps_per_epoch)
        self._require_compiled_for(generator)
        source = endless(generator, shuffle)
        validate = held_out = None
        if is_generator(validation_data):
            wanted = self._steps(where, "validation_steps", validation_data, validation_steps)
            held = endless(validation_data, False)
            validate = partial(self._evaluate_batches, held, wanted)
        elif validation_data is not None:
            _, held_out = self._validation(None, 0, validation_data)
            size = 32 if self.inputs[0].shape[0] is None else self.inputs[0].shape[0]
            validate = partial(self._average, held_out, size)

        def steps() -> Iterator[tuple[int, Step]]:
            for _ in range(steps_per_epoch):
                x, y, weight = unpack(where, following(where, source))
                data = self._data(x, y, weight, class_weight)
                yield data[0][0].shape[0], lambda data=data: self._train_step(*data)

        return self._run_epochs(
            steps,
            validate,
            held_out,
            validation_freq,
            epochs,
            initial_epoch,
            verbose,
            callbacks,
            {"steps": steps_per_epoch},
        )

    @renamed(**GENERATOR)
    def evaluate_generator(
        self,
        generator,
        steps=None,
        callbacks=None,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
        verbose=0,
    ):
        """生成器或 Sequence 给出的 steps 批数据上的平均损失（和各项评价），按样本数加权。"""
        steps = self._steps(f"{self._label()}.evaluate_generator", "steps", generator, steps)
        hooks = self._hooks(callbacks, {"steps": steps})
        source = endless(generator, False)
        return unpack_singleton(self._evaluate_batches(source, steps, hooks, verbose))

    def _evaluate_batches(self, source, steps: int, hooks, verbose=0) -> list[float]:
        where = f"{self._label()}.evaluate_generator"
        bar = Progbar(steps) if verbose == 1 else None

        def parts() -> Iterator:
            for _ in range(steps):
                x, y, weight = unpack(where, following(where, source))
                data = self._data(x, y, weight)
                yield data[0][0].shape[0], data
                if bar is not None:
                    bar.add(1)

        return self._tested(parts(), hooks)

    @renamed(**GENERATOR)
    def predict_generator(
        self,
        generator,
        steps=None,
        callbacks=None,
        max_queue_size=10,
        workers=1,
        use_multiprocessing=False,
        verbose=0,
    ):
        """生成器或 Sequence 给出的 steps 批数据的输出；一批可以是 x，也可以是 (x, y, …)。"""
        where = f"{self._label()}.predict_generator"
        steps = self._steps(where, "steps", generator, steps)
        hooks = self._hooks(callbacks, {"steps": steps})
        hooks.on_predict_begin()
        step = self._reporting(self._predict_step, hooks, "predict")
        source, parts = endless(generator, False), []
        bar = Progbar(steps) if verbose == 1 else None
        for _ in range(steps):
            batch = following(where, source)
            parts.append(step(self._inputs(batch[0] if isinstance(batch, tuple) else batch)))
            if bar is not None:
                bar.add(1)
        hooks.on_predict_end()
        return unpack_singleton([np.concatenate(part) for part in zip(*parts, strict=True)])

    def _steps(self, where: str, name: str, source, steps) -> int:
        if steps is not None:
            return positive(where, name, steps)
        if is_sequence(source):
            return len(source)
        raise ValueError(
            explain(
                where,
                f"没有 {name} 的生成器",
                f"生成器没有长度，要用 {name} 说明取几批；Sequence 才能省略",
                f"{name}=样本数 // 批的大小",
            )
        )

    def _require_compiled_for(self, source) -> None:
        """An uncompiled model says so before the generator loses a batch."""
        if self.built or getattr(self, "optimizer", None) is None:
            self._require_compiled(None)
