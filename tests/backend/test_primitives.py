"""Every primitive: its gradient against finite differences, its values against the definition."""

import importlib
import itertools
import math
import pkgutil
from functools import partial

import numpy as np
import pytest

import labkit.backend
from labkit import backend as K
from labkit.backend.windows import output_length, same_padding


def primitives():
    """Every primitive of labkit.backend, by name; found by looking, so that none is forgotten."""
    found = {}
    for module in pkgutil.iter_modules(labkit.backend.__path__):
        for value in vars(importlib.import_module(f"labkit.backend.{module.name}")).values():
            if getattr(value, "is_primitive", False):
                assert found.setdefault(value.__name__, value) is value, value.__name__
    return found


PRIMITIVES = primitives()


def normal(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape)


def positive(*shape):
    return np.abs(normal(*shape)) + 0.5


def apart(*shape):
    """Distinct values, at least 0.1 from each other and from 0: no kink within a small step."""
    count = math.prod(shape)
    return ((np.random.RandomState(1).permutation(count) - count // 2 + 0.5) * 0.2).reshape(shape)


A, B, VECTOR = normal(2, 3), normal(2, 3, seed=1), normal(3, seed=2)
MASK = np.array([[True, False, True], [False, True, False]])
CASES = []


def case(name, *arguments, **settings):
    CASES.append((name, arguments, settings))


# --- arithmetic, with every way of broadcasting ---
for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum"):
    case(name, A, B + 3)
    case(name, A, VECTOR)
    case(name, VECTOR, A)
    case(name, normal(2, 1, 3), normal(4, 1, seed=1))
    case(name, normal(1, 1), np.array(0.3))
    case(name, A, 2.0)
    case(name, 2.0, positive(2, 3))
case("pow", positive(2, 3), 3)
case("pow", A, 2)
case("pow", A, 1)
case("pow", positive(2, 3), -0.5)
case("pow", positive(2, 3), VECTOR)
case("pow", 2.0, A)

# --- elementwise functions ---
for name in ("negative", "square", "exp", "sin", "cos", "identity", "sigmoid", "tanh"):
    case(name, A)
for name in ("softplus", "softsign", "abs", "elu", "hard_sigmoid"):
    case(name, apart(4, 6))
case("sign", apart(2, 3))
case("modulo", np.array([7.3, -7.3, 2.5]), np.array([2.0, 2.0, -0.7]))
case("sqrt", positive(2, 3))
case("log", positive(2, 3))
case("sigmoid", np.array([-800.0, 800.0]))
case("softplus", np.array([-800.0, 800.0]))
case("elu", apart(4, 6), alpha=0.3)
for low, high in ((-1.0, 1.0), (None, 0.55), (-0.55, None), (None, None)):
    case("clip", apart(4, 6), min_value=low, max_value=high)
for alpha, top, threshold in itertools.product((0.0, 0.3), (None, 1.0, 6), (0.0, 0.45, -0.45)):
    case("relu", apart(8, 9), alpha=alpha, max_value=top, threshold=threshold)
for axis in (-1, 0, 1):
    case("softmax", normal(2, 3, 4), axis=axis)
case("softmax", np.array([[1000.0, 0.0, -1000.0]]))
case("cast", A, dtype="float64")
case("where", MASK, A, B)
case("where", MASK[:, :1], A, VECTOR)
case("where", MASK, 1.0, B)
case("where", MASK[0], normal(1, 1), A)
case("sigmoid_crossentropy", np.array([0.0, 1, 0.3]), np.array([2.0, -3, 0.5]))
case("sigmoid_crossentropy", np.array([0.0, 1]), np.array([-300.0, 300]))

# --- folds ---
FOLDS = ("sum", "_mean", "max", "min", "prod", "logsumexp")
for name, axis, keepdims in itertools.product(
    FOLDS, (None, 0, -1, (0, 2), [1, 2], (0, 1, 2)), (False, True)
):
    case(name, apart(2, 3, 4) / 2, axis=axis, keepdims=keepdims)
case("logsumexp", np.array([[1000.0, 999.0], [-1000.0, -1001.0]]), axis=1)
case("prod", np.array([[2.0, 0, 3], [0, 0, 5], [2, 3, 4]]), axis=1)
case("prod", np.array([[2.0, 0, 3], [1, 4, 5]]))

# --- movement ---
case("reshape", A, shape=(3, 2))
case("reshape", A, shape=(-1,))
case("reshape", np.array(2.0), shape=(1, 1))
case("_batch_flatten", normal(2, 3, 4))
case("_batch_flatten", normal(2))
case("merge_time", normal(2, 3, 4))
case("merge_time", normal(2, 3))
case("_split_time", normal(6, 4), np.ones((2, 3, 5), int))
case("_split_time", normal(6), np.ones((2, 3), int))
for pattern in itertools.permutations(range(3)):
    case("permute_dimensions", normal(2, 3, 4), pattern=pattern)
for axis in (0, 1, -1):
    case("expand_dims", A, axis=axis)
case("squeeze", normal(2, 1, 3), axis=1)
case("squeeze", normal(2, 3, 1), axis=-1)
for axis in (0, 1, -1):
    case("_concatenate", normal(2, 3), normal(2, 3, seed=1), normal(2, 3, seed=2), axis=axis)
    case("_stack", A, B, axis=axis)
    case("unstack", normal(2, 3, 4), axis=axis)
case("_concatenate", normal(2, 1), normal(2, 3), axis=1)
case("_concatenate", A, axis=0)
case("split", normal(2, 6), parts=3)
case("split", normal(4, 3), parts=2, axis=0)
for index in (
    1,
    -1,
    slice(None, None, 2),
    slice(None, None, -1),
    (slice(1, 3), 0),
    (..., None, 2),
    (0, 1),
    np.array([0, 2, 0, 0]),
    [1, 1],
    (np.array([0, 0, 2]), np.array([1, 1, 2])),
    (slice(None), np.array([[0, 0], [2, 1]])),
    normal(4, 3) > 0,
    np.int64(2),
):
    case("getitem", normal(4, 3), index=index)
case("gather", normal(4, 3), np.array([[0, 3], [3, 3]]))
case("gather", normal(4, 3), np.array([2.0, 0.0]))
case("gather", normal(4, 2, 2), np.array(1))
for axes in (0, -1, (0, 1), [1]):
    case("reverse", A, axes=axes)
for axis in (0, 1, -1):
    case("repeat_elements", normal(2, 3, 2), rep=3, axis=axis)
case("pad", A, padding=[(1, 0), (2, 3)])
case("pad", A, padding=((0, 0), (0, 1)), constant=7.0)

# --- products ---
for left, right in (
    ((2, 3), (3, 4)),
    ((2, 5, 3), (3, 4)),
    ((2, 5, 6, 3), (3, 1)),
    ((2, 3), (5, 3, 4)),
    ((2, 4, 3), (5, 3, 6)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((3,), (3,)),
):
    case("dot", normal(*left), normal(*right))

# --- windows: ranks, paddings, strides, dilations, odd remainders, sizes 1 and all ---
CONVOLUTIONS = [
    ((7,), (3,), (1,), (1,)),
    ((7,), (2,), (3,), (1,)),
    ((8,), (3,), (1,), (3,)),
    ((5,), (5,), (1,), (1,)),
    ((5, 6), (3, 2), (1, 1), (1, 1)),
    ((5, 6), (2, 3), (2, 3), (1, 1)),
    ((6, 5), (3, 2), (2, 2), (1, 1)),
    ((7, 6), (3, 2), (1, 1), (2, 3)),
    ((4, 5), (1, 1), (1, 1), (1, 1)),
    ((4, 5), (1, 1), (3, 2), (1, 1)),
    ((3, 4), (3, 4), (1, 1), (1, 1)),
    ((5, 6), (1, 3), (1, 2), (1, 1)),
    ((3, 4, 5), (2, 2, 3), (1, 2, 2), (1, 1, 1)),
    ((3, 4, 5), (2, 2, 2), (1, 1, 1), (1, 2, 3)),
]
for (space, size, strides, dilation), padding in itertools.product(CONVOLUTIONS, ("valid", "same")):
    case(
        "conv",
        normal(2, *space, 3),
        normal(*size, 3, 2, seed=1),
        strides=strides,
        padding=padding,
        dilation=dilation,
    )
POOLS = [
    ((7,), (3,), (3,)),
    ((7,), (3,), (1,)),
    ((5, 6), (2, 2), (2, 2)),
    ((5, 6), (3, 2), (2, 1)),
    ((5, 6), (2, 3), (3, 4)),
    ((4, 3), (1, 1), (1, 1)),
    ((4, 3), (1, 1), (2, 2)),
    ((4, 3), (4, 3), (4, 3)),
    ((3, 4, 5), (2, 2, 2), (1, 2, 3)),
]
for (space, size, strides), padding in itertools.product(POOLS, ("valid", "same")):
    case("max_pool", apart(2, *space, 2), size=size, strides=strides, padding=padding)

# --- random: the same seed draws the same zeros at every call ---
case("_dropout", A, level=0.4, seed=3)
case("_dropout", normal(4, 3, 2), level=0.4, noise_shape=(4, 1, 2), seed=3)
case("_dropout", normal(4, 3, 2), level=0.4, noise_shape=(None, 1, None), seed=3)

# Without a gradient: the call, and what K.gradients says of it.
FLAT = [
    ("round", (A,), {}),
    ("floor_divide", (A, B + 3), {}),
    ("_stop_gradient", (A,), {}),
    ("cast", (A,), {"dtype": "int32"}),
    ("logical_not", (MASK.astype("float64"),), {}),
    *[
        (name, (A, B), {})
        for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
    ],
    ("any", (A,), {"axis": 1}),
    ("all", (A,), {"axis": (0, 1), "keepdims": True}),
    ("argmax", (A,), {"axis": 1}),
    ("argmin", (A,), {}),
    ("one_hot", (np.array([0.0, 2.0]),), {"num_classes": 3}),
    ("in_top_k", (A, np.array([0.0, 2.0])), {"k": 2}),
]
for (space, size, strides, dilation), padding in itertools.product(CONVOLUTIONS, ("valid", "same")):
    settings = {"strides": strides, "padding": padding, "dilation": dilation}
    case("depthwise_conv", normal(2, *space, 2), normal(*size, 2, 3, seed=1), **settings)
    inner = [
        output_length(n, k, padding, s, d)
        for n, k, s, d in zip(space, size, strides, dilation, strict=True)
    ]
    kernel = normal(*size, 3, 2, seed=1)  # (…, filters, channels)
    case("conv_transpose", normal(2, *inner, 2), kernel, space=space, **settings)
case("conv", normal(2, 6, 2), normal(3, 2, 2), strides=(1,), padding="causal", dilation=(2,))
for (space, size, strides), padding in itertools.product(POOLS, ("valid", "same")):
    case("average_pool", normal(2, *space, 2), size=size, strides=strides, padding=padding)
for space, size, strides in (((6,), (3,), (2,)), ((4, 5), (2, 3), (1, 2))):
    positions = math.prod((n - k) // s + 1 for n, k, s in zip(space, size, strides, strict=True))
    kernel = normal(positions, math.prod(size) * 2, 3, seed=1)
    for major in (False, True):
        layout = {"size": size, "strides": strides, "channels_major": major}
        case("local_conv", normal(2, *space, 2), kernel, **layout)
case("stretch", normal(2, 3, 2), rep=3, axis=1)
case("stretch", normal(2, 3, 4, 2), rep=2, axis=2)
case("_batch_dot", normal(2, 3, 4), normal(2, 4, 5, seed=1))
case("_batch_dot", normal(2, 3, 2, 4), normal(2, 4, seed=1))
case("cumsum", normal(3, 4), axis=1)
case("cumsum", normal(3, 4))
case("cumprod", positive(3, 4), axis=1)
case("cumprod", positive(3, 4))
case("_tile", normal(2, 3), n=(2, 3))
case("_print", A, message="x = ")
case(
    "ctc_loss",
    normal(3, 5, 4),
    labels=np.array([[0, 1, 0], [2, 2, 1], [1, 0, 0]]),
    input_length=np.array([5, 5, 3]),
    label_length=np.array([2, 3, 1]),
)


def label(entry):
    """A short id: the primitive, the shapes, the settings."""
    name, arguments, settings = entry
    shapes = [str(np.shape(x)).replace(" ", "") for x in arguments]
    shown = {k: "array" if isinstance(v, np.ndarray) else v for k, v in settings.items()}
    return f"{name}{shapes}{shown or ''}"


every = partial(pytest.mark.parametrize, "entry", ids=label)


def test_the_table_covers_every_primitive():
    assert {name for name, _, _ in [*CASES, *FLAT]} == set(PRIMITIVES)
    # Only cast is in both: between floats it has a gradient, to integers it has none.
    assert {name for name, _, _ in CASES} & {name for name, _, _ in FLAT} == {"cast"}


def is_smooth(x):
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


@every(CASES)
def test_directional_derivative(entry, float64):
    name, arguments, settings = entry
    random = np.random.RandomState(7)
    free = [i for i, x in enumerate(arguments) if is_smooth(x)]
    if name == "gather":
        free = [0]
    directions = {i: random.normal(size=arguments[i].shape) for i in free}

    def moved(step):
        shifted = [x + step * directions[i] if i in free else x for i, x in enumerate(arguments)]
        y = PRIMITIVES[name](*shifted, **settings)
        return y if isinstance(y, tuple) else (y,)

    h = 1e-6
    weights = [random.normal(size=np.shape(y)) for y in moved(0)]
    slope = sum(
        np.sum(u * (up - down)) for u, up, down in zip(weights, moved(h), moved(-h), strict=True)
    ) / (2 * h)

    tensors = [K.variable(x) if i in free else x for i, x in enumerate(arguments)]
    y = PRIMITIVES[name](*tensors, **settings)
    loss = sum(K.sum(part * u) for part, u in zip(as_list(y), weights, strict=True))
    gradients = K.gradients(loss, [tensors[i] for i in free])
    for i, gradient in zip(free, gradients, strict=True):
        assert gradient.shape == arguments[i].shape
    rule = sum(np.vdot(K.eval(g), directions[i]) for i, g in zip(free, gradients, strict=True))
    np.testing.assert_allclose(rule, slope, rtol=1e-6, atol=1e-7)


def as_list(y):
    return y if isinstance(y, list) else [y]


@every([entry for entry in CASES if entry[0] != "cast"])
def test_float32_stays_float32(entry):
    name, arguments, settings = entry
    tensors = [K.variable(x) if is_smooth(x) else x for x in arguments]
    ys = as_list(PRIMITIVES[name](*tensors, **settings))
    assert {y.dtype for y in ys} == {np.dtype("float32")}
    wanted = [x for x in tensors if isinstance(x, K.Variable)]
    gradients = K.gradients(sum(K.sum(y) for y in ys), wanted)
    assert {g.dtype for g in gradients if g is not None} == {np.dtype("float32")}


@every(FLAT)
def test_no_gradient(entry, float64):
    name, arguments, settings = entry
    tensors = [K.variable(x) for x in arguments]
    y = PRIMITIVES[name](*tensors, **settings)
    assert isinstance(y, K.Tensor)
    assert K.gradients(y, tensors) == [None] * len(tensors)


# --- at kinks and ties: TensorFlow's conventions ---


def slope_at(function, *xs):
    tensors = [K.variable(x) for x in xs]
    gradients = [K.eval(g).tolist() for g in K.gradients(function(*tensors), tensors)]
    return gradients if len(gradients) > 1 else gradients[0]


def test_slopes_at_kinks():
    zero = [0.0]
    assert slope_at(K.relu, zero) == [0.0]
    assert slope_at(lambda x: K.relu(x, alpha=0.3), zero) == [np.float32(0.3)]
    assert slope_at(lambda x: K.relu(x, threshold=1.0), [1.0]) == [0.0]
    assert slope_at(lambda x: K.relu(x, max_value=6), [6.0]) == [0.0]
    assert slope_at(lambda x: K.relu(x, max_value=5), [5.0]) == [1.0]
    assert slope_at(K.abs, zero) == [0.0]
    assert slope_at(K.sign, zero) == [0.0]
    assert slope_at(K.elu, zero) == [1.0]
    assert slope_at(lambda x: K.elu(x, alpha=0.5), zero) == [0.5]
    assert slope_at(lambda x: K.clip(x, -1.0, 1.0), [-1.0, 1.0, 1.5]) == [1.0, 1.0, 0.0]
    assert slope_at(K.hard_sigmoid, [-2.5, 2.5, 3.0]) == [np.float32(0.2), np.float32(0.2), 0.0]


def test_ties():
    assert slope_at(K.maximum, [1.0], [1.0]) == [[1.0], [0.0]]
    assert slope_at(K.minimum, [1.0], [1.0]) == [[1.0], [0.0]]
    assert slope_at(K.max, [1.0, 3.0, 3.0]) == [0.0, 0.5, 0.5]
    assert slope_at(K.min, [1.0, 1.0, 3.0, 1.0]) == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3])
    x = np.full((1, 2, 2, 1), 5.0)
    found = slope_at(lambda x: K.max_pool(x, size=(2, 2), strides=(2, 2), padding="valid"), x)
    assert np.ravel(found).tolist() == [1, 0, 0, 0]
    # Overlapping windows: each one chooses its own first cell.
    line = np.ones((1, 4, 1))
    found = slope_at(lambda x: K.max_pool(x, size=(2,), strides=(1,), padding="same"), line)
    assert np.ravel(found).tolist() == [1, 1, 1, 1]


def test_power_of_a_negative_number_has_no_slope_in_the_exponent():
    dx, da = slope_at(K.pow, [-2.0, 0.0, 2.0], [2.0, 2.0, 2.0])
    assert dx == [-4, 0, 4]
    assert da == pytest.approx([0, 0, 4 * math.log(2)])


# --- values from the definition, in plain loops ---


@every([entry for entry in CASES if entry[0] == "conv"])
def test_convolution_by_definition(entry):
    _, (x, kernel), settings = entry
    strides, dilation, padding = (settings[k] for k in ("strides", "dilation", "padding"))
    y = PRIMITIVES["conv"](x, kernel, **settings)
    space, size = x.shape[1:-1], kernel.shape[:-2]
    before = [
        {"same": same_padding(n, k, s, d)[0], "valid": 0, "causal": (k - 1) * d}[padding]
        for n, k, s, d in zip(space, size, strides, dilation, strict=True)
    ]
    assert y.shape[1:-1] == tuple(
        output_length(n, k, padding, s, d)
        for n, k, s, d in zip(space, size, strides, dilation, strict=True)
    )
    expected = np.zeros_like(y)
    for place in itertools.product(*map(range, y.shape[1:-1])):
        for cell in itertools.product(*map(range, size)):
            at = tuple(
                p * s + c * d - b
                for p, s, c, d, b in zip(place, strides, cell, dilation, before, strict=True)
            )
            if all(0 <= i < n for i, n in zip(at, space, strict=True)):
                expected[:, *place] += x[:, *at] @ kernel[cell]
    np.testing.assert_allclose(y, expected, atol=1e-12)


@every([entry for entry in CASES if entry[0] == "max_pool"])
def test_max_pooling_by_definition(entry):
    _, (x,), settings = entry
    size, strides, padding = (settings[k] for k in ("size", "strides", "padding"))
    y = PRIMITIVES["max_pool"](x, **settings)
    space = x.shape[1:-1]
    before = [
        same_padding(n, k, s)[0] if padding == "same" else 0
        for n, k, s in zip(space, size, strides, strict=True)
    ]
    for place in itertools.product(*map(range, y.shape[1:-1])):
        window = [
            range(max(p * s - b, 0), min(p * s - b + k, n))
            for p, s, b, k, n in zip(place, strides, before, size, space, strict=True)
        ]
        cells = [x[:, *at] for at in itertools.product(*window)]
        np.testing.assert_array_equal(y[:, *place], np.max(cells, axis=0))


@pytest.mark.parametrize("length", range(1, 12))
@pytest.mark.parametrize(
    ("size", "stride", "dilation"), [(1, 1, 1), (3, 2, 1), (2, 3, 1), (3, 1, 2)]
)
def test_output_lengths_count_the_windows(length, size, stride, dilation):
    covered = (size - 1) * dilation + 1
    starts = [i for i in range(0, length, stride) if i + covered <= length]
    assert max(output_length(length, size, "valid", stride, dilation), 0) == len(starts)
    # "same": a window begins at every stride-th cell, and none lies wholly in the padding.
    assert output_length(length, size, "same", stride, dilation) == len(range(0, length, stride))
    before, after = same_padding(length, size, stride, dilation)
    assert 0 <= after - before <= 1
    padded = output_length(length + before + after, size, "valid", stride, dilation)
    assert padded == output_length(length, size, "same", stride, dilation)


def test_softmax_by_definition():
    x = normal(3, 4)
    e = [[math.exp(v) for v in row] for row in x]
    expected = [[v / sum(row) for v in row] for row in e]
    np.testing.assert_allclose(K.softmax(x), expected)
    np.testing.assert_allclose(K.softmax(x, axis=0), K.softmax(x.T).T)


def test_gather_one_hot_and_top_k_by_definition():
    table, numbers = normal(4, 3), np.array([[0, 3], [1, 1]])
    picked = K.gather(table, numbers)
    for i, j in np.ndindex(2, 2):
        np.testing.assert_array_equal(picked[i, j], table[numbers[i, j]])
    # As in TensorFlow, a number out of range gives a row of zeros.
    found = K.one_hot(np.array([0, 2, -1, 3]), 3)
    assert found.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]
    scores = np.array([[0.1, 0.7, 0.2], [0.4, 0.4, 0.2], [0.5, 0.3, 0.2]])
    for k in (1, 2, 3):
        for targets in itertools.product(range(3), repeat=3):
            better = [sum(s > row[t] for s in row) for row, t in zip(scores, targets, strict=True)]
            found = K.in_top_k(scores, np.array(targets), k)
            assert found.tolist() == [n < k for n in better]


def test_pad_by_definition():
    x = normal(2, 3)
    y = K.pad(x, [(1, 0), (2, 1)], constant=-1.0)
    assert y.shape == (3, 6)
    for i, j in np.ndindex(3, 6):
        inside = 1 <= i < 3 and 2 <= j < 5
        assert y[i, j] == (x[i - 1, j - 2] if inside else -1)


def test_hard_sigmoid_by_definition():
    for x in np.arange(-4, 4, 0.25):
        assert K.hard_sigmoid(np.array(x)) == pytest.approx(min(1, max(0, 0.2 * x + 0.5)))


def test_truncated_normal_stays_within_two_deviations():
    z = K.truncated_normal((4000,), mean=1.0, stddev=0.5, seed=0)
    assert np.abs(z - 1).max() <= 1
    assert np.abs(z - 1).max() > 0.9
    assert z.mean() == pytest.approx(1, abs=0.03)
    # A normal number that is drawn again outside ±2 has this deviation.
    assert z.std() == pytest.approx(0.5 * 0.8796, abs=0.01)


def test_random_numbers_follow_their_parameters():
    uniform = K.random_uniform((4000,), -1.0, 3.0, seed=0)
    assert -1 <= uniform.min() < -0.9 and 2.9 < uniform.max() < 3
    gauss = K.random_normal((4000,), mean=2.0, stddev=0.5, seed=0)
    assert (gauss.mean(), gauss.std()) == pytest.approx((2, 0.5), abs=0.03)
    coin = K.random_binomial((4000,), p=0.3, seed=0)
    assert set(np.unique(coin)) == {0, 1} and coin.mean() == pytest.approx(0.3, abs=0.03)
    np.testing.assert_array_equal(K.random_normal((5,), seed=4), K.random_normal((5,), seed=4))
    np.random.seed(1)
    first = K.random_normal((5,))
    np.random.seed(1)
    np.testing.assert_array_equal(K.random_normal((5,)), first)


def test_dropout_scales_what_it_keeps():
    y = K.dropout(np.ones((50, 40), "float32"), level=0.25, seed=0)
    np.testing.assert_allclose(np.unique(y), [0, 1 / 0.75], rtol=1e-6)
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.02)


@every([entry for entry in CASES if entry[0] == "depthwise_conv"])
def test_depthwise_convolution_is_a_convolution_of_every_channel(entry):
    _, (x, kernel), settings = entry
    y = PRIMITIVES["depthwise_conv"](x, kernel, **settings)
    channels = [
        PRIMITIVES["conv"](x[..., c : c + 1], kernel[..., c : c + 1, :], **settings)
        for c in range(x.shape[-1])
    ]
    np.testing.assert_allclose(y, np.concatenate(channels, axis=-1), atol=1e-12)


@every([entry for entry in CASES if entry[0] == "conv_transpose"])
def test_transposed_convolution_is_the_adjoint(entry):
    # ⟨conv(z), x⟩ = ⟨z, conv_transpose(x)⟩ for any z of the output's shape.
    _, (x, kernel), settings = entry
    settings = dict(settings)
    space = settings.pop("space")
    z = normal(len(x), *space, kernel.shape[-2], seed=5)
    y = PRIMITIVES["conv_transpose"](x, kernel, space=space, **settings)
    forward = PRIMITIVES["conv"](z, kernel, **settings)
    np.testing.assert_allclose(np.vdot(forward, x), np.vdot(z, y), rtol=1e-9)


def windows_of(x, size, strides, padding):
    """Each output place and the cells of x inside its window, by the definition."""
    space = x.shape[1:-1]
    before = [
        same_padding(n, k, s)[0] if padding == "same" else 0
        for n, k, s in zip(space, size, strides, strict=True)
    ]
    outputs = [
        output_length(n, k, padding, s) for n, k, s in zip(space, size, strides, strict=True)
    ]
    for place in itertools.product(*map(range, outputs)):
        cells = [
            tuple(p * s + c - b for p, s, c, b in zip(place, strides, cell, before, strict=True))
            for cell in itertools.product(*map(range, size))
        ]
        yield (
            place,
            [cell for cell in cells if all(0 <= i < n for i, n in zip(cell, space, strict=True))],
        )


@every([entry for entry in CASES if entry[0] == "average_pool"])
def test_average_pool_by_definition(entry):
    _, (x,), settings = entry
    y = PRIMITIVES["average_pool"](x, **settings)
    for place, cells in windows_of(x, settings["size"], settings["strides"], settings["padding"]):
        expected = np.mean([x[:, *cell] for cell in cells], axis=0)
        np.testing.assert_allclose(y[:, *place], expected, atol=1e-12)


@every([entry for entry in CASES if entry[0] == "local_conv"])
def test_local_convolution_by_definition(entry):
    _, (x, kernel), settings = entry
    y = PRIMITIVES["local_conv"](x, kernel, **settings)
    places = windows_of(x, settings["size"], settings["strides"], "valid")
    for number, (place, cells) in enumerate(places):
        window = np.stack([x[:, *cell] for cell in cells], axis=1)  # (batch, cells, channels)
        if settings["channels_major"]:
            window = window.swapaxes(1, 2)
        expected = window.reshape(len(x), -1) @ kernel[number]
        np.testing.assert_allclose(y[:, *place], expected, atol=1e-12)


def test_ctc_loss_sums_over_all_paths():
    logits = normal(1, 4, 3)
    p = np.exp(logits[0]) / np.exp(logits[0]).sum(axis=-1, keepdims=True)
    for wanted in ([0], [1, 0], [1, 1], []):
        total = 0.0
        for path in itertools.product(range(3), repeat=4):
            merged = [k for i, k in enumerate(path) if i == 0 or path[i - 1] != k]
            if [k for k in merged if k != 2] == wanted:
                total += math.prod(p[t, k] for t, k in enumerate(path))
        labels = np.array([[*wanted, *[0] * (2 - len(wanted))]])
        loss = PRIMITIVES["ctc_loss"](
            logits,
            labels=labels,
            input_length=np.array([4]),
            label_length=np.array([len(wanted)]),
        )
        np.testing.assert_allclose(loss, -np.log(total), rtol=1e-9)


def test_bilinear_stretch_by_definition():
    x = np.array([[[1.0], [3.0], [7.0]]])
    y = PRIMITIVES["stretch"](x, rep=2, axis=1)
    assert y[0, :, 0].tolist() == [1, 2, 3, 5, 7, 7]


def test_sparse_crossentropy_along_another_axis():
    p = np.array([[[0.2, 0.5, 0.1], [0.8, 0.5, 0.9]], [[0.3, 0.6, 0.25], [0.7, 0.4, 0.75]]], "f4")
    labels = np.array([[0, 1, 1], [1, 0, 0]])
    chosen = np.take_along_axis(p, labels[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(
        K.sparse_categorical_crossentropy(labels, p, axis=1), -np.log(chosen), rtol=1e-5
    )
    logits = K.sparse_categorical_crossentropy(labels, np.log(p), from_logits=True, axis=1)
    np.testing.assert_allclose(logits, -np.log(chosen), rtol=1e-5)
    deep = np.stack([p, p], axis=-1)
    deeper = K.sparse_categorical_crossentropy(np.stack([labels, labels], -1), deep, axis=1)
    np.testing.assert_allclose(deeper, -np.log(np.stack([chosen, chosen], -1)), rtol=1e-5)


@pytest.mark.parametrize("axis", [3, -2])
@pytest.mark.parametrize("kind", ["", "sparse_"])
def test_crossentropy_along_an_axis_that_is_not_there(kind, axis):
    # Real Keras raises for both.
    with pytest.raises(ValueError, match=f"axis={axis}") as error:
        getattr(K, f"{kind}categorical_crossentropy")(
            np.ones((2, 3, 4)), np.ones((2, 3, 4)), axis=axis
        )
    assert "从 0 到 2" in str(error.value)
