"""The formulas of recurrent layers in numbers, against the layer's own results."""

import math

import numpy as np
import pytest

from labkit import activations
from labkit.diagrams import panel
from labkit.diagrams.states import state_of

STEPS, FILMS = (None, 4, 2), (None, 3, 4, 4, 1)
CALLS = [
    ("SimpleRNN(2)", STEPS),
    ('SimpleRNN(2, use_bias=False, activation="relu", return_sequences=True)', STEPS),
    ("GRU(2, return_sequences=True, go_backwards=True)", STEPS),
    ("GRU(2, reset_after=True, return_state=True)", STEPS),
    ("LSTM(2, return_sequences=True, return_state=True)", STEPS),
    ("CuDNNGRU(2)", STEPS),
    ("CuDNNLSTM(2, return_sequences=True)", STEPS),
    ("ConvLSTM2D(1, 2, return_sequences=True)", FILMS),
    ('ConvLSTM2D(2, 2, data_format="channels_first")', (None, 2, 1, 3, 3)),
]


def result(formula, function, factors, numbers):
    at, total = 0, 0.0
    for count in factors:
        total += math.prod(numbers[at : at + count])
        at += count
    assert at == len(numbers) - 1
    if function == "1−":
        return 1 - total
    if not function:
        return total
    return float(activations.get(formula.split("(")[0])(np.array([total]))[0])


@pytest.mark.parametrize(("call", "shape"), CALLS)
def test_numbers_that_are_put_in_give_the_results_and_the_last_is_the_output(call, shape):
    data = panel.show(state_of(call, shape), "steps")["data"]
    formulas = data["formulas"]
    assert len(formulas["numbers"]) == len(data["y"])
    for y, lines in zip(data["y"], formulas["numbers"], strict=True):
        named = zip(formulas["lines"], lines, strict=False)
        for (_, formula, function, factors), numbers in named:
            assert result(formula, function, factors, numbers) == pytest.approx(
                numbers[-1], abs=2e-5
            )
        assert lines[-1][-1] == pytest.approx(y, abs=2e-6)


@pytest.mark.parametrize("call", ["Bidirectional(LSTM(2))", "LSTM(2, dropout=0.5)"])
def test_where_the_formulas_are_not_all_there_are_none(call):
    state = {**state_of(call, STEPS), "training": True}
    assert panel.show(state, "steps")["data"]["formulas"] is None
