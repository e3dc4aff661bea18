"""keras.engine.training_utils: the small tools of training, asked of real Keras 2.2.5."""

import numpy as np
import pytest

from labkit import backend as K
from labkit import losses
from labkit.engine import training_utils
from labkit.engine.data import batches
from labkit.utils.generic_utils import slice_arrays
from tests.mistakes import check

A = np.ones((4, 3))


def test_batches():
    np.random.seed(3)
    shuffled = training_utils.batch_shuffle(np.arange(11), 3)
    assert shuffled.tolist() == [3, 4, 5, 0, 1, 2, 6, 7, 8, 9, 10]
    assert training_utils.make_batches(7, 3) == [(0, 3), (3, 6), (6, 7)]
    np.random.seed(3)
    assert np.concatenate(list(batches(11, 3, "batch"))).tolist() == shuffled.tolist()


def test_slices():
    a = np.arange(4)
    assert slice_arrays(None) == slice_arrays(a, 0, 1) == [None]
    assert slice_arrays(a, [0, 2]).tolist() == [0, 2]
    none, first = slice_arrays([None, a], stop=2)
    assert none is None and first.tolist() == [0, 1]


def test_weights():
    y = np.array([0, 1, 0, 2])
    by_class = {0: 0.5, 1: 1.0, 2: 2.0}
    given = training_utils.standardize_weights(y, np.array([1.0, 1, 3, 0]), by_class)
    assert given.tolist() == [0.5, 1, 1.5, 0]
    assert training_utils.standardize_weights(np.ones((2, 3, 4)), None, None, "temporal").shape == (
        (2, 3)
    )


def test_metrics_of_each_output():
    collect = training_utils.collect_metrics
    assert collect(["mse"], ["a", "b"]) == [["mse"], ["mse"]]
    assert collect({"b": "mse"}, ["a", "b"]) == [[], ["mse"]]
    assert collect(None, ["a"]) == [[]]
    with pytest.warns(UserWarning, match="unknown"):
        collect({"unknown": "mse"}, ["a"])


def test_data():
    standardize = training_utils.standardize_input_data
    assert standardize(None, ["a", "b"]) == [None, None]
    (array,) = standardize({"a": np.ones(3)}, ["a"])
    assert array.shape == (3, 1)
    assert standardize(A, ["a"], [(None, 3)])[0] is A


def test_the_weighted_loss():
    weighted = training_utils.weighted_masked_objective(losses.mean_squared_error)
    y = K.constant(np.zeros((2, 3)))
    p = K.constant(np.array([[1.0, 1, 1], [2, 2, 2]]))
    # Over the samples whose weight is not 0, as in Keras: 3 · 1 of one sample.
    assert float(weighted(y, p, K.constant([3.0, 0.0]))) == pytest.approx(3.0)
    assert float(weighted(y, p, None, K.constant([1.0, 0.0]))) == pytest.approx(1.0, rel=1e-5)
    x = K.placeholder((None, 3))
    assert K.int_shape(weighted(x, x, None)) == ()


MISTAKES = [
    (lambda t: t.check_array_length_consistency([A], [A[:3]], None), ValueError, "3 个标签"),
    (lambda t: t.check_array_length_consistency([A, A[:2]], [A], [A]), ValueError, "2、4 个输入"),
    (
        lambda t: t.check_loss_and_target_compatibility(
            [np.ones((2, 3, 5))], [losses.mean_squared_error], [(None, 3, 6)]
        ),
        ValueError,
        "(2, 3, 5)",
    ),
    (
        lambda t: t.check_loss_and_target_compatibility(
            [np.ones((2, 1))], [losses.categorical_crossentropy], [(None, 6)]
        ),
        ValueError,
        "(2, 1)",
    ),
    (lambda t: t.collect_metrics({"a"}, ["a"]), TypeError, "set"),
    (lambda t: t.standardize_weights(A, None, None, "temporal"), ValueError, "(4, 3)"),
    (lambda t: t.standardize_weights(A, None, {1: 2.0}), ValueError, "[0]"),
    (lambda t: t.standardize_weights(A[None], None, {0: 2.0}), ValueError, "(1, 4, 3)"),
]


@pytest.mark.parametrize(("use", "raises", "received"), MISTAKES)
def test_mistakes(use, raises, received):
    check(raises, received, lambda: use(training_utils))


def test_lengths_that_agree():
    training_utils.check_array_length_consistency(None, None)
    training_utils.check_array_length_consistency([A, A], [A], [A[:, 0]])
    training_utils.check_loss_and_target_compatibility(
        [A, None], [losses.mean_squared_error, None], [(None, 3), (None, 1)]
    )
