"""The panel's figures: parameters as the layer counts them, multiplications counted one by one."""

import itertools
import math
import re

import numpy as np
import pytest

from labkit import backend as K
from labkit.diagrams import connectivity_view, dependencies
from labkit.diagrams.copies import sketch
from labkit.diagrams.cost import amount, cost, multiplications
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.states import input_of, layer_of, state_of
from labkit.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    ConvLSTM2D,
    Dense,
    DepthwiseConv2D,
    Embedding,
    Highway,
    LocallyConnected1D,
    LocallyConnected2D,
    MaxoutDense,
    SeparableConv2D,
    SimpleRNN,
    TimeDistributed,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*是 Keras 1 的层:UserWarning")


def counted(layer, shape):
    return multiplications(*sketch(layer, shape))


# Every output is a sum of products: as many multiplications as the dependencies have products.
PRODUCTS = [
    (Dense(4), (None, 3)),
    (Dense(4), (None, 2, 5, 3)),
    (Conv1D(2, 3, strides=2), (None, 9, 2)),
    (Conv2D(2, (2, 3), dilation_rate=(2, 1)), (None, 5, 4, 2)),
    (Conv2D(2, 2, data_format="channels_first"), (None, 2, 4, 3)),
    (Conv3D(1, 2), (None, 3, 3, 3, 2)),
    (DepthwiseConv2D(2, depth_multiplier=2), (None, 4, 4, 2)),
    (LocallyConnected1D(2, 3), (None, 6, 2)),
    (LocallyConnected2D(2, 2), (None, 3, 4, 2)),
    (Conv2DTranspose(2, 2, strides=2), (None, 3, 3, 2)),
    (TimeDistributed(Dense(3)), (None, 4, 2)),
]


@pytest.mark.parametrize(("layer", "shape"), PRODUCTS)
def test_products_are_counted_one_by_one(layer, shape):
    about = dependencies(layer, shape)
    assert about.notes == []
    assert counted(layer, shape) == (about.products >= 0).sum()


def test_a_window_over_the_border_counts_in_full():
    places = len(list(itertools.product(range(0, 5, 2), range(0, 4, 2))))
    layer = Conv2D(3, 3, strides=2, padding="same")
    assert counted(layer, (None, 5, 4, 2)) == places * 3 * 3 * 2 * 3


@pytest.mark.parametrize(("cell", "gates"), [(SimpleRNN, 1), (GRU, 3), (LSTM, 4)])
def test_every_step_multiplies_with_all_weights(cell, gates):
    each = gates * (3 * 2 + 2 * 2)  # kernel and recurrent_kernel
    assert counted(cell(2), (None, 5, 3)) == 5 * each
    assert counted(Bidirectional(cell(2)), (None, 5, 3)) == 2 * 5 * each
    assert counted(cell(2), (None, None, 3)) is None


def test_other_layers_by_their_definition():
    # a 2×2 window for every channel, then a 1×1 window over them, at 3×3 places
    assert counted(SeparableConv2D(5, 2), (None, 4, 4, 3)) == 9 * (2 * 2 * 3 + 3 * 5)
    # four gates; 2×2 windows of the input, and of the state, at 3×3 places, in 2 steps
    size = 4 * (2 * 2 * 1 * 2 + 2 * 2 * 2 * 2)
    assert counted(ConvLSTM2D(2, 2), (None, 2, 4, 4, 1)) == 2 * 9 * size
    assert counted(TimeDistributed(Conv2D(2, 2)), (None, 3, 4, 4, 1)) == 3 * 9 * 2 * 2 * 2
    assert counted(Embedding(10, 4), (None, 5)) == 0
    assert counted(BatchNormalization(), (None, 5)) == 0
    assert counted(Highway(), (None, 5)) == 2 * 5 * 5  # the transform and its gate
    assert counted(MaxoutDense(3, nb_feature=4), (None, 5)) == 4 * 5 * 3


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_sum_of_the_weights_is_the_number_of_parameters(name):
    state = state_of(*EXAMPLES[name])
    built, inputs, outputs = sketch(layer_of(state), input_of(state))
    sentence = cost(built, inputs, outputs)[0]
    numbers = {int(n.replace(",", "")) for n in re.findall(r"[\d,]+\d|\d", sentence)}
    assert built.count_params() in numbers
    for product, size in re.findall(r"(\d+(?:×\d+)+) = ([\d,]+)", sentence):
        assert math.prod(map(int, product.split("×"))) == int(size.replace(",", ""))
    for w in built.weights:
        assert "×".join(map(str, w.shape)) in sentence or f" {w.shape[0]:,}" in sentence


def test_memory_is_what_numpy_takes():
    layer = Conv2D(8, 3)
    y = layer(np.ones((1, 28, 28, 1), "float32"))
    weights = sum(w.nbytes for w in layer.get_weights())
    sentence = cost(*sketch(layer, (None, 28, 28, 1)))[1]
    assert f"权重占 {amount(weights)}" in sentence
    assert f"输出占 {amount(y.nbytes)}" in sentence
    assert "随输入的长度而定" in cost(*sketch(Conv1D(2, 3), (None, None, 1)))[1]
    before = K.floatx()
    K.set_floatx("float64")
    try:
        assert f"权重占 {amount(2 * weights)}" in cost(*sketch(layer, (None, 28, 28, 1)))[1]
    finally:
        K.set_floatx(before)
    assert [amount(n) for n in (0, 1023, 1024, 1.5 * 2**20, 3 * 2**30, 2**50)] == [
        "0 B", "1,023 B", "1.0 KB", "1.5 MB", "3.0 GB", "1,048,576.0 GB",
    ]  # fmt: skip


def test_costs_do_not_build_what_they_count():
    assert counted(Dense(10**6), (None, 10**6)) == 10**12
    with pytest.raises(ValueError, match="2⁶³"):
        sketch(Dense(10**10), (None, 10**10))


@pytest.mark.parametrize(("length", "window"), [(6, 3), (3, 3), (8, 2)])
def test_the_connectivity_view_draws_every_link_with_its_weight(length, window):
    """Dense: a weight a line; convolution: one a place in the window; local: one a line again."""
    outputs = length - window + 1
    drawn = re.findall(
        r'data-link="(\d+)-(\d+)" data-weight="(\d+)"', connectivity_view(length, window)
    )
    links = [tuple(map(int, link)) for link in drawn]
    near = [(i, o, i - o) for o in range(outputs) for i in range(o, o + window)]
    everything = [(i, o) for o in range(outputs) for i in range(length)]
    dense, conv, local = (
        links[: len(everything)],
        links[len(everything) : len(everything) + len(near)],
        links[len(everything) + len(near) :],
    )
    assert sorted(link[:2] for link in dense) == sorted(everything)
    assert len({link[2] for link in dense}) == len(everything)
    assert sorted(conv) == sorted(near)
    assert sorted(link[:2] for link in local) == sorted(link[:2] for link in near)
    assert len({link[2] for link in local}) == len(near)
