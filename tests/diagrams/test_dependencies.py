"""Dependencies against brute force, written down from each layer's definition."""

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import backend as K
from labkit import layers
from labkit.diagrams import dependencies
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.states import example, input_of, layer_of
from labkit.layers import (
    GRU,
    LSTM,
    RNN,
    Activation,
    Add,
    AlphaDropout,
    Average,
    AveragePooling2D,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    ConvLSTM2D,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    CuDNNGRU,
    CuDNNLSTM,
    Dense,
    DepthwiseConv2D,
    Dot,
    Dropout,
    Embedding,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    GRUCell,
    Layer,
    LocallyConnected1D,
    LocallyConnected2D,
    LSTMCell,
    Masking,
    Maximum,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    Minimum,
    Multiply,
    Permute,
    PReLU,
    RepeatVector,
    Reshape,
    SeparableConv1D,
    SeparableConv2D,
    SimpleRNN,
    SimpleRNNCell,
    Softmax,
    SpatialDropout1D,
    SpatialDropout2D,
    Subtract,
    TimeDistributed,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from tests.slopes import as_list

FIRST = "channels_first"
few_cases = settings(max_examples=40, derandomize=True, database=None, deadline=None)
size = st.integers(1, 3)


# --- cells by number ---


def numbered(space, channels, first=False):
    """The number of every cell, indexed by (*place, channel) in either data format."""
    if first:
        return np.moveaxis(np.arange(math.prod(space) * channels).reshape(channels, *space), 0, -1)
    return np.arange(math.prod(space) * channels).reshape(*space, channels)


def places(space):
    return itertools.product(*map(range, space))


def with_channels(space, channels, first=False):
    return (None, channels, *space) if first else (None, *space, channels)


def none(rows, columns):
    return np.zeros((rows, columns), bool)


def tuples(value, rank):
    return (value,) * rank if isinstance(value, int) else tuple(value)


# --- windows by definition ---


def windows(n, size, stride, padding, dilation=1):
    """For every output along one axis the (tap, place) pairs inside the input."""
    covered = (size - 1) * dilation + 1
    if padding == "valid":
        starts = [o for o in range(0, n, stride) if o + covered <= n]
    else:
        outputs = math.ceil(n / stride)
        missing = max((outputs - 1) * stride + covered - n, 0)
        before = covered - 1 if padding == "causal" else missing // 2
        starts = [o * stride - before for o in range(outputs)]
    return [
        [(tap, start + tap * dilation) for tap in range(size) if 0 <= start + tap * dilation < n]
        for start in starts
    ]


def window_cells(space, size, strides, padding, dilation):
    """For every output place the (taps, input place) pairs of its window."""
    axes = [windows(*axis) for axis in zip(space, size, strides, padding, dilation, strict=True)]
    for place in places([len(axis) for axis in axes]):
        one = [axis[o] for axis, o in zip(axes, place, strict=True)]
        yield place, [tuple(zip(*pairs, strict=True)) for pairs in itertools.product(*one)]


def sliding(space, size, strides=1, padding="valid", dilation=1):
    rank = len(space)
    found = list(
        window_cells(
            space,
            tuples(size, rank),
            tuples(strides, rank),
            (padding,) * rank,
            tuples(dilation, rank),
        )
    )
    return found, [n + 1 for n in found[-1][0]] if found else [0] * rank


def convolution(space, channels, filters, size, *settings, first=False, bias=True):
    """(products, uses) of a convolution; weights are the kernel's, then the biases."""
    found, outputs = sliding(space, size, *settings)
    kernel = numbered((*tuples(size, len(space)), channels), filters)
    X, Y = numbered(space, channels, first), numbered(outputs, filters, first)
    products = np.full((Y.size, X.size), -1)
    for place, pairs in found:
        for taps, cell in pairs:
            products[np.ix_(Y[place], X[cell])] = kernel[taps].T
    return products, used(products, kernel.size, Y if bias else None)


def used(products, count, biased=None):
    """Which weights the products use, and a bias for each of the last axis of the outputs."""
    biases = 0 if biased is None else biased.shape[-1]
    uses = none(len(products), count + biases)
    outputs, inputs = np.nonzero(products >= 0)
    uses[outputs, products[outputs, inputs]] = True
    for f in range(biases):
        uses[biased[..., f].ravel(), count + f] = True
    return uses


def transposed(space, channels, filters, size, strides, padding, extra, first=False):
    """(products, uses): every input cell times the kernel is laid over the outputs."""
    rank = len(space)
    size, strides = tuples(size, rank), tuples(strides, rank)
    outputs, before = [], []
    for n, k, s, e in zip(space, size, strides, extra or (None,) * rank, strict=True):
        if padding == "valid":
            outputs.append(n * s + max(k - s, 0) if e is None else (n - 1) * s + k + e)
            before.append(0)
        else:
            outputs.append(n * s if e is None else (n - 1) * s + k - 2 * (k // 2) + e)
            before.append(max((n - 1) * s + k - outputs[-1], 0) // 2)
    kernel = numbered((*size, filters), channels)
    X, Y = numbered(space, channels, first), numbered(outputs, filters, first)
    products = np.full((Y.size, X.size), -1)
    for cell in places(space):
        for taps in places(size):
            onto = tuple(
                i * s + t - b for i, s, t, b in zip(cell, strides, taps, before, strict=True)
            )
            if all(0 <= o < n for o, n in zip(onto, outputs, strict=True)):
                products[np.ix_(Y[onto], X[cell])] = kernel[taps]
    return products, used(products, kernel.size, Y)


def depthwise(space, channels, multiplier, size, *settings, first=False):
    found, outputs = sliding(space, size, *settings)
    kernel = numbered((*tuples(size, len(space)), channels), multiplier)
    X, Y = numbered(space, channels, first), numbered(outputs, channels * multiplier, first)
    products = np.full((Y.size, X.size), -1)
    for place, pairs in found:
        for (taps, cell), c, m in itertools.product(pairs, range(channels), range(multiplier)):
            products[Y[place][c * multiplier + m], X[cell][c]] = kernel[taps][c, m]
    return products, used(products, kernel.size, Y)


def local(space, channels, filters, size, strides=1, first=False):
    """Every place has weights of its own; a window's cells are counted in the data's order."""
    found, outputs = sliding(space, size, strides)
    size = tuples(size, len(space))
    covered = numbered(size, channels, first)
    kernel = numbered((len(found), covered.size), filters)
    X, Y = numbered(space, channels, first), numbered(outputs, filters, first)
    products = np.full((Y.size, X.size), -1)
    for number, (place, pairs) in enumerate(found):
        for taps, cell in pairs:
            for f in range(filters):
                products[Y[place][f], X[cell]] = kernel[number, covered[taps], f]
    uses = none(Y.size, kernel.size + Y.size)
    uses[:, : kernel.size] = used(products, kernel.size)
    # As Keras, which reads the biases in the order of the outputs, in either data format.
    uses[np.arange(Y.size), kernel.size + np.arange(Y.size)] = True
    return products, uses


def pooled(space, channels, size, strides, padding, first=False):
    found, outputs = sliding(space, size, strides, padding)
    X, Y = numbered(space, channels, first), numbered(outputs, channels, first)
    links = none(Y.size, X.size)
    for place, pairs in found:
        for _, cell in pairs:
            links[Y[place], X[cell]] = True
    return links


# --- what is checked ---


def same_groups(groups, expected):
    """Both number the same outputs alike."""
    pairs = set(zip(groups.tolist(), np.ravel(expected).tolist(), strict=True))
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def check_unreduced(about, shape):
    shapes = shape if isinstance(shape, list) else [shape]
    assert [s for _, s in about.inputs] == [tuple(s[1:]) for s in shapes]
    assert not [note for note in about.notes if "太大" in note]


def check_links(layer, shape, links):
    """Links, all of them with a gradient."""
    about = dependencies(layer, shape)
    check_unreduced(about, shape)
    assert about.links.shape == links.shape
    np.testing.assert_array_equal(about.links, links)
    np.testing.assert_array_equal(about.gradient, links)
    return about


def check_products(layer, shape, products, uses, groups=None):
    about = check_links(layer, shape, products >= 0)
    np.testing.assert_array_equal(about.products, products)
    np.testing.assert_array_equal(about.uses, uses)
    assert sum(math.prod(s) for _, s in about.weights) == uses.shape[1]
    if groups is not None:
        assert same_groups(about.groups, groups)
    return about


def filter_of_output(space, filters, first=False):
    """For every output, in order, the number of its filter."""
    filters = np.broadcast_to(np.arange(filters), (*space, filters))
    return np.moveaxis(filters, -1, 0).ravel() if first else filters.ravel()


def outputs_of(layer, shape):
    return layer.compute_output_shape(shape)


# --- convolutions ---


@few_cases
@given(
    st.integers(1, 8),
    st.integers(1, 4),
    size,
    size,
    st.sampled_from(["valid", "same", "causal"]),
    size,
    st.booleans(),
)
def test_convolution_1d(steps, kernel_size, strides, dilation, padding, channels, bias):
    dilation = 1 if strides > 1 else dilation
    if padding == "valid" and (kernel_size - 1) * dilation >= steps:
        return
    layer = Conv1D(2, kernel_size, strides=strides, padding=padding, dilation_rate=dilation)
    layer.use_bias = bias
    expected = convolution(
        (steps,), channels, 2, kernel_size, strides, padding, dilation, bias=bias
    )
    check_products(layer, (None, steps, channels), *expected)


@few_cases
@given(
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.tuples(size, size),
    st.tuples(size, size),
    st.sampled_from(["valid", "same"]),
    st.integers(1, 2),
    st.booleans(),
    st.booleans(),
)
def test_convolution_2d(space, kernel_size, strides, padding, channels, dilate, first):
    dilation, strides = (strides, (1, 1)) if dilate else ((1, 1), strides)
    covered = [(k - 1) * d + 1 for k, d in zip(kernel_size, dilation, strict=True)]
    if padding == "valid" and any(c > n for c, n in zip(covered, space, strict=True)):
        return
    layer = Conv2D(
        2,
        kernel_size,
        strides=strides,
        padding=padding,
        dilation_rate=dilation,
        data_format=FIRST if first else None,
    )
    check_products(
        layer,
        with_channels(space, channels, first),
        *convolution(space, channels, 2, kernel_size, strides, padding, dilation, first=first),
    )


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), ((1, 2, 1), 1), (1, (2, 1, 1)), (2, 1)])
def test_convolution_3d(strides, dilation, padding, first):
    layer = Conv3D(
        1,
        (2, 3, 1),
        strides=strides,
        padding=padding,
        dilation_rate=dilation,
        data_format=FIRST if first else None,
    )
    space = (4, 5, 3)
    expected = convolution(
        space, 2, 1, (2, 3, 1), tuples(strides, 3), padding, tuples(dilation, 3), first=first
    )
    check_products(layer, with_channels(space, 2, first), *expected)


@pytest.mark.parametrize("first", [False, True])
def test_outputs_of_a_filter_share_its_weights(first):
    layer = Conv2D(3, 2, padding="same", data_format=FIRST if first else None)
    about = dependencies(layer, with_channels((4, 4), 2, first))
    assert same_groups(about.groups, filter_of_output((4, 4), 3, first))


def test_an_activation_changes_no_link():
    for activation in ("relu", "tanh", "sigmoid", "hard_sigmoid", "elu", "softplus"):
        layer = Conv2D(2, 3, padding="same", activation=activation)
        expected = convolution((4, 5), 1, 2, 3, 1, "same")
        check_products(layer, (None, 4, 5, 1), *expected)


def test_softmax_links_the_channels_of_a_place():
    about = dependencies(Conv2D(3, 1, activation="softmax"), (None, 2, 3, 2))
    X, Y = numbered((2, 3), 2), numbered((2, 3), 3)
    links = none(Y.size, X.size)
    for place in places((2, 3)):
        links[np.ix_(Y[place], X[place])] = True
    np.testing.assert_array_equal(about.links, links)
    assert about.uses.all()


@few_cases
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(size, size),
    st.integers(1, 2),
    st.sampled_from(["valid", "same"]),
    st.sampled_from([None, 0, 1]),
    st.integers(1, 2),
    st.booleans(),
)
def test_transposed_convolution_2d(space, kernel_size, strides, padding, extra, channels, first):
    if extra is not None and extra >= strides:
        return
    layer = Conv2DTranspose(
        2, kernel_size, strides, padding, extra, data_format=FIRST if first else None
    )
    shape = with_channels(space, channels, first)
    try:
        layer.compute_output_shape(shape)
    except ValueError:  # no output of that length goes back to this input
        return
    extra = None if extra is None else (extra, extra)
    expected = transposed(space, channels, 2, kernel_size, strides, padding, extra, first)
    about = check_products(layer, shape, *expected)
    outputs = len(about.links) // 2
    assert same_groups(about.groups, filter_of_output((outputs,), 2, first))


@pytest.mark.parametrize(("strides", "extra"), [(1, None), (2, None), (2, (1, 1, 1))])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_transposed_convolution_3d(padding, strides, extra):
    layer = Conv3DTranspose(1, (2, 3, 1), strides, padding, extra)
    try:
        layer.compute_output_shape((None, 2, 2, 2, 2))
    except ValueError:
        assert (padding, extra) == ("same", (1, 1, 1))
        return
    expected = transposed((2, 2, 2), 2, 1, (2, 3, 1), strides, padding, extra)
    check_products(layer, (None, 2, 2, 2, 2), *expected)


def test_transposed_convolution_with_gaps():
    # A kernel with gaps is a larger kernel of which most is zero.
    about = dependencies(Conv2DTranspose(1, 2, dilation_rate=2), (None, 3, 3, 1))
    full, _ = transposed((3, 3), 1, 1, 3, 1, "valid", None)
    names = {0: 0, 2: 1, 6: 2, 8: 3}  # of the corners of 3×3 in 2×2
    expected = np.vectorize(lambda number: names.get(number, -1))(full)
    np.testing.assert_array_equal(about.products, expected)


@few_cases
@given(
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.tuples(size, size),
    size,
    st.integers(1, 2),
    st.sampled_from(["valid", "same"]),
    st.booleans(),
)
def test_depthwise_convolution(space, kernel_size, strides, multiplier, padding, first):
    if padding == "valid" and any(k > n for k, n in zip(kernel_size, space, strict=True)):
        return
    layer = DepthwiseConv2D(kernel_size, strides, padding, multiplier, FIRST if first else None)
    expected = depthwise(space, 2, multiplier, kernel_size, strides, padding, first=first)
    about = check_products(layer, with_channels(space, 2, first), *expected)
    outputs = len(about.links) // (2 * multiplier)
    assert same_groups(about.groups, filter_of_output((outputs,), 2 * multiplier, first))


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("rank", [1, 2])
def test_separable_convolution(rank, strides, padding, first):
    """A depthwise convolution, then a sum over its channels with a weight for each."""
    space, channels, multiplier, filters = (5, 4)[:rank], 2, 2, 3
    make = {1: SeparableConv1D, 2: SeparableConv2D}[rank]
    layer = make(
        filters,
        2,
        strides=strides,
        padding=padding,
        depth_multiplier=multiplier,
        data_format=FIRST if first else None,
    )
    inner, inner_uses = depthwise(space, channels, multiplier, 2, strides, padding, first=first)
    _, outputs = sliding(space, 2, strides, padding)
    between = numbered(outputs, channels * multiplier, first)
    Y = numbered(outputs, filters, first)
    taps = 2**rank * channels * multiplier
    pointwise = channels * multiplier * filters
    links, uses = none(Y.size, inner.shape[1]), none(Y.size, taps + pointwise + filters)
    for place in places(outputs):
        for f in range(filters):
            links[Y[place][f]] = (inner[between[place]] >= 0).any(axis=0)
            uses[Y[place][f], :taps] = inner_uses[between[place], :taps].any(axis=0)
            uses[Y[place][f], taps : taps + pointwise].reshape(-1, filters)[:, f] = True
            uses[Y[place][f], taps + pointwise + f] = True
    about = check_links(layer, with_channels(space, channels, first), links)
    np.testing.assert_array_equal(about.uses, uses)
    assert about.products is None


# --- local connections ---


@few_cases
@given(st.integers(1, 7), size, size, st.integers(1, 2), st.integers(1, 2))
def test_local_connections_1d(steps, kernel_size, strides, channels, filters):
    if kernel_size > steps:
        return
    layer = LocallyConnected1D(filters, kernel_size, strides)
    products, uses = local((steps,), channels, filters, kernel_size, strides)
    check_products(layer, (None, steps, channels), products, uses, np.arange(len(products)))


@few_cases
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(1, 2), st.integers(1, 3)),
    st.integers(1, 2),
    st.integers(1, 2),
    st.booleans(),
)
def test_local_connections_2d(space, kernel_size, strides, channels, first):
    if any(k > n for k, n in zip(kernel_size, space, strict=True)):
        return
    layer = LocallyConnected2D(
        2, kernel_size, (strides, strides), data_format=FIRST if first else None
    )
    products, uses = local(space, channels, 2, kernel_size, strides, first)
    shape = with_channels(space, channels, first)
    check_products(layer, shape, products, uses, np.arange(len(products)))


# --- pooling ---


@few_cases
@given(
    st.sampled_from(["Max", "Average"]),
    st.integers(1, 3),
    st.data(),
    size,
    size,
    st.sampled_from(["valid", "same"]),
    st.booleans(),
)
def test_pooling(kind, rank, data, pool_size, strides, padding, first):
    space = data.draw(st.tuples(*[st.integers(1, 7 - 2 * rank + (rank > 1))] * rank))
    if padding == "valid" and pool_size > min(space):
        return
    layer = getattr(layers, f"{kind}Pooling{rank}D")(
        pool_size, strides, padding, FIRST if first else None
    )
    links = pooled(space, 2, pool_size, strides, padding, first)
    about = check_links(layer, with_channels(space, 2, first), links)
    assert not about.weights
    assert about.uses.shape == (len(links), 0)
    assert about.products is None


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
def test_global_pooling(kind, rank, first):
    space = (4, 3, 2)[:rank]
    layer = getattr(layers, f"Global{kind}Pooling{rank}D")(FIRST if first else None)
    X = numbered(space, 3, first)
    links = none(3, X.size)
    for c in range(3):
        links[c, X[..., c].ravel()] = True
    check_links(layer, with_channels(space, 3, first), links)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (MaxPooling1D(5), (None, 10, 2)),
        (MaxPooling2D(5), (None, 10, 10, 1)),
        (MaxPooling3D(3), (None, 3, 6, 6, 1)),
        (layers.GlobalMaxPooling1D(), (None, 40, 2)),
    ],
)
def test_every_cell_of_a_window_is_found_although_a_draw_shows_one(layer, shape):
    about = dependencies(layer, shape)
    check_unreduced(about, shape)
    assert (about.links.sum(axis=1) == math.prod(shape[1:]) // len(about.links)).all()
    np.testing.assert_array_equal(about.gradient, about.links)
    assert not about.notes


# --- movement ---


def of_moved(moved, count):
    """Links of outputs that are inputs moved about; −1 is a cell that holds none."""
    links = none(moved.size, count)
    for output, cell in enumerate(moved.ravel()):
        if cell >= 0:
            links[output, cell] = True
    return links


def bilinear(n, factor):
    """The inputs of every output: at i/factor, between ⌊i/factor⌋ and the next one."""
    for i in range(n * factor):
        low, rest = divmod(i, factor)
        yield {low, min(low + 1, n - 1)} if rest else {low}


R = np.arange
MOVED = {
    "Reshape": (Reshape((4, -1)), (3, 8), R(24)),
    "Flatten": (Flatten(), (2, 3, 4), R(24)),
    "Flatten first": (
        Flatten(FIRST),
        (2, 3, 4),
        np.moveaxis(R(24).reshape(2, 3, 4), 0, -1),
    ),
    "Permute": (
        Permute((3, 1, 2)),
        (3, 4, 2),
        R(24).reshape(3, 4, 2).transpose(2, 0, 1),
    ),
    "RepeatVector": (RepeatVector(3), (4,), np.tile(R(4), (3, 1))),
    "ZeroPadding1D": (
        ZeroPadding1D((1, 2)),
        (4, 2),
        np.pad(R(8).reshape(4, 2), ((1, 2), (0, 0)), constant_values=-1),
    ),
    "ZeroPadding2D": (
        ZeroPadding2D(((1, 0), (2, 3))),
        (3, 2, 2),
        np.pad(R(12).reshape(3, 2, 2), ((1, 0), (2, 3), (0, 0)), constant_values=-1),
    ),
    "ZeroPadding2D first": (
        ZeroPadding2D((1, 2), FIRST),
        (2, 3, 2),
        np.pad(R(12).reshape(2, 3, 2), ((0, 0), (1, 1), (2, 2)), constant_values=-1),
    ),
    "ZeroPadding3D": (
        ZeroPadding3D((1, 0, 2)),
        (2, 3, 2, 1),
        np.pad(R(12).reshape(2, 3, 2, 1), ((1, 1), (0, 0), (2, 2), (0, 0)), constant_values=-1),
    ),
    "Cropping1D": (Cropping1D((2, 1)), (7, 2), R(14).reshape(7, 2)[2:-1]),
    "Cropping2D": (
        Cropping2D(((1, 1), (0, 2))),
        (5, 4, 2),
        R(40).reshape(5, 4, 2)[1:-1, :-2],
    ),
    "Cropping2D first": (
        Cropping2D(1, FIRST),
        (2, 5, 4),
        R(40).reshape(2, 5, 4)[:, 1:-1, 1:-1],
    ),
    "Cropping3D": (
        Cropping3D(((1, 0), (2, 1), (0, 1))),
        (3, 5, 3, 2),
        R(90).reshape(3, 5, 3, 2)[1:, 2:-1, :-1],
    ),
    "UpSampling1D": (UpSampling1D(3), (3, 2), np.repeat(R(6).reshape(3, 2), 3, 0)),
    "UpSampling2D": (
        UpSampling2D((2, 3)),
        (3, 2, 2),
        np.repeat(np.repeat(R(12).reshape(3, 2, 2), 2, 0), 3, 1),
    ),
    "UpSampling2D first": (
        UpSampling2D(2, FIRST),
        (2, 3, 2),
        np.repeat(np.repeat(R(12).reshape(2, 3, 2), 2, 1), 2, 2),
    ),
    "UpSampling3D": (
        UpSampling3D((1, 2, 3)),
        (2, 2, 2, 1),
        np.repeat(np.repeat(R(8).reshape(2, 2, 2, 1), 2, 1), 3, 2),
    ),
}


@pytest.mark.parametrize(("layer", "shape", "moved"), MOVED.values(), ids=MOVED)
def test_movement(layer, shape, moved):
    about = check_links(layer, (None, *shape), of_moved(moved, math.prod(shape)))
    assert about.outputs[0][1] == outputs_of(layer, (None, *shape))[1:]
    assert not about.weights
    assert same_groups(about.groups, R(moved.size))


@pytest.mark.parametrize("first", [False, True])
def test_bilinear_upsampling(first):
    layer = UpSampling2D((2, 3), FIRST if first else None, "bilinear")
    space, outputs = (3, 2), (6, 6)
    X, Y = numbered(space, 2, first), numbered(outputs, 2, first)
    rows, columns = list(bilinear(3, 2)), list(bilinear(2, 3))
    links = none(Y.size, X.size)
    for place in places(outputs):
        for cell in itertools.product(rows[place[0]], columns[place[1]]):
            links[Y[place], X[cell]] = True
    check_links(layer, with_channels(space, 2, first), links)


# --- Dense, Embedding, elementwise, merges ---


@few_cases
@given(
    st.lists(st.integers(1, 4), max_size=2),
    st.integers(1, 5),
    st.integers(1, 4),
    st.booleans(),
)
def test_dense(space, features, units, bias):
    """The last axis is multiplied with the kernel, at every place with the same one."""
    expected = convolution(space or (1,), features, units, (1,) * max(len(space), 1), bias=bias)
    layer = Dense(units, use_bias=bias)
    groups = filter_of_output(space or (1,), units)
    check_products(layer, (None, *space, features), *expected, groups)


def test_an_embedding_has_links_and_no_gradient():
    about = dependencies(Embedding(5, 3), (None, 4))
    links = np.repeat(np.eye(4, dtype=bool), 3, axis=0)
    np.testing.assert_array_equal(about.links, links)
    assert not about.gradient.any()
    # An output number of any word: the column of the table.
    np.testing.assert_array_equal(about.uses, np.tile(np.tile(np.eye(3, dtype=bool), 5), (4, 1)))
    assert same_groups(about.groups, np.tile(R(3), 4))
    assert about.products is None
    assert [note for note in about.notes if "没有梯度" in note]


DIAGONAL = [
    Activation("relu"),
    Activation("hard_sigmoid"),
    layers.LeakyReLU(),
    layers.ELU(),
    layers.ReLU(max_value=1.0, negative_slope=0.0, threshold=0.5),
    layers.ReLU(6.0),
    layers.ThresholdedReLU(0.5),
    layers.ThresholdedReLU(4.0),
    PReLU(),
    Dropout(0.5),
    SpatialDropout1D(0.5),
    GaussianNoise(1.0),
    GaussianDropout(0.5),
    AlphaDropout(0.5),
    BatchNormalization(),
    layers.ActivityRegularization(l1=0.1),
    Masking(),
]


@pytest.mark.parametrize("layer", DIAGONAL, ids=lambda layer: type(layer).__name__)
def test_elementwise(layer):
    check_links(layer, (None, 3, 4), np.eye(12, dtype=bool))


@pytest.mark.parametrize("layer", DIAGONAL, ids=lambda layer: type(layer).__name__)
def test_elementwise_in_training(layer):
    about = dependencies(layer, (None, 3, 4), training=True)
    if isinstance(layer, BatchNormalization):
        channel = R(36) % 4
        np.testing.assert_array_equal(about.links, channel[:, None] == channel)
    else:
        np.testing.assert_array_equal(about.links, np.eye(12, dtype=bool))
    np.testing.assert_array_equal(about.gradient, about.links)
    drawn_again = "Dropout" in type(layer).__name__ or isinstance(layer, GaussianNoise)
    assert bool([note for note in about.notes if "随机" in note]) == drawn_again


def test_spatial_dropout_in_training_keeps_to_the_cell():
    about = dependencies(SpatialDropout2D(0.5), (None, 3, 3, 2), training=True)
    np.testing.assert_array_equal(about.links, np.eye(18, dtype=bool))


def test_weights_of_elementwise_layers():
    uses = dependencies(PReLU(shared_axes=[1]), (None, 3, 4)).uses
    np.testing.assert_array_equal(uses, np.tile(np.eye(4, dtype=bool), (3, 1)))
    about = dependencies(BatchNormalization(), (None, 3, 4))
    np.testing.assert_array_equal(about.uses, np.tile(np.eye(4, dtype=bool), (3, 4)))
    assert [name for name, _ in about.weights] == [
        "gamma",
        "beta",
        "moving_mean",
        "moving_variance",
    ]


def test_batch_normalization_in_training_links_the_samples():
    about = dependencies(BatchNormalization(), (None, 3), training=True)
    assert about.inputs == [("x", (3, 3))]
    assert about.outputs == [("y", (3, 3))]
    channel = R(9) % 3
    np.testing.assert_array_equal(about.links, channel[:, None] == channel)
    # gamma and beta; the moving averages are not read in training.
    used = np.tile(np.eye(3, dtype=bool), (3, 2))
    np.testing.assert_array_equal(about.uses[:, :6], used)
    assert not about.uses[:, 6:].any()
    assert [note for note in about.notes if "样本" in note]


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_softmax_links_one_axis(axis):
    X = R(24).reshape(2, 3, 4)
    links = none(24, 24)
    for line in np.moveaxis(X, axis - (axis > 0), -1).reshape(-1, X.shape[axis - (axis > 0)]):
        links[np.ix_(line, line)] = True
    check_links(Softmax(axis=axis), (None, 2, 3, 4), links)


@pytest.mark.parametrize("make", [Add, Subtract, Multiply, Average, Maximum, Minimum])
def test_merges(make):
    two = check_links(make(), [(None, 2, 3)] * 2, np.tile(np.eye(6, dtype=bool), 2))
    assert [name for name, _ in two.inputs] == ["x1", "x2"]
    if make is not Subtract:
        check_links(make(), [(None, 3)] * 4, np.tile(np.eye(3, dtype=bool), 4))
        # (3,) is used in every row of (2, 3).
        row = np.tile(np.eye(3, dtype=bool), (2, 1))
        check_links(make(), [(None, 2, 3), (None, 1, 3)], np.hstack([np.eye(6, dtype=bool), row]))


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_concatenate(axis):
    shapes = [(2, 3), (4, 3)] if axis == 1 else [(2, 3), (2, 1)]
    first = R(6).reshape(shapes[0])
    second = 6 + R(math.prod(shapes[1])).reshape(shapes[1])
    moved = np.concatenate([first, second], axis=0 if axis == 1 else 1)
    layer = Concatenate(axis=axis)
    check_links(layer, [(None, *s) for s in shapes], of_moved(moved, moved.size))


@pytest.mark.parametrize("normalize", [False, True])
def test_dot(normalize):
    """A row of the first with a column of the second; with their lengths too when normalized."""
    A, B = R(12).reshape(4, 3), 12 + R(6).reshape(3, 2)
    links = none(8, 18)
    for row, column in places((4, 2)):
        links[row * 2 + column, A[row]] = links[row * 2 + column, B[:, column]] = True
    layer = Dot(axes=(2, 1), normalize=normalize)
    check_links(layer, [(None, 4, 3), (None, 3, 2)], links)


def test_time_distributed_keeps_to_its_step():
    products, uses = convolution((4,), 2, 3, 1)
    layer = TimeDistributed(Dense(3))
    check_products(layer, (None, 4, 2), products, uses, filter_of_output((4,), 3))
    frame, _ = convolution((3, 3), 1, 1, 2)
    about = dependencies(TimeDistributed(Conv2D(1, 2)), (None, 3, 3, 3, 1))
    np.testing.assert_array_equal(
        about.products,
        np.where(np.kron(np.eye(3), frame + 1) > 0, *(np.kron(np.ones((3, 3), int), frame), -1)),
    )


# --- recurrence ---

RECURRENT = {
    "SimpleRNN": lambda **k: SimpleRNN(2, **k),
    "GRU": lambda **k: GRU(2, **k),
    "GRU reset_after": lambda **k: GRU(2, reset_after=True, **k),
    "LSTM": lambda **k: LSTM(2, **k),
    "LSTM unrolled": lambda **k: LSTM(2, unroll=True, **k),
    "LSTM without bias": lambda **k: LSTM(2, use_bias=False, **k),
    "LSTM relu": lambda **k: LSTM(2, activation="relu", **k),
    "CuDNNGRU": lambda **k: CuDNNGRU(2, **k),
    "CuDNNLSTM": lambda **k: CuDNNLSTM(2, **k),
    "RNN": lambda **k: RNN([LSTMCell(2), SimpleRNNCell(2)], **k),
}
STEPS, FEATURES, UNITS = 4, 3, 2


def in_time(reads, units=UNITS):
    """Links of (steps, units) by (steps, features) where reads[t] lists the times of output t."""
    times = none(len(reads), STEPS)
    for t, read in enumerate(reads):
        times[t, list(read)] = True
    return np.kron(times, np.ones((units, FEATURES), bool))


@pytest.mark.parametrize("make", RECURRENT.values(), ids=RECURRENT)
def test_a_recurrent_output_depends_on_what_came_before(make):
    shape = (None, STEPS, FEATURES)
    forwards = in_time([range(t + 1) for t in range(STEPS)])
    backwards = in_time([range(STEPS - 1 - t, STEPS) for t in range(STEPS)])
    check_links(make(return_sequences=True), shape, forwards)
    check_links(make(return_sequences=True, go_backwards=True), shape, backwards)
    check_links(make(), shape, in_time([range(STEPS)]))
    both = Bidirectional(make(return_sequences=True), merge_mode="sum")
    check_links(both, shape, in_time([range(STEPS)] * STEPS))
    # Concatenated: the first units have read what is before, the others what follows.
    halves = in_time([range(t + 1) for t in range(STEPS)]).reshape(STEPS, UNITS, -1)
    later = in_time([range(t, STEPS) for t in range(STEPS)]).reshape(STEPS, UNITS, -1)
    concatenated = np.concatenate([halves, later], axis=1).reshape(2 * STEPS * UNITS, -1)
    check_links(Bidirectional(make(return_sequences=True)), shape, concatenated)


@pytest.mark.parametrize("make", [RECURRENT["GRU"], RECURRENT["LSTM"], RECURRENT["CuDNNLSTM"]])
def test_states_depend_on_everything(make):
    about = dependencies(make(return_state=True), (None, STEPS, FEATURES))
    assert len(about.outputs) > 1
    assert about.links.all()
    assert about.gradient.all()


def test_an_initial_state_is_an_input():
    about = dependencies(GRU(2, return_sequences=True), [(None, STEPS, FEATURES), (None, 2)])
    first = in_time([range(t + 1) for t in range(STEPS)])
    np.testing.assert_array_equal(about.links[:, :12], first)
    assert about.links[:, 12:].all()


def test_weights_of_a_simple_rnn():
    """The first step does not use the recurrent kernel: its state is zero."""
    about = dependencies(SimpleRNN(2, return_sequences=True), (None, 3, 2))
    kernel, recurrent, bias = (about.uses[:, a:b] for a, b in ((0, 4), (4, 8), (8, 10)))
    own = np.eye(2, dtype=bool)
    np.testing.assert_array_equal(kernel[:2], np.tile(own, 2))
    assert not recurrent[:2].any()
    np.testing.assert_array_equal(bias[:2], own)
    # One step later the state before was made of all the kernel; its weights meet it once.
    assert kernel[2:].all()
    np.testing.assert_array_equal(recurrent[2:4], np.tile(own, 2))
    assert recurrent[4:].all()
    assert bias[2:].all()


def test_weights_of_an_lstm_in_its_first_step():
    """h = o·tanh(i·c̃): the forget gate meets a state of zero; the order of the gates is i f c o."""
    about = dependencies(LSTM(2, return_sequences=True), (None, 2, 3))
    kernel = about.uses[:2, :24].reshape(2, 3, 4, 2)
    expected = np.zeros((2, 3, 4, 2), bool)
    for unit in range(2):
        expected[unit, :, [0, 2, 3], unit] = True
    np.testing.assert_array_equal(kernel, expected)
    assert not about.uses[:2, 24:40].any()
    # Then it meets what the first step left, of the unit's own; all units' other gates are in h.
    expected[:, :, [0, 2, 3]] = True
    for unit in range(2):
        expected[unit, :, 1, unit] = True
    np.testing.assert_array_equal(about.uses[2:, :24].reshape(2, 3, 4, 2), expected)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_a_convolutional_lstm_reads_windows_of_windows(go_backwards, padding):
    frames, space = 3, (4, 3)
    found, outputs = sliding(space, 2, 1, padding)
    around, _ = sliding(outputs, 2, 1, "same")
    X = numbered(space, 1)
    of_input = {place: {int(X[cell][0]) for _, cell in pairs} for place, pairs in found}
    of_state = {place: [cell for _, cell in pairs] for place, pairs in around}
    reached = {place: set() for place in of_input}
    links = none(frames * len(found), frames * X.size)
    for step in range(frames):
        t = frames - 1 - step if go_backwards else step
        reached = {
            place: {(t, i) for i in of_input[place]}.union(*(reached[q] for q in of_state[place]))
            for place in reached
        }
        for number, place in enumerate(places(outputs)):
            for when, cell in reached[place]:
                links[step * len(found) + number, when * X.size + cell] = True
    layer = ConvLSTM2D(1, 2, padding=padding, return_sequences=True, go_backwards=go_backwards)
    check_links(layer, (None, frames, *space, 1), links)


# --- every layer ---


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", EXAMPLES)
def test_gradients_run_along_links(name, training):
    state = example(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Highway, MaxoutDense
        layer = layer_of(state)
    about = dependencies(layer, input_of(state), training)
    if not training:
        check_unreduced(about, [tuple(shape) for shape in state["inputs"]])
    assert (about.gradient <= about.links).all()
    assert (about.links.any(axis=1) | (about.uses.sum(axis=1) == 0)).any()
    assert (about.gradient == about.links).all() or isinstance(layer, Embedding)
    assert len(about.groups) == len(about.links) == len(about.uses)
    outputs = sum(math.prod(shape) for _, shape in about.outputs)
    inputs = sum(math.prod(shape) for _, shape in about.inputs)
    assert about.links.shape == about.gradient.shape == (outputs, inputs)
    assert about.uses.shape[1] == sum(math.prod(shape) for _, shape in about.weights)


@pytest.mark.parametrize("name", EXAMPLES)
def test_links_are_the_changes_of_the_layer_itself(name, float64):
    """Every input cell of the reader's own layer is changed alone, often and widely."""
    state = example(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        layer = layer_of(state)
    shapes = [tuple(shape[1:]) for shape in state["inputs"]]
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    generator = np.random.default_rng(1)

    def run(rows):
        parts = np.split(rows, ends[:-1], axis=1)
        arrays = [p.reshape(len(rows), *s) for p, s in zip(parts, shapes, strict=True)]
        ys = as_list(layer(arrays if layer_takes_list(state) else arrays[0]))
        return np.concatenate([np.reshape(y, (len(rows), -1)) for y in ys], axis=1)

    run(np.zeros((1, ends[-1])))
    changed = 0
    for _ in range(12):
        for weight in layer.weights:
            low = 0.1 if weight not in layer.trainable_weights else -1
            K.set_value(weight, generator.uniform(low, 1, weight.shape))
        words = isinstance(layer, Embedding)
        x = generator.integers(0, 5, (1, ends[-1])) if words else generator.normal(size=ends[-1:])
        for to in (0, 1, 2) if words else (x + 0.5, x - 0.5, 9.0, -9.0):
            rows = np.where(np.eye(ends[-1], dtype=bool), to, x)
            moved = run(rows.astype(float)) - run(np.reshape(x, (1, -1)).astype(float))
            changed = changed | (np.abs(moved) > 1e-9).T
    np.testing.assert_array_equal(dependencies(layer, input_of(state)).links, changed)


def layer_takes_list(state):
    return len(state["inputs"]) > 1


# --- layers too large to draw ---

LARGE = {
    "Conv2D": (lambda: Conv2D(64, 5, strides=2, padding="same"), (None, 224, 224, 3)),
    "Conv1D": (lambda: Conv1D(64, 3, padding="causal", dilation_rate=8), (None, 10**6, 512)),
    "unknown length": (lambda: LSTM(100, return_sequences=True), (None, None, 64)),
    "Bidirectional": (lambda: Bidirectional(LSTM(100)), (None, 80, 64)),
    "TimeDistributed": (lambda: TimeDistributed(Dense(100)), (None, 80, 64)),
    "RNN": (lambda: RNN(LSTMCell(100)), (None, 80, 64)),
    "Dense": (lambda: Dense(1000), (None, 4096)),
    "Embedding": (lambda: Embedding(20000, 128, input_length=100), (None, 100)),
    "AveragePooling2D": (lambda: AveragePooling2D(2), (None, 112, 112, 64)),
    "Conv2DTranspose": (lambda: Conv2DTranspose(128, 5, strides=4), (None, 14, 14, 256)),
    "Add": (lambda: Add(), [(None, 32, 32, 16)] * 3),
    "stateful": (lambda: LSTM(100, stateful=True, return_sequences=True), (32, 20, 64)),
}


@pytest.mark.parametrize(("make", "shape"), LARGE.values(), ids=LARGE)
def test_what_is_too_large_is_drawn_smaller_and_says_so(make, shape):
    layer = make()
    about = dependencies(layer, shape)
    outputs, inputs = about.links.shape
    assert max(outputs, inputs) <= 160
    assert about.uses.shape[1] <= 400
    assert about.notes[0].startswith("太大")
    kept = {"kernel_size", "strides", "padding", "dilation_rate", "pool_size", "activation"}
    before, after = layer.get_config(), about.layer.get_config()
    assert {k: before[k] for k in kept & set(before)} == {k: after[k] for k in kept & set(after)}
    # The picture of the smaller layer is a true one of that layer.
    again = [(None, *s) for _, s in about.inputs]
    small = dependencies(about.layer, again if isinstance(shape, list) else again[0])
    np.testing.assert_array_equal(about.links, small.links)


def test_what_cannot_be_drawn_smaller_is_refused():
    with pytest.raises(ValueError, match=r"最多画 160 个输入格.*可以改成"):
        dependencies(Reshape((1000, 1000)), (None, 10**6))


@pytest.mark.parametrize(
    ("layer", "shape", "training"),
    [
        (MaxPooling2D(), (None, 6, 6, 1), False),
        (LSTM(2, activation="relu", return_sequences=True), (None, 4, 2), False),
        (Dense(3, activation="relu"), (None, 4), False),
        (SpatialDropout2D(0.5), (None, 3, 3, 2), True),
        (Dropout(0.01), (None, 4), True),
        (Dropout(0.5, noise_shape=(1, 1), seed=3), (None, 4), True),
        (BatchNormalization(), (None, 3), True),
    ],
)
def test_links_do_not_hang_on_what_is_drawn(layer, shape, training):
    first = dependencies(layer, shape, training)
    for seed in range(1, 8):
        np.random.seed(seed)
        about = dependencies(layer, shape, training, seed)
        np.testing.assert_array_equal(about.links, first.links)
        np.testing.assert_array_equal(about.gradient, first.gradient)
        np.testing.assert_array_equal(about.uses, first.uses)
        assert about.notes == first.notes


def test_a_readers_own_layer_is_asked_too():
    class Difference(Layer):
        """Every cell minus the one before it."""

        def call(self, inputs):
            return inputs[:, 1:] - inputs[:, :-1]

        def compute_output_shape(self, input_shape):
            return (input_shape[0], input_shape[1] - 1)

    check_links(Difference(), (None, 5), np.eye(4, 5, dtype=bool) | np.eye(4, 5, 1, dtype=bool))


def test_a_link_without_a_gradient_is_told():
    class Sign(Layer):
        def call(self, inputs):
            return K.sign(inputs) + inputs[:, :1]

    about = dependencies(Sign(), (None, 3))
    np.testing.assert_array_equal(
        about.links, np.eye(3, dtype=bool) | np.array([[True, False, False]])
    )
    np.testing.assert_array_equal(about.gradient, np.array([[True, False, False]] * 3))
    assert [note for note in about.notes if "没有梯度传回去" in note]


@pytest.mark.parametrize(
    ("layer", "shape", "told"),
    [
        (UpSampling3D(3), (None, 2, 2, 2, 2), "输入 (1, 1, 1, 1)"),
        (UpSampling3D(9), (None, 9, 9, 9, 1), "size=(5, 5, 5)"),
        (MaxPooling3D(7), (None, 9, 9, 9, 3), "pool_size=(5, 5, 5)"),
        (Conv2D(8, 21, padding="same"), (None, 50, 50, 3), "kernel_size=(12, 12)"),
        (ZeroPadding2D(7), (None, 3, 3, 1), "padding=((5, 5), (5, 5))"),
        (ConvLSTM2D(8, 5), (None, 9, 9, 9, 3), "filters=1，输入 (2, 8, 8, 1)"),
        (RepeatVector(500), (None, 4), "n=12"),
        (TimeDistributed(Dense(100)), (None, 3, 2), "Dense(units=3)"),
        (RNN([LSTMCell(30), GRUCell(20)]), (None, 4, 2), "LSTMCell(units=3), GRUCell(units=3)"),
    ],
)
def test_wide_windows_and_inner_layers_are_drawn_smaller_too(layer, shape, told):
    about = dependencies(layer, shape)
    assert about.notes[0].startswith("太大") and told in about.notes[0]


def test_a_chance_that_is_nearly_always_zero_still_shows_every_link():
    about = dependencies(Dropout(0.9), (None, 3, 4), training=True)
    np.testing.assert_array_equal(about.links, np.eye(12, dtype=bool))
