"""as_keras：旧脚本不用改，就在 labkit 上运行。"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from . import callbacks
from .engine.data import standardize_input_data
from .errors import explain
from .manner import Manner, set_manner

# Only as_keras and the list of Keras' names need it, so the callbacks' own room stays low.
# Keras' callbacks had this function of its training code by import; old code takes it from there.
callbacks.__dict__.update(standardize_input_data=standardize_input_data)

#: Modules that code for Keras 2 imports, and where their names live in labkit.
MODULES = {
    "activations": "activations",
    "backend": "backend",
    "backend.common": "backend",
    "backend.load_backend": "backend.load_backend",
    "backend.tensorflow_backend": "backend",
    "callbacks": "callbacks",
    "constraints": "constraints",
    "datasets": "datasets",
    "datasets.mnist": "datasets.mnist",
    "engine": "engine",
    "engine.base_layer": "engine.base_layer",
    "engine.input_layer": "engine.input_layer",
    "engine.network": "engine.network",
    "engine.saving": "saving.models",
    "engine.sequential": "models",
    "engine.topology": "engine.topology",
    "engine.training": "models",
    "engine.training_utils": "engine.training_utils",
    "initializers": "initializers",
    "layers": "layers",
    "layers.advanced_activations": "layers.advanced_activations",
    "layers.convolutional": "layers.convolutional",
    "layers.convolutional_recurrent": "layers.convolutional_recurrent",
    "layers.core": "layers.core",
    "layers.cudnn_recurrent": "layers.cudnn_recurrent",
    "layers.embeddings": "layers.embeddings",
    "layers.local": "layers.local",
    "layers.merge": "layers.merge",
    "layers.noise": "layers.noise",
    "layers.normalization": "layers.normalization",
    "layers.pooling": "layers.pooling",
    "layers.recurrent": "layers.recurrent",
    "layers.wrappers": "layers.wrappers",
    "legacy": "arguments.spellings",
    "legacy.layers": "layers.legacy",
    "losses": "losses",
    "metrics": "metrics",
    "models": "models",
    "objectives": "losses",
    "optimizers": "optimizers",
    "preprocessing": "preprocessing",
    "preprocessing.sequence": "preprocessing.sequence",
    "regularizers": "regularizers",
    "utils": "utils",
    "utils.conv_utils": "utils.conv_utils",
    "utils.data_utils": "utils.data_utils",
    "utils.generic_utils": "utils.generic_utils",
    "utils.io_utils": "utils.io_utils",
    "utils.layer_utils": "utils.layer_utils",
    "utils.np_utils": "utils.np_utils",
    "utils.vis_utils": "utils.vis_utils",
    "wrappers": "wrappers",
    "wrappers.scikit_learn": "wrappers.scikit_learn",
}


def as_keras(manner: Manner = "keras") -> ModuleType:
    """把 labkit 登记为 keras：之后 import keras、from keras.layers import Dense 得到的都是 labkit。

    同时选定态度（见 `set_manner`）："keras" 收下 Keras 收下的一切，"learner" 照常拦下错误。
    返回登记的模块；再调用一次只换态度。
    出错：真正的 Keras 已经导入时抛出 ImportError，什么也不改变。
    """
    present = sys.modules.get("keras")
    if present is not None:
        if getattr(present, "__labkit__", False):
            set_manner(manner)
            return present
        raise ImportError(
            explain(
                "labkit.as_keras",
                f"已经导入的 Keras {getattr(present, '__version__', '')}".rstrip(),
                "一个 Python 进程里只能有一个 keras，已经导入的不能换掉",
                "在 import keras 之前执行 import labkit; labkit.as_keras()",
            )
        )
    labkit = importlib.import_module(__package__ or "labkit")
    keras = ModuleType("keras", labkit.__doc__)
    keras.__dict__.update({name: getattr(labkit, name) for name in labkit.__all__})
    keras.__dict__.update(__labkit__=True, __version__="2.2.5", __path__=[], __file__=None)
    found = {
        name: importlib.import_module(f"{labkit.__name__}.{home}") for name, home in MODULES.items()
    }
    # labkit.engine has a module `training` of its own, and keras.engine.training is another.
    found["engine"] = facade("keras.engine", found["engine"])
    set_manner(manner)
    sys.modules["keras"] = keras
    for name, module in found.items():
        sys.modules[f"keras.{name}"] = module
        parent, _, child = name.rpartition(".")
        # `import keras.backend.tensorflow_backend as K` looks for the attribute first.
        home = found[parent] if parent else keras
        if not hasattr(home, child):
            setattr(home, child, module)
    return keras


def facade(name: str, module: ModuleType) -> ModuleType:
    """A module of its own with the public names of another."""
    made = ModuleType(name, module.__doc__)
    made.__dict__.update({public: getattr(module, public) for public in module.__all__})
    made.__dict__.update(__path__=[], __file__=None, __all__=module.__all__)
    return made
