"""Connectionist temporal classification: the loss, and decoding."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import explain
from .config import epsilon
from .elementwise import add, log
from .movement import expand_dims
from .tape import primitive
from .tensors import Record, Symbol, known, value


class SparseTensor(NamedTuple):
    """稀疏张量：indices (n, 轴数)、values (n,)、dense_shape (轴数,)。"""

    indices: np.ndarray
    values: np.ndarray
    dense_shape: np.ndarray


def ctc_label_dense_to_sparse(labels, label_lengths) -> SparseTensor:
    """补齐的标签 (batch, max_length) → 稀疏张量，每行只留前 label_lengths 个。"""
    labels, lengths = np.asarray(value(labels)), np.asarray(value(label_lengths)).reshape(-1)
    kept = np.arange(labels.shape[1]) < lengths[:, np.newaxis]
    return SparseTensor(np.argwhere(kept), labels[kept], np.array(labels.shape, "int64"))


def ctc_batch_cost(y_true, y_pred, input_length, label_length):
    """每个样本的 CTC 损失，形状 (batch, 1)。

    y_true: (batch, max_label_length)，类别编号；y_pred: (batch, time, classes)，softmax 的输出，
    最后一类是空白（blank）；input_length、label_length: (batch, 1)，各自真正的长度。
    """
    cost = ctc_loss(
        log(add(y_pred, epsilon())),
        labels=_plain(y_true).astype("int64"),
        input_length=_plain(input_length).reshape(-1).astype("int64"),
        label_length=_plain(label_length).reshape(-1).astype("int64"),
    )
    return expand_dims(cost, axis=1)


def _plain(x) -> np.ndarray:
    return np.asarray(value(x))


@primitive
def ctc_loss(logits, labels, input_length, label_length):
    """−log P(标签 | logits)，对所有能合并成标签的路径求和。来源：Graves 等，2006。

    logits: (batch, time, classes)，先沿最后一轴做 softmax，最后一类是空白 → (batch,)。
    标签两侧和中间插入空白，成为 2L + 1 个位置；α 是到达每个位置的对数概率，β 是从它走到底的。
    """
    batch, time, classes = logits.shape
    states = 2 * labels.shape[1] + 1
    extended = np.full((batch, states), classes - 1)
    extended[:, 1::2] = labels
    log_p = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    rows, last = np.arange(batch), 2 * label_length
    inside = np.arange(states) <= last[:, np.newaxis]
    safe = np.where(inside, extended, classes - 1)
    emit = np.where(
        inside[:, np.newaxis], np.take_along_axis(log_p, safe[:, np.newaxis], axis=2), -np.inf
    )
    # A path may skip a blank between two different labels.
    skips = np.zeros((batch, states), bool)
    skips[:, 2:] = (safe[:, 2:] != classes - 1) & (safe[:, 2:] != safe[:, :-2])

    def shift(x, by):
        moved = np.full_like(x, -np.inf)
        if by > 0:
            moved[:, by:] = x[:, :-by]
        else:
            moved[:, :by] = x[:, -by:]
        return moved

    alpha = np.full((batch, time, states), -np.inf)
    alpha[:, 0, :2] = emit[:, 0, :2]
    for t in range(1, time):
        before = alpha[:, t - 1]
        skipped = np.where(skips, shift(before, 2), -np.inf)
        arriving = np.logaddexp(np.logaddexp(before, shift(before, 1)), skipped)
        alpha[:, t] = arriving + emit[:, t]
    end = alpha[rows, input_length - 1]
    previous = np.where(last > 0, end[rows, np.maximum(last - 1, 0)], -np.inf)
    total = np.logaddexp(end[rows, last], previous)

    def backward(dy):
        beta = np.full((batch, time, states), -np.inf)
        goal = np.full((batch, states), -np.inf)
        goal[rows, last] = 0.0
        goal[rows, np.maximum(last - 1, 0)] = 0.0
        for t in reversed(range(time)):
            if t + 1 < time:
                after = beta[:, t + 1] + emit[:, t + 1]
                skipped = shift(np.where(skips, after, -np.inf), -2)
                beta[:, t] = np.logaddexp(np.logaddexp(after, shift(after, -1)), skipped)
            beta[:, t] = np.where((input_length == t + 1)[:, np.newaxis], goal, beta[:, t])
        within = np.arange(time) < input_length[:, np.newaxis]
        share = np.exp(alpha + beta - total[:, np.newaxis, np.newaxis])
        share = np.where(within[..., np.newaxis], share, 0.0)
        occupied = np.zeros_like(logits)
        at = (rows[:, None, None], np.arange(time)[None, :, None], safe[:, None, :])
        np.add.at(occupied, at, share)
        slope = np.where(within[..., np.newaxis], np.exp(log_p), 0.0) - occupied
        return (slope * dy[:, np.newaxis, np.newaxis],)

    return -total.astype(logits.dtype), backward


def ctc_decode(
    y_pred, input_length, greedy=True, beam_width=100, top_paths=1, merge_repeated=False
):
    """把 softmax 的输出解码成标签：([每条路径的标签 (batch, 最长), …], 对数概率)。

    y_pred: (batch, time, classes)，最后一类是空白；不足最长的位置是 −1。
    greedy=True 每步取最大的一类再合并；否则用宽度为 beam_width 的束搜索，给出 top_paths 条路径。
    贪心时的第二项是 −Σ log(每步最大的概率)，形状 (batch, 1)；束搜索时是各条路径的对数概率
    (batch, top_paths)。
    """
    if not greedy and top_paths > beam_width:
        raise ValueError(
            explain(
                "K.ctc_decode",
                f"top_paths={top_paths}，beam_width={beam_width}",
                "给出的路径数不能多于保留的路径数",
                f"beam_width={top_paths}",
            )
        )
    settings = (
        {}
        if greedy
        else {"width": beam_width, "top_paths": top_paths, "merge_repeated": merge_repeated}
    )
    decode = _best_path if greedy else _best_beams
    arguments = known(y_pred), known(input_length)
    if not any(isinstance(x, Symbol) for x in arguments):
        *paths, log_p = decode(*arguments, **settings)
        return paths, log_p
    # How long a path is, the data decide.
    record, batch = Record(decode, arguments, settings), y_pred.shape[0]
    count = 1 if greedy else top_paths
    paths = [Symbol((batch, None), "int64", f"ctc_decode:{i}", record, i) for i in range(count)]
    return paths, Symbol((batch, count), str(y_pred.dtype), "ctc_decode", record, count)


def _scores(y_pred, input_length):
    """(log probability (batch, time, classes), how many steps count (batch,))."""
    return np.log(_plain(y_pred) + epsilon()), _plain(input_length).reshape(-1).astype(int)


def _best_path(y_pred, input_length):
    scores, lengths = _scores(y_pred, input_length)
    best = [row[:n].argmax(axis=-1) for row, n in zip(scores, lengths, strict=True)]
    paths = [_collapse(row, scores.shape[-1] - 1) for row in best]
    cost = [-row[:n].max(axis=-1).sum() for row, n in zip(scores, lengths, strict=True)]
    return _padded(paths), np.array(cost, scores.dtype)[:, np.newaxis]


def _best_beams(y_pred, input_length, width, top_paths, merge_repeated):
    scores, lengths = _scores(y_pred, input_length)
    found = [_beam(row[:n], width) for row, n in zip(scores, lengths, strict=True)]
    chosen = [
        [found[b][k] if k < len(found[b]) else ((), -np.inf) for b in range(len(found))]
        for k in range(top_paths)
    ]
    paths = [
        [_merged(path) if merge_repeated else list(path) for path, _ in group] for group in chosen
    ]
    log_p = np.array([[score for _, score in group] for group in chosen], scores.dtype).T
    return *(_padded(group) for group in paths), log_p


def _collapse(path, blank: int) -> list[int]:
    """Repeats become one, then blanks go."""
    return [int(k) for i, k in enumerate(path) if k != blank and (i == 0 or path[i - 1] != k)]


def _merged(path) -> list[int]:
    return [k for i, k in enumerate(path) if i == 0 or path[i - 1] != k]


def _padded(paths) -> np.ndarray:
    dense = np.full((len(paths), max(map(len, paths), default=0)), -1, "int64")
    for row, path in zip(dense, paths, strict=True):
        row[: len(path)] = path
    return dense


def _beam(scores, width: int) -> list[tuple[tuple, float]]:
    """Prefixes with their log probabilities, best first.

    Each prefix keeps two: that of the paths that end in a blank, and that of those that do not.
    """
    log_p = scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True)
    blank = scores.shape[-1] - 1
    beam: dict[tuple, tuple[float, float]] = {(): (0.0, -np.inf)}
    for step in log_p:
        grown: dict[tuple, tuple[float, float]] = {}

        def gain(prefix, blank_p, other_p, grown=grown):
            old = grown.get(prefix, (-np.inf, -np.inf))
            grown[prefix] = (
                float(np.logaddexp(old[0], blank_p)),
                float(np.logaddexp(old[1], other_p)),
            )

        for prefix, (ends_blank, ends_label) in beam.items():
            whole = np.logaddexp(ends_blank, ends_label)
            gain(prefix, whole + step[blank], -np.inf)
            for k in range(blank):
                if prefix and prefix[-1] == k:
                    gain(prefix, -np.inf, ends_label + step[k])
                    gain((*prefix, k), -np.inf, ends_blank + step[k])
                else:
                    gain((*prefix, k), -np.inf, whole + step[k])
        best = sorted(grown.items(), key=lambda item: -np.logaddexp(*item[1]))
        beam = dict(best[:width])
    return [(prefix, float(np.logaddexp(*score))) for prefix, score in beam.items()]
