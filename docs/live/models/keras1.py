from keras.layers import Convolution2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from keras.models import Model

image = Input(shape=(32, 32, 3))
x = Convolution2D(32, 3, 3, border_mode="same", activation="relu")(image)
x = Convolution2D(32, 3, 3, activation="relu", subsample=(2, 2))(x)
x = MaxPooling2D(pool_size=(2, 2), border_mode="valid")(x)
x = Dropout(p=0.25)(x)
x = Flatten()(x)
x = Dense(output_dim=128, init="glorot_uniform", activation="relu")(x)
classes = Dense(10, activation="softmax")(x)

model = Model(input=image, output=classes)
model.compile(loss="categorical_crossentropy", optimizer="adadelta")
