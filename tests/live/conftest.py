"""Pages of live cells that tests write, on the built site's bundle and runtime."""

import markdown
import pytest

from tests.browser import SITE, open_page, serve

EXTENSIONS = ["attr_list", "pymdownx.superfences", "pymdownx.highlight", "pymdownx.details"]
LANGUAGE = {"pymdownx.highlight": {"pygments_lang_class": True}}
HEAD = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>试</title>
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">"""


def fence(code, classes=""):
    return f"```{{.python {classes}}}\n{code}\n```\n"


def live(*codes):
    return "\n".join(fence(code, ".live") for code in codes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A site of its own: its pages are written by the tests."""
    folder = tmp_path_factory.mktemp("site")
    for part in ("assets", "live", "stylesheets", "runtime"):
        (folder / part).symlink_to(SITE / part)
    return folder


@pytest.fixture(scope="module")
def write(folder):
    styles = sorted((SITE / "assets/stylesheets").glob("*.min.css"))
    styles += [SITE / "stylesheets/site.css", SITE / "live/live-code.css"]
    links = "".join(f'<link rel="stylesheet" href="{p.relative_to(SITE)}">' for p in styles)
    script = '<script type="module" src="live/live-code.js"></script>'

    def write(name, text):
        body = markdown.markdown(text, extensions=EXTENSIONS, extension_configs=LANGUAGE)
        (folder / name).write_text(
            f'{HEAD}{links}{script}<body><article class="md-typeset">{body}</article>'
        )
        return name

    return write


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
