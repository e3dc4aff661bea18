"""ConvLSTM2D as a row of time steps: one window on the input, one on what the step before gave."""

from __future__ import annotations

import math

import numpy as np

from ...layers import Conv2D, ConvLSTM2D
from ..copies import TIES, copied
from ..geometry import Axis, geometry
from ..grids import letter_of
from ..steps import short_number
from .blocks import Box, Move, Scene, Stage, Tensor, picks, spans, tuple3
from .numbers import numbers_of
from .setting import UNKNOWN, answering, colourless, cycled, drawn_kernels, fewer, kernels_of, solid

UNITS = ("步", "行", "列")


def remembered(layer: ConvLSTM2D, input_shape, training: bool) -> Scene:
    shape = tuple(UNKNOWN if n is None else n for n in tuple(input_shape)[1:])
    # Every step is computed, whether it is handed on or not.
    full = copied(layer, without=TIES, return_sequences=True, return_state=False)
    outputs: tuple[int, ...] = tuple(full.compute_output_shape((None, *shape)))[1:]  # type: ignore[assignment]
    steps, size = shape[0], layer.kernel_size
    settings = {"data_format": layer.data_format, "dilation_rate": layer.dilation_rate}
    reads = Conv2D(1, size, strides=layer.strides, padding=layer.padding, **settings)
    recalls = Conv2D(1, size, padding="same", data_format=layer.data_format)
    on_input, on_state = geometry(reads, (None, *shape[1:])), geometry(recalls, (1, *outputs[1:]))
    assert on_input and on_state
    time = Axis("步", steps, steps, 1)
    axes = (time, *on_input.axes)
    back = (time._replace(before=1), *on_state.axes)
    channel = 1 if on_input.channels_first else -1
    x = Tensor("x", shape, tuple(axis.inputs for axis in axes), channel)
    y = Tensor(
        *("y" if layer.return_sequences else "h", outputs),
        *(tuple(axis.outputs for axis in axes), channel),
    )
    products = 4 * math.prod(outputs) * math.prod(size) * (x.channels + y.channels)
    numbers = numbers_of(full, shape, products, training)
    notes = ["虚线：补的零；最前面的一块是开始时的状态，全是 0。"]
    if not layer.return_sequences:
        notes.append("return_sequences=False：只交出最后一步的 h，前面各步照样要算。")
    pads = ((0, 0), *((a.before, a.after) for a in on_input.axes))
    source = solid("v0", x, UNITS, colourless, str, pads=pads)
    pads = ((1, 0), (0, 0), (0, 0))
    target = solid("v1", y, UNITS, cycled, letter_of, apart=True, pads=pads)
    chosen = picks((*y.space, y.channels))
    fewer(y, chosen, notes)
    window = Box("v0", tuple3(a.size for a in axes), tuple3(a.dilation for a in axes))
    memory = Box("v1", tuple3(a.size for a in back))
    moves = []
    for number, place in answering(target, y, chosen):
        step = place[0]
        at = [axis.window(p)[0] for axis, p in zip(axes, place[:3], strict=True)]
        at[0] = steps - 1 - step if layer.go_backwards else step
        before = tuple3(axis.window(p)[0] for axis, p in zip(back, place[:3], strict=True))
        value = short_number(float(np.ravel(numbers.y)[number])) if numbers else ""
        where, name = spans(UNITS, tuple3(at), window), y.name(number)
        recalled = spans(UNITS, before, memory) if step else "开始时的状态（全是 0）"
        got = f"得 {value}，" if value else ""
        tell = (
            f"核 {letter_of(place[3])} 的四组（i、f、c、o）盖住 x 的{where}，循环核盖住上一步的"
            f"{recalled}：算出三个门和一个候选值，合起来{got}写到 {name}。"
        )
        texts = {
            "v0": where,
            "k0": f"核 {letter_of(place[3])}，四组",
            "v1": f"{name} = {value}" if value else name,
        }
        moves.append(
            Move(
                0,
                [(tuple3(at), None), (before, None)],
                cycled(place[3]),
                "v1",
                [number],
                texts,
                tell,
                f"k0-{place[3]}",
            )
        )
    shown = drawn_kernels(y.channels, chosen[3], notes)
    kernels = kernels_of(0, tuple3((1, *size)), x.channels, shown, cycled, letter_of)
    name = f"kernel {'×'.join(map(str, (*size, x.channels)))}，×4"
    return Scene([source, target], [Stage([window, memory], kernels, name)], moves, notes)
