"""The TensorBoard callback: what TensorBoard itself reads back from the files."""

import struct
import zlib

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from labkit.callbacks import TensorBoard
from labkit.layers import Conv2D, Dense, Embedding, Flatten, Input
from labkit.models import Model, Sequential
from tests.mistakes import check
from tests.regression import X, Y, linear


def read(folder):
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def scalars(folder):
    events = read(folder)
    return {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}


def test_losses_and_metrics_of_every_epoch(tmp_path):
    model = linear()
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(
        X, Y, epochs=3, verbose=0, validation_split=0.25, callbacks=[TensorBoard(tmp_path)]
    )
    found = scalars(tmp_path)
    assert set(found) == set(history.history)
    for name, values in history.history.items():
        assert [event.step for event in found[name]] == [0, 1, 2]
        np.testing.assert_allclose([event.value for event in found[name]], values, rtol=1e-6)


@pytest.mark.parametrize(("frequency", "steps"), [("batch", [4, 8, 12]), (5, [8]), (12, [12])])
def test_every_so_many_samples(tmp_path, frequency, steps):
    """Keras counts the samples, and writes an epoch's end at the same count."""
    callback = TensorBoard(tmp_path, update_freq=frequency)
    linear().fit(X, Y, batch_size=4, verbose=0, callbacks=[callback])
    assert [event.step for event in scalars(tmp_path)["loss"]] == [*steps, 12]


def test_distributions_pictures_and_the_graph(tmp_path):
    x = np.random.RandomState(0).rand(6, 4, 4, 1)
    model = Sequential(
        [Conv2D(2, 3, input_shape=(4, 4, 1), name="c"), Flatten(name="f"), Dense(1, name="d")]
    )
    model.compile("sgd", "mse")
    callback = TensorBoard(
        tmp_path, histogram_freq=2, batch_size=4, write_grads=True, write_images=True
    )
    held = x, np.zeros((6, 1))
    model.fit(*held, epochs=2, verbose=0, validation_data=held, callbacks=[callback])
    events = read(tmp_path)
    assert {"c/kernel_0", "d/bias_0", "d/kernel_0_grad", "c_out", "d_out"} <= set(
        events.Tags()["histograms"]
    )
    (entry,) = events.Histograms("c_out")
    assert entry.step == 0
    histogram = entry.histogram_value
    assert histogram.num == sum(histogram.bucket) == 6 * 2 * 2 * 2
    # The mean of the gradient is the sum over its parts.
    (entry,) = events.Histograms("d/kernel_0_grad")
    assert entry.histogram_value.num == 8 and entry.histogram_value.sum != 0
    (image,) = events.Images("c/kernel_0/image/0")
    assert (image.width, image.height) == (3, 3)
    header, rows = image.encoded_image_string[:24], image.encoded_image_string.split(b"IDAT")[1]
    assert struct.unpack(">II", header[16:]) == (3, 3)
    assert len(zlib.decompress(rows[:-16])) == 3 * (1 + 3)
    nodes = {node.name: (node.op, list(node.input)) for node in events.Graph().node}
    assert nodes["d"] == ("Dense", ["f"]) and nodes["c"][1] == ["c_input"]


def test_embeddings(tmp_path):
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    i = Input((2,))
    model = Model(i, Dense(1)(Flatten()(Embedding(5, 3, name="words")(i))))
    model.compile("sgd", "mse")
    x = np.array([[0, 1], [2, 3], [4, 0]])
    callback = TensorBoard(
        tmp_path, embeddings_freq=1, embeddings_data=x, embeddings_metadata="labels.tsv"
    )
    model.fit(x, np.zeros(3), verbose=0, callbacks=[callback])
    config = text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), ProjectorConfig())
    (entry,) = config.embeddings
    assert entry.metadata_path == "labels.tsv"
    table = model.get_layer("words").get_weights()[0]
    np.testing.assert_allclose(
        np.loadtxt(tmp_path / entry.tensor_path), table[x].reshape(3, 6), rtol=1e-6
    )


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    def fit(**settings):
        linear().fit(X, Y, verbose=0, callbacks=[TensorBoard(tmp_path / "logs", **settings)])

    check(ValueError, "没有数组的验证数据", lambda: fit(histogram_freq=1))
    check(ValueError, "没有 embeddings_data", lambda: fit(embeddings_freq=1))
    monkeypatch.setitem(__import__("sys").modules, "tensorboard", None)
    with pytest.warns(UserWarning, match="pip install tensorboard"):
        callback = TensorBoard(tmp_path / "none")
    linear().fit(X, Y, verbose=0, callbacks=[callback])
    assert not (tmp_path / "none").exists()
