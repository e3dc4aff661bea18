"""The layers and the training loop against real Keras 2.2.5."""

import builtins
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from labkit import backend as K
from labkit import layers, optimizers
from labkit.models import Model, Sequential

GOLDEN = Path(__file__).parent / "golden"
CASES = json.loads((GOLDEN / "index.json").read_text())["cases"]
OUTPUT = {"rtol": 1e-4, "atol": 1e-5}
GRADIENT = {"rtol": 1e-3, "atol": 1e-4}


def cases(*kinds):
    """Parametrize by the golden cases of these kinds that are about layers; there must be some."""
    chosen = [case for case in CASES if case["kind"] in kinds]
    assert chosen
    return pytest.mark.parametrize("case", chosen, ids=lambda case: case["id"])


def arrays(case):
    with np.load(GOLDEN / case["file"]) as stored:
        return {name: stored[f"{case['id']}/{name}"] for name in case["arrays"]}


def numbered(data, prefix):
    """data['w0'], data['w1'], ... as a list."""
    found = []
    while f"{prefix}{len(found)}" in data:
        found.append(data[f"{prefix}{len(found)}"])
    return found


def tuples(value):
    """JSON's lists stand for tuples."""
    if isinstance(value, list):
        return tuple(tuples(v) for v in value)
    return {k: tuples(v) for k, v in value.items()} if isinstance(value, dict) else value


def as_list(value):
    return value if isinstance(value, list) else [value]


def nested(value):
    """A layer or cell written as {class_name, config}, or several of them."""
    if isinstance(value, tuple | list):
        return [nested(v) for v in value]
    config = {k: nested(v) if k in NESTED else v for k, v in value["config"].items()}
    return getattr(layers, value["class_name"])(**config)


NESTED = ("layer", "cell", "cells")


def make(case):
    config = tuples(case["config"])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(Highway|MaxoutDense) 是 Keras 1 的层")
        return getattr(layers, case["layer"])(
            **{k: nested(v) if k in NESTED and v else v for k, v in config.items()}
        )


def call(case, layer, xs, wrap=K.variable):
    """Call as the case says, after its prelude: the inputs as they came in, the outputs."""
    inputs, kwargs = [wrap(x) for x in xs], {}
    ready, everywhere = list(inputs), case.get("prelude_all") or []
    for prelude in (case.get("prelude") or []) + everywhere:
        for i in range(len(ready) if everywhere else 1):
            ready[i] = layers.deserialize(prelude)(ready[i])
    if case.get("call") == "initial_state":
        kwargs["initial_state"] = ready[1:]
        ready = ready[:1]
    y = layer(ready if len(ready) > 1 else ready[0], **kwargs)
    return inputs, as_list(y)


def check_gradients(data, prefix, layer, tensors, ys):
    loss = sum(K.sum(y * c) for y, c in zip(ys, numbered(data, "c"), strict=True))
    gradients = K.gradients(loss, [*tensors, *layer.weights])
    names = [f"{prefix}gx{i}" for i in range(len(tensors))] + [
        f"{prefix}gw{i}" for i in range(len(layer.weights))
    ]
    checked = 0
    for name, gradient in zip(names, gradients, strict=True):
        if name not in data:
            continue
        np.testing.assert_allclose(K.eval(gradient), data[name], err_msg=name, **GRADIENT)
        checked += 1
    assert checked == sum(name.startswith((f"{prefix}gx", f"{prefix}gw")) for name in data)


@cases("layer")
def test_layer(case):
    data = arrays(case)
    layer = make(case)
    xs = numbered(data, "x")
    call(case, layer, xs)
    assert [(w.shape, any(w is t for t in layer.trainable_weights)) for w in layer.weights] == [
        (tuple(w["shape"]), w["trainable"]) for w in case["weights"]
    ]
    names = [w.name.split("/")[-1] for w in layer.weights]
    assert names == [w["name"].split("/")[-1] for w in case["weights"]]
    for i, w in enumerate(layer.get_weights()):
        if f"init_w{i}" in data:
            np.testing.assert_allclose(w, data[f"init_w{i}"], **OUTPUT)
    assert layer.count_params() == case["count_params"]

    layer.set_weights(numbered(data, "w"))
    tensors, ys = call(case, layer, xs)
    assert len(ys) == case["num_outputs"]
    for y, expected in zip(ys, numbered(data, "y"), strict=True):
        np.testing.assert_allclose(K.eval(y), expected, **OUTPUT)
    for i, y in enumerate(ys):
        if f"mask{i}" in data:
            np.testing.assert_array_equal(y._keras_mask, data[f"mask{i}"])
    if "loss" in data:
        np.testing.assert_allclose(K.eval(sum(layer.losses)), data["loss"], **OUTPUT)
    check_gradients(data, "", layer, tensors, ys)


@cases("layer")
def test_untaped_layer_gives_the_same_numbers(case):
    data = arrays(case)
    layer = make(case)
    xs = numbered(data, "x")
    call(case, layer, xs, wrap=np.asarray)
    layer.set_weights(numbered(data, "w"))
    _, ys = call(case, layer, xs, wrap=np.asarray)
    for y, expected in zip(ys, numbered(data, "y"), strict=True):
        assert isinstance(y, np.ndarray)
        np.testing.assert_allclose(y, expected, **OUTPUT)


@cases("layer")
def test_shapes_and_config(case):
    layer = make(case)
    for given, expected in case["output_shapes"]:
        several = isinstance(given[0], list)
        shape = [tuple(s) for s in given] if several else tuple(given)
        found = layer.compute_output_shape(shape)
        assert tuples(found) == tuples(expected)

    check_config(layer.get_config(), case["get_config"])
    again = make({**case, "config": layer.get_config()})
    check_config(again.get_config(), layer.get_config())


def check_config(config, expected):
    """Equal up to names, the rounding of float32, and lists for tuples."""
    if isinstance(expected, dict):
        assert config.keys() == expected.keys()
        for key in expected.keys() - {"name"}:
            check_config(config[key], expected[key])
    elif isinstance(expected, list | tuple) and any(isinstance(v, dict) for v in expected):
        for part, wanted in zip(config, expected, strict=True):
            check_config(part, wanted)
    else:
        same = pytest.approx(expected, rel=1e-6) if isinstance(expected, float) else expected
        assert tuples(config) == tuples(same)


@cases("layer")
def test_symbolic_shapes_are_the_real_ones(case):
    data = arrays(case)
    layer = make(case)
    xs, ys = numbered(data, "x"), numbered(data, "y")
    inputs, outputs = call(
        case, layer, xs, wrap=lambda x: layers.Input(batch_shape=(None, *x.shape[1:]))
    )
    for symbol, y in zip(outputs, ys, strict=True):
        assert len(symbol.shape) == y.ndim
        assert all(n in {None, m} for n, m in zip(symbol.shape, y.shape, strict=True))
    layer.set_weights(numbered(data, "w"))
    for y, expected in zip(as_list(Model(inputs, outputs).predict(xs)), ys, strict=True):
        np.testing.assert_allclose(y, expected, **OUTPUT)


TRAINED = [case for case in CASES if case.get("train")]


@pytest.mark.parametrize("case", TRAINED, ids=lambda case: case["id"])
def test_batch_normalization_in_training(case):
    data = arrays(case)
    layer = make(case)
    x = K.variable(data["x0"])
    layer(x)
    before = numbered(data, "w")
    layer.set_weights(before)
    y = layer(x, training=True)
    np.testing.assert_allclose(K.eval(y), data["train_y0"], **OUTPUT)
    check_gradients(data, "train_", layer, [x], [y])

    # Keras' TensorFlow backend removes the zero bias of its averages: after one update it stores
    # the batch's own statistics. A learner gets the documented average, so the expected value
    # follows from both.
    momentum = layer.momentum
    fused = data["x0"].ndim == 4 and layer.axis in {-1, 3}
    n = data["x0"].size // before[0].size if before else 1
    for i, weight in enumerate(layer.weights):
        if weight not in layer.non_trainable_weights:
            continue
        statistic = data[f"train_w{i}"]
        if fused and weight is layer.moving_variance:
            statistic = (
                statistic * (n - 1) / n
            )  # its fused kernel corrects for the sample size a second time
        expected = before[i] * momentum + statistic * (1 - momentum)
        np.testing.assert_allclose(K.eval(weight), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("case", TRAINED, ids=lambda case: case["id"])
def test_moving_averages_in_keras_manner(case, keras_manner):
    data = arrays(case)
    layer = make(case)
    layer(data["x0"])
    layer.set_weights(numbered(data, "w"))
    for x, after in (("x0", "train_w"), ("train2_x0", "train2_w")):
        layer(K.variable(data[x]), training=True)
        for weight, expected in zip(layer.get_weights(), numbered(data, after), strict=True):
            np.testing.assert_allclose(weight, expected, rtol=1e-4, atol=1e-5)


@cases("stateful")
def test_stateful(case):
    data = arrays(case)
    layer = make(case)
    layer(data["x0_call0"])
    layer.reset_states()
    layer.set_weights(numbered(data, "w"))
    for k in range(case["stateful_calls"]):
        if k in case["reset_before"]:
            layer.reset_states()
        for i, y in enumerate(as_list(layer(data[f"x0_call{k}"]))):
            np.testing.assert_allclose(y, data[f"y{i}_call{k}"], **OUTPUT)


@cases("cell")
def test_cell(case):
    data = arrays(case)
    cell = make(case)
    assert tuples(cell.state_size) == tuples(case["state_size"])
    check_config(cell.get_config(), case["get_config"])
    x, *states = [K.variable(x) for x in numbered(data, "x")]
    cell.build(x.shape)
    cell.built = True
    cell.set_weights(numbered(data, "w"))
    y, new = cell.call(x, states)
    ys = [y, *new]
    for found, expected in zip(ys, numbered(data, "y"), strict=True):
        np.testing.assert_allclose(K.eval(found), expected, **OUTPUT)
    check_gradients(data, "", cell, [x, *states], ys)


@cases("graph")
def test_graph(case):
    """Shared layers, several inputs and outputs, masks and states along a functional graph."""
    data = arrays(case)
    xs = numbered(data, "x")
    whole = [x.dtype.kind in "iu" for x in xs]
    ins = [layers.Input(batch_shape=(None, *x.shape[1:])) for x in xs]
    made, tensors = {}, {f"{name}:0": x for name, x in zip(case["input_names"], ins, strict=True)}

    def at(name):
        return tensors[name if ":" in name else f"{name}:0"]

    for node in case["nodes"]:
        layer = made.get(node.get("shared")) or nested(tuples(node["layer"]))
        made.setdefault(node["name"], layer)
        arriving = [at(name) for name in node["inbound"]]
        settings = {}
        if "initial_state" in node:
            settings["initial_state"] = [at(name) for name in node["initial_state"]]
        ys = layer(arriving if len(arriving) > 1 else arriving[0], **settings)
        tensors |= {f"{node['name']}:{i}": y for i, y in enumerate(as_list(ys))}
    model = Model(ins, [at(name) for name in case["output_names"]])
    assert model.count_params() == case["count_params"]
    for name, places in case["layer_weights"].items():
        made[name].set_weights([data[f"w{i}"] for i in places])

    for y, expected in zip(as_list(model.predict(xs)), numbered(data, "y"), strict=True):
        np.testing.assert_allclose(y, expected, **OUTPUT)
    values = [K.variable(x) for x in xs]
    ys = as_list(model(values if len(values) > 1 else values[0]))
    loss = sum(K.sum(y * c) for y, c in zip(ys, numbered(data, "c"), strict=True))
    weights = {
        f"gw{i}": w
        for name, places in case["layer_weights"].items()
        for i, w in zip(places, made[name].weights, strict=True)
    }
    wanted = weights | {f"gx{i}": x for i, x in enumerate(values) if not whole[i]}
    for name, gradient in zip(wanted, K.gradients(loss, list(wanted.values())), strict=True):
        np.testing.assert_allclose(K.eval(gradient), data[name], err_msg=name, **GRADIENT)


@cases("stochastic")
def test_noise_statistics(case):
    np.random.seed(0)
    layer, ones = make(case), np.ones(case["shape"], "float32")
    np.testing.assert_array_equal(layer(ones), ones)
    y, stats = layer(ones, training=True), case["stats"]
    if stats["distinct"] is not None:
        np.testing.assert_allclose(np.unique(y), stats["distinct"], rtol=1e-4)
        assert (y == y.min()).mean() == pytest.approx(stats["frac_min"], abs=0.03)
    assert y.mean() == pytest.approx(stats["mean"], abs=0.05)
    assert y.std() == pytest.approx(stats["std"], rel=0.05, abs=1e-6)


@cases("error")
def test_error(case):
    # TensorFlow's own error at run time stands for any complaint about values.
    name = case["raises"].replace("InvalidArgumentError", "ValueError")
    expected = getattr(builtins, name)
    if case["stage"] == "construct":
        with pytest.raises(expected, match="规则"):
            make(case)
        return
    layer = make(case)
    symbols = [layers.Input(batch_shape=(None, *i["shape"][1:])) for i in case["inputs"]]
    before = layer.get_weights()
    with pytest.raises(expected, match="[一-龥]"):
        layer(symbols if len(symbols) != 1 else symbols[0])
    assert not layer.built and layer.get_weights() == before and not layer._inbound_nodes


@cases("train")
def test_training(case):
    data = arrays(case)
    model = Sequential(
        [
            getattr(layers, d["class_name"]).from_config(tuples(d["config"]))
            for d in case["model_layers"]
        ]
    )
    model.set_weights(numbered(data, "w"))
    name, settings = case["optimizer"]
    model.compile(getattr(optimizers, name)(**settings), case["loss"], metrics=case["metrics"])
    assert model.metrics_names == case["metrics_names"]
    x, y = data["x0"], data["target"]
    fit = dict(case["fit"])
    if fit.pop("sample_weight", None):
        fit["sample_weight"] = data["sample_weight"]
    if "class_weight" in fit:
        fit["class_weight"] = {int(k): v for k, v in fit["class_weight"].items()}
    # BatchNormalization starts here from random moving variances, negative ones among them, so
    # predictions before training mean nothing; its moving averages differ by rule (see above), so
    # predictions after it differ too.
    averages = any(d["class_name"] == "BatchNormalization" for d in case["model_layers"])
    if not averages:
        np.testing.assert_allclose(model.predict(x), data["predict_before"], **OUTPUT)
        evaluated = np.atleast_1d(model.evaluate(x, y, verbose=0))
        np.testing.assert_allclose(evaluated, data["evaluate_before"], **OUTPUT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = model.fit(
            x,
            y,
            shuffle=False,
            verbose=0,
            epochs=case["epochs"],
            batch_size=case["batch_size"],
            **fit,
        )
    assert history.history.keys() == case["history"].keys()
    for key, values in case["history"].items():
        if not (averages and key.startswith("val_")):
            np.testing.assert_allclose(
                history.history[key], values, rtol=1e-3, atol=1e-4, err_msg=key
            )
    # A bias before BatchNormalization has no effect: its gradient is rounding noise, which Adam
    # and its kin scale up to full steps. Every other weight must agree.
    ordered = [weight for layer in model.layers for weight in layer.weights]
    noise = {id(layer.bias) for layer in model.layers if averages and type(layer) is layers.Conv2D}
    for found, expected, weight in zip(
        model.get_weights(), numbered(data, "final_w"), ordered, strict=True
    ):
        if "moving" not in weight.name and id(weight) not in noise:
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4, err_msg=weight.name)
    if not averages:
        np.testing.assert_allclose(model.predict(x), data["predict_after"], rtol=1e-3, atol=1e-4)
