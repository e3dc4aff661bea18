"""Files: those of real Keras 2.2.5 load, ours come back equal, broken ones are explained."""

import io
import json
import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from labkit import backend as K
from labkit import layers, models, utils
from labkit.layers import Dense, Input, Lambda, Layer
from labkit.models import Model, Sequential
from labkit.saving.conversion import preprocess_weights_for_loading
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


def test_lambda_bodies_are_never_read_from_a_file(tmp_path, monkeypatch):
    model = Sequential([Lambda(half, input_shape=(3,))])
    model.save(tmp_path / "m.h5", include_optimizer=False)
    monkeypatch.setattr("labkit.layers.core.function._kept", {})  # as in another process
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
        plain.set_weights(
            preprocess_weights_for_loading(plain, cudnn.get_weights(), "2.2.5", "tensorflow")
        )
        np.testing.assert_allclose(plain(x), cudnn(x), rtol=1e-4, atol=1e-6)
        cudnn.set_weights(
            preprocess_weights_for_loading(cudnn, plain.get_weights(), "2.2.5", "tensorflow")
        )
        np.testing.assert_allclose(plain(x), cudnn(x), rtol=1e-4, atol=1e-6)


def test_layouts_of_keras_1():
    lstm, x = layers.LSTM(2), normal(2, 4, 3).astype("float32")
    lstm(x)
    i, f, c, o = (
        ([normal(3, 2, seed=s), normal(2, 2, seed=s + 9), normal(2, seed=s + 5)]) for s in range(4)
    )
    kernel, recurrent, bias = preprocess_weights_for_loading(lstm, [*i, *c, *f, *o], "1", None)
    np.testing.assert_array_equal(kernel, np.concatenate([i[0], f[0], c[0], o[0]], axis=1))
    np.testing.assert_array_equal(bias, np.concatenate([i[2], f[2], c[2], o[2]]))
    conv = layers.Conv2D(4, (3, 2))
    conv(normal(1, 5, 5, 2).astype("float32"))
    stored = normal(3, 2, 2, 4)
    (flipped,) = preprocess_weights_for_loading(conv, [stored], "2", "theano")
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
    with pytest.warns(UserWarning, match="跳过 b/kernel:0"):
        same_names.load_weights(path, by_name=True, skip_mismatch=True)


def test_a_folder_and_a_read_only_file(tmp_path, h5py):
    model = plain()
    check(IsADirectoryError, "文件夹", lambda: model.load_weights(tmp_path), model)
    h5py.File(tmp_path / "w.h5", "w").close()
    with h5py.File(tmp_path / "w.h5", "r") as file:
        check(OSError, "只读", lambda: model.save(file), model)
        check(ValueError, "（File）", lambda: models.load_model(file))
    check(ValueError, "（dict）", lambda: models.load_model({}))


def renamed_to_one_name():
    model = Sequential([Dense(3, name="a", input_shape=(3,)), Dense(3, name="b")])
    model.layers[1].name = "a"
    return model


def test_equal_names_are_not_stored_over_each_other(tmp_path, h5py):
    model = renamed_to_one_name()
    path = tmp_path / "w.h5"
    for use in (lambda: model.save_weights(path), lambda: model.save(path)):
        check(ValueError, "几层都叫 'a'", use, model)
    assert not list(tmp_path.iterdir())
    tree = {}
    check(ValueError, "几层都叫 'a'", lambda: model.save(tree), model)
    model.save_weights(tmp_path / "w.npz")
    again = renamed_to_one_name()
    by_name = lambda: again.load_weights(tmp_path / "w.npz", by_name=True)  # noqa: E731
    check(ValueError, "几层都叫 'a'", by_name, again)
    again.load_weights(tmp_path / "w.npz")
    for got, stored in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(got, stored)


def test_layers_of_equal_names_all_take_what_the_file_has_under_it(tmp_path):
    stored = Sequential([Dense(3, name="a", input_shape=(3,)), Dense(3, name="b")])
    stored.save_weights(tmp_path / "w.npz")
    model = renamed_to_one_name()
    model.load_weights(tmp_path / "w.npz", by_name=True)  # as in Keras
    for layer in model.layers:
        np.testing.assert_array_equal(layer.get_weights()[0], stored.layers[0].get_weights()[0])


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


# --- everything that Keras wrote to and read from ---


def test_streams(h5py, tmp_path):
    model, stream = trained(), io.BytesIO()
    models.save_model(model, stream)
    stream.seek(0)
    np.testing.assert_array_equal(models.load_model(stream).predict(X), model.predict(X))
    with open(tmp_path / "m.h5", "wb") as file:
        model.save(file)
    with h5py.File(tmp_path / "m.h5") as file:
        assert "model_weights" in file
    with open(tmp_path / "m.h5", "rb") as file:
        np.testing.assert_array_equal(models.load_model(file).predict(X), model.predict(X))
    model.save(tmp_path / "m.npz")
    with open(tmp_path / "m.npz", "rb") as file:
        np.testing.assert_array_equal(models.load_model(file).predict(X), model.predict(X))


def test_a_dict_needs_no_h5py(monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    model, place = trained(), {"old": 1}
    models.save_model(model, place)
    assert "old" not in place and set(place) >= {"model_config", "model_weights"}
    again = models.load_model(place)
    for m in (model, again):
        m.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_group_holds_one_model_only(h5py, tmp_path):
    model = trained()
    with h5py.File(tmp_path / "m.h5", "w") as file:
        model.save(file)
        kernel = model.layers[0].weights[0].name
        place = f"model_weights/{model.layers[0].name}/{kernel}"
        before, attributes = np.asarray(file[place]), dict(file.attrs)
        model.fit(X, Y, verbose=0)
        model.compile("sgd", "mae")
        check(ValueError, "model_weights", lambda: model.save(file))
        assert dict(file.attrs) == attributes
        np.testing.assert_array_equal(np.asarray(file[place]), before)


@pytest.mark.parametrize("where", ["layer_names", "weight_names"])
def test_long_names_are_cut_into_attributes(h5py, tmp_path, where):
    x = Input((2,))
    names = [f"layer_{i}_" + "x" * 2**14 for i in range(5)]
    y = x
    for name in names:
        y = Dense(2, name=name)(y)
    if where == "weight_names":
        y = Model(x, y, name="inner")(z := Input((2,)))
        x = z
    model = Model(x, Dense(1)(y))
    model.save(tmp_path / "m.h5", include_optimizer=False)
    with h5py.File(tmp_path / "m.h5") as file:
        group = file["model_weights"] if where == "layer_names" else file["model_weights/inner"]
        # Real Keras cuts where no piece is above 64512 bytes.
        pieces = [a for a in group.attrs if a.startswith(where)]
        assert len(pieces) > 1 and f"{where}0" in pieces
        assert all(group.attrs[a].nbytes <= 64512 for a in pieces)
    again = models.load_model(tmp_path / "m.h5", compile=False)
    np.testing.assert_array_equal(again.predict(X[:, :2]), model.predict(X[:, :2]))
    other = models.clone_model(model)
    other.load_weights(tmp_path / "m.h5")
    np.testing.assert_array_equal(other.predict(X[:, :2]), model.predict(X[:, :2]))


def test_a_name_that_no_attribute_can_hold(tmp_path):
    model = Sequential([Dense(1, name="x" * 70000, input_shape=(2,))])
    check(ValueError, "70000", lambda: model.save(tmp_path / "m.h5"), model)
    assert not list(tmp_path.iterdir())


def test_a_sequential_that_saw_its_shape_in_fit(tmp_path):
    model = Sequential([Dense(4, activation="tanh"), Dense(2)], name="late")
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    # As real Keras: the config says the shape, the input is named after the model.
    assert model.get_config()["build_input_shape"] == (None, 3)
    assert model.input_names == ["late_input"]
    model.save(tmp_path / "m.npz")
    again = models.load_model(tmp_path / "m.npz")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    config = json.loads(model.to_json())["config"]
    assert config["build_input_shape"] == [None, 3]
    assert models.model_from_json(model.to_json()).count_params() == 26
    assert "build_input_shape" not in plain().get_config()


def test_pickle_goes_by_the_config(tmp_path):
    model = trained()
    again = pickle.loads(pickle.dumps(model))
    for m in (model, again):
        m.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again._inbound_nodes[0].outbound_layer is again

    def own_loss(y, predicted):
        return K.mean(K.abs(y - predicted))

    model.compile("sgd", own_loss)
    data = pickle.dumps(model)
    with pytest.raises(ValueError, match="own_loss"):
        pickle.loads(data)
    with utils.custom_object_scope({"own_loss": own_loss}):
        assert pickle.loads(data).loss is not None


def test_cloud_paths_need_tensorflow():
    model = trained()
    check(ImportError, "gs://", lambda: model.save("gs://bucket/m.h5"), model)
    check(ImportError, "gs://", lambda: models.load_model("gs://bucket/m.h5"))


# --- bad files: nothing half-changed ---


@pytest.mark.parametrize(
    ("place", "raises", "received"),
    [
        (lambda: io.BytesIO((FILES / "keras_cnn.h5").read_bytes()[:3000]), OSError, "3000 字节"),
        (lambda: io.BytesIO(b"nothing"), OSError, "7 字节"),
        (lambda: io.BytesIO(b"PK nothing"), ValueError, "10 字节"),
        (lambda: io.StringIO("text"), ValueError, "文字"),
        (lambda: io.BytesIO(pickle.dumps({"a": 1})), OSError, "字节"),
        (dict, ValueError, "layer_names"),
        (lambda: 3, ValueError, "int"),
        (lambda: None, ValueError, "NoneType"),
    ],
)
def test_places_that_hold_no_model(h5py, place, raises, received):
    model = plain()
    check(raises, received, lambda: models.load_model(place()))
    check(raises, received, lambda: model.load_weights(place()), model)


def test_a_pickle_of_something_else(tmp_path):
    path = tmp_path / "m.h5"
    path.write_bytes(pickle.dumps([1, 2]))
    check(OSError, "m.h5", lambda: models.load_model(path))
    # A dict in which real Keras keeps its arrays as pickles: they could run any code.
    state: dict = {}
    models.save_model(trained(), state)
    layer = state["model_weights"][next(iter(state["model_weights"]["layer_names"])).decode()]
    layer[f"_{layer['weight_names'][0].decode()}_pickled"] = True
    check(ValueError, "pickle", lambda: models.load_model(state))


def test_a_file_cut_inside(h5py, tmp_path):
    """The list of names is whole, an array is missing."""
    path, model = tmp_path / "w.h5", plain()
    model.save_weights(path)
    with h5py.File(path, "a") as file:
        name = model.layers[1].name
        del file[name][f"{name}/kernel:0"]
    check(ValueError, "kernel:0", lambda: model.load_weights(path), model)


@pytest.mark.parametrize(
    "other",
    [
        [Dense(4, input_shape=(3,), name="a"), Dense(2, name="b", use_bias=False)],
        [layers.LSTM(4, input_shape=(2, 3), name="a"), Dense(2, name="b")],
        [Dense(4, input_shape=(5,), name="a"), Dense(2, name="b")],
        [layers.Bidirectional(layers.GRU(1), input_shape=(2, 3), name="a"), Dense(2, name="b")],
        [layers.Conv1D(4, 2, input_shape=(4, 3), name="a"), layers.BatchNormalization(name="b")],
    ],
)
@pytest.mark.parametrize("by_name", [False, True])
def test_weights_of_another_architecture(tmp_path, other, by_name):
    Sequential(other).save_weights(tmp_path / "w.npz")
    model = Sequential([Dense(4, input_shape=(3,), name="a"), Dense(2, name="b")])
    use = lambda: model.load_weights(tmp_path / "w.npz", by_name=by_name)  # noqa: E731
    check(ValueError, "个权重，形状", use, model)
    model.save_weights(tmp_path / "back.npz")
    first = Sequential(other)
    back = lambda: first.load_weights(tmp_path / "back.npz", by_name=by_name)  # noqa: E731
    check(ValueError, "形状", back, first)


def test_clone_onto_tensors():
    x = Input((3,), name="x")
    shared = Dense(3, name="s")
    model = Model(x, [shared(shared(x)), Dense(1, name="o")(x)], name="m")
    z = Input((3,), name="z")
    clone = models.clone_model(model, z)
    # Layers of its own, in the same places; real Keras: the given input itself.
    assert clone.inputs[0] is z and clone.name == "m"
    assert [layer.name for layer in clone.layers] == ["z", "s", "o"]
    assert clone.get_layer("s") is not shared and len(clone.get_weights()) == 4
    clone.set_weights(model.get_weights())
    for a, b in zip(clone.predict(X), model.predict(X), strict=True):
        np.testing.assert_array_equal(a, b)
    value = K.variable(X)
    line = models.clone_model(Sequential([Dense(2, input_shape=(3,), name="d")], name="q"), value)
    assert type(line) is Sequential and line.input_names[0].startswith("input_wrapper_for_")
    assert K.function([], line.outputs)([])[0].shape == (6, 2)
    check(ValueError, "2 个 input_tensors", lambda: models.clone_model(model, [z, z]))
    hidden = Dense(3, name="h")(x)
    check(ValueError, "层 h 的输出", lambda: models.clone_model(plain(), hidden))


def test_skip_mismatch_takes_the_weights_that_fit(tmp_path):
    """As in Keras 2.2.5, which skips weight by weight where a layer has as many."""
    stored, model = (Sequential([Dense(2, input_shape=(n,), name="a")]) for n in (3, 4))
    stored.set_weights([np.ones((3, 2)), np.array([5.0, 6.0])])
    stored.save_weights(tmp_path / "w.npz")
    kernel = model.get_weights()[0]
    with pytest.warns(UserWarning, match="跳过 a/kernel:0"):
        model.load_weights(tmp_path / "w.npz", by_name=True, skip_mismatch=True)
    np.testing.assert_array_equal(model.get_weights()[0], kernel)
    assert model.get_weights()[1].tolist() == [5, 6]
