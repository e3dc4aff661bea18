"""进度条，样子与 Keras 相同。"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import TextIO

import numpy as np


def _can_rewrite_line(stream: TextIO) -> bool:
    """终端、notebook 与浏览器能用 `\\r` 回到行首；文件和管道不能。"""
    return stream.isatty() or "ipykernel" in sys.modules or sys.platform == "emscripten"


def _duration(seconds: float) -> str:
    if seconds > 3600:
        return f"{seconds // 3600:.0f}:{seconds % 3600 // 60:02.0f}:{seconds % 60 // 1:02.0f}"
    if seconds > 60:
        return f"{seconds // 60:.0f}:{seconds % 60 // 1:02.0f}"
    return f"{seconds // 1:.0f}s"


def _time_per_step(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s/step"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms/step"
    return f"{seconds * 1e6:.0f}us/step"


class Progbar:
    """显示进度与各项指标的平均值。

    ```text
     32/100 [========>.....................] - ETA: 1s - loss: 0.5000
    ```

    参数：

    - `target`：总步数，不知道时是 None；
    - `width`：方括号内的字符数；
    - `verbose`：0 不显示，1 进度条，2 每轮一行；
    - `interval`：两次刷新至少间隔的秒数；
    - `stateful_metrics`：这些指标照原样显示，其余的按步数加权平均。

    输出到文件或管道时没有光标可移动，`verbose=1` 只在最后一步写一行。
    """

    def __init__(
        self,
        target: int | None,
        width: int = 30,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
    ) -> None:
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.stateful_metrics = set(stateful_metrics or ())
        self._sums: dict[str, tuple[float, float]] = {}
        self._seen = 0
        self._start = time.time()
        self._last_update = 0.0
        self._line_width = 0

    def update(self, current: int, values: Iterable[tuple[str, float]] | None = None) -> None:
        """走到第 `current` 步；`values` 是 (名称, 这几步的值) 的列表。"""
        steps = current - self._seen
        for name, value in values or ():
            if name in self.stateful_metrics:
                self._sums[name] = (value, 1)
            else:
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = (total + value * steps, count + steps)
        self._seen = current

        now = time.time()
        finished = self.target is not None and current >= self.target
        if self.verbose == 1 and _can_rewrite_line(sys.stdout):
            if finished or self.target is None or now - self._last_update >= self.interval:
                line = self._bar(current) + self._timing(current, now) + self._averages()
                padded = line.ljust(self._line_width)
                self._line_width = len(line)
                self._write("\r" + padded + ("\n" if finished else ""))
                self._last_update = now
        elif finished and self.verbose == 1:
            line = self._bar(current) + self._timing(current, now) + self._averages()
            self._write(line + "\n")
        elif self.verbose == 2 and (finished or self.target is None):
            self._write(f" - {now - self._start:.0f}s{self._averages()}\n")

    def add(self, n: int, values: Iterable[tuple[str, float]] | None = None) -> None:
        """再走 `n` 步。"""
        self.update(self._seen + n, values)

    def _bar(self, current: int) -> str:
        if self.target is None:
            return f"{current:7d}/Unknown"
        filled = int(self.width * current / self.target)
        tip = "=" if current >= self.target else ">"
        bar = ("=" * (filled - 1) + tip if filled else "").ljust(self.width, ".")
        return f"{current:{len(str(self.target))}d}/{self.target} [{bar}]"

    def _timing(self, current: int, now: float) -> str:
        elapsed = now - self._start
        per_step = elapsed / current if current else 0.0
        if self.target is not None and current < self.target:
            return f" - ETA: {_duration(per_step * (self.target - current))}"
        return f" - {elapsed:.0f}s {_time_per_step(per_step)}"

    def _averages(self) -> str:
        averages = {
            name: float(np.mean(total / max(1, count)))
            for name, (total, count) in self._sums.items()
        }
        # As Keras: scientific notation where four decimals would show too little.
        return "".join(
            f" - {name}: {average:.4f}" if abs(average) > 1e-3 else f" - {name}: {average:.4e}"
            for name, average in averages.items()
        )

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
