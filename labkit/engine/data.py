"""Data for training: checked, in the right shapes, cut into batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .. import backend as K
from .. import losses
from ..arguments import validation
from ..errors import explain
from ..manner import refuse
from ..utils.generic_utils import to_list


def standardize(
    where: str, data, names: list[str], shapes: Sequence[tuple], may_be_empty=False
) -> list[np.ndarray]:
    """One float array per name, in the given shapes (None fits any); 1-D ones gain a last axis."""
    if isinstance(data, dict):
        missing = [name for name in names if name not in data]
        if missing:
            raise ValueError(
                explain(where, f"键 {list(data)}", f"字典要有 {names} 各一项", f"补上 {missing}")
            )
        data = [data[name] for name in names]
    if data is None:
        raise ValueError(explain(where, "None", f"需要 {len(names)} 个数组", "NumPy 数组"))
    if (
        isinstance(data, list | tuple)
        and len(names) == 1
        and not any(hasattr(a, "shape") for a in data)
    ):
        data = [data]
    arrays = [validation.array(where, a) for a in to_list(data, allow_tuple=True)]
    if len(arrays) != len(names):
        raise ValueError(
            explain(
                where,
                f"{len(arrays)} 个数组",
                f"需要 {len(names)} 个：{names}",
                f"{len(names)} 个数组的列表",
            )
        )
    result = []
    for name, array, shape in zip(names, arrays, shapes, strict=True):
        array = array[:, np.newaxis] if array.ndim == 1 and len(shape) > 1 else array
        fits = array.ndim == len(shape) and all(
            n is None or n == m for n, m in zip(shape[1:], array.shape[1:], strict=True)
        )
        if not fits or array.dtype.kind not in "biuf":
            raise ValueError(
                explain(
                    f"{where} {name}",
                    f"形状 {array.shape}、类型 {array.dtype} 的数组",
                    f"形状必须是 {tuple(shape)}（第 0 轴是样本），元素是数",
                    reshaping(array, shape),
                )
            )
        result.append(np.asarray(array, K.floatx()))
        if not len(array):
            error = ValueError(
                explain(where, f"形状 {array.shape} 的数组", "至少有一个样本", "检查数据是不是空的")
            )
            if not may_be_empty:
                raise error
            refuse(error)
    lengths = {len(array) for array in result}
    if len(lengths) > 1:
        raise ValueError(
            explain(
                where,
                f"样本数 {sorted(lengths)}",
                "各个数组的样本数必须相同",
                f"都取前 {min(lengths)} 个",
            )
        )
    return result


def standardize_input_data(
    data, names, shapes=None, check_batch_axis=True, exception_prefix=""
) -> list[np.ndarray]:
    """Keras 的同名函数：每个名字一个数组，检查形状（None 处任意）。"""
    if shapes is None:
        arrays = [data[n] for n in names] if isinstance(data, dict) else to_list(data, True)
        return [np.asarray(a) for a in arrays]
    wanted = [shape if check_batch_axis else (None, *shape[1:]) for shape in shapes]
    return standardize(exception_prefix or "standardize_input_data", data, names, wanted)


def reshaping(array, shape) -> str:
    """The nearest thing that would work for an array of the wrong shape."""
    rest = shape[1:]
    if None not in rest and array.ndim and array.size and array[0].size == int(np.prod(rest)):
        return f"x.reshape({', '.join(map(str, (-1, *rest)))})"
    if array.ndim == len(shape) - 1 and all(
        n in {None, m} for n, m in zip(rest, array.shape, strict=False)
    ):
        return "x[np.newaxis]（只有一个样本时补上样本轴）"
    return f"形状为 {('样本数', *rest)} 的数组，或按数据的形状 {array.shape[1:]} 重写 input_shape"


def check_targets(where: str, y, names, outputs, functions) -> list[np.ndarray]:
    """The labels, checked against the outputs and their losses."""
    shapes = []
    for output, function in zip(outputs, functions, strict=True):
        sparse = function is losses.sparse_categorical_crossentropy
        shapes.append((*output.shape[:-1], 1) if sparse else output.shape)
    own = losses.__dict__.values()
    # A loss of the reader's own may take labels of any shape.
    if any(function not in own for function in functions):
        arrays = [np.asarray(a, K.floatx()) for a in to_list(y, allow_tuple=True)]
        return [a[:, np.newaxis] if a.ndim == 1 else a for a in arrays]
    for array, shape, function in zip(to_list(y), shapes, functions, strict=False):
        hint_labels(where, np.asarray(array), shape, function)
    targets = standardize(f"{where} 的标签", y, names, shapes)
    for target, output, function in zip(targets, outputs, functions, strict=True):
        classes = output.shape[-1]
        if function is losses.sparse_categorical_crossentropy and target.size:
            low, high = int(target.min()), int(target.max())
            if low < 0 or high >= classes:
                raise ValueError(
                    explain(
                        f"{where} 的标签",
                        f"类别编号 {low} 到 {high}",
                        f"输出有 {classes} 类，编号在 0 到 {classes - 1} 之间",
                        f"最后一层改成 {high + 1} 个单元，或把编号减到从 0 数起",
                    )
                )
    return targets


def hint_labels(where: str, array, shape, function) -> None:
    """The most frequent mistake: class numbers where one-hot vectors are wanted."""
    numbers = array.ndim == 1 or array.ndim == len(shape) and array.shape[-1] == 1
    if function is losses.categorical_crossentropy and numbers and shape[-1] not in {1, None}:
        raise ValueError(
            explain(
                f"{where} 的标签",
                f"形状 {array.shape} 的类别编号",
                f"categorical_crossentropy 的标签是独热向量，形状 {tuple(shape)}",
                f"to_categorical(y, {shape[-1]})，或 loss='sparse_categorical_crossentropy'",
            )
        )


def sample_weights(where: str, sample_weight, class_weight, targets, names) -> list[np.ndarray]:
    """One weight for each sample (or step) of every output; 1 where nothing was given."""
    given = sample_weight
    if isinstance(given, dict):
        given = [given.get(name) for name in names]
    elif given is None or hasattr(given, "shape") or len(names) == 1:
        given = [given] * len(names) if given is None else [np.asarray(given)]
    if len(given) != len(names):
        raise ValueError(
            explain(
                where, f"{len(given)} 组 sample_weight", f"{len(names)} 个输出各一组", "列表或字典"
            )
        )
    result = []
    for target, weight in zip(targets, given, strict=True):
        w = np.ones(len(target)) if weight is None else np.asarray(weight)
        # A weight for each step needs targets that have steps.
        fits = 1 <= w.ndim <= min(2, target.ndim - 1) or w.ndim == target.ndim == 1
        if not fits or w.shape != target.shape[: w.ndim] or w.dtype.kind not in "biuf":
            raise ValueError(
                explain(
                    where,
                    f"形状 {w.shape} 的 sample_weight",
                    f"每个样本一个权重 {(len(target),)}，或每个时间步一个",
                    f"形状 {(len(target),)}",
                )
            )
        if class_weight:
            w = w * by_class(where, class_weight, target)
        result.append(np.asarray(w, K.floatx()))
    return result


def by_class(where: str, class_weight: dict, target) -> np.ndarray:
    """The weight of each sample's class."""
    if not isinstance(class_weight, dict):
        refuse(
            TypeError(
                explain(
                    where,
                    f"class_weight={class_weight!r}",
                    "class_weight 是 {类别编号: 权重} 的字典",
                    "dict(enumerate(权重))",
                )
            )
        )
        return np.ones(len(target))
    classes = target.argmax(axis=1) if target.shape[-1] > 1 else target[:, 0].astype(int)
    unknown = sorted(set(classes.tolist()) - set(class_weight))
    if unknown:
        raise ValueError(
            explain(
                where,
                f"class_weight 没有类别 {unknown}",
                "标签里的每个类别都要有权重",
                f"补上 {unknown[0]}: 1.0",
            )
        )
    return np.array([class_weight[c] for c in classes.tolist()])


def batches(count: int, size: int, shuffle: bool) -> Iterator[np.ndarray]:
    """The sample numbers of each batch; shuffled by NumPy's global generator, as Keras does."""
    order = np.arange(count)
    if shuffle:
        np.random.shuffle(order)
    for start in range(0, count, size):
        yield order[start : start + size]
