"""模型：Model、Sequential，以及保存、读取、复制它们的函数。"""

from __future__ import annotations

from typing import Any

from .backend.tensors import Symbol
from .engine.base_layer import Layer
from .engine.graph import layers_within
from .engine.input_layer import Input, InputLayer
from .engine.model import Model
from .engine.sequential import Sequential
from .errors import explain
from .saving import load_model, model_from_config, model_from_json, model_from_yaml, save_model
from .saving.serialization import KNOWN, deserialize, serialize
from .utils.generic_utils import custom_object_scope, has_arg, to_list, unpack_singleton

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

KNOWN |= {"Model": Model, "Sequential": Sequential}


def clone_model(model, input_tensors=None):
    """同样结构的新模型，权重重新初始化；input_tensors 是新的输入，默认是新的 Input()。

    出错：model 不是模型、input_tensors 的个数不对，抛出 ValueError。
    """
    if not isinstance(model, Layer) or not hasattr(model, "layers"):
        raise ValueError(
            explain("clone_model", type(model).__name__, "参数是一个模型", "clone_model(model)")
        )
    config: Any = model.get_config()
    with custom_object_scope({type(part).__name__: type(part) for part in layers_within(model)}):
        if input_tensors is None:
            rebuild: Any = type(model).from_config
            return rebuild(config)
        if isinstance(model, Sequential):
            return sequential_on(model, config, to_list(input_tensors, allow_tuple=True))
        return functional_on(model, to_list(input_tensors, allow_tuple=True))


def sequential_on(model: Sequential, config: dict, inputs: list) -> Sequential:
    entry = entrance(model, inputs, 1)[0]._keras_history[0]  # type: ignore[index]
    if not isinstance(entry, InputLayer):
        raise ValueError(
            explain(
                "clone_model",
                f"层 {entry.name} 的输出",
                "Sequential 只能从 Input() 的结果开始",
                "x = Input(…)；clone_model(model, x)；或先 clone_model(model)，再对张量调用它",
            )
        )
    return Sequential([entry, *map(deserialize, config["layers"])], name=model.name)


def functional_on(model: Any, inputs: list) -> Model:
    """Every call made anew, on copies of the layers."""
    entries = entrance(model, inputs, len(model.inputs))
    made = {id(x): y for x, y in zip(model.inputs, entries, strict=True)}
    copies: dict[int, Layer] = {}
    for node in model._nodes:
        if id(node.output_tensors[0]) in made:
            continue
        layer = node.outbound_layer
        if id(layer) not in copies:
            copies[id(layer)] = deserialize(serialize(layer))
        arriving = unpack_singleton([made[id(x)] for x in node.input_tensors])
        leaving = to_list(copies[id(layer)](arriving, **node.arguments))
        made |= {id(x): y for x, y in zip(node.output_tensors, leaving, strict=True)}
    return Model(entries, [made[id(y)] for y in model.outputs], name=model.name)


def entrance(model, inputs: list, count: int) -> list[Symbol]:
    """The new inputs; what comes from no layer gets an Input of its own."""
    if len(inputs) != count:
        raise ValueError(
            explain(
                "clone_model",
                f"{len(inputs)} 个 input_tensors",
                f"{model.name} 有 {count} 个输入",
                f"给出 {count} 个",
            )
        )
    return [
        x
        if isinstance(x, Symbol) and x._keras_history is not None
        else Input(tensor=x, name=f"input_wrapper_for_{x.name}" + (f"_{i}" if i else ""))
        for i, x in enumerate(inputs)
    ]
