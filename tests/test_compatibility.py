"""Scripts written for Keras run unchanged: their output is what real Keras 2.2.5 printed."""

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import labkit
from labkit import layers
from tests.mistakes import check

SCRIPTS = sorted((Path(__file__).parent / "old_scripts").glob("*.py"))
RUN = (
    "import labkit, runpy, sys; labkit.as_keras(); runpy.run_path(sys.argv[1], run_name='__main__')"
)


def python(*arguments):
    return subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_prints_what_keras_printed(script):
    result = python("-c", RUN, str(script))
    assert result.returncode == 0, result.stderr
    assert result.stdout == script.with_suffix(".txt").read_text()


def test_every_module_and_its_refusal():
    code = """
import labkit
from labkit.compatibility import MODULES
keras = labkit.as_keras()
assert labkit.as_keras() is keras and keras.__version__ == "2.2.5"
import importlib
for name in MODULES:
    importlib.import_module("keras." + name)
from keras.layers import Dense
assert Dense is labkit.layers.Dense
import keras.backend.tensorflow_backend as K
import keras.engine.training as training
from keras.engine import saving, topology
assert K is labkit.backend and training.Model is keras.engine.training.Model is labkit.Model
assert keras.engine.Layer is topology.Layer and saving.load_model is labkit.models.load_model
"""
    result = python("-c", code)
    assert result.returncode == 0, result.stderr
    refused = """
import sys, types
real = types.ModuleType("keras"); real.__version__ = "2.2.5"; sys.modules["keras"] = real
import labkit
try:
    labkit.as_keras()
except ImportError as error:
    print(error)
assert sys.modules["keras"] is real and "keras.layers" not in sys.modules
"""
    result = python("-c", refused)
    assert result.returncode == 0, result.stderr
    assert "已经导入的 Keras 2.2.5" in result.stdout and "规则" in result.stdout


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        (lambda: layers.Dense(output_dim=3, init="uniform"), {"units": 3}),
        (lambda: layers.Convolution2D(4, 3, 2), {"filters": 4, "kernel_size": (3, 2)}),
        (
            lambda: layers.Conv2D(nb_filter=4, nb_row=3, nb_col=2, dim_ordering="th"),
            {"kernel_size": (3, 2), "data_format": "channels_first"},
        ),
        (lambda: layers.Conv2D(4, 3, nb_col=5), {"kernel_size": (3, 5)}),
        (lambda: layers.Convolution3D(4, 3, 2, 1), {"kernel_size": (3, 2, 1)}),
        (
            lambda: layers.Convolution1D(4, filter_length=3, subsample_length=2, input_dim=5),
            {"kernel_size": (3,), "strides": (2,), "batch_input_shape": (None, None, 5)},
        ),
        (
            lambda: layers.MaxPooling1D(pool_length=3, stride=2),
            {"pool_size": (3,), "strides": (2,)},
        ),
        (
            lambda: layers.LSTM(output_dim=3, inner_activation="sigmoid", consume_less="gpu"),
            {"units": 3, "implementation": 2},
        ),
        (lambda: layers.GRU(3, dropout_W=0.1, dropout_U=0.2), {"dropout": 0.1}),
        (lambda: layers.LSTM(3, forget_bias_init="one"), {"unit_forget_bias": True}),
        (lambda: layers.Dropout(p=0.3), {"rate": 0.3}),
        (lambda: layers.GaussianNoise(sigma=0.3), {"stddev": 0.3}),
        (lambda: layers.UpSampling1D(length=3), {"size": 3}),
        (
            lambda: layers.ZeroPadding2D(padding={"top_pad": 1, "left_pad": 2}),
            {"padding": ((1, 0), (2, 0))},
        ),
        (lambda: layers.Embedding(5, 2, init="zeros", dropout=0.2), {"output_dim": 2}),
        (lambda: layers.BatchNormalization(mode=0, gamma_init="ones"), {"axis": -1}),
        (lambda: layers.SeparableConv2D(2, 3, 3, init="zeros"), {"kernel_size": (3, 3)}),
        (lambda: layers.PReLU(init="ones"), {"shared_axes": None}),
        (
            lambda: layers.AtrousConvolution2D(2, 3, 3, atrous_rate=(2, 2)),
            {"dilation_rate": (2, 2)},
        ),
    ],
)
def test_keras_1_spellings_warn_and_work(old, expected):
    with pytest.warns(UserWarning, match="Keras 1|AtrousConvolution"):
        config = old().get_config()
    assert config.items() >= expected.items()


def test_todays_spelling_is_shown():
    with pytest.warns(UserWarning, match=r"Conv2D\(8, \(3, 3\), padding='same'\)"):
        layers.Conv2D(8, 3, 3, border_mode="same")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layers.Conv2D(8, (3, 3), padding="same")


def test_mixed_spellings_are_refused():
    check(TypeError, "nb_filter", lambda: layers.Conv2D(nb_filter=3, filters=3, kernel_size=2))
    check(ValueError, "padding", lambda: layers.Conv2D(3, 3, 3, padding="same"))


def test_version_is_our_own():
    assert labkit.__version__ != "2.2.5"
