"""Step mode tells the truth: its numbers are those of the layer and of its gradients."""

import math
import warnings

import numpy as np
import pytest

from labkit import backend as K
from labkit.diagrams import steps
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.states import example, input_of, layer_of, takes_list
from labkit.layers import (
    LSTM,
    Activation,
    AlphaDropout,
    AveragePooling2D,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Dot,
    Dropout,
    Embedding,
    GaussianDropout,
    GaussianNoise,
    Lambda,
    LocallyConnected2D,
    Maximum,
    MaxPooling2D,
    Minimum,
    Multiply,
    SpatialDropout1D,
    Subtract,
    TimeDistributed,
    UpSampling2D,
)
from tests.diagrams.test_dependencies import convolution, depthwise, local, transposed
from tests.slopes import as_list

LINEAR = (
    "Dropout ActivityRegularization RepeatVector Reshape Flatten Permute Masking SpatialDropout1D "
    "SpatialDropout2D SpatialDropout3D GaussianNoise GaussianDropout AlphaDropout "
    "AveragePooling1D AveragePooling2D AveragePooling3D GlobalAveragePooling1D "
    "GlobalAveragePooling2D GlobalAveragePooling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D "
    "Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D Add Subtract Average "
    "Concatenate"
)
# What the outputs of every layer are by its definition; the rest are "general".
KINDS = {
    "product": "Dense Conv1D Conv2D Conv3D Conv2DTranspose Conv3DTranspose DepthwiseConv2D "
    "LocallyConnected1D LocallyConnected2D TimeDistributed",
    "linear": LINEAR,
    "max": "MaxPooling1D MaxPooling2D MaxPooling3D GlobalMaxPooling1D GlobalMaxPooling2D "
    "GlobalMaxPooling3D Maximum",
    "min": "Minimum",
    "cell": "Activation Lambda BatchNormalization LeakyReLU PReLU ELU ThresholdedReLU ReLU",
    "lookup": "Embedding",
}


def kind_by_definition(name):
    own = type(quiet(example(name))).__name__
    return next((kind for kind, names in KINDS.items() if own in names.split()), "general")


def quiet(state):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Highway, MaxoutDense
        return layer_of(state)


def split(row, named, batch):
    """A flat row as one array for every tensor; `batch` in front where it is not in the shape."""
    ends = np.cumsum([math.prod(shape) for _, shape in named])[:-1]
    front = () if batch > 1 else (1,)
    return [
        part.reshape(*front, *shape)
        for part, (_, shape) in zip(np.split(row, ends), named, strict=True)
    ]


def run(layer, walk, several, training=None):
    """The reader's own layer on the walk's numbers: flat y, dx and dW, off the tape."""
    about = walk.about
    inputs = [K.variable(x) for x in split(walk.x, about.inputs, about.batch)]
    call = {} if training is None else {"training": training}
    layer(inputs if several else inputs[0])
    ends = np.cumsum([math.prod(w.shape) for w in layer.weights])[:-1]
    for w, value in zip(layer.weights, np.split(walk.W, ends), strict=bool(layer.weights)):
        K.set_value(w, value.reshape(w.shape))
    ys = as_list(layer(inputs if several else inputs[0], **call))
    dys = split(walk.dy, about.outputs, about.batch)
    wanted = [*inputs, *layer.weights]
    gradients = K.gradients(sum(K.sum(y * dy) for y, dy in zip(ys, dys, strict=True)), wanted)
    values = [
        np.zeros(w.shape) if g is None else K.eval(g)
        for g, w in zip(gradients, wanted, strict=True)
    ]
    flat = [
        np.concatenate([np.ravel(K.eval(v)) for v in part] or [np.zeros(0)])
        for part in (ys, values[: len(inputs)], values[len(inputs) :])
    ]
    return flat


def check_against_the_layer(layer, walk, several, training=None):
    y, dx, dW = run(layer, walk, several, training)
    np.testing.assert_allclose(walk.y, y, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(walk.dx, dx, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(walk.dW, dW, rtol=1e-9, atol=1e-12)


def check_contributions(walk):
    """Every output adds its own part, along its links and to its weights only."""
    about = walk.about
    assert not walk.slopes[~about.links].any()
    assert not walk.weight_slopes[~about.uses].any()
    dx, dW = np.zeros(len(walk.x)), np.zeros(len(walk.W))
    for output, dy in enumerate(walk.dy):
        for i in np.flatnonzero(about.links[output]):
            dx[i] += dy * walk.slopes[output, i]
        for w in np.flatnonzero(about.uses[output]):
            dW[w] += dy * walk.weight_slopes[output, w]
    np.testing.assert_allclose(dx, walk.dx, atol=1e-12)
    np.testing.assert_allclose(dW, walk.dW, atol=1e-12)


# Settings of which the examples have the usual one only.
OTHERS = {
    "Dense relu": (lambda: Dense(3, activation="relu"), (None, 4)),
    "Dense softmax": (lambda: Dense(3, activation="softmax"), (None, 4)),
    "Dense on a sequence": (lambda: Dense(2, activation="tanh"), (None, 3, 2)),
    "Conv2D relu": (lambda: Conv2D(2, 3, padding="same", activation="relu"), (None, 4, 4, 1)),
    "Conv2D softmax": (lambda: Conv2D(3, 2, activation="softmax"), (None, 4, 4, 1)),
    "Conv2D first": (lambda: Conv2D(2, 2, data_format="channels_first"), (None, 2, 4, 3)),
    "Conv1D": (lambda: Conv1D(2, 3, activation="sigmoid", use_bias=False), (None, 6, 1)),
    "MaxPooling2D same": (lambda: MaxPooling2D(3, 2, "same"), (None, 5, 5, 1)),
    "AveragePooling2D same": (lambda: AveragePooling2D(2, padding="same"), (None, 3, 5, 1)),
    "bilinear": (lambda: UpSampling2D(2, interpolation="bilinear"), (None, 2, 3, 1)),
    "LSTM with states": (lambda: LSTM(2, return_state=True), (None, 3, 2)),
    "Bidirectional mul": (lambda: Bidirectional(LSTM(2), "mul"), (None, 3, 2)),
    "Bidirectional apart": (lambda: Bidirectional(LSTM(2), None), (None, 3, 2)),
    "Dot": (lambda: Dot(axes=(2, 1)), [(None, 2, 3), (None, 3, 2)]),
    "three": (lambda: Multiply(), [(None, 3)] * 3),
    "Lambda": (lambda: Lambda(lambda x: K.square(x) + 1.0), (None, 3)),
    "Embedding first": (lambda: TimeDistributed(Embedding(4, 2)), (None, 2, 3)),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_walked_as_it_runs(name, float64):
    state = example(name)
    layer = quiet(state)
    walk = steps(layer, input_of(state))
    check_against_the_layer(layer, walk, takes_list(state["layer"]))
    check_contributions(walk)
    assert walk.kind == kind_by_definition(name)


@pytest.mark.parametrize(("make", "shape"), OTHERS.values(), ids=OTHERS)
def test_other_settings_are_walked_as_they_run(make, shape, float64):
    walk = steps(make(), shape)
    check_against_the_layer(make(), walk, isinstance(shape, list))
    check_contributions(walk)


@pytest.mark.parametrize("seed", range(3))
def test_the_numbers_can_be_followed_by_hand(seed):
    walk = steps(Conv2D(2, 3), (None, 6, 6, 1), seed=seed)
    for numbers in (walk.x, walk.W, walk.dy):
        np.testing.assert_array_equal(numbers, np.round(numbers, 1))
        assert 0.1 <= np.abs(numbers).min() <= np.abs(numbers).max() <= 0.9
    assert (steps(Conv2D(2, 3), (None, 6, 6, 1), seed=seed).x == walk.x).all()
    words = steps(Embedding(5, 2), (None, 4), seed=seed).x
    assert set(words) <= set(range(5))
    variance = steps(BatchNormalization(), (None, 3), seed=seed).W[-3:]
    assert (variance > 0).all()


# --- products ---

ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softplus": lambda z: np.log1p(np.exp(z)),
}
PRODUCTS = {
    "Dense": (lambda a: Dense(3, activation=a), (None, 4), convolution((1,), 4, 3, 1)),
    "Conv2D": (
        lambda a: Conv2D(2, (3, 2), padding="same", activation=a),
        (None, 4, 5, 2),
        convolution((4, 5), 2, 2, (3, 2), 1, "same"),
    ),
    "Conv2DTranspose": (
        lambda a: Conv2DTranspose(2, 3, strides=2, activation=a),
        (None, 2, 3, 1),
        transposed((2, 3), 1, 2, 3, 2, "valid", None),
    ),
    "DepthwiseConv2D": (
        lambda a: DepthwiseConv2D(2, depth_multiplier=2, activation=a),
        (None, 3, 3, 2),
        depthwise((3, 3), 2, 2, 2),
    ),
    "LocallyConnected2D": (
        lambda a: LocallyConnected2D(2, 2, activation=a),
        (None, 3, 3, 1),
        local((3, 3), 1, 2, 2),
    ),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("make", "shape", "defined"), PRODUCTS.values(), ids=PRODUCTS)
def test_products_are_added_up_and_activated(make, shape, defined, activation):
    walk = steps(make(activation), shape)
    assert walk.kind == "product"
    assert walk.activation == activation
    products, uses = defined
    sums = np.zeros(len(products))
    for output, row in enumerate(products):
        met = np.flatnonzero(row >= 0)
        bias = np.setdiff1d(np.flatnonzero(uses[output]), row[met])
        assert len(bias) == 1
        sums[output] = sum(walk.x[i] * walk.W[row[i]] for i in met) + walk.W[bias[0]]
    np.testing.assert_allclose(walk.sums, sums, atol=1e-12)
    np.testing.assert_allclose(walk.y, ACTIVATIONS[activation](sums), atol=1e-12)


def test_a_softmax_is_no_single_sum():
    walk = steps(Dense(3, activation="softmax"), (None, 4))
    assert walk.kind == "general"
    assert walk.sums is None
    assert walk.about.uses.all()


def test_what_is_no_product_has_no_sums():
    for layer in (MaxPooling2D(), AveragePooling2D()):
        walk = steps(layer, (None, 4, 4, 1))
        assert walk.sums is None
        assert walk.activation == ""


# --- the other kinds ---


@pytest.mark.parametrize("seed", range(4))
def test_kinds_by_definition(seed):
    def of(row):
        return np.flatnonzero(row)

    walk = steps(MaxPooling2D(3, 1), (None, 5, 5, 2), seed=seed)
    assert walk.kind == "max"
    assert [max(walk.x[of(row)]) for row in walk.about.links] == walk.y.tolist()
    # The gradient goes to one cell of the largest.
    assert ((walk.slopes > 0).sum(axis=1) == 1).all()
    assert (walk.slopes @ walk.x == walk.y).all()
    for layer, kind, choose in ((Maximum(), "max", max), (Minimum(), "min", min)):
        walk = steps(layer, [(None, 4)] * 3, seed=seed)
        assert walk.kind == kind
        assert [choose(walk.x[of(row)]) for row in walk.about.links] == walk.y.tolist()
    for layer, shape, weights in (
        (AveragePooling2D(2), (None, 4, 4, 1), {0.25}),
        (Subtract(), [(None, 3)] * 2, {1.0, -1.0}),
    ):
        walk = steps(layer, shape, seed=seed)
        assert walk.kind == "linear"
        assert set(walk.slopes[walk.about.links].tolist()) == weights
        np.testing.assert_allclose(walk.slopes @ walk.x, walk.y, atol=1e-12)
    for activation in ("relu", "elu", "tanh", "hard_sigmoid", "softplus"):
        assert steps(Activation(activation), (None, 5), seed=seed).kind == "cell"
    for layer in (Multiply(), Dot(axes=1)):
        assert steps(layer, [(None, 3)] * 2, seed=seed).kind == "general"
    assert steps(Activation("softmax"), (None, 5), seed=seed).kind == "general"


def test_a_lookup_reads_a_row():
    walk = steps(Embedding(5, 3), (None, 4))
    assert walk.kind == "lookup"
    table = walk.W.reshape(5, 3)
    np.testing.assert_array_equal(walk.y, table[walk.x.astype(int)].ravel())
    assert not walk.dx.any()
    rows = np.zeros((5, 3))
    for word, dy in zip(walk.x.astype(int), walk.dy.reshape(4, 3), strict=True):
        rows[word] += dy
    np.testing.assert_allclose(walk.dW, rows.ravel())
    read = [word * 3 + column for word in walk.x.astype(int) for column in range(3)]
    assert np.argwhere(walk.about.uses).tolist() == [[o, w] for o, w in enumerate(read)]


# --- training ---


def test_batch_normalization_in_training(float64):
    walk = steps(BatchNormalization(), (None, 3), training=True)
    assert walk.about.batch == 3
    check_against_the_layer(BatchNormalization(), walk, False, training=True)
    check_contributions(walk)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Dropout(0.5), (None, 8)),
        (Dropout(0.5, seed=3), (None, 8)),
        (Dropout(0.5, noise_shape=(None, 1, 8)), (None, 3, 8)),
        (SpatialDropout1D(0.5), (None, 4, 6)),
        (GaussianDropout(0.5), (None, 8)),
    ],
)
def test_the_mask_of_a_walk_is_one_and_the_same(layer, shape):
    """y, dx and every contribution belong to the same draw."""
    walk = steps(layer, shape, training=True)
    np.testing.assert_allclose(walk.y, walk.slopes @ walk.x, atol=1e-12)
    assert walk.kind == "linear"
    check_contributions(walk)
    kept = np.diagonal(walk.slopes)
    np.testing.assert_array_equal(walk.slopes, np.diag(kept))
    if not isinstance(layer, GaussianDropout):
        assert set(np.round(kept, 9).tolist()) == {0.0, 2.0}


@pytest.mark.parametrize(
    "layer", [GaussianNoise(0.5), AlphaDropout(0.5), AlphaDropout(0.5, seed=1)]
)
def test_noise_that_is_added(layer):
    walk = steps(layer, (None, 8), training=True)
    assert walk.kind == "cell"
    kept = np.diagonal(walk.slopes)
    np.testing.assert_array_equal(walk.slopes, np.diag(kept))
    assert not np.allclose(walk.y, walk.x)
    if isinstance(layer, AlphaDropout):  # what is dropped is a constant and passes nothing on
        dropped = walk.y[kept == 0]
        assert 0 < len(dropped) < 8
        np.testing.assert_allclose(dropped, dropped[0])


def test_a_walk_in_training_is_the_same_again():
    walks = []
    for seed in (1, 2):
        np.random.seed(seed)
        walks.append(steps(Dropout(0.5), (None, 8), training=True))
    np.testing.assert_array_equal(walks[0].y, walks[1].y)


def test_an_lstm_with_dropout_in_training():
    walk = steps(LSTM(2, dropout=0.5, recurrent_dropout=0.5), (None, 3, 2), training=True)
    check_contributions(walk)
    again = steps(LSTM(2, dropout=0.5, recurrent_dropout=0.5), (None, 3, 2), training=True)
    np.testing.assert_array_equal(walk.y, again.y)
    np.testing.assert_array_equal(walk.dW, again.dW)
