"""Files that do not come as they should: what the reader is told, and that trying again helps."""

import json
import re
from html import escape

import pytest

from docs.tools import runtime
from tests.browser import SITE, cell, finish, run_cell
from tests.faults import faults
from tests.fences import ROOT

SIZES = {
    name: file["size"]
    for name, file in json.loads((SITE / "runtime/files.json").read_text()).items()
}
LOCK = json.loads((SITE / "runtime" / runtime.LOCK_FILE).read_text())
CORE = [*runtime.CORE_FILES, runtime.STANDARD_LIBRARY]
WORKER = "python-worker.js"
START = "Python 没有载入成功："
NETWORK, LATER = "请检查网络后重试。", "请稍后重试。"
# The last one stays in the browser's cache when the server has long been mended.
FAULTS = {
    "missing": ("没有下载下来（服务器答复 404）", LATER),
    "failing": ("没有下载下来（服务器答复 500）", LATER),
    "cut": ("没有下载完整", NETWORK),
    "short": ("没有下载完整", NETWORK),
    "wrong": ("下载下来的内容不对", LATER),
}
# By package, in an order in which each has all that it needs but itself.
MODULES = {"six": "six", "cycler": "cycler", "packaging": "packaging", "Pillow": "PIL"}
MODULES |= {"pyparsing": "pyparsing", "kiwisolver": "kiwisolver", "python-dateutil": "dateutil"}
MODULES |= {"numpy": "numpy", "contourpy": "contourpy", "labkit": "labkit"}
LAST = len(MODULES) + 1
DRAW = "import matplotlib.pyplot as plt\nplt.plot([x])\nplt.show()"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pages of cells on the site's own files: `page.html`, and one that imports every package."""
    folder = tmp_path_factory.mktemp("site")
    for part in ("live", "runtime"):
        (folder / part).symlink_to(SITE / part)
    packages = ["x = 5", *(f"import {name}\nx" for name in MODULES.values()), DRAW, "x"]
    for name, codes in {"page": ["1 + 1"], "packages": packages}.items():
        block = '<div class="language-python live highlight"><pre><code>{}\n</code></pre></div>'
        (folder / f"{name}.html").write_text(
            '<!doctype html><html lang="zh"><meta charset="utf-8"><link rel="icon" href="data:,">'
            '<title>试</title><script type="module" src="live/live-code.js"></script>'
            + "".join(block.format(escape(code)) for code in codes)
        )
    return folder


@pytest.fixture
def server(folder):
    with faults(folder) as server:
        yield server


@pytest.fixture
def open_page(browser, server):
    contexts = []

    def open_page(name):
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/{name}.html")
        return page

    yield open_page
    for context in contexts:
        context.close()


def attempt(page, index):
    """Run the cell, or run it again by the button that the last failure has left."""
    again = cell(page, index).get_by_role("button", name="重试")
    if not again.count():
        return run_cell(page, index)
    again.click()
    return finish(page, index)


def file_of(package):
    return LOCK["packages"][package]["file_name"]


def see(page, index, pattern):
    """Wait for these words beside the button."""
    cell(page, index).locator(".live-status", has_text=re.compile(pattern)).wait_for()


@pytest.mark.parametrize("name", CORE)
def test_a_file_of_python_itself(server, open_page, name):
    page = open_page("page")
    for fault, (reason, advice) in FAULTS.items():
        server.orders = {f"runtime/{name}": fault}
        assert attempt(page, 0).note == f"{START}{name} {reason}。{advice} 重试", fault
    server.orders = {}
    output = attempt(page, 0)
    assert (output.text, output.note) == (["2"], "")


def test_a_package_or_the_font_and_what_was_there_stays(server, open_page):
    page = open_page("packages")
    run_cell(page, 0)
    files = {package["name"]: package["file_name"] for package in LOCK["packages"].values()}
    files["中文字体"] = "fonts/*.ttf"
    assert set(files) == {*MODULES, "matplotlib", "中文字体"}
    places = [*((name, i) for i, name in enumerate(MODULES, 1)), ("matplotlib", LAST)]
    for name, index in [*places, ("中文字体", LAST)]:
        for fault, (reason, advice) in FAULTS.items():
            server.orders = {f"runtime/{files[name]}": fault}
            words = f"这里要用的 {name} {reason}，所以没有运行。变量都还在，{advice} 重试"
            assert attempt(page, index).note == words, (name, fault)
        server.orders = {}
        if name != "matplotlib":  # the font belongs to the same cell
            output = attempt(page, index)
            assert (output.error, output.note) == (None, ""), name
    assert cell(page, LAST).locator(".live-output img").count() == 1
    output = run_cell(page, LAST + 1)
    assert (output.text, output.note) == (["5"], "")


@pytest.mark.parametrize("name", [WORKER, *CORE])
def test_a_file_that_hangs(server, open_page, name):
    """The other files come; then the page's clock is turned on, for half a minute is long."""
    page = open_page("page")
    page.clock.install()
    server.orders = {f"*/{name}": "hanging"}
    cell(page, 0).locator("button[name=run]").click()
    if name != WORKER:
        # Pyodide's first module asks for the library.
        others = {*CORE} - {name} - ({runtime.STANDARD_LIBRARY} if name == CORE[0] else set())
        come = sum(SIZES[other] for other in others)
        see(page, 0, f"：{come / 1e6:.1f} / {sum(SIZES[file] for file in CORE) / 1e6:.1f} MB")
    page.clock.run_for(11_000)
    see(page, 0, rf"^{name} 已经 1\d 秒没有收到数据…$")
    page.clock.run_for(20_000)
    reason = "没有下载下来（30 秒没有收到数据）"
    assert finish(page, 0, 5000).note == f"{START}{name} {reason}。{NETWORK} 重试"
    server.orders = {}
    assert attempt(page, 0).text == ["2"]


def test_a_package_that_hangs_is_given_up_and_python_stays(server, open_page):
    page = open_page("packages")
    run_cell(page, 0)
    page.clock.install()
    server.orders = {"*/numpy-*": "stalling"}
    numpy = list(MODULES).index("numpy") + 1
    place = cell(page, numpy)
    place.locator("button[name=run]").click()
    see(page, numpy, f"^载入 numpy：1.4 / {SIZES[file_of('numpy')] / 1e6:.1f} MB")
    place.locator("button[name=stop]").click()
    assert finish(page, numpy, 5000).note == "已停止，numpy 还没有载入。变量都还在。"
    place.locator("button[name=run]").click()
    see(page, numpy, "^载入 numpy：1.4")
    page.clock.run_for(31_000)
    reason = "没有下载下来（30 秒没有收到数据），所以没有运行。变量都还在，"
    assert finish(page, numpy, 5000).note == f"这里要用的 numpy {reason}{NETWORK} 重试"
    server.orders = {}
    output = attempt(page, numpy)
    assert (output.text, output.note) == (["5"], "")


def test_the_home_page_says_how_much_and_a_slow_line_how_long(browser):
    (said,) = re.findall(r"约 (\d+) MB", (ROOT / "docs/index.md").read_text())
    wheels = [package["file_name"] for package in LOCK["packages"].values()]
    total = sum(SIZES[name] for name in [*CORE, *wheels, "fonts/NotoSansSC-subset.ttf"])
    assert int(said) == round(total / 1e6)
    with faults(SITE) as server, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        server.orders, server.rate = {"runtime/*": "slow"}, 400_000
        cell(page, 0).locator("button[name=run]").click()
        see(page, 0, rf"^载入 Python：\d\.\d / {total / 1e6:.1f} MB，大约还要 (1 分钟|[6-9]0 秒)$")
        server.rate = 1000
        see(page, 0, rf"^载入 Python：\d+ / {total / 1e3:.0f} kB，大约还要 \d+ 小时$")
        words = cell(page, 0).locator(".live-status").text_content()
        assert words
        cell(page, 0).locator(".live-status").get_by_text(words, exact=True).wait_for(
            state="detached"
        )
        cell(page, 0).locator("button[name=stop]").click()
        assert finish(page, 0, 5000).note.startswith("已停止。")


def test_the_server_goes_and_comes_back(folder, server, open_page):
    page, other = open_page("packages"), open_page("page")
    run_cell(page, 0)
    server.leave()
    output = run_cell(page, 1)
    assert output.note.startswith("这里要用的 six 没有下载下来（连不上服务器），所以没有运行。")
    assert run_cell(page, LAST + 1).text == ["5"]
    assert run_cell(other, 0).note == f"{START}{WORKER} 没有下载下来。{NETWORK} 重试"
    with faults(folder, server.server_port):
        output = attempt(page, 1)
        assert (output.text, output.note) == (["5"], "")
        assert attempt(other, 0).text == ["2"]


@pytest.mark.parametrize("fault", ["missing", "failing", "cut", "short"])
def test_the_workers_own_script(server, open_page, fault):
    page = open_page("page")
    server.orders = {f"live/{WORKER}": fault}
    assert run_cell(page, 0).note == f"{START}{WORKER} 没有下载下来。{NETWORK} 重试"
    server.orders = {}
    if fault == "short":  # it stands in the browser's cache
        assert attempt(page, 0).text == ["2"]


def test_without_webassembly_or_workers(server, open_page):
    page = open_page("page")

    def without(route):
        response = route.fetch()
        route.fulfill(response=response, body=f"delete self.WebAssembly;{response.text()}")

    page.route(f"**/{WORKER}", without)
    reason = "没有 WebAssembly，可能被浏览器的安全设置关掉了"
    assert run_cell(page, 0).note == f"浏览器不让 Python 启动（{reason}）。 重试"
    page.evaluate("delete window.Worker")
    assert attempt(page, 0).note == "浏览器不让 Python 启动（没有 Web Worker）。 重试"
    assert page.locator(".cm-content").first.inner_text() == "1 + 1"


def test_scripts_that_hang(browser):
    """The page stays readable, and says what is missing."""
    with faults(SITE) as server, browser.new_context() as context:
        server.orders = {"live/live-code.js": "hanging", "live/layer-lab.js": "short"}
        page = context.new_page()
        page.clock.install()
        page.goto(f"http://127.0.0.1:{server.server_port}/layers/core/Dense/", wait_until="commit")
        page.locator("footer").first.wait_for(state="attached")
        page.clock.run_for(21_000)
        for place, words in {
            ".live.highlight": "代码可以读，现在不能运行",
            "layer-lab": "图可以看，现在不能改参数",
        }.items():
            page.locator(f".live-missing:visible:has(+ {place})", has_text=words).first.wait_for()


def test_an_editor_that_hangs_or_is_kept_damaged(server, open_page):
    server.orders = {"live/editor-*.js": "hanging"}
    page = open_page("page")
    page.clock.install()
    before = len(server.asked)
    page.reload(wait_until="commit")
    for _ in range(300):
        if any("editor" in name for name in server.asked[before:]):
            break
        page.wait_for_timeout(100)
    page.clock.run_for(21_000)
    missing = page.get_by_text("编辑框没有载入，这里的代码只能读和运行，不能改。")
    missing.wait_for()
    assert run_cell(page, 0).text == ["2"]
    server.orders = {"live/editor-*.js": "short"}
    page = open_page("page")  # the clock takes the place of `performance`, too
    page.get_by_text("编辑框没有载入").wait_for()
    server.orders = {}
    page.get_by_role("button", name="重新载入页面").click()
    page.locator(".cm-content").wait_for()
