"""Whole layers against finite differences, along a random direction, in float64."""

import numpy as np

from labkit import backend as K


def normal(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape)


def as_list(y):
    return y if isinstance(y, list) else [y]


def check_slopes(layer, arrays, call, smooth_inputs=True):
    """Along a random direction in all inputs and trainable weights, loss + penalties."""

    def loss(tensors):
        ys = as_list(layer(tensors if len(tensors) > 1 else tensors[0], **call))
        terms = [K.sum(y * normal(*y.shape, seed=i)) for i, y in enumerate(ys)]
        return sum([*terms, *layer.losses])

    tensors = [K.variable(x) for x in arrays]
    loss(tensors)
    for i, weight in enumerate(layer.trainable_weights):
        K.set_value(weight, K.get_value(weight) + 0.3 * normal(*weight.shape, seed=i))
    wanted = [*(tensors if smooth_inputs else []), *layer.trainable_weights]
    starts = [K.get_value(x) for x in wanted]
    directions = [normal(*x.shape, seed=10 + i) for i, x in enumerate(wanted)]

    def moved(step):
        for x, start, v in zip(wanted, starts, directions, strict=True):
            K.set_value(x, start + step * v)
        # A fresh stream, so that the same elements are dropped and the same noise drawn every time.
        np.random.seed(1)
        if hasattr(layer, "_generator"):
            layer._generator = np.random.RandomState(1)
        return loss(tensors)

    h = 1e-6
    slope = (float(K.eval(moved(h))) - float(K.eval(moved(-h)))) / (2 * h)
    gradients = K.gradients(moved(0), wanted)
    rule = sum(np.vdot(K.eval(g), v) for g, v in zip(gradients, directions, strict=True))
    np.testing.assert_allclose(rule, slope, rtol=1e-5, atol=1e-7)
