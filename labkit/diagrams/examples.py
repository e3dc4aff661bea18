"""A small example of every layer, for its page and its panel: a call as text and an input shape.

The texts are such as `states.state_of` parses.
"""

from __future__ import annotations

from typing import Any

from .. import layers
from ..engine.base_layer import Layer

ROW, SEQUENCE, IMAGE, VOLUME = (None, 4), (None, 6, 2), (None, 6, 6, 1), (None, 4, 4, 4, 1)
STEPS, COLOURS = (None, 4, 2), (None, 3, 3, 2)

# For every family the shape of its inputs and its calls; those with a shape of their own name it.
FAMILIES: list[tuple[Any, list]] = [
    (
        ROW,
        [
            "Dense(3)",
            'Activation("relu")',
            "Dropout(0.5)",
            "ActivityRegularization(l2=0.01)",
            "Lambda(lambda x: x ** 2)",
            "RepeatVector(3)",
            "Reshape((2, 2))",
            ("Flatten()", COLOURS),
            ("Permute((2, 1))", (None, 3, 2)),
            ("Masking()", STEPS),
            ("SpatialDropout1D(0.5)", STEPS),
            ("SpatialDropout2D(0.5)", COLOURS),
            ("SpatialDropout3D(0.5)", (None, 2, 2, 2, 2)),
            "Embedding(5, 3)",
            ("BatchNormalization()", (None, 3)),
            "GaussianNoise(0.1)",
            "GaussianDropout(0.5)",
            "AlphaDropout(0.5)",
            "LeakyReLU()",
            "PReLU()",
            "ELU()",
            "ThresholdedReLU(0.5)",
            "ReLU()",
            "Softmax()",
            "Highway()",
            "MaxoutDense(2, 3)",
        ],
    ),
    (
        SEQUENCE,
        [
            'Conv1D(2, 3, padding="causal")',
            "SeparableConv1D(2, 3)",
            "LocallyConnected1D(2, 3)",
            "MaxPooling1D()",
            "AveragePooling1D()",
            "GlobalMaxPooling1D()",
            "GlobalAveragePooling1D()",
            ("ZeroPadding1D(1)", STEPS),
            ("Cropping1D(1)", STEPS),
            ("UpSampling1D(2)", STEPS),
        ],
    ),
    (
        IMAGE,
        [
            "Conv2D(2, 3)",
            ("Conv2DTranspose(1, 3, strides=2)", (None, 3, 3, 1)),
            ("SeparableConv2D(2, 3)", (None, 5, 5, 2)),
            ("DepthwiseConv2D(3)", (None, 5, 5, 2)),
            ("LocallyConnected2D(1, 3)", (None, 5, 5, 1)),
            "MaxPooling2D()",
            "AveragePooling2D()",
            ("GlobalMaxPooling2D()", COLOURS),
            ("GlobalAveragePooling2D()", COLOURS),
            ("ZeroPadding2D(1)", (None, 3, 3, 1)),
            ("Cropping2D(1)", (None, 5, 5, 1)),
            ("UpSampling2D(2)", (None, 3, 3, 1)),
        ],
    ),
    (
        VOLUME,
        [
            "Conv3D(1, 2)",
            ("Conv3DTranspose(1, 2, strides=2)", (None, 2, 2, 2, 1)),
            "MaxPooling3D()",
            "AveragePooling3D()",
            ("GlobalMaxPooling3D()", (None, 2, 2, 2, 2)),
            ("GlobalAveragePooling3D()", (None, 2, 2, 2, 2)),
            ("ZeroPadding3D(1)", (None, 2, 2, 2, 1)),
            "Cropping3D(1)",
            ("UpSampling3D(2)", (None, 2, 2, 2, 1)),
        ],
    ),
    (
        STEPS,
        [
            "SimpleRNN(2, return_sequences=True)",
            "GRU(2, return_sequences=True)",
            "LSTM(2, return_sequences=True)",
            "CuDNNGRU(2, return_sequences=True)",
            "CuDNNLSTM(2, return_sequences=True)",
            "RNN(SimpleRNNCell(2), return_sequences=True)",
            "Bidirectional(LSTM(2, return_sequences=True))",
            "TimeDistributed(Dense(3))",
            ("ConvLSTM2D(1, 2, return_sequences=True)", (None, 3, 4, 4, 1)),
        ],
    ),
    (
        [(None, 3), (None, 3)],
        [
            "Add()",
            "Subtract()",
            "Multiply()",
            "Average()",
            "Maximum()",
            "Minimum()",
            ("Concatenate()", [(None, 3), (None, 2)]),
            "Dot(axes=1)",
        ],
    ),
]
# A cell is one step of a recurrent layer and takes states too: it is shown at work in a layer.
CELLS = {
    "SimpleRNNCell": ("RNN(SimpleRNNCell(2), return_sequences=True)", STEPS),
    "GRUCell": ("RNN(GRUCell(2), return_sequences=True)", STEPS),
    "LSTMCell": ("RNN(LSTMCell(2), return_sequences=True)", STEPS),
    "StackedRNNCells": (
        "RNN(StackedRNNCells([LSTMCell(2), SimpleRNNCell(2)]), return_sequences=True)",
        STEPS,
    ),
    "ConvLSTM2DCell": ("ConvLSTM2D(1, 2, return_sequences=True)", (None, 3, 4, 4, 1)),
}

EXAMPLES: dict[str, tuple[str, Any]] = {
    call.split("(")[0]: (call, shape)
    for usual, calls in FAMILIES
    for call, shape in ((c, usual) if isinstance(c, str) else c for c in calls)
} | CELLS
# Other names of the same layers: Convolution2D, MaxPool2D and the like.
EXAMPLES |= {
    name: EXAMPLES[cls.__name__]
    for name in layers.__all__
    if isinstance(cls := getattr(layers, name), type)
    and issubclass(cls, Layer)
    and cls.__name__ in EXAMPLES
}
