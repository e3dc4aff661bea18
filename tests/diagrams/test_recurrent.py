"""Pictures of recurrent layers tell the truth: their causality, outputs, states and formulas."""

import re
from itertools import combinations, pairwise
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import pytest

from labkit import backend as K
from labkit.diagrams.formulas import equations, evaluate, gate_weights
from labkit.diagrams.gates import gate_view
from labkit.diagrams.svg import WIDTH, width_of
from labkit.diagrams.unrolled import unrolled_view
from labkit.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    ConvLSTM2D,
    ConvLSTM2DCell,
    CuDNNGRU,
    CuDNNLSTM,
    Dense,
    GRUCell,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
    TimeDistributed,
)

SVG = "{http://www.w3.org/2000/svg}"
SEQUENCE, FRAMES = (2, 4, 3), (2, 3, 5, 4, 2)
ALL, STATE, BACK = {"return_sequences": True}, {"return_state": True}, {"go_backwards": True}


class Counter:
    """A cell of one's own, which is no layer."""

    state_size = 2

    def call(self, inputs, states):
        return states[0] + inputs[:, :2], [states[0] + inputs[:, :2]]


def stacked(**settings):
    return RNN([LSTMCell(4), GRUCell(5)], **settings)


def turned(**settings):
    with pytest.warns(UserWarning, match="reverse_state_order"):
        cells = StackedRNNCells([LSTMCell(4), GRUCell(5)], reverse_state_order=True)
    return RNN(cells, **settings)


KINDS = {
    "SimpleRNN": (lambda **s: SimpleRNN(4, **s), SEQUENCE),
    "GRU": (lambda **s: GRU(4, **s), SEQUENCE),
    "LSTM": (lambda **s: LSTM(4, **s), SEQUENCE),
    "CuDNNGRU": (lambda **s: CuDNNGRU(4, **s), SEQUENCE),
    "CuDNNLSTM": (lambda **s: CuDNNLSTM(4, **s), SEQUENCE),
    "RNN": (lambda **s: RNN(LSTMCell(4), **s), SEQUENCE),
    "own cell": (lambda **s: RNN(Counter(), **s), SEQUENCE),
    "stacked": (stacked, SEQUENCE),
    "turned": (turned, SEQUENCE),
    "ConvLSTM2D": (lambda **s: ConvLSTM2D(4, 2, **s), FRAMES),
    "one step": (lambda **s: LSTM(4, **s), (2, 1, 3)),
}
for merge in ("concat", "sum", "mul", "ave", None):
    KINDS[f"Bidirectional {merge}"] = (
        lambda merge=merge, **s: Bidirectional(GRU(4, **s), merge),
        SEQUENCE,
    )
KINDS["Bidirectional stacked"] = (lambda **s: Bidirectional(stacked(**s)), SEQUENCE)
KINDS["Bidirectional ConvLSTM2D"] = (lambda **s: Bidirectional(ConvLSTM2D(4, 2, **s)), FRAMES)
SETTINGS = [{}, ALL, STATE, BACK, {**ALL, **BACK}, {**ALL, **STATE, **BACK}]
CASES = [
    pytest.param(make(**settings), shape, id=f"{name} {'+'.join(settings)}")
    for name, (make, shape) in KINDS.items()
    for settings in SETTINGS
    if name != "turned" or settings == STATE
]
MASKS = [(), (0,), (3,), (1, 2), (0, 1, 3), (0, 1, 2, 3)]


def parse(svg):
    return ElementTree.fromstring(svg)


def having(picture, name):
    return [part for part in picture.iter() if part.get(name) is not None]


def said(part):
    return [text.text for text in part.iter(f"{SVG}text")]


def arrays(result):
    return [np.asarray(y) for y in (result if isinstance(result, list) else [result])]


def numbers(shape):
    return np.random.normal(size=shape).astype("float32")


def ready(layer, shape):
    """With numbers in all weights: biases start as zeros, which could hide mistakes."""
    layer.build(shape)
    layer.set_weights([numbers(w.shape) * 0.5 for w in layer.get_weights()])
    return layer


class Drawn(NamedTuple):
    """What a picture says of one output: where it stands, and which steps it depends on."""

    number: int
    place: int | None
    steps: set


def drawn_outputs(picture):
    chains = having(picture, "data-chain")
    orders = [
        {part.get("data-step"): int(part.get("data-order")) for part in having(chain, "data-step")}
        for chain in chains
    ]
    skipped = {part.get("data-step") for part in having(picture, "data-masked")}

    def before(chain, step):
        order = orders[chain]
        return {int(s) for s in order if order[s] <= order[step] and s not in skipped}

    found = []
    inner = [id(part) for chain in chains for part in having(chain, "data-output")]
    for part in having(picture, "data-output"):
        place = part.get("data-place")
        times = part.get("data-output").split()
        if id(part) in inner:
            number = next(k for k, chain in enumerate(chains) if part in [*chain.iter()])
            steps = before(number, times[0])
        else:
            number = 0
            steps = before(0, times[0]) | before(1, times[-1])
        found.append(Drawn(number, None if place is None else int(place), steps))
    return found


def real_steps(layer, shape, drawn, mask=None):
    """The steps of the input on which that output really depends."""
    x = numbers(shape)

    def run(x):
        y = arrays(layer(x, mask=mask) if mask is not None else layer(x))[drawn.number]
        return y if drawn.place is None else y[:, drawn.place]

    base, found = run(x), set()
    for t in range(shape[1]):
        changed = x.copy()
        changed[:, t] += 1
        if not np.array_equal(run(changed), base):
            found.add(t)
    return found


@pytest.mark.parametrize(("layer", "shape"), CASES)
def test_outputs_depend_on_the_steps_that_are_drawn_before_them(layer, shape):
    picture = parse(unrolled_view(layer, shape))
    ready(layer, shape)
    for drawn in drawn_outputs(picture):
        assert real_steps(layer, shape, drawn) == drawn.steps


@pytest.mark.parametrize("masked", MASKS, ids=str)
@pytest.mark.parametrize("settings", [{}, ALL, BACK, {**ALL, **BACK}], ids="+".join)
@pytest.mark.parametrize("name", ["GRU", "stacked", "Bidirectional concat", "Bidirectional None"])
def test_masked_steps_pass_nothing_on_but_what_came_before(name, settings, masked):
    make, shape = KINDS[name]
    layer, mask = make(**settings), np.ones(shape[:2], bool)
    mask[:, list(masked)] = False
    picture = parse(unrolled_view(layer, shape, masked))
    assert {int(p.get("data-step")) for p in having(picture, "data-masked")} == set(masked)
    ready(layer, shape)
    for drawn in drawn_outputs(picture):
        assert real_steps(layer, shape, drawn, mask) == drawn.steps


@pytest.mark.parametrize("masked", MASKS[1:], ids=str)
@pytest.mark.parametrize("backwards", [False, True])
def test_masked_outputs_repeat_the_output_that_is_drawn(masked, backwards):
    layer, x = LSTM(4, **ALL, go_backwards=backwards), numbers(SEQUENCE)
    mask = np.ones(SEQUENCE[:2], bool)
    mask[:, list(masked)] = False
    picture = parse(unrolled_view(layer, SEQUENCE, masked))
    y = arrays(ready(layer, SEQUENCE)(x, mask=mask))[0]
    places = {p.get("data-output"): int(p.get("data-place")) for p in having(picture, "data-place")}
    repeating = having(picture, "data-repeats")
    assert {int(p.get("data-output")) for p in repeating} == set(masked)
    for part in repeating:
        own = y[:, int(part.get("data-place"))]
        nothing_before = said(part)[0].endswith("=0")
        assert nothing_before or int(part.get("data-repeats")) not in masked
        other = 0 * own if nothing_before else y[:, places[part.get("data-repeats")]]
        np.testing.assert_array_equal(own, other)
        assert len(list(part.iter(f"{SVG}path"))) == (0 if nothing_before else 2)


@pytest.mark.parametrize("masked", MASKS, ids=str)
@pytest.mark.parametrize("backwards", [False, True])
def test_the_last_state_is_that_of_the_step_in_its_label(masked, backwards):
    layer, x = LSTM(4, **STATE, go_backwards=backwards), numbers(SEQUENCE)
    mask = np.ones(SEQUENCE[:2], bool)
    mask[:, list(masked)] = False
    picture = parse(unrolled_view(layer, SEQUENCE, masked))
    ready(layer, SEQUENCE)
    _, h, c = arrays(layer(x, mask=mask))
    for state, name in ((h, "h"), (c, "c")):
        part = next(p for p in having(picture, "data-final") if p.get("data-final") == name)
        label = said(part)[0]
        if label == "0":
            np.testing.assert_array_equal(state, 0 * state)
            continue
        step = "₀₁₂₃".index(label.removeprefix(name))
        assert step not in masked
        kept = [t for t in range(4) if t not in masked and (t >= step if backwards else t <= step)]
        alone = arrays(layer(x[:, kept]))
        np.testing.assert_allclose(state, alone[1 if name == "h" else 2], rtol=1e-5)


@pytest.mark.parametrize(("layer", "shape"), CASES)
def test_outputs_and_states_are_as_many_as_the_layer_returns(layer, shape):
    picture = parse(unrolled_view(layer, shape))
    result = arrays(ready(layer, shape)(numbers(shape)))
    both = isinstance(layer, Bidirectional)
    outputs = result[: 2 if both and layer.merge_mode is None else 1]
    returned = having(picture, "data-returned")
    assert len(returned) == len(result) - len(outputs)
    steps = shape[1] if layer.return_sequences else 1
    assert len(having(picture, "data-output")) == steps * len(outputs)
    for number in range(len(outputs)):
        places = [d.place for d in drawn_outputs(picture) if d.number == number]
        assert sorted(p for p in places if p is not None) == (
            list(range(steps)) if layer.return_sequences else []
        )
    legend = " ".join(said(picture))
    assert str((shape[0], *shape[2:])) in legend
    assert all(str(y.shape) in legend for y in outputs)
    if both:
        merges = {p.get("data-merge") for p in having(picture, "data-merge")}
        assert merges == ({layer.merge_mode} - {None})


@pytest.mark.parametrize("name", KINDS)
def test_states_have_their_real_shapes_in_their_real_order(name):
    make, shape = KINDS[name]
    layer = make(**STATE)
    picture = parse(unrolled_view(layer, shape))
    shapes = {p.get("data-state"): p.get("data-shape") for p in having(picture, "data-state")}
    result = arrays(ready(layer, shape)(numbers(shape)))
    states = result[len(result) - len(shapes) :]
    order = list(shapes)
    if name == "turned":
        order = ["h²", "h¹", "c¹"]
    assert [shapes[n] for n in order] == [str(state.shape) for state in states]
    legend = " ".join(said(picture))
    assert all(f"{n}_t：{shapes[n]}" in legend for n in shapes)


@pytest.mark.parametrize(("layer", "shape"), CASES)
def test_states_run_through_the_steps_in_their_order(layer, shape):
    picture = parse(unrolled_view(layer, shape))
    for chain in having(picture, "data-chain"):
        steps = sorted(having(chain, "data-step"), key=lambda p: int(p.get("data-order")))
        path = ["initial", *[p.get("data-step") for p in steps]]
        path += ["final"] * bool(having(chain, "data-returned"))
        for state in {p.get("data-state") for p in having(chain, "data-state")}:
            lines = [p for p in having(chain, "data-state") if p.get("data-state") == state]
            ways = [(p.get("data-state-from"), p.get("data-state-to")) for p in lines]
            assert ways == list(pairwise(path))


def test_time_runs_from_left_to_right_and_the_state_against_it_when_backwards():
    picture = parse(unrolled_view(Bidirectional(GRU(4)), (None, 5, 3)))
    for chain, sign in zip(having(picture, "data-chain"), (1, -1), strict=True):
        tops = {}
        for part in having(chain, "data-step"):
            tops[int(part.get("data-step"))] = float(next(part.iter(f"{SVG}rect")).get("x"))
        assert [tops[t] for t in range(5)] == sorted(tops.values())
        for part in having(chain, "data-state"):
            (x0, _), (x1, _) = points(next(part.iter(f"{SVG}path")))
            assert (x1 - x0) * sign > 0


@pytest.mark.parametrize(
    ("steps", "backwards", "drawn"),
    [
        (5, False, [("0", "0"), ("1", "1"), ("2", "2"), ("3", "3"), ("4", "4")]),
        (100, False, [("0", "0"), ("1", "1"), ("2", "2"), ("99", "99")]),
        (100, True, [("99", "0"), ("2", "97"), ("1", "98"), ("0", "99")]),
        (None, False, [("0", "0"), ("1", "1"), ("T−1", "T−1")]),
        (None, True, [("T−1", "0"), ("1", "T−2"), ("0", "T−1")]),
    ],
)
def test_of_many_or_unknown_steps_the_first_and_the_last_are_drawn(steps, backwards, drawn):
    picture = parse(unrolled_view(GRU(4, go_backwards=backwards), (None, steps, 3)))
    found = [(p.get("data-step"), p.get("data-order")) for p in having(picture, "data-step")]
    assert found == drawn
    assert ("…" in said(picture)) == (steps != 5)
    assert [p.get("data-output") for p in having(picture, "data-output")] == [drawn[-1][0]]


def test_a_stateful_layer_begins_where_the_last_batch_ended():
    def begins(layer):
        picture = parse(unrolled_view(layer, (2, 4, 3)))
        parts = having(picture, "data-initial")
        finals = having(picture, "data-final")
        return (
            {"".join(said(part)) for part in parts},
            len(finals),
            having(picture, "data-returned"),
        )

    assert begins(LSTM(4)) == ({"0"}, 0, [])
    assert begins(LSTM(4, stateful=True)) == ({"上一批的状态"}, 2, [])


def test_the_order_of_a_backward_sequence_is_explained():
    def explained(layer):
        return "Keras 不把它翻转回来" in parse(unrolled_view(layer, (None, 4, 3)))[1].text

    assert explained(GRU(4, **ALL, **BACK))
    assert not explained(GRU(4, **BACK)) and not explained(GRU(4, **ALL))
    assert not explained(Bidirectional(GRU(4, **ALL)))


@pytest.mark.parametrize(
    ("layer", "shape", "masked"),
    [
        (TimeDistributed(Dense(2)), (None, 4, 3), ()),
        (Dense(2), (None, 4, 3), ()),
        (LSTM(2), (None, 3), ()),
        (LSTM(2), (None, 0, 3), ()),
        (LSTM(2), (None, 4, 3), (4,)),
        (LSTM(2), (None, 4, 3), (-1,)),
        (CuDNNLSTM(2), (None, 4, 3), (1,)),
        (Bidirectional(CuDNNGRU(2)), (None, 4, 3), (1,)),
    ],
)
def test_what_cannot_be_unrolled_is_refused(layer, shape, masked):
    with pytest.raises(ValueError, match="规则"):
        unrolled_view(layer, shape, masked)


CELLS = {
    "SimpleRNN": (SimpleRNNCell, {}),
    "SimpleRNN relu": (SimpleRNNCell, {"activation": "relu"}),
    "LSTM": (LSTMCell, {}),
    "LSTM 2": (LSTMCell, {"implementation": 2}),
    "LSTM others": (LSTMCell, {"activation": "softsign", "recurrent_activation": "sigmoid"}),
    "GRU": (GRUCell, {}),
    "GRU 2": (GRUCell, {"implementation": 2}),
    "GRU others": (GRUCell, {"activation": "relu", "recurrent_activation": "sigmoid"}),
    "GRU after": (GRUCell, {"reset_after": True}),
    "GRU after 2": (GRUCell, {"reset_after": True, "implementation": 2}),
    "CuDNNGRU": (lambda units, **s: CuDNNGRU(units, **s).cell, {}),
    "CuDNNLSTM": (lambda units, **s: CuDNNLSTM(units, **s).cell, {}),
    "ConvLSTM2D": (ConvLSTM2DCell, {"kernel_size": (2, 3)}),
    "ConvLSTM2D others": (
        ConvLSTM2DCell,
        {"kernel_size": 2, "padding": "same", "strides": 2, "activation": "relu"},
    ),
    "ConvLSTM2D dilated": (ConvLSTM2DCell, {"kernel_size": 2, "dilation_rate": 2}),
    "ConvLSTM2D first": (ConvLSTM2DCell, {"kernel_size": 2, "data_format": "channels_first"}),
}
BIASED = [
    pytest.param(name, bias, id=f"{name} {bias}")
    for name in CELLS
    for bias in (True, False)
    if bias or "CuDNN" not in name
]


def real_step(name, use_bias=True):
    """A cell with numbers in its weights, an input and states, and the results of its call."""
    make, settings = CELLS[name]
    settings = settings if "CuDNN" in name else {**settings, "use_bias": use_bias}
    cell = make(4, **settings)
    step = (2, 5, 6, 3) if "Conv" in name else (2, 3)
    ready(cell, step)
    state = cell.output_shape_of(step) if "Conv" in name else (2, 4)
    x, states = numbers(step), [numbers(state) for _ in range(1 + ("LSTM" in name))]
    if hasattr(cell, "begin_sequence"):
        cell.begin_sequence()
    y, after = cell.call(x, states)
    return cell, x, states, [K.get_value(one) for one in after], K.get_value(y)


@pytest.mark.parametrize(("name", "use_bias"), BIASED)
def test_the_operations_compute_what_the_cell_computes(name, use_bias):
    cell, x, states, after, y = real_step(name, use_bias)
    values = evaluate(cell, x, states)
    for symbol, state in zip(("h′", "c′"), after, strict=False):
        np.testing.assert_allclose(values[symbol], state, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(values["h′"], y, rtol=1e-4, atol=1e-6)
    # Neither all zeros nor a state handed on: it would prove nothing.
    assert np.abs(values["h′"]).max() > 0.01 and not np.allclose(values["h′"], states[0])


@pytest.mark.parametrize(("name", "use_bias"), BIASED)
def test_drawn_shapes_are_those_of_real_arrays(name, use_bias):
    cell, x, states, after, _ = real_step(name, use_bias)
    picture = parse(gate_view(cell, x.shape))
    shapes = {p.get("data-tensor"): p.get("data-shape") for p in having(picture, "data-tensor")}
    real = dict(zip(("x", "h", "c"), [x, *states], strict=False))
    real |= dict(zip(("h′", "c′"), after, strict=False))
    assert {n: shapes[n] for n in real} == {n: str(a.shape) for n, a in real.items()}
    values = evaluate(cell, x, states)
    assert shapes == {n: str(array.shape) for n, array in values.items()}
    for part in having(picture, "data-tensor"):
        assert part.get("data-shape") in " ".join(said(part))


@pytest.mark.parametrize(("name", "use_bias"), BIASED)
def test_drawn_weights_are_the_cells(name, use_bias):
    cell, x, *_ = real_step(name, use_bias)
    shown = " ".join(said(parse(gate_view(cell, x.shape))))
    weights = gate_weights(cell)
    assert all(f"{weight} {array.shape}" in shown for weight, array in weights.items())
    total = sum(array.size for array in weights.values())
    twice = 4 * 4 if name == "CuDNNLSTM" else 0  # its two biases are added
    assert total + twice == sum(w.size for w in cell.get_weights())
    assert ("b_" in shown or "+ b)" in shown) == use_bias
    for one in ("activation", "recurrent_activation"):
        assert not hasattr(cell, one) or f"{getattr(cell, one).__name__}(" in shown


@pytest.mark.parametrize("name", CELLS)
def test_lines_lead_to_the_operations_that_use_them(name):
    cell, x, states, *_ = real_step(name)
    picture = parse(gate_view(cell, x.shape))
    values = set(evaluate(cell, x, states))
    boxes = {p.get("data-operation"): frame for p, frame in frames(picture, "data-operation")}
    wanted = {one.result: set(one.factors) & values for one in equations(cell)}
    found = {result: set() for result in wanted}
    for part in having(picture, "data-line"):
        for path in part.iter(f"{SVG}path"):
            x_end, y_end = points(path)[-1]
            for result, box in boxes.items():
                at_edge = min(abs(x_end - box.left), abs(x_end - box.right)) < 1
                if at_edge and box.top < y_end < box.bottom:
                    found[result].add(part.get("data-line"))
    assert found == wanted


@pytest.mark.parametrize("name", CELLS)
def test_no_line_runs_along_another(name):
    cell, x, *_ = real_step(name)
    upright = [
        (line.get("data-line"), x0, *sorted((y0, y1)))
        for line in having(parse(gate_view(cell, x.shape)), "data-line")
        for path in line.iter(f"{SVG}path")
        for (x0, y0), (x1, y1) in pairwise(points(path))
        if x0 == x1
    ]
    assert upright
    for (one, x, top, bottom), (other, x_other, begin, end) in combinations(upright, 2):
        assert one == other or x != x_other or bottom <= begin or end <= top, (one, other)


def test_a_layer_is_drawn_as_its_cell():
    drawn = gate_view(LSTM(4), (None, 5, 3)).replace("LSTM ", "LSTMCell ")
    assert drawn == gate_view(LSTMCell(4), (None, 3))
    assert "h_t：(None, 3, 3, 8)" in gate_view(ConvLSTM2D(8, 3), (None, 2, 5, 5, 1))


def test_functions_of_ones_own_are_named():
    def squeeze(x):
        return x / 2

    assert "squeeze(" in gate_view(SimpleRNN(4, activation=squeeze), (None, 5, 3))


class Own(LSTMCell):
    def call(self, inputs, states):
        return inputs, states


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Dense(2), (None, 3)),
        (Own(4), (None, 3)),
        (stacked(), (None, 4, 3)),
        (Bidirectional(LSTM(4)), (None, 4, 3)),
        (LSTM(4), (None, 3)),
        (LSTM(4), (None, 4, None)),
        (ConvLSTM2D(4, 2), (None, 4, None, 5, 1)),
    ],
)
def test_what_has_no_known_inside_is_refused(layer, shape):
    with pytest.raises(ValueError, match="规则"):
        gate_view(layer, shape)


class Frame(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def inside(self, other):
        return (
            self.left >= other.left - 0.1
            and self.top >= other.top - 0.1
            and self.right <= other.right + 0.1
            and self.bottom <= other.bottom + 0.1
        )

    def meets(self, other):
        across = min(self.right, other.right) - max(self.left, other.left)
        return across > 0 and min(self.bottom, other.bottom) - max(self.top, other.top) > 0


def walked(part, x=0.0, y=0.0, box=None):
    """Every element with its shift, and the frame of the nearest box around it."""
    shift = re.fullmatch(r"translate\((\S+) (\S+)\)", part.get("transform", ""))
    if shift:
        x, y = x + float(shift[1]), y + float(shift[2])
    if part.get("class") == "box":
        box = frame_of(part[0], x, y)
    yield part, x, y, box
    for child in part:
        yield from walked(child, x, y, box)


def frame_of(rect, x, y):
    left, top = x + float(rect.get("x")), y + float(rect.get("y"))
    return Frame(left, top, left + float(rect.get("width")), top + float(rect.get("height")))


def frames(picture, name):
    """The parts with that attribute, each with its box."""
    for part, x, y, _ in walked(picture):
        if part.get(name) is not None:
            yield part, next(box for *_, box in walked(part, *shifted(part, x, y)) if box)


def shifted(part, x, y):
    """walked adds a part's own shift again."""
    assert part.get("transform") is None
    return x, y


def points(path):
    return [tuple(map(float, p.split())) for p in path.get("d").removeprefix("M").split("L")]


def room_of(text, x, y):
    size = float(text.get("font-size"))
    width = width_of(text.text, size, "mono" in text.get("font-family"))
    x, y = x + float(text.get("x")), y + float(text.get("y"))
    left = x - width / 2 if text.get("text-anchor") == "middle" else x
    return Frame(left, y - 0.8 * size, left + width, y + 0.15 * size)


PICTURES = [
    *(
        pytest.param(unrolled_view, make(**s), shape, m, id=f"{name} {'+'.join(s)} {m}")
        for name, (make, shape) in KINDS.items()
        for s in ({}, {**ALL, **STATE}, {**ALL, **STATE, **BACK})
        for m in ((), (0,))
        if not (m and "CuDNN" in name)
    ),
    *(
        pytest.param(
            unrolled_view, make(**ALL, **STATE), (None, steps, 3), (), id=f"{name} {steps}"
        )
        for name in ("LSTM", "stacked", "Bidirectional stacked", "Bidirectional None")
        for make in (KINDS[name][0],)
        for steps in (None, 2, 5, 100, 1000)
    ),
    *(
        pytest.param(
            unrolled_view, LSTM(4, stateful=True, **s), (2, 5, 3), (1, 4), id=f"stateful {s}"
        )
        for s in SETTINGS
    ),
    *(
        pytest.param(
            gate_view,
            real_step(name, bias)[0],
            (None, 5, 6, 3) if "Conv" in name else (None, 3),
            None,
            id=f"gates {name} {bias}",
        )
        for name in CELLS
        for bias in (True, False)
        if bias or "CuDNN" not in name
    ),
    pytest.param(gate_view, ConvLSTM2D(128, 3), (32, 9, 128, 128, 512), None, id="gates large"),
    pytest.param(gate_view, GRU(512, reset_after=True), (128, 9, 1024), None, id="gates wide"),
]


@pytest.mark.parametrize(("draw", "layer", "shape", "masked"), PICTURES)
def test_nothing_overlaps_and_nothing_leaves_its_place(draw, layer, shape, masked):
    picture = parse(draw(layer, shape) if masked is None else draw(layer, shape, masked))
    assert float(picture.get("width")) == WIDTH
    page = Frame(0, 0, WIDTH, float(picture.get("height")))
    texts, lines, boxes = [], [], []
    for part, x, y, box in walked(picture):
        if part.tag == f"{SVG}text":
            texts.append((part.text, room_of(part, x, y), box))
        elif part.tag == f"{SVG}path":
            spots = [(a + x, b + y) for a, b in points(part)]
            lines += [Frame(*map(min, *ends), *map(max, *ends)) for ends in pairwise(spots)]
        elif part.tag == f"{SVG}rect":
            boxes.append(frame_of(part, x, y))
    assert texts and lines and boxes
    for content, room, box in texts:
        assert room.inside(box or page), content
        assert not any(room.meets(line) for line in lines), content
    assert all(one.inside(page) for one in [*boxes, *lines])
    for (one, room, _), (other, another, _) in combinations(texts, 2):
        assert not room.meets(another), (one, other)
    # Boxes lie apart or within each other.
    for one, other in combinations(boxes, 2):
        assert not one.meets(other) or one.inside(other) or other.inside(one)


@pytest.mark.parametrize(("draw", "layer", "shape", "masked"), PICTURES)
def test_it_is_told_in_words_and_loads_nothing(draw, layer, shape, masked):
    svg = draw(layer, shape) if masked is None else draw(layer, shape, masked)
    picture = parse(svg)
    title, description = picture[0].text, picture[1].text
    assert title.startswith(type(layer).__name__) and re.search("[一-鿿]", title)
    told = [p.get("data-shape") for p in having(picture, "data-shape")]
    assert all(shape in description for shape in told)
    assert not re.search(r"<script|href|url\(|\sid=", svg)
    colours = {p.get(kind) for p in picture.iter() for kind in ("fill", "stroke")} - {None, "none"}
    assert all(re.fullmatch(r"var\(--diagram-\w+, #\w{6}\)", colour) for colour in colours)


@pytest.mark.parametrize("draw", [unrolled_view, gate_view])
def test_the_layer_and_the_random_numbers_stay_as_they_were(draw):
    layer, shape = LSTM(4, dropout=0.1), (None, 5, 3)
    np.random.seed(3)
    following = np.random.normal(size=3)
    np.random.seed(3)
    draw(layer, shape)
    np.testing.assert_array_equal(np.random.normal(size=3), following)
    assert not layer.built and not layer.weights
    weights = ready(layer, shape).get_weights()
    draw(layer, shape)
    for one, other in zip(weights, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
