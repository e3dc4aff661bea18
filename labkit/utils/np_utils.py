"""标签与数组的小工具，只用 NumPy。"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..errors import explain
from ..manner import refuse


def to_categorical(
    y: ArrayLike, num_classes: int | None = None, dtype: DTypeLike = "float32"
) -> NDArray:
    """把整数类别变成 one-hot 向量，供 `categorical_crossentropy` 使用。

    形状：`(...,)` 或 `(..., 1)` → `(..., num_classes)`。
    每个类别必须满足 0 ≤ y < num_classes；`num_classes` 默认是 max(y) + 1。

    来源：`keras.utils.to_categorical`。
    """
    labels = np.array(y, dtype="int")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if not num_classes:
        num_classes = int(labels.max()) + 1
    # A negative index would silently count from the end.
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes):
        refuse(
            ValueError(
                explain(
                    "to_categorical",
                    received=f"类别 {labels.min()} 到 {labels.max()}，num_classes={num_classes}",
                    rule="每个类别都要满足 0 ≤ y < num_classes，类别从 0 开始编号",
                    suggestion=f"num_classes={int(labels.max()) + 1}"
                    if labels.min() >= 0
                    else f"to_categorical(y - ({labels.min()}))",
                )
            )
        )
    one_hot = np.zeros((*labels.shape, num_classes), dtype=dtype)
    np.put_along_axis(one_hot, labels[..., None], 1, axis=-1)
    return one_hot


def normalize(x: ArrayLike, axis: int = -1, order: int = 2) -> NDArray:
    """沿 `axis` 除以 `order` 范数：x / ‖x‖；全零的向量保持为零。

    形状不变；非零向量的结果范数为 1。

    来源：`keras.utils.normalize`。
    """
    norms = np.linalg.norm(x, order, axis, keepdims=True)
    return np.asarray(x) / np.where(norms == 0, 1, norms)
