"""Stand-ins for the data that a script loads before it builds a model: a few zeros of its shape."""

from types import ModuleType
from typing import Any

import numpy as np

SAMPLES = 8
IMAGES = {
    "mnist": (28, 28),
    "fashion_mnist": (28, 28),
    "cifar10": (32, 32, 3),
    "cifar100": (32, 32, 3),
}
TEXTS = ("imdb", "reuters")
TABLES = {"boston_housing": 13}


def data_sets(used: dict[str, int]) -> dict[str, ModuleType]:
    """keras.datasets and its modules; `used` gets the names of those that were loaded."""
    package = ModuleType("keras.datasets")
    package.__path__ = []
    found = {"keras.datasets": package}
    for name in (*IMAGES, *TEXTS, *TABLES):
        found[f"keras.datasets.{name}"] = module = ModuleType(f"keras.datasets.{name}")
        module.load_data = loader(name, used)  # type: ignore[attr-defined]
        if name in TEXTS:
            module.get_word_index = lambda *_: {"the": 1, "and": 2, "a": 3}  # type: ignore
        setattr(package, name, module)
    return found


def loader(name: str, used: dict[str, int]):
    def load_data(*_: Any, **__: Any):
        used[name] = SAMPLES
        return part(name), part(name)

    return load_data


def part(name: str) -> tuple[np.ndarray, np.ndarray]:
    if name in IMAGES:
        labels = (SAMPLES, 1) if name.startswith("cifar") else (SAMPLES,)
        return np.zeros((SAMPLES, *IMAGES[name]), "uint8"), np.zeros(labels, "uint8")
    if name in TEXTS:
        words = np.empty(SAMPLES, dtype=object)
        words[:] = [[1, 2, 3] for _ in range(SAMPLES)]
        return words, np.zeros(SAMPLES, "int64")
    return np.zeros((SAMPLES, TABLES[name])), np.zeros(SAMPLES)
