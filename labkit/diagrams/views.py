"""The views of a layer in the panel: a new one is a new row of VIEWS."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..engine.base_layer import Layer
from ..layers import RNN
from ..layers.recurrent.layers import CellLayer
from . import connectivity, data, grids
from .copies import sketch, undisturbed
from .dependencies import Dependencies, traced
from .gates import gate_view
from .padding import padding
from .recurrent import drawn_passage, is_drawn
from .shapes import diagram_of
from .states import input_of, layer_of
from .steps import Steps, drawn_steps, from_dependencies
from .volumes.picture import volume_picture
from .volumes.scenes import has_volume, scene


class Subject:
    """The layer of a state (states.py), and what its views share, found once.

    wide: pictures may be svg.WIDE across, as on a desk; else svg.WIDTH, as on a phone.
    出错：层不接受这些参数或输入时，抛出它自己的错误。
    """

    def __init__(self, state: dict, wide: bool = False):
        self.state = state
        self.wide = wide
        with undisturbed():
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always", UserWarning)
                self.layer = layer_of(state)
            #: What labkit says about these settings, which it takes all the same.
            texts = [str(warning.message) for warning in said]
            self.warnings = [Warning(text) for text in texts if "规则：" in text]
            self.input_shape = input_of(state)
            self.sketch = sketch(self.layer, self.input_shape)

    @property
    def training(self) -> bool:
        return bool(self.state.get("training"))

    @cached_property
    def dependencies(self) -> Dependencies:
        return traced(self.layer, self.input_shape, self.training, sketched=self.sketch)

    @cached_property
    def steps(self) -> Steps:
        return from_dependencies(self.dependencies, self.training)


class View(NamedTuple):
    """A tab of the panel."""

    title: str
    applies: Callable[[Layer], bool]
    draw: Callable[[Subject], dict[str, Any]]  # "svg", "notes" for the reader, "data" for the page
    still: bool = True  # shown where there is no JavaScript


def shape(subject: Subject) -> dict[str, Any]:
    return {"svg": diagram_of(*subject.sketch), "notes": []}


def dependency(subject: Subject) -> dict[str, Any]:
    about = subject.dependencies
    return {"svg": grids.drawn(about, subject.wide), "data": linked(about), "notes": about.notes}


def steps(subject: Subject) -> dict[str, Any]:
    walk = subject.steps
    data = {**linked(walk.about), **numbers(walk)}
    return {"svg": drawn_steps(walk, subject.wide), "data": data, "notes": walk.about.notes}


def recurrent(subject: Subject) -> dict[str, Any]:
    masked = subject.state["masked"]
    return drawn_passage(subject.layer, tuple(subject.input_shape), masked, subject.wide)


def gates(subject: Subject) -> dict[str, Any]:
    return {"svg": gate_view(subject.layer, subject.input_shape), "notes": []}


def volume(subject: Subject) -> dict[str, Any]:
    about = scene(subject.layer, subject.input_shape, subject.training)
    picture, data = volume_picture(type(subject.layer).__name__, about, subject.wide)
    return {"svg": picture, "data": data, "notes": about.notes}


def connections(subject: Subject) -> dict[str, Any]:
    return {"svg": connectivity.connectivity_view(), "notes": []}


def every(layer: Layer) -> bool:
    return True


def loops(layer: Layer) -> bool:
    """Whether the layer, or each direction of a Bidirectional, runs known cells over time."""
    return isinstance(getattr(layer, "forward_layer", layer), RNN) and is_drawn(layer)


def has_gates(layer: Layer) -> bool:
    return isinstance(layer, CellLayer)


def is_compared(layer: Layer) -> bool:
    return type(layer) in connectivity.COMPARED


# In the order of the tabs; the first that a layer has is what a reader sees first.
VIEWS = {
    "volume": View("立体", has_volume, volume),
    "recurrent": View("循环", loops, recurrent),
    "shape": View("形状", every, shape),
    "dependency": View("依赖", every, dependency),
    "steps": View("逐步", every, steps, still=False),  # made of what its buttons do
    "data": View("看数据", data.applies, data.view),
    "gates": View("公式", has_gates, gates),
    "connectivity": View("连接", is_compared, connections),
}


def views_of(layer: Layer) -> list[str]:
    """The names of the views that a layer has."""
    return [name for name, view in VIEWS.items() if view.applies(layer)]


def linked(about: Dependencies) -> dict[str, Any]:
    """The dependencies as JSON: for every output cell its inputs, which of them without a gradient,
    its weights, and the weight that meets each input; and what its window meets outside."""
    around = padding(about)
    return {
        "inputs": [[name, list(shape)] for name, shape in about.inputs],
        "outputs": [[name, list(shape)] for name, shape in about.outputs],
        "weights": [[name, list(shape)] for name, shape in about.weights],
        "links": [np.flatnonzero(row).tolist() for row in about.links],
        "weak": [np.flatnonzero(row).tolist() for row in about.links & ~about.gradient],
        "uses": [np.flatnonzero(row).tolist() for row in about.uses],
        "products": None
        if about.products is None
        else [row[row >= 0].tolist() for row in about.products],
        "letters": [grids.letter_of(int(g)) for g in about.groups] if about.weights else [],
        "first": grids.first_output(about, around),
        "windows": around and around.data,
    }


def numbers(walk: Steps) -> dict[str, Any]:
    """The numbers of step mode as JSON; slopes are those along links and uses."""

    def rounded(array) -> list[float]:
        return np.round(array, 6).tolist()

    about = walk.about
    return {
        "kind": walk.kind,
        "formulas": walk.formulas
        and {
            "lines": [list(line) for line in walk.formulas.formulas],
            "numbers": [[rounded(line) for line in cell] for cell in walk.formulas.numbers],
        },
        "activation": walk.activation,
        "x": rounded(walk.x),
        "W": rounded(walk.W),
        "y": rounded(walk.y),
        "dy": rounded(walk.dy),
        "sums": None if walk.sums is None else rounded(walk.sums),
        "slopes": [rounded(s[links]) for s, links in zip(walk.slopes, about.links, strict=True)],
        "weightSlopes": [
            rounded(s[uses]) for s, uses in zip(walk.weight_slopes, about.uses, strict=True)
        ],
    }
