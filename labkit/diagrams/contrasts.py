"""What a layer is worth being compared with: other settings of its own, and other layers."""

from __future__ import annotations

from typing import Any

from .. import layers
from .controls import controls
from .copies import undisturbed
from .cost import multiplications
from .fixes import works
from .states import example
from .views import Subject

MOST = 5  # choices of a parameter that are worth a button each

# Layers that learners mix up, or choose between.
ALIKE = (
    ("Dense", "LocallyConnected1D", "Conv1D"),
    ("Conv2D", "SeparableConv2D", "DepthwiseConv2D", "LocallyConnected2D"),
    ("Conv1D", "SeparableConv1D", "LSTM"),
    ("MaxPooling1D", "AveragePooling1D", "GlobalMaxPooling1D"),
    ("MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D", "Conv2D"),
    ("MaxPooling3D", "AveragePooling3D"),
    ("GlobalMaxPooling2D", "GlobalAveragePooling2D", "Flatten"),
    ("UpSampling2D", "Conv2DTranspose"),
    ("ZeroPadding2D", "Cropping2D"),
    ("LSTM", "GRU", "SimpleRNN"),
    ("Bidirectional", "LSTM"),
    ("Dropout", "GaussianDropout", "AlphaDropout", "GaussianNoise"),
    ("SpatialDropout1D", "Dropout"),
    ("SpatialDropout2D", "Dropout"),
    ("ReLU", "LeakyReLU", "PReLU", "ELU", "ThresholdedReLU"),
    ("Add", "Concatenate", "Average", "Multiply", "Maximum"),
    ("Reshape", "Permute", "Flatten"),
)


def contrasts(name: str) -> list[dict[str, Any]]:
    """What a panel offers: a label, the layer, and settings that differ from the reader's."""
    own = [control for control in controls(getattr(layers, name)) if not control["more"]]
    found = []
    for control in own:
        choices = control["choices"] if control["kind"] in ("choice", "bool") else []
        if control["name"] == "strides" and control["default"] in ("1", "(1, 1)", "(1, 1, 1)"):
            choices = [control["default"], "2"]
        if len(choices) <= MOST:
            found += [contrast(f"{control['name']}={c}", name, control["name"], c) for c in choices]
    usual = example(name)
    with undisturbed():
        found = [c for c in found if works(usual | {"settings": usual["settings"] | c["settings"]})]
    others = dict.fromkeys(other for group in ALIKE if name in group for other in group)
    return found + [contrast(other, other) for other in others if other != name]


def contrast(label: str, layer: str, parameter: str = "", text: str = "") -> dict[str, Any]:
    return {"label": label, "layer": layer, "settings": {parameter: text} if parameter else {}}


def facts(one: Subject, two: Subject) -> list[tuple[str, str, str]]:
    """(title, of the first, of the second): what two layers have in common, and what not."""
    return [
        (title, first, second)
        for (title, first), (_, second) in zip(told(one), told(two), strict=True)
    ]


def told(subject: Subject) -> list[tuple[str, str]]:
    layer, inputs, outputs = subject.sketch
    products = multiplications(layer, inputs, outputs)
    return [
        ("输入", listed(inputs)),
        ("输出", listed(outputs)),
        ("参数量", f"{layer.count_params():,}"),
        ("每个样本的乘加", "随长度而定" if products is None else f"{products:,}"),
    ]


def listed(shapes: list[tuple]) -> str:
    return "、".join(map(str, shapes))
