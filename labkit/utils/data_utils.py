"""成批的数据：Sequence 与各种 Enqueuer；下载文件的 get_file。"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import explain


class Sequence:
    """按序号取一批的数据集：继承它，写 `__getitem__(index)` 与 `__len__()`（批数）。

    `fit_generator` 每轮把每批恰好取一次；`on_epoch_end` 在每轮之后调用，可以重新打乱。
    """

    use_sequence_api = True

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(
            explain(
                type(self).__name__,
                "没有写 __getitem__ 的 Sequence",
                "__getitem__(index) 返回第 index 批：(x, y) 或 (x, y, sample_weight)",
                "def __getitem__(self, index): return x, y",
            )
        )

    def __len__(self) -> int:
        raise NotImplementedError(
            explain(
                type(self).__name__,
                "没有写 __len__ 的 Sequence",
                "__len__() 返回一轮有几批",
                "def __len__(self): return 10",
            )
        )

    def on_epoch_end(self) -> None:
        """每轮之后调用。"""

    def __iter__(self) -> Iterator:
        while True:
            for index in range(len(self)):
                yield self[index]


def is_sequence(data: Any) -> bool:
    """是不是 Sequence，或写了同样方法的对象。"""
    methods = ("__getitem__", "__len__", "on_epoch_end")
    return getattr(data, "use_sequence_api", False) or all(hasattr(data, m) for m in methods)


class SequenceEnqueuer:
    """取数据的队列。labkit 在取的时候才计算，不开线程，所以结果总是同样的次序。

    `start`、`stop` 与 Keras 同名，`get()` 得到取不完的迭代器。
    """

    def __init__(self, sequence: Any, use_multiprocessing: bool = False) -> None:
        self.sequence = sequence
        self.use_multiprocessing = use_multiprocessing
        self._running = False

    def is_running(self) -> bool:
        """是否已经 start、还没有 stop。"""
        return self._running

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """开始；workers 与 max_queue_size 不起作用。"""
        self._running = True

    def stop(self, timeout: float | None = None) -> None:
        """结束。"""
        self._running = False

    def get(self) -> Iterator:
        """数据的迭代器。"""
        raise NotImplementedError


class OrderedEnqueuer(SequenceEnqueuer):
    """从 Sequence 取数据；shuffle=True 时每轮打乱批的次序。"""

    def __init__(self, sequence, use_multiprocessing=False, shuffle=False) -> None:
        super().__init__(sequence, use_multiprocessing)
        self.shuffle = shuffle

    def get(self) -> Iterator:
        while self._running:
            order = list(range(len(self.sequence)))
            if self.shuffle:
                random.shuffle(order)
            for index in order:
                yield self.sequence[index]
            self.sequence.on_epoch_end()


class GeneratorEnqueuer(SequenceEnqueuer):
    """从生成器取数据。"""

    def __init__(
        self, sequence, use_multiprocessing=False, wait_time=None, random_seed=None
    ) -> None:
        super().__init__(sequence, use_multiprocessing)
        if random_seed is not None:
            np.random.seed(random_seed)

    def get(self) -> Iterator:
        for batch in self.sequence:
            if not self._running:
                return
            yield batch


def get_file(
    fname,
    origin,
    untar=False,
    md5_hash=None,
    file_hash=None,
    cache_subdir="datasets",
    hash_algorithm="auto",
    extract=False,
    archive_format="auto",
    cache_dir=None,
) -> str:
    """下载一个文件，放进 ~/.keras/<cache_subdir>，返回路径；已有而且散列值相符时不再下载。

    出错：下载失败抛出 OSError；散列值不符抛出 ValueError，不留下文件。
    """
    home = cache_dir or os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
    folder = os.path.join(home, cache_subdir)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{fname}.tar.gz" if untar else fname)
    wanted = md5_hash if md5_hash is not None and file_hash is None else file_hash
    algorithm = "md5" if md5_hash is not None and file_hash is None else hash_algorithm
    if not os.path.exists(path) or (wanted and not validate_file(path, wanted, algorithm)):
        _download(origin, path, wanted, algorithm)
    if untar or extract:
        _extract(path, folder)
    return os.path.join(folder, fname) if untar else path


def _download(origin: str, path: str, wanted: str | None, algorithm: str) -> None:
    import urllib.request  # an eighth of labkit's own time to load

    partial = path + ".part"
    try:
        with urllib.request.urlopen(origin) as source, open(partial, "wb") as target:
            shutil.copyfileobj(source, target)
        if wanted and not validate_file(partial, wanted, algorithm):
            raise ValueError(
                explain(
                    "get_file",
                    f"{origin} 的内容，散列值不是 {wanted}",
                    "下载的文件要与给出的散列值相符",
                    "再下载一次，或检查散列值",
                )
            )
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def validate_file(fpath, file_hash, algorithm="auto", chunk_size=65535) -> bool:
    """文件的散列值是否相符；auto 时 64 位十六进制数按 SHA-256，其余按 MD5。"""
    sha = algorithm == "sha256" or algorithm == "auto" and len(file_hash) == 64
    digest = hashlib.sha256() if sha else hashlib.md5()
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            digest.update(chunk)
    return digest.hexdigest() == str(file_hash)


def _extract(path: str, folder: str) -> None:
    """Unpack an archive; members that would leave the folder are refused."""
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
