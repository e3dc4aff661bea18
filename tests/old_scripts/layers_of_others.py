"""Layers in the manner of those that people published for Keras 2."""
from __future__ import print_function

import numpy as np
from keras import backend as K
from keras import activations, constraints, initializers, regularizers
from keras.engine.topology import Layer
from keras.engine import InputSpec
from keras.layers import Dense, Embedding, Flatten, Input, Lambda, LSTM, Masking, TimeDistributed
from keras.models import Model, Sequential
from keras.optimizers import SGD


class LayerNormalization(Layer):
    """Without compute_output_shape, and with `*=` on what was computed."""

    def __init__(self, epsilon=1e-5, **kwargs):
        super(LayerNormalization, self).__init__(**kwargs)
        self.epsilon = epsilon
        self.supports_masking = True

    def build(self, input_shape):
        self.gamma = self.add_weight(name='gamma', shape=input_shape[-1:], initializer='ones')
        self.beta = self.add_weight(name='beta', shape=input_shape[-1:], initializer='zeros')
        super(LayerNormalization, self).build(input_shape)

    def call(self, x):
        mean = K.mean(x, axis=-1, keepdims=True)
        std = K.sqrt(K.mean(K.square(x - mean), axis=-1, keepdims=True) + self.epsilon)
        y = (x - mean) / std
        y *= self.gamma
        y += self.beta
        return y


class AttentionPooling(Layer):
    """A weighted sum over time that leaves masked steps out."""

    def __init__(self, bias=True, W_regularizer=None, W_constraint=None, **kwargs):
        self.supports_masking = True
        self.init = initializers.get('glorot_uniform')
        self.W_regularizer = regularizers.get(W_regularizer)
        self.W_constraint = constraints.get(W_constraint)
        self.bias = bias
        super(AttentionPooling, self).__init__(**kwargs)

    def build(self, input_shape):
        assert len(input_shape) == 3
        self.W = self.add_weight(shape=(input_shape[-1],), initializer=self.init, name='W',
                                 regularizer=self.W_regularizer, constraint=self.W_constraint)
        if self.bias:
            self.b = self.add_weight(shape=(1,), initializer='zero', name='b')
        self.built = True

    def compute_mask(self, input, input_mask=None):
        return None

    def call(self, x, mask=None):
        e = K.squeeze(K.dot(x, K.expand_dims(self.W)), axis=-1)
        if self.bias:
            e += self.b
        e = K.tanh(e)
        a = K.exp(e)
        if mask is not None:
            a *= K.cast(mask, K.floatx())
        a /= K.cast(K.sum(a, axis=1, keepdims=True) + K.epsilon(), K.floatx())
        a = K.expand_dims(a)
        return K.sum(x * a, axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape[0], input_shape[-1]


class ScaledDotProduct(Layer):
    """Two outputs from three inputs."""

    def call(self, inputs):
        query, key, value = inputs
        depth = K.shape(query)[-1]
        e = K.batch_dot(query, key, axes=2) / K.sqrt(K.cast(depth, dtype=K.floatx()))
        e = K.exp(e - K.max(e, axis=-1, keepdims=True))
        a = e / K.sum(e, axis=-1, keepdims=True)
        return [K.batch_dot(a, value), a]

    def compute_output_shape(self, input_shape):
        query, key, value = input_shape
        return [query[:-1] + value[-1:], query[:-1] + key[1:2]]

    def compute_mask(self, inputs, mask=None):
        return [None, None]


def squash(x, axis=-1):
    squared = K.sum(K.square(x), axis, keepdims=True) + K.epsilon()
    scale = K.sqrt(squared) / (0.5 + squared)
    return scale * x


class Capsule(Layer):
    def __init__(self, num_capsule, dim_capsule, routings=3, **kwargs):
        super(Capsule, self).__init__(**kwargs)
        self.num_capsule = num_capsule
        self.dim_capsule = dim_capsule
        self.routings = routings
        self.activation = activations.get(squash)

    def build(self, input_shape):
        super(Capsule, self).build(input_shape)
        self.kernel = self.add_weight(name='kernel',
                                      shape=(1, input_shape[-1], self.num_capsule * self.dim_capsule),
                                      initializer='glorot_uniform', trainable=True)

    def call(self, inputs):
        hat = K.conv1d(inputs, self.kernel)
        batch_size = K.shape(inputs)[0]
        input_num = K.shape(inputs)[1]
        hat = K.reshape(hat, (batch_size, input_num, self.num_capsule, self.dim_capsule))
        hat = K.permute_dimensions(hat, (0, 2, 1, 3))
        b = K.zeros_like(hat[:, :, :, 0])
        for i in range(self.routings):
            c = K.softmax(b, 1)
            o = self.activation(K.sum(K.expand_dims(c) * hat, axis=2))
            if i < self.routings - 1:
                b += K.sum(K.expand_dims(o, 2) * hat, axis=-1)
        return o

    def compute_output_shape(self, input_shape):
        return (None, self.num_capsule, self.dim_capsule)


class RBF(Layer):
    def __init__(self, units, gamma, **kwargs):
        super(RBF, self).__init__(**kwargs)
        self.units = units
        self.gamma = K.cast_to_floatx(gamma)

    def build(self, input_shape):
        self.mu = self.add_weight(name='mu', shape=(int(input_shape[1]), self.units),
                                  initializer='uniform', trainable=True)
        super(RBF, self).build(input_shape)

    def call(self, inputs):
        diff = K.expand_dims(inputs) - self.mu
        l2 = K.sum(K.pow(diff, 2), axis=1)
        return K.exp(-1 * self.gamma * l2)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)


class InstanceNormalization(Layer):
    """Its shape of weights from InputSpec, its epsilon under the root."""

    def __init__(self, axis=None, epsilon=1e-3, **kwargs):
        super(InstanceNormalization, self).__init__(**kwargs)
        self.supports_masking = True
        self.axis = axis
        self.epsilon = epsilon

    def build(self, input_shape):
        ndim = len(input_shape)
        self.input_spec = InputSpec(ndim=ndim)
        self.gamma = self.add_weight(shape=(input_shape[self.axis],), name='gamma', initializer='one')
        self.beta = self.add_weight(shape=(input_shape[self.axis],), name='beta', initializer='zero')
        self.built = True

    def call(self, inputs, training=None):
        input_shape = K.int_shape(inputs)
        reduction_axes = list(range(0, len(input_shape)))
        del reduction_axes[self.axis]
        del reduction_axes[0]
        mean = K.mean(inputs, reduction_axes, keepdims=True)
        stddev = K.std(inputs, reduction_axes, keepdims=True) + self.epsilon
        normed = (inputs - mean) / stddev
        broadcast_shape = [1] * len(input_shape)
        broadcast_shape[self.axis] = input_shape[self.axis]
        normed = normed * K.reshape(self.gamma, broadcast_shape)
        normed = normed + K.reshape(self.beta, broadcast_shape)
        return normed


class CenterLoss(Layer):
    """An update and a loss of its own."""

    def build(self, input_shape):
        self.centers = self.add_weight(name='centers', shape=(3, 2), initializer='zeros',
                                       trainable=False)
        super(CenterLoss, self).build(input_shape)

    def call(self, x, mask=None):
        features, labels = x
        delta = K.dot(K.transpose(labels), K.dot(labels, self.centers) - features)
        counts = K.sum(K.transpose(labels), axis=1, keepdims=True) + 1
        new_centers = self.centers - 0.5 * (delta / counts)
        self.add_update((self.centers, new_centers), x)
        result = K.sum(K.square(features - K.dot(labels, self.centers)), axis=1, keepdims=True)
        self.add_loss(0.01 * K.mean(result), x)
        return result

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1)


random = np.random.RandomState(7)


def fill(model):
    model.set_weights([random.normal(size=w.shape) * 0.5 for w in model.get_weights()])


def show(name, values):
    for value in values if isinstance(values, list) else [values]:
        value = np.asarray(value, dtype='float64')
        print(name, value.shape, np.round(value, 2).ravel()[:8] + 0.0)


def run(name, model, data, targets):
    fill(model)
    show(name, model.predict(data))
    loss = sum(K.sum(K.square(y - 1.)) for y in model.outputs)
    inputs = model.inputs + [K.learning_phase()]
    # TensorFlow gives the gradient of an embedding in a form of its own.
    weights = [w for w in model.trainable_weights if 'embedding' not in w.name]
    gradients = K.function(inputs, K.gradients(loss, weights))
    show('  gradients', gradients((data if isinstance(data, list) else [data]) + [0]))
    # Without a step, so that TensorFlow has nothing to do in another order.
    model.compile(SGD(0.), 'mse')
    for _ in range(2):
        loss = model.train_on_batch(data, targets)
    show('  loss', loss)
    show('  then', model.predict(data))


sequence = random.normal(size=(2, 5, 4)).astype('float32')
flat = random.normal(size=(2, 6)).astype('float32')
image = random.normal(size=(2, 4, 4, 3)).astype('float32')
words = np.array([[1, 2, 3, 0, 0], [4, 1, 0, 0, 0]])

run('LayerNormalization', Sequential([LayerNormalization(input_shape=(6,)), Dense(2)]), flat,
    np.ones((2, 2)))
run('LayerNormalization in time',
    Sequential([TimeDistributed(LayerNormalization(), input_shape=(5, 4)), Flatten(), Dense(1)]),
    sequence, np.ones((2, 1)))
run('AttentionPooling',
    Sequential([Embedding(6, 4, mask_zero=True, input_length=5), LSTM(3, return_sequences=True),
                LayerNormalization(), AttentionPooling(W_regularizer='l2', W_constraint='unit_norm'),
                Dense(1)]), words, np.ones((2, 1)))
x = Input((5, 4))
context, weights = ScaledDotProduct()([x, x, Dense(3)(x)])
run('ScaledDotProduct', Model(x, [context, weights]), sequence,
    [np.zeros((2, 5, 3)), np.zeros((2, 5, 5))])
x = Input((5, 4))
capsules = Capsule(3, 2)(x)
length = Lambda(lambda z: K.sqrt(K.sum(K.square(z), 2)), output_shape=(3,))(capsules)
run('Capsule', Model(x, length), sequence, np.eye(3)[[0, 2]])
run('RBF', Sequential([RBF(3, 0.5, input_shape=(6,))]), flat, np.ones((2, 3)))
run('InstanceNormalization',
    Sequential([InstanceNormalization(axis=3, input_shape=(4, 4, 3)), Flatten(), Dense(1)]), image,
    np.ones((2, 1)))
features, labels = Input((6,)), Input((3,))
hidden = Dense(2)(features)
side = CenterLoss()([hidden, labels])
model = Model([features, labels], [Dense(3, activation='softmax')(hidden), side])
run('CenterLoss', model, [flat, np.eye(3)[[0, 2]]], [np.eye(3)[[0, 2]], np.zeros((2, 1))])
print([w.shape for w in model.get_weights()], len(model.losses), len(model.updates))
