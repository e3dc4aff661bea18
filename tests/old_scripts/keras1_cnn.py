import numpy as np

np.random.seed(1337)
from keras.layers import Activation, Convolution2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.utils import np_utils

batch_size, nb_classes, nb_epoch = 16, 3, 2
X_train = np.random.rand(48, 12, 12, 1).astype("float32")
Y_train = np_utils.to_categorical(np.random.randint(0, 3, 48), nb_classes)
model = Sequential()
model.add(Convolution2D(4, 3, 3, border_mode="valid", input_shape=(12, 12, 1)))
model.add(Activation("relu"))
model.add(Convolution2D(4, 3, 3, subsample=(1, 1), init="he_normal", W_regularizer="l2"))
model.add(MaxPooling2D(pool_size=(2, 2), border_mode="same"))
model.add(Dropout(p=0.25))
model.add(Flatten())
model.add(Dense(output_dim=8, init="uniform", activation="relu", bias=True))
model.add(Dense(nb_classes))
model.add(Activation("softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adadelta", metrics=["accuracy"])
model.fit(
    X_train,
    Y_train,
    batch_size=batch_size,
    nb_epoch=nb_epoch,
    verbose=0,
    validation_data=(X_train, Y_train),
)
score = model.evaluate(X_train, Y_train, verbose=0)
print(len(score), model.metrics_names, model.count_params(), model.output_shape)
