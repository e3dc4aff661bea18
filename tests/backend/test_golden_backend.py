"""Functions of K against real Keras 2.2.5: values, gradients, and the same on symbols."""

import json
from pathlib import Path

import numpy as np
import pytest

from labkit import backend as K

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = [
    case
    for case in json.loads((GOLDEN / "index.json").read_text())["cases"]
    if case["kind"] == "function" and case["module"] == "backend"
]


def settings(case):
    """JSON's lists stand for tuples."""
    return {
        key: tuple(tuple(v) if isinstance(v, list) else v for v in value)
        if isinstance(value, list)
        else value
        for key, value in case["kwargs"].items()
    }


def load(case):
    with np.load(GOLDEN / "backend.npz") as stored:
        return {name: stored[f"{case['id']}/{name}"] for name in case["arrays"]}


def arguments(case, data):
    return [data[f"x{i}"] for i in range(len(case["args"]))]


def as_number(y):
    return y.astype("uint8") if y.dtype == bool else y


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['fn']}")
def test_values_and_gradients(case):
    data, function = load(case), getattr(K, case["fn"])
    xs = arguments(case, data)
    np.testing.assert_allclose(
        as_number(np.asarray(function(*xs, **settings(case)))), data["y0"], rtol=1e-4, atol=1e-5
    )
    tensors = [K.variable(x, dtype=x.dtype) for x in xs]
    y = function(*tensors, **settings(case))
    np.testing.assert_allclose(as_number(K.eval(y)), data["y0"], rtol=1e-4, atol=1e-5)
    if not case["grad"]:
        return
    gradients = K.gradients(K.sum(y * data["c0"]), [tensors[i] for i in case["grad"]])
    for i, gradient in zip(case["grad"], gradients, strict=True):
        np.testing.assert_allclose(K.eval(gradient), data[f"gx{i}"], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['fn']}")
def test_symbols_give_the_same(case):
    data = load(case)
    xs = arguments(case, data)
    symbols = [K.placeholder(x.shape, dtype=str(x.dtype)) for x in xs]
    y = getattr(K, case["fn"])(*symbols, **settings(case))
    assert K.int_shape(y) == data["y0"].shape
    (result,) = K.function(symbols, [y])(xs)
    np.testing.assert_allclose(as_number(result), data["y0"], rtol=1e-4, atol=1e-5)
