"""docs/live/runner.py: one cell's text, value and error, here in CPython."""

import re
import sys

import pytest

from docs.live.runner import LIMIT, Page
from tests.loops import finished
from tests.unreadable import UNREADABLE


def run(*sources):
    """Run cells in order; return the messages and the error of the last one."""
    messages = []
    page, labels = Page(messages.append), [f"第 {i + 1} 格" for i in range(len(sources))]
    for index in range(len(sources)):
        messages.clear()
        error = finished(page.run(sources, labels, index))
    return messages, error


def words(error):
    """The last line of an error: what it means in Chinese."""
    return error["text"].splitlines()[-1]


def text(messages, *kinds):
    """What stays on the page."""
    return "".join(m["done"] for m in messages if m["kind"] in kinds or not kinds)


@pytest.mark.parametrize(
    "source, shown",
    [
        ("0", "0\n"),
        ("None", ""),
        ("''", "''\n"),
        ("False", "False\n"),
        ("x = 1", ""),
        ("print(1)\n2", "1\n2\n"),
        ("print(1, end='')\n2", "12\n"),
        ("for i in range(2): i", ""),
        ("[1,\n 2]", "[1, 2]\n"),
        ("", ""),
    ],
)
def test_output_is_what_is_printed_then_the_last_value(source, shown):
    messages, error = run(source)
    assert error is None
    assert text(messages, "stdout", "value") == shown


@pytest.mark.parametrize(
    "source, shown",
    [
        (r"print('ab\rc')", "cb\n"),
        (r"print('ab\b\bcd')", "cd\n"),
        (r"for i in range(3): print(f'\r{i}/2', end='')", "2/2"),
        (r"print('a\r\nb')", "a\nb\n"),
    ],
)
def test_carriage_return_overwrites_the_line(source, shown):
    assert text(run(source)[0]) == shown


def test_a_flushed_line_shows_before_it_ends():
    messages, _ = run("print('\\r1', end='', flush=True)\nprint('\\r2')")
    assert [(m["done"], m["line"]) for m in messages] == [("", "1"), ("2\n", "")]


def test_stderr_is_apart_and_in_order():
    messages, _ = run("import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')")
    assert [(m["kind"], m["done"]) for m in messages] == [
        ("stdout", "a\n"),
        ("stderr", "b\n"),
        ("stdout", "c\n"),
    ]


def test_long_output_is_cut_and_says_so():
    messages, _ = run(f"print('x' * {LIMIT + 9})")
    assert text(messages, "stdout") == "x" * LIMIT
    assert text(messages, "note") == "输出太长，后面的 10 个字符没有显示。"


@pytest.mark.parametrize(
    "source",
    ["for i in range(10**9): print(i)", "while True:\n  try: print()\n  except Exception: pass"],
)
def test_printing_without_end_is_stopped(source):
    messages, error = run("a = 1\n" + source)
    assert error["stopped"] and error["lines"][0][1] in (2, 3)
    assert "请少打印一些" in error["text"]
    assert len(text(messages, "stdout")) == LIMIT


@pytest.mark.parametrize(
    "source",
    ["for i in range(40_000): print('.', end='')", "print('\\n' * 10**7)", "print('一' * 10**7)"],
)
def test_much_output_is_cut_at_once_and_the_cell_goes_on(source):
    messages, error = run(f"{source}\nx = 1", "x")
    assert error is None and text(messages, "value") == "1\n"


def test_a_loop_that_prints_sends_few_messages():
    messages, _ = run("for i in range(20_000): print(i)")
    assert len(messages) < 200
    assert text(messages, "stdout").startswith("0\n1\n2\n")


def test_traceback_holds_the_readers_lines_only():
    _, error = run("import json\ndef read(t):\n    return json.loads(t)", "read('{')")
    assert "第 2 格" in error["text"] and "return json.loads(t)" in error["text"]
    assert "decoder.py" not in error["text"] and "runner.py" not in error["text"]
    assert error["text"].splitlines()[-1].startswith("json.decoder.JSONDecodeError")
    assert dict(error["lines"]) == {0: 3, 1: 1}


def test_chained_errors_are_trimmed_too():
    _, error = run(
        "import json\ntry:\n    json.loads('{')\nexcept ValueError as e:\n    raise KeyError from e"
    )
    assert "decoder.py" not in error["text"] and "KeyError" in error["text"]
    assert error["lines"] == [(0, 5)]


@pytest.mark.parametrize("source", ["x = 1\nfor", "x = 1\n  y = 2", "x = 1\nprint('"])
def test_syntax_error_names_its_line(source):
    _, error = run(source)
    assert error["lines"] == [(0, 2)]
    assert "runner.py" not in error["text"]


def test_stop_says_where():
    _, error = run("x = 1\nraise KeyboardInterrupt")
    assert error == {"text": "已停止，停在第 2 行。", "stopped": True, "lines": [(0, 2)]}


def test_exit_does_not_leave():
    _, error = run("raise SystemExit(3)")
    assert error["text"].endswith("SystemExit: 3")


def test_an_svg_picture_is_shown_as_a_figure():
    messages, _ = run("class P:\n    def _repr_svg_(self): return '<svg/>'\nP()")
    svg = '<svg xmlns="http://www.w3.org/2000/svg"/>'  # an <img> shows none without it
    assert messages == [{"type": "figure", "svg": svg, "alt": "P"}]
    messages, _ = run("from labkit.layers import Dense\nDense(2, input_shape=(3,))")
    assert messages[0]["svg"].startswith("<svg")
    assert messages[0]["alt"].startswith("输入 (None, 3)；输出 (None, 2)；权重 kernel (3, 2)")
    messages, _ = run(
        "class Q:\n    def _repr_svg_(self): raise KeyError\n"
        "    def __repr__(self): return 'Q!'\nQ()"
    )
    assert [(m["type"], m.get("done")) for m in messages] == [("text", "Q!\n")]


@pytest.mark.parametrize(
    "value", ["b'<svg/>'", "3", "''", "'<p>1</p>'", "'<svg>'", "'<svg></svg><b/>'", "'&lt;svg/>'"]
)
def test_what_is_no_svg_is_shown_as_a_value(value):
    messages, error = run(
        f"class Q:\n    def _repr_svg_(self): return {value}\n"
        "    def __repr__(self): return 'Q!'\nQ()"
    )
    assert error is None
    assert [(m["type"], m.get("done")) for m in messages] == [("text", "Q!\n")]


def test_a_value_that_has_every_attribute_is_shown():
    messages, error = run(
        "class Q:\n    def __getattr__(self, name): raise KeyError(name)\n"
        "    def __repr__(self): return 'Q!'\nQ()"
    )
    assert (error, text(messages)) == (None, "Q!\n")


@pytest.mark.parametrize("source", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_an_error_with_its_line(source):
    _, error = run(source)
    ((cell, line),) = error["lines"]
    assert cell == 0 and (line == 2 or source.count("elif") and line > 10)
    assert "第 1 格" in error["text"] and "runner.py" not in error["text"]
    assert re.search("[一-龥]", words(error)), error["text"]


GENERATOR = "async def count():\n    for i in range(3):\n        yield i\n"


@pytest.mark.parametrize(
    "source, shown",
    [
        ("import asyncio\nawait asyncio.sleep(0, 5)", "5\n"),
        ("import asyncio\nx = await asyncio.sleep(0, 5)\nprint(x)", "5\n"),
        (f"{GENERATOR}async for i in count():\n    print(i)", "0\n1\n2\n"),
        (f"{GENERATOR}[i async for i in count()]", "[0, 1, 2]\n"),
        (
            "from contextlib import asynccontextmanager\n@asynccontextmanager\n"
            "async def one(): yield 1\nasync with one() as x: print(x)",
            "1\n",
        ),
    ],
)
def test_await_works_outside_functions(source, shown):
    messages, error = run(source)
    assert error is None
    assert text(messages) == shown


def test_an_error_while_waiting_names_its_line():
    _, error = run("import asyncio\nawait asyncio.sleep(0)\nawait asyncio.sleep('1')")
    assert error["lines"] == [(0, 3)] and "TypeError" in error["text"]


@pytest.mark.parametrize("module", ["keras", "tensorflow"])
def test_what_stands_in_for_keras_is_named(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    _, error = run(f"from {module} import layers")
    assert "最前面写 import labkit 和 labkit.as_keras()" in words(error)
    _, error = run("import no_such_module")
    assert words(error) == "ModuleNotFoundError: No module named 'no_such_module'"


@pytest.mark.filterwarnings("ignore:coroutine")  # the one that did not run
def test_asyncio_run_says_what_to_do_instead():
    messages, error = run("import asyncio\nasync def main(): pass\nasyncio.run(main())")
    assert words(error).endswith("把 asyncio.run(main()) 写成 await main()。")
    assert error["lines"] == [(0, 3)]
    _, error = run(
        "message = 'WebAssembly stack switching not supported in this JavaScript runtime'\n"
        "raise RuntimeError(message)  # Pyodide, where the browser has no such switching"
    )
    assert words(error).endswith("写成 await main()。")


# Code, and what its meaning says.
MEANINGS = {
    "print（1)": "第 1 行第 6 个字符 （ 要换成英文的 ( 。",
    "print（“你好”）": '第 7 个字符 “ 要换成英文的 " ；第 10 个',
    "print('（', “)": '第 1 行第 12 个字符 “ 要换成英文的 " 。',
    'print("你好”)': '第 1 行第 10 个字符 ” 要换成英文的 " 。',
    "f(1，2)": "第 1 行第 4 个字符 ， 要换成英文的 , 。",
    "if a：\n    b": "第 1 行第 5 个字符 ： 要换成英文的 : 。",
    "a = ‘b’": "第 5 个字符 ‘ 要换成英文的 '",
    "a\u3000= 1": "第 1 行第 2 个字符是全角空格",
    "a\u200b = 1": "第 1 行第 2 个字符是看不见的 U+200B",
    "a = 3 × 4": "第 1 行第 7 个字符 × 要换成英文的 * 。",
    "a？": "第 1 行：这个字符只能写在引号里",
    "import a from b": "from 模块 import 名字",
    "1a = 2": "名字也不能以数字开头",
    "a = ☃": "第 1 行：这个字符只能写在引号里",
    "\na = (1": "第 2 行：这个 ( 没有配对：后面少了 )",
    "a = 1]": "多了一个 ]，或者前面少了与它配对的 [",
    "a = (1]": "( 要用 ) 关上，这里却是 ]",
    "a = 'b": "字符串没有结束",
    "a = '''b": "三引号",
    "for i in a\n    b": "少了英文冒号",
    "for i in a:\nb": "第 1 行以冒号结尾，它下面的语句要缩进",
    "a\n  b": "第 2 行：这一行前面的空格多了",
    "if a:\n    b\n  c": "没有对齐",
    "if a:\n\tb\n        c": "制表符",
    "if a = 1: b": "==",
    "f(a.b=1)": "==",
    "print a": "print(…)",
    "a = [1 2]": "少了一个英文逗号",
    "class = 1": "class 是 Python 的关键字",
    "def if(): a": "if 是 Python 的关键字",
    "f(lambda=1)": "lambda 是 Python 的关键字",
    "None = 1": "None 是 Python 保留的名字",
    "1 = a": "等号左边",
    "a++": "写成 x += 1",
    "a && b": "写作 and",
    "a || b": "写作 or",
    "!a": "写作 not",
    "if a:\n    b\nelse if c:\n    d": "第 3 行：else if 要写成 elif",
    "'C:\\Users'": "前面加 r",
    "f(a=1, 2)": "不带名字的参数",
    "def f(a=1, b): c": "有默认值的参数",
    "a = = 1": "错处在标出的地方或它前面",
}


@pytest.mark.parametrize("source, meant", MEANINGS.items())
def test_syntax_errors_have_their_meaning_in_chinese(source, meant):
    _, error = run(source)
    assert meant in words(error)
    assert "Error: " in error["text"].splitlines()[-2]  # Python's own message stays


def test_a_syntax_error_inside_a_string_is_not_explained_by_the_cells_text():
    _, error = run("eval('1 +')")
    assert words(error).startswith("SyntaxError")
