"""序列的工具：补齐、时间序列的窗口、skip-gram 词对。名称与 `keras.preprocessing.sequence` 相同。"""

from __future__ import annotations

import json
import random
from typing import Any, Literal

import numpy as np

from ..arguments.validation import choice
from ..errors import explain
from ..utils.data_utils import Sequence

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]

Side = Literal["pre", "post"]


def _remove_long_seq(maxlen, seq, label) -> tuple[list, list]:
    """去掉长度达到 maxlen 的序列与它们的标签。"""
    kept = [(x, y) for x, y in zip(seq, label, strict=False) if len(x) < maxlen]
    return [x for x, _ in kept], [y for _, y in kept]


def pad_sequences(
    sequences, maxlen=None, dtype="int32", padding="pre", truncating="pre", value=0.0
) -> np.ndarray:
    """把长短不一的序列补齐、截短成一个数组 (样本数, maxlen, …)。

    maxlen 默认是最长的长度；padding、truncating 是 "pre"（在前面补、去掉前面的）或 "post"；
    value 是补的值。注意默认都是 "pre"。
    出错：sequences 不是序列的列表、各元素的形状不同，抛出 ValueError。
    """
    where = "pad_sequences"
    if not hasattr(sequences, "__len__") or not all(hasattr(s, "__len__") for s in sequences):
        raise ValueError(
            explain(
                where,
                f"{type(sequences).__name__}，里面有不是序列的元素",
                "sequences 是序列的列表",
                "[[1, 2, 3], [4]]",
            )
        )
    before = choice(where, "padding", padding, Side) == "pre"
    cut_front = choice(where, "truncating", truncating, Side) == "pre"
    length = max(map(len, sequences), default=0) if maxlen is None else maxlen
    shape = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    texts = isinstance(value, str)
    if (
        texts
        and np.dtype(dtype) != np.dtype(object)
        and not np.issubdtype(np.dtype(dtype), np.str_)
    ):
        raise ValueError(
            explain(
                where,
                f"dtype={dtype!r}，value={value!r}",
                "补的值要能存进 dtype",
                "dtype=object",
            )
        )
    padded = np.full((len(sequences), length, *shape), value, dtype=dtype)
    for row, sequence in zip(padded, sequences, strict=True):
        if not len(sequence):
            continue
        # sequence[-0:] would be the whole of it, as in Keras.
        kept = np.asarray(sequence[-length:] if cut_front else sequence[:length], dtype=dtype)
        if kept.shape[1:] != shape:
            raise ValueError(
                explain(
                    where,
                    f"元素形状 {kept.shape[1:]} 的序列",
                    f"每个序列的元素形状相同，第一个是 {shape}",
                    "先把各个序列的元素变成同样的形状",
                )
            )
        if before:
            row[-len(kept) :] = kept
        else:
            row[: len(kept)] = kept
    return padded


def make_sampling_table(size, sampling_factor=1e-5) -> np.ndarray:
    """按词频排第 i 的词被取样的概率（假定词频服从 Zipf 律），用于 skipgrams。"""
    rank = np.arange(size, dtype=float)
    rank[:1] = 1
    inverse = rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank)
    return np.minimum(1.0, np.sqrt(sampling_factor * inverse))


def skipgrams(
    sequence,
    vocabulary_size,
    window_size=4,
    negative_samples=1.0,
    shuffle=True,
    categorical=False,
    sampling_table=None,
    seed=None,
) -> tuple[list, list]:
    """(词, 词) 的对与标签：窗口里的对是 1，随机配的对是 0；0 号不是词，跳过。

    sampling_table 给出时，按它随机跳过常见的词。用 Python 的 random，seed 固定打乱的次序。
    """
    positive, negative = ([0, 1], [1, 0]) if categorical else (1, 0)
    couples, labels = [], []
    for i, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        for j in range(max(0, i - window_size), min(len(sequence), i + window_size + 1)):
            if j != i and sequence[j]:
                couples.append([word, sequence[j]])
                labels.append(positive)
    if negative_samples > 0 and couples:
        count = int(len(labels) * negative_samples)
        words = [couple[0] for couple in couples]
        random.shuffle(words)
        couples += [
            [words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)
        ]
        labels += [negative] * count
    if shuffle:
        seed = random.randint(0, 10_000_000) if seed is None else seed
        random.seed(seed)
        random.shuffle(couples)
        random.seed(seed)
        random.shuffle(labels)
    return couples, labels


class TimeseriesGenerator(Sequence):
    """时间序列的滑动窗口：第 i 个样本是 data[i − length : i : sampling_rate]，目标是 targets[i]。

    用于 fit_generator。出错：data 与 targets 长度不同、没有一个完整的窗口，抛出 ValueError。
    """

    def __init__(
        self,
        data,
        targets,
        length,
        sampling_rate=1,
        stride=1,
        start_index=0,
        end_index=None,
        shuffle=False,
        reverse=False,
        batch_size=128,
    ):
        if len(data) != len(targets):
            raise ValueError(
                explain(
                    "TimeseriesGenerator",
                    f"{len(data)} 步的 data，{len(targets)} 步的 targets",
                    "两者一样长",
                    f"都取前 {min(len(data), len(targets))} 步",
                )
            )
        self.data, self.targets, self.length = data, targets, length
        self.sampling_rate, self.stride = sampling_rate, stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                explain(
                    "TimeseriesGenerator",
                    f"start_index + length = {self.start_index}，end_index = {self.end_index}",
                    "至少要有一个完整的窗口：start_index + length ≤ end_index",
                    "更短的 length，或更长的数据",
                )
            )

    def __len__(self) -> int:
        step = self.batch_size * self.stride
        return (self.end_index - self.start_index + step) // step

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            last = min(first + self.batch_size * self.stride, self.end_index + 1)
            rows = np.arange(first, last, self.stride)
        windows = [self.data[row - self.length : row : self.sampling_rate] for row in rows]
        samples = np.array(windows)
        targets = np.array([self.targets[row] for row in rows])
        return (samples[:, ::-1] if self.reverse else samples), targets

    def get_config(self) -> dict[str, Any]:
        """各个参数；data 与 targets 写成 JSON。"""
        names = ("length", "sampling_rate", "stride", "start_index", "end_index")
        config = {
            name: getattr(self, name) for name in (*names, "shuffle", "reverse", "batch_size")
        }
        return {
            "data": json.dumps(np.asarray(self.data).tolist()),
            "targets": json.dumps(np.asarray(self.targets).tolist()),
            **config,
        }

    def to_json(self, **kwargs) -> str:
        """写成 JSON。"""
        return json.dumps(
            {"class_name": type(self).__name__, "config": self.get_config()}, **kwargs
        )
