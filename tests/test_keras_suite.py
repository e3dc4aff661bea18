"""Keras 2.2.5's own tests pass on labkit, and the pages say how many."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def figures(output: str, group: str) -> dict[str, int]:
    line = next(line for line in output.splitlines() if line.startswith(f"{group}: "))
    return {name: int(n) for name, n in re.findall(r"(\w+)=(\d+)", line)}


def test_keras_own_tests():
    result = subprocess.run(
        [sys.executable, "-m", "tests.keras_suite"], capture_output=True, text=True, cwd=ROOT
    )
    assert result.returncode == 0, result.stdout[-5000:]
    layers, everything = figures(result.stdout, "layers"), figures(result.stdout, "all")
    passed = f"{everything['tests']} 个测试里 {everything['passed']} 个通过"
    for page in ("README.md", "docs/index.md", "docs/old-code.md"):
        assert passed in (ROOT / page).read_text(), f"{page}: {passed}"
    of_layers = f"层的测试 {layers['tests']} 个，通过 {layers['passed']} 个"
    assert of_layers in (ROOT / "docs/old-code.md").read_text(), of_layers
