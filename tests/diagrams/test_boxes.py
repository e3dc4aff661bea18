"""The picture of boxes tells the truth: sizes, parameters and products are the model's own."""

import math
import re
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from labkit.diagrams import box_view
from labkit.diagrams.architecture import Row, family, outline, panel_state, rows, told
from labkit.diagrams.bars import briefly
from labkit.diagrams.cost import multiplications
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.models import Call
from labkit.diagrams.states import example
from labkit.diagrams.views import Subject
from labkit.layers import (
    GRU,
    LSTM,
    Activation,
    Add,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv1D,
    Conv2D,
    Conv3D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    Reshape,
    TimeDistributed,
)
from labkit.models import Model, Sequential
from tests.diagrams.test_models import (
    Read,
    chained,
    nested,
    overlap,
    own,
    points,
    siamese,
    translator,
)


def line():
    return Sequential(
        [
            Conv2D(8, 3, activation="relu", input_shape=(12, 12, 1)),
            MaxPooling2D(),
            Flatten(),
            Dense(10, activation="softmax"),
        ]
    )


def deep():
    """50 layers with skips that cross the rows."""
    x = image = Input((16, 16, 3))
    for block in range(12):
        short = x = Conv2D(4 + block, 1)(x)
        x = BatchNormalization()(x)
        x = Conv2D(4 + block, 3, padding="same")(x)
        x = Add()([x, short])
    return Model(image, Dense(2)(GlobalAveragePooling2D()(x)), name="deep")


def unet():
    """Skips over nearly the whole width: several at once are open at the end of a row."""
    x, kept = Input((16, 16, 2)), []
    image = x
    for _ in range(4):
        x = Conv2D(4, 3, padding="same")(x)
        kept.append(x)
    for short in reversed(kept):
        x = Conv2D(4, 3, padding="same")(Concatenate()([x, short]))
    return Model(image, [x, Flatten()(kept[0])], name="unet")


def mixed():
    """Vectors, sequences, images, volumes, open lengths, two inputs and three outputs."""
    volume, sound = Input((6, 8, 8, 2)), Input((None, 20))
    a = TimeDistributed(Conv2D(3, 3))(Conv3D(4, 1, padding="same")(volume))
    b = Conv1D(7, 3, padding="causal")(sound)
    c, h, s = LSTM(5, return_state=True)(b)
    d = Dense(4)(Flatten()(a))
    e = Reshape((2, 2))(d)
    return Model([volume, sound], [Concatenate()([c, h, s, d]), e, b], name="mixed")


def words():
    return Sequential(
        [
            Embedding(10000, 64, input_length=20),
            Bidirectional(GRU(8, return_sequences=True)),
            LSTM(8),
            Dropout(0.5),
            Dense(1, activation="sigmoid"),
        ]
    )


def channels_first():
    return Sequential(
        [
            Conv2D(40, 3, data_format="channels_first", input_shape=(3, 20, 20)),
            Activation("relu"),
        ]
    )


MODELS = [
    line, deep, unet, mixed, words, channels_first, siamese, chained, translator, nested, own
]  # fmt: skip


@pytest.fixture(params=MODELS, ids=lambda make: make.__name__)
def model(request):
    return request.param()


@pytest.fixture(params=[900, 640, 360])
def width(request):
    return request.param


def written(model, width):
    """{call: (size of its outputs, parameters, products)} as they stand in the picture."""
    texts = {}
    for _, text, nodes, _ in Read(box_view(model, width)).texts:
        if nodes:
            texts.setdefault(nodes[-1], []).append(text)
    found = {}
    for key, parts in texts.items():
        joined = "".join(part for part in parts if re.fullmatch(r"[\d?×]+", part))
        bars = dict(part.split(" ", 1) for part in parts if re.match("参数|乘加", part))
        found[key] = joined, bars.get("参数"), bars.get("乘加")
    return found


def test_sizes_and_costs_are_the_models(model, width):
    shown = written(model, width)
    assert shown.keys() == {row.call.name for row in rows(model)}
    for row in rows(model):
        sizes, weights, products = shown[row.call.name]
        sides = ["×".join("?" if n is None else f"{n}" for n in s[1:]) for s in row.outputs]
        # Of the hints above a box, too, some are sizes.
        assert sizes.endswith("".join(sides))
        if weights not in {None, "共用"}:
            assert weights == briefly(row.layer.count_params())
        if products is not None:
            assert products == briefly(row.multiplications)


def test_totals_are_those_of_the_summary(model):
    whole, lines = outline(model), []
    model.summary(print_fn=lines.append)
    said = next(text for text in lines if "Total params" in text)
    own_calls = [call for call in whole["calls"] if not call["inner"]]
    assert f"{whole['parameters']:,}" == re.search(r"[\d,]+", said)[0]
    used = sum(call["parameters"] for call in own_calls)
    spare = getattr(model, "spare", None)
    assert (
        used + (spare.count_params() if spare is not None and spare.built else 0)
        == whole["parameters"]
    )


def test_a_model_costs_what_its_layers_cost():
    x, y = Input((5,)), Input((3, 3, 2))
    inner = Sequential([Dense(4, input_shape=(5,)), Dense(2)])
    a = inner(x)
    b = Conv2D(3, 2)(y)
    model = Model([x, y], [a, b])
    # 5×4 + 4×2 weights, each used once; 2×2×2×3 weights at four places.
    assert outline(model)["multiplications"] == 28 + 24 * 4
    assert multiplications(inner, [(None, 5)], [(None, 2)]) == 28
    steps = Input((7, 5))
    assert outline(Model(steps, TimeDistributed(inner)(steps)))["multiplications"] == 7 * 28


def test_a_shared_layer_counts_once_and_works_twice():
    first, second = (c for c in outline(siamese())["calls"] if c["box"] == "encoder")
    assert first["parameters"] > 0 == second["parameters"] and second["shared"]
    assert first["multiplications"] == second["multiplications"] > 0


def test_sides_are_as_the_square_root():
    """Of the first row: 12×12×1 to 10×10×8 and 5×5×8."""
    root = ElementTree.fromstring(box_view(line()))
    heights = {}
    for node in root.iter("{http://www.w3.org/2000/svg}g"):
        if node.get("class") == "node":
            front = next(p.get("d") for p in node.iter() if "v" in (p.get("d") or ""))
            heights[node.get("data-key")] = float(re.search(r"v([\d.]+)", front)[1])
    tall = heights["conv2d_1_input"]
    assert heights["conv2d_1"] / tall == pytest.approx(math.sqrt(10 / 12), rel=0.01)
    assert heights["max_pooling2d_1"] / tall == pytest.approx(math.sqrt(5 / 12), rel=0.01)


def test_texts_lie_apart_and_inside(model, width):
    picture = Read(box_view(model, width))
    right_end, height = map(float, picture.root.get("viewBox").split()[2:])
    for (left, top, right, bottom), text, _, box in picture.texts:
        within = box or (0, 0, right_end, height)
        assert within[0] <= left and right <= within[2], text
        assert within[1] <= top and bottom <= within[3] + 0.5, text
    for (one, text, *_), (other, another, *_) in combinations(picture.texts, 2):
        assert not overlap(one, other), (text, another)
    for (one, a), (other, b) in combinations([(p, k) for k, p in picture.nodes.items()], 2):
        assert not overlap(one, other), (a, b)


def test_it_fits_its_width(model, width):
    drawn = float(box_view(model, width).split('viewBox="0 0 ')[1].split()[0])
    assert drawn <= width


def test_no_arrow_runs_through_a_box(model, width):
    svg = box_view(model, width)
    picture, found = Read(svg), []

    def walk(element, x, y):
        if move := element.get("transform"):
            dx, dy = map(float, re.fullmatch(r"translate\((\S+) (\S+)\)", move).groups())
            x, y = x + dx, y + dy
        if element.get("class") in {"edge", "lane"}:
            d = next(iter(element)).get("d")
            way = points(d) if element.get("class") == "edge" else between(d)
            found.append([(u + x, v + y) for u, v in way])
        for child in element:
            walk(child, x, y)

    walk(ElementTree.fromstring(svg), 0, 0)
    assert found
    for way in found:
        for key, (left, top, right, bottom) in picture.nodes.items():
            for u, v in way:
                inside = left + 1 < u < right - 1 and top + 1 < v < bottom - 1
                assert not inside, (key, u, v)


def between(d):
    """Many points on a line with round corners."""
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", d)]
    corners = list(zip(numbers[::2], numbers[1::2], strict=True))
    parts = [np.linspace(a, b, 40) for a, b in pairwise(corners)]
    return np.concatenate(parts).tolist()


def test_what_it_says_in_words():
    root = ElementTree.fromstring(box_view(line()))
    said = root.find("{*}desc").text
    assert "conv2d_1: Conv2D，80 个参数；输入 (None, 12, 12, 1)，输出 (None, 10, 10, 8)" in said


def test_a_model_that_is_not_built_says_so():
    with pytest.raises(ValueError, match="还没有建好"):
        box_view(Sequential([Dense(3)]))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_panel_gets_the_layer_as_it_is(name):
    made = Subject(example(name)).sketch
    row = Row(Call(name, None, 0, ""), made.layer, made.inputs, made.outputs, 0, 0)
    state = panel_state(row, told(made.layer))
    if name in {"RNN", "SimpleRNNCell", "GRUCell", "LSTMCell", "StackedRNNCells", "Lambda"}:
        assert state is None  # neither a cell nor a function can be typed
        return
    again = Subject({**state, "training": False, "masked": []}).sketch
    assert again.outputs == made.outputs
    assert again.layer.count_params() == made.layer.count_params()


def test_settings_that_differ_are_told():
    named = {"kernel_initializer": "he_normal", "kernel_regularizer": "l2"}
    layer = Conv2D(4, 3, padding="same", input_shape=(4, 4, 1), **named)
    wrapped = TimeDistributed(Dense(3, activation="relu"), input_shape=(2, 4))
    first, second = Sequential([layer]), Sequential([wrapped])
    settings = outline(first)["calls"][1]["settings"]
    assert settings == {
        "filters": "4",
        "kernel_size": "(3, 3)",
        "padding": '"same"',
        "kernel_initializer": '"he_normal"',
        "kernel_regularizer": '"l2"',
    }
    text = outline(second)["calls"][1]["settings"]["layer"]
    assert text == 'Dense(units=3, activation="relu")'


def test_families():
    found = {family(row.layer) for row in rows(words())}
    assert found == {"其他", "嵌入", "循环", "归一化、正则化", "全连接"}
