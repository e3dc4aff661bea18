"""The house: labkit's rooms, floor by floor. test_floors.py holds the code to it, and
docs/tools/floors.py draws it on the page 参与贡献.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

#: From the top down. A room (a file, or a folder with all that is in it) imports only from the
#: floors below its own. `labkit` and `labkit.utils` alone stand for their `__init__.py`.
FLOORS = (
    ("labkit",),
    (
        "labkit.compatibility",
        "labkit.display",
        "labkit.utils",
        "labkit.utils.vis_utils",
    ),
    ("labkit.diagrams",),
    ("labkit.wrappers",),
    ("labkit.layers",),
    ("labkit.models", "labkit.activations"),
    ("labkit.engine",),
    ("labkit.saving", "labkit.metrics", "labkit.utils.layer_utils"),
    (
        "labkit.losses",
        "labkit.initializers",
        "labkit.regularizers",
        "labkit.constraints",
        "labkit.callbacks",
        "labkit.optimizers",
        "labkit.utils.conv_utils",
    ),
    ("labkit.backend",),
    ("labkit.preprocessing", "labkit.datasets"),
    ("labkit.arguments",),
    (
        "labkit.utils.data_utils",
        "labkit.utils.generic_utils",
        "labkit.utils.io_utils",
        "labkit.utils.np_utils",
        "labkit.utils.ownership",
    ),
    ("labkit.manner",),
    ("labkit.utils.progbar", "labkit.errors"),
)
#: Packages whose modules are rooms of their own.
SHARED_OUT = {"labkit", "labkit.utils"}
ROOMS = {room: len(FLOORS) - number for number, floor in enumerate(FLOORS) for room in floor}


class Import(NamedTuple):
    importer: str
    imported: str
    names: tuple[str, ...]
    line: int
    late: bool  # inside a function, or under a condition as TYPE_CHECKING is


def modules() -> dict[str, Path]:
    """Every module of labkit and its file."""
    found = {}
    for path in sorted((ROOT / "labkit").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def room(module: str) -> str | None:
    """The room that a module stands in; None where FLOORS names none."""
    if module in ROOMS:
        return module
    parent = module.rpartition(".")[0]
    return None if not parent or parent in SHARED_OUT else room(parent)


def imports(module: str) -> list[Import]:
    """All that a module takes from modules of labkit, wherever the import stands."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text())
    found = []
    for node in ast.walk(tree):
        late = node not in tree.body
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in MODULES:
                    found.append(Import(module, alias.name, (), node.lineno, late))
        if isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            target = ".".join(filter(None, [above, node.module]))
            names: dict[str, list[str]] = {}
            for alias in node.names:
                part = f"{target}.{alias.name}"
                names.setdefault(part if part in MODULES else target, []).append(alias.name)
            for imported, taken in names.items():
                if imported in MODULES:
                    found.append(Import(module, imported, tuple(taken), node.lineno, late))
    return found


IMPORTS = [found for module in MODULES for found in imports(module)]
