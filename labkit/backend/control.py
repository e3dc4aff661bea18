"""Which of two values counts: by a condition, or by the learning phase."""

from __future__ import annotations

from typing import Any

from .config import learning_phase
from .elementwise import where
from .movement import expand_dims, ndim
from .tensors import Symbol, known, record_symbol


def switch(condition, then_expression, else_expression):
    """condition 为真取前者，为假取后者；两者可以是函数。condition 的维数较低时在末尾补轴。"""
    then_value = then_expression() if callable(then_expression) else then_expression
    else_value = else_expression() if callable(else_expression) else else_expression
    for _ in range(ndim(then_value) - ndim(condition) if ndim(condition) else 0):
        condition = expand_dims(condition, -1)
    return where(condition, then_value, else_value)


def in_train_phase(x, alt, training=None) -> Any:
    """训练阶段返回 x，预测阶段返回 alt；两者可以是函数，只有选中的那个会执行。

    对符号张量（Input、K.placeholder）两者都算出来，每次运行时才按当时的阶段选一个。
    """
    if training is None and any(isinstance(known(part), Symbol) for part in (x, alt)):
        both = [part() if callable(part) else part for part in (x, alt)]
        return record_symbol(lambda x, alt: x if learning_phase() else alt, both, {})
    chosen = x if (learning_phase() if training is None else training) else alt
    return chosen() if callable(chosen) else chosen


def in_test_phase(x, alt, training=None) -> Any:
    """预测阶段返回 x，训练阶段返回 alt。"""
    return in_train_phase(alt, x, training)
