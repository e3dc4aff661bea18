"""Python fences of the pages: find them, run them, compare their text with their `#>` lines.

`python -m tests.fences docs/layers/core/Dense.md` runs one page from top to bottom in a fresh
interpreter, as the browser does, and prints every fence whose output differs.
"""

import asyncio
import contextlib
import io
import os
import re
import sys
import tokenize
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from docs.live.model_code import ModelCode
from docs.live.runner import evaluate, picture_of
from docs.live.syntax import compile_cell

ROOT = Path(__file__).parent.parent
CHINESE_FONT = (
    ROOT / "node_modules/@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf"
)
FENCE = re.compile(
    r"^(?P<indent> *)(?P<ticks>`{3,}|~{3,}) *(?P<info>[^\n`]*)\n"
    r"(?P<body>(?:.*\n)*?)"
    r"(?P=indent)(?P=ticks) *$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Fence:
    """One Python fence; `line` is the number of its first code line in the page."""

    page: Path
    line: int
    classes: frozenset
    code: str

    @property
    def expected(self):
        """The contents of the `#>` comments, in order."""
        tokens = tokenize.generate_tokens(io.StringIO(self.code).readline)
        comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
        return [comment[2:].removeprefix(" ") for comment in comments if comment.startswith("#>")]


def pages():
    """Every page that readers see, README included."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def fences(page):
    """The Python fences of a page, in order, also those inside indented blocks."""
    text = page.read_text()
    found = []
    for match in FENCE.finditer(text):
        classes = frozenset(re.findall(r"\.?([\w-]+)", match["info"].split("}")[0]))
        if "python" in classes:
            line = text.count("\n", 0, match.start("body")) + 1
            found.append(Fence(page, line, classes - {"python"}, dedent(match["body"])))
    return found


def run(fence, namespace):
    """Run a fence; return its whole text: what it prints, then its last value unless None."""
    if "model" in fence.classes:  # shown as a picture
        ModelCode(fence.code, str(fence.page)).run()
        return []
    # Blank lines in front make the line numbers in tracebacks those of the page.
    body, last = compile_cell("\n" * (fence.line - 1) + fence.code, str(fence.page))

    async def execute():
        await evaluate(body, namespace)
        if last is not None:
            value = await evaluate(last, namespace)
            if value is not None and not picture_of(value):  # a picture is no text
                print(repr(value))

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        asyncio.run(execute())
    draw_figures()
    return printed.getvalue().splitlines()


def draw_figures():
    """Draw what the fence left open: many faults of a figure appear only now."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        from matplotlib.font_manager import fontManager

        fontManager.addfont(CHINESE_FONT)
        for number in pyplot.get_fignums():
            pyplot.figure(number).canvas.draw()
        pyplot.close("all")


def check(page):
    """Run a page from top to bottom; return one message for each fence that does not hold."""
    problems, namespace, last_check = [], {"__name__": "__main__"}, None
    for fence in fences(page):

        def complain(what, fence=fence):
            problems.append(f"{page}:{fence.line}: {what}\n{fence.code}")

        try:
            output = run(fence, namespace)
            if [line.rstrip() for line in output] != [line.rstrip() for line in fence.expected]:
                shown = "\n".join(f"#> {line}".rstrip() for line in output) or "(nothing)"
                complain(f"the fence printed\n{shown}\nbut its #> lines differ:")
            if "check" in fence.classes:
                last_check = fence
            if "solution" in fence.classes:
                answer = run(last_check, namespace)
                if not (answer and answer[0].startswith("通过")):
                    complain(f"with this solution the check printed {answer}, not 通过:")
        except Exception:
            complain(f"the fence failed\n{traceback.format_exc()}")
    return problems


def main(page):
    warnings.simplefilter("error")
    # Readers end a cell with plt.show(), which has no window to open here.
    os.environ["MPLBACKEND"] = "Agg"
    os.environ["MATPLOTLIBRC"] = str(ROOT / "docs/live/matplotlibrc")  # the browser's settings
    warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
    problems = check(Path(page))
    print("\n".join(problems))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
