"""The promises that every layer of the catalogue keeps; each family's own tests are beside."""

import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest

from labkit import layers
from labkit.arguments.signatures import parameters
from labkit.layers import Input, Layer
from tests.mistakes import check
from tests.slopes import as_list, check_slopes, normal

# Bases and the graph's own layer: nobody puts them into a model by hand.
ABSTRACT = {"Layer", "InputLayer", "Recurrent", "ConvRecurrent2D"}
CATALOGUE = {
    name: cls
    for name, cls in vars(layers).items()
    if name in layers.__all__ and isinstance(cls, type) and issubclass(cls, Layer)
}
# A file about something that all families share has neither table.
FAMILIES = {
    path.stem.removeprefix("test_"): importlib.import_module(f"tests.layers.{path.stem}")
    for path in sorted(Path(__file__).parent.glob("test_*.py"))
    if path.stem != Path(__file__).stem
}
CASES = [row for family in FAMILIES.values() for row in getattr(family, "CASES", [])]
every_case = pytest.mark.parametrize(
    ("make", "shapes", "call"), CASES, ids=[type(make()).__name__ for make, _, _ in CASES]
)
WRONG = [
    pytest.param(*row, id=f"{name}-{row[-1]}")
    for name, family in FAMILIES.items()
    for row in getattr(family, "WRONG", [])
]


def test_every_layer_has_a_gradient_case():
    made = [make() for make, _, _ in CASES]
    # Cells are checked as the one step of a layer around them.
    made += [layer.cell for layer in made if isinstance(getattr(layer, "cell", None), Layer)]
    checked = {type(layer).__name__ for layer in made} | {"Embedding"}
    aliases = {name for name, cls in CATALOGUE.items() if cls.__name__ != name}
    assert set(CATALOGUE) - aliases - ABSTRACT <= checked


@every_case
def test_slopes(make, shapes, call, float64):
    check_slopes(make(), [normal(*shape, seed=i) for i, shape in enumerate(shapes)], call)


@every_case
def test_declared_shapes_are_the_real_ones(make, shapes, call):
    arrays = [np.ones(shape, "float32") for shape in shapes]
    layer = make()
    real = [y.shape for y in as_list(layer(arrays if len(arrays) > 1 else arrays[0], **call))]
    symbols = [Input(shape[1:]) for shape in shapes]
    call = {} if "mask" in call else call
    symbolic = as_list(make()(symbols if len(symbols) > 1 else symbols[0], **call))
    assert [tuple(y.shape) for y in symbolic] == [(None, *shape[1:]) for shape in real]
    declared = layer.compute_output_shape(shapes if len(shapes) > 1 else shapes[0])
    assert [tuple(s) for s in (declared if isinstance(declared, list) else [declared])] == real


@pytest.mark.parametrize(("use", "raises", "received"), WRONG)
def test_wrong_use(use, raises, received):
    check(raises, received, use)


@every_case
def test_every_argument_is_kept(make, shapes, call):
    layer = make()
    # Of every layer output_shape is the shape it put out; Lambda keeps its argument beside that.
    names = set(parameters(type(layer))) - {"output_shape"}
    assert not [name for name in names if not hasattr(layer, name)]


@pytest.mark.parametrize("name", CATALOGUE)
def test_help_explains_every_parameter(name):
    text = inspect.getdoc(CATALOGUE[name])
    assert text
    for parameter in parameters(CATALOGUE[name]):
        assert f"\n    {parameter}：" in text, parameter
