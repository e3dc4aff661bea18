"""Optimizers in the manner of Keras: their updates are made once, from the symbol of the loss."""

from labkit import backend as K
from labkit.optimizers import SGD, Optimizer


class Momentum(Optimizer):
    """Momentum of 0.9, with a slot of its own for every weight."""

    def __init__(self, lr=0.1, **kwargs):
        super().__init__(**kwargs)
        self.iterations = K.variable(0, dtype="int64", name="iterations")
        self.lr = K.variable(lr, name="lr")

    def get_updates(self, loss, params):
        self.updates = [K.update_add(self.iterations, 1)]
        slots = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        for p, g, v in zip(params, self.get_gradients(loss, params), slots, strict=True):
            new_v = 0.9 * v - self.lr * g
            self.updates += [K.update(v, new_v), K.update_add(p, new_v)]
        self.weights = [self.iterations, *slots]
        return self.updates

    def get_config(self):
        return {"lr": float(K.get_value(self.lr)), **super().get_config()}


class Keras1(SGD):
    """The signature of Keras 1, whose constraints came with the call."""

    def get_updates(self, params, constraints, loss):
        self.seen = constraints
        gradients = self.get_gradients(loss, params)
        return [K.update_sub(p, self.lr * g) for p, g in zip(params, gradients, strict=True)]


class Wrapping(Optimizer):
    """Another optimizer inside, whose counter and rate it shows as its own."""

    def __init__(self, optimizer, **kwargs):
        self.optimizer = optimizer
        super().__init__(**kwargs)

    @property
    def iterations(self):
        return self.optimizer.iterations

    @property
    def lr(self):
        return self.optimizer.lr

    def get_updates(self, loss, params):
        self.updates = self.optimizer.get_updates(loss, params)
        self.weights = self.optimizer.weights
        return self.updates
