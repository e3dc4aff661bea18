"""The table that model.summary() prints."""

from __future__ import annotations

from ..backend import count_params
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
    trainable = sum(map(count_params, model.trainable_weights))
    frozen = sum(map(count_params, model.non_trainable_weights))
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
