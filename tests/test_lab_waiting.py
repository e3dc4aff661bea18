"""<layer-lab> while Python is not there, not yet, busy, damaged or asked for the impossible."""

import json
import re

import pytest

from labkit.diagrams import panel
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.states import BRACKETS, example
from tests.browser import SITE, START, cell, finish, open_page, run_cell
from tests.fences import ROOT
from tests.test_lab import DENSE, lab_of, set_field, turn

AXE = ROOT / "node_modules/axe-core/axe.min.js"
RUNTIME = "**/runtime/**"
CHINESE = re.compile("[\u4e00-\u9fff]")
# The questions of panels, and what comes back, stop here while `held` is true.
HOLD = """() => {
    const post = Worker.prototype.postMessage;
    window.held = true;
    Worker.prototype.postMessage = function (message, ...rest) {
        if (!held || message.type !== "lab") post.call(this, message, ...rest);
    };
}"""


def diagram(lab, layer, view="形状"):
    return lab.locator(f".diagram[aria-label='{layer} 层的{view}图']")


def waiting(lab):
    """What the reader sees over the picture, and hears: '' while nothing is awaited."""
    said = lab.locator(".lab-waiting [role=status]")
    return said.text_content() if said.is_visible() else ""


def unwatched(browser, address):
    """A page where files may be missing; the browser complains, so no open_page."""
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    return page, errors


def test_every_layer_opens_from_a_file():
    files = {path.stem: path for path in (SITE / "live/openings").iterdir()}
    assert set(files) == set(EXAMPLES)
    # Some systems do not tell capitals from small letters in names of files.
    assert len({name.lower() for name in files}) == len(files)
    for name in ("GRU", "Convolution2D", "StackedRNNCells"):
        # Through JSON, which knows no tuples.
        expected = json.loads(json.dumps(panel.opening(name)))
        assert json.loads(files[name].read_text()) == expected
        assert expected["state"] == example(name)
        assert list(expected["pictures"]) == expected["shown"]["views"]


def test_a_link_to_a_layers_default_needs_no_python(browser, host):
    with open_page(browser, f"{host}/lab/#lab&layer=GRU&view=gates") as page:
        page.route(RUNTIME, lambda route: pytest.fail("Python was started"))
        lab = lab_of(page)
        lab.locator(".diagram[aria-label='GRU 一步之内的图']").wait_for()
        assert lab.get_by_label("层", exact=True).input_value() == "GRU"
        assert lab.get_by_label("recurrent_activation", exact=True).count() == 1
        turn(lab, "逐步")  # not drawn for readers without JavaScript, but it is in the file
        lab.locator(".lab-player").wait_for()
        page.evaluate("location.hash = '#lab&layer=Dot&view=dependency'")
        diagram(lab, "Dot", "依赖").wait_for()
        assert lab.get_by_label("层", exact=True).input_value() == "Dot"


def test_no_layers_picture_stands_under_another_name(browser, host):
    """Not while its file is on the way, and not if it does not come: then Python draws it."""
    page, errors = unwatched(browser, host)
    held = []
    page.route("**/openings/*.json", lambda route: held.append(route))
    page.goto(f"{host}/lab/#lab&view=shape")
    lab = lab_of(page)
    diagram(lab, "Conv2D").wait_for()
    lab.get_by_label("层", exact=True).select_option("GRU")
    assert not diagram(lab, "Conv2D").is_visible()
    assert not lab.get_by_label("filters", exact=True).is_visible()
    lab.get_by_text("正在载入 GRU 的参数和图…").wait_for()
    # Another choice in the meantime: the file that comes late is not shown.
    lab.get_by_label("层", exact=True).select_option("LSTM")
    lab.get_by_text("正在载入 LSTM 的参数和图…").wait_for()
    held[0].continue_()
    held[1].abort()
    lab.get_by_text("LSTM 的图没有载入（连不上服务器），改由 Python 来画").wait_for()
    assert not lab.locator(".diagram").first.is_visible()
    diagram(lab, "LSTM").wait_for(timeout=START)
    assert lab.get_by_label("units", exact=True).is_visible()
    assert not waiting(lab)
    lab.get_by_label("层", exact=True).select_option("Flatten")
    page.wait_for_timeout(200)
    held[2].fulfill(status=404)
    diagram(lab, "Flatten").wait_for()
    assert not errors
    page.context.close()


SAID_IN_TIME = """(units) => {
    const lab = document.querySelector("layer-lab");
    const said = lab.querySelector(".lab-waiting [role=status]");
    const field = lab.querySelector("input[type=number]");
    field.value = units;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const first = said.textContent;
    // Timers come in the order of their times, however busy the machine is.
    return new Promise((resolve) => setTimeout(() => resolve([first, said.textContent]), 200));
}"""


def test_what_is_awaited_is_said_and_goes_away(browser, host):
    with open_page(browser, f"{host}/{DENSE}") as page:
        held = []
        page.route("**/runtime/pyodide.asm.wasm", lambda route: held.append(route))
        page.evaluate(AXE.read_text())
        lab = lab_of(page)
        busy = lab.locator(".lab-picture[aria-busy=true]")
        stale = page.locator("layer-lab .lab-stale")
        first, then = page.evaluate(SAID_IN_TIME, "5")
        assert first == ""  # most answers come sooner, and nothing flickers
        assert then == waiting(lab) == "正在画 Dense 的形状图，下面还是原来的…"
        assert busy.count() == stale.count() == 1
        lab.locator(".lab-progress", has_text="载入 Python").wait_for(timeout=START)
        bar, picture = (
            lab.locator(name).bounding_box() for name in (".lab-waiting", ".lab-picture")
        )
        assert bar and picture and abs(bar["y"] - picture["y"]) < 30
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert not page.evaluate("axe.run('layer-lab')")["violations"]
        # What is wanted last is what is waited for.
        lab.get_by_role("tab", name="逐步", exact=True).click()
        lab.get_by_text("正在画 Dense 的逐步图").wait_for()
        while not held:
            page.wait_for_timeout(50)
        held[0].continue_()
        lab.locator(".lab-player").wait_for(timeout=START)
        assert "units=5" in page.url and not waiting(lab)
        assert not busy.count() and not stale.count()


@pytest.mark.parametrize("way", ["停止", "重试"])
def test_a_question_that_takes_too_long_can_be_stopped(browser, host, way):
    with open_page(browser, f"{host}/{DENSE}") as page:
        lab = lab_of(page)
        set_field(lab, "units", "5")
        lab.locator(".diagram text", has_text="units=5").wait_for(timeout=START)
        lab.get_by_text("不小于 1").wait_for()  # the ranges, asked last
        page.clock.install()
        page.evaluate(HOLD)
        set_field(lab, "units", "6")
        page.clock.run_for(19_000)
        bar = lab.locator(".lab-waiting")
        assert not bar.get_by_role("button").count()
        page.clock.run_for(2_000)
        bar.get_by_text("已经 20 秒没有回音。").wait_for()
        page.evaluate("held = false")
        bar.get_by_role("button", name=way).click()
        if way == "停止":
            alert = lab.get_by_role("alert")
            alert.get_by_text("已停止，图没有重画。").wait_for()
            assert not waiting(lab)
            alert.get_by_role("button", name="重试").click()
        page.clock.resume()
        lab.locator(".diagram text", has_text="units=6").wait_for(timeout=START)
        assert not waiting(lab) and lab.locator(".lab-error:empty").count() == 1


def write_cell(page, code):
    cell(page, 0).scroll_into_view_if_needed()  # where an editor is made
    cell(page, 0).locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(code)


DAMAGE = """import labkit.diagrams.panel as panel, labkit.layers, sys
panel.answer = lambda request: '{"error": "坏了", "fixes": []}'
labkit.layers.Dense.count_params = lambda self: 10**6
sys.modules.clear()"""


def test_cells_neither_block_nor_change_the_panel(browser, host):
    with open_page(browser, f"{host}/{DENSE}") as page:
        lab = lab_of(page)
        write_cell(page, DAMAGE)
        run_cell(page, 0)
        set_field(lab, "units", "5")
        lab.locator(".lab-cost", has_text="共 20 个参数。").wait_for(timeout=START)
        page.get_by_role("button", name="重新启动 Python").first.click()
        write_cell(page, "while True: pass")
        cell(page, 0).get_by_role("button", name="运行").click()
        cell(page, 0).locator(".live-output[aria-busy=true]").wait_for(
            state="attached", timeout=START
        )
        set_field(lab, "units", "6")
        lab.locator(".lab-cost", has_text="共 24 个参数。").wait_for(timeout=5_000)
        assert cell(page, 0).locator("button[name=stop]").is_visible()
        cell(page, 0).get_by_role("button", name="停止").click()
        finish(page, 0)


def test_a_panel_without_python_says_so_and_tries_again(browser, host):
    """And the cells go their own way."""
    page, errors = unwatched(browser, host)
    page.goto(f"{host}/{DENSE}")
    lab = lab_of(page)
    page.route("**/runtime/pyodide.mjs", lambda route: route.abort())
    set_field(lab, "units", "5")
    alert = lab.get_by_role("alert")
    alert.get_by_text("Python 没有载入成功：pyodide.mjs").wait_for(timeout=START)
    assert not waiting(lab)
    page.unroute_all()
    assert not run_cell(page, 0).error
    alert.get_by_role("button", name="重试").click()
    lab.locator(".diagram text", has_text="units=5").wait_for(timeout=START)
    assert lab.locator(".lab-error:empty").count() == 1 and not errors
    page.context.close()


DEEP = "(" * 10_000
LINKS = [
    f"units={DEEP}",
    f"units={'(' * 250}",
    f"units={'[' * (BRACKETS + 1)}",
    f"activation={'-' * 290}1",
    f"units={'Dense(' * 40}",
    "x" * 1_000_000,
    f"units={'9' * 290}",
    "units=1e999",
    "units=-1e999",
    "units='3'",
    "units=None",
    "input=1e999",
    "input=None,-1",
    "input=" + ",".join("2" * 2000),
    "view=constructor",
    "view=%00",
    "step=1e999",
    "step=0.5",
    "step=NaN&view=steps",
    "masked=1e999",
    "cell=y1e9&view=dependency",
    "constructor=1",
    "self=1",
    "&".join(f"a{n}=1" for n in range(1000)),
    "__proto__=1&layer=Nope&units=%ED%A0%80",
]


def test_no_link_breaks_the_panel(browser, host):
    """It says in Chinese what is wrong; Python, and with it the panel, goes on."""
    with open_page(browser, f"{host}/lab/#lab&layer=Dense&units=4") as page:
        lab = lab_of(page)
        lab.locator(".diagram text", has_text="units=4").wait_for(timeout=START)
        for link in LINKS:
            page.evaluate("location.hash = '#lab&layer=Dense'")
            lab.locator(".lab-error:empty").wait_for(state="attached")
            page.evaluate("link => location.hash = `#lab&layer=Dense&${link}`", link)
            told = lab.locator(".lab-error p").first
            told.wait_for()
            shown = link[:40]
            assert CHINESE.search(told.text_content()), shown
            assert not re.search("网络|Python 出了错", told.text_content()), shown
            assert lab.locator(".lab-picture .diagram").is_visible(), shown
        page.evaluate("location.hash = '#lab&layer=Dense&units=5'")
        lab.locator(".diagram text", has_text="units=5").wait_for()
        assert lab.locator(".lab-error:empty").count() == 1


@pytest.mark.parametrize("link", [f"units={'(' * 250}", "view=nope", "units=7&input=1e999"])
def test_a_link_that_cannot_be_followed_opens_the_default(browser, host, link):
    with open_page(browser, f"{host}/{DENSE}#lab&{link}") as page:
        lab = lab_of(page)
        assert diagram(lab, "Dense").is_visible()
        if "units" in link:
            lab.get_by_text("正在画 Dense 的形状图，下面还是默认设置的…").wait_for()
        said = "参数的写法" if "(" in link else "看不懂，没有采用"
        lab.get_by_role("alert").get_by_text(said).wait_for(timeout=START)
        assert diagram(lab, "Dense").is_visible()
        lab.get_by_role("button", name="恢复默认").click()
        assert lab.locator(".lab-error:empty").count() == 1


def counts(page, session):
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
        page.wait_for_timeout(50)
    found = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    return {name: found[name] for name in ("Nodes", "JSEventListeners", "JSHeapUsedSize")}


LAYERS_IN_TURN = ["GRU", "Conv2D", "Dot", "Dense"]


def test_memory_stays_flat(browser, host):
    with open_page(browser, f"{host}/lab/") as page:
        lab = lab_of(page)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")

        def change(times):
            for n in range(times):
                set_field(lab, "units", str(2 + n % 20))
                lab.locator(".diagram text", has_text=re.compile(f"units={2 + n % 20}$")).wait_for(
                    timeout=START
                )

        def choose(times):
            for n in range(times):
                name = LAYERS_IN_TURN[n % len(LAYERS_IN_TURN)]
                lab.get_by_label("层", exact=True).select_option(name)
                diagram(lab, name).wait_for()
                turn(lab, "依赖")
                turn(lab, "形状")

        turn(lab, "形状")
        choose(8)
        change(10)
        before = counts(page, session)
        # Measured once with 100 and 200; what leaks shows with fewer, too.
        choose(20)
        change(40)
        after = counts(page, session)
        assert after["Nodes"] <= before["Nodes"] + 100, (before, after)
        assert after["JSEventListeners"] <= before["JSEventListeners"] + 15, (before, after)
        assert after["JSHeapUsedSize"] <= before["JSHeapUsedSize"] + 1_000_000, (before, after)
