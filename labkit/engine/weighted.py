"""The weights of a layer: made by add_weight, read and written as lists of arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend as K
from .. import constraints, initializers, regularizers
from ..arguments.spellings import shape_first
from ..arguments.types import Constraint, Initializer, Regularizer
from ..backend.config import scoped
from ..backend.state import changed, state
from ..backend.tape import for_reader
from ..backend.tensors import Variable
from ..errors import explain
from ..manner import refuse

LARGE = 100_000  # numbers; a weight up to here is drawn as fast as a picture


def shapes_only():
    """Inside, large weights are one number repeated: a picture of a layer needs their shapes."""
    return changed(shapes_only=True)


class LargeWeight(Variable):
    """One number repeated, or just that number where no array can have the shape.

    NumPy counts the bytes of a repeated number too; in the browser they must be below 2³¹. What is
    too large for every computer is refused in the browser and elsewhere alike.
    """

    def __init__(self, shape: tuple, dtype, name: str, constraint=None):
        number = np.zeros((), dtype)
        size = math.prod(shape) * number.itemsize
        if size >= 2**63:
            raise ValueError(
                explain(
                    f"权重 {name}",
                    f"形状 {shape}",
                    "一个权重必须小于 2⁶³ 字节，再大没有计算机放得下",
                    "把 units、filters 或输入的形状改小",
                )
            )
        fits = size <= np.iinfo(np.intp).max
        super().__init__(np.broadcast_to(number, shape) if fits else number, name, constraint)
        self._shape = shape

    shape = property(lambda self: self._shape)
    ndim = property(lambda self: len(self._shape))


class Weighted:
    """A layer as the owner of weights."""

    built: bool
    trainable: bool
    dtype: str
    _trainable_weights: list[Variable]
    _non_trainable_weights: list[Variable]
    _regularized: list[tuple[Callable, Variable]]

    def _label(self) -> str:
        raise NotImplementedError

    def _numbers(self, what: str, x) -> np.ndarray:
        raise NotImplementedError

    @shape_first
    def add_weight(
        self,
        name=None,
        shape: Any = None,
        dtype=None,
        initializer: Initializer = "glorot_uniform",
        regularizer: Regularizer = None,
        trainable=True,
        constraint: Constraint = None,
    ) -> Variable:
        """建一个权重。shape 的每一维必须是正整数。Keras 1 的次序（先 shape 后 name）也可以。"""
        shape = tuple(shape)
        if not all(isinstance(n, int | np.integer) and n > 0 for n in shape):
            error = ValueError(
                explain(
                    self._label(),
                    f"权重 {name} 的形状 {shape}",
                    "权重的每一维都必须是已知的正整数，所以它用到的输入轴不能是 None",
                    "给出确定的 input_shape",
                )
            )
            if not all(isinstance(n, int | np.integer) and n >= 0 for n in shape):
                raise error
            refuse(error)
        draw = initializers.get(initializer)
        if draw is None:
            raise TypeError(
                explain(
                    self._label(),
                    f"权重 {name} 的 initializer=None",
                    "每个权重都要有初始值",
                    "'glorot_uniform' 或 'zeros'",
                )
            )
        dtype, constraint = dtype or self.dtype, constraints.get(constraint)
        if state.shapes_only and math.prod(shape) > LARGE:
            weight = LargeWeight(shape, dtype, scoped(name or "Variable"), constraint)
        else:
            drawn = for_reader(draw)(shape, dtype=dtype)
            if np.shape(drawn) != shape:
                raise ValueError(
                    explain(
                        self._label(),
                        f"权重 {name} 的 initializer 给出形状 {np.shape(drawn)}",
                        f"初始值的形状就是权重的形状 {shape}",
                        "def initializer(shape, dtype=None): return K.random_normal(shape)",
                    )
                )
            weight = K.variable(drawn, dtype, name, constraint)
        # Rebinding, not appending: a failed build can then be undone.
        penalty = regularizers.get(regularizer)
        if penalty is not None:
            self._regularized = [*self._regularized, (penalty, weight)]
        if trainable:
            self._trainable_weights = [*self._trainable_weights, weight]
        else:
            self._non_trainable_weights = [*self._non_trainable_weights, weight]
        return weight

    def _weight(self, name: str, shape, settings: str | None = None, trainable=True) -> Variable:
        """add_weight with the layer's own `{settings}_initializer`, `_regularizer`, `_constraint`.

        `settings` is the weight's name, except where Keras named the parameters otherwise.
        """
        settings = settings or name
        return self.add_weight(
            name,
            shape,
            initializer=getattr(self, f"{settings}_initializer"),
            regularizer=getattr(self, f"{settings}_regularizer", None),
            trainable=trainable,
            constraint=getattr(self, f"{settings}_constraint", None),
        )

    @property
    def trainable_weights(self) -> list[Variable]:
        """训练时会更新的权重。"""
        return list(self._trainable_weights) if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """训练时不由优化器更新的权重。"""
        frozen = [] if self.trainable else self._trainable_weights
        return [*frozen, *self._non_trainable_weights]

    @property
    def weights(self) -> list[Variable]:
        """全部权重：先可训练的，后不可训练的。"""
        return [*self.trainable_weights, *self.non_trainable_weights]

    @property
    def _stored_weights(self) -> list[Variable]:
        """The weights in the order of get_weights and set_weights."""
        return self.weights

    def get_weights(self) -> list[np.ndarray]:
        """全部权重的值，一列数组。"""
        return K.batch_get_value(self._stored_weights)

    def set_weights(self, weights) -> None:
        """改写全部权重：数组的个数、顺序、形状都与 get_weights() 相同。

        出错：不相同时抛出 ValueError，权重不变。
        """
        stored = self._stored_weights
        given = list(weights) if isinstance(weights, list | tuple | np.ndarray) else [weights]
        arrays = [self._numbers("权重", w) for w in given]
        shapes = [w.shape for w in stored]
        if [a.shape for a in arrays] != shapes:
            names = [w.name for w in stored]
            error = ValueError(
                explain(
                    f"{self._label()}.set_weights",
                    f"{len(arrays)} 个数组，形状 {[a.shape for a in arrays]}",
                    f"数组的个数与形状同 get_weights()：{len(shapes)} 个，形状依次为 {shapes}",
                    f"按 {names} 的顺序给出" if self.built else "先用输入调用一次，权重建好后再设",
                )
            )
            self._refuse_weights(error, arrays, shapes)
        K.batch_set_value(zip(stored, arrays, strict=False))

    def _refuse_weights(self, error: ValueError, arrays, shapes) -> None:
        """A layer takes no others; Network takes fewer or more, as Keras did."""
        raise error

    def count_params(self) -> int:
        """权重的元素总数。"""
        if not self.built:
            raise RuntimeError(
                explain(
                    f"{self._label()}.count_params",
                    "还没有建好的层",
                    "权重的形状由输入决定，调用过或 build 之后才知道",
                    "先用输入调用这一层，或给出 input_shape",
                )
            )
        return sum(K.count_params(w) for w in self.weights)
