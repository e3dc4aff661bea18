"""Files: those of real Keras 2.2.5 load, ours come back equal, broken ones are explained."""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from labkit import backend as K
from labkit import layers, models
from labkit.layers import Dense, Input, Lambda, Layer
from labkit.models import Model, Sequential
from labkit.saving.conversion import converted
from tests.mistakes import check
from tests.models_for_files import SHAPES, data, small_cnn
from tests.slopes import as_list, normal

FILES = Path(__file__).parent / "golden" / "files"
X, Y = normal(6, 3).astype("float32"), normal(6, 2, seed=1).astype("float32")


@pytest.fixture
def h5py():
    """Not at the top: the readers' Python has none, and the other tests run there too."""
    import h5py

    return h5py


def one(xs):
    return xs if len(xs) > 1 else xs[0]


def trained(optimizer="adam"):
    model = Sequential([Dense(4, activation="tanh", input_shape=(3,)), Dense(2)])
    model.compile(optimizer, "mse", metrics=["mae"])
    model.fit(X, Y, epochs=2, verbose=0)
    return model


@pytest.mark.parametrize("name", SHAPES)
def test_models_of_real_keras(h5py, name):
    model = models.load_model(FILES / f"keras_{name}.h5")
    with np.load(FILES / f"keras_{name}_y.npz") as stored:
        expected = [stored[key] for key in stored]
    for y, wanted in zip(as_list(model.predict(one(data(name)))), expected, strict=True):
        np.testing.assert_allclose(y, wanted, rtol=1e-4, atol=1e-5)
    with h5py.File(FILES / f"keras_{name}.h5") as file:
        state = [
            np.asarray(file["optimizer_weights"][n])
            for n in file["optimizer_weights"].attrs["weight_names"]
        ]
    for a, b in zip(model.optimizer.get_weights(), state, strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_of_real_keras():
    model = small_cnn()
    model.load_weights(FILES / "keras_cnn_w.h5")
    with np.load(FILES / "keras_cnn_y.npz") as stored:
        np.testing.assert_allclose(
            model.predict(data("cnn")[0]), stored["arr_0"], rtol=1e-4, atol=1e-6
        )


def test_our_file_has_keras_layout(h5py, tmp_path):
    model = trained()
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert set(file.attrs) == {"backend", "keras_version", "model_config", "training_config"}
        assert set(file) == {"model_weights", "optimizer_weights"}
        names = [n.decode() for n in file["model_weights"].attrs["layer_names"]]
        assert names == [layer.name for layer in model.layers]
        first = file["model_weights"][names[0]]
        weights = [n.decode() for n in first.attrs["weight_names"]]
        assert weights == [f"{names[0]}/kernel:0", f"{names[0]}/bias:0"]
        np.testing.assert_array_equal(first[weights[0]], model.get_weights()[0])


@pytest.mark.parametrize("suffix", [".h5", ".npz"])
@pytest.mark.parametrize(
    # Keras keeps no record of Nadam's schedule, so a loaded one begins it anew.
    "optimizer",
    ["sgd", "rmsprop", "adam", "adagrad", "adadelta", "adamax"],
)
def test_a_loaded_model_goes_on_training_as_if_nothing_had_been(tmp_path, suffix, optimizer):
    model = trained(optimizer)
    model.save(tmp_path / f"m{suffix}")
    again = models.load_model(tmp_path / f"m{suffix}")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    for m in (model, again):
        m.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(again.predict(X), model.predict(X), rtol=1e-6)
    assert again.metrics_names == model.metrics_names


@pytest.mark.parametrize("suffix", [".h5", ".npz"])
def test_weights_only(tmp_path, suffix):
    model = trained()
    path = tmp_path / f"w{suffix}"
    model.save_weights(path)
    other = Sequential([Dense(4, activation="tanh", input_shape=(3,)), Dense(2)])
    other.load_weights(path)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    check(ValueError, "只有权重", lambda: models.load_model(path))
    part = Sequential([Dense(4, name=model.layers[0].name, input_shape=(3,)), Dense(5, name="new")])
    before = part.get_weights()
    part.load_weights(path, by_name=True)
    np.testing.assert_array_equal(part.get_weights()[0], model.get_weights()[0])
    np.testing.assert_array_equal(part.get_weights()[2], before[2])


def test_text_forms():
    x = Input((3,), name="x")
    shared = Dense(2, name="shared")
    y = layers.add([shared(x), shared(x)])
    model = Model(x, y)
    for text, rebuild in (
        (model.to_json(), models.model_from_json),
        (model.to_yaml(), models.model_from_yaml),
    ):
        again = rebuild(text)
        again.set_weights(model.get_weights())
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
    config = json.loads(model.to_json())
    assert config["class_name"] == "Model" and config["keras_version"] == "2.2.5"
    assert models.model_from_config(config).count_params() == 8
    layer = "{class_name: Dense, config: {units: 2, batch_input_shape: !!python/tuple [null, 3]}}"
    tuple_tag = f"class_name: Sequential\nconfig: {{name: s, layers: [{layer}]}}"
    assert models.model_from_yaml(tuple_tag).output_shape == (None, 2)


def test_clone_has_new_weights():
    model = trained()
    clone = models.clone_model(model)
    assert [w.shape for w in clone.get_weights()] == [w.shape for w in model.get_weights()]
    assert (clone.get_weights()[0] != model.get_weights()[0]).any()
    onto = models.clone_model(model, Input((3,)))
    assert onto.predict(X).shape == (6, 2)


class Scale(Layer):
    def build(self, input_shape):
        self.gain = self.add_weight("gain", (input_shape[-1],), initializer="ones")
        super().build(input_shape)

    def call(self, inputs):
        return inputs * self.gain


def test_own_layers_come_from_the_caller(tmp_path):
    model = Sequential([Scale(input_shape=(3,)), Dense(2)])
    model.save(tmp_path / "m.npz")
    with pytest.raises(ValueError, match="Scale"):
        models.load_model(tmp_path / "m.npz")
    again = models.load_model(tmp_path / "m.npz", custom_objects={"Scale": Scale}, compile=False)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def half(x):
    return x * 0.5


def test_lambda_bodies_are_never_read_from_a_file(tmp_path):
    model = Sequential([Lambda(half, input_shape=(3,))])
    model.save(tmp_path / "m.h5", include_optimizer=False)
    with pytest.raises(ValueError, match="half"):
        models.load_model(tmp_path / "m.h5", compile=False)
    again = models.load_model(tmp_path / "m.h5", {"half": half}, compile=False)
    np.testing.assert_array_equal(again.predict(X), X * 0.5)
    # As Keras writes it, with marshalled code.
    config = model.get_config()
    config["layers"][0]["config"] |= {
        "function_type": "lambda",
        "function": ["4wEAAAA=\n", None, None],
    }
    text = json.dumps({"class_name": "Sequential", "config": config})
    with pytest.raises(ValueError, match="字节码"):
        models.model_from_json(text)


def test_cudnn_weights_and_plain_ones_are_exchanged():
    x = normal(2, 4, 3).astype("float32")
    for cudnn, plain in (
        (layers.CuDNNLSTM(2), layers.LSTM(2, recurrent_activation="sigmoid")),
        (layers.CuDNNGRU(2), layers.GRU(2, recurrent_activation="sigmoid", reset_after=True)),
    ):
        cudnn(x), plain(x)
        cudnn.set_weights([normal(*w.shape, seed=i) for i, w in enumerate(cudnn.get_weights())])
        plain.set_weights(converted(plain, cudnn.get_weights(), "2.2.5", "tensorflow"))
        np.testing.assert_allclose(plain(x), cudnn(x), rtol=1e-4, atol=1e-6)
        cudnn.set_weights(converted(cudnn, plain.get_weights(), "2.2.5", "tensorflow"))
        np.testing.assert_allclose(plain(x), cudnn(x), rtol=1e-4, atol=1e-6)


def test_layouts_of_keras_1():
    lstm, x = layers.LSTM(2), normal(2, 4, 3).astype("float32")
    lstm(x)
    i, f, c, o = (
        ([normal(3, 2, seed=s), normal(2, 2, seed=s + 9), normal(2, seed=s + 5)]) for s in range(4)
    )
    kernel, recurrent, bias = converted(lstm, [*i, *c, *f, *o], "1", None)
    np.testing.assert_array_equal(kernel, np.concatenate([i[0], f[0], c[0], o[0]], axis=1))
    np.testing.assert_array_equal(bias, np.concatenate([i[2], f[2], c[2], o[2]]))
    conv = layers.Conv2D(4, (3, 2))
    conv(normal(1, 5, 5, 2).astype("float32"))
    stored = normal(3, 2, 2, 4)
    (flipped,) = converted(conv, [stored], "2", "theano")
    np.testing.assert_array_equal(flipped, stored[::-1, ::-1])


def plain():
    return Sequential([Dense(4, input_shape=(3,)), Dense(2)])


def broken(tmp_path, kind):
    """A file that is no whole model, of one kind or another."""
    path = tmp_path / f"broken{kind}"
    if kind == ".h5":
        path.write_bytes((FILES / "keras_cnn.h5").read_bytes()[:3000])
    elif kind == "text.h5":
        path.write_text("这不是模型")
    elif kind == "empty.h5":
        import h5py

        h5py.File(path, "w").close()
    elif kind == "text.npz":
        path.write_text("这不是模型")
    elif kind == "other.npz":
        np.savez(path, a=np.zeros(3))
    elif kind == "pickle.npz":
        np.savez(path, structure=np.array({"layers": []}, dtype=object))
    elif kind == "cut.npz":
        trained().save(path)
        path.write_bytes(path.read_bytes()[:-200])
    return path


@pytest.mark.parametrize(
    ("kind", "raises"),
    [
        (".h5", OSError),
        ("text.h5", OSError),
        ("empty.h5", ValueError),
        ("text.npz", ValueError),
        ("other.npz", ValueError),
        ("pickle.npz", ValueError),
        ("cut.npz", ValueError),
        ("missing.h5", FileNotFoundError),
        ("missing.npz", FileNotFoundError),
    ],
)
def test_broken_files(tmp_path, kind, raises):
    path, model = broken(tmp_path, kind), plain()
    before = model.get_weights()
    for use in (lambda: models.load_model(path), lambda: model.load_weights(path)):
        with pytest.raises(raises, match="规则.*可以改成"):
            use()
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_that_do_not_fit_change_nothing(tmp_path):
    path = tmp_path / "w.npz"
    Sequential([Dense(4, input_shape=(3,)), Dense(5)]).save_weights(path)
    model = plain()
    check(ValueError, "(4, 5)", lambda: model.load_weights(path), model)
    more = Sequential([Dense(4, input_shape=(3,)), Dense(2), Dense(1)])
    check(ValueError, "2 层", lambda: more.load_weights(path), more)
    check(ValueError, "skip_mismatch", lambda: model.load_weights(path, skip_mismatch=True), model)
    unbuilt = Sequential([Dense(4), Dense(5)])
    check(ValueError, "2 层", lambda: unbuilt.load_weights(path), unbuilt)
    same_names = Sequential([Dense(4, name="a", input_shape=(3,)), Dense(2, name="b")])
    Sequential([Dense(4, name="a", input_shape=(3,)), Dense(5, name="b")]).save_weights(path)
    with pytest.warns(UserWarning, match="跳过层 b"):
        same_names.load_weights(path, by_name=True, skip_mismatch=True)


@pytest.mark.parametrize(
    ("use", "raises", "received"),
    [
        (lambda: models.model_from_json("{"), ValueError, "'{'"),
        (lambda: models.model_from_json(3), ValueError, "'3'"),
        (lambda: models.model_from_config([]), TypeError, "list"),
        (lambda: models.model_from_config({}), ValueError, "dict"),
        (lambda: models.clone_model(3), ValueError, "int"),
    ],
)
def test_wrong_use(use, raises, received):
    check(raises, received, use)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "m.npz"
    trained().save(path)
    before = path.read_bytes()
    monkeypatch.setattr(np, "savez", lambda *a, **k: (_ for _ in ()).throw(OSError("磁盘满")))
    with pytest.raises(OSError, match="磁盘满"):
        trained().save(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["m.npz"]


def test_without_h5py(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    check(ImportError, "h5py", lambda: trained().save(tmp_path / "m.h5"))
    trained().save(tmp_path / "m.npz")
    assert zipfile.is_zipfile(tmp_path / "m.npz")


def test_overwrite_is_asked_for(tmp_path, monkeypatch):
    path, model = tmp_path / "w.npz", trained()
    model.save_weights(path)
    stamp = path.stat().st_mtime_ns
    monkeypatch.setattr("builtins.input", lambda question: "n")
    model.save_weights(path, overwrite=False)
    assert path.stat().st_mtime_ns == stamp
    monkeypatch.setattr("builtins.input", lambda question: (_ for _ in ()).throw(EOFError))
    check(FileExistsError, "w.npz", lambda: model.save_weights(path, overwrite=False))


def test_open_group(h5py, tmp_path):
    model = trained()
    with h5py.File(tmp_path / "all.h5", "w") as file:
        model.save(file.create_group("first"))
        again = models.load_model(file["first"])
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert K.get_value(again.optimizer.iterations) == 2
