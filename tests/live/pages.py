"""Pages of live cells that a test writes, on the built site's bundle and runtime."""

from pathlib import Path
from textwrap import indent

import markdown

from tests.browser import SITE, cell

EXTENSIONS = ["attr_list", "pymdownx.superfences", "pymdownx.highlight", "pymdownx.details"]
LANGUAGE = {"pymdownx.highlight": {"pygments_lang_class": True}}
HEAD = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>试</title>
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">"""
SCRIPT = '<script type="module" src="live/live-code.js"></script>'


def fence(code: str, classes: str = "") -> str:
    return f"```{{.python {classes}}}\n{code}\n```\n"


def live(*codes: str) -> str:
    return "\n".join(fence(code, ".live") for code in codes)


STARTER = "def double(x):\n    return ..."
CHECK = "print('通过' if double(2) == 4 else '还不对')"
SOLUTION = "def double(x):\n    return 2 * x"
EXERCISE = f"""
{fence(STARTER, ".live .exercise")}
{fence(CHECK, ".live .check")}
??? success "参考答案"

{indent(fence(SOLUTION, ".solution"), "    ")}
"""


class Pages:
    """A site of its own in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("assets", "live", "stylesheets", "runtime"):
            (folder / part).symlink_to(SITE / part)
        styles = sorted((SITE / "assets/stylesheets").glob("*.min.css"))
        styles += [SITE / "stylesheets/site.css", SITE / "live/live-code.css"]
        styles += [SITE / "live/model-view.css"]
        self.links = "".join(
            f'<link rel="stylesheet" href="{path.relative_to(SITE)}">' for path in styles
        )

    def write(self, name: str, text: str) -> str:
        """A page of this Markdown; its name."""
        body = markdown.markdown(text, extensions=EXTENSIONS, extension_configs=LANGUAGE)
        (self.folder / name).write_text(
            f'{HEAD}{self.links}{SCRIPT}<body><article class="md-typeset">{body}</article>'
        )
        return name


def type_into(page, index, text):
    cell(page, index).locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def code(page, index):
    return cell(page, index).locator(".cm-content").inner_text()
