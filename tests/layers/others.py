# ruff: noqa  (the style of their time)
"""Recurrent layers and cells in the manner that people wrote them for Keras 2.2.

Their numbers on real Keras stand in others.json. To ask it again: replace `labkit` by `keras` in
the imports and run `python others.py others.json`.
"""

import numpy as np
from labkit import activations, initializers
from labkit import backend as K
from labkit.engine.topology import InputSpec, Layer
from labkit.layers import (
    GRUCell,
    LSTM,
    LSTMCell,
    RNN,
    Activation,
    Bidirectional,
    Dense,
    Flatten,
    Input,
    Lambda,
    Masking,
    Multiply,
    Permute,
    RepeatVector,
    StackedRNNCells,
    TimeDistributed,
)
from labkit.layers.recurrent import SimpleRNNCell, _generate_dropout_mask
from labkit.models import Model, Sequential


class AttentionOverTime(Layer):
    """A weighted sum over time: scores from one vector, softmax by hand, with a mask."""

    def __init__(self, return_attention=False, **kwargs):
        self.init = initializers.get("uniform")
        self.supports_masking = True
        self.return_attention = return_attention
        super(AttentionOverTime, self).__init__(**kwargs)

    def build(self, input_shape):
        self.input_spec = [InputSpec(ndim=3)]
        assert len(input_shape) == 3
        self.W = self.add_weight(
            shape=(input_shape[2], 1), name="{}_W".format(self.name), initializer=self.init
        )
        self.b = self.add_weight(shape=(input_shape[1],), name="b", initializer="zeros")
        super(AttentionOverTime, self).build(input_shape)

    def call(self, x, mask=None):
        x_shape = K.shape(x)
        logits = K.reshape(K.dot(K.reshape(x, (-1, x_shape[2])), self.W), (x_shape[0], x_shape[1]))
        logits += self.b
        ai = K.exp(logits - K.max(logits, axis=-1, keepdims=True))
        if mask is not None:
            ai *= K.cast(mask, K.floatx())
        weights = ai / (K.sum(ai, axis=1, keepdims=True) + K.epsilon())
        result = K.sum(x * K.expand_dims(weights), axis=1)
        if self.return_attention:
            return [result, weights]
        return result

    def compute_output_shape(self, input_shape):
        shape = (input_shape[0], input_shape[2])
        return [shape, (input_shape[0], input_shape[1])] if self.return_attention else shape

    def compute_mask(self, inputs, mask=None):
        return [None, None] if self.return_attention else None


class MinimalGatedUnit(Layer):
    """One gate that forgets and resets; weights drawn as one kernel and cut into two."""

    def __init__(self, units, activation="tanh", **kwargs):
        super(MinimalGatedUnit, self).__init__(**kwargs)
        self.units = units
        self.activation = activations.get(activation)
        self.state_size = units

    def build(self, input_shape):
        n = input_shape[-1]
        self.kernel = self.add_weight(
            name="kernel", shape=(n, 2 * self.units), initializer="glorot_uniform"
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel", shape=(self.units, 2 * self.units), initializer="orthogonal"
        )
        self.bias = self.add_weight(name="bias", shape=(2 * self.units,), initializer="ones")
        self.kernel_f = self.kernel[:, : self.units]
        self.kernel_h = self.kernel[:, self.units :]
        self.built = True

    def call(self, inputs, states, training=None):
        h_tm1 = states[0]
        f = K.dot(inputs, self.kernel_f) + K.dot(h_tm1, self.recurrent_kernel[:, : self.units])
        f = K.hard_sigmoid(K.bias_add(f, self.bias[: self.units]))
        hh = K.dot(inputs, self.kernel_h) + K.dot(f * h_tm1, self.recurrent_kernel[:, self.units :])
        hh = self.activation(K.bias_add(hh, self.bias[self.units :]))
        h = (1 - f) * h_tm1
        h += f * hh
        return h, [h]

    def get_config(self):
        config = {"units": self.units, "activation": activations.serialize(self.activation)}
        base_config = super(MinimalGatedUnit, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))


class LayerNormLSTMCell(LSTMCell):
    """LSTMCell with the gates normalised, written over the cell's own weights."""

    def build(self, input_shape):
        super(LayerNormLSTMCell, self).build(input_shape)
        self.gamma = self.add_weight(shape=(4 * self.units,), name="gamma", initializer="ones")
        self.beta = self.add_weight(shape=(4 * self.units,), name="beta", initializer="zeros")
        self.built = True

    def normalise(self, x):
        mean = K.mean(x, axis=-1, keepdims=True)
        std = K.sqrt(K.var(x, axis=-1, keepdims=True) + K.epsilon())
        y = (x - mean) / std
        y *= self.gamma
        y += self.beta
        return y

    def call(self, inputs, states, training=None):
        h_tm1, c_tm1 = states
        if 0 < self.dropout < 1 and self._dropout_mask is None:
            self._dropout_mask = _generate_dropout_mask(
                K.ones_like(inputs), self.dropout, training=training, count=4
            )
        if self._dropout_mask is not None:
            inputs *= self._dropout_mask[0]
        z = self.normalise(K.dot(inputs, self.kernel) + K.dot(h_tm1, self.recurrent_kernel))
        if self.use_bias:
            z = K.bias_add(z, self.bias)
        u = self.units
        i = self.recurrent_activation(z[:, :u])
        f = self.recurrent_activation(z[:, u : 2 * u])
        c = f * c_tm1 + i * self.activation(z[:, 2 * u : 3 * u])
        o = self.recurrent_activation(z[:, 3 * u :])
        h = o * self.activation(c)
        if 0 < self.dropout + self.recurrent_dropout:
            if training is None:
                h._uses_learning_phase = True
        return h, [h, c]


class PeepholeLSTMCell(LSTMCell):
    """LSTMCell gate by gate, with Keras' own names of the parts."""

    def build(self, input_shape):
        super(PeepholeLSTMCell, self).build(input_shape)
        self.peephole = self.add_weight(
            shape=(3, self.units), name="peephole", initializer="uniform"
        )

    def call(self, inputs, states, training=None):
        h, c = states[0], states[1]
        x_i = K.bias_add(K.dot(inputs, self.kernel_i), self.bias_i)
        x_f = K.bias_add(K.dot(inputs, self.kernel_f), self.bias_f)
        x_c = K.bias_add(K.dot(inputs, self.kernel_c), self.bias_c)
        x_o = K.bias_add(K.dot(inputs, self.kernel_o), self.bias_o)
        i = self.recurrent_activation(
            x_i + K.dot(h, self.recurrent_kernel_i) + c * self.peephole[0]
        )
        f = self.recurrent_activation(
            x_f + K.dot(h, self.recurrent_kernel_f) + c * self.peephole[1]
        )
        c = f * c + i * self.activation(x_c + K.dot(h, self.recurrent_kernel_c))
        o = self.recurrent_activation(
            x_o + K.dot(h, self.recurrent_kernel_o) + c * self.peephole[2]
        )
        h = o * self.activation(c)
        return h, [h, c]


class PartsGRUCell(GRUCell):
    """GRUCell gate by gate, after Keras' names for reset_after."""

    def call(self, inputs, states, training=None):
        h = states[0]
        z = (
            K.dot(inputs, self.kernel_z)
            + self.input_bias_z
            + K.dot(h, self.recurrent_kernel_z)
            + self.recurrent_bias_z
        )
        r = (
            K.dot(inputs, self.kernel_r)
            + self.input_bias_r
            + K.dot(h, self.recurrent_kernel_r)
            + self.recurrent_bias_r
        )
        z, r = self.recurrent_activation(z), self.recurrent_activation(r)
        inner = r * (K.dot(h, self.recurrent_kernel_h) + self.recurrent_bias_h)
        hh = self.activation(K.dot(inputs, self.kernel_h) + self.input_bias_h + inner)
        h = z * h + (1 - z) * hh
        return h, [h]


class Zoneout(Layer):
    """Around any cell: states keep their old values with some probability, on average in prediction."""

    def __init__(self, cell, rate=0.25, **kwargs):
        self.cell = cell
        self.rate = rate
        self.state_size = cell.state_size
        super(Zoneout, self).__init__(**kwargs)

    def build(self, input_shape):
        self.cell.build(input_shape)
        self._trainable_weights += self.cell.trainable_weights
        self.built = True

    def call(self, inputs, states, training=None):
        output, new = self.cell.call(inputs, states, training=training)
        kept = []
        for before, after in zip(states, new):

            def random(before=before, after=after):
                keep = K.random_binomial(K.shape(after), 1 - self.rate)
                return keep * after + (1 - keep) * before

            kept.append(
                K.in_train_phase(
                    random, lambda: (1 - self.rate) * after + self.rate * before, training=training
                )
            )
        return kept[0], kept


class AttentionDecoderCell(Layer):
    """A decoder that looks at all encoder outputs, given as a constant, at every step."""

    def __init__(self, units, **kwargs):
        self.units = units
        super(AttentionDecoderCell, self).__init__(**kwargs)

    @property
    def state_size(self):
        return [self.units]

    def build(self, input_shape):
        if not isinstance(input_shape, list):
            raise TypeError("expects the shape of the encoder's outputs")
        [x, encoded] = input_shape
        weight = lambda name, shape: self.add_weight(
            name=name, shape=shape, initializer="glorot_uniform"
        )
        self.W_a, self.U_a = (
            weight("W_a", (self.units, self.units)),
            weight("U_a", (encoded[-1], self.units)),
        )
        self.V_a = weight("V_a", (self.units, 1))
        self.W, self.U = (
            weight("W", (x[-1] + encoded[-1], self.units)),
            weight("U", (self.units, self.units)),
        )
        self.b = self.add_weight(name="b", shape=(self.units,), initializer="zeros")
        self.built = True

    def call(self, inputs, states, constants):
        [h], [encoded] = states, constants
        steps = K.int_shape(encoded)[1]
        query = K.repeat(K.dot(h, self.W_a), steps)
        scores = K.dot(K.tanh(query + K.dot(encoded, self.U_a)), self.V_a)
        weights = K.softmax(K.squeeze(scores, -1))
        context = K.batch_dot(weights, encoded, axes=(1, 1))
        z = K.dot(K.concatenate([inputs, context]), self.W) + K.dot(h, self.U)
        z += self.b
        h = K.tanh(z)
        return h, [h]

    def get_config(self):
        return dict(super(AttentionDecoderCell, self).get_config(), units=self.units)


class OwnStart(LSTM):
    """An LSTM that begins with ones, and calls itself on what it is given."""

    def get_initial_state(self, inputs):
        start = K.zeros_like(inputs)
        start = K.sum(start, axis=(1, 2))
        start = K.expand_dims(start) + 1.0
        return [K.tile(start, [1, n]) for n in self.cell.state_size]

    def call(self, inputs, mask=None, training=None, initial_state=None):
        if initial_state is None:
            initial_state = self.get_initial_state(inputs)
        x = inputs * 2.0
        y = super(OwnStart, self).call(x, mask=mask, training=training, initial_state=initial_state)
        return y + 0.5


class LegacyRecurrent(Layer):
    """A layer that runs K.rnn itself, as subclasses of Keras 1's Recurrent did."""

    def __init__(self, units, return_sequences=False, **kwargs):
        self.units, self.return_sequences = units, return_sequences
        self.supports_masking = True
        super(LegacyRecurrent, self).__init__(**kwargs)

    def build(self, input_shape):
        self.W = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="glorot_uniform", name="W"
        )
        self.U = self.add_weight(shape=(self.units, self.units), initializer="orthogonal", name="U")
        self.decay = self.add_weight(shape=(self.units,), initializer="ones", name="decay")
        super(LegacyRecurrent, self).build(input_shape)

    def get_initial_states(self, x):
        state = K.zeros_like(x)
        state = K.sum(state, axis=(1, 2))
        state = K.expand_dims(state)
        return [K.tile(state, [1, self.units])] * 2

    def step(self, x, states):
        h, total, scale = states
        h = K.tanh(K.dot(x, self.W) + K.dot(h, self.U)) * K.exp(-scale)
        total = total + h
        return total, [h, total]

    def call(self, x, mask=None):
        last, outputs, states = K.rnn(
            self.step, x, self.get_initial_states(x), mask=mask, constants=[K.abs(self.decay)]
        )
        return outputs if self.return_sequences else last

    def compute_mask(self, inputs, mask=None):
        return mask if self.return_sequences else None

    def compute_output_shape(self, input_shape):
        if self.return_sequences:
            return (input_shape[0], input_shape[1], self.units)
        return (input_shape[0], self.units)


class PlainCell(object):
    """No Layer at all: what RNN asks of a cell, and nothing else."""

    state_size = 3

    def call(self, inputs, states):
        h = states[0] * 0.5
        h += inputs
        return K.tanh(h), [h]


def attention(masked=False):
    x = Input((4, 3))
    y = Masking()(x) if masked else x
    y = LSTM(4, return_sequences=True)(y)
    return Model(x, AttentionOverTime()(y))


def both():
    x = Input((4, 3))
    y, w = AttentionOverTime(return_attention=True)(
        Bidirectional(LSTM(2, return_sequences=True))(x)
    )
    return Model(x, [y, w])


def lambda_attention():
    """Attention of layers and a Lambda, over time: Permute, Dense, softmax, Multiply, sum."""
    x = Input((4, 3))
    h = LSTM(3, return_sequences=True)(x)
    a = Dense(1, activation="tanh")(h)
    a = Flatten()(a)
    a = Activation("softmax")(a)
    a = Permute([2, 1])(RepeatVector(3)(a))
    y = Multiply()([h, a])
    return Model(x, Lambda(lambda z: K.sum(z, axis=-2), output_shape=(3,))(y))


def over(cell, masked=True, **settings):
    def make():
        x = Input((4, 3))
        y = Masking()(x) if masked else x
        return Model(x, RNN(cell(), **settings)(y))

    return make


def decoder(keyword=True):
    x, e = Input((4, 3)), Input((5, 2))
    layer = RNN(AttentionDecoderCell(4), return_sequences=True)
    return Model([x, e], layer(x, constants=e) if keyword else layer([x, e]))


def both_ways_with_constants():
    from labkit.utils import CustomObjectScope

    x, e = Input((4, 3)), Input((5, 2))
    with CustomObjectScope({"AttentionDecoderCell": AttentionDecoderCell}):
        layer = Bidirectional(RNN(AttentionDecoderCell(2)))
    return Model([x, e], layer(x, constants=e))


def both_ways():
    from labkit.utils import CustomObjectScope

    x = Input((4, 3))
    with CustomObjectScope({"MinimalGatedUnit": MinimalGatedUnit}):
        layer = Bidirectional(RNN(MinimalGatedUnit(2), return_sequences=True, return_state=True))
    return Model(x, layer(Masking()(x)))


def in_time():
    x = Input((2, 4, 3))
    return Model(x, TimeDistributed(RNN(MinimalGatedUnit(2)))(x))


def from_layer(cls, *args, **kwargs):
    def make():
        x = Input((4, 3))
        return Model(x, cls(*args, **kwargs)(Masking()(x)))

    return make


def inner_call():
    """A functional model that asks a layer's parts in a Lambda."""
    x = Input((4, 3))
    lstm = LSTM(2)
    lstm.build((None, 4, 3))
    first = Lambda(
        lambda z: lstm.cell.call(z[:, 0], lstm.get_initial_state(z))[0], output_shape=(2,)
    )(x)
    whole = Lambda(lambda z: lstm.call(z), output_shape=(2,))(x)
    model = Model(x, [first, whole])
    model.get_weights, model.set_weights = lstm.get_weights, lstm.set_weights
    return model


MODELS = {
    "attention": attention,
    "attention_masked": lambda: attention(True),
    "attention_two_outputs": both,
    "lambda_attention": lambda_attention,
    "minimal_gated_unit": over(lambda: MinimalGatedUnit(4), return_sequences=True),
    "minimal_gated_unit_stacked": over(
        lambda: [MinimalGatedUnit(4), SimpleRNNCell(2), MinimalGatedUnit(3)], return_state=True
    ),
    "minimal_gated_unit_unrolled": over(
        lambda: MinimalGatedUnit(4), unroll=True, go_backwards=True
    ),
    "layer_norm_lstm": over(lambda: LayerNormLSTMCell(4), return_sequences=True),
    "layer_norm_lstm_dropout": over(lambda: LayerNormLSTMCell(4, dropout=0.5), masked=False),
    "peephole_lstm": over(lambda: PeepholeLSTMCell(3)),
    "parts_gru": over(lambda: PartsGRUCell(3, reset_after=True)),
    "zoneout": over(lambda: Zoneout(LSTMCell(3))),
    "decoder": decoder,
    "decoder_both_ways": both_ways_with_constants,
    "both_ways": both_ways,
    "in_time": in_time,
    "own_start": from_layer(OwnStart, 3),
    "own_start_sequences": from_layer(OwnStart, 3, return_sequences=True),
    "legacy": from_layer(LegacyRecurrent, 3),
    "legacy_sequences": from_layer(LegacyRecurrent, 3, return_sequences=True),
    "inner_call": inner_call,
    "plain_cell": over(PlainCell, masked=True, return_sequences=True, return_state=True),
}


def numbers(shape, seed):
    """The same numbers with every version of NumPy."""
    n = int(np.prod(shape))
    return (np.sin(np.arange(1, n + 1) * (seed + 1.7)) * 0.8).reshape(shape).astype("float32")


def data(model):
    xs = []
    for i, x in enumerate(model.inputs):
        array = numbers((2,) + tuple(K.int_shape(x)[1:]), i)
        if array.ndim == 3 and array.shape[1] == 4:
            array[1, 2:] = 0.0  # masked
        xs.append(array)
    return xs


def ask(name):
    """Outputs in prediction, then the weights after one training step on zeros, as sums."""
    model = MODELS[name]()
    model.set_weights([numbers(w.shape, i) for i, w in enumerate(model.get_weights())])
    xs = data(model)
    outputs = model.predict(xs)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    stepped = []
    if name not in ("zoneout", "layer_norm_lstm_dropout") and model.trainable_weights:
        model.compile("sgd", "mse")
        model.optimizer = type(model.optimizer)(lr=1.0)
        model.compile(model.optimizer, "mse")
        zeros = [np.zeros_like(y) for y in outputs]
        if hasattr(K, "tf"):  # Keras' step on TensorFlow reads weights that it has just written
            model._make_train_function()
            f = K.function(
                model._feed_inputs
                + model._feed_targets
                + model._feed_sample_weights
                + [K.learning_phase()],
                K.gradients(model.total_loss, model._collected_trainable_weights),
            )
            stepped = [-g for g in f(xs + zeros + [np.ones(2)] * len(zeros) + [1.0])]
        else:
            before = model.get_weights()
            model.train_on_batch(xs, zeros)
            stepped = [b - a for a, b in zip(before, model.get_weights())]
    return outputs, stepped


if __name__ == "__main__":
    import json
    import sys

    def plain(arrays):
        return [np.asarray(a, "float64").tolist() for a in arrays]

    with open(sys.argv[1], "w") as file:
        json.dump({name: [plain(part) for part in ask(name)] for name in MODELS}, file)
