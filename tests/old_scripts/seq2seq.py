import numpy as np
from keras.layers import LSTM, Dense, Input
from keras.models import Model

tokens, latent = 7, 5
encoder_inputs = Input(shape=(None, tokens))
encoder = LSTM(latent, return_state=True)
encoder_outputs, state_h, state_c = encoder(encoder_inputs)
encoder_states = [state_h, state_c]
decoder_inputs = Input(shape=(None, tokens))
decoder_lstm = LSTM(latent, return_sequences=True, return_state=True)
decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
decoder_dense = Dense(tokens, activation="softmax")
decoder_outputs = decoder_dense(decoder_outputs)
model = Model([encoder_inputs, decoder_inputs], decoder_outputs)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy")
r = np.random.RandomState(0)
a, b = np.eye(tokens)[r.randint(0, tokens, (16, 4))], np.eye(tokens)[r.randint(0, tokens, (16, 5))]
model.fit([a, b], b, batch_size=8, epochs=2, validation_split=0.25, verbose=0)
encoder_model = Model(encoder_inputs, encoder_states)
h_in, c_in = Input(shape=(latent,)), Input(shape=(latent,))
decoder_outputs, state_h, state_c = decoder_lstm(decoder_inputs, initial_state=[h_in, c_in])
decoder_model = Model(
    [decoder_inputs, h_in, c_in], [decoder_dense(decoder_outputs), state_h, state_c]
)
states = encoder_model.predict(a[:1])
target = np.zeros((1, 1, tokens))
for _ in range(3):
    output, h, c = decoder_model.predict([target] + states)
    states = [h, c]
print(output.shape, h.shape, len(model.layers), model.layers[-1].name[:5])
