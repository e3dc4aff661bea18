"""Running symbols: K.function, and the session that TensorFlow 1 code asks for."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np

from ..errors import explain
from .config import learning_phase_scope
from .evaluation import Feed, Run, ancestors
from .state import state
from .tape import untaped
from .tensors import Symbol, Tensor, value
from .variables import batch_set_value, with_slots


class Function:
    """从 inputs 算出 outputs，再写入 updates 的函数；由 K.function 创建。"""

    def __init__(self, inputs, outputs, updates=None, name: str | None = None):
        for role, given in (("inputs", inputs), ("outputs", outputs), ("updates", updates or [])):
            if not isinstance(given, list | tuple):
                raise TypeError(
                    explain(
                        "K.function",
                        f"{role} 是 {type(given).__name__}",
                        f"{role} 是列表，只有一个时也要写成列表",
                        f"{role}=[…]",
                    )
                )
        self.inputs, self.outputs, self.name = list(inputs), list(outputs), name
        self.updates: list[tuple] = list(updates or [])
        self._taped = bool(self.updates) or self._has_gradients()

    def _has_gradients(self) -> bool:
        symbols = ancestors([y for y in self.outputs if isinstance(y, Symbol)])
        return any(x.record is not None and x.record.needs_tape for x in symbols)

    def __call__(self, inputs) -> list[np.ndarray]:
        """按顺序给出每个输入的数组，返回每个输出的数组。末尾的学习阶段可以不给，是 0。"""
        phase_last = bool(self.inputs) and not isinstance(self.inputs[-1], Symbol)
        counts = {len(self.inputs), len(self.inputs) - phase_last}
        if not isinstance(inputs, list | tuple) or len(inputs) not in counts:
            kind = TypeError if not isinstance(inputs, list | tuple) else ValueError
            count = len(inputs) if isinstance(inputs, list | tuple) else type(inputs).__name__
            raise kind(
                explain(
                    "K.function 的结果",
                    f"输入 {count}",
                    f"输入是 {len(self.inputs)} 个数组的列表，顺序同 K.function 的 inputs",
                    "f([x])",
                )
            )
        symbols, values, phase = [], [], 0
        for x, given in zip(self.inputs, inputs, strict=False):
            if isinstance(x, Symbol):
                symbols.append(x)
                values.append(self._array(x, given))
            else:
                phase = int(np.asarray(given))  # K.learning_phase() among the inputs
        # Layers see a run of their own: what they want to update is not written, as in Keras.
        with learning_phase_scope(phase), Run(), Feed(symbols, values) as feed:
            with nullcontext() if self._taped else untaped():
                outputs = [np.array(value(feed.value(y))) for y in self.outputs]
                updates = [
                    (x, np.array(value(feed.value(new)))) for x, new in with_slots(self.updates)
                ]
        batch_set_value(updates)
        return outputs

    def _array(self, symbol: Symbol, given):
        array = np.asarray(value(given), dtype=symbol.dtype)
        fits = (
            symbol.takes_any_shape
            or array.ndim == symbol.ndim
            and all(n is None or n == m for n, m in zip(symbol.shape, array.shape, strict=True))
        )
        if not fits:
            raise ValueError(
                explain(
                    "K.function 的结果",
                    f"形状 {array.shape} 的数组",
                    f"{symbol.name} 的形状是 {symbol.shape}",
                    f"形状 {symbol.shape} 的数组，None 处任意",
                )
            )
        # Gradients by an input need it on the tape.
        return Tensor(array) if self._taped else array


def function(inputs, outputs, updates=None, **kwargs) -> Function:
    """把符号张量的计算变成函数：f = K.function([x], [y])，f([数组]) 得到数组的列表。

    inputs 是占位符（Input、K.placeholder）的列表，也可以有 K.learning_phase()，调用时给 0 或 1。
    updates 是 (变量, 新值) 的列表，每次调用在算出全部新值之后写入。
    变量总是取当时的值，所以训练之后不必重建函数。
    出错：不是列表抛出 TypeError；数组的个数或形状不合抛出 ValueError。
    """
    if unknown := set(kwargs) - {"name"}:
        raise ValueError(
            explain(
                "K.function",
                f"参数 {sorted(unknown)}",
                "参数是 inputs、outputs、updates、name；TensorFlow 的运行选项在这里没有意义",
                "去掉它",
            )
        )
    return Function(inputs, outputs, updates, **kwargs)


class Session:
    """TensorFlow 1 的会话在这里的样子：run(张量, feed_dict={占位符: 数组}) 求值。"""

    def run(self, fetches: Any, feed_dict: dict | None = None):
        feed = feed_dict or {}
        several = isinstance(fetches, list | tuple)
        wanted = list(fetches) if several else [fetches]
        results = Function(list(feed), wanted)(list(feed.values()))
        return results if several else results[0]


def get_session() -> Any:
    """当前的会话；labkit 不需要它，只为旧代码保留。"""
    if state.session is None:
        state.session = Session()
    return state.session


def set_session(session: Any) -> None:
    """记下会话，除了 K.get_session 会返回它以外没有作用。"""
    state.session = session


def is_placeholder(x: Any) -> bool:
    """是不是等待数据的符号张量（K.placeholder 或 Input 的结果）。"""
    return isinstance(x, Symbol) and x.record is None
