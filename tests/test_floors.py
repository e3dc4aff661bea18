"""The plan of the house (floors.py): a room for every file, no way up, no circle."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from token import COMMENT
from tokenize import tokenize

import pytest

from tests.floors import IMPORTS, MODULES, ROOMS, Import, imports, room


def told(found: Import) -> str:
    return (
        f"{found.importer}:{found.line} -> {found.imported} ({', '.join(found.names) or 'module'})"
    )


def test_every_file_has_a_room_and_every_room_a_file():
    assert not [module for module in MODULES if room(module) is None]
    assert {room(module) for module in MODULES} == set(ROOMS)


def test_a_room_imports_only_from_the_floors_below():
    upward = [
        told(found)
        for found in IMPORTS
        if room(found.importer) != room(found.imported)
        and ROOMS[room(found.importer)] <= ROOMS[room(found.imported)]
    ]
    assert not upward, "\n".join(upward)


def test_no_circle_of_eager_or_late_imports():
    graph = TopologicalSorter({module: set() for module in MODULES})
    for found in IMPORTS:
        graph.add(found.importer, found.imported)
    try:
        graph.prepare()
    except CycleError as error:
        circle = error.args[1][::-1]
        steps = set(zip(circle, circle[1:], strict=False))
        taken = [told(found) for found in IMPORTS if (found.importer, found.imported) in steps]
        pytest.fail("\n".join(taken))


def comments(path):
    """The numbers of the lines that hold a comment."""
    with path.open("rb") as file:
        return {token.start[0] for token in tokenize(file.readline) if token.type == COMMENT}


def test_a_late_import_says_why():
    silent = []
    for module, path in MODULES.items():
        said = comments(path)
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom) and node not in tree.body:
                if not said & set(range(node.lineno - 1, node.end_lineno + 1)):
                    silent.append(f"{module}:{node.lineno}")
    assert not silent


#: Ways to a module that the tests above do not see.
HIDDEN = re.compile(
    r"importlib|__import__|sys\.modules\[|resolve_name|pydoc|runpy|\bexec\(|\beval\(['\"]"
    r"|import keras|from keras|from tests|import tests|from docs|import docs"
)


def test_only_the_top_of_the_house_imports_by_a_computed_name():
    top = max(ROOMS.values()) - 1
    hidden = [
        f"{module}: {found[0]}"
        for module, path in MODULES.items()
        if ROOMS[room(module)] < top and (found := HIDDEN.search(path.read_text()))
    ]
    assert not hidden


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from ..layers import Dense", ("labkit.layers", ("Dense",), False)),
        ("from .. import losses", ("labkit.losses", ("losses",), False)),
        ("import labkit.models", ("labkit.models", (), False)),
        ("def f():\n    from .graph import Node", ("labkit.engine.graph", ("Node",), True)),
        (
            "if TYPE_CHECKING:\n    from .graph import Node",
            ("labkit.engine.graph", ("Node",), True),
        ),
    ],
)
def test_imports_are_read_wherever_they_stand(source, found, tmp_path, monkeypatch):
    path = tmp_path / "weighted.py"
    path.write_text(source)
    monkeypatch.setitem(MODULES, "labkit.engine.weighted", path)
    (read,) = imports("labkit.engine.weighted")
    assert (read.imported, read.names, read.late) == found
