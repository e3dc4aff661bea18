"""docs/live/runner.py: one cell's text, value and error, here in CPython."""

import pytest

from docs.live.runner import LIMIT, Page


def run(*sources):
    """Run cells in order; return the messages and the error of the last one."""
    messages = []
    page, labels = Page(messages.append), [f"第 {i + 1} 格" for i in range(len(sources))]
    for index in range(len(sources)):
        messages.clear()
        error = page.run(sources, labels, index)
    return messages, error


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
    assert messages == [{"type": "figure", "svg": "<svg/>", "alt": "P"}]
    messages, _ = run("from labkit.layers import Dense\nDense(2, input_shape=(3,))")
    assert messages[0]["svg"].startswith("<svg")
    assert messages[0]["alt"].startswith("输入 (None, 3)；输出 (None, 2)；权重 kernel (3, 2)")
    messages, _ = run(
        "class Q:\n    def _repr_svg_(self): raise KeyError\n"
        "    def __repr__(self): return 'Q!'\nQ()"
    )
    assert [(m["type"], m.get("done")) for m in messages] == [("text", "Q!\n")]
