"""Tensors and variables as code for Keras uses them."""

import numpy as np
import pytest

from labkit import backend as K
from labkit.layers import Dense, Input
from tests.mistakes import check


def test_an_update_is_written_when_evaluated():
    x = K.variable([1.0, 2.0])
    assert K.eval(K.update_add(x, [10.0, 20.0])).tolist() == [11, 22]
    K.eval(K.update_sub(x, [1.0, 1.0]))
    assert K.eval(x).tolist() == [10, 21]


def test_what_is_a_keras_tensor():
    x = Input((3,))
    assert K.is_keras_tensor(x) and K.is_keras_tensor(Dense(2)(x))
    assert not K.is_keras_tensor(x + 1) and not K.is_keras_tensor(K.variable([1.0]))
    check(ValueError, "ndarray", lambda: K.is_keras_tensor(np.ones(2)))


def test_shapes_as_tensorflow_writes_them():
    for x in (K.ones((2, 3)), Input(batch_shape=(2, 3))):
        assert x.get_shape().as_list() == x.shape.as_list() == [2, 3] and x._keras_shape == (2, 3)
        assert K.get_variable_shape(x) == (2, 3)


def test_a_sparse_matrix_becomes_a_plain_variable():
    from scipy import sparse

    x = sparse.csr_matrix(([7.0, 2.0], ([0, 2], [4, 3])), shape=(4, 5))
    np.testing.assert_array_equal(K.eval(K.variable(x)), x.toarray())


def test_gradients_of_several_losses_add_up():
    x = K.variable([1.0, 2.0])
    (dx,) = K.gradients([x * x, 3.0 * x], [x])
    assert K.eval(dx).tolist() == [5, 7]


@pytest.mark.parametrize("level", [-0.5, 1.0])
def test_dropout_of_no_share(level):
    check(ValueError, f"level={level}", lambda: K.dropout(K.ones((2,)), level=level))


def test_decoding_symbols():
    y_pred = np.random.rand(2, 5, 4).astype("float32")
    # A placeholder without shape takes any.
    x, lengths = K.placeholder((2, 5, 4)), K.placeholder(dtype="int32")
    for settings in ({}, {"greedy": False, "beam_width": 3, "top_paths": 2}):
        paths, log_p = K.ctc_decode(x, lengths, **settings)
        run = K.function([x, lengths], [*paths, log_p])
        wanted_paths, wanted = K.ctc_decode(y_pred, np.array([5, 4]), **settings)
        *found, found_log_p = run([y_pred, np.array([5, 4])])
        for path, wanted_path in zip(found, wanted_paths, strict=True):
            assert path.tolist() == wanted_path.tolist()
        np.testing.assert_array_equal(found_log_p, wanted)
        assert log_p.shape == wanted.shape and paths[0].shape == (2, None)
