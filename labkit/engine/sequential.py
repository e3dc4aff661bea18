"""Sequential: layers one after the other."""

from __future__ import annotations

import numpy as np

from .. import backend as K
from ..arguments import validation
from ..errors import explain
from ..manner import refuse
from ..saving.serialization import deserialize, serialize
from .base_layer import Layer
from .fitting import Fitter
from .graph import unchanged_by_failure
from .input_layer import Input, InputLayer


class Sequential(Fitter):
    """层的一条直线：每层的输出是下一层的输入。

    第一层给出 input_shape 时，形状当场检查；没有给出时，等到第一次见到数据再建。
    """

    #: What `build` was given; a first layer with a shape of its own says it itself.
    _build_input_shape: tuple | None = None

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
        self._require_free("add")
        with unchanged_by_failure(self), unchanged_by_failure(layer):
            self._append(layer)

    def _require_free(self, action: str) -> None:
        """What was computed with the model keeps its shape, so the model must keep its layers."""
        if len(self._inbound_nodes) > 1:
            refuse(
                ValueError(
                    explain(
                        f"{self._label()}.{action}",
                        "已经当作层调用过的模型",
                        "调用的结果已经有了形状，所以模型的层不能再增减",
                        "先加好全部的层，再调用；或用这些层另建一个 Sequential",
                    )
                )
            )

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
        elif not self.layers and isinstance(layer, Fitter) and layer.built:
            x = Input(batch_shape=layer.inputs[0].shape)
            self._set_line(x, layer(x), [layer])
        else:
            self.layers = [*self.layers, layer]

    def pop(self) -> None:
        """去掉最后一层。"""
        if not self.layers:
            raise TypeError(explain(self._label(), "pop()", "模型里还没有层", "先 add 一层"))
        self._require_free("pop")
        kept = self.layers[:-1]
        if self.built:
            # The layer may have been called elsewhere too: this model's call of it counts.
            made = {id(node.outbound_layer): node.output_tensors[0] for node in self._nodes}
            self._set_line(self.inputs, made[id(kept[-1])] if kept else self.inputs[0], kept)
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
            x = Input(batch_shape=tuple(input_shape), name=f"{self.name}_input")
            y = x
            for layer in self.layers:
                y = layer(y)
            self._set_line(x, y, self.layers)
            self._build_input_shape = x._keras_shape

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
        config = {"name": self.name, "layers": [serialize(layer) for layer in self.layers]}
        if self._build_input_shape is not None:
            config["build_input_shape"] = self._build_input_shape
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        named = isinstance(config, dict)
        layers = config["layers"] if named else config
        model = cls(
            [deserialize(d, custom_objects) for d in layers], name=config["name"] if named else None
        )
        model.build(config.get("build_input_shape") if named else None)
        return model
