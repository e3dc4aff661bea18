"""成批的数据：Sequence 与各种 Enqueuer；下载文件的 get_file。"""

from __future__ import annotations

import hashlib
import itertools
import os
import queue
import random
import shutil
import sys
import tarfile
import threading
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
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
    """在别的线程或进程里取数据的队列：start、get、stop；`get()` 是数据的迭代器。

    workers=0 时不开线程，取的时候才计算；浏览器里不能开线程，总是这样。
    """

    def __init__(self, sequence: Any, use_multiprocessing: bool = False) -> None:
        self.sequence = sequence
        self.use_multiprocessing = use_multiprocessing
        self.workers, self.max_queue_size = 0, 10
        self._running = False

    def is_running(self) -> bool:
        """是否已经 start、还没有 stop。"""
        return self._running

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """开始：workers 个线程或进程，最多先取好 max_queue_size 批。"""
        self.workers = 0 if sys.platform == "emscripten" else workers
        self.max_queue_size = max_queue_size
        self._running = True

    def stop(self, timeout: float | None = None) -> None:
        """结束。"""
        self._running = False

    def get(self) -> Iterator:
        """数据的迭代器。"""
        raise NotImplementedError


class OrderedEnqueuer(SequenceEnqueuer):
    """从 Sequence 取数据，次序不变；shuffle=True 时每轮打乱批的次序。"""

    def __init__(self, sequence, use_multiprocessing=False, shuffle=False) -> None:
        super().__init__(sequence, use_multiprocessing)
        self.shuffle = shuffle
        self._pool: Any = None

    def stop(self, timeout: float | None = None) -> None:
        super().stop(timeout)
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def get(self) -> Iterator:
        while self._running:
            order = list(range(len(self.sequence)))
            if self.shuffle:
                random.shuffle(order)
            yield from (
                self._batches(order) if self.workers else map(self.sequence.__getitem__, order)
            )
            self.sequence.on_epoch_end()

    def _batches(self, order: list[int]) -> Iterator:
        """One epoch; the processes of the next one get the sequence as on_epoch_end left it."""
        if self.use_multiprocessing:
            from concurrent.futures import ProcessPoolExecutor  # no browser has processes
            from multiprocessing import get_context  # the same

            pool: Any = ProcessPoolExecutor(self.workers, get_context(), _share, (self.sequence,))
            fetch: Callable = _fetch
        else:
            from concurrent.futures import ThreadPoolExecutor  # most never need it

            pool, fetch = ThreadPoolExecutor(self.workers), self.sequence.__getitem__
        self._pool, rest = pool, iter(order)
        waiting: deque = deque()
        try:
            while self._running:
                for index in itertools.islice(rest, max(1, self.max_queue_size) - len(waiting)):
                    waiting.append(pool.submit(fetch, index))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _share(sequence) -> None:
    """In a new process: what `_fetch` takes from."""
    globals()["_sequence"] = sequence


def _fetch(index: int):
    return globals()["_sequence"][index]


class GeneratorEnqueuer(SequenceEnqueuer):
    """从生成器取数据。

    几个线程取同一个生成器，它要能同时被几个线程调用；每个进程各取生成器的一份，所以数据会重复。
    要数据不重复、次序不变，就写成 Sequence。
    """

    def __init__(
        self, sequence, use_multiprocessing=False, wait_time=None, random_seed=None
    ) -> None:
        super().__init__(sequence, use_multiprocessing)
        self.random_seed = random_seed

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        if self.use_multiprocessing and workers and not hasattr(os, "fork"):
            raise ValueError(
                explain(
                    "GeneratorEnqueuer",
                    "use_multiprocessing=True 的生成器，在不能 fork 的系统上",
                    "生成器不能送到别的进程里",
                    "use_multiprocessing=False，或写成 Sequence",
                )
            )
        super().start(workers, max_queue_size)
        if not self.workers:
            return
        if self.use_multiprocessing:
            from multiprocessing import get_context  # no browser has processes

            forked: Any = get_context("fork")
            self.queue: Any = forked.Queue(max_queue_size)
            self._stopped: Any = forked.Event()
            make: Callable = forked.Process
        else:
            self.queue, self._stopped = queue.Queue(max_queue_size), threading.Event()
            make = threading.Thread
        for number in range(self.workers):
            seed = None
            if self.use_multiprocessing and self.random_seed is not None:
                seed = self.random_seed + number
            make(target=self._work, args=(seed,), daemon=True).start()

    def _work(self, seed: int | None) -> None:
        """In a thread or process: (True, a batch) or (False, an error), and None at the end."""
        if seed is not None:
            np.random.seed(seed)
        while not self._stopped.is_set():
            try:
                result = True, next(self.sequence)
            except StopIteration:
                break
            except Exception as error:
                if "generator already executing" in str(error):
                    error = RuntimeError(
                        explain(
                            "GeneratorEnqueuer",
                            "几个线程同时调用的生成器",
                            "生成器在算一批时，别的线程不能再调用它（不是 thread-safe 的）",
                            "workers=1，或写成 Sequence",
                        )
                    )
                result = False, error
            self._put(result)
            if not result[0]:
                break
        self._put(None)

    def _put(self, result) -> None:
        while not self._stopped.is_set():
            try:
                return self.queue.put(result, timeout=0.1)
            except queue.Full:
                continue

    def stop(self, timeout: float | None = None) -> None:
        super().stop(timeout)
        if self.workers:
            self._stopped.set()

    def get(self) -> Iterator:
        if not self.workers:
            yield from itertools.takewhile(lambda batch: self._running, self.sequence)
            return
        at_work = self.workers
        while self._running and at_work:
            result = self.queue.get()
            if result is None:
                at_work -= 1
                continue
            fetched, batch = result
            if not fetched:
                self.stop()
                raise batch
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
    return _hash_file(fpath, "sha256" if sha else "md5", chunk_size) == str(file_hash)


def _hash_file(fpath, algorithm="sha256", chunk_size=65535) -> str:
    """文件的散列值，十六进制：SHA-256 或 MD5。"""
    digest = hashlib.sha256() if algorithm in {"sha256", "auto"} else hashlib.md5()
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            digest.update(chunk)
    return digest.hexdigest()


def _extract(path: str, folder: str) -> None:
    """Unpack an archive; members that would leave the folder are refused."""
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
