from tensorflow.keras import Input, Model
from tensorflow.keras.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
)


def block(x, filters, strides=1):
    shortcut = x
    if strides > 1:
        shortcut = Conv2D(filters, 1, strides=strides)(x)
    x = Conv2D(filters, 3, strides=strides, padding="same")(x)
    x = BatchNormalization()(x)
    x = Activation("relu")(x)
    x = Conv2D(filters, 3, padding="same")(x)
    x = Add()([x, shortcut])
    return Activation("relu")(x)


image = Input((32, 32, 3))
x = Conv2D(16, 3, padding="same", activation="relu")(image)
x = block(x, 16)
x = block(x, 32, strides=2)
x = GlobalAveragePooling2D()(x)
model = Model(image, Dense(10, activation="softmax")(x))
