"""The tape: what K.gradients returns, what it leaves alone; symbols; the loop over time."""

import numpy as np
import pytest

from labkit import backend as K
from labkit.layers import Input


def gradient(loss, x):
    return K.eval(K.gradients(loss, [x])[0])


def test_repeated_use_adds_up():
    x = K.variable([2.0, 3.0])
    np.testing.assert_allclose(gradient(x * x + x, x), [5, 7])
    np.testing.assert_allclose(gradient(K.concatenate([x, x, 3 * x]), x), [5, 5])
    y = x + x  # both arguments are the same tensor
    np.testing.assert_allclose(gradient(y * y, x), [16, 24])


def test_unconnected_is_none():
    x, other = K.variable(1.0), K.variable(1.0)
    assert K.gradients(2 * x, [other, x])[0] is None
    assert K.gradients(x, [other]) == [None]
    assert K.gradients(K.stop_gradient(x) * 2, [x]) == [None]
    part, _ = K.split(K.variable([1.0, 2.0]), 2)
    assert K.gradients(part, [other]) == [None]


def test_one_variable_may_stand_alone():
    x = K.variable(3.0)
    (found,) = K.gradients(x * x, x)
    assert K.eval(found) == 6
    (itself,) = K.gradients(x, x)
    assert K.eval(itself) == 1


def test_loss_of_any_shape_is_summed():
    x = K.variable(np.arange(6.0).reshape(2, 3))
    np.testing.assert_allclose(gradient(x * x, x), gradient(K.sum(x * x), x))


def test_gradient_of_an_intermediate_tensor():
    x = K.variable([1.0, 2.0])
    y = x * 3
    z = K.sum(y * y)
    np.testing.assert_allclose(gradient(z, y), [6, 12])
    first, second = K.split(K.variable([1.0, 2.0, 3.0, 4.0]), 2)
    loss = K.sum(first * second)
    np.testing.assert_allclose(gradient(loss, first), [3, 4])
    np.testing.assert_allclose(gradient(loss, second), [1, 2])


def test_only_some_outputs_used():
    x = K.variable(np.arange(6.0))
    _, middle, _ = K.split(x, 3)
    np.testing.assert_allclose(gradient(middle * 2, x), [0, 0, 2, 2, 0, 0])
    rows = K.unstack(K.variable(np.ones((3, 2))), axis=0)
    np.testing.assert_allclose(gradient(rows[1], rows[1]), [1, 1])


def test_plain_arrays_pass_untaped():
    x = np.ones((2, 3), "float32")
    for y in (K.relu(x), K.dot(x, x.T), K.sum(x), K.softmax(x)):
        assert isinstance(y, np.ndarray | np.floating)
    assert isinstance(K.split(x, 3), tuple)
    with K.untaped():
        assert isinstance(K.relu(K.variable(x)), np.ndarray)
    assert isinstance(K.relu(K.variable(x)), K.Tensor)
    with pytest.raises(ZeroDivisionError), K.untaped():
        raise ZeroDivisionError
    assert isinstance(K.relu(K.variable(x)), K.Tensor)


def test_long_chain():
    x = K.variable(1.0)
    y = x
    for _ in range(5000):
        y = y + 1.0
    assert gradient(y, x) == 1


def test_wide_diamond_takes_each_node_once():
    x = K.variable(1.0)
    y = x
    for _ in range(60):  # 2 ** 60 ways from x to y
        y = y + y
    assert gradient(y, x) == 2.0**60


def test_backward_changes_no_array_that_others_hold():
    start = np.arange(12, dtype="float32").reshape(3, 4)
    x = K.variable(start)
    y = K.identity(x)
    z = K.reshape(y, (4, 3))
    loss = K.sum(z * z) + K.sum(y[0]) + K.sum(y[1:, 2]) + K.sum(K.gather(y, np.array([1, 1])))
    values = [np.array(t.value) for t in (x, y, z)]
    first = gradient(loss, x).copy()
    for tensor, before in zip((x, y, z), values, strict=True):
        np.testing.assert_array_equal(tensor.value, before)
    np.testing.assert_array_equal(gradient(loss, x), first)  # a second walk gives the same


def test_the_two_summands_do_not_share_a_gradient():
    # add hands the same dy to both; adding into one must not change the other.
    x, y = K.variable([1.0]), K.variable([1.0])
    s = x + y
    assert [K.eval(g).item() for g in K.gradients(s + x * 5, [x, y])] == [6, 1]


def test_arrays_of_the_caller_stay_as_they_are():
    given = np.ones(3, "float32")
    x = K.variable(given)
    K.set_value(x, np.zeros(3))
    np.testing.assert_array_equal(given, 1)
    value = K.get_value(x)
    value += 5
    np.testing.assert_array_equal(K.eval(x), 0)
    kept = np.full(3, 7.0, "float32")
    K.set_value(x, kept)
    kept[:] = 0
    np.testing.assert_array_equal(K.eval(x), 7)
    with pytest.raises(ValueError, match=r"规则.*可以改成"):
        K.set_value(x, np.zeros(4))
    np.testing.assert_array_equal(K.eval(x), 7)


@pytest.mark.parametrize(
    ("loss", "wanted"),
    [
        (np.ones(3), lambda x: [x]),
        (3.0, lambda x: [x]),
        (None, lambda x: [np.ones(3)]),
        (None, lambda x: np.ones(3)),
    ],
)
def test_only_tensors_have_gradients(loss, wanted):
    x = K.variable(np.ones(3))
    with pytest.raises(TypeError, match=r"K\.gradients：收到 .*规则.*可以改成"):
        K.gradients(K.sum(x) if loss is None else loss, wanted(x))


def test_own_primitive():
    @K.primitive
    def cube(x):
        return x**3, lambda dy: (3 * x * x * dy,)

    x = K.variable([1.0, 2.0])
    assert isinstance(cube(np.array([2.0])), np.ndarray)
    np.testing.assert_allclose(gradient(cube(x), x), [3, 12])
    assert cube(Input((4,))).shape == (None, 4)


def test_operators():
    x, y = K.variable([[1.0, 2.0]]), np.array([[4.0], [5.0]], "float32")
    for found, expected in (
        (2 - x, [[1, 0]]),
        (2 / x, [[2, 1]]),
        (2**x, [[2, 4]]),
        (x**2, [[1, 4]]),
        (-x, [[-1, -2]]),
        (abs(-x), [[1, 2]]),
        (x @ y, [[14]]),
        (y @ x, [[4, 8], [5, 10]]),
        (y * x, [[4, 8], [5, 10]]),
        (x > 1, [[False, True]]),
        (x <= 1, [[True, False]]),
        (1 > x, [[False, False]]),
        (x[0, 1], 2),
    ):
        assert isinstance(found, K.Tensor)
        np.testing.assert_allclose(K.eval(found), expected)


def test_composed_functions(float64):
    x = K.variable(np.random.RandomState(0).normal(size=(3, 4)))
    v = x.value
    np.testing.assert_allclose(K.eval(K.var(x, axis=0)), v.var(axis=0))
    np.testing.assert_allclose(K.eval(K.std(x, axis=1)), v.std(axis=1))
    np.testing.assert_allclose(K.eval(K.mean(x > 0)), (v > 0).mean())
    unit = K.eval(K.l2_normalize(x, axis=1))
    np.testing.assert_allclose((unit**2).sum(axis=1), 1)
    np.testing.assert_allclose(K.eval(K.transpose(x)), v.T)
    np.testing.assert_allclose(K.eval(K.repeat(x, 2)), np.stack([v, v], axis=1))
    np.testing.assert_allclose(K.eval(K.flatten(x)), v.ravel())
    assert K.eval(K.switch(K.constant(1.0) > 0, lambda: x, lambda: -x)) is not None
    np.testing.assert_allclose(K.eval(K.switch(x[:, 0] > 0, x, -x)), np.where(v[:, :1] > 0, v, -v))
    # The variance does not change when all values move together.
    np.testing.assert_allclose(gradient(K.var(x), x).sum(), 0, atol=1e-12)


def test_crossentropies_agree(float64):
    logits = np.random.RandomState(0).normal(size=(4, 3))
    numbers = np.array([0.0, 2, 1, 2])
    one_hot = np.eye(3)[numbers.astype(int)]
    expected = -np.log(K.softmax(logits)[np.arange(4), numbers.astype(int)])
    for found in (
        K.categorical_crossentropy(one_hot, logits, from_logits=True),
        K.categorical_crossentropy(one_hot, K.softmax(logits)),
        K.sparse_categorical_crossentropy(numbers, logits, from_logits=True),
        K.sparse_categorical_crossentropy(numbers[:, None], K.softmax(logits)),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    p = K.sigmoid(logits)
    np.testing.assert_allclose(
        K.binary_crossentropy(one_hot, p), -np.log(np.where(one_hot, p, 1 - p)), rtol=1e-5
    )
    # Certain and wrong: a finite loss, thanks to the clipping by epsilon.
    assert np.isfinite(K.binary_crossentropy(np.array([1.0]), np.array([0.0])))
    assert np.isfinite(K.categorical_crossentropy(np.array([[1.0, 0]]), np.array([[0.0, 1]]))).all()


# --- symbols ---


@pytest.mark.parametrize(
    ("function", "shape", "expected"),
    [
        (lambda x: x + 1, (None, 3), (None, 3)),
        (lambda x: K.dot(x, np.ones((3, 4))), (None, 3), (None, 4)),
        (lambda x: K.dot(x, np.ones((3, 4))), (None, None, 3), (None, None, 4)),
        (lambda x: K.sum(x, axis=1), (None, 5, 3), (None, 3)),
        (lambda x: K.mean(x), (None, 5), ()),
        (lambda x: K.batch_flatten(x), (None, 4, 3), (None, 12)),
        (lambda x: K.batch_flatten(x), (None, None, 3), (None, None)),
        (lambda x: K.reshape(x, (-1, 4)), (None, 6, 2), (None, 4)),
        (lambda x: K.concatenate([x, x]), (None, 3), (None, 6)),
        (lambda x: K.concatenate([x, x], axis=0), (None, 3), (None, 3)),
        (lambda x: K.stack([x, x], axis=1), (None, 3), (None, 2, 3)),
        (lambda x: K.permute_dimensions(x, (0, 2, 1)), (None, 2, 3), (None, 3, 2)),
        (lambda x: x[:, 0], (None, 2, 3), (None, 3)),
        (lambda x: x[:, 1:], (None, None), (None, None)),
        (lambda x: x[:, 5:], (None, None), (None, None)),
        (lambda x: K.gather(np.ones((9, 2)), x), (None, 4), (None, 4, 2)),
        (lambda x: K.one_hot(x, 5), (None,), (None, 5)),
        (lambda x: K.argmax(x), (None, 4), (None,)),
        (lambda x: K.equal(x, 0), (None, 4), (None, 4)),
        (lambda x: K.repeat(x, 4), (None, 3), (None, 4, 3)),
        (lambda x: K.pad(x, [(0, 0), (1, 2)]), (None, 3), (None, 6)),
        (lambda x: K.zeros_like(x), (None, 3), (None, 3)),
        (lambda x: K.softmax(x), (None, 3), (None, 3)),
        (lambda x: K.conv2d(x, np.ones((3, 3, 2, 4))), (None, 5, 6, 2), (None, 3, 4, 4)),
        (
            lambda x: K.conv2d(x, np.ones((5, 5, 2, 4)), strides=(2, 2)),
            (None, None, None, 2),
            (None, None, None, 4),
        ),
        (
            lambda x: K.pool2d(x, (2, 2), (2, 2)),
            (None, None, None, 2),
            (None, None, None, 2),
        ),
    ],
)
def test_symbolic_shapes(function, shape, expected):
    for symbol in (Input(batch_shape=shape), K.placeholder(shape=shape)):
        assert K.int_shape(function(symbol)) == expected


def test_symbols_of_several_outputs():
    x = Input((4, 6))
    assert [K.int_shape(part) for part in K.split(x, 3)] == [(None, 4, 2)] * 3
    assert [K.int_shape(part) for part in K.unstack(x, axis=1)] == [(None, 6)] * 4


def test_symbols_have_no_values():
    x = Input((3,))
    for use in (lambda: bool(x), lambda: K.eval(x)):
        with pytest.raises(TypeError, match="可以改成"):
            use()
    assert K.placeholder(ndim=2).shape == (None, None)


def test_unknown_length_cannot_be_unstacked():
    with pytest.raises(ValueError, match=r"规则.*可以改成"):
        K.unstack(Input((None, 3)), axis=1)


def test_wrong_shapes_of_symbols_are_explained():
    with pytest.raises(ValueError, match=r"\(None, 5\).*规则.*可以改成"):
        K.dot(Input((5,)), np.ones((3, 4)))


# --- the loop over time ---


def running_sum(x, states):
    total = states[0] + x
    return total, [total]


def run(x, **kwargs):
    last, outputs, states = K.rnn(running_sum, x, [np.zeros((len(x), 1))], **kwargs)
    return np.ravel(last), outputs[..., 0], np.ravel(states[0])


SEQUENCE = np.array([[1.0, 2, 4, 8], [16, 32, 64, 128]])[..., None]


@pytest.mark.parametrize("unroll", [False, True])
def test_loop(unroll):
    last, outputs, state = run(SEQUENCE, unroll=unroll)
    np.testing.assert_array_equal(outputs, [[1, 3, 7, 15], [16, 48, 112, 240]])
    np.testing.assert_array_equal(last, [15, 240])
    np.testing.assert_array_equal(state, [15, 240])


@pytest.mark.parametrize("unroll", [False, True])
def test_loop_backwards(unroll):
    _, outputs, _ = run(SEQUENCE, unroll=unroll, go_backwards=True)
    np.testing.assert_array_equal(outputs, [[8, 12, 14, 15], [128, 192, 224, 240]])


@pytest.mark.parametrize("unroll", [False, True])
def test_masked_steps_repeat_the_last_ones(unroll):
    mask = np.array([[True, False, True, False], [True, True, False, False]])
    last, outputs, state = run(SEQUENCE, unroll=unroll, mask=mask)
    np.testing.assert_array_equal(outputs, [[1, 1, 5, 5], [16, 48, 48, 48]])
    np.testing.assert_array_equal(last, [5, 48])
    np.testing.assert_array_equal(state, [5, 48])
    _, outputs, _ = run(SEQUENCE, unroll=unroll, mask=mask[:, ::-1], go_backwards=True)
    np.testing.assert_array_equal(outputs, [[8, 8, 10, 10], [128, 192, 192, 192]])


@pytest.mark.parametrize("unroll", [False, True])
def test_before_the_first_kept_step_the_output_is_zero(unroll):
    mask = np.array([[False, True, True, True]])
    _, outputs, states = K.rnn(
        running_sum, SEQUENCE[:1], [np.full((1, 1), 100.0)], mask=mask, unroll=unroll
    )
    np.testing.assert_array_equal(outputs[0, :, 0], [0, 102, 106, 114])
    assert states[0] == 114
    _, outputs, states = K.rnn(
        lambda x, states: (2 * x, []), SEQUENCE[:1], [], mask=mask, unroll=unroll
    )
    np.testing.assert_array_equal(outputs[0, :, 0], [0, 4, 8, 16])
    assert states == []


def test_loop_passes_constants():
    def step(x, states):
        previous, factor = states
        y = previous + x * factor
        return y, [y]

    last, _, _ = K.rnn(step, SEQUENCE, [np.zeros((2, 1))], constants=[np.array(10.0)])
    np.testing.assert_array_equal(last.ravel(), [150, 2400])


@pytest.mark.parametrize("unroll", [False, True])
def test_no_gradient_reaches_masked_steps(unroll):
    x = K.variable(SEQUENCE)
    mask = np.array([[True, False, True, False], [True, True, False, False]])
    last, _, _ = K.rnn(running_sum, x, [np.zeros((2, 1))], mask=mask, unroll=unroll)
    np.testing.assert_array_equal(gradient(last, x)[..., 0], mask)


@pytest.mark.parametrize(
    ("inputs", "kwargs"),
    [
        (np.ones((2, 3)), {}),
        (np.ones((2, 0, 1)), {}),
        (np.ones((2, 3, 1)), {"mask": np.ones((2, 3, 1), bool)}),
        (np.ones((2, 3, 1)), {"mask": np.ones(3, bool)}),
    ],
)
def test_loop_refuses(inputs, kwargs):
    with pytest.raises(ValueError, match=r"收到.*规则.*可以改成"):
        K.rnn(running_sum, inputs, [np.zeros((2, 1))], **kwargs)
