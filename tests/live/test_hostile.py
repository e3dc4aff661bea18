"""Whatever a cell does: the page answers, says what happened, and the next cell is right."""

import pytest

from tests.browser import cell, finish, run_cell
from tests.live.hostile import HOSTILE
from tests.live.pages import live

NEXT = "1 + 1"


@pytest.fixture(scope="module")
def page(browser, host, write):
    """One for all: each finds Python as the one before has left it."""
    name = write("hostile.html", live(*(case.code for case in HOSTILE.values()), NEXT))
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{host}/{name}")
    yield page
    context.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_the_page_answers_and_the_next_cell_is_right(page, name):
    case = HOSTILE[name]
    index = list(HOSTILE).index(name)
    place = cell(page, index)
    place.locator("button[name=run]").first.click()
    if case.endless:
        place.locator(".live-status", has_text="运行中").wait_for(timeout=60_000)
        place.locator("button[name=stop]").click()
    output = finish(page, index)
    said = f"{place.locator('.live-output').text_content()}{output.note}"
    assert case.said in said
    assert run_cell(page, len(HOSTILE)).text == ["2"]
