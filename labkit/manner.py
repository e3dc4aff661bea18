"""两种态度：学的人写错了，当场拦下；旧代码里 Keras 收下过的，警告之后照办。"""

from __future__ import annotations

import warnings
from typing import Literal, get_args

from .errors import explain, nearest

Manner = Literal["learner", "keras"]
_manner: Manner = "learner"


def manner() -> Manner:
    """现在的态度："learner"（默认）或 "keras"（`as_keras()` 之后）。"""
    return _manner


def set_manner(manner: Manner) -> None:
    """选定态度。

    "learner"：几乎一定是写错了的，抛出错误，什么也不改变，例如损失是 NaN、Dense(0)；移动平均按
    页面上的公式。
    "keras"：Keras 2.2.5 收下的都收下，给出同样内容的警告；移动平均修正零起点，同它的 TensorFlow
    后端。`as_keras()` 会选这一种。
    出错：不是这两个之一，抛出 ValueError。
    """
    global _manner
    if manner not in get_args(Manner):
        rule = "'learner' 拦下几乎一定是写错了的，'keras' 照 Keras 2.2.5 收下"
        choices = get_args(Manner)
        raise ValueError(
            explain("set_manner", f"manner={manner!r}", rule, f"manner={nearest(manner, choices)}")
        )
    _manner = manner


def refuse(error: Exception) -> None:
    """Raise what Keras accepted and is surely a mistake; in Keras' manner warn, and go on."""
    if _manner == "learner":
        raise error
    warnings.warn(f"{error}（Keras 2.2.5 收下它，这里照办）", stacklevel=3)
