"""记录与显示的回调：BaseLogger、History、ProgbarLogger。"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from ..errors import explain, nearest
from ..utils.generic_utils import Progbar
from .base import Callback, Logs


class BaseLogger(Callback):
    """每轮结束时把各批的损失与评价按样本数平均，写入 `logs`。`Model.fit` 总是带着它。

    `stateful_metrics` 中的名称不平均，取最后一批的值。
    """

    def __init__(self, stateful_metrics: Iterable[str] | None = None) -> None:
        self.stateful_metrics = set(stateful_metrics or ())

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.seen = 0
        self.totals: Logs = {}

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        size = logs.get("size", 0)
        self.seen += size
        for name, value in logs.items():
            if name in self.stateful_metrics:
                self.totals[name] = value
            else:
                self.totals[name] = self.totals.get(name, 0.0) + value * size

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is None:
            return
        for name in self.params["metrics"]:
            if name in self.totals:
                count = 1 if name in self.stateful_metrics else self.seen
                logs[name] = self.totals[name] / count


class History(Callback):
    """记录每一轮的损失与评价；`Model.fit` 返回它。

    属性：`epoch` 是轮次的列表，`history` 是名称 → 各轮的值的列表。
    """

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class ProgbarLogger(Callback):
    """把进度、损失与评价显示在进度条上；`fit(verbose=1)` 与 `fit(verbose=2)` 用它。

    `count_mode`：按样本数 (samples) 还是按批数 (steps) 计算进度。
    """

    def __init__(
        self,
        count_mode: Literal["samples", "steps"] = "samples",
        stateful_metrics: Iterable[str] | None = None,
    ) -> None:
        if count_mode not in ("samples", "steps"):
            raise ValueError(
                explain(
                    "ProgbarLogger",
                    received=f"count_mode={count_mode!r}",
                    rule="进度按样本数 'samples' 或按批数 'steps' 计算",
                    suggestion=f"count_mode={nearest(count_mode, ['samples', 'steps'])}",
                )
            )
        self.count_mode = count_mode
        self.stateful_metrics = set(stateful_metrics or ())

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.seen = 0
        self.target = self.params[self.count_mode]
        verbose = self.params["verbose"]
        self.progbar = Progbar(self.target, verbose=verbose, stateful_metrics=self.stateful_metrics)
        if verbose:
            print(f"Epoch {epoch + 1}/{self.params['epochs']}")

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        self.seen += 1 if self.count_mode == "steps" else logs.get("size", 0)
        self.last_values = self._values(logs)
        # The last batch is shown by on_epoch_end, together with the validation results.
        if self.target is None or self.seen < self.target:
            self.progbar.update(self.seen, self.last_values)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.progbar.update(self.seen, self.last_values + self._values(logs or {}))

    def _values(self, logs: Logs) -> list[tuple[str, float]]:
        return [(name, logs[name]) for name in self.params["metrics"] if name in logs]
