"""The picture of the floors on the page 参与贡献, from the list that the test holds the code to."""

import ast
import re
from html import escape

from tests.floors import FLOORS, MODULES, ROOT, SHARED_OUT


def picture() -> str:
    """One row a floor, from the top down; a box a room, with what its docstring says it is for."""
    rows = []
    for number, rooms in zip(range(len(FLOORS), 0, -1), FLOORS, strict=True):
        boxes = "".join(f"<li><code>{address(room)}</code> {purpose(room)}</li>" for room in rooms)
        rows.append(f'<li value="{number}"><ul>{boxes}</ul></li>')
    return f'<ol class="floors" reversed>{"".join(rows)}</ol>'


def address(room: str) -> str:
    """engine/ for a folder, losses.py for a file; below labkit/."""
    path = MODULES[room].relative_to(ROOT / "labkit")
    folder = path.name == "__init__.py" and room not in SHARED_OUT
    return f"{path.parent}/" if folder else str(path)


def purpose(room: str) -> str:
    """The first sentence of the room's docstring, as HTML."""
    text = ast.get_docstring(ast.parse(MODULES[room].read_text())) or ""
    return re.sub("`(.+?)`", r"<code>\1</code>", escape(text.split("\n")[0].split("。")[0]))
