"""Run one cell: its text as it is printed, its last value, its figures, its error with the lines.

`send` receives dictionaries in the form of messages.js: `text`, `figure`.
"""

import ast
import contextlib
import html
import io
import linecache
import re
import sys
import time
import traceback
from collections.abc import Callable
from types import CodeType
from typing import Any

from .prerequisites import History

LIMIT = 20_000  # characters of output shown for one cell
INTERVAL = 0.05  # seconds between two messages while a cell prints

Send = Callable[[dict[str, Any]], None]


class Output:
    """The text of one cell, in order, as a terminal would show it: `\\r` goes back in the line."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.kind = "stdout"
        self.finished: list[str] = []  # lines not sent yet
        self.line = ""  # the line that is being written
        self.cursor = 0
        self.room = LIMIT
        self.dropped = 0
        self.sent_at = time.monotonic()

    def write(self, kind: str, text: str) -> None:
        if kind != self.kind:
            self.flush(end_line=True)
            self.kind = kind
        first, *others = text.split("\n")
        self._type(first)
        for piece in others:
            self._keep(self.line + "\n")
            self.line, self.cursor = "", 0
            self._type(piece)
        if time.monotonic() - self.sent_at > INTERVAL:
            self.flush()

    def _type(self, text: str) -> None:
        for piece in re.split("([\r\b])", text):
            if piece == "\r":
                self.cursor = 0
            elif piece == "\b":
                self.cursor = max(0, self.cursor - 1)
            else:
                end = self.cursor + len(piece)
                self.line = self.line[: self.cursor] + piece + self.line[end:]
                self.cursor = end

    def _keep(self, text: str) -> None:
        self.finished.append(text[: self.room])
        self.dropped += max(0, len(text) - self.room)
        self.room = max(0, self.room - len(text))

    def flush(self, *, end_line: bool = False) -> None:
        """Send what came since the last time; `end_line` fixes the line that is being written."""
        if end_line and self.line:
            self._keep(self.line)
            self.line, self.cursor = "", 0
        line = self.line[: self.room]
        if self.finished or line:
            done = "".join(self.finished)
            self.send({"type": "text", "kind": self.kind, "done": done, "line": line})
        self.finished = []
        self.sent_at = time.monotonic()

    def close(self) -> None:
        self.flush(end_line=True)
        if self.dropped:
            note = f"输出太长，后面的 {self.dropped} 个字符没有显示。"
            self.send({"type": "text", "kind": "note", "done": note, "line": ""})
            self.dropped = 0


class Stream(io.TextIOBase):
    """`sys.stdout` and `sys.stderr` of a cell."""

    def __init__(self, output: Output, kind: str) -> None:
        self.output, self.kind = output, kind

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.output.write(self.kind, text)
        return len(text)

    def flush(self) -> None:
        self.output.flush()


class Page:
    """The namespace that the cells of one page share, and what ran in it."""

    # The cell that runs, for figures.py, which matplotlib calls.
    running: "Page | None" = None

    def __init__(self, send: Send) -> None:
        self.send = send
        self.namespace: dict[str, Any] = {"__name__": "__main__", "input": no_input}
        self.history = History()
        self.files: dict[str, int] = {}  # file names in tracebacks, and the cells they stand for
        self.scale = 1.0
        self.output = Output(send)

    def missing(self, sources: list[str], target: int) -> list[int]:
        return self.history.missing(sources, target)

    def run(
        self, sources: list[str], labels: list[str], index: int, scale: float = 1.0
    ) -> dict[str, Any] | None:
        """Run one cell; return its error, None when there is none."""
        source, file = sources[index], labels[index]
        self.files[file] = index
        # Tracebacks and inspect find the text here.
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        self.history.record(sources, index, complete=False)
        self.output, self.scale = Output(self.send), scale
        # Where warnings note which were shown already; each run shows its own.
        self.namespace.pop("__warningregistry__", None)
        Page.running = self
        try:
            with (
                contextlib.redirect_stdout(Stream(self.output, "stdout")),
                contextlib.redirect_stderr(Stream(self.output, "stderr")),
            ):
                self._execute(source, file)
                show_open_figures()
        except BaseException as error:  # also KeyboardInterrupt and SystemExit
            close_figures()
            self.output.close()
            return self._describe(error)
        finally:
            Page.running = None
        self.output.close()
        self.history.record(sources, index, complete=True)
        return None

    def _execute(self, source: str, file: str) -> None:
        body, last = compile_cell(source, file)
        exec(body, self.namespace)
        if last is not None:
            value = eval(last, self.namespace)
            if value is not None:
                self._show(value)

    def _show(self, value: Any) -> None:
        svg = picture_of(value)
        if svg:
            words = re.search("<desc>(.*?)</desc>", svg, re.DOTALL)
            alt = html.unescape(words[1]) if words else type(value).__name__
            self.figure({"svg": svg, "alt": alt})
        else:
            self.output.write("value", repr(value) + "\n")

    def figure(self, figure: dict[str, Any]) -> None:
        """Show a figure after the text printed so far."""
        self.output.flush(end_line=True)
        self.send({"type": "figure", **figure})

    def _describe(self, error: BaseException) -> dict[str, Any]:
        """The traceback cut to the reader's own lines, and the lines to mark: cell → line."""
        lines = {
            self.files[frame.filename]: frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename in self.files
        }
        if isinstance(error, SyntaxError) and error.filename in self.files:
            lines[self.files[error.filename]] = error.lineno
        stopped = isinstance(error, KeyboardInterrupt)
        if stopped:
            line = next(iter(lines.values()), None)
            text = f"已停止，停在第 {line} 行。" if line else "已停止。"
        else:
            trace = traceback.TracebackException.from_exception(error)
            self._trim(trace)
            text = "".join(trace.format()).rstrip()
        return {"text": text[-LIMIT:], "stopped": stopped, "lines": list(lines.items())}

    def _trim(self, trace: traceback.TracebackException | None) -> None:
        while trace:
            own = [frame for frame in trace.stack if frame.filename in self.files]
            trace.stack = traceback.StackSummary.from_list(own)
            self._trim(trace.__cause__)
            trace = trace.__context__


def no_input(prompt: object = "") -> str:
    raise RuntimeError("网页里不能用 input() 提问：请把值直接写进代码，例如 name = 'Keras'。")


def picture_of(value: Any) -> str | None:
    """The SVG of a value that has one; a picture that cannot be drawn must not hide the value."""
    draw = getattr(value, "_repr_svg_", None)
    if draw is None or isinstance(value, type):
        return None
    try:
        return draw()
    except Exception:  # noqa: BLE001  whatever a reader's own class raises
        return None


def compile_cell(source: str, file: str) -> tuple[CodeType, CodeType | None]:
    """The statements of a cell, and its last expression, whose value is shown."""
    tree = ast.parse(source, file)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    return (
        compile(tree, file, "exec"),
        compile(ast.Expression(last.value), file, "eval") if last else None,
    )


def show_open_figures() -> None:
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.show()


def close_figures() -> None:
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
