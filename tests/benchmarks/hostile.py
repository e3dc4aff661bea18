"""How soon a page answers code that would hang it, and the next cell: part of `make bench`."""

import os
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page

from tests.browser import START, cell, chromium, finish, run_cell, serve
from tests.live.hostile import HOSTILE
from tests.live.pages import Pages, live

GOALS = {"停止": 1.0, "卡顿": 1.0, "下一格": 4.0}  # seconds
# The longest time in which the page itself could do nothing.
WATCH = """() => {
  window.longest = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 10);
}"""

# By the page's own clock: a look from outside comes up to half a second late.
STOP = """async (index) => {
  const cell = document.querySelectorAll("live-code")[index];
  const begin = performance.now();
  cell.querySelector("button[name=stop]").click();
  while (cell.hasAttribute("running")) await new Promise(requestAnimationFrame);
  return (performance.now() - begin) / 1000;
}"""


def measure(page: Page, index: int, endless: bool) -> dict[str, float]:
    """Seconds; `停止` only where the reader has to stop the cell."""
    place = cell(page, index)
    page.evaluate(WATCH)
    place.locator("button[name=run]").first.click()
    found = {}
    if endless:
        place.locator(".live-status", has_text="运行中").wait_for(timeout=START)
        page.wait_for_timeout(500)
        found["停止"] = page.evaluate(STOP, index)
    else:
        finish(page, index)
    found["卡顿"] = page.evaluate("longest") / 1000
    begin = time.perf_counter()
    run_cell(page, index + 1)
    found["下一格"] = time.perf_counter() - begin
    return found


def main() -> None:
    late = []
    print(f"停不下来的代码，各用一个新的页面，秒；目标 {GOALS}。")
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(folder) as host,
        chromium() as browser,
        browser.new_context() as context,
    ):
        pages = Pages(Path(folder))
        for name, case in HOSTILE.items():
            page = context.new_page()
            page.goto(f"{host}/{pages.write('hostile.html', live('1', case.code, '1 + 1'))}")
            run_cell(page, 0)
            found = measure(page, 1, case.endless)
            page.close()
            print(f"{name:<30}", "  ".join(f"{key} {time:.2f}" for key, time in found.items()))
            late += [f"{name}：{key}" for key, time in found.items() if time > GOALS[key]]
    print(f"超过目标：{'、'.join(late) or '无'}。系统负载 {os.getloadavg()[0]:.1f}。")


if __name__ == "__main__":
    main()
