"""labkit.preprocessing: sequences."""

import numpy as np
import pytest

from labkit.preprocessing import sequence
from tests.mistakes import check


def test_sequences():
    assert sequence.pad_sequences([[1, 2, 3], [4]], 2).tolist() == [[2, 3], [0, 4]]
    after = sequence.pad_sequences([[1, 2, 3], [4]], 2, padding="post", truncating="post", value=9)
    assert after.tolist() == [[1, 2], [4, 9]]
    couples, labels = sequence.skipgrams(
        [1, 2, 3], 5, window_size=1, negative_samples=0, shuffle=False
    )
    assert couples == [[1, 2], [2, 1], [2, 3], [3, 2]] and labels == [1] * 4
    windows = sequence.TimeseriesGenerator(np.arange(10), np.arange(10), 3, batch_size=4)
    x, y = windows[0]
    assert x.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]] and y.tolist() == [3, 4, 5, 6]
    assert len(windows) == 2 and (np.diff(sequence.make_sampling_table(100)) >= 0).all()


WRONG = [
    (lambda: sequence.pad_sequences(3), ValueError, "int"),
    (lambda: sequence.pad_sequences([1, 2]), ValueError, "不是序列"),
    (lambda: sequence.pad_sequences([[1]], padding="left"), ValueError, "'left'"),
    (lambda: sequence.pad_sequences([[1]], truncating=1), ValueError, "truncating=1"),
    (lambda: sequence.pad_sequences([[[1, 2]], [[1]]]), ValueError, "(1,)"),
    (lambda: sequence.TimeseriesGenerator([1, 2], [1], 1), ValueError, "2 步"),
    (lambda: sequence.TimeseriesGenerator([1, 2], [1, 2], 5), ValueError, "end_index"),
]


@pytest.mark.parametrize(("use", "raises", "received"), WRONG)
def test_wrong_use(use, raises, received):
    check(raises, received, use)
