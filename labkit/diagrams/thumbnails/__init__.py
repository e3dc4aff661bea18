"""A small drawing of every layer, for the page that lists them all: what it does, at a glance."""

from __future__ import annotations

from collections.abc import Callable
from xml.sax.saxutils import quoteattr

import numpy as np

from ... import layers as L
from ..copies import undisturbed
from ..svg import SVG
from . import blocks, flow, recurrent, values, windows
from .pen import BLUE, FAINT, GREEN, HEIGHT, ORANGE, STROKE, VIOLET, WIDTH

PART = STROKE[1:4, 1:4] + 1
COUNT = np.arange(1.0, 7)


THUMBNAILS: dict[str, Callable[[], str]] = {
    "Dense": flow.dense,
    "Activation": values.activations,
    "Dropout": values.dropped,
    "Flatten": lambda: blocks.rearranged(
        L.Flatten(), PART, ((3, 3), (9, 1)), cell=8.4, left=18, right=92
    ),
    "Reshape": lambda: blocks.rearranged(
        L.Reshape((2, 3)), COUNT, ((6, 1), (2, 3)), left=16, right=68, numbers=True
    ),
    "Permute": lambda: blocks.rearranged(
        L.Permute((2, 1)), COUNT.reshape(2, 3), numbers=True, left=12, right=80, cell=14
    ),
    "RepeatVector": lambda: blocks.rearranged(
        L.RepeatVector(4), COUNT[:3], ((1, 3), (4, 3)), numbers=True, left=8, right=72, cell=13
    ),
    "Lambda": flow.function,
    "Masking": values.masked,
    "ActivityRegularization": values.penalty,
    "SpatialDropout1D": values.dropped_in_time,
    "SpatialDropout2D": values.dropped_maps,
    "SpatialDropout3D": values.dropped_blocks,
    "InputLayer": flow.entrance,
    "LeakyReLU": lambda: values.activation(L.LeakyReLU()),
    "PReLU": values.learnt_slopes,
    "ELU": lambda: values.activation(L.ELU()),
    "ThresholdedReLU": lambda: values.activation(L.ThresholdedReLU(1.0)),
    "ReLU": lambda: values.activation(L.ReLU()),
    "Softmax": values.shares,
    "Conv1D": windows.conv1d,
    "Conv2D": windows.conv2d,
    "Conv3D": lambda: blocks.over_block(4, 3, 2),
    "SeparableConv1D": windows.separable1d,
    "SeparableConv2D": lambda: windows.each_channel(mix=True),
    "DepthwiseConv2D": windows.each_channel,
    "Conv2DTranspose": windows.stamped,
    "Conv3DTranspose": blocks.stamped_block,
    "ZeroPadding1D": lambda: blocks.in_time(L.ZeroPadding1D(2), COUNT[:4]),
    "ZeroPadding2D": lambda: blocks.rearranged(L.ZeroPadding2D(1), PART[..., None]),
    "ZeroPadding3D": lambda: blocks.padded_block(2, 4, FAINT, BLUE),
    "Cropping1D": lambda: blocks.in_time(L.Cropping1D((2, 1)), COUNT),
    "Cropping2D": lambda: blocks.rearranged(L.Cropping2D(1), STROKE[1:, 1:, None]),
    "Cropping3D": lambda: blocks.padded_block(2, 4, ORANGE, GREEN),
    "UpSampling1D": lambda: blocks.in_time(L.UpSampling1D(2), COUNT[:3]),
    "UpSampling2D": lambda: blocks.rearranged(
        L.UpSampling2D(2), COUNT[:4].reshape(2, 2, 1), cell=14, numbers=True, right=58, left=4
    ),
    "UpSampling3D": blocks.copied_block,
    "LocallyConnected1D": windows.own_kernels_1d,
    "LocallyConnected2D": windows.own_kernels,
    "MaxPooling1D": lambda: windows.over_time(L.MaxPooling1D(2), 1, "max", features=1),
    "MaxPooling2D": lambda: windows.pool2d(L.MaxPooling2D(2), "max"),
    "MaxPooling3D": lambda: blocks.over_block(4, 2, 2, "max", VIOLET),
    "AveragePooling1D": lambda: windows.over_time(L.AveragePooling1D(2), 1, "平均", features=1),
    "AveragePooling2D": lambda: windows.pool2d(L.AveragePooling2D(2), "平均"),
    "AveragePooling3D": lambda: blocks.over_block(4, 2, 2, "平均", VIOLET),
    "GlobalMaxPooling1D": lambda: windows.whole1d(L.GlobalMaxPooling1D(), "max"),
    "GlobalMaxPooling2D": lambda: windows.whole2d(L.GlobalMaxPooling2D(), "max"),
    "GlobalMaxPooling3D": lambda: blocks.over_block(4, 1, 4, "max", VIOLET),
    "GlobalAveragePooling1D": lambda: windows.whole1d(L.GlobalAveragePooling1D(), "平均"),
    "GlobalAveragePooling2D": lambda: windows.whole2d(L.GlobalAveragePooling2D(), "平均"),
    "GlobalAveragePooling3D": lambda: blocks.over_block(4, 1, 4, "平均", VIOLET),
    "RNN": recurrent.rolled,
    "SimpleRNN": lambda: recurrent.chain("tanh"),
    "GRU": lambda: recurrent.gates("zr", (recurrent.STATE,)),
    "LSTM": lambda: recurrent.gates("ifo", (recurrent.CARRY, recurrent.STATE)),
    "SimpleRNNCell": lambda: recurrent.cell("tanh"),
    "GRUCell": lambda: recurrent.cell("z r"),
    "LSTMCell": lambda: recurrent.cell("i f o", (("c", recurrent.CARRY), ("h", recurrent.STATE))),
    "StackedRNNCells": recurrent.stacked,
    "ConvLSTM2D": recurrent.images_in_time,
    "ConvLSTM2DCell": lambda: recurrent.images_in_time(single=True),
    "CuDNNGRU": lambda: recurrent.chip(recurrent.gates("zr", (recurrent.STATE,))),
    "CuDNNLSTM": lambda: recurrent.chip(recurrent.gates("ifo", (recurrent.CARRY, recurrent.STATE))),
    "Embedding": flow.lookup,
    "Add": lambda: flow.merged(L.Add(), "+"),
    "Subtract": lambda: flow.merged(L.Subtract(), "−"),
    "Multiply": lambda: flow.merged(L.Multiply(), "×"),
    "Average": lambda: flow.merged(L.Average(), "平均"),
    "Maximum": lambda: flow.merged(L.Maximum(), "max"),
    "Minimum": lambda: flow.merged(L.Minimum(), "min"),
    "Concatenate": flow.concatenated,
    "Dot": flow.dotted,
    "BatchNormalization": values.normalized,
    "GaussianNoise": lambda: values.noisy(L.GaussianNoise(0.6)),
    "GaussianDropout": lambda: values.noisy(L.GaussianDropout(0.1)),
    "AlphaDropout": lambda: values.saturated(L.AlphaDropout(0.3)),
    "Bidirectional": recurrent.both_ways,
    "TimeDistributed": recurrent.at_each_step,
    "Highway": flow.highway,
    "MaxoutDense": values.maxout,
}


def thumbnail(name: str, label: str = "") -> SVG:
    """一层的小图；label 是给读屏软件的名字，没有时这幅图只是装饰。"""
    role = f'role="img" aria-label={quoteattr(label)}' if label else 'aria-hidden="true"'
    with undisturbed():
        drawn = THUMBNAILS[name]()
    return SVG(
        f'<svg class="thumbnail" xmlns="http://www.w3.org/2000/svg" {role} '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f"{drawn}</svg>"
    )


__all__ = ["THUMBNAILS", "thumbnail"]
