"""The data that the site brings: a part of MNIST, and small pictures for the panel.

``mnist.npz`` has the layout of Keras' own file. ``samples.json`` holds what 看数据 shows
at once: a few digits, and two photographs that scikit-learn ships. Equal inputs give equal files.
"""

import base64
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from labkit.datasets import mnist

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / mnist.PACKAGE
TRAINING, TEST = 10_000, 2_000  # digits of the part
DIGITS = 20  # at the beginning of the test digits
WHEEL = Path(__file__).with_name("photos.txt")
# The files in the wheel that its version brings.
PHOTOS = {
    "china": "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
    "flower": "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
}
SIZE = (96, 64)  # width and height


class DatasetError(Exception):
    """What is wrong, and what the reader can do about it."""


def write_mnist(folder: Path) -> None:
    """The part of MNIST as Keras' mnist.npz."""
    arrays = [mnist.read(PACKAGE, original) for original in mnist.ORIGINALS]
    counts = [TRAINING, TRAINING, TEST, TEST]
    with zipfile.ZipFile(folder / "mnist.npz", "w") as archive:
        for name, array, count in zip(mnist.KEYS, arrays, counts, strict=True):
            content = io.BytesIO()
            np.save(content, array[:count])
            # Without a time, so that equal contents give equal files.
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content.getvalue(), compresslevel=9)


def write_samples(folder: Path) -> None:
    """The small pictures as JSON: the numbers of each picture, row by row, in base64."""
    images, labels = (mnist.read(PACKAGE, original)[:DIGITS] for original in mnist.ORIGINALS[2:])
    samples = {
        f"digit{number}": {"label": int(label), **coded(image[..., None])}
        for number, (image, label) in enumerate(zip(images, labels, strict=True))
    }
    samples |= {name: coded(image) for name, image in photos().items()}
    (folder / "samples.json").write_text(json.dumps(samples, separators=(",", ":")) + "\n")


def coded(image: np.ndarray) -> dict:
    return {"shape": list(image.shape), "pixels": base64.b64encode(image.tobytes()).decode()}


def photos() -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel(Path(folder))) as archive:
        return {name: small(archive, name) for name in PHOTOS}


def small(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    content = archive.read(f"sklearn/datasets/images/{name}.jpg")
    if hashlib.sha256(content).hexdigest() != PHOTOS[name]:
        raise DatasetError(f"{name}.jpg 不是 docs/tools/datasets.py 里记下的那张照片")
    with Image.open(io.BytesIO(content)) as photo:
        return np.asarray(photo.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS))


def wheel(folder: Path) -> Path:
    """One file for all systems: it is opened as an archive and never installed."""
    print("下载 scikit-learn 带着的两张照片（约 9 MB，只此一次）……")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--platform=manylinux_2_27_x86_64", "--implementation=cp"]
    command += ["--python-version=3.12", "--require-hashes", f"--requirement={WHEEL}"]
    if subprocess.run([*command, f"--dest={folder}"]).returncode:
        raise DatasetError(
            "没能下载 scikit-learn，原因见上面 pip 的输出。\n"
            "请检查网络或 pip 的镜像设置，然后重新运行刚才的 make 命令。"
        )
    return next(folder.glob("*.whl"))


def write(folder: Path) -> None:
    write_mnist(folder)
    write_samples(folder)
