"""Whether memory stays flat over many runs and many pages: part of `make bench`."""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, CDPSession

from tests.browser import SITE, chromium, run_cell, serve
from tests.live.memory import held
from tests.live.pages import Pages, live

RUNS, PAGES = 200, 50
FIGURE = """
import gc
import numpy as np
import matplotlib.pyplot as plt
import pyodide_js
from labkit.layers import Dense
y = Dense(100)(np.ones((100, 100)))
plt.plot(y[0])
plt.show()
gc.collect()
print(len(gc.get_objects()), pyodide_js._module.HEAP8.length / 1e6)"""
LAYERS = ["core/Dense", "convolutional/Conv2D", "recurrent/LSTM", "merge/Add", "core/Dropout"]


def resident(browser: Browser) -> float:
    """MB that all processes of the browser have in memory, what they share counted once each."""
    session: CDPSession = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    total = 0
    for process in processes:
        smaps = Path(f"/proc/{process['id']}/smaps_rollup")
        words = next(line for line in smaps.read_text().splitlines() if line.startswith("Pss:"))
        total += int(words.split()[1])
    return total / 1e3


def show(label: str, page_holds: dict[str, float], more: str) -> None:
    words = "  ".join(f"{name} {value:.1f}" for name, value in page_holds.items())
    print(f"{label:<12}{words}  {more}", flush=True)


def runs(browser: Browser) -> None:
    with tempfile.TemporaryDirectory() as folder, serve(folder) as host:
        page = browser.new_page()
        page.goto(f"{host}/{Pages(Path(folder)).write('memory.html', live(FIGURE.strip()))}")
        session = page.context.new_cdp_session(page)
        for run in range(RUNS + 1):
            output = run_cell(page, 0)
            if run % 40 == 0:
                python = "Python 对象 {}，内存 {} MB".format(*output.text[-1].split())
                show(f"{run} 次运行", held(session), f"{python}，浏览器 {resident(browser):.0f} MB")
        page.close()


def pages(browser: Browser) -> None:
    with serve(SITE) as host:
        page = browser.new_page()
        for visit in range(PAGES + 1):
            page.goto(f"{host}/layers/{LAYERS[visit % len(LAYERS)]}/")
            run_cell(page, 0)
            if visit % (2 * len(LAYERS)) == 0:  # the same page each time
                session = page.context.new_cdp_session(page)
                show(f"{visit} 次换页", held(session), f"浏览器 {resident(browser):.0f} MB")
        page.close()


def main() -> None:
    print("内存：JSHeapUsedSize 是页面的 MB，不含 Python。")
    with chromium() as browser:
        runs(browser)
        pages(browser)


if __name__ == "__main__":
    main()
