"""model.summary() 的表，参数个数，以及把卷积核翻转的工具。"""

from __future__ import annotations

import numpy as np

from .. import backend as K
from ..backend.evaluation import ancestors
from ..errors import explain


def print_summary(model, line_length=None, positions=None, print_fn=None) -> None:
    """按 Keras 的样式打印：名字与类型、输出形状、参数个数；有分支的模型再加一列来源。"""
    if not model.built:
        raise ValueError(
            explain(
                f"{type(model).__name__}（{model.name}）.summary",
                "还没有建好的模型",
                "形状与参数个数由输入的形状决定",
                "在第一层写出 input_shape，或先用数据 fit、predict 一次",
            )
        )
    print_fn = print_fn or print
    straight = all(len(layer._inbound_nodes) <= 1 for layer in model.layers) and all(
        len(node.input_tensors) <= 1 for node in getattr(model, "_nodes", [])
    )
    line_length = line_length or (65 if straight else 98)
    positions = positions or ([0.45, 0.85, 1.0] if straight else [0.33, 0.55, 0.67, 1.0])
    ends = [int(line_length * p if p <= 1 else p) for p in positions]
    heads = ["Layer (type)", "Output Shape", "Param #"] + ([] if straight else ["Connected to"])

    def row(fields) -> None:
        line = ""
        for i, field in enumerate(fields):
            line = (f"{line[:-1]} " if i else "") + str(field)
            line = line[: ends[i]].ljust(ends[i])
        print_fn(line)

    print_fn("_" * line_length)
    row(heads)
    print_fn("=" * line_length)
    for layer in model.layers:
        shape = layer.output_shape if layer._inbound_nodes else "?"
        sources = [source for node in layer._inbound_nodes for source in connections(node)]
        fields = [
            f"{layer.name} ({type(layer).__name__})",
            shape,
            layer.count_params() if layer.built else 0,
        ]
        row(fields if straight else [*fields, sources[0] if sources else ""])
        for source in [] if straight else sources[1:]:
            row(["", "", "", source])
        last = layer is model.layers[-1]
        print_fn(("=" if last else "_") * line_length)
    trainable = sum(map(K.count_params, model.trainable_weights))
    frozen = sum(map(K.count_params, model.non_trainable_weights))
    print_fn(f"Total params: {trainable + frozen:,}")
    print_fn(f"Trainable params: {trainable:,}")
    print_fn(f"Non-trainable params: {frozen:,}")
    print_fn("_" * line_length)


def connections(node) -> list[str]:
    """`layer[call][output]` for every input of a node."""
    return [
        f"{layer.name}[{call}][{output}]"
        for layer, call, output in (
            x._keras_history for x in node.input_tensors if x._keras_history
        )
    ]


def count_params(weights) -> int:
    """一列权重的元素总数；同一个权重只数一次。"""
    return sum(int(np.prod(w.shape)) for w in {id(w): w for w in weights}.values())


def get_source_inputs(tensor, layer=None, node_index=None) -> list:
    """符号张量最初来自哪些 Input。"""
    if layer is not None:
        tensor = layer.get_output_at(node_index or 0)
    found = [x for x in ancestors([tensor]) if is_input(x)]
    return found


def is_input(symbol) -> bool:
    if symbol._keras_history is None:
        return False
    layer, node_index, _ = symbol._keras_history
    return not layer._inbound_nodes[node_index].input_tensors


def convert_all_kernels_in_model(model) -> None:
    """把卷积核在空间轴上翻转：Theano 训练的权重与 TensorFlow 的互换。再执行一次就换回来。"""
    kinds = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose", "SeparableConv2D")
    for layer in model.layers:
        if type(layer).__name__ in kinds:
            for kernel in (w for w in layer.weights if K.ndim(w) > 2):
                space = tuple(range(K.ndim(kernel) - 2))
                K.set_value(kernel, np.flip(K.get_value(kernel), space))
