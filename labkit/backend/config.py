"""Settings and counters of the backend: float type, data format, learning phase, names.

The values themselves stand in state.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import explain
from .state import changed, state


def backend() -> str:
    """后端的名字。labkit 的行为与数值是 Keras 的 TensorFlow 后端的，所以答 'tensorflow'。"""
    return "tensorflow"


def floatx() -> str:
    """默认的浮点类型，'float32'（还可以设为 'float16'、'float64'）。"""
    return state.floatx


def set_floatx(floatx: str) -> None:
    """设置默认的浮点类型；检查梯度时用 'float64'。"""
    if floatx not in {"float16", "float32", "float64"}:
        raise ValueError(
            explain(
                "K.set_floatx", repr(floatx), "只有 'float16'、'float32'、'float64'", "'float32'"
            )
        )
    state.floatx = str(floatx)


def epsilon() -> float:
    """防止除以零、对零取对数的小数，默认 1e-7。"""
    return state.epsilon


def set_epsilon(e: float) -> None:
    """设置 K.epsilon() 的值（大于 0）。"""
    state.epsilon = float(e)


def _get_available_gpus() -> list[str]:
    """可用的 GPU：没有，labkit 在 CPU 上计算。"""
    return []


def image_data_format() -> str:
    """默认的图像数据格式：'channels_last' 或 'channels_first'。"""
    return state.image_data_format


def set_image_data_format(data_format: str) -> None:
    """设置默认的图像数据格式。"""
    state.image_data_format = normalize_data_format(data_format)


def normalize_data_format(value: str | None) -> str:
    """None 取默认格式；不认识的格式抛出 ValueError。"""
    value = state.image_data_format if value is None else value
    if str(value).lower() not in {"channels_last", "channels_first"}:
        raise ValueError(
            explain(
                "data_format",
                repr(value),
                "'channels_last' 是 (batch, rows, cols, channels)，"
                "'channels_first' 是 (batch, channels, rows, cols)",
                "'channels_last'",
            )
        )
    return value.lower()


def learning_phase() -> int:
    """学习阶段：1 是训练，0 是预测（默认）。"""
    return state.learning_phase if state.fixed_phase is None else state.fixed_phase


def set_learning_phase(value: int) -> None:
    """固定学习阶段，fit 与 predict 也不再改变它；K.clear_session() 取消。"""
    if value not in {0, 1}:
        raise ValueError(explain("K.set_learning_phase", repr(value), "0 是预测，1 是训练", "1"))
    state.fixed_phase = int(value)


def learning_phase_scope(value: int):
    """在 with 块内改变学习阶段；已用 K.set_learning_phase 固定时不起作用。"""
    return changed(learning_phase=value)


def saved_settings():
    """Inside, whatever is set or counted is forgotten at the end."""
    return changed(**{**vars(state), "uids": state.uids.copy()})


def get_uid(prefix: str = "") -> int:
    """同一前缀的下一个序号，从 1 开始。"""
    state.uids[prefix] += 1
    return state.uids[prefix]


def reset_uids() -> None:
    """所有序号从头数起。"""
    state.uids.clear()


def clear_session() -> None:
    """清空序号，不再固定学习阶段。"""
    reset_uids()
    state.fixed_phase = None


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """在 with 块内创建的变量，名字前加上 `name/`。"""
    state.scopes.append((name, defaultdict(int)))
    try:
        yield
    finally:
        state.scopes.pop()


def scoped(name: str) -> str:
    """A variable's full name, as TensorFlow 1 writes it: `dense_1/kernel:0`.

    A name that its scope has already given becomes `kernel_1`, and so on.
    """
    if not state.scopes:
        return f"{name}:0"
    given = state.scopes[-1][1]
    given[name] += 1
    number = f"_{given[name] - 1}" if given[name] > 1 else ""
    return "/".join([*(scope for scope, _ in state.scopes), name + number]) + ":0"
