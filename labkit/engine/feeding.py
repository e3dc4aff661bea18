"""Where batches come from: generators and Sequences, checked as they arrive."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from .. import callbacks as cb
from ..arguments.validation import is_integer
from ..errors import explain
from ..manner import refuse
from ..utils.data_utils import is_sequence


def is_generator(x) -> bool:
    """A Sequence, a generator or another iterator."""
    return x is not None and (is_sequence(x) or hasattr(x, "__next__"))


def endless(source, shuffle: bool) -> Iterator:
    """The batches of a Sequence over and over, in another order each time; or the generator."""
    if not is_sequence(source):
        return iter(source)

    def batches_of() -> Iterator:
        while True:
            order = list(range(len(source)))
            if shuffle:
                random.shuffle(order)
            for index in order:
                yield source[index]
            source.on_epoch_end()

    return batches_of()


def following(where: str, source: Iterator):
    """The next batch, or ValueError where the generator has ended."""
    try:
        return next(source)
    except StopIteration as error:
        raise ValueError(
            explain(
                where,
                "取完了的生成器",
                "生成器要一直给得出数据：每轮的步数 × 轮数那么多批",
                "在生成器里写 while True:，或减少步数与轮数",
            )
        ) from error


def unpack(where: str, batch) -> tuple[Any, Any, Any]:
    """(x, y, sample weight or None) from what a generator gave."""
    if not isinstance(batch, tuple | list) or len(batch) not in {2, 3}:
        size = f"，{len(batch)} 项" if hasattr(batch, "__len__") else ""
        raise ValueError(
            explain(
                where,
                f"生成器给出的 {type(batch).__name__}{size}",
                "每批是 (x, y) 或 (x, y, sample_weight)",
                "yield x, y",
            )
        )
    x, y, *weight = batch
    return x, y, weight[0] if weight else None


def due(frequency, epoch: int) -> bool:
    """Whether this epoch (from 0) is validated: every n epochs, or those listed (from 1)."""
    if is_integer(frequency):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency


def check_epochs(where: str, epochs, initial_epoch, callbacks) -> None:
    for name, value in (("epochs", epochs), ("initial_epoch", initial_epoch)):
        if not is_integer(value) or value < 0:
            rule = f"{name} 是不小于 0 的整数"
            error = ValueError(explain(where, f"{name}={value!r}", rule, f"{name}=1"))
            if not is_integer(value):
                raise error
            refuse(error)
    extra = [] if callbacks is None else callbacks
    if not isinstance(extra, list | tuple) or any(not isinstance(c, cb.Callback) for c in extra):
        raise TypeError(
            explain(
                where,
                f"callbacks={callbacks!r}",
                "callbacks 是回调的列表",
                "callbacks=[EarlyStopping('loss')]",
            )
        )
