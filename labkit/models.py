"""Model and Sequential."""

from __future__ import annotations

import numpy as np

from . import backend as K
from .arguments import validation
from .arguments.signatures import call_arguments
from .engine.base_layer import Layer
from .engine.graph import Input
from .engine.run import unchanged_by_failure
from .engine.training import Trainer
from .errors import explain
from .layers.core import InputLayer
from .saving import (
    clone_model,
    load_model,
    model_from_config,
    model_from_json,
    model_from_yaml,
    save_model,
)
from .utils.generic_utils import has_arg, to_list, unpack_singleton

__all__ = [
    "Input",
    "InputLayer",
    "Model",
    "Sequential",
    "clone_model",
    "has_arg",
    "load_model",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
    "to_list",
]


class Model(Trainer):
    """函数式模型：Model(inputs, outputs)；也可以继承它，在 call 里写计算。

    先 compile(optimizer, loss)，再 fit(x, y)；predict(x) 得到输出；也可以当作层来调用。
    继承时在 __init__ 里把层记成属性（self.dense = Dense(3)），call(inputs) 在第一次见到数据时
    对符号张量执行一次，连成图。
    出错：inputs 与 outputs 只给出一个、不是符号张量，抛出 TypeError 或 ValueError。
    """

    def __init__(self, inputs=None, outputs=None, name=None, **kwargs):
        inputs, outputs = kwargs.pop("input", inputs), kwargs.pop("output", outputs)
        own_call = type(self).call is not Model.call
        if kwargs or (inputs is None) != (outputs is None) or inputs is None and not own_call:
            raise TypeError(
                explain(
                    "Model",
                    f"参数 {list(kwargs) or '不全'}",
                    "参数是 inputs、outputs，还可以有 name；继承 Model 时要有自己的 call",
                    "Model(x, y)",
                )
            )
        if inputs is not None:
            super().__init__(inputs, outputs, name=name)
        else:
            Layer.__init__(self, name=name)
            self.layers = []

    def __setattr__(self, name, value):
        # A subclass's layers are its attributes, in the order in which they were set.
        if isinstance(value, Layer) and not hasattr(self, "built"):
            raise RuntimeError(
                explain(
                    type(self).__name__,
                    f"属性 {name} 里的层",
                    "继承 Model 时，先调用 super().__init__()，再把层记成属性",
                    "把 super().__init__() 放在 __init__ 的第一行",
                )
            )
        if isinstance(value, Layer) and not self.built:
            replaced = getattr(self, name, None)
            self.layers = [*(layer for layer in self.layers if layer is not replaced), value]
        super().__setattr__(name, value)

    def build(self, input_shape=None) -> None:
        """继承得到的模型：按输入形状（含 batch 轴；几个输入是形状的列表）执行一次 call，连成图。"""
        if self.built or input_shape is None:
            return
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        with unchanged_by_failure(self):
            inputs = [Input(batch_shape=shape) for shape in shapes]
            settings = {"training": None} if "training" in call_arguments(type(self)) else {}
            outputs = self.call(unpack_singleton(inputs), **settings)
            layers = self.layers
            self._set_graph(inputs, outputs)
            self.layers = layers
            self.output_names = [f"output_{i}" for i, _ in enumerate(self.outputs, 1)]

    def _prepare(self, inputs) -> None:
        if not self.built:
            one = not isinstance(inputs, list)
            shapes = [(None, *K.int_shape(x)[1:]) for x in to_list(inputs)]
            self.build(shapes[0] if one else shapes)

    def _ensure_built(self, x) -> None:
        if not self.built:
            self._prepare(self._convert(x))

    def get_config(self) -> dict:
        if type(self).call is not Model.call:
            raise NotImplementedError(
                explain(
                    self._label(),
                    "继承 Model 写成的模型",
                    "它的计算是 Python 代码，不能写成配置",
                    "save_weights 与 load_weights，模型由同一段代码重建",
                )
            )
        return super().get_config()


class Sequential(Trainer):
    """层的一条直线：每层的输出是下一层的输入。

    第一层给出 input_shape 时，形状当场检查；没有给出时，等到第一次见到数据再建。
    """

    def __init__(self, layers=None, name=None):
        Layer.__init__(self, name=name)
        self.layers = []
        if not isinstance(layers, list | tuple | None):
            raise TypeError(
                explain(
                    self._label(),
                    type(layers).__name__,
                    "参数是层的列表",
                    "Sequential([Dense(3), …])",
                )
            )
        for layer in layers or []:
            self.add(layer)

    def add(self, layer: Layer) -> None:
        """在末尾加一层；形状不合时抛出 ValueError，模型不变。"""
        if not isinstance(layer, Layer):
            raise TypeError(
                explain(
                    self._label(),
                    f"类 {layer.__name__}" if isinstance(layer, type) else type(layer).__name__,
                    "add 的参数是一个层（Layer 的实例）",
                    "model.add(Dense(3))",
                )
            )
        with unchanged_by_failure(self), unchanged_by_failure(layer):
            self._append(layer)

    def _append(self, layer: Layer) -> None:
        if self.built:
            self._set_line(self.inputs, layer(self.outputs[0]), [*self.layers, layer])
        elif not self.layers and isinstance(layer, InputLayer):
            self._set_line(layer.output, layer.output, [])
        elif not self.layers and getattr(layer, "batch_input_shape", None) is not None:
            x = Input(
                batch_shape=layer.batch_input_shape, dtype=layer.dtype, name=f"{layer.name}_input"
            )
            self._set_line(x, layer(x), [layer])
        elif not self.layers and isinstance(layer, Trainer) and layer.built:
            x = Input(batch_shape=layer.inputs[0].shape)
            self._set_line(x, layer(x), [layer])
        else:
            self.layers = [*self.layers, layer]

    def pop(self) -> None:
        """去掉最后一层。"""
        if not self.layers:
            raise TypeError(explain(self._label(), "pop()", "模型里还没有层", "先 add 一层"))
        kept = self.layers[:-1]
        if self.built:
            y = kept[-1]._inbound_nodes[-1].output_tensors[0] if kept else self.inputs[0]
            self._set_line(self.inputs, y, kept)
        self.layers = kept

    def _set_line(self, inputs, outputs, layers) -> None:
        self._set_graph(inputs, outputs)
        self.layers = layers

    def build(self, input_shape=None) -> None:
        """按输入形状（含 batch 轴）建好所有的层。"""
        if self.built or input_shape is None:
            return
        if not self.layers:
            raise ValueError(
                explain(
                    self._label(),
                    "没有层的模型",
                    "至少有一层才能计算",
                    "先 model.add(Dense(3))",
                )
            )
        with unchanged_by_failure(self):
            x = Input(batch_shape=tuple(input_shape))
            y = x
            for layer in self.layers:
                y = layer(y)
            self._set_line(x, y, self.layers)

    def _prepare(self, inputs) -> None:
        if not self.built:
            self.build((None, *K.int_shape(inputs)[1:]))

    def _ensure_built(self, x) -> None:
        if not self.built:
            one = isinstance(x, list | tuple) and len(x) == 1 and hasattr(x[0], "shape")
            x = x[0] if one else x
            shape = validation.array(f"{self._label()} 的输入", x).shape
            self.build((None, *(shape[1:] if len(shape) != 1 else (1,))))

    @property
    def model(self) -> Sequential:
        """Keras 1 的旧名：模型本身。"""
        return self

    def predict_classes(self, x, batch_size=32, verbose=0) -> np.ndarray:
        """预测类别编号：多类取最大的一项，单个输出以 0.5 为界。"""
        y = self.predict(x, batch_size=batch_size, verbose=verbose)
        return y.argmax(axis=-1) if y.shape[-1] > 1 else (y > 0.5).astype("int32")

    def predict_proba(self, x, batch_size=32, verbose=0) -> np.ndarray:
        """与 predict 相同。"""
        return self.predict(x, batch_size=batch_size, verbose=verbose)

    def get_config(self) -> dict:
        layers = [
            {"class_name": type(layer).__name__, "config": layer.get_config()}
            for layer in self.layers
        ]
        return {"name": self.name, "layers": layers}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        from .layers import deserialize

        named = isinstance(config, dict)
        layers = config["layers"] if named else config
        return cls(
            [deserialize(d, custom_objects) for d in layers], name=config["name"] if named else None
        )
