"""Layers as a reader may write them."""

import numpy as np

from labkit import backend as K
from labkit.layers import Layer


class Scale(Layer):
    """Without compute_output_shape."""

    def build(self, input_shape):
        self.scale = self.add_weight("scale", (input_shape[-1],), initializer="ones")
        super().build(input_shape)

    def call(self, inputs):
        return inputs * self.scale


class Project(Layer):
    """With compute_output_shape, and a parameter in the config."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[1], self.units))
        super().build(input_shape)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def call(self, x):
        return K.dot(x, self.kernel)


class TwoByTwo(Layer):
    """Two inputs, two outputs."""

    def build(self, input_shape):
        a, _ = input_shape
        self.kernel = self.add_weight("kernel", (a[1], 4))
        super().build(input_shape)

    def call(self, inputs):
        a, b = inputs
        return [K.dot(a, self.kernel) + b, K.mean(b, axis=-1)]

    def compute_output_shape(self, input_shape):
        a, b = input_shape
        return [(a[0], 4), b[:-1]]


class Noisy(Layer):
    """Its call knows whether it trains."""

    def call(self, inputs, training=None):
        return K.in_train_phase(inputs + 100.0, inputs, training=training)


class Counting(Layer):
    """A loss of its own, and a count of its training calls."""

    def build(self, input_shape):
        self.count = self.add_weight("count", (1,), initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, inputs):
        self.add_loss(0.5 * K.sum(inputs))
        self.add_update(K.update_add(self.count, np.ones(1, "float32")))
        return inputs


class KeepPositive(Layer):
    """Makes a mask, and passes on nothing of an earlier one."""

    def call(self, inputs):
        return inputs

    def compute_mask(self, inputs, mask=None):
        return K.greater(K.sum(inputs, axis=-1), 0.0)


class DropMask(Layer):
    """Takes a mask and passes on none."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs):
        return inputs

    def compute_mask(self, inputs, mask=None):
        return None


class MaskedMean(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        kept = K.expand_dims(K.cast(mask, K.floatx()), -1)
        return K.sum(inputs * kept, axis=1) / K.sum(kept, axis=1)

    def compute_mask(self, inputs, mask=None):
        return None

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])
