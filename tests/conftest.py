"""Fixtures that several test files use."""

import pytest

from labkit import backend as K


@pytest.fixture
def float64():
    """Double precision: what finite differences need."""
    K.set_floatx("float64")
    yield
    K.set_floatx("float32")
