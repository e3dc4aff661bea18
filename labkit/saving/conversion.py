"""Weights of older files, and of CuDNN layers, in the layout that a layer has today."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import explain

Arrays = list[np.ndarray]


class Incompatible(ValueError):
    """The weights belong to a layer that computes something else."""


def preprocess_weights_for_loading(
    layer: Any,
    weights: Arrays,
    original_keras_version: str | None = None,
    original_backend: str | None = None,
    reshape=False,
) -> Arrays:
    """文件里的数组 → 这一层现在的布局（Keras 1、Theano、CuDNN 的文件与现在的不同）。

    出错：GRU 的两种算法之间不能换，抛出 ValueError。
    """
    version, backend = original_keras_version or "2", original_backend
    kind, arrays = type(layer).__name__, list(weights)
    if kind == "Bidirectional":
        half = len(arrays) // 2
        sides = ((layer.forward_layer, arrays[:half]), (layer.backward_layer, arrays[half:]))
        return [
            array
            for side, own in sides
            for array in preprocess_weights_for_loading(side, own, version, backend)
        ]
    if kind == "TimeDistributed":
        return preprocess_weights_for_loading(layer.layer, arrays, version, backend)
    if hasattr(layer, "layers"):
        return nested(layer, arrays, version, backend)
    if version.startswith("1"):
        arrays = from_keras_1(layer, kind, arrays)
    if kind in {"Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D"} and arrays:
        arrays = convolution(layer, kind, arrays, backend, reshape)
    if kind in {"LSTM", "CuDNNLSTM"} and len(arrays) == 3:
        return lstm(kind, arrays)
    if kind in {"GRU", "CuDNNGRU"} and len(arrays) == 3:
        return gru(layer, kind, arrays)
    return arrays


def nested(model, arrays: Arrays, version: str, backend: str | None) -> Arrays:
    """A model's weights: all trainable ones layer by layer, then all others."""
    result: Arrays = []
    for group in ("trainable_weights", "non_trainable_weights"):
        for layer in model.layers:
            count = len(getattr(layer, group))
            own, arrays = arrays[:count], arrays[count:]
            if own:
                result += preprocess_weights_for_loading(layer, own, version, backend)
    return result + arrays


def from_keras_1(layer, kind: str, arrays: Arrays) -> Arrays:
    first = getattr(layer, "data_format", None) == "channels_first"
    kernel = arrays[0] if arrays else None
    if kind == "Conv1D" and kernel is not None and kernel.ndim == 4:
        if kernel.shape[:2] != (layer.kernel_size[0], 1) or kernel.shape[3] != layer.filters:
            kernel = kernel.transpose(2, 3, 1, 0)
        return [kernel[:, 0], *arrays[1:]]
    if kind == "Conv2D" and first:
        return [arrays[0].transpose(2, 3, 1, 0), *arrays[1:]]
    if kind == "Conv2DTranspose":
        return [arrays[0].transpose((2, 3, 0, 1) if first else (0, 1, 3, 2)), *arrays[1:]]
    if kind == "Conv3D" and first:
        return [arrays[0].transpose(2, 3, 4, 1, 0), *arrays[1:]]
    if kind == "GRU" and len(arrays) == 9:
        return [np.concatenate(arrays[i::3], axis=-1) for i in range(3)]
    if kind in {"LSTM", "ConvLSTM2D"} and len(arrays) == 12:
        # Stored as i c f o.
        joined = [
            np.concatenate([arrays[i + 3 * g] for g in (0, 2, 1, 3)], axis=-1) for i in range(3)
        ]
        if kind == "ConvLSTM2D" and first:
            joined[:2] = [a.transpose(2, 3, 1, 0) for a in joined[:2]]
        return joined
    return arrays


def convolution(layer, kind: str, arrays: Arrays, backend: str | None, reshape: bool) -> Arrays:
    kernels = 2 if kind == "ConvLSTM2D" else 1
    arrays = list(arrays)
    if backend == "theano":  # its convolution turns the kernel round
        for i in range(kernels):
            space = tuple(range(arrays[i].ndim - 2))
            arrays[i] = np.flip(arrays[i], space)
    wanted = tuple(layer.weights[0].shape)
    if arrays[0].shape == wanted:
        return arrays
    if reshape and arrays[0].size == np.prod(wanted):
        arrays[0] = arrays[0].reshape(wanted)
    elif arrays[0].ndim == 4:
        for i in range(kernels):
            arrays[i] = arrays[i].transpose(3, 2, 0, 1)
    return arrays


def gatewise(kernel: np.ndarray, gates: int, change) -> np.ndarray:
    return np.hstack([change(part) for part in np.hsplit(kernel, gates)])


def exchanged(arrays: Arrays, gates: int, from_cudnn: bool) -> Arrays:
    """Both kernels between Keras' layout and CuDNN's."""
    order = "F" if from_cudnn else "C"
    kernel = gatewise(arrays[0], gates, lambda k: k.T.reshape(k.shape, order=order))
    return [kernel, gatewise(arrays[1], gates, np.transpose)]


def lstm(kind: str, arrays: Arrays) -> Arrays:
    units, bias = arrays[1].shape[0], arrays[2]
    source = "CuDNNLSTM" if bias.shape == (8 * units,) else "LSTM"
    if source == kind:
        return arrays
    from_cudnn = source == "CuDNNLSTM"
    halves = bias.reshape(2, -1).sum(axis=0) if from_cudnn else np.tile(0.5 * bias, 2)
    return [*exchanged(arrays, 4, from_cudnn), halves]


def gru(layer, kind: str, arrays: Arrays) -> Arrays:
    units, bias = arrays[1].shape[0], arrays[2]
    plain, after = "GRU(reset_after=False)", "GRU(reset_after=True)"
    sources = {(6 * units,): "CuDNNGRU", (2, 3 * units): after, (3 * units,): plain}
    source = sources.get(bias.shape, plain)
    target = kind if kind == "CuDNNGRU" else after if layer.reset_after else plain
    if source == target:
        return arrays
    if plain in {source, target}:
        raise Incompatible(
            explain(
                f"层 {layer.name}",
                f"文件里 {source} 的权重",
                f"模型里是 {target}，两者的计算不同，权重不能互换",
                f"用 {source} 建这一层",
            )
        )
    from_cudnn = source == "CuDNNGRU"
    return [*exchanged(arrays, 3, from_cudnn), bias.reshape((2, -1) if from_cudnn else -1)]
