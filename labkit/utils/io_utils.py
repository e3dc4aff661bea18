"""HDF5 的数据：HDF5Matrix 与 H5Dict（要有 h5py）。"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import explain
from ..saving.files import require_h5py


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
            first, last, step = key.indices(len(self))
            chosen: Any = slice(first + self.start, last + self.start, step)
        else:
            rows = np.asarray(key)
            if rows.dtype == bool:
                rows = np.flatnonzero(rows)
            if rows.size and (rows.max() >= len(self) or rows.min() < -len(self)):
                raise IndexError(
                    explain(
                        "HDF5Matrix",
                        f"下标 {key}",
                        f"下标在 0 到 {len(self) - 1} 之间",
                        f"{len(self) - 1}",
                    )
                )
            rows = rows % len(self) + self.start
            if rows.ndim:
                # h5py wants rising, distinct numbers.
                order, back = np.unique(rows, return_inverse=True)
                data = self.data[order][back]
                return data if self.normalizer is None else self.normalizer(data)
            chosen = int(rows)
        data = self.data[chosen]
        return data if self.normalizer is None else self.normalizer(data)

    @property
    def shape(self) -> tuple[int, ...]:
        """形状。"""
        return (len(self), *self.data.shape[1:])

    @property
    def dtype(self):
        """元素的类型。"""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """轴数。"""
        return self.data.ndim

    @property
    def size(self) -> int:
        """元素的总数。"""
        return int(np.prod(self.shape))

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


class H5Dict:
    """像字典一样读写 HDF5 文件：数组存成数据集，其余的存成属性，没有的键是一个新的组。"""

    def __init__(self, path, mode="a"):
        if mode not in {"r", "w", "a"}:
            raise ValueError(explain("H5Dict", f"mode={mode!r}", "mode 是 'r'、'w'、'a'", "'a'"))
        self.read_only = mode == "r"
        self._own = not hasattr(path, "attrs")
        self.data = require_h5py().File(path, mode) if self._own else path

    def __setitem__(self, key, value) -> None:
        if self.read_only:
            raise ValueError(explain("H5Dict", "只读的文件", "mode='r' 时不能写", "mode='a'"))
        if isinstance(value, np.ndarray):
            self.data.create_dataset(key, data=value)
        else:
            self.data.attrs[key] = value

    def __getitem__(self, key):
        if key in self.data.attrs:
            return self.data.attrs[key]
        if key in self.data:
            found = self.data[key]
            return (
                H5Dict(found, "r" if self.read_only else "a")
                if hasattr(found, "keys")
                else found[()]
            )
        if self.read_only:
            raise ValueError(
                explain("H5Dict", f"键 {key!r}", f"文件里有 {list(self.data)}", "其中之一")
            )
        return H5Dict(self.data.create_group(key))

    def __contains__(self, key) -> bool:
        return key in self.data or key in self.data.attrs

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self):
        return iter(self.data)

    def get(self, key, default=None):
        """键对应的值，没有时是 default。"""
        return self[key] if key in self else default

    def close(self) -> None:
        """关闭文件。"""
        if self._own:
            self.data.file.close()

    def __enter__(self) -> H5Dict:
        return self

    def __exit__(self, *error) -> None:
        self.close()
