"""Shape diagrams tell the truth: what they show equals what the layer does."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from labkit.diagrams import shape_diagram
from labkit.layers import (
    LSTM,
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    MaxPooling2D,
)

CASES = {
    "Dense": (Dense(4), (2, 5, 3)),
    "Activation": (Activation("relu"), (2, 3)),
    "Flatten": (Flatten(), (2, 4, 5, 3)),
    "Dropout": (Dropout(0.5), (2, 3)),
    "Conv2D": (Conv2D(8, (3, 5), strides=2, padding="same"), (2, 9, 8, 3)),
    "Conv2D channels_first": (Conv2D(8, 3, data_format="channels_first"), (2, 3, 9, 8)),
    "MaxPooling2D": (MaxPooling2D(), (2, 9, 8, 3)),
    "LSTM": (LSTM(4), (2, 7, 3)),
    "LSTM with states": (LSTM(4, return_sequences=True, return_state=True), (2, 7, 3)),
    "Embedding": (Embedding(10, 4), (2, 7)),
    "Add": (Add(), [(2, 3), (2, 3)]),
    "BatchNormalization": (BatchNormalization(), (2, 32)),
}


def draw(layer, shape):
    return ElementTree.fromstring(shape_diagram(layer, shape))


def words(picture):
    return [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]


def tensors(picture, caption):
    """The shapes in a column: the numbers and axis names that follow each caption."""
    shown, shapes = words(picture), []
    for i, word in enumerate(shown):
        if re.fullmatch(rf"{caption}( \d)?", word):
            sizes = []
            while i + 2 < len(shown) and re.fullmatch(r"\d+|None", shown[i + 1]):
                sizes.append((shown[i + 1], shown[i + 2]))
                i += 2
            shapes.append(sizes)
    return shapes


def sizes(columns):
    return [tuple(int(size) for size, _ in column) for column in columns]


@pytest.mark.parametrize(("layer", "shape"), CASES.values(), ids=CASES)
def test_shapes_are_those_of_a_real_call(layer, shape):
    picture = draw(layer, shape)
    shapes = shape if isinstance(shape, list) else [shape]
    arrays = [np.ones(one, "float32") for one in shapes]
    result = layer(arrays if isinstance(shape, list) else arrays[0])
    outputs = result if isinstance(result, list) else [result]
    assert sizes(tensors(picture, "输入")) == shapes
    assert sizes(tensors(picture, "输出")) == [y.shape for y in outputs]


@pytest.mark.parametrize(("layer", "shape"), CASES.values(), ids=CASES)
def test_weights_and_parameter_count(layer, shape):
    shown = " ".join(words(draw(layer, shape)))
    fresh = type(layer).from_config(layer.get_config())
    fresh.build(shape)
    for weight in fresh.get_weights():
        assert str(weight.shape) in shown
    count = fresh.count_params()
    assert f"共 {count} 个参数" in shown if count else "没有权重" in shown


def test_only_the_weights_that_training_changes_are_called_trainable():
    assert "共 128 个参数，64 个不训练" in words(draw(BatchNormalization(), (None, 32)))


def test_axes_are_named():
    def names(*arguments, caption="输出"):
        return [name for _, name in tensors(draw(*arguments), caption)[0]]

    images = ["批次 batch", "行 rows", "列 cols", "通道 channels"]
    assert names(Conv2D(8, 3), (None, 9, 9, 1)) == images
    first = names(Conv2D(8, 3, data_format="channels_first"), (None, 1, 9, 9))
    assert first == ["批次 batch", "通道 channels", "行 rows", "列 cols"]
    assert names(Embedding(10, 4), (None, 7), caption="输入") == ["批次 batch", "时间 time"]


def test_unknown_axes_are_drawn_dashed():
    picture = draw(Dense(4), (None, None, 3))
    assert [size for size, _ in tensors(picture, "输入")[0]] == ["None", "None", "3"]
    dashed = [
        rect
        for rect in picture.iter("{http://www.w3.org/2000/svg}rect")
        if rect.get("stroke-dasharray")
    ]
    assert len(dashed) == 4


def test_it_is_described_for_those_who_cannot_see_it():
    picture = draw(Dense(2), (None, 3))
    title, description = picture[0].text, picture[1].text
    assert title == "Dense 层的形状图"
    assert (
        description
        == "输入 (None, 3)；输出 (None, 2)；权重 kernel (3, 2)，bias (2,)，共 8 个参数。"
    )


def test_only_arguments_that_matter_are_shown():
    shown = words(draw(Conv2D(8, 3, padding="same", use_bias=False), (None, 9, 9, 1)))
    arguments = [word for word in shown if "=" in word]
    assert arguments == ["filters=8", "kernel_size=(3, 3)", 'padding="same"', "use_bias=False"]


def test_the_layer_stays_as_it_was():
    layer = Dense(4)
    shape_diagram(layer, (None, 3))
    assert not layer.built
    assert not layer.weights


def test_text_fits_its_box():
    # 172 of the 360 units are the layer's; a monospaced letter of size 10.5 is 6.4 wide.
    for layer, shape in CASES.values():
        for text in draw(layer, shape).iter("{http://www.w3.org/2000/svg}text"):
            if text.get("font-size") == "10.5" and "mono" in text.get("font-family"):
                assert len(text.text) * 6.4 <= 166, text.text


def test_nothing_is_loaded_or_run():
    svg = shape_diagram(Dense(4), (None, 3))
    assert "<script" not in svg and "href" not in svg and "url(" not in svg
