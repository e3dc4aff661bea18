"""Running a cell again and again holds no more of the browser's memory than once.

tests/benchmarks/memory.py counts more runs, and pages.
"""

import time

from tests.browser import cell, finish, run_cell
from tests.live.memory import held

RUNS = 20
CODE = """
import matplotlib.pyplot as plt
for k in range(100): print(k)
plt.figure(figsize=(1, 1))
plt.show()""".strip()


def test_runs_leave_nothing_behind(open_cells):
    with open_cells(CODE, "1 / 0") as page:
        session = page.context.new_cdp_session(page)

        def run(times):
            for _ in range(times):
                run_cell(page, 0)
                run_cell(page, 1)
            return held(session)

        before, after = run(5), run(RUNS)
    assert after["Nodes"] <= before["Nodes"]
    assert after["JSEventListeners"] <= before["JSEventListeners"]
    assert after["JSHeapUsedSize"] - before["JSHeapUsedSize"] < RUNS * 0.01  # MB


def test_a_python_that_was_ended_is_gone(open_cells):
    with open_cells("import os\nos._exit(0)") as page:
        for _ in range(3):
            run_cell(page, 0)
            cell(page, 0).locator("button[name=restart]").click()
            finish(page, 0)
        deadline = time.monotonic() + 10  # Chromium ends them in its own time
        while len(page.workers) > 1 and time.monotonic() < deadline:
            page.wait_for_timeout(50)
        assert len(page.workers) == 1
