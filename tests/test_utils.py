"""labkit.utils: plots, queues of batches, sources of a graph."""

import codecs
import io
import marshal
import sys

import numpy as np
import pytest

from labkit import layers, utils
from labkit.layers import Dense, Input
from labkit.models import Model, Sequential
from labkit.utils.data_utils import GeneratorEnqueuer, OrderedEnqueuer, Sequence
from labkit.utils.generic_utils import func_dump, func_load, slice_arrays
from labkit.utils.io_utils import (
    ask_to_proceed_with_overwrite,
    load_from_binary_h5py,
    save_to_binary_h5py,
)
from labkit.utils.layer_utils import convert_dense_weights_data_format
from tests.mistakes import check
from tests.regression import Batches, forever, linear


def test_plots(tmp_path):
    x = Input((3,), name="x")
    inner = Sequential([Dense(2, input_shape=(3,), name="first")], name="inner")
    y = layers.add([inner(x), Dense(2, name="side")(x)], name="sum")
    model = Model(x, y)
    picture = utils.plot_model(model, tmp_path / "m.svg", show_shapes=True, expand_nested=True)
    text = (tmp_path / "m.svg").read_text()
    assert text == picture._repr_svg_() and "first: Dense" in text and "(None, 2)" in text
    assert '"side" -> "sum"' in picture.to_string() and "script" not in text
    with pytest.warns(UserWarning, match="m.svg"):
        utils.plot_model(model, str(tmp_path / "m.gif"))
    check(ValueError, "还没有建好", lambda: utils.plot_model(Sequential([Dense(2)])))


def test_plots_of_matplotlib(tmp_path, monkeypatch):
    x = Input((3,), name="x")
    y = layers.add([Dense(3)(x), Dense(3)(Dense(3)(x))])
    model = Model(x, y)
    starts = {"m.png": b"\x89PNG", "m.pdf": b"%PDF", "m": b"\x89PNG"}
    for name, start in starts.items():
        utils.plot_model(model, tmp_path / name, show_shapes=True)
        assert (tmp_path / name).read_bytes().startswith(start)
    sizes = {}
    model = Sequential([Dense(3, input_shape=(3,)), Dense(3), Dense(3), Dense(3), Dense(3)])
    for rankdir in ("TB", "LR"):
        utils.plot_model(model, tmp_path / "m.png", rankdir=rankdir, dpi=50)
        header = (tmp_path / "m.png").read_bytes()
        sizes[rankdir] = [int.from_bytes(header[i : i + 4], "big") for i in (16, 20)]
    assert sizes["TB"][1] > sizes["TB"][0] and sizes["LR"][0] > sizes["LR"][1]
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.warns(UserWarning, match="matplotlib"):
        utils.plot_model(model, tmp_path / "other.png")
    assert not (tmp_path / "other.png").exists() and (tmp_path / "other.svg").exists()


def summary(model, **settings):
    lines = []
    model.summary(print_fn=lines.append, **settings)
    return lines


def test_summary_of_a_line():
    model = Sequential([Dense(2, input_shape=(3,), name="one"), layers.Dropout(0.5, name="drop")])
    model.name = "seq"
    # Real Keras, to the last blank.
    assert summary(model, line_length=50) == [
        'Model: "seq"',
        "_" * 50,
        "Layer (type)          Output Shape        Param # ",
        "=" * 50,
        "one (Dense)           (None, 2)           8       ",
        "_" * 50,
        "drop (Dropout)        (None, 2)           0       ",
        "=" * 50,
        "Total params: 8",
        "Trainable params: 8",
        "Non-trainable params: 0",
        "_" * 50,
    ]
    placed = summary(model, positions=[20, 40, 60])
    assert placed[2] == "Layer (type)        Output Shape        Param #             "
    assert placed[1] == "_" * 65
    # Keras goes by the class: a Sequential is a line, whatever else its layers are in.
    model.layers[0](Input((3,)))
    assert summary(model)[4].startswith("one (Dense)                  (None, 2)")


def test_summary_of_a_graph():
    inner = Sequential([Dense(3, input_shape=(3,), name="first")], name="inner")
    x, z = Input((3,), name="x"), Input((3,), name="z")
    Model(x, inner(x))
    model = Model([x, z], layers.add([inner(x), inner(z)], name="sum"), name="two")
    lines = summary(model)
    assert lines[0] == 'Model: "two"' and lines[1] == "_" * 98
    # Only this model's calls, by their number among all calls of the layer.
    assert [line.rstrip() for line in lines[8:12]] == [
        "inner (Sequential)              (None, 3)            12          x[0][0]",
        " " * 65 + "z[0][0]",
        "_" * 98,
        "sum (Add)                       (None, 3)            0           inner[2][0]",
    ]
    shared = Dense(3, name="sh")
    chained = summary(Model(x, shared(shared(x)), name="c"))
    assert [line.split()[-1] for line in chained[6:8]] == ["x[0][0]", "sh[0][0]"]
    half = layers.MaxPooling1D(2, name="half")
    half(Input((4, 3)))
    pooled = Model(t := Input((6, 3), name="t"), half(t), name="m")
    # Two calls with two shapes.
    assert summary(pooled)[6].split() == ["half", "(MaxPooling1D)", "multiple", "0"]


def test_enqueuers_and_source_inputs():
    queue = OrderedEnqueuer(Batches())
    queue.start(workers=2)
    batches = queue.get()
    assert [len(next(batches)[0]) for _ in range(4)] == [4] * 4
    queue.stop()
    assert not queue.is_running()
    other = GeneratorEnqueuer(forever())
    other.start()
    assert next(other.get())[0].shape == (4, 3)
    x = Input((3,))
    assert utils.get_source_inputs(Dense(2)(Dense(3)(x))) == [x]


def test_functions_as_bytes():
    gain = 3

    def scaled(x, power=2):
        return gain * x**power

    again = func_load(func_dump(scaled))
    assert again(2) == 12 and again.__code__ is scaled.__code__
    assert func_load(func_dump(scaled)[0], closure=(5,), defaults=(1,))(2) == 10
    # What this process has not written could be anybody's program.
    code = compile("lambda x: x + 1", "elsewhere", "eval").co_consts[0]
    text = marshal.dumps(code)
    for form in (codecs.encode(text, "base64").decode(), text.decode("raw_unicode_escape")):
        with pytest.warns(UserWarning, match="不是这个进程写下的"):
            assert func_load(form)(2) == 3
    with pytest.warns(UserWarning, match="不是这个进程写下的"):
        check(ValueError, "hello", lambda: func_load("hello"))


def test_slice_arrays():
    x = np.arange(5)
    assert [a if a is None else a.tolist() for a in slice_arrays([x, None], 1, 3)] == [[1, 2], None]
    assert slice_arrays(x, np.array([0, 4])).tolist() == [0, 4]
    assert slice_arrays(x, 2) == slice_arrays(None) == [None]
    check(ValueError, "stop=3", lambda: slice_arrays([x], [0, 1], 3))


@pytest.mark.parametrize(
    ("target", "shape", "expected"),
    [  # real Keras
        ("channels_first", (3, 2, 2), [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]),
        ("channels_last", (2, 2, 3), [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]),
    ],
)
def test_dense_after_a_changed_data_format(target, shape, expected):
    dense = Dense(1)
    dense.build((None, 12))
    dense.set_weights([np.arange(12.0)[:, np.newaxis], np.zeros(1)])
    convert_dense_weights_data_format(dense, shape, target)
    assert dense.get_weights()[0].ravel().tolist() == expected
    for wrong in ((shape, "last"), ((3, 2), target), ((3, 2, 3), target)):
        received = "last" if wrong[1] == "last" else str(wrong[0])
        check(ValueError, received, lambda w=wrong: convert_dense_weights_data_format(dense, *w))


# --- HDF5 ---


@pytest.fixture
def h5py():
    """Not at the top: the readers' Python has none, and the other tests run there too."""
    import h5py

    return h5py


def test_h5_matrix(h5py, tmp_path):
    data = np.arange(40.0).reshape(20, 2)
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["x"] = data
    x = utils.HDF5Matrix(tmp_path / "d.h5", "x", 5, 15, lambda a: a[..., :1].astype("uint8"))
    # Shape and type are those that the normalizer gives.
    assert (x.shape, x.dtype, x.ndim, x.size) == ((10, 1), np.uint8, 2, 10)
    assert x[2:4].tolist() == [[14], [16]] and x[[3, 0]].tolist() == [[16], [10]]
    for wrong in (10, slice(10, 11), [9, 10], np.array([30])):
        check(IndexError, str(wrong), lambda w=wrong: x[w])
    check(TypeError, "None", lambda: x[None])


@pytest.mark.parametrize("kind", ["file", "dict"])
def test_h5dict(h5py, tmp_path, kind):
    place = tmp_path / "d.h5" if kind == "file" else {}
    with utils.H5Dict(place, "w") as tree:
        tree["text"], tree["names"] = "abc", [b"one", b"two"]
        tree["a"]["b"]["array"] = np.arange(3)
        tree["long"] = [(b"%d" % i).ljust(1000, b"x") for i in range(100)]
    with utils.H5Dict(place, "r") as tree:
        assert tree["text"] == "abc" and tree["names"] == [b"one", b"two"]
        assert tree["a"]["b"]["array"].tolist() == [0, 1, 2]
        assert "a" in tree and "c" not in tree and tree.get("c", 3) == 3
        assert tree["long"][99].startswith(b"99x") and len(tree["long"]) == 100
        check(ValueError, "'c'" if kind == "file" else "c", lambda: tree["c"])
        check(ValueError, "只读", lambda: tree.__setitem__("c", 1))
    check(ValueError, "'x'", lambda: utils.H5Dict(place, "x"))
    check(TypeError, "int", lambda: utils.H5Dict(3))


def test_binary_streams(h5py):
    stream = io.BytesIO()
    assert save_to_binary_h5py(lambda file: file.create_dataset("x", data=[1, 2]).shape, stream)
    stream.seek(0)
    assert load_from_binary_h5py(lambda file: file["x"][1], stream) == 2


def test_overwriting_is_asked_until_answered(monkeypatch):
    answers = iter(["maybe", " Y ", "n"])
    asked = []
    monkeypatch.setattr("builtins.input", lambda q: asked.append(q) or next(answers))
    assert ask_to_proceed_with_overwrite("m.h5") and not ask_to_proceed_with_overwrite("m.h5")
    assert len(asked) == 3 and "m.h5" in asked[0]


def test_progbar_without_values(capsys):
    bar = utils.Progbar(2)
    for step in (1, 2):
        bar.update(step, None)
    assert "2/2" in capsys.readouterr().out


WRONG = [
    (lambda: utils.plot_model(linear(), rankdir="X"), ValueError, "rankdir='X'"),
    (lambda: Sequence()[0], NotImplementedError, "__getitem__"),
    (lambda: len(Sequence()), NotImplementedError, "__len__"),
]


@pytest.mark.parametrize(("use", "raises", "received"), WRONG)
def test_wrong_use(use, raises, received):
    check(raises, received, use)
