"""Nodes, and layers that are shared."""

import numpy as np
import pytest

from labkit import backend as K
from labkit.engine import get_source_inputs
from labkit.layers import Dense, Dropout, Input, Layer, Reshape, add, concatenate
from labkit.models import Model, Sequential, clone_model
from labkit.optimizers import SGD
from tests.mistakes import check
from tests.slopes import normal


def test_shared_layer_has_several_nodes():
    shared = Dense(4)
    a, b = Input((3,)), Input((3,))
    y, z = shared(a), shared(b)
    assert shared.get_input_at(0) is a and shared.get_input_at(1) is b
    assert shared.get_output_at(0) is y and shared.get_output_at(-1) is z
    assert shared.input_shape == (None, 3) and shared.output_shape == (None, 4)
    assert shared.get_output_shape_at(1) == (None, 4)
    for attribute in ("input", "output"):
        with pytest.raises(AttributeError, match="get_output_at"):
            getattr(shared, attribute)
    with pytest.raises(ValueError, match="2 次"):
        shared.get_input_at(5)
    assert len(Model([a, b], add([y, z])).weights) == 2


def test_shared_layer_at_different_shapes():
    shared = Dense(4)
    shared(Input((3,)))
    shared(Input((5, 3)))
    with pytest.raises(AttributeError, match="get_input_shape_at"):
        _ = shared.output_shape
    assert shared.get_output_shape_at(1) == (None, 5, 4)


def test_unconnected_layer_has_no_output():
    for attribute in ("input", "output", "input_shape", "output_shape"):
        with pytest.raises(AttributeError, match="Input"):
            getattr(Dense(2), attribute)


def test_gradients_of_a_shared_layer_add_up(float64):
    shared = Dense(2)
    x, y = K.variable(normal(3, 4)), K.variable(normal(3, 4, seed=1))
    loss = K.sum(K.square(shared(x))) + K.sum(K.square(shared(y)))
    separate = [K.sum(K.square(shared(t))) for t in (x, y)]
    (both,) = K.gradients(loss, [shared.kernel])
    parts = [K.eval(K.gradients(part, [shared.kernel])[0]) for part in separate]
    np.testing.assert_allclose(K.eval(both), sum(parts))


def test_siamese_model_trains_one_set_of_weights():
    shared = Dense(1, use_bias=False, kernel_initializer="ones")
    a, b = Input((2,)), Input((2,))
    model = Model([a, b], add([shared(a), shared(b)]))
    assert model.count_params() == 2
    model.compile(SGD(lr=0.1), "mse")
    one = np.ones((1, 2))
    # y = 4, loss (4 - 0)², slope 2 · 4 · (1 + 1) for each weight
    model.train_on_batch([one, one], [[0.0]])
    np.testing.assert_allclose(shared.get_weights()[0], [[1 - 1.6], [1 - 1.6]], rtol=1e-6)


def test_backend_functions_between_layers():
    x = Input((3,))
    y = K.concatenate([Dense(2)(x), Dense(2)(x) * 2.0])
    model = Model(x, Dense(1)(y))
    assert model.predict(np.ones((4, 3))).shape == (4, 1)
    check(ValueError, "concatenate", lambda: Model(x, y))


def test_model_from_an_intermediate_output():
    x = Input((3,))
    hidden = Dense(4, activation="relu")(x)
    model = Model(x, Dense(2)(hidden))
    features = Model(x, hidden)
    np.testing.assert_allclose(
        model.layers[-1](features.predict(np.ones((1, 3)))),
        model.predict(np.ones((1, 3))),
        rtol=1e-5,
    )


# --- what Keras refused ---


def test_ends_of_a_model():
    x = Input((3,), name="x")
    h = Dense(2, name="h")(x)
    y = Dense(2, name="y")(h)
    for use, received in [
        (lambda: Model(h, y), "层 h 的输出"),
        (lambda: Model([x, x], y), "两次 x"),
        (lambda: Model(x, K.square(h)), "不是层的输出"),
        (lambda: Model(K.placeholder((None, 3)), y), "不是层的输出"),
        (lambda: Model(x, 0), "int"),
        (lambda: Model(x, [y, None]), "NoneType"),
        (lambda: Model([], y), "空的列表"),
        (lambda: Model(Input((3,)), y), "依赖 x"),
        (lambda: Model(x, [y, Dense(1, name="h")(x)]), "都叫 'h'"),
    ]:
        check(ValueError, received, use)


def chain(order):
    """A layer shared along a chain: its calls stand in another order than the config names them."""
    x = Input((1, 6), name="x")
    s = Dense(6, name="s")
    first = s(Reshape((6,), name="r1")(x))
    second = s(Reshape((6,), name="r2")(s(x)))
    return Model(x, concatenate([first, second][::order], name="c"))


@pytest.mark.parametrize("order", [1, -1])
def test_a_layer_shared_along_a_chain_survives_its_config(order):
    model = chain(order)
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    x = normal(4, 1, 6).astype("float32")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_a_config_that_cannot_be_connected():
    config = chain(1).get_config()
    (calls,) = [d["inbound_nodes"] for d in config["layers"] if d["name"] == "r1"]
    calls[0][0][0] = "c"
    check(ValueError, "连不起来", lambda: Model.from_config(config))


def test_depths_sources_and_phases():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    e = Dense(3, name="e")
    model = Model([a, b], add([e(a), Dense(3, name="t")(e(b))], name="sum"))
    # Real Keras: the shared layer and both inputs lie as deep as the longer way.
    by_depth = {d: [layer.name for layer in at] for d, at in model._layers_by_depth.items()}
    assert by_depth == {3: ["a", "b"], 2: ["e"], 1: ["t"], 0: ["sum"]}
    assert [layer.name for layer in model.layers] == ["a", "b", "e", "t", "sum"]
    assert [layer.name for layer in model._input_layers + model._output_layers] == ["a", "b", "sum"]
    assert get_source_inputs(model.outputs[0]) == [a, b]
    (node,) = a._keras_history[0]._inbound_nodes
    assert node.input_tensors == node.output_tensors == [a] and node.inbound_layers == []
    assert a._keras_history[0].input is a and a._keras_history[0].input_shape == (None, 3)
    dropped = Dropout(0.5)(a)
    phases = [Dense(1)(dropped), Dense(1)(a), Dropout(0.5)(a, training=True)]
    assert [y._uses_learning_phase for y in phases] == [True, False, False]
    inner = Model(a, dropped)
    assert inner.uses_learning_phase and inner(b)._uses_learning_phase
    assert not Model(a, phases[2]).uses_learning_phase


# --- what a layer of another's may return ---


def mine(call, shape=None):
    methods = {"call": call} | ({"compute_output_shape": shape} if shape else {})
    return type("Mine", (Layer,), methods)()


@pytest.mark.parametrize(
    ("call", "shape", "raises", "received"),
    [
        (lambda self, x: None, None, TypeError, "None"),
        (lambda self, x: None, lambda self, s: s, TypeError, "None"),
        (lambda self, x: "y", lambda self, s: s, TypeError, "'y'"),
        (lambda self, x: np.mean(x), None, TypeError, "NumPy 数组"),
        (lambda self, x: [x] * 3, lambda self, s: [s] * 2, ValueError, "3 个输出"),
        (lambda self, x: [x] * 2, lambda self, s: s, ValueError, "2 个输出"),
        (lambda self, x: x, lambda self, s: [s] * 2, ValueError, "1 个输出"),
        (lambda self, x: x[:, :2], lambda self, s: s, ValueError, "(6, 2)"),
        (lambda self, x: K.sum(x, axis=1), lambda self, s: s, ValueError, "(6,)"),
        (lambda self, x: x, lambda self, s: None, TypeError, "None"),
        (lambda self, x: x, lambda self, s: 3, TypeError, "3"),
        (lambda self, x: x, lambda self, s: "abc", TypeError, "'abc'"),
    ],
)
def test_wrong_results_of_a_layer(call, shape, raises, received):
    before = Dense(3)

    def use():
        x = Input((3,))
        y = mine(call, shape)(before(x))
        model = Model(x, y)
        model.compile("sgd", "mse")
        ys = [np.zeros((6, 3))] * len(model.outputs)
        model.fit(np.ones((6, 3)), ys, verbose=0)

    before(np.ones((6, 3)))
    weights = before.get_weights()
    check(raises, received, use)
    for a, b in zip(before.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_layer_may_go_by_the_rule_of_the_base():
    class Twice(Layer):
        def call(self, x):
            return [x, 2 * x]

        def compute_output_shape(self, input_shape):
            return [super().compute_output_shape(input_shape)] * 2

    y, z = Twice()(Input((4, 3)))
    assert y.shape == z.shape == (None, 4, 3)


def test_input_with_a_tensor_of_its_own_needs_no_data():
    """As in Keras: `train_on_batch(None, y)`, and the tensor's value is what is learnt from."""
    x, y = np.random.rand(6, 4), np.random.rand(6, 2)
    model = Sequential([Dense(2, input_shape=(4,))])
    inner = clone_model(model, input_tensors=K.variable(x))
    inner.set_weights(model.get_weights())
    both = Model([Input(tensor=K.variable(x)), i := Input((4,))], Dense(2)(i))
    for compiled in (model, inner, both):
        compiled.compile("sgd", "mse")
    assert inner.train_on_batch(None, y) == model.train_on_batch(x, y)
    np.testing.assert_array_equal(inner.get_weights()[0], model.get_weights()[0])
    assert model._feed_inputs == model.inputs and not inner._feed_inputs
    assert both._feed_inputs == [i] and both.train_on_batch(x, y) > 0
