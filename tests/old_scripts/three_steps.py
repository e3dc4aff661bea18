"""Three steps of training, then predict: what the moving averages hold after so few."""
from __future__ import print_function

import numpy as np
from keras.layers import BatchNormalization, Conv2D, Dense, Flatten
from keras.models import Sequential
from keras.optimizers import SGD

random = np.random.RandomState(3)
images = random.normal(3., 2., size=(12, 6, 6, 2))
rows = random.normal(-1., 4., size=(12, 5))


def run(name, model, x):
    model.set_weights([random.normal(size=w.shape) ** 2 for w in model.get_weights()])
    # Without a rate, so that TensorFlow has nothing to do in another order.
    model.compile(SGD(0.), 'mse')
    for step in range(3):
        loss = model.train_on_batch(x[step * 4:step * 4 + 4], np.ones((4, 1)))
        print(name, step, '%.4g' % loss)
    for w in model.get_weights():
        if w.ndim == 1:
            print('  ', np.round(w, 2) + 0.)
    print('  ', np.round(model.predict(x)[:4].ravel(), 2) + 0.)


run('rows', Sequential([BatchNormalization(input_shape=(5,)), Dense(1)]), rows)
run('images', Sequential([Conv2D(3, 3, input_shape=(6, 6, 2)), BatchNormalization(momentum=0.9),
                          Flatten(), Dense(1)]), images)
run('channels first', Sequential([BatchNormalization(axis=1, input_shape=(6, 6, 2)), Flatten(),
                                  Dense(1)]), images)
frozen = Sequential([BatchNormalization(input_shape=(5,)), Dense(1)])
frozen.layers[0].trainable = False
run('frozen', frozen, rows)
