"""Settings and counters of the backend: float type, data format, learning phase, names."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import explain

_floatx = "float32"
_epsilon = 1e-7
_image_data_format = "channels_last"
_learning_phase = 0
_fixed_phase: int | None = None
_uids: defaultdict[str, int] = defaultdict(int)
_scopes: list[tuple[str, defaultdict[str, int]]] = []


def backend() -> str:
    """后端的名字。labkit 的行为与数值是 Keras 的 TensorFlow 后端的，所以答 'tensorflow'。"""
    return "tensorflow"


def floatx() -> str:
    """默认的浮点类型，'float32'（还可以设为 'float16'、'float64'）。"""
    return _floatx


def set_floatx(floatx: str) -> None:
    """设置默认的浮点类型；检查梯度时用 'float64'。"""
    global _floatx
    if floatx not in {"float16", "float32", "float64"}:
        raise ValueError(
            explain(
                "K.set_floatx", repr(floatx), "只有 'float16'、'float32'、'float64'", "'float32'"
            )
        )
    _floatx = str(floatx)


def epsilon() -> float:
    """防止除以零、对零取对数的小数，默认 1e-7。"""
    return _epsilon


def set_epsilon(e: float) -> None:
    """设置 K.epsilon() 的值（大于 0）。"""
    global _epsilon
    _epsilon = float(e)


def image_data_format() -> str:
    """默认的图像数据格式：'channels_last' 或 'channels_first'。"""
    return _image_data_format


def set_image_data_format(data_format: str) -> None:
    """设置默认的图像数据格式。"""
    global _image_data_format
    _image_data_format = normalize_data_format(data_format)


def normalize_data_format(value: str | None) -> str:
    """None 取默认格式；不认识的格式抛出 ValueError。"""
    value = _image_data_format if value is None else value
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
    return _learning_phase if _fixed_phase is None else _fixed_phase


def set_learning_phase(value: int) -> None:
    """固定学习阶段，fit 与 predict 也不再改变它；K.clear_session() 取消。"""
    global _fixed_phase
    if value not in {0, 1}:
        raise ValueError(explain("K.set_learning_phase", repr(value), "0 是预测，1 是训练", "1"))
    _fixed_phase = int(value)


@contextmanager
def learning_phase_scope(value: int) -> Iterator[None]:
    """在 with 块内改变学习阶段；已用 K.set_learning_phase 固定时不起作用。"""
    global _learning_phase
    before, _learning_phase = _learning_phase, value
    try:
        yield
    finally:
        _learning_phase = before


def in_train_phase(x, alt, training=None) -> Any:
    """训练阶段返回 x，预测阶段返回 alt；两者可以是函数，只有选中的那个会执行。

    对符号张量（Input、K.placeholder）两者都算出来，每次运行时才按当时的阶段选一个。
    """
    from .tape import Symbol, known, record_symbol

    if training is None and any(isinstance(known(part), Symbol) for part in (x, alt)):
        both = [part() if callable(part) else part for part in (x, alt)]
        return record_symbol(lambda x, alt: x if learning_phase() else alt, both, {})
    chosen = x if (learning_phase() if training is None else training) else alt
    return chosen() if callable(chosen) else chosen


def in_test_phase(x, alt, training=None) -> Any:
    """预测阶段返回 x，训练阶段返回 alt。"""
    return in_train_phase(alt, x, training)


def get_uid(prefix: str = "") -> int:
    """同一前缀的下一个序号，从 1 开始。"""
    _uids[prefix] += 1
    return _uids[prefix]


def reset_uids() -> None:
    """所有序号从头数起。"""
    _uids.clear()


def clear_session() -> None:
    """清空序号，不再固定学习阶段。"""
    global _fixed_phase
    reset_uids()
    _fixed_phase = None


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """在 with 块内创建的变量，名字前加上 `name/`。"""
    _scopes.append((name, defaultdict(int)))
    try:
        yield
    finally:
        _scopes.pop()


def scoped(name: str) -> str:
    """A variable's full name, as TensorFlow 1 writes it: `dense_1/kernel:0`.

    A name that its scope has already given becomes `kernel_1`, and so on.
    """
    if not _scopes:
        return f"{name}:0"
    given = _scopes[-1][1]
    given[name] += 1
    number = f"_{given[name] - 1}" if given[name] > 1 else ""
    return "/".join([*(scope for scope, _ in _scopes), name + number]) + ":0"


def read_settings() -> None:
    """Take floatx, epsilon and image_data_format from Keras' own file, when it is there.

    `$KERAS_HOME/keras.json`, or `~/.keras/keras.json`. A file that is no JSON is ignored, as Keras
    does; the file is never written.
    """
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    try:
        with open(os.path.join(home, "keras.json"), encoding="utf-8") as file:
            settings = json.load(file)
    except (OSError, ValueError):
        return
    if not isinstance(settings, dict):
        return
    set_floatx(settings.get("floatx", _floatx))
    set_epsilon(settings.get("epsilon", _epsilon))
    set_image_data_format(settings.get("image_data_format", _image_data_format))


read_settings()
