"""干预训练的回调：提前停止，改变学习率。"""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable
from typing import Literal

import numpy as np

from .. import backend as K
from ..errors import explain, nearest
from ..manner import refuse
from ..utils.generic_utils import check_keywords
from .base import Callback, Logs

Mode = Literal["auto", "min", "max"]


class TerminateOnNaN(Callback):
    """损失变成 NaN 或无穷大时停止训练。"""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not np.isfinite(loss):
            print(f"第 {batch} 批：损失是 {loss}，停止训练")
            self.model.stop_training = True


def _improvement(
    where: str, monitor: str, mode: Mode, min_delta: float
) -> tuple[Callable[[float, float], bool], float]:
    """Whether a new value beats the best by more than min_delta, and the worst value there is."""
    if mode not in ("auto", "min", "max"):
        refuse(
            ValueError(
                explain(
                    where,
                    received=f"mode={mode!r}",
                    rule="min 是越小越好，max 是越大越好，"
                    "auto 看名称：含 acc 的越大越好，其余越小越好",
                    suggestion=f"mode={nearest(mode, ['auto', 'min', 'max'])}",
                )
            )
        )
    if mode == "max" or (mode == "auto" and "acc" in monitor):
        return (lambda new, best: new - min_delta > best), -math.inf
    return (lambda new, best: new + min_delta < best), math.inf


def _monitored(where: str, monitor: str, logs: Logs | None) -> float | None:
    value = (logs or {}).get(monitor)
    if value is None:
        warnings.warn(
            f"{where}：logs 中没有 {monitor!r}，只有 {'、'.join(logs or ()) or '空'}；"
            "带 val_ 的要在 fit 中给出 validation_data 或 validation_split。",
            RuntimeWarning,
            stacklevel=3,
        )
    return value


class EarlyStopping(Callback):
    """连续 `patience` 轮没有进步就停止训练。

    进步：`monitor` 比至今最好的值好，且相差大于 `min_delta`。
    `baseline` 是起点：一开始就要比它好。
    `restore_best_weights`：停止时恢复最好的一轮的权重。
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: Mode = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
    ) -> None:
        self.improved, self.worst = _improvement("EarlyStopping", monitor, mode, min_delta)
        self.monitor = monitor
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = self.worst if self.baseline is None else self.baseline
        self.best_weights: list | None = None

    def get_monitor_value(self, logs: Logs | None):
        """logs 里被监视的值，没有时警告并返回 None。"""
        return _monitored("EarlyStopping", self.monitor, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.get_monitor_value(logs)
        if value is None:
            return
        if self.improved(value, self.best):
            self.best = value
            self.wait = 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            if self.best_weights is not None:
                self.model.set_weights(self.best_weights)
            if self.verbose:
                print(f"第 {epoch + 1} 轮之后提前停止，最好的 {self.monitor} 是 {self.best:.4f}")


class LearningRateScheduler(Callback):
    """每轮开始时设置学习率：lr = schedule(epoch, lr) 或 schedule(epoch)，`epoch` 从 0 数起。"""

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule = schedule
        self.verbose = verbose
        try:
            inspect.signature(schedule).bind(0, 0.0)
            self.takes_lr = True
        except TypeError:
            self.takes_lr = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        old_lr = float(K.get_value(optimizer.lr))
        lr = self.schedule(epoch, old_lr) if self.takes_lr else self.schedule(epoch)
        if not isinstance(lr, int | float | np.number):
            raise ValueError(
                explain(
                    "LearningRateScheduler",
                    received=f"schedule({epoch}) 返回 {lr!r}",
                    rule="schedule 返回这一轮的学习率，一个数",
                    suggestion="lambda epoch: 0.1 * 0.5 ** (epoch // 10)",
                )
            )
        K.set_value(optimizer.lr, lr)
        if self.verbose:
            print(f"第 {epoch + 1} 轮：学习率设为 {float(lr):g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["lr"] = float(K.get_value(self.model.optimizer.lr))


class ReduceLROnPlateau(Callback):
    """连续 `patience` 轮没有进步就减小学习率：lr = max(lr · factor, min_lr)。

    进步：`monitor` 比至今最好的值好，且相差大于 `min_delta`。
    减小之后先等 `cooldown` 轮，再重新计数。0 < factor < 1。
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: Mode = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0,
        **kwargs: float,
    ) -> None:
        try:
            check_keywords("ReduceLROnPlateau", kwargs, ["epsilon"])
        except TypeError as error:
            refuse(error)
        if "epsilon" in kwargs:
            min_delta = kwargs["epsilon"]
            warnings.warn(
                f"ReduceLROnPlateau 的 epsilon 已改名，今后请写成 min_delta={min_delta:g}。",
                stacklevel=2,
            )
        if not 0 < factor < 1:
            raise ValueError(
                explain(
                    "ReduceLROnPlateau",
                    received=f"factor={factor}",
                    rule="新的学习率是 lr · factor，要减小就要 0 < factor < 1",
                    suggestion=f"factor={1 / factor:g}" if factor > 1 else "factor=0.1",
                )
            )
        self.improved, self.worst = _improvement("ReduceLROnPlateau", monitor, mode, min_delta)
        self.monitor = monitor
        self.mode = mode
        self.min_delta = min_delta
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def in_cooldown(self) -> bool:
        """减小之后是不是还在等待。"""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def _reset(self) -> None:
        self.best = self.worst
        self.wait = 0
        self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        lr = float(K.get_value(optimizer.lr))
        if logs is not None:
            logs["lr"] = lr
        value = _monitored("ReduceLROnPlateau", self.monitor, logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improved(value, self.best):
            self.best = value
            self.wait = 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience and lr > self.min_lr:
                K.set_value(optimizer.lr, max(lr * self.factor, self.min_lr))
                self.cooldown_counter = self.cooldown
                self.wait = 0
                if self.verbose:
                    print(f"第 {epoch + 1} 轮之后学习率减小为 {float(K.get_value(optimizer.lr)):g}")
