"""Data for training: checked, in the right shapes, cut into batches."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np

from .. import backend as K
from .. import losses
from ..arguments import validation
from ..errors import explain
from ..manner import refuse
from ..utils.generic_utils import to_list


def standardize(
    where: str, data, names: list[str], shapes: Sequence[tuple | None], may_be_empty=False
) -> list:
    """One array per name, in the given shapes (None fits any); 1-D ones gain a last axis.

    Each is the reader's own wherever it can be; `dense` makes floats of a batch of it.
    """
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
    arrays = [array_of(where, a) for a in to_list(data, allow_tuple=True)]
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
        flat = array.ndim == 1 and (shape is None or len(shape) > 1)
        array = array[:, np.newaxis] if flat else array
        fits = (
            shape is None
            or array.ndim == len(shape)
            and all(n is None or n == m for n, m in zip(shape[1:], array.shape[1:], strict=True))
        )
        if not fits or array.dtype.kind not in "biuf":
            raise ValueError(
                explain(
                    f"{where} {name}",
                    f"形状 {array.shape}、类型 {array.dtype} 的数组",
                    f"形状必须是 {tuple(shape)}（第 0 轴是样本），元素是数"
                    if shape
                    else "元素是数",
                    reshaping(array, shape) if shape else "np.array(…, 'float32')",
                )
            )
        result.append(array)
        if not array.shape[0]:
            error = ValueError(
                explain(where, f"形状 {array.shape} 的数组", "至少有一个样本", "检查数据是不是空的")
            )
            if not may_be_empty:
                raise error
            refuse(error)
    lengths = {array.shape[0] for array in result}
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


def array_of(where: str, data):
    """data as an array; a matrix of SciPy's stays sparse, in rows that can be taken out."""
    return data.tocsr() if hasattr(data, "tocsr") else validation.array(where, data)


def dense(batch) -> np.ndarray:
    """A batch as the floats that the layers compute with."""
    return np.asarray(batch.toarray() if hasattr(batch, "tocsr") else batch, K.floatx())


def standardize_input_data(
    data, names, shapes=None, check_batch_axis=True, exception_prefix=""
) -> list:
    """每个名字一个数组，检查形状（None 处任意）；没有数据时各是 None。"""
    if data is None:
        return [None for _ in names]
    wanted = [
        shape if shape is None or check_batch_axis else (None, *shape[1:])
        for shape in shapes or [None] * len(names)
    ]
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
    own = losses.__dict__.values()
    shapes = []
    for output, function in zip(outputs, functions, strict=True):
        sparse = function is losses.sparse_categorical_crossentropy
        shape = (*output.shape[:-1], 1) if sparse else output.shape
        # A loss of the reader's own may take labels of any shape.
        shapes.append(shape if function in own else None)
    for array, shape, function in zip(to_list(y), shapes, functions, strict=False):
        if not hasattr(array, "tocsr") and shape is not None:
            hint_labels(where, np.asarray(array), shape, function)
    targets = standardize(f"{where} 的标签", y, names, shapes)
    targets = [dense(target) if hasattr(target, "tocsr") else target for target in targets]
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


def by_output(where: str, name: str, given, names) -> list:
    """sample_weight or class_weight of each output; None where nothing was given."""
    if given is None or not hasattr(given, "shape") and not len(given):
        return [None] * len(names)
    if len(names) == 1:
        kind = dict if name == "class_weight" else np.ndarray
        alone = isinstance(given, list | tuple) and len(given) == 1 and isinstance(given[0], kind)
        return [given[0] if alone else given[names[0]] if of_names(given, names) else given]
    if of_names(given, names):
        return [given.get(output) for output in names]
    if isinstance(given, dict) and name == "class_weight":
        warnings.warn(
            explain(
                where,
                f"class_weight 的键 {list(given)}",
                f"{len(names)} 个输出的 class_weight 按输出名 {names} 给出；同 Keras，这次不加权",
                f"class_weight={{{names[0]!r}: {{…}}}}",
            ),
            stacklevel=5,
        )
        return [None] * len(names)
    if isinstance(given, list) and len(given) == len(names):
        return given
    kind = ValueError if isinstance(given, list | dict) else TypeError
    size = f"，{len(given)} 项" if hasattr(given, "__len__") else ""
    error = kind(
        explain(
            where,
            f"{name} 的键 {list(given)}"
            if isinstance(given, dict)
            else f"{name} 是 {type(given).__name__}{size}",
            f"模型有 {len(names)} 个输出，{name} 是列表，每个输出一项，或按输出名 {names} 的字典",
            f"{name}={{{names[0]!r}: …}}",
        )
    )
    if not isinstance(given, dict):
        raise error
    refuse(error)  # Keras looked up the outputs' names only
    return [None] * len(names)


def of_names(given, names) -> bool:
    return isinstance(given, dict) and any(name in given for name in names)


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


def batch_shuffle(index_array, batch_size) -> np.ndarray:
    """打乱各批的次序，批内不变；最后不足一批的留在末尾。"""
    whole = len(index_array) // batch_size * batch_size
    rows = np.array(index_array[:whole]).reshape(-1, batch_size)
    np.random.shuffle(rows)
    return np.append(rows.ravel(), index_array[whole:])


def make_batches(size, batch_size) -> list[tuple[int, int]]:
    """各批的起止序号，最后一批可以不满。"""
    return [(start, min(size, start + batch_size)) for start in range(0, size, batch_size)]


def batches(count: int, size: int, shuffle: bool | str) -> Iterator[np.ndarray]:
    """The sample numbers of each batch; shuffled by NumPy's global generator, as Keras does."""
    order = np.arange(count)
    if shuffle == "batch":
        order = batch_shuffle(order, size)
    elif shuffle:
        np.random.shuffle(order)
    for start, stop in make_batches(count, size):
        yield order[start:stop]
