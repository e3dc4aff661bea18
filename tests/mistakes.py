"""What every wrong use must do: the right exception, a message that teaches, nothing changed."""

import numpy as np
import pytest

from labkit import backend as K
from labkit.layers import Layer
from labkit.optimizers import Optimizer


def holding(value):
    """Everything that a mistake must not change, of whatever is reachable: arrays by value."""
    if isinstance(value, K.Tensor):
        return ("tensor", id(value), value.value.tolist())
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [holding(v) for v in value]
    if isinstance(value, dict):
        return {k: holding(v) for k, v in value.items()}
    if isinstance(value, Layer | Optimizer):
        return {k: holding(v) for k, v in vars(value).items()}
    return id(value)


def check(raises, received, use, subject=None):
    """`use` fails as told; `subject` and what it holds stay as they were."""
    before = holding(subject)
    with pytest.raises(raises) as caught:
        use()
    assert type(caught.value) is raises
    message = str(caught.value)
    where, told = message.split("：收到 ", 1)
    told, rule = told.split("。规则：", 1)
    rule, suggestion = rule.split("。可以改成：", 1)
    assert where and rule and suggestion.rstrip("。")
    assert any("一" <= letter <= "鿿" for letter in rule)
    assert received in told, told
    assert holding(subject) == before
