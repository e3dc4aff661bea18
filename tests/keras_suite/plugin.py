"""The pytest plugin of the run: labkit is `keras`, and the tests that do not apply must fail."""

import importlib.util
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import labkit
from tests.keras_suite.exceptions import FILES, TESTS, UNRUN, UNSTABLE

SOURCE = Path(__file__).parents[2] / ".cache/keras/Keras-2.2.5"
#: What the tests bring with them but Keras keeps among its own modules.
TOOLS = {
    "keras.utils.test_utils": "keras/utils/test_utils.py",
    "keras.backend.numpy_backend": "keras/backend/numpy_backend.py",
}

OUTCOMES = ("passed", "failed", "error", "xfailed", "xpassed", "skipped")


def load(name: str, path: str) -> None:
    """A module from Keras' source package, under its name."""
    spec = importlib.util.spec_from_file_location(name, SOURCE / path)
    assert spec and spec.loader
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, sys.modules[name])


# Names of the NumPy that the tests were written for.
np.int, np.alltrue = int, np.all  # type: ignore[attr-defined]
labkit.as_keras()
for name, path in TOOLS.items():
    load(name, path)


class Import(pytest.Item):
    """Imports the file that it stands for."""

    def runtest(self):
        runpy.run_path(str(self.path))


class Unimportable(pytest.File):
    """A file that cannot be imported, for the reason told in FILES: one test, which imports it."""

    def collect(self):
        yield Import.from_parent(self, name="import")


def place(path: Path) -> str:
    return path.relative_to(SOURCE / "tests").as_posix()


def pytest_pycollect_makemodule(module_path, parent):
    if place(module_path) in FILES:
        return Unimportable.from_parent(parent, path=module_path)


def pytest_collection_modifyitems(items):
    for item in items:
        file = place(item.path)
        test = f"{file}::{item.name}"
        reason = FILES.get(file) or TESTS.get(test)
        if reason:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
        elif test in UNRUN:
            item.add_marker(pytest.mark.xfail(reason=UNRUN[test], run=False))
        elif test in UNSTABLE:
            item.add_marker(pytest.mark.xfail(reason=UNSTABLE[test]))


def pytest_terminal_summary(terminalreporter):
    """How many pass, how many do not apply, how many skip themselves: of the layers, of all."""
    for name, folder in (("layers", "keras/layers/"), ("all", "")):
        counts = {
            outcome: sum(f"/tests/{folder}" in f"/{r.nodeid}" for r in reports)
            for outcome, reports in terminalreporter.stats.items()
            if outcome in OUTCOMES
        }
        figures = " ".join(f"{outcome}={counts.get(outcome, 0)}" for outcome in OUTCOMES)
        terminalreporter.write_line(f"{name}: tests={sum(counts.values())} {figures}")
