"""The picture of a recurrent layer holds its real numbers: every gate, state, output, gradient."""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from labkit import backend as K
from labkit.diagrams import recurrent_view
from labkit.diagrams.formulas import evaluate, gate_weights
from labkit.diagrams.gauges import UNITS, limit, number
from labkit.diagrams.passage import LARGEST, MOST, STEPS, passage, sizes
from labkit.diagrams.recurrent import drawn_passage, is_drawn
from labkit.diagrams.svg import WIDE, WIDTH
from labkit.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    ConvLSTM2D,
    CuDNNGRU,
    CuDNNLSTM,
    Dense,
    GRUCell,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
)

SEQUENCE, FRAMES = (None, 4, 3), (None, 3, 5, 4, 2)
LAYERS = {
    "SimpleRNN": (lambda **s: SimpleRNN(3, **s), SEQUENCE),
    "LSTM": (lambda **s: LSTM(3, **s), SEQUENCE),
    "LSTM 2": (lambda **s: LSTM(3, implementation=2, unit_forget_bias=False, **s), SEQUENCE),
    "LSTM others": (
        lambda **s: LSTM(3, activation="relu", recurrent_activation="sigmoid", **s),
        SEQUENCE,
    ),
    "LSTM no bias": (lambda **s: LSTM(3, use_bias=False, **s), SEQUENCE),
    "GRU": (lambda **s: GRU(3, **s), SEQUENCE),
    "GRU after": (lambda **s: GRU(3, reset_after=True, **s), SEQUENCE),
    "CuDNNGRU": (lambda **s: CuDNNGRU(3, **s), SEQUENCE),
    "CuDNNLSTM": (lambda **s: CuDNNLSTM(3, **s), SEQUENCE),
    "RNN": (lambda **s: RNN(LSTMCell(3), **s), SEQUENCE),
    "stacked": (lambda **s: RNN([LSTMCell(3), GRUCell(4), SimpleRNNCell(2)], **s), SEQUENCE),
    "ConvLSTM2D": (lambda **s: ConvLSTM2D(2, 2, **s), FRAMES),
    "ConvLSTM2D first": (
        lambda **s: ConvLSTM2D(2, 2, data_format="channels_first", **s),
        (None, 3, 2, 5, 4),
    ),
    "Bidirectional": (lambda **s: Bidirectional(LSTM(3, **s)), SEQUENCE),
    "Bidirectional None": (lambda **s: Bidirectional(GRU(3, **s), None), SEQUENCE),
    "Bidirectional conv": (lambda **s: Bidirectional(ConvLSTM2D(2, 2, **s)), FRAMES),
}
BACK = {"go_backwards": True}


def cases(*without):
    return [
        pytest.param(make, shape, id=name)
        for name, (make, shape) in LAYERS.items()
        if not any(word in name for word in without)
    ]


def with_its_weights(make, run, settings):
    """The layer that was run, with the numbers that its copy had."""
    layer = make(**settings)
    layer.build((1, *run.shape[1:]))
    stored = [w for part in run.parts for w in part.cell.get_weights()]
    layer.set_weights(stored)
    return layer


def last_states(run):
    """As the layer's return_state gives them: of each chain and cell h, then c."""
    return [
        part.values[name][-1] for part in run.parts for name in ("h′", "c′") if name in part.values
    ]


@pytest.mark.parametrize("backwards", [{}, BACK], ids=["on", "back"])
@pytest.mark.parametrize(("make", "shape"), cases())
def test_the_last_step_is_the_layers_own_output(make, shape, backwards):
    run = passage(make(**backwards), shape)
    layer = with_its_weights(make, run, {**backwards, "return_state": True})
    y = layer(run.x.astype(K.floatx()))
    outputs = len(y) - len(last_states(run))
    for mine, real in zip(last_states(run), y[outputs:], strict=True):
        np.testing.assert_allclose(mine, np.asarray(real)[0], atol=1e-5)
    ends = [
        part
        for k, part in enumerate(run.parts)
        if part.chain not in [later.chain for later in run.parts[k + 1 :]]
    ]
    axis = 0 if "channels_first" in str(layer.get_config()) else -1
    mine = [part.values["h′"][-1] for part in ends]
    found = [np.asarray(one)[0] for one in y[:outputs]]
    if len(found) < len(mine):
        mine = [np.concatenate(mine, axis=axis)]
    for a, b in zip(mine, found, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("masked", [(0,), (3,), (1, 2), (0, 1, 2, 3)], ids=str)
@pytest.mark.parametrize("backwards", [{}, BACK], ids=["on", "back"])
@pytest.mark.parametrize(("make", "shape"), cases("CuDNN", "Conv", "conv"))
def test_masked_steps_hand_the_states_on(make, shape, backwards, masked):
    run = passage(make(**backwards), shape, masked)
    layer = with_its_weights(make, run, {**backwards, "return_state": True})
    mask = np.ones((1, shape[1]), bool)
    mask[:, list(masked)] = False
    y = layer(run.x.astype(K.floatx()), mask=mask)
    states = last_states(run)
    for mine, real in zip(states, y[len(y) - len(states) :], strict=True):
        np.testing.assert_allclose(mine, np.asarray(real)[0], atol=1e-5)
    for part in run.parts:
        for k, t in enumerate(run.orders[part.chain]):
            gates = [name for name in part.values if name not in {"x", "h", "c", "h′", "c′"}]
            for name in gates:
                assert np.isnan(part.values[name][k]).all() == (t in masked)
            if t in masked:
                np.testing.assert_array_equal(part.values["h′"][k], part.values["h"][k])


def hard_sigmoid(z):
    return np.clip(0.2 * z + 0.5, 0, 1)


def test_every_gate_of_an_lstm_is_that_of_a_few_lines_of_numpy():
    run = passage(LSTM(3), (None, 6, 2))
    (part,) = run.parts
    W, U, b = part.cell.get_weights()
    h, c = np.zeros((2, 3))
    for k in range(6):
        z = run.x[0, k] @ W + h @ U + b
        i, f, g, o = hard_sigmoid(z[:3]), hard_sigmoid(z[3:6]), np.tanh(z[6:9]), hard_sigmoid(z[9:])
        said = {"x": run.x[0, k], "h": h, "c": c, "i": i, "f": f, "c̃": g, "o": o}
        said |= {"kept": f * c, "written": i * g}
        c = f * c + i * g
        h = o * np.tanh(c)
        said |= {"squashed": np.tanh(c), "c′": c, "h′": h}
        assert said.keys() == part.values.keys()
        for name, value in said.items():
            np.testing.assert_allclose(part.values[name][k], value, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("after", [False, True])
def test_every_gate_of_a_gru_is_that_of_a_few_lines_of_numpy(after):
    run = passage(GRU(3, reset_after=after, bias_initializer="ones"), (None, 6, 2))
    (part,) = run.parts
    W, U, b = part.cell.get_weights()
    b, own = b if after else (b, np.zeros(9))
    h = np.zeros(3)
    for k in range(6):
        x = run.x[0, k] @ W + b
        z = hard_sigmoid(x[:3] + h @ U[:, :3] + own[:3])
        r = hard_sigmoid(x[3:6] + h @ U[:, 3:6] + own[3:6])
        inner = h @ U[:, 6:] + own[6:]
        candidate = np.tanh(x[6:] + (r * inner if after else (r * h) @ U[:, 6:]))
        said = {"x": run.x[0, k], "h": h, "z": z, "r": r, "h̃": candidate}
        said |= {"reset": r * inner, "inner": inner} if after else {"reset": r * h}
        said |= {"kept": z * h, "rest": 1 - z, "written": (1 - z) * candidate}
        h = z * h + (1 - z) * candidate
        said["h′"] = h
        assert said.keys() == part.values.keys()
        for name, value in said.items():
            np.testing.assert_allclose(part.values[name][k], value, atol=1e-6, err_msg=name)


def test_every_step_of_a_simple_rnn():
    run = passage(SimpleRNN(3, bias_initializer="ones"), (None, 6, 2))
    (part,) = run.parts
    W, U, b = part.cell.get_weights()
    h = np.zeros(3)
    for k in range(6):
        z = run.x[0, k] @ W + h @ U + b
        np.testing.assert_allclose(part.values["sum"][k], z, atol=1e-6)
        h = np.tanh(z)
        np.testing.assert_allclose(part.values["h′"][k], h, atol=1e-6)


def rest_of_the_way(run, chain, step, number, change):
    """L, from a step on; `change` alters what that step leaves: {cell number: states}."""
    parts = [part for part in run.parts if part.chain == chain]
    order, states, out = run.orders[chain], [], 0.0
    for part in parts:
        names = [name for name in ("h", "c") if name in part.values]
        states.append([part.values[name][:1] for name in names])
    for k, t in enumerate(order):
        x = run.x[:, t]
        for n, part in enumerate(parts):
            if k == step and n == number and "x" in change:
                x = x + change["x"]
            if t not in run.masked:
                found = evaluate(part.cell, x, states[n])
                if k == step and n == number and "c" in change:
                    found["c′"] = found["c′"] + change["c"]
                    found["h′"] = found["o"] * part.cell.activation(found["c′"])
                if k == step and n == number and "h" in change:
                    found["h′"] = found["h′"] + change["h"]
                states[n] = [found[s] for s in ("h′", "c′") if s in found]
                x = found["h′"]
                out = x
            else:
                x = states[n][0]
    return float(np.sum(out))


@pytest.mark.parametrize(("make", "shape"), cases("relu", "LSTM others"))
def test_the_gradient_at_every_step_is_the_slope_that_differences_give(make, shape):
    run = passage(
        make(recurrent_activation="sigmoid") if make is LAYERS["LSTM"][0] else make(), shape
    )
    tiny = 1e-6
    generator = np.random.default_rng(1)
    for part in run.parts:
        for name, found in part.gradients.items():
            for k in range(len(found)):
                way = generator.standard_normal((1, *found[k].shape))
                up = rest_of_the_way(run, part.chain, k, part.number, {name: tiny * way})
                down = rest_of_the_way(run, part.chain, k, part.number, {name: -tiny * way})
                slope = (up - down) / (2 * tiny)
                np.testing.assert_allclose(np.sum(found[k] * way[0]), slope, atol=1e-6)


def test_a_masked_step_passes_the_gradient_on_and_takes_none():
    run = passage(GRU(3), SEQUENCE, (1,))
    (part,) = run.parts
    np.testing.assert_array_equal(part.gradients["x"][1], 0)
    np.testing.assert_array_equal(part.gradients["h"][0], part.gradients["h"][1])
    assert np.abs(part.gradients["x"][0]).max() > 0


@pytest.mark.parametrize(
    ("layer", "verdict"),
    [
        (SimpleRNN(4, recurrent_initializer="zeros"), "gone"),
        (SimpleRNN(4, activation="linear", recurrent_initializer="ones"), "exploded"),
        (LSTM(4), "smaller"),
    ],
)
def test_gradients_vanish_or_explode_as_the_layer_makes_them(layer, verdict):
    (part,) = passage(layer, (None, 20, 2)).parts
    size = sizes(part)["backward"]["h"]
    ratio = size[0] / size[-1]
    assert {"gone": ratio == 0, "smaller": 0 < ratio < 0.1, "exploded": ratio > 100}[verdict]


# --- the picture ---


def parse(svg):
    return ElementTree.fromstring(svg)


def having(part, name):
    return [one for one in part.iter() if one.get(name) is not None]


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(("make", "shape"), cases())
def test_the_numbers_that_are_drawn_are_those_of_the_last_step(make, shape, wide):
    run = passage(make(), shape)
    picture = parse(recurrent_view(make(), shape, wide=wide))
    groups = having(picture, "data-inside")
    assert len(groups) == len(run.parts)
    assert float(picture.get("width")) == (WIDE if wide else WIDTH)
    for part, group in zip(run.parts, groups, strict=True):
        gauges = [g for g in having(group, "data-gauge") if "node" not in g.get("class")]
        names = {g.get("data-gauge") for g in having(group, "data-gauge")}
        # Every line is on the picture, and nothing else is.
        assert names == part.values.keys()
        for gauge in gauges:
            value = part.values[gauge.get("data-gauge")][-1]
            if value.ndim == 1:
                said = [t.text for t in having(gauge, "data-number")]
                assert said == [number(v) for v in value[:UNITS]]
            check_geometry(gauge, value, getattr(part.cell, "data_format", None))


def check_geometry(gauge, value, data_format):
    """Bars as long, and squares as large, as the numbers are."""
    low, high = float(gauge.get("data-low")), float(gauge.get("data-high"))
    assert high >= np.abs(value).max() - 1e-6 and low in (0, -high)
    bars = having(gauge, "data-unit")
    if value.ndim == 1:
        room = float(gauge.get("data-room"))
        for bar, number_ in zip(bars, value, strict=False):
            length = room * abs(number_) / (high - low)
            assert abs(float(bar.get("width")) - length) < 0.01
            zero = float(gauge.get("data-from")) - room * low / (high - low)
            start = zero if number_ >= 0 else zero - length
            assert abs(float(bar.get("x")) - start) < 0.01
        return
    first = value[0] if data_format == "channels_first" else value[..., 0]
    side = float(gauge.get("data-side"))
    assert len(bars) == first.size
    for bar, number_ in zip(bars, first.ravel(), strict=True):
        area = (side - 1.5) ** 2 * abs(number_) / high
        assert abs(float(bar.get("width")) ** 2 - area) < 0.2
        assert (bar.get("class") == "negative") == (number_ < 0)


@pytest.mark.parametrize(("make", "shape"), cases())
def test_the_page_gets_the_numbers_of_every_step(make, shape):
    run, found = passage(make(), shape), drawn_passage(make(), shape)
    data = json.loads(json.dumps(found["data"], allow_nan=False))["recurrent"]
    assert data["times"] == [list(order) for order in run.orders]
    assert data["steps"] == data["first"] + 1 == shape[1]
    for part, said in zip(run.parts, data["parts"], strict=True):
        assert said["captions"].keys() == part.values.keys()
        for name, steps in said["values"].items():
            for k, numbers in enumerate(steps):
                value = part.values[name][k]
                if value.ndim == 1:
                    np.testing.assert_allclose(numbers, value[:UNITS], atol=1e-4)
        for mode, real in sizes(part).items():
            for name, numbers in said[mode]["values"].items():
                np.testing.assert_allclose(numbers, real[name], rtol=1e-3)
                heights = said[mode]["heights"][name]
                assert len(heights) == shape[1] and 0 <= min(heights) <= max(heights) <= 1


def test_sizes_that_differ_much_stand_on_a_logarithmic_scale():
    data = drawn_passage(LSTM(2), (None, 50, 2))["data"]["recurrent"]
    backward = data["parts"][0]["backward"]
    low, high = backward["log"]
    for name, values in backward["values"].items():
        wanted = (np.log10(values) - low) / (high - low)
        np.testing.assert_allclose(backward["heights"][name], np.clip(wanted, 0, 1), atol=2e-3)
    assert data["parts"][0]["forward"]["log"] is None


def test_numbers_that_overflow_break_nothing():
    layer = LSTM(2, activation="exponential")
    data = drawn_passage(layer, (None, 30, 2))["data"]["recurrent"]
    assert json.dumps(data, allow_nan=False)
    assert data["parts"][0]["values"]["c′"][-1] is None


def test_masked_steps_have_no_numbers_in_their_gates():
    found = drawn_passage(LSTM(2), SEQUENCE, (3,))
    values = found["data"]["recurrent"]["parts"][0]["values"]
    assert values["f"][3] is None and values["f"][2] is not None
    assert values["h′"][3] == values["h′"][2]
    masked = having(parse(found["svg"]), "data-masked")
    assert [p.get("data-step") for p in masked] == ["3"]
    # Where a mask skips all steps, there is none with numbers to begin with.
    picture = parse(drawn_passage(LSTM(2), SEQUENCE, (0, 1, 2, 3))["svg"])
    said = {
        g.get("data-gauge"): [t.text for t in having(g, "data-number")]
        for g in having(picture, "data-gauge")
    }
    assert set(said["f"]) == {"–"}


@pytest.mark.parametrize("steps", [5, 6, 10, 11, 20, 50])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("layer", [LSTM(2), GRU(2, go_backwards=True), Bidirectional(LSTM(2))])
def test_every_step_stands_in_the_row(layer, steps, wide):
    found = drawn_passage(layer, (None, steps, 2), (1,), wide)
    picture, data = parse(found["svg"]), found["data"]["recurrent"]
    chains = having(picture, "data-chain")
    for chain, times in zip(chains, data["times"], strict=True):
        groups = sorted(having(chain, "data-step"), key=lambda g: int(g.get("data-order")))
        assert [int(g.get("data-step")) for g in groups] == times
        assert {int(g.get("data-step")) for g in having(chain, "data-masked")} == {1}
    (beam,) = having(picture, "data-xs")
    xs = np.array([[float(x) for x in row.split()] for row in beam.get("data-xs").split(";")])
    assert xs.min() > 0 and xs.max() < (WIDE if wide else WIDTH)
    # Time runs from left to right, in whichever order it is read.
    for row, times in zip(xs, data["times"], strict=True):
        assert (np.diff(row[np.argsort(times)]) > 0).all()


def test_what_is_not_run_as_it_is_says_so():
    def changed(layer, shape):
        return " ".join(drawn_passage(layer, shape)["notes"])

    assert f"这里运行 {STEPS} 步" in changed(LSTM(2), (None, None, 2))
    assert f"只运行前 {MOST} 步" in changed(LSTM(2), (None, 1000, 2))
    assert "缩小" in changed(LSTM(LARGEST), (None, 5, 300))
    assert "缩小" in changed(ConvLSTM2D(2, 3), (None, 3, 40, 40, 1))
    assert f"8 个单元里的前 {UNITS} 个" in changed(GRU(8), (None, 5, 2))
    assert not re.search("缩小|只运行|里的前", changed(GRU(3), (None, 5, 2)))


def test_a_stateful_layer_of_several_samples():
    layer = LSTM(2, stateful=True, return_state=True)
    picture = parse(recurrent_view(layer, (3, 4, 2)))
    assert having(picture, "data-initial")[0].get("data-initial") == "stateful"
    assert len(having(picture, "data-returned")) == 2
    assert not layer.built


def test_it_changes_nothing():
    layer = LSTM(2)
    np.random.seed(4)
    before, kind = np.random.get_state()[1].copy(), K.floatx()
    recurrent_view(layer, (None, 5, 2))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert not layer.built and K.floatx() == kind


def test_only_cells_with_known_formulas_are_drawn():
    class Counter:
        state_size = 2

        def call(self, inputs, states):
            return states[0], states

    class Own(LSTMCell):
        def call(self, inputs, states, training=None):
            return inputs, states

    assert is_drawn(RNN([LSTMCell(2), GRUCell(2)])) and is_drawn(Bidirectional(CuDNNLSTM(2)))
    assert not is_drawn(RNN(Counter())) and not is_drawn(RNN(Own(2))) and not is_drawn(Dense(2))


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "0.00"), (-0.001, "0.00"), (-0.316, "-0.32"), (12.6, "13"), (2e5, "2e5"), (np.nan, "–")],
)
def test_numbers_are_short(value, said):
    assert number(value) == said


def test_a_scale_holds_its_numbers():
    for values, most in (([0.2, -0.9], 1), ([1.2], 2), ([-4], 5), ([51, 3], 100), ([np.nan], 1)):
        assert limit(np.array(values)) == most


def test_the_weights_are_the_layers_own_kind():
    (part,) = passage(LSTM(3), SEQUENCE).parts
    np.testing.assert_array_equal(gate_weights(part.cell)["b_f"], 1)
    (part,) = passage(LSTM(3, kernel_initializer="zeros"), SEQUENCE).parts
    np.testing.assert_array_equal(part.cell.get_weights()[0], 0)


@pytest.mark.parametrize(("masked", "backwards", "first"), [((3, 4), False, 2), ((0,), True, 3)])
def test_the_step_that_is_shown_first_is_none_that_a_mask_skips(masked, backwards, first):
    layer = LSTM(2, go_backwards=backwards)
    shown = drawn_passage(layer, (None, 5, 3), masked)
    assert shown["data"]["recurrent"]["first"] == first
    # The row of steps and the bars over it mark the same one.
    marked = [one.get("data-order") for one in having(parse(shown["svg"]), "data-state")]
    assert {order for order in marked if order} == {str(first)}
