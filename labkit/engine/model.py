"""Model: layers connected from inputs to outputs, trained as one."""

from __future__ import annotations

from .. import backend as K
from ..arguments.signatures import call_arguments
from ..errors import explain
from ..utils.generic_utils import to_list, unpack_singleton
from .base_layer import Layer
from .fitting import Fitter
from .graph import unchanged_by_failure
from .input_layer import Input


class Model(Fitter):
    """函数式模型：Model(inputs, outputs)；也可以继承它，在 call 里写计算。

    先 compile(optimizer, loss)，再 fit(x, y)；predict(x) 得到输出；也可以当作层来调用。
    继承时在 __init__ 里把层记成属性（self.dense = Dense(3)），call(inputs) 在第一次见到数据时
    对符号张量执行一次，连成图。
    出错：inputs 与 outputs 只给出一个、不是符号张量，抛出 TypeError 或 ValueError。
    """

    def __init__(self, inputs=None, outputs=None, name=None, **kwargs):
        inputs, outputs = kwargs.pop("input", inputs), kwargs.pop("output", outputs)
        settings = {key: kwargs.pop(key) for key in ("trainable", "dtype") if key in kwargs}
        subclassed = type(self) is not Model
        if kwargs or (inputs is None) != (outputs is None) or inputs is None and not subclassed:
            raise TypeError(
                explain(
                    "Model",
                    f"参数 {list(kwargs) or '不全'}",
                    "参数是 inputs、outputs，还可以有 name；继承 Model 时要有自己的 call",
                    "Model(x, y)",
                )
            )
        if inputs is not None:
            super().__init__(inputs, outputs, name=name, **settings)
        else:
            Layer.__init__(self, name=name, **settings)
            self.layers = []

    @property
    def _is_graph_network(self) -> bool:
        return type(self).call is Model.call

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
        if self._is_graph_network:
            raise NotImplementedError(
                explain(
                    self._label(),
                    "没有 call 的子类",
                    "继承 Model 而没有给出 inputs 与 outputs 时，计算写在自己的 call 里",
                    "def call(self, inputs): return self.dense(inputs)",
                )
            )
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        with unchanged_by_failure(self):
            inputs = [Input(batch_shape=shape) for shape in shapes]
            settings = {"training": None} if "training" in call_arguments(type(self)) else {}
            outputs = self.call(unpack_singleton(inputs), **settings)
            layers = self.layers
            self._set_graph(inputs, outputs)
            self.layers = layers
            self.output_names = [f"output_{i}" for i, _ in enumerate(self.outputs, 1)]

    def _set_inputs(self, inputs, outputs=None, training=None) -> None:
        """Take the inputs in another order, or others; only after `model.inputs = None`."""
        if self.inputs:
            raise ValueError(
                explain(
                    self._label(),
                    "已有输入的模型",
                    "输入只能设一次",
                    "Model(inputs, outputs)",
                )
            )
        self._set_graph(inputs, self.outputs if outputs is None else outputs)

    def _prepare(self, inputs) -> None:
        if not self.built:
            one = not isinstance(inputs, list)
            shapes = [(None, *K.int_shape(x)[1:]) for x in to_list(inputs)]
            self.build(shapes[0] if one else shapes)

    def _ensure_built(self, x) -> None:
        if not self.built:
            self._prepare(self._convert(x))

    def __getstate__(self) -> dict:
        if self._is_graph_network:
            return super().__getstate__()
        # What a call written in Python computes no config can say.
        return {**vars(self), "train_function": None}

    def __setstate__(self, state: dict) -> None:
        if not self._is_graph_network:
            vars(self).update(state)
        else:
            super().__setstate__(state)

    def get_config(self) -> dict:
        if not self._is_graph_network:
            raise NotImplementedError(
                explain(
                    self._label(),
                    "继承 Model 写成的模型",
                    "它的计算是 Python 代码，不能写成配置",
                    "save_weights 与 load_weights，模型由同一段代码重建",
                )
            )
        return super().get_config()
