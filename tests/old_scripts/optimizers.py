"""Optimizers of one's own, in the manner of Keras 2.2.

TensorFlow 1 writes an update as soon as it can, also before another has read the old value, so
the numbers differ from run to run; these are Keras' with all new values computed before the first
is written: K.update gave (x, new), and K.function made the assignments wait for every new value.
"""

import keras.backend as K
import numpy as np
from keras import optimizers
from keras.layers import Dense
from keras.models import Sequential
from keras.optimizers import SGD, Adam, Optimizer, RMSprop


class AdamW(Optimizer):
    """Adam whose weight decay is its own."""

    def __init__(self, lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=None, decay=0.0,
                 weight_decay=0.025, **kwargs):
        super(AdamW, self).__init__(**kwargs)
        with K.name_scope(self.__class__.__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.lr = K.variable(lr, name="lr")
            self.beta_1 = K.variable(beta_1, name="beta_1")
            self.beta_2 = K.variable(beta_2, name="beta_2")
            self.decay = K.variable(decay, name="decay")
            self.wd = K.variable(weight_decay, name="weight_decay")
        self.epsilon = K.epsilon() if epsilon is None else epsilon
        self.initial_decay = decay

    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]
        lr = self.lr
        if self.initial_decay > 0:
            lr = lr * (1.0 / (1.0 + self.decay * K.cast(self.iterations, K.dtype(self.decay))))
        t = K.cast(self.iterations, K.floatx()) + 1
        lr_t = lr * (K.sqrt(1.0 - K.pow(self.beta_2, t)) / (1.0 - K.pow(self.beta_1, t)))
        ms = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        vs = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        self.weights = [self.iterations] + ms + vs
        for p, g, m, v in zip(params, grads, ms, vs):
            m_t = (self.beta_1 * m) + (1.0 - self.beta_1) * g
            v_t = (self.beta_2 * v) + (1.0 - self.beta_2) * K.square(g)
            p_t = p - lr_t * m_t / (K.sqrt(v_t) + self.epsilon) - lr * self.wd * p
            self.updates.append(K.update(m, m_t))
            self.updates.append(K.update(v, v_t))
            new_p = p_t
            if getattr(p, "constraint", None) is not None:
                new_p = p.constraint(new_p)
            self.updates.append(K.update(p, new_p))
        return self.updates

    def get_config(self):
        config = {"lr": float(K.get_value(self.lr)),
                  "beta_1": float(K.get_value(self.beta_1)),
                  "beta_2": float(K.get_value(self.beta_2)),
                  "decay": float(K.get_value(self.decay)),
                  "weight_decay": float(K.get_value(self.wd)),
                  "epsilon": self.epsilon}
        base_config = super(AdamW, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))


class Accumulating(Optimizer):
    """Wraps an optimizer: the mean gradient of several batches, then one step."""

    def __init__(self, optimizer, steps=2, **kwargs):
        super(Accumulating, self).__init__(**kwargs)
        self.optimizer = optimizer
        with K.name_scope(self.__class__.__name__):
            self.steps = steps
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.cond = K.equal(self.iterations % self.steps, 0)
            self.lr = self.optimizer.lr
            self.optimizer.lr = K.switch(self.cond, self.optimizer.lr, 0.0)
            for name in ["momentum", "rho", "beta_1", "beta_2"]:
                if hasattr(self.optimizer, name):
                    value = getattr(self.optimizer, name)
                    setattr(self.optimizer, name, K.switch(self.cond, value, 1 - 1e-7))

            def get_gradients(loss, params):
                return [total / self.steps for total in self.totals]

            self.optimizer.get_gradients = get_gradients

    def get_updates(self, loss, params):
        self.updates = [K.update_add(self.iterations, 1),
                        K.update_add(self.optimizer.iterations, K.cast(self.cond, "int64"))]
        self.grads = self.get_gradients(loss, params)
        self.totals = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        for g, total in zip(self.grads, self.totals):
            self.updates.append(K.update(total, K.switch(self.cond, total * 0, total + g)))
        self.updates.extend(self.optimizer.get_updates(loss, params)[1:])
        self.weights.extend(self.optimizer.weights)
        return self.updates


class SlowWeights(Optimizer):
    """Wraps an optimizer, whose counter it shows as its own: every k steps a step back."""

    def __init__(self, optimizer, k=3, alpha=0.5, **kwargs):
        self.optimizer = optimizers.get(optimizer)
        self.k, self.alpha = k, alpha
        super(SlowWeights, self).__init__(**kwargs)

    @property
    def lr(self):
        return self.optimizer.lr

    @property
    def iterations(self):
        return self.optimizer.iterations

    def get_updates(self, loss, params):
        grads = self.optimizer.get_gradients(loss, params)
        sync = K.equal((self.iterations + 1) // self.k * self.k, self.iterations + 1)
        self.updates = [K.update_add(self.iterations, 1)]
        self.weights = [self.iterations]
        for p, g in zip(params, grads):
            slow = K.variable(K.get_value(p))
            self.weights.append(slow)
            new = p - self.lr * g
            new_slow = slow + self.alpha * (new - slow)
            self.updates.append(K.update(slow, K.switch(sync, new_slow, slow)))
            self.updates.append(K.update(p, K.switch(sync, new_slow, new)))
        return self.updates


class CentralizedSGD(SGD):
    def get_gradients(self, loss, params):
        grads = super(CentralizedSGD, self).get_gradients(loss, params)
        return [g - K.mean(g, axis=0, keepdims=True) if K.ndim(g) > 1 else g for g in grads]


class SignSGD(SGD):
    """Keras' own updates are not called: one line of its own."""

    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]
        self.updates += [K.update_sub(p, self.lr * K.sign(g)) for p, g in zip(params, grads)]
        self.weights = [self.iterations]
        return self.updates


class DecayedRMSprop(RMSprop):
    """Adds updates to those of Keras."""

    def get_updates(self, loss, params):
        updates = super(DecayedRMSprop, self).get_updates(loss, params)
        self.steps = K.variable(0)
        updates.append(K.update_add(self.steps, 1))
        return updates


def show(*numbers):
    print(" ".join("%.4f" % float(n) for n in numbers))


r = np.random.RandomState(0)
x = r.randn(24, 4).astype("float32")
y = (x.dot(r.randn(4, 2)) + 1).astype("float32")


def build():
    r = np.random.RandomState(3)
    model = Sequential([Dense(6, activation="tanh", input_shape=(4,)), Dense(2)])
    model.set_weights([r.uniform(-0.5, 0.5, w.shape) for w in model.get_weights()])
    return model


for make in (lambda: AdamW(lr=0.01, clipnorm=1.0), lambda: AdamW(lr=0.01, decay=0.1),
             lambda: Accumulating(SGD(lr=0.1), 3), lambda: Accumulating(Adam(lr=0.02), 2),
             lambda: CentralizedSGD(lr=0.1, momentum=0.9, clipvalue=0.5),
             lambda: SignSGD(lr=0.01), lambda: SlowWeights(SGD(lr=0.1)), lambda: DecayedRMSprop(lr=0.01, decay=0.01)):
    model = build()
    optimizer = make()
    model.compile(optimizer, "mse")
    h = model.fit(x, y, batch_size=6, epochs=3, shuffle=False, verbose=0)
    print(type(optimizer).__name__, [w.shape for w in optimizer.get_weights()])
    show(*h.history["loss"])
    show(*[np.abs(w).sum() for w in model.get_weights()])
    print(int(K.get_value(optimizer.iterations)))

# Its state in a file.
model = build()
model.compile(AdamW(lr=0.01), "mse")
model.train_on_batch(x, y)
state = model.optimizer.get_weights()
other = build()
other.set_weights(model.get_weights())
other.compile(AdamW(lr=0.01), "mse")
other._make_train_function()
other.optimizer.set_weights(state)
show(model.train_on_batch(x, y), other.train_on_batch(x, y))
show(*[np.abs(a - b).max() for a, b in zip(model.get_weights(), other.get_weights())])

# A learning rate that changes between the steps; the order of Keras 1; a function of one's own.
model = build()
model.compile(AdamW(lr=0.01), "mse")
for lr in (0.01, 0.1, 0.001):
    K.set_value(model.optimizer.lr, lr)
    show(model.train_on_batch(x, y))
model = build()
model.compile("sgd", "mse")
updates = Adam(lr=0.05).get_updates(model.trainable_weights, [], model.total_loss)
train = K.function(model.inputs + model.targets + model.sample_weights, [model.total_loss],
                   updates=updates)
show(*[train([x, y, np.ones(24)])[0] for _ in range(4)])


# Another train_function: fast weights, and slow ones that follow.
class Lookahead(object):
    def __init__(self, k=2, alpha=0.5):
        self.k, self.alpha, self.count = k, alpha, 0

    def inject(self, model):
        model._check_trainable_weights_consistency()
        inputs = model._feed_inputs + model._feed_targets + model._feed_sample_weights
        if model._uses_dynamic_learning_phase():
            inputs += [K.learning_phase()]
        fast = model._collected_trainable_weights
        updates = model.optimizer.get_updates(params=fast, loss=model.total_loss)
        slow = [K.variable(K.get_value(p)) for p in fast]
        step = K.function(inputs, [model.total_loss] + model.metrics_tensors,
                          updates=updates + model.metrics_updates, name="fast_train_function")
        follow = K.function([], [], updates=[K.update(q, q + self.alpha * (p - q))
                                             for p, q in zip(fast, slow)])
        copy = K.function([], [], updates=[K.update(p, q) for p, q in zip(fast, slow)])

        def train_function(inputs):
            self.count += 1
            outputs = step(inputs)
            if self.count % self.k == 0:
                follow([])
                copy([])
            return outputs

        model.train_function = train_function


model = build()
model.compile(Adam(lr=0.05), "mse", metrics=["mae"])
Lookahead().inject(model)
h = model.fit(x, y, batch_size=6, epochs=3, shuffle=False, verbose=0)
show(*h.history["loss"])
show(*h.history["mean_absolute_error"])
