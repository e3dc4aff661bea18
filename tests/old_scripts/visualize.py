import numpy as np
from keras import backend as K
from keras.layers import Conv2D, Dense, GlobalAveragePooling2D
from keras.models import Model, Sequential

model = Sequential(
    [
        Conv2D(4, (3, 3), activation="relu", padding="same", input_shape=(8, 8, 3), name="conv"),
        GlobalAveragePooling2D(),
        Dense(5, activation="softmax"),
    ]
)
x = np.random.RandomState(0).rand(1, 8, 8, 3).astype("float32")
# activations
layer_outputs = [layer.output for layer in model.layers]
activations = Model(inputs=model.input, outputs=layer_outputs).predict(x)
print([a.shape for a in activations])
# Grad-CAM
class_output = model.output[:, 2]
last_conv = model.get_layer("conv")
grads = K.gradients(class_output, last_conv.output)[0]
pooled_grads = K.mean(grads, axis=(0, 1, 2))
iterate = K.function([model.input], [pooled_grads, last_conv.output[0]])
pooled, conv = iterate([x])
print(pooled.shape, conv.shape)
heatmap = np.maximum(np.mean(conv * pooled, axis=-1), 0)
print(heatmap.shape)
# gradient ascent in input space
layer_output = model.get_layer("conv").output
loss = K.mean(layer_output[:, :, :, 0])
grads = K.gradients(loss, model.input)[0]
grads /= K.sqrt(K.mean(K.square(grads))) + 1e-5
step = K.function([model.input], [loss, grads])
image = x.copy()
first = step([image])[0]
for _ in range(10):
    loss_value, grads_value = step([image])
    image += grads_value * 0.1
print(bool(step([image])[0] > first))
get = K.function([model.layers[0].input, K.learning_phase()], [model.layers[1].output])
print(get([x, 0])[0].shape, get([x, 1])[0].shape)
