"""Fixtures that several test files use."""

import numpy as np
import pytest

from labkit import backend as K


@pytest.fixture(autouse=True)
def repeatable():
    np.random.seed(0)
    K.clear_session()
    yield
    K.clear_session()


@pytest.fixture
def float64():
    """Double precision: what finite differences need."""
    K.set_floatx("float64")
    yield
    K.set_floatx("float32")
