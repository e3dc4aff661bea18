"""Masks on their way through models, and on arrays."""

import numpy as np
import pytest

from labkit import backend as K
from labkit.engine.masks import ArrayWithMask
from labkit.layers import LSTM, BatchNormalization, Dense, Dropout, Embedding, Input
from labkit.models import Model, Sequential
from tests.engine.own_layers import DropMask, KeepPositive, MaskedMean, Scale


def test_mask_reaches_through_a_model():
    numbers = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])
    model = Sequential(
        [
            Embedding(5, 3, mask_zero=True, input_length=4),
            Dropout(0.3),
            Dense(2),
            LSTM(4, return_sequences=True),
            BatchNormalization(),
            LSTM(3),
        ]
    )
    y = model.predict(numbers)
    # The later layers, on the kept steps alone, see the same.
    for row, count in ((0, 2), (1, 1)):
        kept = model.layers[0].get_weights()[0][numbers[row : row + 1, :count]]
        for layer in model.layers[1:]:
            kept = layer(kept)
        np.testing.assert_allclose(kept, y[row : row + 1], rtol=1e-4, atol=1e-6)


def test_mask_weighs_the_loss():
    # Masked steps count neither in the sum nor in the mean.
    model = Sequential([Embedding(5, 1, mask_zero=True, input_length=3)])
    model.layers[0].set_weights([[[10.0], [1.0], [2.0], [3.0], [4.0]]])
    model.compile("sgd", "mse")
    assert model.evaluate(np.array([[1, 3, 0]]), np.zeros((1, 3, 1))) == pytest.approx((1 + 9) / 2)


def test_mask_travels_with_an_array():
    embedded = Embedding(5, 3, mask_zero=True)(np.array([[1, 2, 0]]))
    assert isinstance(embedded, ArrayWithMask)
    np.testing.assert_array_equal(embedded._keras_mask, [[True, True, False]])
    np.testing.assert_array_equal(Dense(2)(embedded)._keras_mask, [[True, True, False]])
    lstm = LSTM(2)
    found = lstm(embedded)
    assert getattr(found, "_keras_mask", None) is None
    np.testing.assert_allclose(found, lstm(np.asarray(embedded)[:, :2]), rtol=1e-5)
    assert (embedded + 1)._keras_mask is None  # NumPy's results drop it
    explicit = lstm(np.asarray(embedded), mask=np.array([[True, True, False]]))
    np.testing.assert_array_equal(found, explicit)


def test_own_masks():
    x = np.array([[[1.0, 1.0], [-5.0, 1.0], [3.0, 5.0]]])
    i = Input((3, 2))
    model = Model(i, MaskedMean()(KeepPositive()(i)))
    np.testing.assert_allclose(model.predict(x), [[2, 3]])
    with pytest.raises(TypeError, match="supports_masking"):
        Scale()(KeepPositive()(i))


@pytest.mark.parametrize("make", [np.array, K.variable])
def test_an_input_that_a_layer_returns_keeps_its_own_mask(make):
    x = make([[[1.0, 1.0], [-5.0, 1.0], [3.0, 5.0]]])
    masked = KeepPositive()(x)
    assert masked._keras_mask.tolist() == [[True, False, True]]
    assert getattr(x, "_keras_mask", None) is None
    assert getattr(DropMask()(masked), "_keras_mask", None) is None
    assert masked._keras_mask.tolist() == [[True, False, True]]
