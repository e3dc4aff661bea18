"""activations, initializers, regularizers, constraints, losses, metrics, optimizers against Keras 2.2.5."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import labkit.activations
import labkit.callbacks
import labkit.constraints
import labkit.initializers
import labkit.losses
import labkit.metrics
import labkit.optimizers
import labkit.regularizers
from labkit import backend as K
from labkit.utils import Progbar, custom_object_scope, normalize, to_categorical

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
        (lambda: labkit.callbacks.EarlyStopping(mode="mni"), ValueError, "'min'"),
        (lambda: labkit.callbacks.ReduceLROnPlateau(factor=10.0), ValueError, "factor=0.1"),
        (lambda: labkit.callbacks.ProgbarLogger("sample"), ValueError, "'samples'"),
        (lambda: labkit.callbacks.LambdaCallback(on_epoch_ends=print), TypeError, "'on_epoch_end'"),
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


class Recorder(labkit.callbacks.Callback):
    def __init__(self):
        self.calls = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            object.__getattribute__(self, "calls").append(name)
        return object.__getattribute__(self, name)


class FakeModel:
    """What callbacks use of a model."""

    def __init__(self):
        self.stop_training = False
        self.optimizer = labkit.optimizers.SGD(lr=1.0)
        self.weights = [np.zeros(1)]

    def get_weights(self):
        return [w.copy() for w in self.weights]

    def set_weights(self, weights):
        self.weights = weights


def run_epochs(callbacks, losses, batches=((4, 1.0),), verbose=0):
    """Call the callbacks as fit does; epoch i ends with val_loss = losses[i] and weights [i]."""
    model = FakeModel()
    chain = labkit.callbacks.CallbackList([labkit.callbacks.BaseLogger(), *callbacks])
    chain.set_model(model)
    samples = sum(size for size, _ in batches)
    chain.set_params(
        {
            "metrics": ["loss", "val_loss"],
            "epochs": len(losses),
            "samples": samples,
            "verbose": verbose,
        }
    )
    chain.on_train_begin()
    for epoch, loss in enumerate(losses):
        chain.on_epoch_begin(epoch)
        for i, (size, batch_loss) in enumerate(batches):
            chain.on_batch_begin(i, {"batch": i, "size": size})
            chain.on_batch_end(i, {"batch": i, "size": size, "loss": batch_loss})
        model.weights = [np.full(1, float(epoch))]
        chain.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    chain.on_train_end()
    return model


def test_history_averages_by_samples():
    history = labkit.callbacks.History()
    run_epochs([history], [0.5, 0.25], batches=((4, 1.0), (2, 4.0)))
    assert history.epoch == [0, 1]
    assert history.history == {"val_loss": [0.5, 0.25], "loss": [2.0, 2.0]}


def test_hooks_are_called_in_order():
    recorder = Recorder()
    run_epochs([recorder], [1.0])
    assert recorder.calls == [
        "on_train_begin",
        "on_epoch_begin",
        "on_train_batch_begin",
        "on_batch_begin",
        "on_train_batch_end",
        "on_batch_end",
        "on_epoch_end",
        "on_train_end",
    ]


def test_lambda_callback():
    seen = []
    callback = labkit.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(epoch),
        on_train_end=lambda logs: seen.append("end"),
    )
    run_epochs([callback], [1.0, 1.0])
    assert seen == [0, 1, "end"]


def test_early_stopping():
    stopping = labkit.callbacks.EarlyStopping(patience=2, min_delta=0.1, restore_best_weights=True)
    history = labkit.callbacks.History()
    model = run_epochs([stopping, history], [1.0, 0.5, 0.45, 0.6, 0.1])
    # 0.45 is no improvement by more than 0.1, so epochs 2 and 3 use up the patience.
    assert history.epoch == [0, 1, 2, 3]
    assert model.weights[0] == 1
    with pytest.warns(RuntimeWarning, match="val_acc"):
        run_epochs([labkit.callbacks.EarlyStopping("val_acc")], [1.0])


def test_learning_rates_on_a_plateau():
    reduce = labkit.callbacks.ReduceLROnPlateau(factor=0.5, patience=1, cooldown=1, min_lr=0.2)
    history = labkit.callbacks.History()
    run_epochs([reduce, history], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    # logs hold the rate of the epoch itself; the cooldown's epoch starts counting anew when it ends.
    assert history.history["lr"] == pytest.approx([1.0, 1.0, 0.5, 0.25, 0.2, 0.2])


@pytest.mark.parametrize(
    "schedule", [lambda epoch: 0.5**epoch, lambda epoch, lr: lr if epoch == 0 else lr / 2]
)
def test_learning_rate_scheduler(schedule):
    history = labkit.callbacks.History()
    run_epochs([labkit.callbacks.LearningRateScheduler(schedule), history], [1.0, 1.0, 1.0])
    assert history.history["lr"] == [1.0, 0.5, 0.25]


def test_terminate_on_nan(capsys):
    model = run_epochs([labkit.callbacks.TerminateOnNaN()], [1.0], batches=((4, float("nan")),))
    assert model.stop_training and "nan" in capsys.readouterr().out


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when told."""
    now = [1000.0]
    monkeypatch.setattr("labkit.utils.progbar.time.time", lambda: now[0])
    return now


def test_progress_bar_in_a_terminal(clock, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    bar = Progbar(100, stateful_metrics=["seen"])
    clock[0] += 32
    bar.update(32, [("loss", 0.5), ("seen", 32)])
    clock[0] += 0.01
    bar.update(33, [("loss", 0.5), ("seen", 33)])  # too soon after the last one to be drawn
    clock[0] += 68
    bar.update(100, [("loss", 0.0), ("seen", 100)])
    lines = capsys.readouterr().out.split("\r")
    assert (
        lines[1]
        == " 32/100 [========>.....................] - ETA: 1:08 - loss: 0.5000 - seen: 32.0000"
    )
    assert lines[2].rstrip() == (
        "100/100 [==============================] - 100s 1s/step - loss: 0.1650 - seen: 100.0000"
    )
    assert len(lines) == 3 and lines[2].endswith("\n")
    assert len(lines[2].rstrip("\n")) >= len(lines[1])


@pytest.mark.parametrize(
    ("verbose", "expected"),
    [
        (0, ""),
        (
            1,
            "Epoch 1/1\n6/6 [==============================] - 0s 0us/step - loss: 2.0000 - val_loss: 5.0000e-04\n",
        ),
        (2, "Epoch 1/1\n - 0s - loss: 2.0000 - val_loss: 5.0000e-04\n"),
    ],
)
def test_progress_in_a_file(clock, capsys, verbose, expected):
    """One line an epoch where the cursor cannot go back."""
    run_epochs(
        [labkit.callbacks.ProgbarLogger()], [5e-4], batches=((4, 1.0), (2, 4.0)), verbose=verbose
    )
    assert capsys.readouterr().out == expected
