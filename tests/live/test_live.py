"""<live-code> in Chromium, on pages made here, with the built site's bundle and runtime."""

import re

import pytest

from tests.browser import cell, finish, open_page, record, run_cell
from tests.live.hostile import HOSTILE
from tests.live.pages import EXERCISE, code, fence, live, type_into
from tests.unreadable import UNREADABLE

# One page for all tests that need no fresh Python: each uses its own cells, found by their name.
CELLS = {
    "zero": "0",
    "none": "None",
    "text": "print('一')\n'二'",
    "stderr": "import sys\nprint('出')\nprint('错', file=sys.stderr)",
    "warning": "import warnings\nwarnings.warn('小心')",
    "traceback": "import json\n\ndef read(t):\n    return json.loads(t)\n\nread('{')",
    "syntax": "a = 1\nb = = 2",
    "bar": "import time\nfor i in range(9):\n    print(f'\\r{i}/8', end='')\n    time.sleep(0.1)",
    "long": "print('长' * 30_000)",
    "make": "count = 1\nprint('make')",
    "use": "print(count + 1)",
    "broken": "broken = 1 / 0",
    "after": "broken",
    "figure": """
import matplotlib.pyplot as plt
plt.figure(figsize=(2, 2))
plt.text(0.2, 0.2, '卷', fontsize=80)
plt.show()
plt.figure(figsize=(2, 2))
plt.text(0.2, 0.2, '\\ue000', fontsize=80)
plt.title('没有这个字')""".strip(),
    "minus": "plt.plot([-2, -1], label='损失')\nplt.legend()\nplt.title('负数：−1')",
    "svg": "class Picture:\n    def _repr_svg_(self):\n        return '<svg xmlns="
    '"http://www.w3.org/2000/svg" width="30" height="20"/>\'\nPicture()',
    "full width": "print（1）",
    "no svg": "class Q:\n    def _repr_svg_(self): return '<p>'\n"
    "    def __repr__(self): return 'Q!'\nQ()",
    "input": "input('名字？')",
    "keyboard": "1 + 1",
    "labkit": """
import numpy as np
from labkit.layers import Dense
Dense(2)(np.ones((1, 3))).shape""".strip(),
}


@pytest.fixture(scope="module")
def shared(browser, host, write):
    with open_page(browser, f"{host}/{write('shared.html', live(*CELLS.values()))}") as page:
        yield page


@pytest.fixture
def run(shared):
    return lambda name: run_cell(shared, list(CELLS).index(name))


def place(page, name):
    return cell(page, list(CELLS).index(name))


def test_last_value(run):
    assert run("zero").text == ["0"]
    assert run("none").text == []
    assert run("text").text == ["一", "'二'"]
    assert run("labkit").text == ["(1, 2)"]


def test_stderr_and_warnings(run):
    output = run("stderr")
    assert (output.text, output.stderr) == (["出"], "错\n")
    for _ in range(2):  # Python itself shows a warning once only
        assert "UserWarning: 小心" in run("warning").stderr


def test_error_shows_the_readers_lines_and_marks_the_last(shared, run):
    output = run("traceback")
    assert "json.loads(t)" in output.error and "decoder.py" not in output.error
    assert "JSONDecodeError" in output.error
    wrong = place(shared, "traceback").locator(".live-wrong")
    assert wrong.all_text_contents() == ["    return json.loads(t)"]


def test_syntax_error_marks_its_line_until_the_reader_types(shared, run):
    assert "SyntaxError" in run("syntax").error
    wrong = place(shared, "syntax").locator(".live-wrong")
    assert wrong.all_text_contents() == ["b = = 2"]
    wrong.click()
    shared.keyboard.type("#")
    assert wrong.count() == 0


def test_cells_that_cannot_be_read_leave_the_others_alone(open_cells):
    """Some end the browser's stack, and Python with it, where Python itself reads them."""
    codes = [code for name, code in UNREADABLE.items() if name != "half a character"]
    with open_cells("x = 1", *["0"] * len(codes), "x + 1") as page:
        page.evaluate(
            """codes => {
                const cells = [...document.querySelectorAll('live-code')];
                codes.forEach((code, i) => cells[i + 1].versions.fill(code));
            }""",
            codes,
        )
        output = run_cell(page, len(codes) + 1)
        assert (output.text, output.note) == (["2"], "先运行了第 1 格。")
        for index, code in enumerate(codes, 1):
            output = run_cell(page, index)
            assert "Error: " in output.error and output.note == "", code[:80]
        # The same Python: its variables are there.
        output = run_cell(page, len(codes) + 1)
        assert (output.text, output.note) == (["2"], "")


def test_deep_code_that_is_allowed_runs(open_cells):
    codes = ["x = 5" + " + 1" * 390, "(" * 78 + "1" + ")" * 78, "-" * 390 + "1", "x"]
    with open_cells(*codes) as page:
        assert [run_cell(page, i).text for i in range(4)] == [[], ["1"], ["1"], ["395"]]


def test_await_outside_functions(open_cells):
    code = "import asyncio\nfor i in range(2):\n    await asyncio.sleep(0.01)\n    print(i)\n"
    count = "async def count():\n    for i in range(3):\n        yield i\n"
    codes = [f"{code}x = i", "x", f"{count}[i async for i in count()]", "await nothing"]
    with open_cells(*codes) as page:
        output = run_cell(page, 1)
        assert (output.text, output.note) == (["1"], "先运行了第 1 格。")
        assert run_cell(page, 0).text == ["0", "1"]
        assert run_cell(page, 2).text == ["[0, 1, 2]"]
        assert "NameError" in run_cell(page, 3).error
        assert cell(page, 3).locator(".live-wrong").all_text_contents() == ["await nothing"]


def test_endless_await_is_stopped_and_keeps_the_variables(open_cells):
    code = "import asyncio\nasync def wait():\n    await asyncio.sleep(1e6)\nawait wait()"
    with open_cells("x = 5", code, "x") as page:
        run_cell(page, 0)
        cell(page, 1).locator("button[name=run]").click()
        cell(page, 1).locator(".live-status", has_text="运行中").wait_for()
        cell(page, 1).locator("button[name=stop]").click()
        assert finish(page, 1, timeout=5000).error == "已停止，停在第 3 行。"
        output = run_cell(page, 2)
        assert (output.text, output.note) == (["5"], "")


def test_full_width_characters_are_named(run):
    assert "第 1 行第 6 个字符 （ 要换成英文的 ( " in run("full width").error


def test_what_is_no_svg_leaves_the_value(run):
    output = run("no svg")
    assert (output.text, output.figures) == (["Q!"], [])


def test_printing_without_end_is_stopped(open_cells):
    with open_cells("1", "for i in range(10**9): print(i)", "2") as page:
        run_cell(page, 0)
        output = run_cell(page, 1, timeout=10_000)
        assert "请少打印一些" in output.error or "请少打印一些" in cell(page, 1).text_content()
        assert run_cell(page, 2).text == ["2"]


def test_many_and_giant_figures(open_cells):
    draw = "import matplotlib.pyplot as plt\n"
    many = f"{draw}for i in range(40):\n    plt.figure(figsize=(1, 1))\n    plt.plot([i])"
    giant = f"{draw}plt.figure(figsize=(125, 125))\nplt.plot([1])"
    with open_cells(many, giant, f"{draw}plt.plot([1])") as page:
        output = run_cell(page, 0)
        assert (len(output.figures), output.stderr) == (20, "")
        note = cell(page, 0).locator(".live-output .note").text_content()
        assert note == "图太多，只显示前 20 幅，后面的 20 幅没有显示。"
        assert "这幅图太大" in run_cell(page, 1).error
        output = run_cell(page, 2)
        assert (len(output.figures), output.error, output.note) == (1, None, "")


def test_progress_bar_stays_in_its_line(shared, run):
    shared.evaluate(
        """index => {
            window.lines = new Set();
            const cell = document.querySelectorAll('live-code')[index];
            const output = cell.querySelector('.live-output');
            new MutationObserver(() => lines.add(output.textContent)).observe(
                output, {childList: true, subtree: true, characterData: true});
        }""",
        list(CELLS).index("bar"),
    )
    assert run("bar").text == ["8/8"]
    # It was seen while it grew, never two states at once.
    seen = shared.evaluate("[...lines]")
    assert len(seen) > 3 and all(len(line) <= 3 for line in seen)


def test_long_output_is_cut(shared, run):
    assert len(run("long").text[0]) == 20_000
    assert "没有显示" in place(shared, "long").locator(".live-output .note").text_content()


def test_cells_that_are_needed_run_first_and_once(shared, run):
    number = list(CELLS).index("make") + 1
    output = run("use")
    assert (output.text, output.note) == (["2"], f"先运行了第 {number} 格。")
    made = place(shared, "make").locator(".stdout")
    assert made.text_content() == "make\n"
    made.evaluate("element => element.dataset.old = 'yes'")
    output = run("use")
    assert (output.text, output.note) == (["2"], "")
    assert made.get_attribute("data-old") == "yes"


def test_a_needed_cell_that_fails_is_named(shared, run):
    output = run("after")
    number = list(CELLS).index("broken") + 1
    assert output.note == f"第 {number} 格没有运行成功，所以这一格没有运行。"
    assert "ZeroDivisionError" in place(shared, "broken").locator(".error").text_content()


def pixels(image):
    """The figure's pixels, unpacked by the browser itself."""
    return image.evaluate(
        """async image => {
            await image.decode();
            const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0);
            return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
        }"""
    )


def test_figures_have_chinese_glyphs(shared, run):
    output = run("figure")
    assert output.error is None
    # The second figure shows how a missing glyph is noticed: by a warning, as another picture.
    assert set(re.findall(r"Glyph (\d+) .* missing", output.stderr)) == {str(0xE000)}
    chinese, missing = output.figures
    assert min(pixels(chinese)) == 0
    assert pixels(chinese) != pixels(missing)
    assert missing.get_attribute("alt").startswith("图：没有这个字，")
    box = chinese.bounding_box()
    assert 100 < box["width"] < 400 and 100 < box["height"] < 400


def test_minus_sign_and_legend_need_no_other_font(run):
    output = run("minus")
    assert (output.stderr, output.error, len(output.figures)) == ("", None, 1)


def test_svg_is_shown_as_an_image(run):
    (figure,) = run("svg").figures
    assert figure.evaluate("image => image.decode().then(() => image.naturalWidth)") == 30


def test_input_says_what_to_do_instead(run):
    assert "input()" in run("input").error.splitlines()[-1]


def test_keyboard(shared):
    here = place(shared, "keyboard")
    content = here.locator(".cm-content")
    content.click()
    shared.keyboard.press("Control+Enter")
    here.locator(".value").wait_for()
    assert here.locator(".value").text_content() == "2\n"
    shared.keyboard.press("Home")
    shared.keyboard.press("Tab")
    assert content.inner_text() == "    1 + 1"
    shared.keyboard.press("Escape")
    shared.keyboard.press("Tab")
    assert shared.evaluate("document.activeElement.name") == "run"


def test_names_for_those_who_listen(shared, run):
    run("zero")  # an empty output is hidden
    here = place(shared, "zero")
    label = f"第 {list(CELLS).index('zero') + 1} 格"
    here.get_by_role("button", name=f"运行：{label}").focus()
    here.get_by_role("textbox", name=f"{label}的代码").wait_for()
    assert here.get_by_role("region", name=f"{label}的输出").is_visible()


def test_the_result_is_read_out_once(open_cells):
    """Not the lines as they come; a figure by its description, an error by its last line."""
    picture = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n1 / 0"
    with open_cells("for i in range(400): print(i)", picture, "None") as page:
        page.evaluate("""() => {
            window.spoken = [];
            for (const place of document.querySelectorAll(".live-spoken")) {
                const watch = new MutationObserver(() => spoken.push(place.textContent));
                watch.observe(place, { childList: true });
            }
        }""")
        run_cell(page, 0)
        assert page.locator(".live-spoken").first.get_attribute("role") == "status"
        start, end = page.evaluate("spoken.splice(0)")
        assert start == "运行中…"
        assert end.startswith("0\n1\n2\n") and end.endswith("…（其余没有读出）") and len(end) < 400
        run_cell(page, 1)
        assert page.evaluate("spoken.splice(0)")[1:] == [
            "图：1 条曲线；横轴从 0 到 1，纵轴从 1 到 2。\n"
            "出错了：ZeroDivisionError: division by zero"
        ]
        run_cell(page, 2)
        assert page.evaluate("spoken.splice(0)")[1:] == ["运行完毕，没有输出。"]


def test_the_focus_stays_where_run_and_stop_are(open_cells):
    focused = "document.activeElement.name ?? document.activeElement.tagName"
    place = "JSON.stringify(document.activeElement.getBoundingClientRect())"
    with open_cells("while True: pass", "1") as page:
        run = cell(page, 0).locator("button[name=run]")
        run.focus()
        before = page.evaluate(place)
        page.keyboard.down("Enter")
        assert page.evaluate(focused) == "stop"
        assert page.evaluate(place) == before
        page.keyboard.down("Enter")  # it is still held down
        cell(page, 0).locator(".live-status", has_text="运行中").wait_for(timeout=60_000)
        page.keyboard.up("Enter")
        assert page.evaluate(focused) == "stop"
        page.keyboard.press("Enter")
        finish(page, 0)
        assert page.evaluate(focused) == "run"
        run.dblclick()  # its second half is no wish to stop
        cell(page, 0).locator(".live-status", has_text="运行中").wait_for()
        assert page.evaluate(focused) == "stop"


@pytest.mark.parametrize("isolated", [True, False])
def test_stop_interrupts_and_keeps_the_variables(open_cells, request, isolated):
    host = request.getfixturevalue("host" if isolated else "plain_host")
    with open_cells("x = [0]", "while True:\n    x[0] += 1", "x[0] > 0", host=host) as page:
        run_cell(page, 0)
        cell(page, 1).locator("button[name=run]").click()
        cell(page, 1).locator(".live-status", has_text="运行中").wait_for()
        page.wait_for_timeout(300)
        cell(page, 1).locator("button[name=stop]").click()
        assert finish(page, 1).error == "已停止，停在第 2 行。"
        page.evaluate("document.querySelector('live-code:nth-of-type(2)').remove()")
        assert run_cell(page, 0).note == ""


def test_stop_where_interrupts_are_refused_starts_python_anew(open_cells, plain_host):
    """As by a host's own policy: nothing is where Python should look."""
    with open_cells("x = 1", "x\nwhile True: pass", "x + 1", host=plain_host) as page:
        page.evaluate(
            """() => {
                const make = URL.createObjectURL;
                URL.createObjectURL = (blob) => blob.size ? make.call(URL, blob) : "blob:nothing";
            }"""
        )
        cell(page, 1).locator("button[name=run]").click()
        cell(page, 1).locator(".live-status", has_text="运行中").wait_for(timeout=60_000)
        page.wait_for_timeout(300)
        cell(page, 1).locator("button[name=stop]").click()
        assert "变量已清空" in finish(page, 1, timeout=2000).note
        output = run_cell(page, 2)
        assert (output.text, output.note) == (["2"], "先运行了第 1 格。")


def test_stop_when_python_does_not_listen(open_cells):
    """One long step in C never looks at the interrupt."""
    with open_cells("sum(range(10**12))", "1") as page:
        cell(page, 0).locator("button[name=run]").click()
        cell(page, 0).locator(".live-status", has_text="运行中").wait_for(timeout=60_000)
        cell(page, 0).locator("button[name=stop]").click()
        assert "变量已清空" in finish(page, 0, timeout=3000).note
        assert run_cell(page, 1).text == ["1"]


def test_stop_while_python_loads(open_cells):
    with open_cells("1", "2") as page:
        for _ in range(2):
            # Pressed by the page itself: loading may take less time than a look from outside.
            page.evaluate(
                """() => new Promise(resolve => {
                    const part = selector => document.querySelector('live-code ' + selector);
                    const status = part('.live-status');
                    new MutationObserver((_, observer) => {
                        if (!/下载|启动/.test(status.textContent)) return;
                        observer.disconnect();
                        part('button[name=stop]').click();
                        resolve();
                    }).observe(status, {childList: true});
                    part('button[name=run]').click();
                })"""
            )
            output = finish(page, 0, timeout=1000)
            assert "已停止" in output.note and output.text == []
        assert run_cell(page, 1).text == ["2"]


def test_a_late_reply_reaches_no_other_job(open_cells):
    """The worker answers for the first cell once more, while the second waits for its own reply."""
    with open_cells("print('一')", "print('二')\n1 / 0") as page:
        record(page)
        assert run_cell(page, 0).text == ["一"]
        page.evaluate(
            """() => {
                window.shown = [];
                const output = document.querySelector('.live-output');
                new MutationObserver(() => shown.push(output.textContent)).observe(
                    output, {childList: true, subtree: true});
                worker.postMessage(asked.at(-1));
                document.querySelectorAll('live-code button[name=run]')[1].click();
            }"""
        )
        output = finish(page, 1)
        assert output.text == ["二"] and "ZeroDivisionError" in output.error
        assert page.evaluate("shown") == []


def test_loading_says_what_loads(open_cells):
    with open_cells("import numpy\n1") as page:
        page.evaluate(
            """() => {
                window.shown = [];
                const status = document.querySelector('.live-status');
                new MutationObserver(() => shown.push(status.textContent)).observe(
                    status, {childList: true});
            }"""
        )
        run_cell(page, 0)
        shown = " ".join(page.evaluate("shown"))
        assert re.search("载入 Python.*启动 Python.*载入 numpy.*运行中", shown), shown


def test_what_the_reader_types_is_kept(open_cells, write):
    with open_cells("x = 1", "x = 2") as page:
        edited = cell(page, 1).get_by_text("已修改")
        type_into(page, 1, "  # 我的")
        assert edited.is_visible()
        page.reload()
        assert code(page, 1) == "x = 2  # 我的" and edited.is_visible()

        cell(page, 1).locator("button[name=reset]").click()
        assert code(page, 1) == "x = 2" and not edited.is_visible()
        page.reload()
        cell(page, 1).locator("button[name=recall]").click()
        assert code(page, 1) == "x = 2  # 我的"

        # The cell moves: its text goes with it.
        write("page-0.html", live("new = 0", "x = 1", "x = 2"))
        page.reload()
        assert [code(page, i) for i in range(3)] == ["new = 0", "x = 1", "x = 2  # 我的"]

        # The cell's own text changes: the reader chooses.
        write("page-0.html", live("new = 0", "x = 1", "x = 3"))
        page.reload()
        assert code(page, 2) == "x = 2  # 我的"
        cell(page, 2).locator("button[name=renew]").click()
        assert code(page, 2) == "x = 3"
        cell(page, 2).locator("button[name=recall]").click()
        assert code(page, 2) == "x = 2  # 我的"
        page.reload()
        assert not cell(page, 2).locator("button[name=keep]").is_visible()

        write("page-0.html", live("new = 0", "x = 1", "x = 4"))
        page.reload()
        cell(page, 2).locator("button[name=keep]").click()
        page.reload()
        assert code(page, 2) == "x = 2  # 我的"
        assert not cell(page, 2).locator("button[name=keep]").is_visible()


def test_copying_that_is_refused_is_said(open_cells):
    with open_cells("x = 1") as page:
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(0); }")
        cell(page, 0).locator("button[name=copy]").click()
        cell(page, 0).locator(".live-status", has_text="浏览器不让复制").wait_for()


@pytest.mark.parametrize("secure", [True, False])
def test_copy(open_cells, secure):
    with open_cells("x = 1", permissions=["clipboard-read", "clipboard-write"]) as page:
        if not secure:  # as over plain http
            page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        type_into(page, 0, "2")
        cell(page, 0).locator("button[name=copy]").click()
        cell(page, 0).locator(".live-status", has_text="已复制").wait_for()
        if secure:
            assert page.evaluate("navigator.clipboard.readText()") == "x = 12"
        else:
            page.keyboard.press("Control+A")
            cell(page, 0).locator(".cm-content").click()
            page.keyboard.press("Control+A")
            page.keyboard.press("Control+V")
            assert code(page, 0) == "x = 12"


def test_solution_fills_the_exercise_and_gives_the_readers_text_back(open_cells):
    with open_cells(text=EXERCISE) as page:
        assert page.locator("live-code").count() == 2
        type_into(page, 0, "  # 我想想")
        assert run_cell(page, 1).text == ["还不对"]
        page.locator("summary").click()
        page.get_by_role("button", name="填入练习").click()
        assert code(page, 0).endswith("return 2 * x")
        output = run_cell(page, 1)
        assert (output.text, output.note) == (["通过"], "先运行了第 1 格。")
        cell(page, 0).locator("button[name=recall]").click()
        assert code(page, 0).endswith("# 我想想")
        cell(page, 0).locator("button[name=recall]").click()
        assert code(page, 0).endswith("return 2 * x")


def test_static_code_of_the_page_runs_when_it_is_needed(open_cells):
    with open_cells(text=fence("start = 3") + live("start + 1")) as page:
        output = run_cell(page, 0)
        assert (output.text, output.note) == (["4"], "先运行了正文里的代码。")


def test_waking_up_moves_nothing(open_cells):
    text = "一\n\n" + live("x = 1", "def f():\n    return 1") + "\n二"
    for viewport in ({"width": 1200, "height": 900}, {"width": 390, "height": 844}):
        with open_cells(text=text, viewport=viewport, java_script_enabled=False) as page:
            plain = page.locator("code").first.bounding_box()
            assert cell(page, 0).count() == 0
        with open_cells(text=text, viewport=viewport) as page:
            page.add_init_script(
                """window.shift = 0;
                new PerformanceObserver(list => {
                    for (const entry of list.getEntries()) shift += entry.value;
                }).observe({type: 'layout-shift', buffered: true});"""
            )
            page.reload()
            page.locator(".cm-content").nth(1).wait_for()
            page.wait_for_timeout(300)
            assert page.evaluate("shift") < 0.01
            editor = cell(page, 0).locator(".cm-editor").bounding_box()
            assert abs(editor["height"] - plain["height"]) < 1
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_editors_do_not_move_the_page_under_the_pointer(open_cells):
    """A click would miss its button: the press hits it, the release what has come in its place."""
    lines = "\n".join(f"x{i} = {i}" for i in range(15))
    with open_cells(*[lines] * 30, viewport={"width": 1200, "height": 700}) as page:
        cell(page, 0).locator(".cm-editor").wait_for()
        for index in range(3, 30, 3):
            # The code has left the window above; its editor comes now.
            place = page.evaluate(
                """index => {
                    const cell = document.querySelectorAll('live-code')[index];
                    scrollBy(0, cell.querySelector('.live-bar').getBoundingClientRect().top - 50);
                    return scrollY;
                }""",
                index,
            )
            cell(page, index).locator(".cm-editor").wait_for()
            page.wait_for_timeout(50)
            assert page.evaluate("scrollY") == place


def test_nothing_of_python_loads_before_it_is_needed(open_cells):
    with open_cells("x = 1") as page:
        cell(page, 0).locator(".cm-content").wait_for()
        loaded = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
        assert not any("runtime" in name or "python-worker" in name for name in loaded)


def test_cells_far_from_the_reader_stay_plain(open_cells):
    with open_cells(*(f"x{i} = {i}" for i in range(40))) as page:
        cell(page, 0).locator(".cm-editor").wait_for()
        assert page.locator("live-code").count() == 40
        # Editors are made where the reader is.
        assert page.locator(".cm-editor").count() < 20


# What a reader's code does to Python itself, and what the reader is told


def press(page, index, name="run"):
    cell(page, index).locator(f"button[name={name}]").first.click()


@pytest.mark.parametrize("shared", [True, False])
def test_an_isolated_host_with_and_without_shared_memory(open_cells, shared):
    """WebKitGTK has crossOriginIsolated, and no SharedArrayBuffer."""
    with open_cells("while True: pass", "1 + 1") as page:
        if not shared:
            page.add_init_script("delete globalThis.SharedArrayBuffer")
            page.reload()
        assert page.evaluate("crossOriginIsolated")
        assert run_cell(page, 1).text == ["2"]
        press(page, 0)
        cell(page, 0).locator(".live-status", has_text="运行中").wait_for()
        press(page, 0, "stop")
        assert finish(page, 0).error == "已停止，停在第 1 行。"
        assert run_cell(page, 1).text == ["2"]


@pytest.mark.parametrize("refused", ["window.Worker", "Worker.prototype.postMessage"])
def test_a_browser_that_refuses_a_worker_is_explained(open_cells, refused):
    with open_cells("1 + 1") as page:
        page.evaluate(
            f"""() => {{
                window.kept = {refused};
                {refused} = function () {{ throw new Error('不许'); }};
            }}"""
        )
        assert "浏览器不让 Python 启动（Error: 不许）。" in run_cell(page, 0, 5000).note
        page.evaluate(f"() => void ({refused} = kept)")
        cell(page, 0).get_by_role("button", name="重试").click()
        assert finish(page, 0).text == ["2"]


SILENT = "Python 不再回应，已经关闭。变量已清空，再次运行时会先运行需要的格。"


def test_a_worker_that_answers_no_more_is_replaced(open_cells):
    code = "import js\njs.self.eval('setTimeout(() => { while (true); }, 200)')\n0"
    with open_cells(code, "x = 1", "x") as page:
        run_cell(page, 0)
        page.wait_for_timeout(300)
        output = run_cell(page, 2, timeout=15_000)
        assert (output.text, output.note) == (
            ["1"],
            "以前的代码让 Python 不再回应，已经换了一个新的。先运行了第 2 格。",
        )


def test_a_worker_that_answers_no_more_is_told_where_nobody_asks(open_cells):
    with open_cells(HOSTILE["fork left behind"].code, "1") as page:
        run_cell(page, 0)
        cell(page, 0).locator(".live-note", has_text=SILENT).wait_for(timeout=15_000)
        assert run_cell(page, 1).text == ["1"]


def test_the_worker_keeps_what_it_needs_of_its_own_scope(open_cells):
    code = "import js\njs.self.onmessage = None\njs.self.postMessage = None\njs.self.close()\nx = 1"
    with open_cells(code, "x + 1") as page:
        run_cell(page, 0, 10_000)
        output = run_cell(page, 1, 10_000)
        assert (output.text, output.note) == (["2"], "")


def test_long_work_is_not_mistaken_for_a_dead_worker(open_cells, plain_host):
    work = "import time\nend = time.time() + 5\nwhile time.time() < end: pass\nx = 1"
    with open_cells("0", work, "x", host=plain_host) as page:
        run_cell(page, 0)
        press(page, 1)
        output = run_cell(page, 2)  # waits its turn
        assert (output.text, output.note) == (["1"], "")
        assert cell(page, 1).locator(".live-note").text_content() == ""


@pytest.mark.parametrize(
    "code, damage",
    [
        ("import sys\nsys.modules.clear()", "Python 载入的模块（sys.modules）不见了"),
        ("import builtins\ndel builtins.len", "Python 内置的 len 不见了"),
    ],
)
def test_a_damaged_python_is_named_and_can_be_started_anew(open_cells, code, damage):
    with open_cells(code, "import numpy\nprint(len([1]))") as page:
        output = run_cell(page, 0)
        assert output.note == f"{damage}，以后的代码可能出错。 重新启动 Python"
        output = run_cell(page, 1)
        assert "Python 自身出了错" in output.note and "变量已清空" in output.note
        assert "网络" not in output.note
        press(page, 1, "restart")
        assert "正在重新启动 Python" in cell(page, 1).locator(".live-note").text_content()
        output = run_cell(page, 1)
        assert (output.text, output.note) == (["1"], "")


def test_restarting_clears_the_variables(open_cells):
    with open_cells("x = 1", "import builtins\ndel builtins.len", "x") as page:
        run_cell(page, 0)
        run_cell(page, 1)
        press(page, 1, "restart")
        output = run_cell(page, 2)
        assert (output.text, output.note) == (["1"], "先运行了第 1 格。")


@pytest.mark.parametrize(
    "code",
    [
        "class A:\n    def __repr__(self): raise SystemExit\nA()",
        "class A:\n    def __del__(self): raise SystemExit\nA()\nNone",
        "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E",
    ],
)
def test_exit_in_odd_places_leaves_python_running(open_cells, code):
    with open_cells("x = 1", f"x\n{code}", "x") as page:
        run_cell(page, 0)
        assert run_cell(page, 1).note == ""
        output = run_cell(page, 2)
        assert (output.text, output.note) == (["1"], "")


@pytest.mark.parametrize(
    "error, reason", [("raise SystemExit", "SystemExit"), ("1 / 0", "division")]
)
def test_an_error_of_a_timer_that_a_cell_left_behind_is_shown(open_cells, error, reason):
    code = f"import js\nfrom pyodide.ffi import create_proxy\ndef late(): {error}\nx = 1"
    with open_cells(f"{code}\njs.setTimeout(create_proxy(late), 100)\nNone", "x") as page:
        run_cell(page, 0)
        note = cell(page, 0).locator(".live-note")
        note.get_by_text("留在后台的代码出错了").wait_for(timeout=5000)
        assert reason in note.text_content()
        output = run_cell(page, 1)
        assert (output.text, output.note) == (["1"], "")


def busy(seconds):
    return f"import time\nend = time.time() + {seconds}\nwhile time.time() < end: pass\nx = 1"


def test_a_cell_that_runs_too_long_is_stopped_and_may_run_longer(open_cells):
    text = fence(busy(2), ".live data-limit=1") + live("x")
    with open_cells(text=text) as page:
        output = run_cell(page, 0)
        assert output.error == "已停止，停在第 3 行。"
        assert output.note == "运行满 1 秒，自动停止了。 再运行久一点（6 秒）"
        output = run_cell(page, 1)
        assert output.note.startswith("第 1 格运行满 1 秒，自动停止了。这一格没有运行。")
        press(page, 1, "longer")
        output = finish(page, 1)
        assert (output.text, output.note) == (["1"], "先运行了第 1 格。")


def test_the_limit_holds_without_interrupts(open_cells, plain_host):
    text = fence(busy(2), ".live data-limit=1")
    with open_cells(text=text, host=plain_host) as page:
        assert run_cell(page, 0).note.startswith("运行满 1 秒，自动停止了。")
        press(page, 0, "longer")
        output = finish(page, 0)
        assert (output.error, output.note) == (None, "")


def test_downloads_do_not_count_and_the_limit_is_20_seconds(open_cells):
    with open_cells("import numpy\nprint('起')\nwhile True: pass") as page:
        page.clock.install()
        page.route(
            "**/numpy-*.whl", lambda route: (page.clock.fast_forward(30_000), route.continue_())
        )
        press(page, 0)
        cell(page, 0).locator(".stdout").wait_for(timeout=60_000)
        page.clock.fast_forward(15_000)
        page.wait_for_timeout(100)
        assert cell(page, 0).locator(".live-status", has_text="运行中").is_visible()
        page.clock.fast_forward(6_000)
        output = finish(page, 0, timeout=5000)
        assert output.error == "已停止，停在第 3 行。"
        assert output.note == "运行满 20 秒，自动停止了。 再运行久一点（120 秒）"
