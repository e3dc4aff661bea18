"""A model's weights in a file, and back."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from .. import backend as K
from ..errors import explain
from .conversion import converted
from .files import Contents, Named, read, write


def stored_weights(model) -> list[tuple[str, Named]]:
    return [
        (layer.name, list(zip(numbered([w.name for w in layer.weights]), values, strict=True)))
        for layer in model.layers
        for values in [K.batch_get_value(layer.weights)]
    ]


def numbered(names: list[str]) -> list[str]:
    """Repeated names get _1, _2, …, as in Keras' files."""
    taken: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in taken:
            candidate, number = f"{name}_{number}", number + 1
        taken.append(candidate)
    return taken


def save_weights(model, filepath, overwrite=True) -> None:
    """把全部权重写进文件：.npz 或 HDF5（要有 h5py，布局与 Keras 2.2.5 相同）。"""
    if may_write(filepath, overwrite):
        write(filepath, Contents(stored_weights(model)))


def load_weights(model, filepath, by_name=False, skip_mismatch=False, reshape=False) -> None:
    """从文件读回权重；全部检查过之后才写入。

    by_name 按层的名字对应，名字对不上的层不变；否则按层的次序。
    skip_mismatch（与 by_name 同用）跳过个数或形状不合的层；reshape 允许总数相同的权重变形。
    出错：层数、个数、形状不合抛出 ValueError，权重不变。
    """
    if skip_mismatch and not by_name:
        raise ValueError(
            explain(
                f"{model.name}.load_weights",
                "skip_mismatch=True，by_name=False",
                "按次序对应时不能跳过某一层",
                "by_name=True",
            )
        )
    assign(model, read(filepath), by_name, skip_mismatch, reshape)


def assign(model, contents: Contents, by_name=False, skip_mismatch=False, reshape=False) -> None:
    pairs: list[tuple[Any, np.ndarray]] = []
    for layer, name, stored in matched(model, contents, by_name):
        arrays = [array for _, array in stored]
        arrays = converted(layer, arrays, contents.keras_version, contents.backend, reshape)
        shapes, wanted = [a.shape for a in arrays], [w.shape for w in layer.weights]
        if shapes != wanted:
            if skip_mismatch:
                warnings.warn(
                    f"跳过层 {layer.name}：文件里的形状是 {shapes}，需要 {wanted}。", stacklevel=3
                )
                continue
            raise ValueError(
                explain(
                    f"{model.name} 的层 {layer.name}",
                    f"文件里的层 {name}，{len(shapes)} 个权重，形状 {shapes}",
                    f"这一层有 {len(wanted)} 个权重，形状 {wanted}",
                    "用与保存时同样的结构建模型；by_name=True、skip_mismatch=True 时跳过这样的层",
                )
            )
        pairs += zip(layer.weights, arrays, strict=True)
    K.batch_set_value(pairs)


def matched(model, contents: Contents, by_name: bool) -> list[tuple[Any, str, Named]]:
    """Which layer takes what of the file."""
    if by_name:
        layers = {layer.name: layer for layer in model.layers}
        return [(layers[name], name, w) for name, w in contents.layers if name in layers]
    stored = [(name, weights) for name, weights in contents.layers if weights]
    layers = [layer for layer in model.layers if layer.weights]
    if len(stored) != len(layers):
        raise ValueError(
            explain(
                f"{model.name}.load_weights",
                f"文件里有权重的 {len(stored)} 层：{[name for name, _ in stored]}",
                f"模型里有权重的是 {len(layers)} 层：{[layer.name for layer in layers]}",
                "用同样的结构建模型（Sequential 要先知道 input_shape），或 by_name=True",
            )
        )
    return [(layer, *entry) for layer, entry in zip(layers, stored, strict=True)]


def may_write(filepath, overwrite: bool) -> bool:
    """Ask before an existing file is replaced, where overwrite=False says so."""
    if overwrite or hasattr(filepath, "attrs") or not os.path.exists(filepath):
        return True
    try:
        return input(f"文件 {filepath} 已经存在，要覆盖吗？[y/n] ").strip().lower() == "y"
    except EOFError as error:
        raise FileExistsError(
            explain(
                "保存模型",
                f"已有的文件 {filepath!r}，overwrite=False",
                "没有人可以回答是否覆盖",
                "overwrite=True，或换一个文件名",
            )
        ) from error
