"""看数据: its numbers are the layer's, its windows those of the dependencies, its pixels exact."""

import base64
import io
import json
import re
import warnings

import numpy as np
import pytest
from PIL import Image

from labkit import backend as K
from labkit import layers
from labkit.diagrams import data, dependencies, panel
from labkit.diagrams.data import kernels, pixels, samples
from labkit.diagrams.data.reach import reach
from labkit.diagrams.data.running import run
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.states import example, layer_of, state_of
from labkit.diagrams.svg import standalone
from labkit.diagrams.views import Subject

IMAGE = (None, 6, 6, 1)
GENERATOR = np.random.default_rng(0)
PICTURE = GENERATOR.integers(0, 256, (9, 7, 1), np.uint8)
PHOTO = GENERATOR.integers(0, 256, (8, 12, 3), np.uint8)
with warnings.catch_warnings(action="ignore"):  # layers of Keras 1
    NAMES = [
        name
        for name in EXAMPLES
        if getattr(layers, name).__name__ == name and data.applies(layer_of(example(name)))
    ]
pytestmark = pytest.mark.filterwarnings("ignore:.*Keras 1:UserWarning")


def asked(array, name="drawn"):
    text = base64.b64encode(array.tobytes()).decode()
    return {"name": name, "shape": list(array.shape), "pixels": text}


def view(call, shape=IMAGE, **more):
    state = {**state_of(call, shape), "sample": asked(PICTURE), **more}
    return data.view(Subject(state))


def numbers(packed):
    flat = np.frombuffer(base64.b64decode(packed["numbers"]), "<f4")
    return flat.reshape(packed["shape"])


def pictures(svg):
    """The PNGs of an SVG as arrays, in order."""
    found = re.findall(r'href="data:image/png;base64,([^"]+)"', svg)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in found]


# --- pixels ---


def test_a_png_holds_its_pixels():
    rgb = GENERATOR.integers(0, 256, (5, 3, 3), np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(pixels.png(rgb)))), rgb)
    values = GENERATOR.integers(0, 255, (4, 6), np.uint8)
    image = Image.open(io.BytesIO(pixels.png(values, pixels.PALETTES["signed"])))
    np.testing.assert_array_equal(np.asarray(image), values)
    assert image.getpalette()[: 3 * 255] == list(pixels.PALETTES["signed"])


def test_colours_say_sign_and_size():
    values = np.array([[-2.0, -1.0, 0.0, 1.0, 2.0, 9.0, np.nan]])
    image = Image.open(io.BytesIO(pixels.coded(values, 2.0, "signed"))).convert("RGB")
    colours = [image.getpixel((i, 0)) for i in range(7)]
    assert colours[0] == pixels.BLUE and colours[4] == colours[5] == pixels.ORANGE
    assert colours[2] == colours[6] == (255, 255, 255)
    # Half of a number is half way to white.
    assert np.allclose(colours[1], (np.array(pixels.BLUE) + 255) / 2, atol=1)


# --- windows ---

WINDOWS = [
    ("Conv2D(1, 3)", (None, 5, 6, 1)),
    ("Conv2D(1, (3, 2), strides=(2, 1), padding='same')", (None, 5, 6, 1)),
    ("Conv2D(1, 2, dilation_rate=2, padding='same')", (None, 6, 5, 1)),
    ("DepthwiseConv2D(2, strides=2)", (None, 6, 5, 1)),
    ("SeparableConv2D(1, 3, padding='same')", (None, 4, 5, 1)),
    ("LocallyConnected2D(1, 2)", (None, 4, 5, 1)),
    ("Conv2DTranspose(1, 3, strides=2)", (None, 3, 4, 1)),
    ("Conv2DTranspose(1, 3, strides=2, padding='same')", (None, 3, 4, 1)),
    ("MaxPooling2D(2)", (None, 6, 5, 1)),
    ("AveragePooling2D(3, strides=2, padding='same')", (None, 6, 5, 1)),
    ("GlobalAveragePooling2D()", (None, 3, 4, 1)),
    ("UpSampling2D((2, 3))", (None, 3, 2, 1)),
    ("ZeroPadding2D(((1, 0), (2, 1)))", (None, 3, 4, 1)),
    ("Cropping2D(((1, 0), (2, 1)))", (None, 4, 6, 1)),
    ('Activation("tanh")', (None, 3, 4, 1)),
    ("Conv1D(1, 3, padding='causal', dilation_rate=2)", (None, 8, 1)),
    ("Conv1D(1, 3, strides=2, padding='same')", (None, 8, 1)),
    ("MaxPooling1D(3, strides=2)", (None, 8, 1)),
    ("UpSampling1D(2)", (None, 4, 1)),
    ("ZeroPadding1D((2, 1))", (None, 4, 1)),
    ("Cropping1D((2, 1))", (None, 6, 1)),
]


@pytest.mark.parametrize(("call", "shape"), WINDOWS, ids=[call for call, _ in WINDOWS])
def test_a_window_is_what_the_output_depends_on(call, shape):
    """Its first and last places, less those outside, are those of the traced dependencies."""
    layer, space = layer_of(state_of(call, shape)), shape[1:-1]
    about = dependencies(layer, shape)
    outputs = about.outputs[0][1]
    outputs = outputs[:-1] if len(outputs) == len(shape) - 1 else (1,) * len(space)
    spans = reach(layer, space, outputs)
    assert spans is not None
    for number, links in enumerate(about.links):
        place = np.unravel_index(number, outputs)
        found = np.unravel_index(np.flatnonzero(links), space)
        for axis, (first, last, *gap) in enumerate(spans):
            [step] = gap[0] if gap else [1]
            taps = range(first[place[axis]], last[place[axis]] + 1, step)
            inside = [i for i in taps if 0 <= i < space[axis]]
            if found[0].size:  # otherwise all of it is padding, or between the stamps
                assert sorted(set(found[axis].tolist())) == inside


def test_what_is_no_window_has_none():
    assert view("Flatten()")["data"]["reach"] is None
    assert view("BatchNormalization()")["data"]["reach"] is None


# --- numbers ---


def correlate(x, W):
    rows, columns = x.shape[0] - W.shape[0] + 1, x.shape[1] - W.shape[1] + 1
    return np.array(
        [
            [(x[r : r + W.shape[0], c : c + W.shape[1]] * W).sum() for c in range(columns)]
            for r in range(rows)
        ]
    )


SOBEL = [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0]


def test_an_edited_kernel_is_the_kernel():
    found = view("Conv2D(2, 3)", kernels={"1": SOBEL})["data"]
    x = PICTURE[..., 0] / 255
    expected = correlate(x, np.reshape(SOBEL, (3, 3)))
    np.testing.assert_allclose(numbers(found["y"])[..., 1], expected, atol=1e-5)
    assert found["kernel"]["edited"] == [1]
    assert found["kernel"]["values"][1] == SOBEL
    own = view("Conv2D(2, 3)")["data"]
    assert found["kernel"]["values"][0] == own["kernel"]["values"][0]
    np.testing.assert_array_equal(numbers(found["y"])[..., 0], numbers(own["y"])[..., 0])


@pytest.mark.parametrize(
    "call", ["Conv2D(1, 3)", "DepthwiseConv2D(3)", "Conv2DTranspose(1, 3)", "Conv1D(2, 3)"]
)
def test_the_numbers_shown_are_those_of_the_layer(call):
    """An edit with the numbers that are shown changes nothing."""
    shape = (None, 6, 1) if "1D" in call else IMAGE
    own = view(call, shape)["data"]
    size = own["kernel"]["size"]
    assert len(own["kernel"]["values"][0]) == np.prod(size)
    again = view(call, shape, kernels={"0": own["kernel"]["values"][0]})["data"]
    np.testing.assert_allclose(numbers(again["y"]), numbers(own["y"]), atol=1e-3)
    assert again["kernel"]["edited"] == [0]
    other = view(call, shape, kernels={"0": [9.0] * int(np.prod(size))})["data"]
    assert np.abs(numbers(other["y"]) - numbers(own["y"])).max() > 0.1


def test_a_grey_picture_is_the_same_in_one_channel_and_in_three():
    grey = np.repeat(PICTURE, 3, axis=-1)
    one = view("Conv2D(1, 3)", kernels={"0": SOBEL})["data"]
    three = view("Conv2D(1, 3)", kernels={"0": SOBEL}, sample=asked(grey))["data"]
    np.testing.assert_allclose(numbers(one["y"]), numbers(three["y"]), atol=1e-5)


@pytest.mark.parametrize("edited", [{"0": [1.0]}, {"7": SOBEL}, {}])
def test_a_kernel_that_does_not_fit_is_left(edited):
    found = view("Conv2D(2, 3)", kernels=edited)["data"]
    assert found["kernel"]["edited"] == []
    np.testing.assert_array_equal(numbers(found["y"]), numbers(view("Conv2D(2, 3)")["data"]["y"]))


def test_pixels_are_the_numbers():
    shown = view("Conv2D(2, 3)", kernels={"0": SOBEL})
    y = numbers(shown["data"]["y"])
    by_size = [image for image in pictures(shown["svg"]) if image.shape == y.shape[:2]]
    for image, values in zip(by_size, np.moveaxis(y, -1, 0), strict=True):
        np.testing.assert_array_equal(image, pixels.indices(values, np.abs(values).max()))


def test_a_photograph_stays_one_through_pooling():
    shown = view("MaxPooling2D()", sample=asked(PHOTO, "flower"))
    y = PHOTO.reshape(4, 2, 6, 2, 3).max(axis=(1, 3))
    before, after = (image for image in pictures(shown["svg"]) if image.ndim == 3)
    np.testing.assert_array_equal(before, PHOTO)
    np.testing.assert_array_equal(after, y)
    np.testing.assert_allclose(numbers(shown["data"]["y"]), y / 255, atol=1e-6)


def test_channels_first():
    last = view("Conv2D(2, 3)", kernels={"0": SOBEL})["data"]
    call = "Conv2D(2, 3, data_format='channels_first')"
    first = view(call, (None, 1, 6, 6), kernels={"0": SOBEL})
    assert first["data"]["channelsFirst"] and not last["channelsFirst"]
    np.testing.assert_allclose(numbers(first["data"]["y"]), numbers(last["y"]), atol=1e-6)
    assert "y[0] ±" in first["svg"]


def test_noise_shows_training_and_prediction():
    svg = view("Dropout(0.5)")["svg"]
    assert "训练时" in svg and "预测时" in svg
    x, training, predicting = [image for image in pictures(svg) if image.shape == (9, 7)]
    np.testing.assert_array_equal(x, predicting)
    dropped = (training == pixels.MIDDLE) & (x != pixels.MIDDLE)
    assert 0.2 < dropped.mean() < 0.8


def test_normalization_normalizes():
    y = numbers(view("BatchNormalization()", sample=asked(PHOTO))["data"]["y"])
    np.testing.assert_allclose(y.mean(axis=(0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=(0, 1)), 1, atol=0.05)


def test_an_activation_is_drawn_where_it_bends():
    y = numbers(view('Activation("tanh")')["data"]["y"])
    np.testing.assert_allclose(y, np.tanh(4 * (PICTURE / 255) - 2), atol=1e-6)


def test_flatten_is_the_pixels_in_order():
    y = numbers(view("Flatten()")["data"]["y"])
    assert "(63" in view("Flatten()")["svg"] or y.size == 63
    np.testing.assert_allclose(y.ravel()[:63], PICTURE.ravel() / 255, atol=1e-6)


def test_flatten_names_the_shape_that_the_layer_has():
    svg = view("Flatten()", sample=asked(PHOTO))["svg"]
    assert f"输出 y ({PHOTO.size},)，折成" in svg and "y[:, :, 0]" not in svg


def test_softmax_has_no_curve_and_needs_channels():
    for call in ("Softmax()", 'Activation("softmax")'):
        alone, photo = view(call), view(call, sample=asked(PHOTO))
        assert "y = f(x)" not in alone["svg"] and "y = f(x)" in view("ReLU()")["svg"]
        np.testing.assert_array_equal(numbers(alone["data"]["y"]), 1)
        assert any("只有一个通道" in note for note in alone["notes"])
        assert not any("只有一个通道" in note for note in photo["notes"])
        np.testing.assert_allclose(numbers(photo["data"]["y"]).sum(axis=-1), 1, atol=1e-5)


def test_training_and_prediction_stand_side_by_side_on_a_desk():
    state = {**state_of("Dropout(0.5)", IMAGE), "sample": asked(np.zeros((28, 28, 1), "uint8"))}
    size = re.search(r'viewBox="0 0 \S+ ([\d.]+)"', data.view(Subject(state, wide=True))["svg"])
    assert size and float(size[1]) < 300


# --- series, words, points ---


def test_the_rest_of_a_mean_that_is_zero_is_zero():
    found = view("GlobalAveragePooling1D()", (None, 6, 2))
    assert ">0</text>" in found["svg"] and not re.search(r">[^<]*e−\d+<", found["svg"])
    assert abs(numbers(found["data"]["y"])).max() < 1e-6


def test_a_series_through_a_convolution():
    found = view("Conv1D(1, 3, padding='valid')", (None, 6, 2), kernels={"0": [-1, 0, 1]})["data"]
    x = samples.series()
    np.testing.assert_allclose(numbers(found["y"])[:, 0], x[2:] - x[:-2], atol=1e-5)
    assert found["at"] == list(range(1, 99))


def test_the_series_is_the_one_of_its_source():
    """Years that are known: the maximum of 1957, the minimum of 1913."""
    years = dict(zip(range(1901, 2001), samples.SUNSPOTS, strict=True))
    assert years[1957] == max(years.values()) == 190.2
    assert years[1913] == min(years.values()) == 1.4


@pytest.mark.parametrize("call", ["LSTM(3)", "GRU(2, go_backwards=True)", "SimpleRNN(2)"])
def test_states_over_time_end_in_the_layers_output(call):
    layer = layer_of(state_of(call, (None, 4, 2)))
    found = view(call, (None, 4, 2))["data"]
    x = samples.series()[-len(numbers(found["y"])) :]
    np.testing.assert_allclose(numbers(found["y"])[-1], run(layer, x[:, None]).y, atol=1e-6)
    order = sorted(found["at"], reverse="backwards" in call)
    assert found["at"] == order


def test_equal_words_get_equal_vectors():
    shown = view("Embedding(5, 3)", (None, 4), sample={"name": "text", "text": "b a b c"})
    y = numbers(shown["data"]["y"])
    np.testing.assert_array_equal(y[0], y[2])
    assert not np.array_equal(y[0], y[1])
    layer = run(layers.Embedding(5, 3), np.array([0, 1, 0, 2])).layer
    np.testing.assert_array_equal(y, np.asarray(K.eval(layer.embeddings))[[0, 1, 0, 2]])
    # Without spaces each character is a word.
    assert (
        len(numbers(view("Embedding(5, 3)", (None, 4), sample={"text": "看山看水"})["data"]["y"]))
        == 4
    )


def test_more_words_than_the_table_has_is_explained():
    state = {**state_of("Embedding(2, 3)", (None, 4)), "sample": {"text": "a b c"}}
    [note] = panel.show(state, "data")["notes"]
    assert "Embedding" in note and "2" in note


def test_the_plane_is_the_layers():
    found = view("Dense(2, activation='tanh')", (None, 4))["data"]
    layer = run(layers.Dense(2, activation="tanh"), np.zeros((1, 2)), batch=True).layer
    W = np.asarray(K.eval(layer.kernel))
    y = numbers(found["y"])
    # The corners: rows go down from x1 = 2.
    np.testing.assert_allclose(y[0, 0], np.tanh([-2, 2] @ W), atol=1e-5)
    np.testing.assert_allclose(y[-1, -1], np.tanh([2, -2] @ W), atol=1e-5)


# --- samples and credits ---


def test_without_a_page_it_is_the_first_test_digit():
    found = samples.picture(None)
    assert found.values.shape == (28, 28, 1) and found.values.max() == 1
    again = samples.picture({"name": "digit7"})
    assert not np.array_equal(found.values, again.values)


@pytest.mark.parametrize(
    ("sample", "told"),
    [
        (asked(PHOTO, "flower"), "vultilion"),
        (asked(PHOTO, "china"), "danielbuechele"),
        (asked(PICTURE, "digit3"), "LeCun 与 Cortes"),
    ],
)
def test_the_author_stands_in_what_is_exported(sample, told):
    svg = standalone(view("MaxPooling2D()", sample=sample)["svg"])
    assert re.search(f"<text[^>]*>[^<]*{told}", svg) and f"{told}" in svg.split("</desc>")[0]


@pytest.mark.parametrize(
    ("sample", "cause"),
    [
        ({"name": "drawn", "shape": [200, 2, 1], "pixels": ""}, "每边最多"),
        ({"name": "drawn", "shape": [2, 2, 1], "pixels": "AA=="}, "像素的个数"),
        ({"name": "digit99999"}, "测试集里有"),
    ],
)
def test_a_sample_that_is_none_is_explained(sample, cause):
    state = {**state_of("MaxPooling2D()", IMAGE), "sample": sample}
    [note] = panel.show(state, "data")["notes"]
    assert cause in note


@pytest.mark.parametrize("sample", [asked(PICTURE), asked(PHOTO, "china")], ids=["grey", "photo"])
@pytest.mark.parametrize("name", NAMES)
def test_every_layer_of_the_view(name, sample):
    shown = panel.show({**example(name), "sample": sample}, "data")
    assert shown["view"] == "data" and "data" in shown, shown.get("notes")
    assert "<svg" in shown["svg"] and "<desc>" in shown["svg"]
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown


def test_layers_that_make_no_sense_have_no_such_view():
    assert {"Conv2D", "LSTM", "Embedding", "Dense", "Dropout", "ReLU"} <= set(NAMES)
    assert not {"Conv3D", "Add", "ConvLSTM2D", "SpatialDropout1D", "Masking"} & set(NAMES)
    assert not data.applies(layers.Permute((2, 1))) and data.applies(layers.Permute((2, 1, 3)))


def test_only_what_has_a_kernel_can_be_edited():
    assert kernels.is_editable(layers.Conv2D(1, 3))
    assert view("MaxPooling2D()")["data"]["kernel"] is None
