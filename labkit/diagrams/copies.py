"""Copies of a layer to draw: built with shapes only, or small enough to be shown cell by cell.

Drawing works on copies, inside `undisturbed`: it changes no weight, no automatic name and no random
number of the reader's program.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from .. import backend as K
from ..backend.config import saved_settings
from ..engine.base_layer import Layer
from ..engine.graph import layers_within
from ..engine.weighted import shapes_only
from ..errors import explain
from ..layers import Input
from ..utils.generic_utils import custom_object_scope, to_list

CELLS = 160  # of all inputs together, and of all outputs: more cannot be told apart
WEIGHTS = 400


@contextmanager
def undisturbed(floatx: str | None = None, training: bool | None = None) -> Iterator[None]:
    """Names, random numbers, float type and phase are afterwards as if nothing had run inside.

    What a layer warns of was said when its owner made it; its copies keep silent.
    """
    random = np.random.get_state()
    try:
        with saved_settings(), warnings.catch_warnings():
            if floatx:
                K.set_floatx(floatx)
            if training is not None:
                K.set_learning_phase(int(training))
            warnings.simplefilter("ignore", UserWarning)
            np.random.seed(0)  # the same picture every time
            yield
    finally:
        np.random.set_state(random)


def copied(layer: Layer, /, without: tuple[str, ...] = (), **changes) -> Layer:
    """An unbuilt copy with other settings; functions and classes of the reader's own are kept."""
    own: dict[str, Any] = {}
    for part in layers_within(layer):
        own[type(part).__name__] = type(part)
        own |= {f.__name__: f for f in vars(part).values() if hasattr(f, "__name__")}
    with custom_object_scope(own):
        config = {**layer.get_config(), **changes}
        return type(layer).from_config({k: v for k, v in config.items() if k not in without})


class Sketch(NamedTuple):
    """A built copy of a layer, the shapes of its inputs and of its outputs."""

    layer: Layer
    inputs: list[tuple]
    outputs: list[tuple]


def sketch(layer: Layer, input_shape) -> Sketch:
    """Weights of any size: only their shapes are real. The layer's own errors come through."""
    several = isinstance(input_shape, list)
    inputs = [tuple(shape) for shape in (input_shape if several else [input_shape])]
    with undisturbed(), shapes_only():
        layer = copied(layer)
        symbols = [Input(batch_shape=shape) for shape in inputs]
        outputs = to_list(layer(symbols if several else symbols[0]))
    return Sketch(layer, inputs, [tuple(y.shape) for y in outputs])


# --- a small sibling of a layer ---

SMALL = {"filters": 2, "units": 3, "output_dim": 3, "nb_feature": 2, "depth_multiplier": 2}
# These make its windows.
WINDOWS = "kernel_size pool_size size strides dilation_rate padding cropping n".split()
WIDEST = 12
SPACES = (6, 5, 7, 4, 8, 10, 12, 3, 2, 1)
# These tie a layer to one shape or one batch size.
TIES = ("batch_input_shape", "weights", "input_length", "stateful")


def small(layer: Layer, input_shape, sketched: Sketch | None = None) -> tuple[Layer, list[tuple]]:
    """The layer itself where it can be drawn cell by cell, else with fewer channels on less space.

    Returns it with the shapes of its inputs without the batch axis. Kernel sizes, strides, padding
    and the like are changed only where nothing else helps. sketched: sketch(layer, input_shape),
    where it is there already.
    出错：层不接受这个形状时，抛出它自己的错误；缩小之后也画不下时抛出 ValueError。
    """
    several = isinstance(input_shape, list)
    shapes = [tuple(s)[1:] for s in (input_shape if several else [input_shape])]
    with undisturbed():
        plain = copied(layer, without=TIES)
    if drawable(plain, shapes, several, sketched=sketched):
        return plain, shapes
    if not sketched:
        sketch(layer, input_shape)
    for sibling, fewer, least in siblings(plain, shapes):
        if drawable(sibling, fewer, several, least):
            return sibling, fewer
    raise ValueError(
        explain(
            f"{type(layer).__name__} 的依赖图",
            f"输入 {'、'.join(map(str, shapes))}（不含批次）",
            f"逐格的图最多画 {CELLS} 个输入格、{CELLS} 个输出格、{WEIGHTS} 个权重",
            "把输入的形状和 filters、units 改小",
        )
    )


def siblings(layer: Layer, shapes: list[tuple]) -> Iterator[tuple[Layer, list[tuple], int]]:
    """Ever smaller ones: a layer, its inputs, and how many cells an output should have each way."""
    config = layer.get_config()
    fewer = [copied(layer, **shrunk(config)), copied(layer, **shrunk(config, 1)), layer]
    # A grid of one cell shows no neighbours: two in every direction where that can be had.
    for least in (2, 1):
        for sibling in fewer:
            for space in SPACES:
                yield sibling, [shrunk_shape(layer, shape, space) for shape in shapes], least
    tried: list = [config]
    for window in (*range(WIDEST, 0, -1),):
        narrow = shrunk(config, 1, window)
        if window < WIDEST and narrow in tried:
            continue
        tried.append(narrow)
        try:
            sibling = copied(layer, **narrow)
        except (TypeError, ValueError):  # as of strides that went with the size
            continue
        for space in sorted(SPACES, reverse=True):
            for time in {space, 2}:
                yield sibling, [shrunk_shape(layer, shape, space, 1, time) for shape in shapes], 1


def shrunk(config: dict, most: int = 3, window: int = 0) -> dict:
    """The settings of a layer that decide its size, reduced; those of the layers inside it too.

    window: the most that the sizes and steps of windows may be; 0 leaves them.
    """
    found: dict[str, Any] = {
        name: min(config[name], usual, most)
        for name, usual in SMALL.items()
        if isinstance(config.get(name), int)
    }
    if window:
        found |= {name: at_most(window, config[name]) for name in WINDOWS if name in config}
    if "embeddings_initializer" in config:  # elsewhere input_dim is the length of an input axis
        found["input_dim"] = min(config["input_dim"], 6)
    for name in ("layer", "cell", "cells"):
        inner = config.get(name)
        parts: list[Any] = inner if isinstance(inner, list) else [inner]
        if all(isinstance(part, dict) and "config" in part for part in parts):
            changed = [
                {**part, "config": {**part["config"], **shrunk(part["config"], most, window)}}
                for part in parts
            ]
            found[name] = changed if isinstance(inner, list) else changed[0]
    return found


def at_most(limit: int, value):
    """A number, or numbers in tuples, not above the limit."""
    if isinstance(value, tuple | list):
        return type(value)(at_most(limit, part) for part in value)
    return min(value, limit) if type(value) is int else value


def shrunk_shape(layer: Layer, shape: tuple, space: int, channels: int = 2, time: int = 0) -> tuple:
    """Every axis at most `space` long, the channels and the first of many axes less."""
    rank = len(shape)
    last = 0 if getattr(layer, "data_format", None) == "channels_first" else rank - 1
    limits = [min(space, channels) if rank > 1 and i == last else space for i in range(rank)]
    if rank > 3 and time:
        limits[0] = min(limits[0], time)
    return tuple(m if n is None else min(n, m) for n, m in zip(shape, limits, strict=True))


def drawable(
    layer: Layer, shapes: list[tuple], several: bool, least=1, sketched: Sketch | None = None
) -> bool:
    if any(None in s for s in shapes) or cells(shapes) > CELLS:
        return False
    batched = [(None, *shape) for shape in shapes]
    try:
        built, _, outputs = sketched or sketch(layer, batched if several else batched[0])
    except (ValueError, TypeError, IndexError):
        return False
    results = [shape[1:] for shape in outputs]
    if any(n is None or n < 1 for shape in results for n in shape):
        return False
    if least > 1 and any(min(s[:-1], default=least) < least for s in results if len(s) > 1):
        return False
    return cells(results) <= CELLS and built.count_params() <= WEIGHTS


def cells(shapes: list[tuple]) -> int:
    return sum(math.prod(shape) for shape in shapes)
