"""activations, initializers, regularizers, constraints, losses, metrics, optimizers."""

import json
from pathlib import Path

import numpy as np
import pytest

import labkit.activations
import labkit.constraints
import labkit.initializers
import labkit.losses
import labkit.metrics
import labkit.optimizers
import labkit.regularizers
from labkit import backend as K
from labkit.utils import (
    custom_object_scope,
    deserialize_keras_object,
    normalize,
    to_categorical,
)

GOLDEN = Path(__file__).parent / "golden"
CASES = json.loads((GOLDEN / "index.json").read_text())["cases"]
MODULES = {
    name: getattr(labkit, name)
    for name in (
        "activations",
        "initializers",
        "regularizers",
        "constraints",
        "losses",
        "metrics",
        "optimizers",
    )
}


def golden(wanted):
    """Parametrize by the golden cases that `wanted` accepts; there must be some."""
    chosen = [case for case in CASES if wanted(case)]
    assert chosen
    return pytest.mark.parametrize("case", chosen, ids=lambda case: case["id"])


def arrays(case):
    stored = np.load(GOLDEN / case["file"])
    return {name: stored[f"{case['id']}/{name}"] for name in case["arrays"]}


def assert_config(config, expected):
    """Equal up to the rounding of Keras' float32 settings, and of plain Python types."""
    assert config.keys() == expected.keys()
    for name, value in expected.items():
        assert config[name] == (
            pytest.approx(value, rel=1e-6) if isinstance(value, float) else value
        )
    json.dumps(config)


@golden(lambda c: c["group"] in MODULES and c["kind"] in ("function", "object", "function_obj"))
def test_values_and_gradients(case):
    module, data = MODULES[case["module"]], arrays(case)
    if case["kind"] == "object":
        function = module.deserialize({"class_name": case["cls"], "config": case["config"]})
    elif case["kind"] == "function_obj":
        function = getattr(module, case["fn"])()
    else:
        function = module.get(case["fn"])
    if "get_config" in case:
        assert_config(function.get_config(), case["get_config"])
    kwargs = case.get("kwargs", {})
    xs = [data[f"x{i}"] for i in range(len(case["args"]))]

    # Values near the clipping limits amplify the rounding of float32.
    loose = case.get("fn") == "mean_absolute_percentage_error" or any(
        "values" in a for a in case["args"]
    )
    y = function(*xs, **kwargs)
    np.testing.assert_allclose(y, data["y0"], rtol=1e-3 if loose else 1e-4, atol=1e-5)
    assert not K.is_tensor(y)

    tensors = [K.variable(x, dtype=x.dtype) for x in xs]
    loss = K.sum(function(*tensors, **kwargs) * data.get("c0", np.float32(1)))
    for i in case["grad"]:
        if f"gx{i}" in data:
            gradient = K.eval(K.gradients(loss, tensors[i])[0])
            assert gradient.dtype == np.float32
            np.testing.assert_allclose(
                gradient, data[f"gx{i}"], rtol=1e-2 if loose else 1e-3, atol=1e-4
            )


@golden(lambda c: c["kind"] == "initializer")
def test_initializer(case):
    module = labkit.initializers
    initializer = module.deserialize({"class_name": case["cls"], "config": case["config"]})
    assert module.serialize(initializer)["class_name"] == case["class_name"]
    assert initializer.get_config() == case["get_config"]
    np.random.seed(3)
    w = initializer(case["shape"])
    assert w.shape == tuple(case["shape"]) and w.dtype == np.float32
    if case["exact"]:
        np.testing.assert_array_equal(w, arrays(case)["y0"])
        return
    stats = case["stats"]
    assert w.std() == pytest.approx(stats["std"], rel=0.03)
    # The standard error of a mean of n draws is std / sqrt(n).
    assert abs(w.mean() - stats["mean"]) < 6 * stats["std"] / np.sqrt(stats["n"])
    if case["class_name"] == "RandomUniform" or case["get_config"].get("distribution"):
        # Bounded distributions: the extremes of so many draws lie close to the bounds.
        assert [w.min(), w.max()] == pytest.approx([stats["min"], stats["max"]], rel=0.02)
    if case["class_name"] == "Orthogonal":
        flat = w.reshape(-1, w.shape[-1])
        gram = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
        np.testing.assert_allclose(gram, stats["gram_diag"] * np.eye(len(gram)), atol=1e-5)


def test_initializer_seeds():
    glorot = labkit.initializers.glorot_uniform
    np.random.seed(0)
    first, second = glorot()((3, 4)), glorot()((3, 4))
    np.random.seed(0)
    np.testing.assert_array_equal(glorot()((3, 4)), first)
    assert (first != second).all()
    fixed = glorot(seed=7)
    np.testing.assert_array_equal(fixed((3, 4)), fixed((3, 4)))


SMALL_MODEL = [
    {
        "class_name": "Dense",
        "config": {"activation": "tanh", "batch_input_shape": [None, 4], "units": 5},
    },
    {"class_name": "Dense", "config": {"activation": "softmax", "units": 3}},
]


@golden(lambda c: c["kind"] == "train" and c["model_layers"] == SMALL_MODEL)
def test_optimizer_trains_as_keras(case):
    """The rules alone, on two dense layers written out here."""
    data = arrays(case)
    name, config = case["optimizer"]
    optimizer = labkit.optimizers.deserialize({"class_name": name, "config": config})
    ws = [K.variable(data[f"w{i}"]) for i in range(4)]
    class_weight = case["fit"].get("class_weight", {})
    count = int(len(data["x0"]) * (1 - case["fit"].get("validation_split", 0)))
    for _ in range(case["epochs"]):
        for start in range(0, count, case["batch_size"]):
            rows = slice(start, min(start + case["batch_size"], count))
            x, target = data["x0"][rows], data["target"][rows]
            hidden = K.tanh(K.dot(K.constant(x), ws[0]) + ws[1])
            y = labkit.activations.softmax(K.dot(hidden, ws[2]) + ws[3])
            weight = [class_weight.get(str(label), 1.0) for label in target.argmax(axis=-1)]
            losses = labkit.losses.categorical_crossentropy(target, y) * np.float32(weight)
            before = K.batch_get_value(ws)
            updates = optimizer.get_updates(K.mean(losses), ws)
            for w, old in zip(ws, before, strict=True):
                np.testing.assert_array_equal(K.get_value(w), old)
            K.batch_set_value(updates)
    for i, w in enumerate(ws):
        np.testing.assert_allclose(K.get_value(w), data[f"final_w{i}"], rtol=1e-3, atol=1e-4)
    assert_config(optimizer.get_config(), case["optimizer_config"])
    assert [list(w.shape) for w in optimizer.get_weights()] == case["optimizer_weights"]


def train_step(optimizer, params):
    loss = sum(K.sum(K.square(param)) for param in params)
    K.batch_set_value(optimizer.get_updates(loss, params))


def test_optimizer_weights_continue_a_training():
    p, q = K.variable([1.0, -2.0]), K.variable([1.0, -2.0])
    first = labkit.optimizers.Adam(lr=0.1)
    for _ in range(3):
        train_step(first, [p])
    second = labkit.optimizers.Adam.from_config(first.get_config())
    train_step(second, [q])
    second.set_weights(first.get_weights())
    K.set_value(q, K.get_value(p))
    train_step(first, [p])
    train_step(second, [q])
    np.testing.assert_array_equal(K.get_value(p), K.get_value(q))
    with pytest.raises(ValueError, match="get_weights"):
        second.set_weights(first.get_weights()[:-1])


def test_two_models_share_an_optimizer():
    """Each keeps its own moments: momentum of one must not move the other."""
    optimizer = labkit.optimizers.SGD(lr=0.1, momentum=0.9)
    alone = labkit.optimizers.SGD(lr=0.1, momentum=0.9)
    p, q, r = K.variable([4.0]), K.variable([-3.0]), K.variable([-3.0])
    for _ in range(3):
        train_step(optimizer, [p])
        train_step(optimizer, [q])
        train_step(alone, [r])
    np.testing.assert_array_equal(K.get_value(q), K.get_value(r))


def test_constraint_holds_after_the_update():
    p = K.variable([[3.0, 0.1], [4.0, 0.1]], constraint=labkit.constraints.max_norm(1.0))
    train_step(labkit.optimizers.SGD(), [p])
    norms = np.linalg.norm(K.get_value(p), axis=0)
    assert norms[0] == pytest.approx(1.0, abs=1e-5) and norms[1] < 0.2


def test_weight_without_gradient():
    p, unused = K.variable([1.0]), K.variable([1.0], name="unused")
    with pytest.raises(ValueError, match="unused"):
        labkit.optimizers.SGD().get_updates(K.sum(p), [p, unused])


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"activations", "losses", "metrics"}))
def test_objects_survive_serialization(name):
    module = MODULES[name]
    spelled = {
        "initializers": ["glorot_uniform", "Zeros", "truncated_normal", "orthogonal"],
        "regularizers": ["l1_l2", "L1L2"],
        "constraints": ["maxnorm", "MinMaxNorm", "non_neg"],
        "optimizers": ["sgd", "Adam", "RMSProp", "nadam"],
    }[name]
    for identifier in spelled:
        one = module.get(identifier)
        assert module.get(one) is one
        other = module.get(module.serialize(one))
        assert type(other) is type(one) and other is not one
        assert other.get_config() == one.get_config()


@pytest.mark.parametrize("name", ["activations", "losses", "metrics"])
def test_functions_survive_serialization(name):
    module = MODULES[name]
    for identifier in {"activations": ["relu", "softmax"], "losses": ["mse"], "metrics": ["mae"]}[
        name
    ]:
        function = module.get(identifier)
        assert module.get(module.serialize(function)) is function
        assert module.get(function) is function


def test_get_none():
    assert labkit.activations.get(None) is labkit.activations.linear
    for name in ("initializers", "regularizers", "constraints", "losses"):
        assert MODULES[name].get(None) is None
    for name in ("metrics", "optimizers"):
        with pytest.raises(ValueError, match="None"):
            MODULES[name].get(None)


@pytest.mark.parametrize(
    ("module", "wrong", "near"),
    [
        ("activations", "rleu", "relu"),
        ("initializers", "glorot_unifrom", "glorot_uniform"),
        ("regularizers", "l3", "l1"),
        ("constraints", "maxnrm", "maxnorm"),
        ("losses", "categorical_cross_entropy", "categorical_crossentropy"),
        ("metrics", "binary_acuracy", "binary_accuracy"),
        ("optimizers", "adem", "adam"),
        # Names in a module's namespace that are no member of its family.
        ("activations", "get", "elu"),
        ("losses", "K", "KLD"),
        ("optimizers", "explain", "adam"),
    ],
)
def test_unknown_name(module, wrong, near):
    with pytest.raises(ValueError) as error:
        MODULES[module].get(wrong)
    assert repr(wrong) in str(error.value) and near in str(error.value)


@pytest.mark.parametrize(
    ("make", "exception", "hint"),
    [
        (lambda: labkit.optimizers.SGD(learning_rate=0.1), TypeError, "'lr'"),
        (lambda: labkit.optimizers.Adam(beta1=0.9), TypeError, "'beta_1'"),
        (lambda: labkit.optimizers.Adam(beta_2=1.0), ValueError, "beta_2 < 1"),
        (lambda: labkit.optimizers.SGD(lr=-0.1), ValueError, "lr=0.1"),
        (lambda: labkit.optimizers.SGD(clipnorm=-1.0), ValueError, "clipnorm ≥ 0"),
        (lambda: labkit.regularizers.l2(-0.1), ValueError, "l2=0.1"),
        (lambda: labkit.constraints.MaxNorm(-2), ValueError, "max_value=2"),
        (
            lambda: labkit.constraints.MinMaxNorm(2.0, 1.0),
            ValueError,
            "min_value=1.0, max_value=2.0",
        ),
        (lambda: labkit.initializers.VarianceScaling(scale=0), ValueError, "scale > 0"),
        (lambda: labkit.initializers.VarianceScaling(mode="fan_inn"), ValueError, "'fan_in'"),
        (lambda: labkit.initializers.Identity()((2, 3, 4)), ValueError, "二维"),
        (lambda: labkit.initializers.Orthogonal()((3,)), ValueError, "二维"),
        (
            lambda: labkit.initializers.get({"class_name": "RandomNormal", "config": {"std": 1}}),
            TypeError,
            "'stddev'",
        ),
        (lambda: labkit.initializers.get({"class": "Zeros"}), ValueError, "class_name"),
        (lambda: labkit.activations.softmax(np.ones(3, "float32")), ValueError, "x[None, :]"),
        (lambda: to_categorical([0, 3], num_classes=3), ValueError, "num_classes=4"),
        (lambda: to_categorical([-1, 0]), ValueError, "从 0 开始"),
    ],
)
def test_messages_teach(make, exception, hint):
    with pytest.raises(exception) as error:
        make()
    assert hint in str(error.value)


def test_custom_objects():
    def swish(x):
        return x * K.sigmoid(x)

    with custom_object_scope({"swish": swish}):
        assert labkit.activations.get("swish") is swish
    with pytest.raises(ValueError, match="swish"):
        labkit.activations.get("swish")
    assert labkit.activations.deserialize("swish", {"swish": swish}) is swish
    assert deserialize_keras_object("swish", module_objects={"swish": swish}) is swish


def test_a_class_stands_for_its_defaults():
    np.testing.assert_array_equal(labkit.initializers.get(labkit.initializers.Ones)((2,)), [1, 1])


def test_to_categorical():
    np.testing.assert_array_equal(to_categorical([[2], [0]]), [[0, 0, 1], [1, 0, 0]])
    assert to_categorical(np.zeros((2, 5)), 4).shape == (2, 5, 4)
    assert to_categorical([1], dtype="int32").dtype == np.int32


def test_normalize():
    np.testing.assert_allclose(normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(
        normalize([[3.0, 4.0], [1.0, 0.0]], axis=0, order=1), [[0.75, 1], [0.25, 0]]
    )


def test_an_optimizer_in_the_order_of_keras_1():
    def weight():
        return K.variable(np.array([3.0, 4.0]), name="w")

    given = []
    for call in [
        lambda sgd, w, loss: sgd.get_updates([w], {}, loss),
        lambda sgd, w, loss: sgd.get_updates([w], {}, loss=loss),
        lambda sgd, w, loss: sgd.get_updates(loss, [w]),
        lambda sgd, w, loss: sgd.get_updates(params=[w], loss=loss),
    ]:
        w = weight()
        given.append(K.eval(dict(call(labkit.optimizers.SGD(0.5), w, K.sum(w)))[w]).tolist())
    assert given == [[2.5, 3.5]] * 4


@pytest.mark.parametrize(
    ("shape", "data_format", "expected"),
    [
        ((3, 4), "channels_last", (3, 4)),
        ((3, 4), "channels_first", (3, 4)),
        ((5, 2, 3, 4), "channels_last", (30, 40)),
        ((4, 3, 5, 2), "channels_first", (30, 40)),
        ((9,), "channels_last", (3, 3)),
    ],
)
def test_fans(shape, data_format, expected):  # real Keras; old initializers call it
    assert labkit.initializers._compute_fans(shape, data_format) == expected
