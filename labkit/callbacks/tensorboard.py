"""TensorBoard: the event files that TensorBoard shows, written by its own package."""

from __future__ import annotations

import io
import os
import time
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np

from .. import backend as K
from ..errors import explain
from ..utils.generic_utils import to_list
from .base import Callback, Logs


class TensorBoard(Callback):
    """把损失、评价、权重的分布等写成 TensorBoard 的日志；要有 tensorboard 包，不用 TensorFlow。

    训练之后，在命令行运行 `tensorboard --logdir=logs` 来看。没有装 tensorboard 时只警告，
    训练照常进行。

    `histogram_freq` 是每几轮写一次权重与各层输出的分布，0 是不写；要有数组的验证数据。
    `write_grads` 同时写损失对权重的梯度，`write_images` 把权重画成图，
    `write_graph` 写出各层的连接。
    `embeddings_freq` 是每几轮写一次 `embeddings_layer_names` 各层对 `embeddings_data` 的输出，
    `embeddings_metadata` 是每一行的标签的文件。
    `update_freq` 是 'epoch'、'batch' 或样本数：隔多久写一次损失与评价。
    """

    def __init__(
        self,
        log_dir="./logs",
        histogram_freq=0,
        batch_size=32,
        write_graph=True,
        write_grads=False,
        write_images=False,
        embeddings_freq=0,
        embeddings_layer_names=None,
        embeddings_metadata=None,
        embeddings_data=None,
        update_freq="epoch",
    ) -> None:
        self.log_dir, self.histogram_freq, self.batch_size = log_dir, histogram_freq, batch_size
        self.write_graph, self.write_grads = write_graph, write_grads
        self.write_images = write_images
        self.embeddings_freq, self.embeddings_layer_names = embeddings_freq, embeddings_layer_names
        self.embeddings_metadata, self.embeddings_data = embeddings_metadata, embeddings_data
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.samples_seen = self.samples_seen_at_last_write = 0
        self.writer: Any = None
        try:
            import tensorboard  # noqa: F401  # optional: labkit itself needs only NumPy
        except ImportError:
            self.missing = True
            warnings.warn(
                explain(
                    "TensorBoard",
                    f"log_dir={os.fspath(log_dir)!r}，没有安装 tensorboard 的环境",
                    "日志由 tensorboard 包来写，不用 TensorFlow；没有它，这次训练不留日志",
                    "pip install tensorboard，或用 CSVLogger('log.csv')",
                ),
                stacklevel=2,
            )
        else:
            self.missing = False

    def set_model(self, model: Any) -> None:
        self.model = model
        if self.missing:
            return
        from tensorboard.summary.writer.event_file_writer import (  # optional
            EventFileWriter,
        )

        self.writer = EventFileWriter(os.fspath(self.log_dir))
        if self.write_graph:
            self._write(0, graph_def=graph(model))

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.missing or self.update_freq == "epoch":
            return
        self.samples_seen += (logs or {}).get("size", 0)
        if self.samples_seen - self.samples_seen_at_last_write >= self.update_freq:
            self._write_logs(logs or {}, self.samples_seen)
            self.samples_seen_at_last_write = self.samples_seen

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.histogram_freq and not self.validation_data:
            raise ValueError(
                explain(
                    "TensorBoard",
                    f"histogram_freq={self.histogram_freq}，没有数组的验证数据",
                    "各层输出的分布在验证数据上求，validation_data 要是数组，不能是生成器",
                    "fit(…, validation_data=(x_val, y_val))，或 histogram_freq=0",
                )
            )
        if self.missing:
            return
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_distributions(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings()
        self._write_logs(logs or {}, epoch if self.update_freq == "epoch" else self.samples_seen)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.writer is not None:
            self.writer.close()

    def _write(self, step: int, **content) -> None:
        event = messages().event.Event
        self.writer.add_event(event(wall_time=time.time(), step=step, **content))

    def _write_summary(self, step: int, values: list[dict]) -> None:
        summary = messages().summary.Summary
        self._write(step, summary=summary(value=[summary.Value(**value) for value in values]))

    def _write_logs(self, logs: Logs, step: int) -> None:
        scalars = {name: value for name, value in logs.items() if name not in {"batch", "size"}}
        values = [{"tag": name, "simple_value": float(v)} for name, v in scalars.items()]
        self._write_summary(step, values)
        self.writer.flush()

    # --- distributions ---

    def _write_distributions(self, epoch: int) -> None:
        values = []
        for layer in self.model.layers:
            for weight in layer.weights:
                tag, array = weight.name.replace(":", "_"), K.get_value(weight)
                values.append({"tag": tag, "histo": histogram(array)})
                if self.write_images:
                    values += images(tag, array)
        outputs, gradients = self._on_validation_data()
        values += [{"tag": tag, "histo": histogram(array)} for tag, array in outputs]
        values += [{"tag": f"{tag}_grad", "histo": histogram(array)} for tag, array in gradients]
        self._write_summary(epoch, values)

    def _on_validation_data(self) -> tuple[list, list]:
        """What every layer gives, and the mean gradient of every weight that is trained."""
        model = self.model
        feed = [*model.inputs, *model._feed_targets, *model._feed_sample_weights]
        outputs = [
            (f"{layer.name}_out" if number == 0 else f"{layer.name}_out_{number}", y)
            for layer in model.layers
            for number, y in enumerate(to_list(layer.get_output_at(0)))
        ]
        weights = model.trainable_weights if self.write_grads else []
        gradients = K.gradients(model.total_loss, weights) if weights else []
        connected = [
            (w.name.replace(":", "_"), g)
            for w, g in zip(weights, gradients, strict=True)
            if g is not None
        ]
        f = K.function(feed, [y for _, y in outputs] + [g for _, g in connected])
        arrays = self.validation_data[: len(feed)]
        starts = range(0, len(arrays[0]), self.batch_size)
        batches = [f([a[i : i + self.batch_size] for a in arrays]) for i in starts]
        results = list(zip(*batches, strict=True))
        n = len(outputs)
        return (
            [(tag, np.concatenate(r)) for (tag, _), r in zip(outputs, results[:n], strict=True)],
            [(tag, np.mean(r, axis=0)) for (tag, _), r in zip(connected, results[n:], strict=True)],
        )

    # --- embeddings ---

    def _write_embeddings(self) -> None:
        """One table of vectors for each layer, and the file in which TensorBoard looks for them."""
        if self.embeddings_data is None:
            raise ValueError(
                explain(
                    "TensorBoard",
                    f"embeddings_freq={self.embeddings_freq}，没有 embeddings_data",
                    "嵌入是各层对 embeddings_data 的输出",
                    "embeddings_data=x_val",
                )
            )
        names = self.embeddings_layer_names or [
            layer.name for layer in self.model.layers if type(layer).__name__ == "Embedding"
        ]
        outputs = [self.model.get_layer(name).get_output_at(0) for name in names]
        data = to_list(self.embeddings_data)
        results = K.function(self.model.inputs, outputs)(data)
        entries = []
        for name, vectors in zip(names, results, strict=True):
            table = f"{name}_embedding.tsv"
            rows = vectors.reshape(len(vectors), -1)
            np.savetxt(os.path.join(self.log_dir, table), rows, "%.8g", "\t")
            entry = f'tensor_name: "{name}_embedding"\n  tensor_path: "{table}"'
            labels = self.embeddings_metadata
            labels = labels.get(name) if isinstance(labels, dict) else labels
            if labels is not None:
                entry += f'\n  metadata_path: "{os.fspath(labels)}"'
            entries.append(f"embeddings {{\n  {entry}\n}}\n")
        path = os.path.join(self.log_dir, "projector_config.pbtxt")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(entries)


def messages() -> SimpleNamespace:
    """What TensorBoard's files are made of; protobuf makes these classes at run time."""
    from tensorboard.compat.proto import event_pb2, graph_pb2, summary_pb2  # optional

    return SimpleNamespace(event=event_pb2, graph=graph_pb2, summary=summary_pb2)


def histogram(array: np.ndarray):
    """TensorBoard's histogram: how many values lie below each limit."""
    values = np.asarray(array, "float64").ravel()
    counts, edges = np.histogram(values, bins=30)
    return messages().summary.HistogramProto(
        min=values.min(),
        max=values.max(),
        num=len(values),
        sum=values.sum(),
        sum_squares=np.square(values).sum(),
        bucket_limit=edges[1:].tolist(),
        bucket=counts.tolist(),
    )


def images(tag: str, weight: np.ndarray) -> list[dict]:
    """A weight as grey pictures: a vector lying, a matrix lying, the first three of a filter's."""
    if weight.ndim == 0 or weight.ndim > 4:
        return []
    if weight.ndim == 1:
        pictures = weight[np.newaxis, np.newaxis]
    elif weight.ndim == 2:
        pictures = (weight.T if len(weight) > weight.shape[1] else weight)[np.newaxis]
    else:
        # The last two axes of a convolution's weight are its channels.
        pictures = np.moveaxis(weight, -2, 0).reshape(-1, *weight.shape[:-2], weight.shape[-1])
        pictures = pictures[..., 0] if weight.ndim == 4 else pictures
    return [
        {
            "tag": f"{tag}/image/{number}",
            "image": messages().summary.Summary.Image(
                height=picture.shape[0],
                width=picture.shape[1],
                colorspace=1,
                encoded_image_string=png(picture),
            ),
        }
        for number, picture in enumerate(pictures[:3])
    ]


def png(picture: np.ndarray) -> bytes:
    """A matrix as a grey PNG, its least number black and its greatest white."""
    from PIL import Image  # tensorboard brings it

    low, high = float(picture.min()), float(picture.max())
    scaled = np.round(255 * (picture - low) / ((high - low) or 1)).astype("uint8")
    file = io.BytesIO()
    Image.fromarray(scaled).save(file, "PNG")
    return file.getvalue()


def graph(model) -> bytes:
    """The layers and what they get, as TensorBoard draws a graph."""
    made = messages().graph.GraphDef()
    kept = set(map(id, getattr(model, "_nodes", [])))
    for layer in model.layers:
        nodes = [node for node in layer._inbound_nodes if id(node) in kept]
        before = [source.name for node in nodes for source in node.inbound_layers]
        made.node.add(name=layer.name, op=type(layer).__name__, input=dict.fromkeys(before))
    return made.SerializeToString()
