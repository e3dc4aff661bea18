"""Model files: what they hold, in Keras' HDF5 layout or in NumPy's .npz."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import explain

Named = list[tuple[str, np.ndarray]]


@dataclass
class Contents:
    """A model file: weights by layer, and for a whole model its config, training and optimizer."""

    layers: list[tuple[str, Named]] = field(default_factory=list)
    model_config: str | None = None
    training_config: str | None = None
    optimizer: Named = field(default_factory=list)
    keras_version: str = "2.2.5"
    backend: str | None = "tensorflow"


def read(place: Any) -> Contents:
    """The contents of a path (.npz, or else HDF5) or of an open h5py group; nothing is executed.

    Raises OSError where the file cannot be opened, ValueError where it is no model file.
    """
    if hasattr(place, "attrs"):
        return from_group(place)
    path = os.fspath(place)
    if not os.path.exists(path):
        raise FileNotFoundError(
            explain("读取模型文件", f"路径 {path!r}", "文件要存在", "检查路径与当前目录")
        )
    if path.endswith(".npz"):
        return read_npz(path)
    h5py = require_h5py()
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise OSError(
            explain(
                "读取模型文件",
                f"{path!r}，不是完整的 HDF5 文件",
                "model.save 写的是 HDF5 文件（.h5），中途断掉的下载或别的格式都读不了",
                "重新下载或重新保存；labkit 也读 .npz",
            )
        ) from error
    with file:
        return from_group(file)


def write(place: Any, contents: Contents) -> None:
    """Write to a path (.npz, or else HDF5) or into an open h5py group; a failure leaves no file."""
    if hasattr(place, "attrs"):
        to_group(place, contents)
        return
    path = os.fspath(place)
    partial = path + ".part"
    try:
        if path.endswith(".npz"):
            with open(partial, "wb") as file:
                write_npz(file, contents)
        else:
            with require_h5py().File(partial, "w") as file:
                to_group(file, contents)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def require_h5py() -> Any:
    try:
        import h5py  # type: ignore[import-not-found]  # optional, only for .h5 files
    except ImportError as error:
        raise ImportError(
            explain(
                "HDF5 文件",
                "没有安装 h5py 的环境",
                "Keras 的 .h5 文件要用 h5py 读写，labkit 本身只依赖 NumPy",
                "pip install h5py，或把文件名改成 .npz",
            )
        ) from error
    return h5py


# --- HDF5, in the layout of Keras 2.2.5 ---


def text(value: Any) -> str:
    """An attribute as text; old and new h5py give bytes, str or NumPy strings."""
    value = value.item() if isinstance(value, np.generic | np.ndarray) else value
    return value.decode("utf8") if isinstance(value, bytes) else str(value)


def names(group: Any, attribute: str) -> list[str]:
    """A list of names; long ones are cut into several attributes, `names0`, `names1`, …"""
    if attribute in group.attrs:
        return [text(name) for name in group.attrs[attribute]]
    found, number = [], 0
    while f"{attribute}{number}" in group.attrs:
        found += [text(name) for name in group.attrs[f"{attribute}{number}"]]
        number += 1
    return found


def set_names(group: Any, attribute: str, values: list[str]) -> None:
    """The inverse of `names`: HDF5 keeps no attribute above 64 kB."""
    array = np.array([value.encode("utf8") for value in values]) if values else np.zeros(0, "S1")
    if array.nbytes <= 64512:
        group.attrs[attribute] = array
        return
    parts = -(-array.nbytes // 64512)
    for number, part in enumerate(np.array_split(array, parts)):
        group.attrs[f"{attribute}{number}"] = part


def from_group(file: Any) -> Contents:
    group = file["model_weights"] if "model_weights" in file else file
    if not any(key.startswith("layer_names") for key in group.attrs):
        raise ValueError(
            explain(
                "读取模型文件",
                f"没有 layer_names 的 HDF5 文件，里面有 {list(file)[:5]}",
                "Keras 的文件在 model_weights（或最外层）的属性里列出各层的名字",
                "用 model.save 或 model.save_weights 写的文件",
            )
        )
    attributes = file.attrs
    contents = Contents(
        layers=[
            (layer, [(n, np.asarray(group[layer][n])) for n in names(group[layer], "weight_names")])
            for layer in names(group, "layer_names")
        ],
        keras_version=text(group.attrs["keras_version"]) if "keras_version" in group.attrs else "1",
        backend=text(group.attrs["backend"]) if "backend" in group.attrs else None,
    )
    if "model_config" in attributes:
        contents.model_config = text(attributes["model_config"])
    if "training_config" in attributes:
        contents.training_config = text(attributes["training_config"])
    if "optimizer_weights" in file:
        state = file["optimizer_weights"]
        contents.optimizer = [(n, np.asarray(state[n])) for n in names(state, "weight_names")]
    return contents


def to_group(file: Any, contents: Contents) -> None:
    whole = contents.model_config is not None
    group = file.create_group("model_weights") if whole else file
    for place in {id(file): file, id(group): group}.values():
        place.attrs["keras_version"] = contents.keras_version.encode("utf8")
        place.attrs["backend"] = (contents.backend or "tensorflow").encode("utf8")
    set_names(group, "layer_names", [layer for layer, _ in contents.layers])
    for layer, weights in contents.layers:
        inner = group.create_group(layer)
        set_names(inner, "weight_names", [name for name, _ in weights])
        for name, array in weights:
            inner.create_dataset(name, data=array)
    if contents.model_config is not None:
        file.attrs["model_config"] = contents.model_config.encode("utf8")
    if contents.training_config is not None:
        file.attrs["training_config"] = contents.training_config.encode("utf8")
    if contents.optimizer:
        state = file.create_group("optimizer_weights")
        set_names(state, "weight_names", [name for name, _ in contents.optimizer])
        for name, array in contents.optimizer:
            state.create_dataset(name, data=array)


# --- .npz: the same, as arrays and one JSON text ---


def write_npz(file: Any, contents: Contents) -> None:
    structure = {
        "layers": [[layer, [name for name, _ in weights]] for layer, weights in contents.layers],
        "optimizer": [name for name, _ in contents.optimizer],
        "model_config": contents.model_config,
        "training_config": contents.training_config,
        "keras_version": contents.keras_version,
        "backend": contents.backend,
    }
    arrays = {
        f"layer_{i}_{j}": array
        for i, (_, weights) in enumerate(contents.layers)
        for j, (_, array) in enumerate(weights)
    }
    arrays |= {f"optimizer_{i}": array for i, (_, array) in enumerate(contents.optimizer)}
    arrays["structure"] = np.array(json.dumps(structure))
    np.savez(file, **arrays)  # type: ignore[arg-type]


def read_npz(path: str) -> Contents:
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            structure = json.loads(str(stored["structure"]))
            return Contents(
                layers=[
                    (layer, [(n, stored[f"layer_{i}_{j}"]) for j, n in enumerate(weights)])
                    for i, (layer, weights) in enumerate(structure["layers"])
                ],
                optimizer=[
                    (n, stored[f"optimizer_{i}"]) for i, n in enumerate(structure["optimizer"])
                ],
                **{
                    key: structure[key]
                    for key in ("model_config", "training_config", "keras_version", "backend")
                },
            )
    except (KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            explain(
                "读取模型文件",
                f"{path!r}，不是 labkit 写的 .npz，或者不完整",
                "文件里有 structure（JSON）和各层的数组；不读 pickle 的对象",
                "用 model.save('model.npz') 或 model.save_weights('weights.npz') 写的文件",
            )
        ) from error
