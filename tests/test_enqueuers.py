"""Enqueuers: what they fetch in threads and processes, and in which order."""

import sys
import time

import numpy as np
import pytest

from labkit.utils import GeneratorEnqueuer, OrderedEnqueuer, Sequence
from tests.mistakes import check


class Numbers(Sequence):
    """Batch i is i, times ten after every epoch."""

    def __init__(self):
        self.scale = 1

    def __len__(self):
        return 6

    def __getitem__(self, index):
        time.sleep(0.01 * (6 - index))  # the first takes longest
        return index * self.scale

    def on_epoch_end(self):
        self.scale *= 10


class Broken(Numbers):
    def __getitem__(self, index):
        raise IndexError(index)


TWO_EPOCHS = [0, 1, 2, 3, 4, 5, 0, 10, 20, 30, 40, 50]


def take(enqueuer, count, workers):
    enqueuer.start(workers, 4)
    batches = enqueuer.get()
    taken = [next(batches) for _ in range(count)]
    enqueuer.stop()
    return taken


def endless():
    while True:
        yield from range(5)


def test_without_workers():
    assert take(OrderedEnqueuer(Numbers()), 12, 0) == TWO_EPOCHS
    assert take(GeneratorEnqueuer(endless()), 7, 0) == [0, 1, 2, 3, 4, 0, 1]


def test_in_a_browser_there_are_no_threads(monkeypatch):
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert take(OrderedEnqueuer(Numbers()), 12, 3) == TWO_EPOCHS


def test_threads():
    assert take(OrderedEnqueuer(Numbers()), 12, 3) == TWO_EPOCHS
    shuffled = take(OrderedEnqueuer(Numbers(), shuffle=True), 6, 3)
    assert sorted(shuffled) == TWO_EPOCHS[:6]
    assert take(GeneratorEnqueuer(endless()), 7, 1) == [0, 1, 2, 3, 4, 0, 1]
    with pytest.raises(IndexError):
        take(OrderedEnqueuer(Broken()), 1, 2)
    one = GeneratorEnqueuer(Broken()[i] for i in range(3))
    with pytest.raises(IndexError):
        take(one, 1, 2)
    assert not one.is_running()

    def slow():
        while True:
            time.sleep(0.05)
            yield 1

    check(RuntimeError, "几个线程", lambda: take(GeneratorEnqueuer(slow()), 9, 3))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forking where threads are
def test_processes():
    assert take(OrderedEnqueuer(Numbers(), use_multiprocessing=True), 12, 2) == TWO_EPOCHS
    # Every process has a generator of its own.
    each = GeneratorEnqueuer(iter(range(5)), use_multiprocessing=True)
    each.start(2, 10)
    assert sorted(each.get()) == sorted([*range(5)] * 2)
    seeded = GeneratorEnqueuer(
        (float(np.random.rand()) for _ in range(1)), use_multiprocessing=True, random_seed=5
    )
    seeded.start(2, 10)
    expected = [float(np.random.RandomState(seed).rand()) for seed in (5, 6)]
    assert sorted(seeded.get()) == sorted(expected)
