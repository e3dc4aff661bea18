"""Real Chromium for tests: start it, open pages under watch, run live cells."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from docs.tools.serve import serve

__all__ = ["Output", "SITE", "cell", "chromium", "open_page", "record", "run_cell", "serve"]

SITE = Path(__file__).parent.parent / "site"
# Background traffic off; a software adapter for WebGPU, also where the machine has a GPU.
FLAGS = """--headless --no-sandbox --disable-gpu-sandbox --disable-quic --no-first-run
--disable-background-networking --disable-component-update --disable-sync
--enable-unsafe-webgpu --use-webgpu-adapter=swiftshader""".split()
START = 60_000  # milliseconds that loading Python may take on a busy machine


def executable() -> str | None:
    """$CHROMIUM, else the machine's own; None stands for the one that playwright has installed."""
    names = [os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]
    return next(filter(None, (shutil.which(name) for name in names if name)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser, address: str, **options) -> Iterator[Page]:
    """A page in a fresh profile; any console error or request to another host fails the test."""
    context = browser.new_context(**options)
    page = context.new_page()
    host = urlsplit(address).netloc
    problems = []

    def check_host(request):
        parts = urlsplit(request.url)
        if parts.scheme not in ("blob", "data") and parts.netloc != host:
            problems.append(f"request to another host: {request.url}")

    def check_console(message):
        if message.type == "error":
            problems.append(f"console: {message.text} {message.location.get('url', '')}")

    context.on("request", check_host)
    context.on("console", check_console)
    context.on(
        "weberror", lambda error: problems.append(f"uncaught: {error.error.stack or error.error}")
    )
    # The console of workers does not reach the context.
    page.on("worker", lambda worker: worker.on("console", check_console))
    try:
        page.goto(address)
        yield page
    except Exception as error:
        for problem in problems:
            error.add_note(problem)
        raise
    finally:
        context.close()
    assert not problems, "\n".join(problems)


def record(page: Page) -> None:
    """Keep in the page what it asks of Python from now on, `asked`, and whom: `worker`."""
    page.evaluate(
        """() => {
            const post = Worker.prototype.postMessage;
            window.asked = [];
            Worker.prototype.postMessage = function (message, ...rest) {
                window.worker = this;
                if (message.type !== 'ping') asked.push(message);
                return post.call(this, message, ...rest);
            };
        }"""
    )


@dataclass(frozen=True)
class Output:
    text: list[str]  # lines of stdout and of the last value
    stderr: str
    figures: list[Locator]
    error: str | None  # traceback, or that the cell was stopped
    note: str


def cell(page: Page, index: int) -> Locator:
    """A live cell of the page, counted from 0."""
    return page.locator("live-code").nth(index)


def run_cell(page: Page, index: int, timeout: float = START) -> Output:
    """Press Run, wait for the end."""
    place = cell(page, index)
    place.locator("button[name=run]").first.click()
    return finish(page, index, timeout)


def finish(page: Page, index: int, timeout: float = START) -> Output:
    place = cell(page, index)
    place.locator("button[name=run]").first.wait_for(timeout=timeout)
    error = place.locator(".live-output .error, .live-output pre.note")
    return Output(
        text="".join(place.locator(".stdout, .value").all_text_contents()).splitlines(),
        stderr="".join(place.locator(".stderr").all_text_contents()),
        figures=place.locator(".live-output img").all(),
        error=error.text_content() if error.count() else None,
        note=place.locator(".live-note").text_content() or "",
    )
