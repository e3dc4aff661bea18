"""HDF5 的数据：HDF5Matrix 与 H5Dict（要有 h5py）。"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import explain

LIMIT = 64512  # bytes; HDF5 keeps no attribute above 64 kB, its own header included


def require_h5py() -> Any:
    try:
        import h5py  # type: ignore[import-not-found]  # optional, only for .h5 files
    except ImportError as error:
        raise ImportError(
            explain(
                "HDF5 文件",
                "没有安装 h5py 的环境",
                "Keras 的 .h5 文件要用 h5py 读写，labkit 本身只依赖 NumPy",
                "pip install h5py，或把文件名改成 .npz",
            )
        ) from error
    return h5py


class HDF5Matrix:
    """HDF5 文件里的一个数据集，当作数组使用：只在取的时候读进内存。

    参数：datapath 是文件，dataset 是数据集的名字，start 与 end 截取一段，normalizer 对取出的
    每一块做变换。出错：下标越界抛出 IndexError。
    """

    def __init__(self, datapath, dataset, start=0, end=None, normalizer=None):
        self.file = require_h5py().File(datapath, "r")
        self.data = self.file[dataset]
        self.start = start
        self.end = self.data.shape[0] if end is None else end
        self.normalizer = normalizer

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, key) -> np.ndarray:
        if isinstance(key, slice):
            if max(key.start or 0, key.stop or 0) > len(self):
                raise self._outside(key)
            first, last, step = key.indices(len(self))
            chosen: Any = slice(first + self.start, last + self.start, step)
        else:
            rows = np.asarray(key)
            if rows.dtype == bool:
                rows = np.flatnonzero(rows)
            if rows.dtype.kind not in "iu":
                raise TypeError(
                    explain(
                        "HDF5Matrix", f"下标 {key!r}", "下标是整数、整数的列表或切片", "x[0:32]"
                    )
                )
            if rows.size and (rows.max() >= len(self) or rows.min() < -len(self)):
                raise self._outside(key)
            rows = rows % len(self) + self.start
            if rows.ndim:
                # h5py wants rising, distinct numbers.
                order, back = np.unique(rows, return_inverse=True)
                return self._normalized(self.data[order][back])
            chosen = int(rows)
        return self._normalized(self.data[chosen])

    def _outside(self, key) -> IndexError:
        last = len(self) - 1
        return IndexError(
            explain("HDF5Matrix", f"下标 {key}", f"下标在 0 到 {last} 之间", f"{last}")
        )

    def _normalized(self, data) -> np.ndarray:
        return data if self.normalizer is None else self.normalizer(data)

    # The normalizer may change all but the number of rows; one row tells what it gives.

    @property
    def shape(self) -> tuple[int, ...]:
        """形状。"""
        return (len(self), *self[0:1].shape[1:])

    @property
    def dtype(self):
        """元素的类型。"""
        return self[0:1].dtype

    @property
    def ndim(self) -> int:
        """轴数。"""
        return len(self.shape)

    @property
    def size(self) -> int:
        """元素的总数。"""
        return int(np.prod(self.shape))

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


def ask_to_proceed_with_overwrite(filepath) -> bool:
    """问要不要覆盖已有的文件：回答 y 是 True，n 是 False，别的再问一次。

    出错：没有人可以回答时抛出 FileExistsError。
    """
    question = f"文件 {filepath} 已经存在，要覆盖吗？[y/n] "
    try:
        while (answer := input(question).strip().lower()) not in {"y", "n"}:
            question = "请输入 y（覆盖）或 n（取消）："
    except EOFError as error:
        raise FileExistsError(
            explain(
                "保存模型",
                f"已有的文件 {filepath!r}，overwrite=False",
                "没有人可以回答是否覆盖",
                "overwrite=True，或换一个文件名",
            )
        ) from error
    return answer == "y"


class H5Dict:
    """像字典一样读写 HDF5 文件、h5py 的组或普通的字典：同一种写法，存到哪里都行。

    数组存成数据集，名字的列表和别的值存成属性，没有的键是一个新的组。
    参数：path 是文件名、打开的 h5py.File 或 h5py.Group、字典；mode 是 'r'、'w'、'a'。
    出错：只读时写入、找不到键，抛出 ValueError；键已经是数据集，抛出 KeyError。
    """

    def __init__(self, path, mode="a"):
        if mode not in {"r", "w", "a"}:
            raise ValueError(explain("H5Dict", f"mode={mode!r}", "mode 是 'r'、'w'、'a'", "'a'"))
        if not self.is_supported_type(path):
            raise TypeError(
                explain(
                    "H5Dict",
                    type(path).__name__,
                    "path 是文件名、打开的 h5py.File 或 h5py.Group、字典",
                    "H5Dict('weights.h5')",
                )
            )
        self.read_only = mode == "r"
        self._own = isinstance(path, str | os.PathLike)
        self.data: Any = require_h5py().File(path, mode) if self._own else path
        if isinstance(path, dict) and not self.read_only:
            if mode == "w":
                path.clear()
            path["_is_group"] = True  # tells a group from a dict that is somebody's value

    @staticmethod
    def is_supported_type(path) -> bool:
        """path 能不能交给 H5Dict。"""
        return isinstance(path, str | os.PathLike | dict) or hasattr(path, "attrs")

    def __setitem__(self, key, value) -> None:
        if self.read_only:
            raise ValueError(explain("H5Dict", "只读的文件", "mode='r' 时不能写", "mode='a'"))
        key = text(key)
        if isinstance(self.data, dict):
            self.data[key] = np.array(value) if is_numpy(value) else value
        elif key in self.data:
            raise KeyError(
                explain("H5Dict", f"已有的键 {key!r}", "数据集与组不能再写一次", "换一个名字")
            )
        elif is_numpy(value):
            self.data.create_dataset(key, data=value)
        elif isinstance(value, list | tuple):
            self._set_list(key, list(value))
        else:
            self.data.attrs[key] = value

    def _set_list(self, key: str, values: list) -> None:
        """Long lists are cut into several attributes: `names0`, `names1`, …"""
        values = [value.encode("utf8") if isinstance(value, str) else value for value in values]
        array = np.array(values) if values else np.zeros(0, "S1")
        if array.itemsize > LIMIT:
            longest = max(values, key=len)
            raise ValueError(
                explain(
                    "H5Dict",
                    f"长 {len(longest)} 字节的名字 {longest[:20]!r}…",
                    f"HDF5 的属性里一个名字最多 {LIMIT} 字节",
                    "给层起短一些的名字，或存成 .npz",
                )
            )
        if array.nbytes <= LIMIT:
            self.data.attrs[key] = array
            return
        each = LIMIT // array.itemsize
        for number, start in enumerate(range(0, len(array), each)):
            self.data.attrs[f"{key}{number}"] = array[start : start + each]

    def __getitem__(self, key) -> Any:
        key = text(key)
        if isinstance(self.data, dict):
            return self._from_dict(key)
        attributes = self.data.attrs
        if key in attributes:
            value = attributes[key]
            return value.tolist() if getattr(value, "dtype", np.dtype(int)).kind == "S" else value
        if key in self.data:
            found = self.data[key]
            return self._group(found) if hasattr(found, "keys") else found[()]
        if f"{key}0" in attributes:
            values, number = [], 0
            while f"{key}{number}" in attributes:
                values += list(attributes[f"{key}{number}"].tolist())
                number += 1
            return values
        self._may_create(key)
        return self._group(self.data.create_group(key))

    def _from_dict(self, key: str):
        if f"_{key}_pickled" in self.data:
            raise ValueError(
                explain(
                    "H5Dict",
                    f"键 {key!r} 里用 pickle 写成的数组",
                    "pickle 能执行任意代码，labkit 不读",
                    "在原来的 Keras 里用 model.save('model.h5') 保存，再读这个文件",
                )
            )
        if key not in self.data:
            self._may_create(key)
            self.data[key] = {"_is_group": True}
        value = self.data[key]
        is_group = isinstance(value, dict) and value.get("_is_group")
        return self._group(value) if is_group else value

    def _group(self, data) -> H5Dict:
        return H5Dict(data, "r" if self.read_only else "a")

    def _may_create(self, key: str) -> None:
        if self.read_only:
            raise ValueError(
                explain("H5Dict", f"键 {key!r}", f"文件里有 {list(self.data)[:20]}", "其中之一")
            )

    def __contains__(self, key) -> bool:
        attributes = getattr(self.data, "attrs", ())
        return key in self.data or key in attributes or f"{key}0" in attributes

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self):
        return iter(self.data)

    def keys(self):
        """组与数据集的名字。"""
        return self.data.keys()

    def get(self, key, default=None):
        """键对应的值，没有时是 default。"""
        return self[key] if key in self else default

    def close(self) -> None:
        """关闭文件；不是自己打开的，只写完缓存里的。"""
        if self._own:
            self.data.close()
        elif not isinstance(self.data, dict):
            self.data.file.flush()

    def __enter__(self) -> H5Dict:
        return self

    def __exit__(self, *error) -> None:
        self.close()


h5dict = H5Dict


def is_numpy(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic)


def text(value: Any) -> str:
    """A name or an attribute as text; old and new h5py give bytes, str or NumPy strings."""
    value = value.item() if is_numpy(value) else value
    return value.decode("utf8") if isinstance(value, bytes) else str(value)


def save_to_binary_h5py(save_function: Callable, stream) -> Any:
    """在内存里建一个 h5py.File，交给 save_function 写，再把整个文件写进二进制的流。

    返回 save_function 的返回值。
    """
    memory = io.BytesIO()
    with require_h5py().File(memory, "w") as file:
        result = save_function(file)
    stream.write(memory.getvalue())
    return result


def load_from_binary_h5py(load_function: Callable, stream) -> Any:
    """从二进制的流读出整个 HDF5 文件，作为 h5py.File 交给 load_function，返回它的返回值。"""
    with require_h5py().File(io.BytesIO(stream.read()), "r") as file:
        return load_function(file)
