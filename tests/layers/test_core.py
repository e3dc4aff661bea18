"""Core, merge, activation and noise layers beyond the golden cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import backend as K
from labkit import layers
from labkit.layers import (
    ELU,
    ActivityRegularization,
    AlphaDropout,
    Average,
    Concatenate,
    Dense,
    Dot,
    Embedding,
    GaussianDropout,
    GaussianNoise,
    Input,
    Lambda,
    LeakyReLU,
    Masking,
    Maximum,
    Minimum,
    Multiply,
    Permute,
    PReLU,
    ReLU,
    RepeatVector,
    Reshape,
    Softmax,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
    Subtract,
    ThresholdedReLU,
)
from labkit.models import Model, Sequential
from tests.mistakes import check
from tests.slopes import check_slopes, normal
from tests.test_shapes import any_case

TRAINING = {"training": True}
CASES = [
    (lambda: Reshape((4, -1)), [(2, 3, 8)], {}),
    (lambda: Permute((3, 1, 2)), [(2, 3, 4, 2)], {}),
    (lambda: RepeatVector(3), [(2, 4)], {}),
    (lambda: Lambda(lambda x: K.square(x) + 1.0), [(2, 3)], {}),
    (lambda: Lambda(lambda xs: xs[0] * xs[1], output_shape=(3,)), [(2, 3), (2, 3)], {}),
    (lambda: ActivityRegularization(l1=0.1, l2=0.2), [(2, 3)], {}),
    (lambda: Masking(), [(2, 3, 4)], {}),
    (lambda: SpatialDropout1D(0.4), [(2, 3, 4)], TRAINING),
    (lambda: SpatialDropout2D(0.4), [(2, 3, 2, 4)], TRAINING),
    (lambda: SpatialDropout3D(0.4), [(2, 3, 2, 2, 4)], TRAINING),
    (lambda: GaussianNoise(0.3), [(3, 4)], TRAINING),
    (lambda: GaussianDropout(0.3), [(3, 4)], TRAINING),
    (lambda: AlphaDropout(0.3, seed=1), [(3, 4)], TRAINING),
    (lambda: Subtract(), [(2, 3), (2, 3)], {}),
    (lambda: Multiply(), [(2, 3), (2, 3), (2, 1)], {}),
    (lambda: Average(), [(2, 4, 3), (2, 3), (2, 4, 1)], {}),
    (lambda: Maximum(), [(2, 3), (2, 3)], {}),
    (lambda: Minimum(), [(2, 3), (2, 3)], {}),
    (lambda: Concatenate(), [(2, 3), (2, 1)], {}),
    (lambda: Concatenate(axis=1), [(2, 3, 2), (2, 1, 2), (2, 2, 2)], {}),
    (lambda: Dot(axes=1), [(2, 3), (2, 3)], {}),
    (lambda: Dot(axes=(2, 1), normalize=True), [(2, 4, 3), (2, 3, 5)], {}),
    (lambda: Dot(axes=-1), [(2, 4, 3), (2, 3)], {}),
    (lambda: LeakyReLU(0.2), [(3, 4)], {}),
    (lambda: PReLU(alpha_regularizer="l2"), [(3, 4)], {}),
    (lambda: PReLU(shared_axes=[1, 2]), [(2, 3, 2, 4)], {}),
    (lambda: ELU(0.7), [(3, 4)], {}),
    (lambda: ThresholdedReLU(0.3), [(3, 4)], {}),
    (lambda: Softmax(), [(3, 4)], {}),
    (lambda: Softmax(axis=1), [(2, 3, 4)], {}),
    (lambda: ReLU(1.0, 0.1, 0.2), [(3, 4)], {}),
]


@any_case
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.randoms())
def test_reshape_and_permute_keep_every_element(shape, random):
    x = np.arange(2 * np.prod(shape), dtype="float32").reshape(2, *shape)
    order = list(range(1, len(shape) + 1))
    random.shuffle(order)
    y = Permute(order)(x)
    np.testing.assert_array_equal(y, x.transpose(0, *order))
    flat = Reshape((-1,))(y)
    assert flat.shape == (2, np.prod(shape)) == Reshape((-1,)).compute_output_shape(y.shape)
    np.testing.assert_array_equal(flat, y.reshape(2, -1))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (lambda: LeakyReLU(0.1), lambda x: np.where(x >= 0, x, 0.1 * x)),
        (lambda: ELU(2.0), lambda x: np.where(x > 0, x, 2 * np.expm1(x))),
        (lambda: ThresholdedReLU(1.0), lambda x: np.where(x > 1.0, x, 0)),
        (
            lambda: ReLU(2.0, 0.1, 1.0),
            lambda x: np.where(x >= 2, 2, np.where(x > 1, x, 0.1 * (x - 1))),
        ),
    ],
)
def test_activations_by_definition(layer, expected):
    x = np.array([[-2.0, -0.5, 0.0, 1.0, 1.5, 2.0, 3.0]], "float32")
    np.testing.assert_allclose(layer()(x), expected(x), rtol=1e-5)


def test_lambda_arguments_mask_and_shape():
    layer = Lambda(lambda x, factor: x * factor, arguments={"factor": 3.0})
    np.testing.assert_array_equal(layer(np.ones((2, 3))), np.full((2, 3), 3))
    assert layer(Input((3,))).shape == (None, 3)
    summed = Lambda(lambda x: K.sum(x, axis=-1, keepdims=True))
    assert summed(Input((5, 3))).shape == (None, 5, 1)
    shaped = Lambda(lambda x: x[:, :2], output_shape=lambda shape: (shape[0], 2))
    assert shaped(Input((5,))).shape == (None, 2)
    seen = []
    Lambda(lambda x, mask=None: seen.append(mask) or x)(Masking()(np.ones((1, 2, 3))))
    assert seen[-1].tolist() == [[True, True]]
    kept = Lambda(lambda x: x, mask=lambda x, mask: mask)
    assert kept(Masking()(np.ones((1, 2, 3))))._keras_mask.tolist() == [[True, True]]


def doubled(x):
    return x * 2.0


def test_lambda_is_rebuilt_only_from_what_the_caller_gives():
    model = Sequential([Lambda(doubled, input_shape=(3,)), Dense(1)])
    config = model.get_config()
    again = Sequential.from_config(config, custom_objects={"doubled": doubled})
    again.set_weights(model.get_weights())
    x = normal(2, 3).astype("float32")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    with pytest.raises(ValueError, match="doubled"):
        Sequential.from_config(config)
    stored = {"name": "l", "function": ["4wEAAAA=", None, None], "function_type": "lambda"}
    check(
        ValueError,
        "字节码",
        lambda: Lambda.from_config({**stored, "output_shape": None, "output_shape_type": "raw"}),
    )


def test_lambda_trains_what_it_passes_on(float64):
    x = Input((3,))
    model = Model(x, Lambda(lambda h: K.tanh(h) * 2.0)(Dense(2)(x)))
    check_slopes(model, [normal(2, 3)], {})


def test_masks_of_concatenated_inputs():
    a = Embedding(5, 2, mask_zero=True)(np.array([[1, 0]]))
    y = Concatenate(axis=1)([a, np.ones((1, 3, 2), "float32")])
    assert y._keras_mask.tolist() == [[True, False, True, True, True]]
    assert (
        Dot(axes=1)([a, a])._keras_mask is None
        if hasattr(Dot(axes=1)([a, a]), "_keras_mask")
        else True
    )


@pytest.mark.parametrize("name", ["add", "multiply", "average", "maximum", "minimum"])
def test_functional_forms(name):
    a, b = normal(2, 3).astype("float32"), normal(2, 3, seed=1).astype("float32")
    numpy = {"average": lambda x, y: (x + y) / 2}.get(name) or getattr(np, name)
    np.testing.assert_allclose(getattr(layers, name)([a, b]), numpy(a, b), rtol=1e-6)
    np.testing.assert_allclose(layers.subtract([a, b]), a - b)
    np.testing.assert_allclose(layers.concatenate([a, b], axis=0), np.concatenate([a, b]))
    np.testing.assert_allclose(layers.dot([a, b], 1)[:, 0], (a * b).sum(axis=1), rtol=1e-5)


X, T = np.ones((2, 3), "float32"), np.ones((2, 4, 3), "float32")
WRONG = [
    (lambda: Reshape((5, 2))(X), ValueError, "target_shape=(5, 2)"),
    (lambda: Reshape((-1, -1))(X), ValueError, "(-1, -1)"),
    (lambda: Reshape((2, -1))(X), ValueError, "(2, -1)"),
    (lambda: Reshape("3"), TypeError, "'3'"),
    (lambda: Permute((1, 1))(T), ValueError, "dims=(1, 1)"),
    (lambda: Permute((2, 1))(X), ValueError, "2 维"),
    (lambda: Permute((0, 1))(T), ValueError, "dims=(0, 1)"),
    (lambda: RepeatVector(2.5), TypeError, "n=2.5"),
    (lambda: RepeatVector(0), ValueError, "n=0"),
    (lambda: RepeatVector(2)(T), ValueError, "3 维"),
    (lambda: Lambda(3), TypeError, "function=3"),
    (lambda: Lambda(abs, output_shape=3), TypeError, "output_shape=3"),
    (lambda: Lambda(abs, output_shape=lambda s: 3)(Input((2,))), ValueError, "3"),
    (lambda: ActivityRegularization(l1=-1.0), ValueError, "l1=-1.0"),
    (lambda: SpatialDropout1D(0.5)(X), ValueError, "2 维"),
    (lambda: SpatialDropout2D(0.5, "first"), ValueError, "'first'"),
    (lambda: GaussianNoise(-1), ValueError, "stddev=-1"),
    (lambda: GaussianNoise("1"), ValueError, "'1'"),
    (lambda: GaussianDropout(None), ValueError, "rate=None"),
    (lambda: AlphaDropout(0.5, noise_shape=(5, 1))(X, training=True), ValueError, "(5, 1)"),
    (lambda: Subtract()([X, X, X]), ValueError, "3 个输入"),
    (lambda: Multiply()([X]), ValueError, "1 个输入"),
    (lambda: Average()(X), ValueError, "1 个输入"),
    (lambda: Maximum()([X, np.ones((2, 4))]), ValueError, "(4,)"),
    (lambda: Minimum()([X, np.ones((3, 3))]), ValueError, "[2, 3]"),
    (lambda: Concatenate()([X, T]), ValueError, "(2, 4, 3)"),
    (lambda: Concatenate(axis=5)([X, X]), ValueError, "axis=5"),
    (lambda: Concatenate()([X]), ValueError, "1 个输入"),
    (lambda: Dot(axes="1"), TypeError, "'1'"),
    (lambda: Dot(axes=(1, 2, 3)), ValueError, "(1, 2, 3)"),
    (lambda: Dot(axes=(1, 1.5)), ValueError, "1.5"),
    (lambda: Dot(axes=1)([X]), ValueError, "1 个输入"),
    (lambda: Dot(axes=1)([X, np.ones((2, 4))]), ValueError, "axes=1"),
    (lambda: Dot(axes=0)([X, X]), ValueError, "axes=0"),
    (lambda: LeakyReLU("0.3"), ValueError, "'0.3'"),
    (lambda: LeakyReLU(float("nan")), ValueError, "alpha=nan"),
    (lambda: PReLU(shared_axes=0), ValueError, "shared_axes=0"),
    (lambda: PReLU(shared_axes=[3])(X), IndexError, "shared_axes=[3]"),
    (lambda: PReLU()(Input((None, 3))), ValueError, "None"),
    (lambda: ELU(None), ValueError, "alpha=None"),
    (lambda: ThresholdedReLU("a"), ValueError, "'a'"),
    (lambda: ReLU(max_value=-1.0), ValueError, "max_value=-1"),
    (lambda: ReLU(negative_slope=-0.1), ValueError, "negative_slope=-0.1"),
    (lambda: Softmax()(np.ones(3, "float32")), ValueError, "(3,)"),
]


@pytest.mark.parametrize(("use", "raises", "received"), WRONG)
def test_wrong_use(use, raises, received):
    check(raises, received, use)
