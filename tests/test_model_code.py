"""Scripts for Keras, run as far as their models (docs/live/model_code.py)."""

import asyncio
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import labkit
from docs.live.model_code import ModelCode
from docs.live.runner import Page
from tests.fences import ROOT

EXAMPLES = sorted((ROOT / "docs/live/models").glob("*.py"))
OLD = sorted((ROOT / "tests/old_scripts").glob("*.py"))
HEAD = "from keras.models import Sequential, Model\nfrom keras.layers import *\n"


@pytest.fixture(autouse=True)
def as_before():
    """What as_keras changes, put back."""
    keras, manner = (
        {n: m for n, m in sys.modules.items() if n.split(".")[0] == "keras"},
        labkit.manner(),
    )
    yield
    for name in [n for n in sys.modules if n.split(".")[0] == "keras"]:
        del sys.modules[name]
    sys.modules |= keras
    labkit.set_manner(manner)


def built(code):
    script = ModelCode(code, "第 1 格")
    script.run()
    return script


def only(code):
    [(_, model)] = built(code).shown()
    return model


def run(code):
    """What the page is sent: figures, notes, the error."""
    sent = []
    page = Page(sent.append)
    with ThreadPoolExecutor(1) as thread:  # where no browser of another test keeps a loop running
        error = thread.submit(asyncio.run, page.run([code], ["第 1 格"], 0, 1.0, True)).result()
    figures = [m for m in sent if m["type"] == "figure"]
    notes = "".join(m["done"] for m in sent if m.get("kind") == "note")
    return figures, notes, error


@pytest.mark.filterwarnings("ignore:Keras 1")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_of_the_page(path):
    figures, _, error = run(path.read_text())
    assert error is None
    assert all(figure["model"] for figure in figures) and figures


def test_three_styles_give_one_model():
    layers = ["Dense(4, activation='relu', input_shape=(3,))", "Dense(2)"]
    listed = f"{HEAD}m = Sequential([{', '.join(layers)}])"
    added = HEAD + "m = Sequential()\n" + "\n".join(f"m.add({one})" for one in layers)
    functional = f"{HEAD}x = Input((3,))\nm = Model(x, Dense(2)(Dense(4, activation='relu')(x)))"
    assert [only(c).count_params() for c in (listed, added, functional)] == [26, 26, 26]


@pytest.mark.filterwarnings("ignore:Keras 1")
def test_keras_1():
    model = only(
        HEAD + "i = Input((8, 8, 3))\n"
        "x = Convolution2D(64, 3, 3, border_mode='same', subsample=(2, 2))(i)\n"
        "x = Convolution1D(nb_filter=5, filter_length=2)(Reshape((16, 64))(x))\n"
        "m = Model(input=i, output=Dense(output_dim=7)(Flatten()(x)))"
    )
    shapes = [layer.output_shape for layer in model.layers]
    assert shapes[1] == (None, 4, 4, 64) and shapes[3] == (None, 15, 5)
    assert shapes[-1] == (None, 7)


@pytest.mark.parametrize(
    "imports",
    [
        "import tensorflow as tf\nlayers, models = tf.keras.layers, tf.keras.models",
        "from tensorflow import keras\nlayers, models = keras.layers, keras.models",
        "from tensorflow.keras import layers, models",
        "import tensorflow.keras.layers as layers\nfrom tensorflow.python.keras import models",
        "import tensorflow.keras as k\nlayers, models = k.layers, k.models",
    ],
)
def test_tensorflow_keras_is_taken_and_told(imports):
    script = built(imports + "\nm = models.Sequential([layers.Dense(2, input_shape=(3,))])")
    assert script.shown()[0][1].count_params() == 8
    assert re.match(r"第 1 行的 TensorFlow 只有 tf.keras，由 labkit 代替", script.notes()[0])
    assert "tensorflow" not in sys.modules and "tensorflow.keras" not in sys.modules


WHOLE = """import keras
import matplotlib.pyplot as plt
from keras.datasets import mnist
from keras.layers import Conv2D, Dense, Flatten
from keras.models import Sequential
(x, y), (x_test, y_test) = mnist.load_data()
x = x.reshape(x.shape[0], 28, 28, 1).astype("float32") / 255
y = keras.utils.to_categorical(y, 10)
model = Sequential()
model.add(Conv2D(4, 3, input_shape=x.shape[1:]))
model.add(Flatten())
model.add(Dense(10))
model.compile("adam", "mse")
model.summary()
history = model.fit(x, y)
for epoch in range(10 ** 9):
    model.train_on_batch(x, y)
print(history.history["loss"])
plt.plot(history.history["loss"])
model.save("model.h5")
"""


def test_a_whole_script_trains_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    figures, notes, error = run(WHOLE)
    assert error is None and len(figures) == 1
    assert "没有下载 mnist 的数据，用形状相同的 8 个全零样本代替。" in notes
    assert "没有运行第 14、15、16、18、20 行（训练、评估、打印、保存、画图）。" in notes
    assert "没有运行第 2、19 行（这里没有 matplotlib）。" in notes
    assert not list(tmp_path.iterdir())
    assert sys.modules["keras.datasets"] is sys.modules["labkit.datasets"]


def test_models_that_a_function_keeps():
    code = (
        HEAD + "import pandas as pd\n"
        "def main():\n"
        "    m = Sequential([Dense(2, input_dim=3)])\n"
        "    m.fit(pd.read_csv('x.csv'))\n"
        "    print(pd.DataFrame(m.history))\n"
        "if __name__ == '__main__':\n"
        "    main()\n"
    )
    script = built(code)
    assert [model.count_params() for _, model in script.shown()] == [8]
    assert any("第 8 行（NameError" in note for note in script.notes())


def test_data_that_a_function_needs_first():
    code = HEAD + "import pandas as pd\ndef main():\n    x = pd.read_csv('x')\nmain()"
    figures, _, error = run(code)
    assert not figures and error["lines"] == [(0, 5)]
    assert "pd 来自没有运行的第 3 行（这里没有 pandas）" in error["text"]


def test_what_comes_after_the_model_ends_nothing():
    script = built(HEAD + "m = Sequential([Dense(2, input_dim=3)])\nx = [][0]\nx.sort()\n")
    assert len(script.shown()) == 1
    assert "没有运行第 4、5 行（IndexError: list index out of range）。" in script.notes()


def test_a_layer_that_needs_what_was_left_out():
    figures, _, error = run(
        HEAD + "import cv2\nx = cv2.imread('a.png')\nm = Sequential()\n"
        "m.add(Dense(3, input_shape=(2,)))\nm.add(Dense(x.shape[0]))"
    )
    assert len(figures) == 1  # as far as it came
    assert error["lines"] == [(0, 7)]
    assert "要用 x，它来自没有运行的第 4 行（这里没有 cv2）" in error["text"]


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        ("from keras.layers import Dens", 1, "keras.layers 里没有 Dens，最像的是 Dense。"),
        ("from keras.layer import Dense", 1, "没有模块 keras.layer，最像的是 keras.layers。"),
        ("import keras\nkeras.layers.dense(3)", 2, "没有 dense，最像的是 Dense。"),
        ("m = Sequential()", 1, "from keras.models import Sequential"),
        ("x = Dense(3)", 1, "from keras.layers import Dense"),
        (HEAD + "m = Sequential()\nm.ad(Dense(3))", 4, "没有属性 ad，最像的是 add。"),
        (HEAD + "Dense(3, unitz=4)", 3, "unitz"),
        (
            HEAD + "m = Sequential([Dense(2, input_dim=3)])\nm.add(Conv2D(2, 3))",
            4,
            "输入必须是 4 维",
        ),
        (HEAD + "m = Sequential(\n[Dense(3)", 4, "没有配对"),
        ("import tensorflow as tf\ntf.placeholder(1)", 2, "这里没有 TensorFlow"),
        (HEAD + "from keras.layers import merge\nmerge([1, 2], mode='sum')", 4, "add([a, b])"),
    ],
)
def test_errors_mark_their_line_and_speak_chinese(code, line, said):
    _, notes, error = run(code)
    assert error["lines"] == [(0, line)]
    assert said in error["text"]
    assert "没有模型" not in notes


def test_no_model_and_none_that_is_built():
    assert "这段代码里没有模型" in run("x = 1")[1]
    figures, notes, error = run(HEAD + "m = Sequential([Dense(3)])")
    assert (figures, error) == ([], None)
    assert "还不知道输入的形状" in notes


def test_several_models_have_their_names():
    code = HEAD + "i = Input((4,))\nh = Dense(2)(i)\nencoder = Model(i, h)\n"
    code += "whole = Model(i, Dense(4)(h))"
    assert [name for name, _ in built(code).shown()] == ["encoder", "whole"]
    many = HEAD + "ms = [Sequential([Dense(1, input_dim=2)]) for _ in range(9)]"
    assert len(run(many)[0]) == 6 and "有 9 个模型，只画前 6 个" in run(many)[1]


def test_the_data_sets_have_real_shapes():
    script = built(
        "from keras.datasets import cifar10, imdb, boston_housing\nimport keras\n"
        "a = cifar10.load_data()\nb = imdb.load_data(num_words=10)\n"
        "c = boston_housing.load_data()\n"
        "d = keras.datasets.fashion_mnist.load_data()"
    )
    images, labels = script.namespace["a"][0]
    assert images.shape[1:] == (32, 32, 3) and labels.shape[1:] == (1,)
    assert script.namespace["b"][0][0].dtype == np.dtype(object)
    assert script.namespace["c"][1][0].shape[1:] == (13,)
    assert script.namespace["d"][0][0].shape[1:] == (28, 28)


@pytest.mark.parametrize(
    "code",
    [
        "class Network: pass\nm = Network()",
        "raise SystemExit",
        "def f(): f()\nf()",
        "x = {}['a']",
        "\0",
        "",
    ],
)
def test_odd_code_ends_in_words(code):
    figures, notes, error = run(code)
    assert figures == []
    assert notes or error["text"]


def test_models_are_made_as_before_afterwards():
    before = labkit.Model.__init__, labkit.Sequential.__init__
    built(HEAD + "m = Sequential([Dense(2, input_dim=3)])")
    assert (labkit.Model.__init__, labkit.Sequential.__init__) == before


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", OLD, ids=lambda path: Path(path).stem)
def test_real_old_scripts(path, tmp_path, monkeypatch):
    """They were written for Keras, and train: here each ends soon, with its models or without."""
    monkeypatch.chdir(tmp_path)
    figures, notes, error = run(path.read_text())
    assert error is None, error["text"]
    assert figures or "没有模型" in notes
