"""The record of the reader's work: kept, shared by tabs, exported, imported; never lost unsaid."""

import json
from contextlib import contextmanager

import pytest

from tests.browser import SITE, cell, open_page, run_cell, serve
from tests.live.pages import EXERCISE, SOLUTION, code, live, type_into
from tests.test_accessibility import AXE, OPTIONS, SMALL

TIME = "2026-01-02T03:04:05.678Z"
HEADER = {"format": "labkit-record", "version": 1}
FILL = """() => {  // to the last character
    let size = 1 << 22;
    for (let k = 0; size >= 1; size = Math.floor(size / 2))
        for (;;) try { localStorage.setItem(`full${k++}`, "x".repeat(size)); } catch { break; }
}"""
EMPTY = """() => {
    for (const key of Object.keys(localStorage))
        if (key.startsWith("full")) localStorage.removeItem(key);
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A site below a path, with a real page for the record beside those of the tests."""
    folder = tmp_path_factory.mktemp("host") / "sub"
    folder.mkdir()
    for part in ("katex", "images", "my-record"):
        (folder / part).symlink_to(SITE / part)
    return folder


@pytest.fixture(scope="module")
def host(folder, write):
    with serve(folder.parent) as host:
        yield f"{host}/sub"


@pytest.fixture
def opened(browser, host, write):
    """Open a page of these cells; `script` runs before all others."""

    @contextmanager
    def opened(*codes, text=None, script=""):
        name = write("page.html", text or live(*codes))
        with open_page(browser, f"{host}/{name}") as page:
            if script:
                page.context.add_init_script(script)
                page.reload()
            yield page

    return opened


def stored(page):
    """Every item of the storage, by its key."""
    items = page.evaluate("({...localStorage})")
    return {name: text for name, text in items.items() if "/.__" not in name}  # the theme's


def key(name="page.html", kind="record"):
    return f"labkit-{kind}:/sub/:{name}"


def record(page):
    return json.loads(stored(page)[key()])


def put(page, name, value):
    text = value if isinstance(value, str) else json.dumps(value)
    page.evaluate("([name, text]) => localStorage.setItem(name, text)", [name, text])


def kept(starter, text, place=0, asides=(), edited=TIME):
    return {
        "place": place,
        "starter": starter,
        "text": text,
        "asides": list(asides),
        "edited": edited,
    }


def page_record(*cells, exercises=(), guesses=()):
    return {"cells": list(cells), "exercises": dict(exercises), "guesses": dict(guesses)}


def insert(page, index, text):
    """As type_into, at once."""
    cell(page, index).locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(text)


def test_the_record_of_a_page(opened):
    with opened("x = 1", "x = 2") as page:
        type_into(page, 1, "  # 我的")
        [item] = record(page)["cells"]
        assert {**item, "edited": TIME} == kept("x = 2", "x = 2  # 我的", place=1)
        assert item["edited"] > TIME and record(page) | HEADER == record(page)
        # By hand back to the original: there is nothing to keep.
        for _ in range(len("  # 我的")):
            page.keyboard.press("Backspace")
        assert key() not in stored(page)


def test_an_edit_just_before_the_tab_closes(opened):
    with opened("x = 1") as page:
        cell(page, 0).locator(".cm-content").click()
        page.keyboard.insert_text("y = 2\n")
        page.close(run_before_unload=False)
        again = page.context.new_page()
        again.goto(page.url)
        assert "y = 2" in code(again, 0)


def test_recalling_goes_through_all_texts(opened):
    with opened("x = 1") as page:
        recall = cell(page, 0).locator("button[name=recall]")
        for text in ("  # 一", "  # 二"):
            type_into(page, 0, text)
            cell(page, 0).locator("button[name=reset]").click()
        seen = []
        for _ in range(3):
            recall.click()
            seen.append(code(page, 0))
        assert seen == ["x = 1  # 二", "x = 1  # 一", "x = 1  # 二"]


def test_full_storage_is_said_and_the_text_can_be_exported(opened):
    with opened("x = 1", "x = 2") as page:
        insert(page, 0, "3")
        page.evaluate(FILL)
        note = page.locator(".record-note")
        insert(page, 0, "4" * 99)
        cell(page, 0).locator(".record-note", has_text="存储空间满了").wait_for()
        assert note.get_attribute("role") == "status"
        insert(page, 1, "5" * 99)
        cell(page, 1).locator(".record-note", has_text="关闭页面后就没有了").wait_for()
        assert note.count() == 1
        assert (
            note.get_by_role("link", name="我的记录").get_attribute("href").endswith("my-record/")
        )

        asked = []
        page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        page.reload()
        assert asked == ["beforeunload"] and code(page, 0) == "x = 13"

        insert(page, 1, "6" * 99)
        with page.expect_download() as download:
            page.get_by_role("button", name="导出我的代码").click()
        assert download.value.suggested_filename.startswith("labkit-record-")
        file = json.loads(download.value.path().read_text())
        texts = [item["text"] for item in file["pages"]["page.html"]["cells"]]
        assert texts == [code(page, 0), "x = 2" + "6" * 99]
        page.reload()
        assert len(asked) == 1  # it is in the file

        insert(page, 1, "7" * 99)
        note.wait_for()
        page.evaluate(EMPTY)
        insert(page, 1, "8")
        note.wait_for(state="detached")
        page.reload()
        assert len(asked) == 1 and code(page, 1) == "x = 2" + "7" * 99 + "8"


BLOCKED = {
    "the getter throws": """Object.defineProperty(window, "localStorage", {
        configurable: true,
        get() { throw new DOMException("Access is denied", "SecurityError"); }})""",
    "setItem throws": """Storage.prototype.setItem = () => {
        throw new DOMException("No", "SecurityError"); }""",
    "getItem throws": """Storage.prototype.getItem = () => {
        throw new DOMException("No", "SecurityError"); }""",
    "there is none": """Object.defineProperty(window, "localStorage", {
        configurable: true, value: null})""",
}


@pytest.mark.parametrize("script", BLOCKED.values(), ids=BLOCKED)
def test_blocked_storage_is_said(opened, script):
    with opened("x = 1", script=script) as page:
        assert not page.locator(".record-note").count()
        type_into(page, 0, "2")
        page.locator("live-code .record-note", has_text="浏览器不让这个网站存东西").wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="导出我的代码").click()
        file = json.loads(download.value.path().read_text())
        assert file["pages"]["page.html"]["cells"][0]["text"] == "x = 12"
        cell(page, 0).locator("button[name=reset]").click()
        assert code(page, 0) == "x = 1"


@pytest.mark.parametrize("script", [BLOCKED["the getter throws"], BLOCKED["there is none"]])
def test_blocked_storage_raises_no_error_on_a_real_page(browser, host, script):
    """The theme's own scripts, which read the reader's colours, included."""
    with serve(SITE) as site, open_page(browser, f"{site}/third-party/") as page:
        page.context.add_init_script(script)
        page.goto(f"{site}/layers/core/Dense/")
        page.locator("live-code").first.wait_for()
        page.locator(".md-search__input").click()  # the theme works
        page.locator("body[data-md-color-scheme]").wait_for()
        page.goto(f"{site}/my-record/")
        page.get_by_text("浏览器不让这个网站存东西").wait_for()
        assert not page.get_by_role("button", name="导出").is_visible()


GOOD = kept("x = 1", "mine")
DAMAGED = {
    "no JSON": "{",
    "nothing": "",
    "a number": "7",
    "another format": json.dumps({"format": "other", "version": 1}),
    "a text for a version": json.dumps({**HEADER, "version": "1", **page_record(GOOD)}),
    "no cells": json.dumps({**HEADER, "exercises": {}, "guesses": {}}),
    "a text undefined": json.dumps(
        {**HEADER, **page_record({k: v for k, v in GOOD.items() if k != "text"})}
    ),
    "an object for a text": json.dumps({**HEADER, **page_record({**GOOD, "text": {"a": 1}})}),
    "a number for a text": json.dumps({**HEADER, **page_record({**GOOD, "text": 5})}),
    "a place of half a cell": json.dumps({**HEADER, **page_record({**GOOD, "place": 0.5})}),
    "asides that are no texts": json.dumps({**HEADER, **page_record({**GOOD, "asides": [1]})}),
    "no time": json.dumps({**HEADER, **page_record({**GOOD, "edited": "yesterday"})}),
    "tries below zero": json.dumps({**HEADER, **page_record(exercises={"f": {"tries": -1}})}),
    "deep": "[" * 50_000,
    "polluting": '{"__proto__": {"format": "labkit-record"}, "constructor": {"prototype": {}}}',
}


def test_damaged_records_are_put_aside(opened):
    with opened("x = 1") as page:
        note = page.locator(".record-note", has_text="损坏了")
        for name, raw in DAMAGED.items():
            page.evaluate("localStorage.clear()")
            put(page, key(), raw)
            page.reload()
            note.wait_for()
            assert code(page, 0) == "x = 1", name
            assert not cell(page, 0).locator(".live-edited").is_visible()
            with page.expect_download() as download:
                note.get_by_role("button", name="下载读不了的内容").click()
            assert download.value.path().read_text() == raw + "\n", name
            [aside] = stored(page)
            assert aside.startswith("labkit-damaged:/sub/:"), name
            assert stored(page)[aside] == raw, name
        before = stored(page)
        insert(page, 0, "2")
        page.reload()
        assert code(page, 0) == "x = 12" and not note.count()
        assert stored(page).items() > before.items()


def test_what_is_sound_beside_damage_is_kept(opened):
    raw = page_record(
        kept("x = 1", "mine"), kept("x = 2", 5, place=1), exercises={"f": {"tries": 1}}
    )
    with opened("x = 1", "x = 2") as page:
        put(page, key(), {**HEADER, **raw})
        page.reload()
        page.locator(".record-note", has_text="损坏了").wait_for()
        assert [code(page, 0), code(page, 1)] == ["mine", "x = 2"]
        assert record(page)["exercises"] == {"f": {"tries": 1}}


def test_hostile_texts_stay_texts(opened):
    bad = "<img src=x onerror='window.ran = 1'></code><script>ran = 1</script>"
    page_1 = page_record(
        kept("x = 1", bad, asides=[bad]), exercises={"__proto__": {"tries": 1, "solved": TIME}}
    )
    raw = json.dumps({**HEADER, **page_1, "__proto__": {"polluted": 1}})
    with opened("x = 1") as page:
        put(page, key(), raw)
        page.reload()
        assert code(page, 0) == bad
        put(page, key(bad), raw)
        page.goto(page.url.replace("page.html", "my-record/"))
        page.locator("my-record li").nth(1).wait_for()
        assert bad in page.locator("my-record").inner_text()
        assert page.evaluate("[window.ran, {}.polluted, {}.tries]") == [None, None, None]


def test_a_newer_record_is_left_alone(opened):
    raw = json.dumps({**HEADER, "version": 2, "what": "ever"})
    with opened("x = 1") as page:
        put(page, key(), raw)
        page.reload()
        page.locator(".record-note", has_text="更新版本的网站").wait_for()
        type_into(page, 0, "2")
        cell(page, 0).locator(".record-note", has_text="没有动它").wait_for()
        assert stored(page) == {key(): raw}


def test_items_from_before_the_record(opened):
    first = {"original": "x = 1", "text": "mine", "aside": "before"}
    gone = {"original": "old", "text": "of a cell that is gone"}
    path = "live-code:/sub/page.html"
    with opened("x = 1", "x = 2") as page:
        put(page, f"{path}:0", first)
        put(page, f"{path}:-1", gone)
        put(page, f"{path}:1", '{"original": "x = 2"}')
        put(page, "live-code:/other/page.html:0", first)
        page.reload()
        page.locator(".record-note", has_text="损坏了").wait_for()
        assert [code(page, 0), code(page, 1)] == ["mine", "x = 2"]
        cell(page, 0).locator("button[name=recall]").click()
        assert code(page, 0) == "before"
        left = [name for name in stored(page) if name.startswith("live-code:")]
        assert left == ["live-code:/other/page.html:0"]  # another site's
        assert [(item["place"], item["text"]) for item in record(page)["cells"]] == [
            (0, "before"),
            (-1, "of a cell that is gone"),
        ]
        assert '{"original": "x = 2"}' in stored(page).values()


def test_a_cell_without_changes_follows_its_original(opened, write):
    with opened("x = 1") as page:
        type_into(page, 0, "2")
        cell(page, 0).locator("button[name=reset]").click()
        write("page.html", live("x = 3"))
        page.reload()
        assert code(page, 0) == "x = 3"
        assert not cell(page, 0).locator("button[name=renew]").is_visible()
        assert cell(page, 0).locator("button[name=recall]").is_visible()


def test_another_tab_is_followed(opened):
    with opened("x = 1", "x = 2") as page:
        other = page.context.new_page()
        other.goto(page.url)
        type_into(page, 0, "2")
        note = cell(other, 0).locator(".live-tabs", has_text="这里跟着换了")
        note.wait_for()
        assert code(other, 0) == "x = 12" and note.get_attribute("role") == "status"
        type_into(other, 1, "3")  # another cell: both stay
        cell(page, 1).locator(".live-tabs", has_text="这里跟着换了").wait_for()
        type_into(other, 0, "3")
        assert not note.is_visible()
        page.wait_for_function("document.querySelector('.cm-content').innerText === 'x = 123'")
        assert [item["text"] for item in record(page)["cells"]] == ["x = 123", "x = 23"]


DEAF = "addEventListener('storage', (event) => event.stopImmediatePropagation())"


@pytest.mark.parametrize("choice", ["theirs", "mine"])
def test_what_both_tabs_changed_is_kept_twice(opened, choice):
    with opened("x = 1") as page:
        other = page.context.new_page()
        other.add_init_script(DEAF)  # as a tab that slept
        other.goto(page.url)
        other.locator(".cm-content").wait_for()
        page.bring_to_front()
        type_into(page, 0, "  # 这边")
        cell(other, 0).locator(".cm-content").evaluate("content => content.focus()")
        other.keyboard.insert_text("# 那边\n")
        note = cell(other, 0).locator(".live-tabs", has_text="另一个标签页也改了这一格")
        note.wait_for()
        assert "# 那边" in code(other, 0)
        [item] = record(page)["cells"]
        assert "# 那边" in item["text"] and item["asides"] == ["x = 1  # 这边"]
        note.locator(f"button[name={choice}]").click()
        assert other.evaluate("document.activeElement.name") == "run"
        assert not note.is_visible()
        assert ("# 这边" in code(other, 0)) == (choice == "theirs")
        cell(other, 0).locator("button[name=recall]").click()
        assert ("# 那边" in code(other, 0)) == (choice == "theirs")


def test_an_exercise_counts_its_tries_and_is_solved(opened):
    with opened(text=EXERCISE) as page:
        solved = cell(page, 0).locator(".live-solved")
        assert run_cell(page, 1).text == ["还不对"]
        assert record(page)["exercises"] == {"double": {"tries": 1}}
        assert not solved.is_visible()
        cell(page, 0).locator(".cm-content").click()
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(SOLUTION)
        assert run_cell(page, 1).text == ["通过"]
        assert solved.is_visible() and solved.inner_text().endswith("已完成")
        exercise = record(page)["exercises"]["double"]
        assert exercise["tries"] == 2 and exercise["solved"] > TIME
        other = page.context.new_page()
        other.goto(page.url)
        assert cell(other, 0).locator(".live-solved").is_visible()
        other.goto(page.url.replace("page.html", "my-record/"))
        assert "完成 1 道练习，检查过 2 次" in other.locator("my-record li").inner_text()


def open_record(page, host):
    page.goto(f"{host}/my-record/")
    page.get_by_role("button", name="导入").wait_for()


def choose(page, value):
    """Choose a file to import, or one of so many bytes; what the page says."""
    field = page.locator("my-record input")
    if isinstance(value, int):
        field.evaluate(
            """(field, size) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([new Uint8Array(size)], "a.json"));
                field.files = transfer.files;
                field.dispatchEvent(new Event("change"));
            }""",
            value,
        )
    else:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        file = {"name": "a.json", "mimeType": "application/json", "buffer": data}
        field.set_input_files(file)
    status = page.locator("my-record .record-status")
    status.get_by_text("导入").first.wait_for()
    return status.inner_text()


def test_export_clear_import_brings_all_back(opened, browser, host, folder):
    guesses = {"shape": [{"answer": "(3, 4)", "time": TIME}]}
    full = page_record(
        kept("x = 1", "mine", asides=["before"]),
        kept("gone", "kept", place=-1),
        exercises={"double": {"tries": 3, "solved": TIME}},
        guesses=guesses,
    )
    with opened("x = 1") as page:
        put(page, key(), {**HEADER, **full})
        put(page, key("deep/er/"), {**HEADER, **page_record(kept("a", "b"))})
        put(page, "labkit-record:/other/:page.html", "of another site")
        page.reload()
        tab = page.context.new_page()
        open_record(tab, host)
        assert tab.locator("my-record li").count() == 2
        with tab.expect_download() as download:
            tab.get_by_role("button", name="导出", exact=True).click()
        before = stored(page)
        content = download.value.path().read_bytes()
        assert json.loads(content)["pages"] == {
            "page.html": full,
            "deep/er/": page_record(kept("a", "b")),
        }

        tab.get_by_role("button", name="删除全部记录").click()
        assert tab.evaluate("document.activeElement.textContent") == "不删除"
        tab.get_by_role("button", name="不删除").click()
        assert stored(page) == before
        tab.get_by_role("button", name="删除全部记录").click()
        tab.get_by_role("button", name="全部删除").click()
        assert stored(page) == {"labkit-record:/other/:page.html": "of another site"}
        page.locator(".live-edited").wait_for(state="hidden")  # the open page follows
        assert code(page, 0) == "x = 1"

        said = choose(tab, content)
        assert "2 页：新的 5 项，这里已经有的 0 项，与这里不同的 0 项" in said
        assert len(stored(page)) == 1
        tab.get_by_role("button", name="导入这些").click()
        tab.get_by_text("已导入。").wait_for()
        assert {k: json.loads(v) for k, v in stored(page).items() if "sub" in k} == {
            k: json.loads(v) for k, v in before.items() if "sub" in k
        }
        page.locator(".live-edited").wait_for()
        assert code(page, 0) == "mine"
        assert "没有要导入的" in choose(tab, content)

    # On another host, at another path.
    with serve(SITE) as elsewhere, open_page(browser, f"{elsewhere}/my-record/") as page:
        choose(page, content)
        page.get_by_role("button", name="导入这些").click()
        page.get_by_text("已导入。").wait_for()
        assert json.loads(stored(page)["labkit-record:/:page.html"]) == {**HEADER, **full}


def test_importing_what_differs_keeps_both(opened, host):
    later = TIME.replace("2026", "2027")
    mine = [
        kept("a", "mine, older"),
        kept("b", "mine, newer", 1, edited=later),
        kept("c", "same", 2),
    ]
    theirs = [kept("a", "theirs, newer", edited=later), kept("b", "theirs, older", 1), mine[2]]
    with opened("a", "b", "c") as page:
        put(page, key(), {**HEADER, **page_record(*mine)})
        open_record(page, host)
        said = choose(page, {**HEADER, "pages": {"page.html": page_record(*theirs)}})
        assert "新的 0 项，这里已经有的 1 项，与这里不同的 2 项" in said and "找回我的代码" in said
        page.get_by_role("button", name="导入这些").click()
        page.get_by_text("已导入。").wait_for()
        page.goto(f"{host}/page.html")
        assert [code(page, k) for k in range(3)] == ["theirs, newer", "mine, newer", "same"]
        for k, text in enumerate(["mine, older", "theirs, older"]):
            cell(page, k).locator("button[name=recall]").click()
            assert code(page, k) == text


def with_page(address, page):
    return {**HEADER, "pages": {address: page}}


REFUSED = {
    "no JSON": (b"\x00\xff{", "损坏"),
    "half a file": (b'{"format": "labkit-record", "ver', "损坏"),
    "foreign": ({"cells": []}, "不是从“我的记录”导出"),
    "a list": ([HEADER], "不是从“我的记录”导出"),
    "newer": ({**HEADER, "version": 2, "pages": {}}, "更新版本"),
    "no pages": (HEADER, "没有各页的记录"),
    "pages in a list": ({**HEADER, "pages": []}, "没有各页的记录"),
    "a script for an address": (with_page("javascript:alert(1)", page_record()), "不像页面地址"),
    "another host": (with_page("//example.org/", page_record()), "不像页面地址"),
    "outside": (with_page("../other/", page_record()), "不像页面地址"),
    "a number for a text": (with_page("a/", page_record(kept("a", 5))), "不合格式"),
    "a guess that is none": (with_page("a/", page_record(guesses={"g": ["1"]})), "不合格式"),
    "one bad of two": (with_page("a/", page_record(kept("a", "b"), {})), "第 2 段代码不合格式"),
    "huge": (20_000_001, "太大"),
}


def test_bad_files_are_refused_and_change_nothing(opened, host):
    with opened("x = 1") as page:
        type_into(page, 0, "2")
        open_record(page, host)
        before = stored(page)
        for name, (file, reason) in REFUSED.items():
            said = choose(page, file)
            assert said.startswith("没有导入：") and reason in said, (name, said)
            assert not page.get_by_role("button", name="导入这些").count()
        # A name that would change every object is a name like any other.
        nasty = with_page("__proto__", page_record(kept("a", "<b onclick=alert(1)>")))
        choose(page, json.dumps(nasty).encode())
        assert stored(page) == before
        page.get_by_role("button", name="导入这些").click()
        page.get_by_text("已导入。").wait_for()
        assert page.evaluate("[{}.cells, {}.polluted]") == [None, None]
        assert stored(page)[key()] == before[key()] and key("__proto__") in stored(page)


def test_an_import_that_finds_no_room_changes_nothing(opened, host):
    with opened("x = 1") as page:
        type_into(page, 0, "2")
        open_record(page, host)
        page.evaluate(FILL)
        before = stored(page)
        pages = {name: page_record(kept("a", "b" * 99)) for name in ("a/", "b/")}
        pages["page.html"] = page_record(kept("x = 1", "c" * 9999))
        choose(page, {**HEADER, "pages": pages})
        page.get_by_role("button", name="导入这些").click()
        page.get_by_text("放不下这个文件。什么也没有改。").wait_for()
        assert stored(page) == before


def test_without_javascript_the_page_of_the_record_says_so(browser, host):
    with open_page(browser, f"{host}/my-record/", java_script_enabled=False) as page:
        assert page.locator(".live-missing", has_text="没有 JavaScript").is_visible()


def axe(page):
    page.evaluate(AXE.read_text())
    found = page.evaluate(f"axe.run({json.dumps(OPTIONS)})")["violations"]
    return [(rule["id"], [node["html"][:150] for node in rule["nodes"]]) for rule in found]


def test_axe_finds_nothing_in_what_is_said(browser):
    damaged = {**HEADER, **page_record(kept("a", "b"), 5, exercises={"f": {"tries": 2}})}
    with serve(SITE) as host, open_page(browser, f"{host}/third-party/") as page:
        put(page, "labkit-record:/:", damaged)
        page.goto(f"{host}/")
        page.locator(".record-note", has_text="损坏了").wait_for()
        page.evaluate(FILL)
        page.locator("live-code").first.scroll_into_view_if_needed()
        insert(page, 0, "1" * 999)
        page.locator("live-code .record-note", has_text="满了").wait_for()
        assert axe(page) == []
        page.evaluate(EMPTY)
        page.goto(f"{host}/my-record/")
        page.get_by_role("button", name="删除全部记录").click()
        assert page.locator("my-record li").count() == 1
        assert axe(page) == []
        controls = page.locator(".record-note a, my-record button:visible")
        assert controls.evaluate_all(SMALL) == []
