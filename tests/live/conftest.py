"""Fixtures of the tests that write their own pages."""

import pytest

from tests.browser import open_page, serve
from tests.live.pages import Pages, live


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def write(folder):
    return Pages(folder).write


@pytest.fixture(scope="module")
def host(folder):
    with serve(folder) as host:
        yield host


@pytest.fixture(scope="module")
def plain_host(folder):
    """A host that sends no isolation headers, as most do: no shared memory, so no interrupts."""
    with serve(folder, isolation=False) as host:
        yield host


@pytest.fixture
def open_cells(browser, host, write):
    """Open a page with these live cells; a fresh Python."""
    pages = []

    def open_cells(*codes, text=None, host=host, **options):
        name = write(f"page-{len(pages)}.html", text or live(*codes))
        page = open_page(browser, f"{host}/{name}", **options)
        pages.append(page)
        return page

    return open_cells
