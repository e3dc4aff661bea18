"""Run one cell: its text as it is printed, its last value, its figures, its error with the lines.

`send` receives dictionaries in the form of messages.js: `text`, `figure`.
"""

import asyncio
import contextlib
import html
import inspect
import io
import linecache
import re
import sys
import time
import traceback
from collections.abc import Callable
from types import CodeType
from typing import Any
from xml.parsers import expat

from .prerequisites import History
from .syntax import compile_cell, datasets, imports, meaning

LIMIT = 20_000  # characters of output shown for one cell
LONGEST = 10 * LIMIT  # characters of one text that are looked at: `\r` may take some back
ENDLESS = 100_000  # writes after the cut that end a cell: `print` makes two
FIGURES = 20  # figures shown for one cell
INTERVAL = 0.05  # seconds between two messages while a cell prints

SVG = "http://www.w3.org/2000/svg"

Send = Callable[[dict[str, Any]], None]


class TooMuchOutput(BaseException):
    """Ends a cell that prints without end; no Exception, which such a loop may well catch."""


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
        self.useless = 0  # writes that nobody sees
        self.figures_shown = 0
        self.figures_dropped = 0
        self.sent_at = time.monotonic()

    def write(self, kind: str, text: str) -> None:
        if not self.room:
            self.dropped += len(text)
            self.useless += 1
            if self.useless > ENDLESS:
                raise TooMuchOutput
            return
        if kind != self.kind:
            self.flush(end_line=True)
            self.kind = kind
        self.dropped += len(text[LONGEST:])
        text = text[:LONGEST]
        start = 0
        while self.room and (end := text.find("\n", start)) >= 0:
            self._type(text[start:end])
            self._keep(self.line + "\n")
            self.line, self.cursor = "", 0
            start = end + 1
        if self.room:
            self._type(text[start:])
            if len(self.line) > self.room:  # it would grow for ever
                self._keep(self.line)
                self.line, self.cursor = "", 0
        else:
            self.dropped += len(text) - start
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
        if self.figures_dropped:
            note = f"图太多，只显示前 {FIGURES} 幅，后面的 {self.figures_dropped} 幅没有显示。"
            self.send({"type": "text", "kind": "note", "done": note, "line": ""})
            self.figures_dropped = 0


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
        self.task: asyncio.Task | None = None  # of the cell that runs
        self.cancelled = False  # by the reader

    def missing(self, sources: list[str], target: int) -> list[int]:
        return self.history.missing(sources, target)

    def imports(self, source: str) -> str:
        return imports(source)

    def datasets(self, source: str) -> list[str]:
        return datasets(source)

    async def run(
        self,
        sources: list[str],
        labels: list[str],
        index: int,
        scale: float = 1.0,
        model: bool = False,
    ) -> dict[str, Any] | None:
        """Run one cell; return its error, None when there is none.

        `model`: it is a script for Keras, of which only the models are wanted (model_code.py).
        """
        source, file = sources[index], labels[index]
        self.files[file] = index
        # Tracebacks and inspect find the text here.
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        self.history.record(sources, index, complete=False)
        self.output, self.scale = Output(self.send), scale
        # Where warnings note which were shown already; each run shows its own.
        self.namespace.pop("__warningregistry__", None)
        self.task, self.cancelled = asyncio.current_task(), False
        Page.running = self
        try:
            with (
                contextlib.redirect_stdout(Stream(self.output, "stdout")),
                contextlib.redirect_stderr(Stream(self.output, "stderr")),
            ):
                await (self._build if model else self._execute)(source, file)
                show_open_figures()
        except BaseException as error:  # also KeyboardInterrupt and SystemExit
            close_figures()
            self.output.close()
            return self._describe(error)
        finally:
            Page.running = self.task = None
        self.output.close()
        self.history.record(sources, index, complete=True)
        return None

    def cancel(self) -> None:
        """Stop a cell that awaits: it runs no line that an interrupt could stop."""
        if self.task:
            self.cancelled = True
            self.task.cancel()

    async def _execute(self, source: str, file: str) -> None:
        body, last = compile_cell(source, file)
        await evaluate(body, self.namespace)
        if last is not None:
            value = await evaluate(last, self.namespace)
            if value is not None:
                self._show(value)

    async def _build(self, source: str, file: str) -> None:
        from .model_code import ModelCode  # needs NumPy, which comes after this module

        script = ModelCode(source, file)
        script.namespace["input"] = no_input
        try:
            script.run()
        finally:
            models = script.shown()
            for name, model in models:
                if len(models) > 1:
                    self.output.write("value", f"{name}\n")
                self._show(model)
            for note in script.notes():
                self.output.write("note", note + "\n")

    def _show(self, value: Any) -> None:
        svg = picture_of(value)
        if svg:
            words = re.search("<desc>(.*?)</desc>", svg, re.DOTALL)
            alt = html.unescape(words[1]) if words else type(value).__name__
            model = model_of(value)
            self.figure({"svg": svg, "alt": alt, **({"model": model} if model else {})})
        else:
            self.output.write("value", repr(value) + "\n")

    def takes_figure(self) -> bool:
        """Whether this cell may show one more; those that it may not are counted."""
        full = self.output.figures_shown >= FIGURES
        self.output.figures_dropped += full
        return not full

    def figure(self, figure: dict[str, Any]) -> None:
        """Show a figure after the text printed so far."""
        self.output.figures_shown += 1
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
        cancelled = self.cancelled and isinstance(error, asyncio.CancelledError)
        stopped = cancelled or isinstance(error, KeyboardInterrupt | TooMuchOutput)
        if stopped:
            line = next(iter(lines.values()), None)
            text = f"已停止，停在第 {line} 行。" if line else "已停止。"
            if isinstance(error, TooMuchOutput):
                text += "输出早已显示不下，它还在打印：请少打印一些。"
        else:
            trace = traceback.TracebackException.from_exception(error)
            self._trim(trace)
            text = "".join(trace.format()).rstrip()
            text = "\n".join(filter(None, [text, self._hint(error, text)]))
        return {"text": text[-LIMIT:], "stopped": stopped, "lines": list(lines.items())}

    def _hint(self, error: BaseException, text: str) -> str:
        """What an English message means, in Chinese; a reader's own error may have no words."""
        if isinstance(error, SyntaxError) and error.filename in self.files:
            return meaning(error, "".join(linecache.getlines(error.filename)))
        if isinstance(error, RuntimeError) and re.search(LOOP_RUNS, text):
            return "这里的事件循环已经在运行：把 asyncio.run(main()) 写成 await main()。"
        if isinstance(error, MemoryError) and "too complex" in text:
            return "代码套得太深，Python 读不了。"
        if isinstance(error, MemoryError) or "ValueError: array is too big" in text:
            return "内存不够：浏览器里的 Python 最多用 4 GB，一个数组要小于 2 GB。请把数据改小。"
        if isinstance(error, ModuleNotFoundError) and error.name in STAND_INS:
            return STAND_INS[error.name]
        if isinstance(error, RecursionError):
            return "函数调用自己，层数太多：检查它在什么情况下不再调用自己。"
        return ""

    def _trim(self, trace: traceback.TracebackException | None) -> None:
        while trace:
            own = [frame for frame in trace.stack if frame.filename in self.files]
            trace.stack = traceback.StackSummary.from_list(own)
            self._trim(trace.__cause__)
            trace = trace.__context__


def no_input(prompt: object = "") -> str:
    raise RuntimeError("网页里不能用 input() 提问：请把值直接写进代码，例如 name = 'Keras'。")


# For modules that are not there, but labkit is.
STAND_INS = {
    "keras": "keras 由 labkit 代替：最前面写 import labkit 和 labkit.as_keras()。",
    "tensorflow": "这里没有 TensorFlow：最前面写 import labkit 和 labkit.as_keras()，"
    "再把 tensorflow.keras 改成 keras。",
}
# What asyncio.run and run_until_complete say, here and in other Pythons.
LOOP_RUNS = "running event loop|event loop is already running|stack switch"


async def evaluate(code: CodeType, namespace: dict[str, Any]) -> Any:
    value = eval(code, namespace)
    return await value if code.co_flags & inspect.CO_COROUTINE else value


def picture_of(value: Any) -> str | None:
    """The SVG of a value that has one; a picture that cannot be drawn must not hide the value."""
    if isinstance(value, type):
        return None
    try:
        draw = getattr(value, "_repr_svg_", None)
        return as_image(draw()) if draw else None
    except Exception:  # noqa: BLE001  whatever a reader's own class raises
        return None


def model_of(value: Any) -> str | None:
    """What a model tells of itself for a picture that answers, as JSON."""
    try:
        tell = getattr(value, "_repr_model_", None)
        told = tell() if tell else None
    except Exception:  # noqa: BLE001  as above
        return None
    return told if isinstance(told, str) else None


def as_image(svg: Any) -> str | None:
    """SVG as an `<img>` needs it: well-formed, with its namespace; None where it is none."""
    names: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda name, _: names.append(name)
    if not isinstance(svg, str):
        return None
    try:
        parser.Parse(svg, True)
    except expat.ExpatError:
        return None
    if names[0] == "svg":  # enough inside an HTML page, as in notebooks
        return svg.replace("<svg", f'<svg xmlns="{SVG}"', 1)
    return svg if names[0] == f"{SVG} svg" else None


def show_open_figures() -> None:
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.show()


def close_figures() -> None:
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
