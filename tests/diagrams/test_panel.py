"""The parameter panel: its controls, its pictures, its ways out, and texts that are never run."""

import contextlib
import io
import json
import math
import re
import typing
from xml.etree import ElementTree

import numpy as np
import pytest

from docs.tools import reference
from labkit import backend as K
from labkit import layers
from labkit.arguments.signatures import parameters
from labkit.diagrams import (
    connectivity_view,
    copies,
    dependencies,
    panel,
    recurrent_view,
    steps,
    views,
)
from labkit.diagrams.controls import controls
from labkit.diagrams.copies import sketch
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.fixes import fixes, ranges
from labkit.diagrams.functions import FUNCTIONS
from labkit.diagrams.grids import letter_of
from labkit.diagrams.panel import answer, show
from labkit.diagrams.states import code_of, example, input_of, layer_of, parsed, state_of
from labkit.diagrams.views import VIEWS, View, views_of
from labkit.layers import LSTM, Bidirectional, Dense, Input, Layer

CATALOGUE = {
    name: cls
    for name in layers.__all__
    if isinstance(cls := getattr(layers, name), type) and issubclass(cls, Layer)
}
NOT_TYPED = {"Layer", "InputLayer", "Recurrent", "ConvRecurrent2D"}
# Arrays and functions are no text.
UNTYPED = {"weights", "mask", "arguments", "output_shape", "input_tensor"}
# An alias is shown as the layer it is.
NAMES = [name for name in EXAMPLES if CATALOGUE[name].__name__ == name]
pytestmark = pytest.mark.filterwarnings("ignore:.*Keras 1:UserWarning")


def with_settings(name, **settings):
    state = example(name)
    return {**state, "settings": {**state["settings"], **settings}}


def runs(state):
    """Whether the layer itself takes the settings and inputs of the state."""
    shapes = input_of(state)
    try:
        layer = layer_of(state)
        several = isinstance(shapes, list)
        symbols = [Input(batch_shape=shape) for shape in (shapes if several else [shapes])]
        layer(symbols if several else symbols[0])
    except (IndexError, TypeError, ValueError) as error:
        return str(error)
    return True


# --- the examples ---


def test_every_layer_that_can_be_typed_has_an_example():
    assert set(EXAMPLES) == set(CATALOGUE) - NOT_TYPED
    for name, (call, _) in EXAMPLES.items():
        if not name.endswith(("Cell", "Cells")):
            assert call.startswith(f"{CATALOGUE[name].__name__}(")
        else:
            assert f"{name}(" in call or name == "ConvLSTM2DCell"
            assert "RNN(" in call or "ConvLSTM2D(" in call


def test_examples_are_small_and_work():
    for name in EXAMPLES:
        state = example(name)
        assert runs(state) is True
        assert all(shape[0] is None and None not in shape[1:] for shape in state["inputs"])
        assert not show(state)["notes"]


# --- controls ---


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_parameter_has_a_control_or_cannot_be_typed(name):
    cls = CATALOGUE[name]
    signature = parameters(cls)
    found = {control["name"]: control for control in controls(cls)}
    assert found.keys() | (UNTYPED & signature.keys()) == signature.keys()
    assert not found.keys() & UNTYPED
    hints = typing.get_type_hints(cls.__init__)
    for parameter, control in found.items():
        default = signature[parameter].default
        if default is signature[parameter].empty:
            assert control["default"] == ""
        else:
            assert parsed(control["default"]) == default
        hint = hints.get(parameter)  # a layer to be held has none
        options = [hint, *typing.get_args(hint)]
        literals = [o for o in options if typing.get_origin(o) is typing.Literal]
        if literals:
            allowed = {*typing.get_args(literals[0])}
            allowed |= {None} if type(None) in options else set()
            assert control["kind"] == "choice"
            assert {parsed(text) for text in control["choices"]} == allowed
        if bool in options:
            assert (control["kind"], control["choices"]) == ("bool", ["False", "True"])
        if hint is int:
            assert control["kind"] == "int"
        if control["choices"] and control["default"]:
            assert control["default"] in control["choices"]


NAMED = {
    "activation": "elu exponential hard_sigmoid linear relu selu sigmoid softmax softplus softsign "
    "tanh",
    "initializer": "constant glorot_normal glorot_uniform he_normal he_uniform identity "
    "lecun_normal lecun_uniform normal one ones orthogonal random_normal random_uniform "
    "truncated_normal uniform zero zeros",
    "regularizer": "l1 l2 l1_l2",
    "constraint": "max_norm maxnorm min_max_norm non_neg nonneg unit_norm unitnorm",
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_has_a_name_is_chosen_by_name(name):
    """All the names of Keras 2.2.5 and no others."""
    for control in controls(CATALOGUE[name]):
        kind = "initializer" if control["name"] == "init" else control["name"].split("_")[-1]
        if kind in NAMED:
            none = set() if kind == "initializer" else {None}
            assert control["kind"] == "choice"
            assert {parsed(text) for text in control["choices"]} == {*NAMED[kind].split()} | none
            if kind != "activation":
                assert control["more"]


@pytest.mark.parametrize("name", NAMES)
def test_what_changes_the_shape_is_in_sight(name):
    usual = show(example(name))["outputs"]
    for control in controls(CATALOGUE[example(name)["layer"]]):
        if control["more"] and control["name"] != "data_format":
            for choice in control["choices"]:
                shown = show(with_settings(name, **{control["name"]: choice}))
                assert shown.get("outputs", usual) == usual, f"{control['name']}={choice}"


@pytest.mark.parametrize("name", NAMES)
def test_every_choice_works_or_shows_a_way_out(name):
    state = example(name)
    for control in controls(CATALOGUE[state["layer"]]):
        for choice in control["choices"]:
            chosen = with_settings(name, **{control["name"]: choice})
            shown = show(chosen, "shape", control["name"])
            if "error" not in shown:
                assert shown["notes"] == []
                ElementTree.fromstring(shown["svg"])
                if len(control["choices"]) > 5:
                    continue
            assert runs(chosen) is True or "error" in shown
            assert ("error" in shown) == (runs(chosen) is not True)
            if "error" in shown:
                check_ways_out(chosen, shown)


def check_ways_out(state, shown):
    assert shown["fixes"]
    assert len({fix["part"] for fix in shown["fixes"]}) == len(shown["fixes"])
    for fix in shown["fixes"]:
        other = fix["state"]
        assert other != state
        assert runs(other) is True
        _, _, outputs = sketch(layer_of(other), input_of(other))
        assert show(other)["outputs"] == [list(shape) for shape in outputs]
        # One thing was changed, the one that the sentence names.
        parts = {
            key
            for key in state["settings"].keys() | other["settings"].keys()
            if state["settings"].get(key) != other["settings"].get(key)
        }
        parts |= {"input"} if state["inputs"] != other["inputs"] else set()
        assert parts == {fix["part"]}
        if fix["part"] in other["settings"]:
            assert fix["label"] == f"改成 {fix['part']}={other['settings'][fix['part']]}"


# --- ways out ---

BROKEN = [
    ("Conv2D", {"kernel_size": "7"}, "kernel_size", ["kernel_size=6", 'padding="same"']),
    ("Conv2D", {"kernel_size": "(9, 2)"}, "kernel_size", ["kernel_size=(6, 2)"]),
    ("Conv2D", {"dilation_rate": "3"}, "dilation_rate", ["dilation_rate=2", "kernel_size=2"]),
    ("Conv2D", {"filters": "0"}, "filters", ["filters=1"]),
    ("Conv2D", {"padding": '"causal"'}, "padding", ['padding="valid"']),
    ("Conv1D", {"data_format": '"channels_first"'}, "data_format", ['data_format="channels_last"']),
    ("Reshape", {"target_shape": "(3, 2)"}, "target_shape", ["target_shape=(2, 2)"]),
    ("Permute", {"dims": "(1, 3)"}, "dims", ["dims=(1, 2)"]),
    ("Cropping2D", {"cropping": "3"}, "cropping", ["cropping=2"]),
    ("UpSampling2D", {"size": "0"}, "size", ["size=1"]),
    ("LSTM", {"units": "-5"}, "units", ["units=1"]),
    ("LSTM", {"units": "2.5"}, "units", ["units=2"]),
    ("LSTM", {"stateful": "True"}, "stateful", ["stateful=False"]),
    ("Dropout", {"rate": '"x"'}, "rate", ["rate=0.5"]),
    ("TimeDistributed", {"layer": "Dense"}, "layer", ["layer=Dense(3)"]),
    ("RNN", {"cell": "3"}, "cell", ["cell=SimpleRNNCell(2)"]),
    ("Embedding", {"input_length": "7"}, "input_length", ["input_length=4"]),
    ("BatchNormalization", {"axis": "5"}, "axis", ["axis=1"]),
    ("ZeroPadding2D", {"padding": "(1, 2, 3)"}, "padding", ["padding=(1, 1)"]),
    ("Dense", {"unitz": "3"}, "", ["去掉 unitz"]),
]


@pytest.mark.parametrize(("name", "settings", "changed", "nearest"), BROKEN)
def test_the_nearest_ways_out_come_first(name, settings, changed, nearest):
    state = with_settings(name, **settings)
    own = runs(state)
    assert own is not True
    shown = show(state, "shape", changed)
    assert shown.keys() == {"error", "fixes"}
    check_ways_out(state, shown)
    labels = [fix["label"].removeprefix("改成 ") for fix in shown["fixes"]]
    assert labels[: len(nearest)] == nearest
    # What is shown is what the layer says, without its automatic name.
    told = shown["error"].split("：", 1)[1]
    assert own.endswith(told)
    assert "_1）" not in shown["error"]


BAD_INPUTS = [
    ("Conv2D", [[None, 2, 2, 1]]),
    ("Conv2D", [[None, 6, 6]]),
    ("Conv2D", [[]]),
    ("Conv2D", [[None]]),
    ("Conv2D", [[None, 0, 6, 1]]),
    ("Flatten", [[None, None, 3]]),
    ("LSTM", [[None, 4]]),
    ("LSTM", [[None, 4, None]]),
    ("Dense", [[None, None]]),
    ("Add", [[None, 3], [None, 4]]),
    ("Add", [[None, 3]]),
    ("Concatenate", [[None, 3], [None, 3, 2]]),
    ("Dot", [[None, 3], [None, 4]]),
    ("LocallyConnected1D", [[None, None, 2]]),
    ("Reshape", [[None, 5]]),
    ("Permute", [[None, 5]]),
]


@pytest.mark.parametrize(("name", "inputs"), BAD_INPUTS)
def test_other_inputs_are_a_way_out(name, inputs):
    state = {**example(name), "inputs": inputs}
    assert runs(state) is not True
    shown = show(state, "shape", "input")
    check_ways_out(state, shown)
    parts = {fix["part"] for fix in shown["fixes"]}
    # Before the input grows by several cells, the window shrinks by one.
    assert "input" in parts or (name, parts) == ("Conv2D", {"kernel_size", "padding"})


def test_fixes_are_found_soon():
    """At most two, and few settings are tried, since every one is a layer built."""
    state = with_settings("Conv2D", kernel_size="7", strides="0", dilation_rate="(9, 9)")
    assert len(fixes(state)) <= 2


# --- bounds ---


@pytest.mark.parametrize("name", NAMES)
def test_bounds_are_exact(name):
    state = example(name)
    kinds = {c["name"]: c for c in controls(CATALOGUE[state["layer"]]) if c["kind"] == "int"}
    found = ranges(state)
    assert found.keys() == kinds.keys()
    for parameter, (least, most) in found.items():
        current = int(state["settings"].get(parameter, kinds[parameter]["default"]))

        def legal(n, parameter=parameter):
            return runs(with_settings(name, **{parameter: str(n)})) is True

        low = current - 8 if least is None else least
        high = current + 8 if most is None else most
        assert all(legal(n) for n in range(low, high + 1))
        assert least is None or not legal(least - 1)
        assert most is None or not legal(most + 1)


def test_bounds_that_are_known():
    assert ranges(with_settings("Dense", units="3")) == {"units": [1, None]}
    assert ranges(with_settings("Dense", units="20")) == {"units": [None, None]}
    assert ranges({**example("BatchNormalization"), "inputs": [[None, 4, 3]]})["axis"][0] == -2
    assert ranges(with_settings("Dense", units="many")) == {}


# --- code ---


def anonymous(config):
    """A config without automatic names, its own and those of layers and functions inside."""
    if isinstance(config, dict):
        return {k: anonymous(v) for k, v in config.items() if k not in ("name", "function")}
    if isinstance(config, list | tuple):
        return [anonymous(v) for v in config]
    return config


CHANGED = [
    with_settings("Conv2D", padding='"same"', strides="(2, 1)", activation='"relu"'),
    with_settings("LSTM", return_state="True"),
    {**with_settings("LSTM", stateful="True"), "inputs": [[2, 4, 2]]},
    {**with_settings("LSTM"), "inputs": [[None, None, 2]]},
    with_settings("Bidirectional", merge_mode="None"),
    with_settings("Dense", kernel_initializer='"ones"', kernel_regularizer='"l2"'),
    with_settings("PReLU", shared_axes="[1]"),
    with_settings("Reshape", target_shape="(-1, 1)"),
]


@pytest.mark.parametrize("state", [*map(example, NAMES), *CHANGED], ids=lambda s: s["layer"])
def test_the_code_builds_what_the_picture_shows(state):
    shown = show(state)
    names: dict = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(shown["code"], names)  # noqa: S102
    layer = layer_of(state)
    assert type(names["layer"]) is type(layer)
    assert anonymous(names["layer"].get_config()) == anonymous(layer.get_config())
    y = names["y"] if isinstance(names["y"], list) else [names["y"]]
    assert [list(part.shape) for part in y] == shown["outputs"]
    shapes = [tuple(shape) for shape in shown["outputs"]]
    first = str(shapes[0]) if len(shapes) == 1 else str(shapes)
    assert printed.getvalue() == f"{first} {names['layer'].count_params()}\n"
    for line in shown["code"].splitlines():
        assert line.isprintable()


def test_the_code_says_only_what_is_not_usual():
    state = with_settings("Conv2D", padding='"valid"', use_bias="True", strides="(1, 1)")
    assert "layer = Conv2D(filters=2, kernel_size=3)" in code_of(state)
    assert "padding" not in code_of(state)


def test_a_call_is_read_as_python_reads_it():
    state = state_of("Conv2D(8, (3, 3), padding='same')", (None, 28, 28, 1))
    assert state == {
        "layer": "Conv2D",
        "settings": {"filters": "8", "kernel_size": "(3, 3)", "padding": '"same"'},
        "inputs": [[None, 28, 28, 1]],
        "training": False,
        "masked": [],
    }
    for call in ("Conv2D", "3", "Conv2D(8)(x)", "keras.Conv2D(8)"):
        with pytest.raises(ValueError, match="可以改成"):
            state_of(call, (None, 3))
    for bad in ("os.system('x')", "Dense(", "import os"):
        with pytest.raises((ValueError, SyntaxError)):
            state_of(bad, (None, 3))


# --- texts are parsed, never run ---

HOSTILE = [
    "__import__('os').system('touch {marker}')",
    "open('{marker}', 'w')",
    "exec(\"open('{marker}', 'w')\")",
    "[open('{marker}', 'w') for _ in (1,)]",
    "(lambda: open('{marker}', 'w'))()",
    "Dense(open('{marker}', 'w'))",
    "Dense.__init__",
    "().__class__",
    "Dense.__class__.__base__.__subclasses__()",
    "lambda: 3",
    "lambda x: x",
    "9**9**9",
    "2**10**9",
    "'a' * 10**10",
    "(0,) * 10**10",
    "f'{{open}}'",
    "print(3)",
    "Dense",
    "units",
    "x := 3",
    "1 if 1 else 2",
    "3; 4",
    "3\n4",
    "import os",
    "*[3]",
    "**{{}}",
    "Dense(2, *[3])",
    "Dense(2, **{{'name': 'a'}})",
    "Lambda(lambda x: x)",
    "layers.Dense(2)",
    "Dense(2).__class__",
    "deserialize({{'class_name': 'Lambda', 'config': {{}}}})",
    "get('x')",
    "Model()",
    "",
    " ",
    "\0",
    "3\0",
    "'",
    "(",
    "…",
    "９",
    "9" * 5000,
    "(" * 150 + ")" * 150,
    "(" * 5000 + ")" * 5000,
    "[" * 5000,
    "(" * 250,
    f"{'[' * 41}1{']' * 41}",
    "\ud800",
    "-" * 5000 + "3",
    "~" * 290 + "3",
    "+".join("1" * 2000),
    "Dense(" * 40 + "2" + ")" * 40,
    "{{1: 2}}",
    "1e400",
    "-1e400",
    "1j",
    "None",
    "...",
    "b'3'",
    "99999999999999999999999999",
]


@pytest.mark.parametrize("changed", ["", "units"])
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:30]))
def test_texts_are_never_run(text, changed, tmp_path, monkeypatch):
    def forbidden(*_):
        raise AssertionError("a text was run")

    marker = tmp_path / "ran"
    text = text.format(marker=marker)
    state = with_settings("Dense", units=text)
    controls(Dense)  # labkit's own annotations are evaluated once
    monkeypatch.setattr("builtins.eval", forbidden)
    monkeypatch.setattr("builtins.exec", forbidden)
    monkeypatch.setattr("os.system", forbidden)
    for view in ("shape", "steps"):
        shown = show(state, view, changed)
        assert shown["error"]
        assert len(shown["error"]) < 1000
        assert re.search("[\u4e00-\u9fff]", shown["error"])
        assert "AssertionError" not in shown["error"]
        assert [fix for fix in shown["fixes"] if fix["part"] == "units"]
    assert not ranges(state) or text.strip("-9") == ""
    monkeypatch.undo()
    assert not marker.exists()


@pytest.mark.parametrize(
    "text", ["{'class_name': 'Lambda', 'config': {}}", "Lambda(3)", "3", "'Dense'", "[Dense(2)]"]
)
def test_only_a_layer_is_a_layer(text):
    for name, parameter in (("TimeDistributed", "layer"), ("Bidirectional", "layer")):
        shown = show(with_settings(name, **{parameter: text}))
        assert shown["error"]
        check_ways_out(with_settings(name, **{parameter: text}), shown)


def test_the_error_of_a_layer_inside_is_its_own():
    shown = show(with_settings("TimeDistributed", layer="Dense(0)"))
    assert "units=0" in shown["error"]
    shown = show(with_settings("Bidirectional", layer="LSTM(2, unitz=3)"))
    assert "unitz" in shown["error"]


@pytest.mark.parametrize("name", ["Dense", "Embedding", "Add"])
def test_an_input_of_absurd_length_is_an_error_like_any_other(name):
    for shape in ([None, *[2] * 2500], [None, *[2**53 - 1] * 9], [None, 1e30]):
        shown = show({**example(name), "inputs": [shape]})
        assert re.search("[\u4e00-\u9fff]", shown.get("error", "有图"))
    shown = show({**example("Dense"), "inputs": [[None, *[2] * 2500]]})
    assert "OverflowError" in shown["error"]


@pytest.mark.parametrize("name", ["os", "", "serialize", "Input", "InputSpec", "__doc__", "add"])
def test_a_name_that_is_no_layer_is_refused(name):
    shown = show({**example("Dense"), "layer": name})
    assert "labkit.layers" in shown["error"]
    assert shown["fixes"] == []


def test_texts_that_are_read():
    assert parsed("(3, 5)") == (3, 5)
    assert parsed(" 'same' ") == "same"
    assert parsed("-1") == -1
    assert parsed("[1, None, True]") == [1, None, True]
    layer = parsed("Bidirectional(LSTM(3, return_sequences=True), merge_mode='sum')")
    assert isinstance(layer, Bidirectional)
    assert isinstance(layer.forward_layer, LSTM)
    assert (layer.forward_layer.units, layer.merge_mode) == (3, "sum")
    assert isinstance(parsed("[Dense(2), 3]")[0], Dense)


# --- what is shown ---


def check_plain(shown):
    """JSON that JavaScript reads, of a size that a page can hold."""
    text = json.dumps(shown, ensure_ascii=False, allow_nan=False)
    assert json.loads(text) == shown
    assert len(text.encode()) < 200_000


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_every_view_of_every_layer(name, training):
    state = {**example(name), "training": training}
    layer = layer_of(state)
    for view in views_of(layer):
        shown = show(state, view)
        check_plain(shown)
        assert shown["view"] == view
        assert shown["views"] == views_of(layer)
        picture = ElementTree.fromstring(shown["svg"])
        assert picture.get("viewBox")
        assert not [note for note in shown["notes"] if "收到" in note]
        assert len(shown["cost"]) == 3
        if view in ("dependency", "steps"):
            check_cells(picture, shown["data"], view)
    assert show(state, "no such view")["view"] == views_of(layer)[0]


def test_a_new_view_is_a_row_of_the_table(monkeypatch):
    drawn = {"svg": "", "notes": []}
    view = View("额外", lambda layer: type(layer) is Dense, lambda subject: drawn)
    monkeypatch.setitem(VIEWS, "extra", view)
    shown = show(example("Dense"), "extra")
    assert shown["view"] == shown["views"][-1] == "extra"
    assert shown["svg"] == ""
    assert "extra" not in show(example("LSTM"))["views"]
    assert json.loads(answer('{"action": "start", "layer": "Dense"}'))["titles"]["extra"] == "额外"
    page = reference.shape("Dense(2)", "input: (None, 4)")
    assert '<figure data-view="extra"><figcaption>额外图。</figcaption>' in page
    monkeypatch.setitem(VIEWS, "extra", view._replace(still=False))
    assert 'data-view="extra"' not in reference.shape("Dense(2)", "input: (None, 4)")


@pytest.mark.parametrize("name", ["Dense", "Conv2D", "LSTM", "Bidirectional", "Add"])
def test_a_layer_is_sketched_once(name, monkeypatch):
    """For all views of a panel; for all pictures of a page together."""
    made = []

    def counted(*given):
        made.append(given)
        return sketch(*given)

    connectivity_view()  # of layers of its own, drawn once for all
    for module in (copies, views):
        monkeypatch.setattr(module, "sketch", counted)
    panel.kept.cache_clear()
    for view in views_of(layer_of(example(name))):
        show(example(name), view)
        assert len(made) == 1
    made.clear()
    reference.shape(EXAMPLES[name][0], f"input: {input_of(example(name))}")
    assert len(made) == 1


def check_cells(picture, data, view):
    """Every number in the data is a cell of the picture, and every cell is in the data."""
    drawn = [e.get("data-cell") for e in picture.iter() if e.get("data-cell")]
    assert len(drawn) == len(set(drawn))
    counts = {
        letter: sum(math.prod(shape) for _, shape in data[key])
        for letter, key in (("x", "inputs"), ("w", "weights"), ("y", "outputs"))
    }
    assert set(drawn) == {f"{letter}{i}" for letter, n in counts.items() for i in range(n)}
    assert len(data["links"]) == len(data["uses"]) == len(data["weak"]) == counts["y"]
    states = {
        e.get("data-cell") or e.get("data-outside"): e.get("data-state")
        for e in picture.iter()
        if e.get("data-state")
    }
    first = data["first"]
    weak = set(data["weak"][first])
    expected = {f"x{i}": "weak" if i in weak else "used" for i in data["links"][first]}
    expected |= {f"w{w}": "used" for w in data["uses"][first]}
    if data["windows"] and data["windows"]["motion"] == "slide":
        met = data["windows"]["weights"][first]
        expected = {f"w{w}": "zero" for w in met if w >= 0} | expected
        expected |= {f"z{n}": "zero" for n in data["windows"]["cells"][first]}
    assert states == expected | {f"y{first}": "chosen"}
    if view == "steps":
        assert len(data["x"]) == counts["x"]
        assert len(data["W"]) == counts["w"]
        assert len(data["y"]) == len(data["dy"]) == counts["y"]


def rebuilt(lists, columns):
    found = np.zeros((len(lists), columns), bool)
    for row, numbers in zip(found, lists, strict=True):
        row[numbers] = True
    return found


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_the_data_are_those_of_the_layer(name, training):
    state = {**example(name), "training": training}
    about = dependencies(layer_of(state), input_of(state), training)
    walk = steps(layer_of(state), input_of(state), training)
    shown = show(state, "steps")
    data = shown["data"]
    for key in ("inputs", "outputs", "weights"):
        assert data[key] == [[label, list(shape)] for label, shape in getattr(about, key)]
    links, uses = about.links, walk.about.uses
    np.testing.assert_array_equal(rebuilt(data["links"], links.shape[1]), links)
    weak = rebuilt(data["weak"], links.shape[1])
    np.testing.assert_array_equal(weak, links & ~about.gradient)
    np.testing.assert_array_equal(rebuilt(data["uses"], uses.shape[1]), uses)
    if about.products is None:
        assert data["products"] is None
    else:
        met = [row[row >= 0].tolist() for row in about.products]
        assert data["products"] == met
        assert [len(row) for row in met] == [len(row) for row in data["links"]]
    letters = [letter_of(group) for group in about.groups] if about.weights else []
    assert data["letters"] == letters
    assert shown["notes"] == about.notes
    assert (data["kind"], data["activation"]) == (walk.kind, walk.activation)
    for key in ("x", "W", "y", "dy"):
        np.testing.assert_allclose(data[key], getattr(walk, key), atol=1e-6)
    slopes, weight_slopes = np.zeros(links.shape), np.zeros(uses.shape)
    slopes[links] = np.concatenate([np.zeros(0), *map(np.array, data["slopes"])])
    weight_slopes[uses] = np.concatenate([np.zeros(0), *map(np.array, data["weightSlopes"])])
    # dx and dW, as the page adds them up.
    np.testing.assert_allclose(np.array(data["dy"]) @ slopes, walk.dx, atol=1e-4)
    np.testing.assert_allclose(np.array(data["dy"]) @ weight_slopes, walk.dW, atol=1e-4)
    if walk.sums is None:
        assert data["sums"] is None
    else:
        np.testing.assert_allclose(data["sums"], walk.sums, atol=1e-6)


def test_the_panel_is_asked_in_json():
    for name in NAMES:
        begun = json.loads(answer(json.dumps({"action": "start", "layer": name})))
        assert begun["state"] == example(name)
        request = {"state": begun["state"], "view": "dependency", "changed": "", "wide": False}
        shown = json.loads(answer(json.dumps({"action": "show", **request})))
        assert shown == show(example(name), "dependency")
        bounds = json.loads(answer(json.dumps({"action": "ranges", **request})))
        assert bounds == ranges(example(name))


def test_a_mask_is_drawn_in_the_recurrent_view():
    state = {**example("LSTM"), "masked": [1, 2]}
    assert show(state, "recurrent")["svg"] == recurrent_view(
        LSTM(2, return_sequences=True), (None, 4, 2), (1, 2)
    )
    assert "0 到步数减 1" in show({**state, "masked": [4]}, "recurrent")["notes"][0]


def test_what_differs_in_training_says_so():
    apart = {name for name in NAMES if show(example(name))["phases"]}
    assert apart == {
        "Dropout",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
        "GaussianNoise",
        "GaussianDropout",
        "AlphaDropout",
        "BatchNormalization",
    }
    assert show(with_settings("LSTM", dropout="0.5"))["phases"]
    assert show(with_settings("TimeDistributed", layer="Dropout(0.5)"))["phases"]


# --- what did not change is kept, and nothing else ---


def test_another_view_of_a_state_asks_the_layer_nothing_anew(monkeypatch):
    panel.kept.cache_clear()
    first = show(example("LSTM"), "dependency")
    monkeypatch.setattr(views, "traced", None)
    assert show(example("LSTM"), "steps")["data"]["links"] == first["data"]["links"]
    assert show(example("LSTM"), "steps") == show(example("LSTM"), "steps")


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {**state, "training": True},
        lambda state: {**state, "inputs": [[None, 5]]},
        lambda state: {**state, "settings": {"units": "2"}},
        lambda state: {**state, "settings": {**state["settings"], "use_bias": "False"}},
    ],
)
def test_a_state_that_was_just_drawn_is_not_shown_for_another(change):
    old, new = example("Dense"), change(example("Dense"))
    panel.kept.cache_clear()
    fresh = {view: show(new, view) for view in ("shape", "dependency", "steps")}
    panel.kept.cache_clear()
    for view in ("steps", "shape", "dependency"):
        show(old, view)
        assert show(new, view) == fresh[view]


def test_settings_of_labkit_as_a_whole_count_too():
    state = state_of("Conv2D(2, 2)", (None, 3, 4, 4))
    last = show(state)["outputs"]
    K.set_image_data_format("channels_first")
    try:
        assert show(state)["outputs"] != last
    finally:
        K.set_image_data_format("channels_last")


# --- whatever is typed ---

VALUES = [
    "1000000000",
    "1e400",
    "-1e400",
    "inf",
    "(1e400, 2)",
    "99999999999999999999999999",
    "(" + "9," * 140 + ")",
    "'" + "a" * 280 + "'",
    "[[1, 2], [3]]",
    "{1: 2}",
    "-5",
    "None",
]


@pytest.mark.parametrize(
    "name", ["Dense", "Conv2D", "LSTM", "Bidirectional", "Dropout", "Embedding"]
)
def test_any_value_of_any_parameter_is_answered_in_short_chinese(name):
    for control in controls(getattr(layers, name)):
        for value in VALUES:
            settings = {**example(name)["settings"], control["name"]: value}
            shown = show({**example(name), "settings": settings}, "shape", control["name"])
            said = shown.get("error") or "".join(shown["notes"])
            assert len(said) < 800, (control["name"], value)
            if "error" in shown:
                assert re.search("[\u4e00-\u9fff]", said) and "规则" in said, (control, value, said)


@pytest.mark.parametrize(
    "name", ["SimpleRNN", "GRU", "LSTM", "CuDNNGRU", "CuDNNLSTM", "ConvLSTM2D"]
)
def test_an_error_is_headed_by_the_layer_that_the_reader_set(name):
    first = "filters" if name == "ConvLSTM2D" else "units"
    for settings in ({first: "0"}, {"bias_initializer": "None"}, {"activity_regularizer": "3"}):
        state = {**example(name), "settings": {**example(name)["settings"], **settings}}
        assert "Cell" not in show(state).get("error", "")
    wrong = {**example(name), "settings": {**example(name)["settings"], first: "0"}}
    assert show(wrong)["error"].startswith(f"{name}：")


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        ("Dropout(2)", (None, 4)),
        ("SpatialDropout1D(-1)", (None, 4, 2)),
        ("GaussianDropout(1.5)", (None, 4)),
        ("LSTM(2, recurrent_dropout=3)", (None, 4, 2)),
    ],
)
def test_a_share_beyond_0_and_1_is_drawn_with_a_word(call, shape):
    for view in ("shape", "dependency"):
        [note] = [n for n in show(state_of(call, shape), view)["notes"] if "0 到 1" in n]
        assert note.startswith(call.split("(")[0] + "：")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_code_of_a_lambda_runs(function, capsys):
    state = {**example("Lambda"), "settings": {"function": function}}
    shown = show(state, "steps")
    exec(shown["code"], {})
    assert capsys.readouterr().out.startswith(str(tuple(shown["outputs"][0])))
    # What is shown is what the function makes of the numbers.
    x, y = np.array([shown["data"]["x"]]), shown["data"]["y"]
    np.testing.assert_allclose(K.eval(eval(function, {"K": K})(K.constant(x)))[0], y, atol=1e-5)


def test_only_the_functions_of_the_table_are_taken():
    state = {**example("Lambda"), "settings": {"function": "lambda x: open('x')"}}
    assert "参数的写法" in show(state)["error"]
