"""The tests that need neither browser nor build, in the readers' own Python; see in_pyodide.py."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_tests_pass_in_the_readers_python():
    run = subprocess.run(
        ["node", "tests/in_pyodide.mjs", "tests"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
    )
    if run.returncode:
        # Their ids come last.
        pytest.fail("\n".join(run.stdout.splitlines()[-200:]), pytrace=False)
    assert " passed" in run.stdout
