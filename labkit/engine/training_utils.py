"""The small tools of training under Keras' names: data, weights, metrics, batches, the loss."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from .. import backend as K
from .. import losses
from ..errors import explain
from ..utils.data_utils import is_sequence
from ..utils.generic_utils import to_list
from .data import (
    batch_shuffle,
    by_class,
    hint_labels,
    make_batches,
    standardize_input_data,
)

__all__ = [
    "batch_shuffle",
    "check_array_length_consistency",
    "check_loss_and_target_compatibility",
    "collect_metrics",
    "is_sequence",
    "make_batches",
    "standardize_input_data",
    "standardize_weights",
    "weighted_masked_objective",
]


def check_array_length_consistency(inputs, targets, weights=None) -> None:
    """输入、标签与样本权重（数组的列表）的样本数必须相同，否则抛出 ValueError。"""

    def lengths(arrays) -> set[int]:
        return {0} if arrays is None else {0 if a is None else np.shape(a)[0] for a in arrays}

    found = {
        name: lengths(arrays)
        for name, arrays in (("输入样本", inputs), ("标签", targets), ("样本权重", weights))
    }
    counts = set().union(*found.values())
    if len(counts) > 1:
        received = "，".join(
            f"{'、'.join(map(str, sorted(each)))} 个{name}" for name, each in found.items()
        )
        raise ValueError(
            explain(
                "训练数据",
                received,
                "输入、标签与样本权重的样本数必须相同",
                f"都取前 {min(counts - {0} or {0})} 个",
            )
        )


def check_loss_and_target_compatibility(targets, loss_fns, output_shapes) -> None:
    """标签的形状要与输出相同（均方误差与两种交叉熵），否则抛出 ValueError。"""
    compared = (
        losses.mean_squared_error,
        losses.binary_crossentropy,
        losses.categorical_crossentropy,
    )
    for y, function, shape in zip(targets, loss_fns, output_shapes, strict=True):
        if y is None or function not in compared:
            continue
        where = f"{function.__name__} 的标签"
        if function is losses.categorical_crossentropy and y.shape[-1] == 1:
            hint_labels(where, y, (*shape[:-1], None if shape[-1] == 1 else shape[-1]), function)
            rule, better = "标签是独热向量，不是类别编号", "sparse_categorical_crossentropy"
        elif any(n not in {None, m} for n, m in zip(shape[1:], y.shape[1:], strict=False)):
            rule, better = f"标签的形状与输出 {tuple(shape)} 相同", "检查标签"
        else:
            continue
        raise ValueError(explain(where, f"形状 {y.shape} 的数组", rule, better))


def standardize_weights(
    y, sample_weight=None, class_weight=None, sample_weight_mode=None
) -> np.ndarray:
    """每个样本（sample_weight_mode='temporal' 时每个时间步）的权重：样本的乘以类别的，默认是 1。"""
    rank = 1 if sample_weight_mode is None else 2
    if rank == 2 and np.ndim(y) < 3:
        raise ValueError(
            explain(
                "样本权重",
                f"形状 {np.shape(y)} 的标签，sample_weight_mode='temporal'",
                "标签至少 3 维（样本、时间步、特征）时，才能给每个时间步一个权重",
                "compile 时去掉 sample_weight_mode",
            )
        )
    shape = np.shape(y)[:rank]
    if sample_weight is None:
        weight = np.ones(shape, K.floatx())
    else:
        weight = np.asarray(sample_weight)
        if weight.shape != shape or weight.dtype.kind not in "biuf":
            each = "每个时间步" if rank == 2 else "每个样本"
            steps = rank == 1 and weight.ndim == 2 and weight.shape == np.shape(y)[:2]
            raise ValueError(
                explain(
                    "样本权重",
                    f"形状 {weight.shape}、类型 {weight.dtype} 的 sample_weight",
                    f"{each}一个权重，形状 {shape}，是数",
                    "compile(…, sample_weight_mode='temporal')" if steps else f"形状 {shape}",
                )
            )
    if class_weight:
        if np.ndim(y) > 2:
            raise ValueError(
                explain(
                    "class_weight",
                    f"形状 {np.shape(y)} 的标签",
                    "class_weight 按样本的类别加权，标签是类别编号或独热向量",
                    "改用 sample_weight",
                )
            )
        weight = weight * by_class("class_weight", class_weight, np.reshape(y, (len(y), -1)))
    return weight


def collect_metrics(metrics, output_names) -> list[list]:
    """每个输出的评价函数：一个列表给所有的输出，或按输出名的字典。"""
    if not metrics:
        return [[] for _ in output_names]
    if isinstance(metrics, list | tuple):
        return [list(metrics) for _ in output_names]
    if not isinstance(metrics, dict):
        raise TypeError(
            explain(
                "metrics",
                type(metrics).__name__,
                "metrics 是评价函数的列表，或按输出名的字典",
                "metrics=['accuracy']",
            )
        )
    if unknown := [name for name in metrics if name not in output_names]:
        warnings.warn(
            f"metrics 里的 {unknown} 不是输出的名字，输出有 {output_names}。", stacklevel=2
        )
    return [to_list(metrics.get(name, [])) for name in output_names]


def weighted_masked_objective(fn: Callable | None) -> Callable | None:
    """损失函数 fn(y_true, y_pred) → 求平均的 f(y_true, y_pred, weights, mask=None)。"""
    if fn is None:
        return None

    def weighted(y_true, y_pred, weights, mask=None):
        return weighted_loss(fn, y_true, y_pred, weights, mask)

    return weighted


def weighted_loss(function, y_true, y_pred, weights, mask):
    """Mean of a per-sample loss, with masked steps and sample weights taken out as Keras does."""
    score = function(y_true, y_pred)
    if score is None or isinstance(score, str):
        name = getattr(function, "__name__", type(function).__name__)
        received = "None（函数里少了 return？）" if score is None else repr(score)
        raise TypeError(
            explain(
                f"函数 {name}(y_true, y_pred)",
                f"结果 {received}",
                "损失和评价函数返回由 y_true、y_pred 算出的张量，每个样本一个数",
                "return K.mean(K.square(y_true - y_pred), axis=-1)",
            )
        )
    if mask is not None:
        kept = K.cast(mask, dtype=K.floatx())
        score = score * kept / (K.mean(kept) + K.epsilon())
    if weights is not None:
        rest = list(range(K.ndim(weights), K.ndim(score)))
        score = K.mean(score, axis=rest) if rest else score
        score = score * weights / K.mean(K.cast(K.not_equal(weights, 0), K.floatx()))
    return K.mean(score)
