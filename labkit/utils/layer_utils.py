"""model.summary() 的表，参数个数，以及把卷积核翻转的工具。"""

from __future__ import annotations

import numpy as np

from .. import backend as K
from ..backend.evaluation import ancestors
from ..errors import explain
from .conv_utils import convert_kernel


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
    nodes = [node for level in model._nodes_by_depth.values() for node in level]
    straight = is_straight(model)
    line_length = line_length or (65 if straight else 98)
    positions = positions or ([0.45, 0.85, 1.0] if straight else [0.33, 0.55, 0.67, 1.0])
    relative = positions[-1] <= 1
    ends = [int(line_length * p if relative else p) for p in positions]
    heads = ["Layer (type)", "Output Shape", "Param #"] + ([] if straight else ["Connected to"])

    def row(fields) -> None:
        line = ""
        for i, field in enumerate(fields):
            line = (f"{line[:-1]} " if i else "") + str(field)
            line = line[: ends[i]].ljust(ends[i])
        print_fn(line)

    print_fn(f'Model: "{model.name}"')
    print_fn("_" * line_length)
    row(heads)
    print_fn("=" * line_length)
    for layer in model.layers:
        fields = [
            f"{layer.name} ({type(layer).__name__})",
            output_shape(layer),
            layer.count_params() if layer.built else 0,
        ]
        own = [node for node in layer._inbound_nodes if any(node is other for other in nodes)]
        arrows = [arrow for node in own for arrow in connections(node)]
        row(fields if straight else [*fields, arrows[0] if arrows else ""])
        for arrow in [] if straight else arrows[1:]:
            row(["", "", "", arrow])
        last = layer is model.layers[-1]
        print_fn(("=" if last else "_") * line_length)
    trainable = sum(map(K.count_params, model.trainable_weights))
    frozen = sum(map(K.count_params, model.non_trainable_weights))
    print_fn(f"Total params: {trainable + frozen:,}")
    print_fn(f"Trainable params: {trainable:,}")
    print_fn(f"Non-trainable params: {frozen:,}")
    print_fn("_" * line_length)


def is_straight(model) -> bool:
    """Whether the layers come one after the other, each called once: three columns say it all."""
    if type(model).__name__ == "Sequential" or not model._is_graph_network:
        return True
    levels = model._nodes_by_depth.values()
    layers = [id(node.outbound_layer) for level in levels for node in level]
    alone = all(len(level) == 1 and len(level[0].inbound_layers) <= 1 for level in levels)
    return alone and len(set(layers)) == len(layers)


def output_shape(layer):
    try:
        return layer.output_shape
    except AttributeError:  # several calls with several shapes, or none that is known
        return "multiple"


def connections(node) -> list[str]:
    """`layer[call][output]` for every input of a node."""
    if node.is_source:
        return []
    places = [x._keras_history for x in node.input_tensors if x._keras_history]
    return [f"{layer.name}[{call}][{output}]" for layer, call, output in places]


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
    return layer._inbound_nodes[node_index].is_source


def convert_all_kernels_in_model(model) -> None:
    """把卷积核在空间轴上翻转：Theano 训练的权重与 TensorFlow 的互换。再执行一次就换回来。"""
    kinds = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose", "SeparableConv2D")
    for layer in model.layers:
        if type(layer).__name__ in kinds:
            for kernel in (w for w in layer.weights if K.ndim(w) > 2):
                K.set_value(kernel, convert_kernel(K.get_value(kernel)))


def convert_dense_weights_data_format(
    dense, previous_feature_map_shape, target_data_format="channels_first"
) -> None:
    """换了 data_format 以后，重排 Flatten 后面那个 Dense 的权重，使它算出同样的结果。

    参数：dense 是这一层；previous_feature_map_shape 是 Flatten 之前的形状（不含 batch 轴，按新的
    次序）；target_data_format 是新的次序。
    """
    if target_data_format not in {"channels_first", "channels_last"}:
        raise ValueError(
            explain(
                "convert_dense_weights_data_format",
                f"target_data_format={target_data_format!r}",
                "新的次序是 'channels_first' 或 'channels_last'",
                "'channels_last'",
            )
        )
    shape = tuple(previous_feature_map_shape)
    kernel, *bias = dense.get_weights()
    if len(shape) != 3 or np.prod(shape) != len(kernel):
        raise ValueError(
            explain(
                "convert_dense_weights_data_format",
                f"形状 {shape}，{len(kernel)} 行的权重",
                "Flatten 之前的形状有 3 个轴，乘起来等于权重的行数",
                "Flatten 那一层的 input_shape[1:]，按新的次序",
            )
        )
    first = target_data_format == "channels_first"
    before = shape[1:] + shape[:1] if first else shape[2:] + shape[:2]
    rows = kernel.reshape(*before, -1).transpose((2, 0, 1, 3) if first else (1, 2, 0, 3))
    dense.set_weights([rows.reshape(kernel.shape), *bias])
