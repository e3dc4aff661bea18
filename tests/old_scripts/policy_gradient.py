import numpy as np
from keras import backend as K
from keras.layers import Dense
from keras.models import Model, Sequential
from keras.optimizers import Adam

model = Sequential([Dense(8, activation="tanh", input_shape=(3,)), Dense(2, activation="softmax")])
action = K.placeholder(shape=(None, 2))
reward = K.placeholder(shape=(None,))
prob = K.sum(action * model.output, axis=1)
loss = -K.mean(K.log(prob + 1e-8) * reward)
updates = Adam(lr=0.05).get_updates(params=model.trainable_weights, loss=loss)
train = K.function(inputs=[model.input, action, reward], outputs=[loss], updates=updates)
s = np.random.RandomState(0).rand(20, 3)
a = np.eye(2)[np.zeros(20, int)]
r = np.ones(20)
values = [train([s, a, r])[0] for _ in range(30)]
print(bool(values[-1] < values[0]), bool(model.predict(s)[:, 0].mean() > 0.9))
target = Model(model.input, model.output)
weights = [0.9 * w for w in model.get_weights()]
target.set_weights(weights)
print(np.allclose(K.get_value(model.weights[0]), weights[0]))
K.set_value(model.weights[0], np.zeros((3, 8)))
print(float(K.eval(K.sum(model.weights[0]))))
K.set_learning_phase(1)
print(K.learning_phase())
K.clear_session()
