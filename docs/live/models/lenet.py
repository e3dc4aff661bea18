from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
from keras.models import Sequential

model = Sequential(
    [
        Conv2D(6, 5, padding="same", activation="tanh", input_shape=(28, 28, 1)),
        MaxPooling2D(),
        Conv2D(16, 5, activation="tanh"),
        MaxPooling2D(),
        Flatten(),
        Dense(120, activation="tanh"),
        Dense(84, activation="tanh"),
        Dense(10, activation="softmax"),
    ]
)
