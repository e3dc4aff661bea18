"""Fixtures that several test files use."""

import numpy as np
import pytest

import labkit
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


@pytest.fixture
def keras_manner():
    """What Keras accepted is accepted."""
    labkit.set_manner("keras")
    yield
    labkit.set_manner("learner")


# Playwright loads, and Chromium starts, only in runs that have a test in the browser.


@pytest.fixture(scope="session")
def browser():
    """One Chromium for every test of the process; `open_page` gives each a profile of its own."""
    from tests.browser import chromium

    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def host():
    """The address of the built site."""
    from tests.browser import SITE, serve

    assert SITE.exists(), "make site comes first"
    with serve(SITE) as host:
        yield host


@pytest.fixture(scope="session")
def plain_host():
    """The same site on a plain static host: it sends no header that would protect anything."""
    from tests.browser import SITE, serve

    assert SITE.exists(), "make site comes first"
    with serve(SITE, isolation=False) as host:
        yield host


@pytest.fixture
def other():
    """Another host than the site's."""
    from tests.elsewhere import elsewhere

    with elsewhere() as other:
        yield other
