"""How much a page transfers and how long Python takes: `make bench` on the built site."""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from tests.browser import FLAGS, SITE, executable, run_cell, serve

ROUNDS = 3
REPEATS = 5  # runs of the same cell on the same page
FIRST_PAGE, NEXT_PAGE = "", "layers/core/Dense/"


@contextmanager
def fresh_profile(playwright: Playwright) -> Iterator[BrowserContext]:
    """A new profile on disk, which keeps compiled WebAssembly; a private window would not."""
    with tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=executable(), args=FLAGS
        )
        try:
            yield context
        finally:
            context.close()


def transferred(context: BrowserContext, address: str) -> int:
    """Bytes on the wire, headers included, until the page has been quiet for half a second."""
    page = context.new_page()
    sizes: list[int] = []
    network = context.new_cdp_session(page)
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    network.send("Network.enable")
    page.goto(address, wait_until="networkidle")
    page.close()
    return int(sum(sizes))


def pages() -> list[str]:
    return sorted(path.parent.relative_to(SITE).as_posix() for path in SITE.rglob("index.html"))


def seconds_to_run(page: Page) -> float:
    """From the press of Run in the first cell to its last output."""
    begin = time.perf_counter()
    output = run_cell(page, 0)
    elapsed = time.perf_counter() - begin
    if output.error:
        raise RuntimeError(f"{page.url}: {output.error}")
    return elapsed


def seconds_to_repeat(page: Page) -> float:
    return statistics.median(seconds_to_run(page) for _ in range(REPEATS))


def measure_round(playwright: Playwright, base: str) -> tuple[float, float, float, float]:
    """A cell with a figure and a cell with text: the first result, the same again, each."""
    with fresh_profile(playwright) as context:
        page = context.new_page()
        page.goto(f"{base}/{FIRST_PAGE}", wait_until="networkidle")
        cold, figure = seconds_to_run(page), seconds_to_repeat(page)
        page.goto(f"{base}/{NEXT_PAGE}", wait_until="networkidle")
        return cold, seconds_to_run(page), seconds_to_repeat(page), figure


def report(label: str, value: str, goal: str) -> None:
    print(f"{label:　<14}{value:>12}    目标 ≤ {goal}")


def main() -> None:
    with sync_playwright() as playwright, serve(SITE) as base:
        sizes = {}
        for name in pages():
            with fresh_profile(playwright) as context:
                sizes[name] = transferred(context, f"{base}/{name}/".replace("/./", "/"))
        largest = max(sizes, key=lambda name: sizes[name])
        rounds = [measure_round(playwright, base) for _ in range(ROUNDS)]
    cold, following, text, figure = map(statistics.median, zip(*rounds, strict=True))
    print(
        f"测完时系统负载 {os.getloadavg()[0]:.1f}（{os.cpu_count()} 核）；别的程序越忙，时间越长。"
    )
    print(f"Chromium，本机服务器，{ROUNDS} 次的中位数。首页第一格与 {NEXT_PAGE} 第一格。")
    report("按运行之前的下载量", f"{sizes['.'] / 1000:.0f} kB", "400 kB（首页）")
    report("同上，最大的一页", f"{sizes[largest] / 1000:.0f} kB", f"400 kB（{largest}）")
    report("第一个结果，空缓存", f"{cold:.2f} s", "6 s")
    report("下一页，有缓存", f"{following:.2f} s", "3.5 s")
    report("同一页再运行，文字", f"{text:.2f} s", "0.2 s")
    report("同一页再运行，图", f"{figure:.2f} s", "0.2 s")
    runtime = sum(path.stat().st_size for path in (SITE / "runtime").rglob("*"))
    print(f"运行环境 {runtime / 1e6:.1f} MB，只下载一次。")


if __name__ == "__main__":
    main()
