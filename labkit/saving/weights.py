"""A model's weights in a file, and back."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import backend as K
from ..errors import explain
from .conversion import Incompatible, preprocess_weights_for_loading
from .files import Contents, Named


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


def assign(model, contents: Contents, by_name=False, skip_mismatch=False, reshape=False) -> None:
    pairs: list[tuple[Any, np.ndarray]] = []
    for layer, name, stored in matched(model, contents, by_name):
        arrays = fitting(layer, [array for _, array in stored], contents, reshape)
        shapes, wanted = [a.shape for a in arrays], [w.shape for w in layer.weights]
        if shapes != wanted and skip_mismatch:
            # As in Keras: where the numbers of weights agree, those that fit are still taken.
            fits = len(shapes) == len(wanted)
            skipped = [
                w.name for w, n, m in zip(layer.weights, shapes, wanted, strict=False) if n != m
            ]
            what = "、".join(skipped) if fits else f"层 {layer.name}"
            warnings.warn(f"跳过 {what}：文件里的形状是 {shapes}，需要 {wanted}。", stacklevel=3)
            found = zip(layer.weights, arrays, strict=False)
            pairs += [(w, array) for w, array in found if fits and w.shape == array.shape]
            continue
        if shapes != wanted:
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


def fitting(layer, arrays: list[np.ndarray], contents: Contents, reshape: bool):
    """The arrays in the layer's layout; those that no layout explains, as they are."""
    try:
        return preprocess_weights_for_loading(
            layer, arrays, contents.keras_version, contents.backend, reshape
        )
    except Incompatible:
        raise
    except (ValueError, IndexError):
        return arrays


def matched(model, contents: Contents, by_name: bool) -> list[tuple[Any, str, Named]]:
    """Which layer takes what of the file."""
    if by_name:
        named = [name for name, _ in contents.layers]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValueError(
                explain(
                    f"{model.name}.load_weights",
                    f"文件里几层都叫 {twice[0]!r}",
                    "按名字对应时，文件里的层名不能重复",
                    "不写 by_name，按次序对应；或改名以后重新保存",
                )
            )
        # Layers renamed to the same name all take what stands under it.
        return [
            (layer, name, w)
            for name, w in contents.layers
            for layer in model.layers
            if layer.name == name
        ]
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
