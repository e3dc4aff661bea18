"""Shape diagrams tell the truth: what they show equals what the layer does."""

import re
import time
import tracemalloc
import warnings
from xml.etree import ElementTree

import numpy as np
import pytest

from labkit import backend as K
from labkit.backend import state as process
from labkit.diagrams import (
    connectivity_view,
    dependencies,
    dependency_view,
    shape_diagram,
    standalone,
    step_view,
    steps,
)
from labkit.diagrams.controls import controls
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.fixes import fixes, ranges
from labkit.diagrams.panel import show
from labkit.diagrams.states import code_of, example, input_of, layer_of
from labkit.diagrams.views import views_of
from labkit.layers import (
    GRU,
    LSTM,
    Add,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dot,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling2D,
    Highway,
    Input,
    LocallyConnected2D,
    MaxPooling2D,
    Reshape,
)
from tests.layers.test_every_layer import CASES
from tests.mistakes import holding
from tests.slopes import as_list

SVG = "{http://www.w3.org/2000/svg}"


def draw(layer, shape):
    return ElementTree.fromstring(shape_diagram(layer, shape))


def words(picture):
    return [text.text for text in picture.iter(f"{SVG}text")]


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


def described(picture):
    """The weights and the count that the description lists."""
    text = picture[1].text.split("；")[-1]
    weights = [tuple(map(int, re.findall(r"\d+", s))) for s in re.findall(r"\(([\d, ]+)\)", text)]
    count = re.search(r"共 ([\d,]+) 个参数", text)
    return weights, int(count[1].replace(",", "")) if count else 0


def check_against_a_run(make, shapes):
    """Shapes, weights and counts of the picture are those of a call on real arrays."""
    given = list(map(tuple, shapes))
    picture = draw(make(), given if len(given) > 1 else given[0])
    arrays = [np.ones(shape, "float32") for shape in given]
    layer = make()
    outputs = as_list(layer(arrays if len(arrays) > 1 else arrays[0]))
    assert sizes(tensors(picture, "输入")) == given
    assert sizes(tensors(picture, "输出")) == [y.shape for y in outputs]
    weights, count = described(picture)
    assert sorted(weights) == sorted(w.shape for w in layer.get_weights())
    assert count == layer.count_params()


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_drawn_as_they_run(name):
    state = example(name)
    shapes = [(2, *shape[1:]) for shape in state["inputs"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Highway, MaxoutDense
        check_against_a_run(lambda: layer_of(state), shapes)


# Such a layer cannot be made anew from its config, which holds the cell as a dict.
@pytest.mark.parametrize(
    ("make", "shapes", "call"), [row for row in CASES if type(row[0]()).__name__ != "CellAsLayer"]
)
def test_every_setting_is_drawn_as_it_runs(make, shapes, call):
    check_against_a_run(make, shapes)


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
    dashed = [rect for rect in picture.iter(f"{SVG}rect") if rect.get("stroke-dasharray")]
    assert len(dashed) == 4
    known = draw(Dense(4), (2, 5, 3))
    assert not [rect for rect in known.iter(f"{SVG}rect") if rect.get("stroke-dasharray")]


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


def test_a_name_stands_on_one_line():
    for layer in (GlobalAveragePooling2D(), Conv2D(1, 1)):
        (name,) = (
            text
            for text in draw(layer, (None, 3, 3, 2)).iter(f"{SVG}text")
            if text.text == type(layer).__name__
        )
        assert name.get("font-weight") == "600"


# --- size and time ---

HUGE = {
    "Conv2D": (lambda: Conv2D(64, 3), (None, 1024, 1024, 512)),
    "Conv2D many filters": (lambda: Conv2D(4096, 7), (None, 1024, 1024, 512)),
    "Conv2DTranspose": (lambda: Conv2DTranspose(512, 5, strides=4), (None, 1024, 1024, 512)),
    "LocallyConnected2D": (lambda: LocallyConnected2D(64, 3), (None, 256, 256, 64)),
    "MaxPooling2D": (lambda: MaxPooling2D(), (None, 1024, 1024, 512)),
    "Flatten": (lambda: Flatten(), (None, 1024, 1024, 512)),
    "Dense": (lambda: Dense(1000), (None, 1024 * 1024 * 512)),
    "Reshape": (lambda: Reshape((2, -1)), (None, 1024 * 1024 * 512)),
    "LSTM": (lambda: LSTM(10000), (None, 100000, 5000)),
    "Bidirectional": (
        lambda: Bidirectional(GRU(10000, return_sequences=True)),
        (None, None, 10000),
    ),
    "Embedding": (lambda: Embedding(10**8, 4096), (None, 10**6)),
    "BatchNormalization": (lambda: BatchNormalization(), (None, 1024 * 1024 * 512)),
    "Add": (lambda: Add(), [(None, 1024, 1024, 512)] * 4),
    "Dot": (lambda: Dot(axes=2), [(None, 100000, 64)] * 2),
}


@pytest.mark.parametrize(("make", "shape"), HUGE.values(), ids=HUGE)
@pytest.mark.parametrize("function", [shape_diagram, dependency_view, step_view])
def test_huge_shapes_are_drawn_at_once(function, make, shape):
    layer = make()
    started = time.process_time()
    function(layer, shape)
    assert time.process_time() - started < 1
    tracemalloc.start()
    try:
        function(layer, shape)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50e6


# --- nothing is loaded, run or left behind ---

EVENT = re.compile(r"\son\w+\s*=")
BOUGHT = ("<script", "href", "url(", "<image", "<foreignObject", "@import", "javascript:")


# Pixels that stand in the picture itself load nothing.
PIXELS = re.compile(r'<image [^<>]*href="data:image/png;base64,[\w+/=]+"/>')


def check_inert(svg):
    ElementTree.fromstring(svg)
    svg = PIXELS.sub("", svg)
    assert not [part for part in BOUGHT if part in svg]
    assert not EVENT.search(svg)
    assert not re.search(r"\sid\s*=", svg)  # several pictures are on one page


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_is_loaded_or_run(name):
    state = example(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        views = views_of(layer_of(state))
    for view in views:
        svg = show(state, view)["svg"]
        check_inert(svg)
        check_inert(standalone(svg))
        assert "var(" not in standalone(svg).split("</desc>")[0]


def test_hostile_names_are_text():
    name = '"><script>alert(1)</script><a href="x" onclick="x" id="x">'
    for function in (shape_diagram, dependency_view, step_view):
        picture = ElementTree.fromstring(function(Dense(2, name=name), (None, 3)))
        assert {element.tag for element in picture.iter()} <= {
            f"{SVG}{tag}" for tag in ("svg", "title", "desc", "g", "rect", "text", "path", "style")
        }
        assert not [e for e in picture.iter() if {"onclick", "href", "id"} & set(e.keys())]


def disturbance():
    """What a picture must leave alone, besides the layer: a number of each kind of name as well."""
    state = np.random.get_state()
    return (
        state[0],
        state[1].tolist(),
        state[2:],
        K.floatx(),
        K.image_data_format(),
        K.learning_phase(),
        dict(process.state.uids),
        list(warnings.filters),
    )


PICTURES = {
    "shape_diagram": shape_diagram,
    "dependency_view": dependency_view,
    "step_view": step_view,
    "dependencies": dependencies,
    "dependencies in training": lambda layer, shape: dependencies(layer, shape, True),
    "steps": steps,
    "steps in training": lambda layer, shape: steps(layer, shape, True),
}
KINDS = {
    "Dense": (lambda: Dense(4, kernel_regularizer="l2"), (None, 3)),
    "Dropout": (lambda: Dropout(0.5), (None, 3)),
    "BatchNormalization": (lambda: BatchNormalization(), (None, 3)),
    "LSTM": (lambda: LSTM(2, stateful=True), (2, 4, 3)),
    "Bidirectional": (lambda: Bidirectional(LSTM(2)), (None, 4, 3)),
    "Concatenate": (lambda: Concatenate(), [(None, 3), (None, 2)]),
    "Embedding": (lambda: Embedding(5, 3), (None, 3)),
    "too large": (lambda: Conv2D(64, 3), (None, 64, 64, 3)),
    "refused": (lambda: Conv2D(2, 9), (None, 5, 5, 1)),
}


@pytest.mark.parametrize("phase", [None, 1])
@pytest.mark.parametrize("floatx", ["float32", "float16"])
@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize(("make", "shape"), KINDS.values(), ids=KINDS)
def test_nothing_is_disturbed(draw, make, shape, floatx, phase):
    K.set_floatx(floatx)
    try:
        if phase is not None:
            K.set_learning_phase(phase)
        layer = make()
        before = disturbance(), holding(layer)
        try:
            draw(layer, shape)
        except ValueError:
            assert isinstance(layer, Conv2D)
        assert (disturbance(), holding(layer)) == before
    finally:
        K.set_floatx("float32")


def test_nothing_is_disturbed_by_the_panel():
    for name in EXAMPLES:
        state = example(name)
        before = disturbance(), repr(state)
        views = show(state)["views"]
        for view in views:
            show({**state, "training": True}, view)
        code_of(state)
        ranges(state)
        controls(type_of(state))
        assert (disturbance(), repr(state)) == before, name
    broken = {**example("Conv2D"), "inputs": [[None, 2, 2, 1]]}
    before = disturbance(), repr(broken)
    assert show(broken)["fixes"] and fixes(broken)
    connectivity_view()
    assert (disturbance(), repr(broken)) == before


def type_of(state):
    from labkit import layers

    return getattr(layers, state["layer"])


def test_warnings_of_copies_are_not_heard():
    with pytest.warns(UserWarning, match="Keras 1"):
        layer = Highway()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for draw in PICTURES.values():
            draw(layer, (None, 3))


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize(("make", "shape"), [KINDS[k] for k in KINDS if k != "refused"])
def test_a_built_layer_keeps_its_weights(draw, make, shape):
    layer = make()
    shapes = shape if isinstance(shape, list) else [shape]
    arrays = [np.ones((2, *s[1:]), "float32") for s in shapes]
    y = layer(arrays if len(arrays) > 1 else arrays[0])
    layer.trainable = False
    before = holding(layer)
    draw(layer, shape)
    assert holding(layer) == before
    if not isinstance(layer, LSTM):  # stateful: what comes next depends on what was
        again = layer(arrays if len(arrays) > 1 else arrays[0])
        np.testing.assert_array_equal(again, y)


# --- errors ---

REFUSED = {
    "window too large": (lambda: Conv2D(2, 9), (None, 5, 5, 1)),
    "rank": (lambda: Conv2D(2, 3), (None, 5, 1)),
    "unknown length": (lambda: Flatten(), (None, None, 3)),
    "unknown channels": (lambda: Dense(2), (None, None)),
    "sizes": (lambda: Reshape((4, 4)), (None, 15)),
    "branches": (lambda: Add(), [(None, 3), (None, 4)]),
    "concatenated": (lambda: Concatenate(axis=1), [(None, 3, 2), (None, 4, 3)]),
    "one branch": (lambda: Add(), (None, 3)),
    "strides and dilation": (lambda: Conv2D(2, 3, strides=2, dilation_rate=2), (None, 9, 9, 1)),
}


@pytest.mark.parametrize(("make", "shape"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("draw", [shape_diagram, dependency_view, step_view])
def test_wrong_settings_raise_the_layers_own_error(draw, make, shape):
    several = isinstance(shape, list)
    symbols = [Input(batch_shape=s) for s in (shape if several else [shape])]
    layer = make()
    with pytest.raises((ValueError, TypeError)) as own:
        layer(symbols if several else symbols[0])
    with pytest.raises(type(own.value)) as drawn:
        draw(layer, shape)
    assert type(drawn.value) is type(own.value)
    assert str(drawn.value) == str(own.value)


def test_inputs_of_a_state_reach_the_layer_as_a_list_where_it_wants_one():
    assert input_of(example("Add")) == [(None, 3), (None, 3)]
    assert input_of(example("Dense")) == (None, 4)
