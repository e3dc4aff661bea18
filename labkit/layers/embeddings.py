"""Embedding: a table that is looked up by number."""

from __future__ import annotations

import numpy as np

from .. import backend as K
from ..arguments.types import Constraint, Initializer, Regularizer
from ..arguments.validation import count
from ..engine.base_layer import Layer
from ..errors import explain
from ..utils.generic_utils import to_list
from .settings import take


class Embedding(Layer):
    """嵌入层：把整数索引换成向量，即取出表 embeddings 的对应行。

    输入 (batch, input_length)，元素是 0 到 input_dim − 1 的整数（小数部分舍去）；
    输出 (batch, input_length, output_dim)。权重 embeddings: (input_dim, output_dim)。
    mask_zero=True 时索引 0 表示填充，掩码在该处为 False；第 0 行仍然存在，input_dim 要算上它。
    出错：索引越界抛出 IndexError；input_length 与输入不合抛出 ValueError。

    参数：
        input_dim：正整数，表的行数，即最大的索引加 1。
        output_dim：正整数，每个向量的长度。
        embeddings_initializer：表的初始值怎样产生，默认在 −0.05 与 0.05 之间均匀抽取。
        embeddings_regularizer：加在损失上的一项，由整个表算出。
        embeddings_constraint：每次更新之后对表做的投影。
        mask_zero：布尔值，索引 0 是否表示填充；是的话产生掩码。
        input_length：整数或整数元组，序列的长度；后面接 Flatten 与 Dense 时必须给出。
    """

    input_dim: int
    output_dim: int
    mask_zero: bool
    input_length: int | tuple[int | None, ...] | None

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Initializer = "uniform",
        embeddings_regularizer: Regularizer = None,
        activity_regularizer: Regularizer = None,
        embeddings_constraint: Constraint = None,
        mask_zero: bool = False,
        input_length: int | tuple[int | None, ...] | None = None,
        **kwargs,
    ):
        if "input_shape" not in kwargs:
            lengths = None if input_length is None else to_list(input_length, allow_tuple=True)
            kwargs["input_shape"] = lengths or (None,)
        super().__init__(**kwargs)
        take(
            self,
            input_dim=count(self._label(), "input_dim", input_dim),
            output_dim=count(self._label(), "output_dim", output_dim),
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            activity_regularizer=activity_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            input_length=input_length,
        )
        self.supports_masking = mask_zero

    def _tensor(self, x):
        # Whole numbers stay as they are: float32 cannot hold every index above 2 ** 24.
        array = np.asarray(x) if not K.is_tensor(x) else None
        return array if array is not None and array.dtype.kind in "iu" else super()._tensor(x)

    def build(self, input_shape):
        self.embeddings = self._weight("embeddings", (self.input_dim, self.output_dim))
        self.built = True

    def compute_mask(self, inputs, mask=None):
        return K.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape):
        steps = input_shape[1:]
        if self.input_length is not None:
            wanted = tuple(to_list(self.input_length, allow_tuple=True))
            if len(wanted) != len(steps) or any(
                n is not None and m is not None and n != m
                for n, m in zip(steps, wanted, strict=True)
            ):
                raise ValueError(
                    explain(
                        self._label(),
                        f"形状 {tuple(input_shape)} 的输入，input_length={self.input_length}",
                        f"输入形状是 (batch, {', '.join(map(str, wanted))})",
                        f"input_length={steps[0] if len(steps) == 1 else steps}，"
                        "或把序列补到同样的长度",
                    )
                )
            steps = tuple(n if m is None else m for n, m in zip(steps, wanted, strict=True))
        return (input_shape[0], *steps, self.output_dim)

    def call(self, inputs):
        self.compute_output_shape(K.int_shape(inputs))  # raises where input_length does not fit
        numbers = K.eval(inputs)
        if not np.isfinite(numbers).all():
            raise ValueError(
                explain(
                    self._label(), "NaN 或无穷大", "索引是整数", "先用 np.isfinite(x) 找出坏的数据"
                )
            )
        indices = numbers.astype("int64")
        if indices.size and not (0 <= indices.min() and indices.max() < self.input_dim):
            outside = indices.max() if indices.max() >= self.input_dim else indices.min()
            raise IndexError(
                explain(
                    self._label(),
                    f"索引 {outside}",
                    f"索引在 0 到 input_dim − 1 = {self.input_dim - 1} 之间",
                    f"input_dim={outside + 1}（最大索引 + 1），或检查数据"
                    if outside >= 0
                    else "从 0 数起的索引，检查数据里负数的来历",
                )
            )
        return K.gather(self.embeddings, indices)
