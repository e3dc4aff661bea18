"""labkit's forward and backward against the same computation written out in NumPy: `make bench`.

The ratio says what the tape and the layer cost on top of the arithmetic; 1.0 would be nothing.
"""

import statistics
import time

import numpy as np

from labkit import backend as K
from labkit.layers import LSTM, Conv2D, Dense

ROUNDS = 30


def taped(layer, x):
    """A function that runs the layer on x and returns the gradients of the sum of its output."""
    layer(x)

    def run():
        inputs = K.constant(x)
        gradients = K.gradients(K.sum(layer(inputs)), [inputs, *layer.weights])
        return [K.eval(g) for g in gradients]

    return run


def dense():
    x = np.random.rand(32, 784).astype("float32")
    layer = Dense(128, activation="relu")
    run = taped(layer, x)
    W, b = layer.get_weights()

    def by_hand():
        z = x @ W + b
        dz = (z > 0).astype("float32")
        return [dz @ W.T, x.T @ dz, dz.sum(axis=0)]

    return run, by_hand


def conv2d():
    x = np.random.rand(8, 28, 28, 16).astype("float32")
    layer = Conv2D(32, 3)
    run = taped(layer, x)
    kernel, b = layer.get_weights()
    columns = kernel.reshape(-1, 32)

    def by_hand():
        # x: (batch, rows, cols, channels) → windows: (batch, out_rows, out_cols, 3, 3, channels)
        windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))
        windows = np.moveaxis(windows, 3, 5).reshape(-1, 144)
        dy = np.ones_like(windows @ columns + b)
        dW, dcolumns = windows.T @ dy, (dy @ columns.T).reshape(8, 26, 26, 3, 3, 16)
        dx = np.zeros_like(x)
        for p in range(3):
            for q in range(3):
                dx[:, p : p + 26, q : q + 26] += dcolumns[:, :, :, p, q]
        return [dx, dW.reshape(kernel.shape), dy.sum(axis=0)]

    return run, by_hand


def lstm():
    batch, time_steps, features, units = 16, 50, 32, 64
    x = np.random.rand(batch, time_steps, features).astype("float32")
    layer = LSTM(units, recurrent_activation="sigmoid")
    run = taped(layer, x)
    W, U, b = layer.get_weights()

    def by_hand():
        h = c = np.zeros((batch, units), "float32")
        kept = []
        for t in range(time_steps):
            i, f, g, o = np.split(x[:, t] @ W + h @ U + b, 4, axis=1)
            i, f, g, o = (
                1 / (1 + np.exp(-i)),
                1 / (1 + np.exp(-f)),
                np.tanh(g),
                1 / (1 + np.exp(-o)),
            )
            before, c = c, f * c + i * g
            kept.append((h, before, i, f, g, o, np.tanh(c)))
            h = o * kept[-1][-1]
        dh, dc = np.ones_like(h), np.zeros_like(c)
        dx, dW, dU, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
        for t in reversed(range(time_steps)):
            h_before, c_before, i, f, g, o, tanh_c = kept[t]
            dc = dc + dh * o * (1 - tanh_c**2)
            dz = np.concatenate(
                [
                    dc * g * i * (1 - i),
                    dc * c_before * f * (1 - f),
                    dc * i * (1 - g**2),
                    dh * tanh_c * o * (1 - o),
                ],
                axis=1,
            )
            dx[:, t], dh, dc = dz @ W.T, dz @ U.T, dc * f
            dW += x[:, t].T @ dz
            dU += h_before.T @ dz
            db += dz.sum(axis=0)
        return [dx, dW, dU, db]

    return run, by_hand


def median_milliseconds(run, by_hand):
    """Both in turn within the same rounds, so that a change of the machine's speed meets both."""
    times = ([], [])
    for _ in range(ROUNDS):
        for spent, function in zip(times, (run, by_hand), strict=True):
            begin = time.perf_counter()
            function()
            spent.append(1000 * (time.perf_counter() - begin))
    return [statistics.median(spent) for spent in times]


def main():
    print("前向加反向，毫秒（中位数）      labkit    手写 NumPy    比值")
    for make in (dense, conv2d, lstm):
        run, by_hand = make()
        for found, expected in zip(run(), by_hand(), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-3)
        ours, theirs = median_milliseconds(run, by_hand)
        print(f"{make.__name__:24} {ours:12.2f} {theirs:12.2f} {ours / theirs:9.2f}")


if __name__ == "__main__":
    main()
