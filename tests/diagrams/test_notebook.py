"""What a notebook shows: Jupyter's own formatter finds the picture, and it is the value's."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

from labkit import backend as K
from labkit.diagrams import dependency_view, gate_view, shape_diagram, step_view, unrolled_view
from labkit.layers import LSTM, Conv2D, Dense, Dropout, Flatten, Input, Lambda, Layer
from labkit.models import Model, Sequential

SVG = "{http://www.w3.org/2000/svg}"


def shown(value):
    """The words of the picture that a notebook would show, or None."""
    bundle, _ = DisplayFormatter().format(value)
    assert "text/plain" in bundle
    if "image/svg+xml" not in bundle:
        return None
    root = ElementTree.fromstring(bundle["image/svg+xml"])
    assert "var(" not in bundle["image/svg+xml"]
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def test_a_layer_without_a_shape_is_its_text():
    assert shown(Dense(3)) is None
    assert shown(Sequential([Dense(3)])) is None


@pytest.mark.parametrize(
    ("call", "sizes"),
    [
        (lambda layer: layer(np.ones((5, 7), "float32")), {"5", "7", "3"}),
        (lambda layer: layer(Input((7,))), {"None", "7", "3"}),
        (lambda layer: Sequential([layer]).predict(np.ones((5, 7))), {"None", "7", "3"}),
    ],
)
def test_a_layer_shows_the_shapes_of_its_first_call(call, sizes):
    layer = Dense(3)
    call(layer)
    words = shown(layer)
    assert "共 24 个参数" in words
    assert sizes <= set(words)


def test_a_layer_made_for_a_shape():
    assert {"None", "28", "8"} <= set(shown(Conv2D(8, 3, input_shape=(28, 28, 1))))


def test_layers_of_the_readers_own():
    class Twice(Layer):
        def call(self, inputs):
            return inputs * 2

    for layer in (Twice(), Lambda(lambda x: x + 1), Dropout(0.5), LSTM(2, return_state=True)):
        layer(np.ones((2, 3, 4), "float32"))
        assert {"2", "3", "4"} <= set(shown(layer))


def test_showing_changes_nothing():
    layer = Dense(3)
    layer(np.ones((2, 4), "float32"))
    np.random.seed(1)
    before = [w.copy() for w in layer.get_weights()], np.random.get_state()[2]
    shown(layer)
    assert all((a == b).all() for a, b in zip(before[0], layer.get_weights(), strict=True))
    assert np.random.get_state()[2] == before[1]
    assert Dense(1).name == "dense_2"


def test_models_show_their_graph():
    x = Input((4,), name="features")
    model = Model(x, Dense(2, name="scores")(x))
    assert any("scores" in word for word in shown(model))
    assert any("flatten" in word for word in shown(Sequential([Flatten(input_shape=(2, 3))])))


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (8, 8), (2, 2, 3), (2, 1, 2, 2)])
def test_a_small_tensor_shows_every_number(shape):
    values = np.random.RandomState(0).randint(-99, 99, shape) / 4
    words = shown(K.variable(values, name="v"))
    assert words[0] == f"v:0 {shape} float32"
    numbers = [word for word in words[1:] if re.fullmatch(r"-?[\d.]+", word)]
    assert numbers == [f"{value:.3g}" for value in values.ravel()]


@pytest.mark.parametrize(
    ("shape", "cut"),
    [
        ((100, 3), "… 共 100 行 3 列"),
        ((1000,), "… 共 1 行 1,000 列"),
        ((5, 2, 2), "… 共 5 片"),
        ((30, 30, 9, 2), "… 共 900 片"),
    ],
)
def test_a_large_tensor_says_what_it_leaves_out(shape, cut):
    words = shown(K.zeros(shape))
    assert cut in words
    assert len(words) < 300


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros((0, 3)), ["v:0 (0, 3) float32"]),
        ([np.nan, np.inf], ["v:0 (2,) float32", "nan", "inf"]),
        ([1e-20, -1e20], ["v:0 (2,) float32", "1e-20", "-1e+20"]),
        ([True], ["v:0 (1,) float32", "1"]),
    ],
)
def test_any_numbers_can_be_shown(value, words):
    assert shown(K.variable(value, name="v")) == words


@pytest.mark.parametrize(
    "view", [shape_diagram, dependency_view, step_view, unrolled_view, gate_view]
)
def test_every_view_shows_itself(view):
    picture = view(LSTM(2), (None, 3, 2))
    assert isinstance(picture, str) and picture.startswith("<svg")
    assert shown(picture) == [
        t.text or "" for t in ElementTree.fromstring(picture).iter(f"{SVG}text")
    ]


def test_a_symbol_shows_its_axes():
    words = shown(Input((28, 28, 1), name="image"))
    assert words == ["image (None, 28, 28, 1) float32", "None", "28", "28", "1"]
    assert shown(K.placeholder(ndim=0, name="p")) == ["p () float32"]
