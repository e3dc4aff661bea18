"""Run every live cell of a page on its own, after those that docs/live/prerequisites.py finds.

`python -m tests.alone docs/layers/core/Dense.md` prints the cells whose output is then another.
"""

import os
import sys
import warnings
from pathlib import Path

from docs.live.prerequisites import accesses, providers
from tests.fences import ROOT, fences, run


def check(page):
    cells = [fence for fence in fences(page) if "solution" not in fence.classes]
    page_accesses = accesses([fence.code for fence in cells])
    problems = []
    for index, fence in enumerate(cells):
        if "live" not in fence.classes:
            continue
        namespace = {"__name__": "__main__"}
        try:
            for needed in providers(page_accesses, index):
                run(cells[needed], namespace)
            output = run(fence, namespace)
        except Exception as error:
            output = [repr(error)]
        if [line.rstrip() for line in output] != [line.rstrip() for line in fence.expected]:
            problems.append(f"{page}:{fence.line}: {output}, not {fence.expected}")
    return problems


def main(page):
    os.environ["MPLBACKEND"] = "Agg"
    os.environ["MATPLOTLIBRC"] = str(ROOT / "docs/live/matplotlibrc")
    warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
    problems = check(Path(page).resolve())
    print("\n".join(problems))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
