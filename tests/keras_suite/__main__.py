"""Run Keras' own tests: `python -m tests.keras_suite [what pytest takes]`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.keras_suite.plugin import SOURCE

ROOT = SOURCE.parents[2]


def run(*arguments: str) -> int:
    # Many of the tests write files where they stand.
    with tempfile.TemporaryDirectory() as folder:
        # Python runs it first in every process, also in those that the tests start.
        Path(folder, "sitecustomize.py").write_text("import labkit\n\nlabkit.as_keras()\n")
        path = os.pathsep.join([str(ROOT), folder])
        return subprocess.run(
            [
                sys.executable,
                *("-m", "pytest", "-p", "tests.keras_suite.plugin", "-p", "no:cacheprovider"),
                *("--rootdir", str(SOURCE), "--confcutdir", str(SOURCE)),
                *("--config-file", os.devnull, "-W", "ignore", "-q"),
                *("--ignore", str(SOURCE / "tests/docs"), *arguments),
            ],
            cwd=folder,
            # With PYTHONWARNINGS=ignore Keras' tests leave the words of warnings alone.
            env={**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"},
        ).returncode


if __name__ == "__main__":
    given = sys.argv[1:]
    if not any(SOURCE.joinpath("tests", a.split("::")[0]).exists() for a in given):
        given.append(str(SOURCE / "tests"))
    sys.exit(run(*given))
