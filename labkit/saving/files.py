"""Model files: what they hold, in Keras' HDF5 layout or in NumPy's .npz.

A place is a path, an open binary stream, an open h5py group, a dict or an H5Dict.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import explain
from ..utils.io_utils import H5Dict, load_from_binary_h5py, require_h5py, save_to_binary_h5py, text

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
    """The contents of a place; nothing is executed.

    Raises OSError where the file cannot be opened, ValueError where it is no model file.
    """
    if hasattr(place, "read"):
        return from_stream(place)
    if is_tree(place):
        return from_tree(as_tree(place, "r"), type(place).__name__)
    path = path_of(place)
    if not os.path.exists(path):
        raise FileNotFoundError(
            explain("读取模型文件", f"路径 {path!r}", "文件要存在", "检查路径与当前目录")
        )
    if os.path.isdir(path):
        raise IsADirectoryError(
            explain(
                "读取模型文件",
                f"文件夹 {path!r}",
                "labkit 和 Keras 2.2.5 一样，一个模型是一个文件",
                "写出里面文件的名字，例如 'model.h5'",
            )
        )
    if path.endswith(".npz"):
        with open(path, "rb") as file:
            return read_npz(file, repr(path))
    require_h5py()
    try:
        tree = H5Dict(path, "r")
    except OSError as error:
        raise unreadable(repr(path), error) from error
    with tree:
        return from_tree(tree, repr(path))


def write(place: Any, contents: Contents) -> None:
    """Write to a place: to a path (.npz, or else HDF5) whole or not at all."""
    if hasattr(place, "write"):
        save_to_binary_h5py(lambda file: to_tree(H5Dict(file), contents), place)
        return
    if is_tree(place):
        if getattr(getattr(place, "file", None), "mode", None) == "r":
            raise OSError(
                explain(
                    "保存模型",
                    "只读的 HDF5 文件",
                    "要写的文件以能写的方式打开",
                    "h5py.File(路径, 'w')",
                )
            )
        tree = as_tree(place, "w")
        refuse_taken(tree, contents)
        to_tree(tree, contents)
        return
    path = path_of(place)
    partial = path + ".part"
    try:
        if path.endswith(".npz"):
            with open(partial, "wb") as file:
                write_npz(file, contents)
        else:
            with H5Dict(partial, "w") as tree:
                to_tree(tree, contents)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def path_of(place: Any) -> str:
    if not isinstance(place, str | os.PathLike):
        raise ValueError(
            explain(
                "模型文件",
                f"{type(place).__name__}：{str(place)[:40]}",
                "文件名、二进制的流（io.BytesIO、open(…, 'rb')）、h5py 的组，或字典",
                "'model.h5'",
            )
        )
    return os.fspath(place)


def is_tree(place: Any) -> bool:
    return isinstance(place, H5Dict | dict) or hasattr(place, "attrs")


def as_tree(place: Any, mode: str) -> H5Dict:
    return place if isinstance(place, H5Dict) else H5Dict(place, mode)


def unreadable(what: str, error: Exception) -> OSError:
    return OSError(
        explain(
            "读取模型文件",
            f"{what}，不是完整的 HDF5 文件",
            f"model.save 写的是 HDF5 文件（.h5），中途断掉的下载或别的格式都读不了（{error}）",
            "重新下载或重新保存；labkit 也读 .npz",
        )
    )


def from_stream(stream: Any) -> Contents:
    data = stream.read()
    what = f"流里的 {len(data)} 字节"
    if not isinstance(data, bytes):
        raise ValueError(
            explain("读取模型文件", "读出文字的流", "模型文件是二进制的", "open(路径, 'rb')")
        )
    if data.startswith(b"PK"):  # a zip file, as .npz is
        return read_npz(io.BytesIO(data), what)
    require_h5py()
    try:
        return load_from_binary_h5py(
            lambda file: from_tree(H5Dict(file, "r"), what), io.BytesIO(data)
        )
    except OSError as error:
        raise unreadable(what, error) from error


# --- HDF5, in the layout of Keras 2.2.5 ---


def from_tree(file: H5Dict, what: str) -> Contents:
    group = file["model_weights"] if "model_weights" in file else file
    if "layer_names" not in group:
        raise ValueError(
            explain(
                "读取模型文件",
                f"没有 layer_names 的文件（{what}），里面有 {list(file)[:5]}",
                "Keras 的文件在 model_weights（或最外层）的属性里列出各层的名字",
                "用 model.save 或 model.save_weights 写的文件",
            )
        )
    try:
        return Contents(
            layers=[
                (layer, named(group[layer]) if layer in group else [])
                for layer in map(text, group["layer_names"])
            ],
            keras_version=text(group.get("keras_version", "1")),
            backend=text(group["backend"]) if "backend" in group else None,
            model_config=text(file["model_config"]) if "model_config" in file else None,
            training_config=text(file["training_config"]) if "training_config" in file else None,
            optimizer=named(file["optimizer_weights"]) if "optimizer_weights" in file else [],
        )
    except (OSError, KeyError, RuntimeError, UnicodeDecodeError) as error:
        raise unreadable(what, error) from error


def named(group: H5Dict) -> Named:
    """The arrays of a group, by name."""
    names = map(text, group["weight_names"] if "weight_names" in group else [])
    return [(name, np.asarray(group[name])) for name in names]


def to_tree(file: H5Dict, contents: Contents) -> None:
    names = [name for name, _ in contents.layers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            explain(
                "保存模型",
                f"几层都叫 {twice[0]!r}",
                "HDF5 文件里每层的权重存在以层名为名的组里，层名不能重复",
                "给每层不同的名字，或存成 .npz",
            )
        )
    whole = contents.model_config is not None
    group = file["model_weights"] if whole else file
    for place in (file, group) if whole else (file,):
        place["keras_version"] = contents.keras_version.encode("utf8")
        place["backend"] = (contents.backend or "tensorflow").encode("utf8")
    group["layer_names"] = encoded(contents.layers)
    for layer, weights in contents.layers:
        fill(group[layer], weights)
    if contents.model_config is not None:
        file["model_config"] = contents.model_config.encode("utf8")
    if contents.training_config is not None:
        file["training_config"] = contents.training_config.encode("utf8")
    if contents.optimizer:
        fill(file["optimizer_weights"], contents.optimizer)


def encoded(named_things: list[tuple[str, Any]]) -> list[bytes]:
    return [name.encode("utf8") for name, _ in named_things]


def fill(group: H5Dict, weights: Named) -> None:
    group["weight_names"] = encoded(weights)
    for name, array in weights:
        group[name] = np.asarray(array)


def refuse_taken(tree: H5Dict, contents: Contents) -> None:
    """An open group may hold other things, but not another model: half of it would remain."""
    taken = [key for key in ("layer_names", "model_weights", "optimizer_weights") if key in tree]
    taken += [
        layer for layer, _ in contents.layers if contents.model_config is None and layer in tree
    ]
    if taken:
        raise ValueError(
            explain(
                "保存模型",
                f"已经有 {'、'.join(taken[:3])} 的组",
                "一个组里只能有一个模型，数据集不能再写一次",
                "file.create_group('另一个名字')，或删去原来的",
            )
        )


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


def read_npz(file: Any, what: str) -> Contents:
    try:
        with np.load(file, allow_pickle=False) as stored:
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
                f"{what}，不是 labkit 写的 .npz，或者不完整",
                "文件里有 structure（JSON）和各层的数组；不读 pickle 的对象",
                "用 model.save('model.npz') 或 model.save_weights('weights.npz') 写的文件",
            )
        ) from error
