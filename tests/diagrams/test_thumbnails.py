"""The small pictures of all layers: one for each, of its own, with numbers of the layer itself."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

import labkit.layers
from labkit import backend as K
from labkit.diagrams.thumbnails import THUMBNAILS, blocks, flow, thumbnail, values, windows
from labkit.diagrams.thumbnails.pen import STROKE
from labkit.engine.base_layer import Layer
from labkit.layers import (
    ELU,
    Add,
    Average,
    AveragePooling2D,
    Cropping2D,
    Dense,
    Maximum,
    MaxPooling2D,
    Minimum,
    Multiply,
    Reshape,
    Subtract,
    UpSampling2D,
    ZeroPadding2D,
)

BASES = {"Layer", "Recurrent", "ConvRecurrent2D"}  # nobody builds a model of these
FORMULAS = {Add: np.add, Subtract: np.subtract, Multiply: np.multiply, Maximum: np.maximum}


def texts(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_every_layer_has_one():
    names = {
        thing.__name__
        for thing in (getattr(labkit.layers, name) for name in labkit.layers.__all__)
        if isinstance(thing, type) and issubclass(thing, Layer)
    }
    assert set(THUMBNAILS) == names - BASES


def test_no_two_layers_look_alike():
    assert len({thumbnail(name) for name in THUMBNAILS}) == len(THUMBNAILS)


@pytest.mark.parametrize("name", THUMBNAILS)
def test_it_is_a_small_picture(name):
    svg = thumbnail(name, "图")
    root = ElementTree.fromstring(svg)
    assert root.get("viewBox") == "0 0 120 80" and root.get("aria-label") == "图"
    assert len(svg) < 6000
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', svg)]
    assert all(size >= 7 for size in sizes)
    assert "aria-hidden" in thumbnail(name)


def test_drawing_disturbs_nobody():
    np.random.seed(7)
    K.set_learning_phase(0)
    expected = np.random.RandomState(7).rand(3)
    first = [thumbnail(name) for name in THUMBNAILS]
    assert Dense(2).name == "dense_1"
    np.testing.assert_array_equal(np.random.rand(3), expected)
    assert [thumbnail(name) for name in THUMBNAILS] == first


@pytest.mark.parametrize("layer", FORMULAS, ids=lambda layer: layer.__name__)
def test_merging_writes_what_the_formula_gives(layer):
    expected = FORMULAS[layer](flow.A, flow.B)
    shown = texts(flow.merged(layer(), "+"))[:9]
    assert [float(text) for text in shown] == [*flow.A, *flow.B, *expected]


def test_other_merging():
    average = texts(flow.merged(Average(), "平均"))
    assert [float(text) for text in average[6:9]] == list((flow.A + flow.B) / 2)
    least = texts(flow.merged(Minimum(), "min"))
    assert [float(text) for text in least[6:9]] == list(np.minimum(flow.A, flow.B))
    assert float(texts(flow.dotted())[-1]) == flow.A @ flow.B


@pytest.mark.parametrize(("layer", "reduce"), [(MaxPooling2D, np.max), (AveragePooling2D, np.mean)])
def test_pooling_writes_what_its_windows_hold(layer, reduce):
    picture = STROKE[1:5, 1:5]
    numbers = [float(t) for t in texts(windows.pool2d(layer(2), "w"))[:20]]
    assert numbers[:16] == list(picture.ravel())
    expected = [reduce(picture[r : r + 2, c : c + 2]) for r in (0, 2) for c in (0, 2)]
    assert numbers[16:] == pytest.approx(expected, abs=0.06)


def test_the_window_is_the_layers_own():
    """An output of a 3×3 kernel with stride 2 sees the cells that the definition names."""
    conv = labkit.layers.Conv2D(1, 3, strides=2)
    assert windows.seen(conv, (7, 7, 1), (1, 2, 0), (0, 1)) == [(2, 4), (4, 6)]
    dilated = labkit.layers.Conv1D(1, 3, dilation_rate=2)
    assert windows.seen(dilated, (7, 2), (1, 0), (0, 1)) == [(1, 5), (0, 1)]


def test_cells_that_move():
    padded = blocks.rearranged(ZeroPadding2D(1), STROKE[1:4, 1:4, None])
    assert texts(padded) == ["0"] * 16
    cropped = blocks.rearranged(Cropping2D(1), STROKE[1:, 1:, None])
    [crossed] = re.findall(r'd="([^"]*L[^"]*)"', cropped)
    assert crossed.count("L") == 2 * 16
    larger = blocks.rearranged(UpSampling2D(2), np.arange(4.0).reshape(2, 2, 1), numbers=True)
    doubled = np.arange(4.0).reshape(2, 2).repeat(2, 0).repeat(2, 1).ravel()
    assert [float(t) for t in texts(larger)[4:]] == list(doubled)
    moved = blocks.rearranged(Reshape((2, 3)), np.arange(6.0), ((6, 1), (2, 3)), numbers=True)
    assert [float(t) for t in texts(moved)] == [*range(6), *range(6)]


def test_a_curve_is_the_function():
    """Read back from the path: x and ELU(x)."""
    [d] = re.findall(r'stroke-width="2.2"[^>]*/>|d="(M[^"]*L[^"]*)"', values.activation(ELU()))[:1]
    points = np.array([[float(n) for n in p.split()] for p in re.split("[ML]", d)[1:]])
    x, y = (points[:, 0] - 60) / 17, (52 - points[:, 1]) / 15
    np.testing.assert_allclose(y, np.where(x > 0, x, np.expm1(x)), atol=0.02)


def test_batches_come_out_alike():
    random = np.random.RandomState(0)
    y = values.run_batch(labkit.layers.BatchNormalization(), random.normal(5, 3, (200, 2)))
    np.testing.assert_allclose(np.mean(y, 0), 0, atol=1e-3)
    np.testing.assert_allclose(np.std(y, 0), 1, atol=1e-2)
