from keras.datasets import imdb
from keras.layers import LSTM, Bidirectional, Dense, Embedding
from keras.models import Sequential
from keras.preprocessing.sequence import pad_sequences

words, length = 20000, 100
(x_train, y_train), (x_test, y_test) = imdb.load_data(num_words=words)
x_train = pad_sequences(x_train, maxlen=length)

model = Sequential()
model.add(Embedding(words, 64, input_length=length))
model.add(Bidirectional(LSTM(32, return_sequences=True)))
model.add(LSTM(32))
model.add(Dense(1, activation="sigmoid"))

model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=3)
