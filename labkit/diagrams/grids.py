"""The dependency view: which cells an output is computed from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from . import svg
from .cell_pictures import picture
from .dependencies import Dependencies, dependencies
from .padding import Padding, padding


def letter_of(group: int) -> str:
    return chr(ord("a") + group) if group < 26 else str(group + 1)


def first_output(about: Dependencies, around: Padding | None) -> int:
    """The output cell that a picture shows first: the first whose window reaches over zeros, else
    one in the middle, with most links."""
    if around and not around.stamps:
        for output, cells in enumerate(around.outside[0]):
            if cells and about.links[output].any():
                return output
    count = about.links.sum(axis=1)
    best = np.flatnonzero(count == count.max())
    return int(best[len(best) // 2])


def chosen(
    about: Dependencies, around: Padding | None, output: int
) -> tuple[dict[str, str], dict[str, str]]:
    """States and texts of the cells for one output; the factors of a product share a number."""
    states = {f"y{output}": "chosen"}
    texts = (
        {f"y{o}": letter_of(int(g)) for o, g in enumerate(about.groups)} if about.weights else {}
    )
    for i in np.flatnonzero(about.links[output]):
        states[f"x{i}"] = "used" if about.gradient[output, i] else "weak"
    states |= {f"w{w}": "used" for w in np.flatnonzero(about.uses[output])}
    if around and not around.stamps:
        for cell, weight in zip(*(part[output] for part in around.outside), strict=True):
            states[f"z{cell}"] = "zero"
            if weight >= 0:
                states.setdefault(f"w{weight}", "zero")
    if about.products is not None:
        for number, i in enumerate(np.flatnonzero(about.products[output] >= 0), start=1):
            texts[f"x{i}"] = texts[f"w{about.products[output, i]}"] = str(number)
    return states, texts


def place(named: Sequence[tuple[str, tuple]], number) -> str:
    """The name of a cell as NumPy writes it: y[0, 2, 1]."""
    for name, shape in named:
        count = math.prod(shape)
        if number < count:
            index = ", ".join(str(int(i)) for i in np.unravel_index(number, shape))
            return f"{name}[{index}]"
        number -= count
    raise IndexError(number)


def dependency_view(layer, input_shape, training: bool = False, wide: bool = False) -> str:
    """依赖图：输入、权重、输出的每一格，标出一个输出格用到的输入格与权重。

    wide：画宽一些，给大屏幕用。其余参数与出错同 dependencies()。返回 SVG 文本。
    """
    return drawn(dependencies(layer, input_shape, training), wide)


def drawn(
    about: Dependencies,
    wide: bool = False,
    values: dict[str, str] | None = None,
    slopes: np.ndarray | None = None,
) -> str:
    """The picture with one output chosen.

    values: written into the cells instead of marks; slopes: along which the largest or smallest
    input of every output is found, for a layer that takes it.
    """
    around = padding(about)
    output = first_output(about, around)
    states, texts = chosen(about, around, output)
    numbers, winners = values is not None, []
    if slopes is not None:
        winners = [f"x{i}" for i in np.flatnonzero(slopes[output])]
    block = picture(about, around, wide, states, values or texts, numbers=numbers, winners=winners)
    kind = type(about.layer).__name__
    return svg.document(
        "step-view" if numbers else "dependency-view",
        f"{kind} 层的{'逐步图' if numbers else '依赖图'}",
        described(about, around, output),
        block,
        label=False,
    )


def described(about: Dependencies, around: Padding | None, output: int) -> str:
    inputs = np.flatnonzero(about.links[output])
    listed = "、".join(place(about.inputs, i) for i in inputs[:12])
    listed += f" 等 {len(inputs)} 格" if len(inputs) > 12 else ""
    weights = int(about.uses[output].sum())
    return (
        f"{place(about.outputs, output)} 由 {len(inputs)} 个输入格算出：{listed or '没有'}；"
        f"用到 {weights} 个权重。" + told(around) + "".join(about.notes)
    )


def told(around: Padding | None) -> str:
    """What is added or cut at each side."""
    sides = around and (around.sides("x") or around.sides("y"))
    words = [word for side in sides or [] for word in side if word]
    return "、".join(words) + "。" if words else ""
