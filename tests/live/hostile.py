"""Code that would stop a page for ever, fill it or break its Python: what a reader must be told.

Read by test_hostile.py and, for the times, by tests/benchmarks/hostile.py.
"""

from typing import NamedTuple


class Hostile(NamedTuple):
    code: str
    said: str  # in the output or the note
    endless: bool = False  # until the reader presses 停止


ENDED = "变量已清空"
STOPPED = "已停止"
TASK = """
import asyncio
async def task():
    while True:
        {}
        await asyncio.sleep(0)
{}"""
FORK = "asyncio.create_task(task())"

HOSTILE = {
    "endless loop": Hostile("while True: pass", STOPPED, endless=True),
    "loop that catches everything": Hostile(
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        STOPPED,
        endless=True,
    ),
    "sleep": Hostile("import time\ntime.sleep(1e9)", STOPPED, endless=True),
    "ignored interrupt": Hostile(
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        STOPPED,
        endless=True,
    ),
    "regular expression": Hostile(
        "import re\nre.match('(a+)+$', 'a' * 40 + 'b')", STOPPED, endless=True
    ),
    "big power": Hostile("10**10**8", STOPPED, endless=True),
    "repr without end": Hostile(
        "class A:\n    def __repr__(self):\n        while True: pass\nA()", STOPPED, endless=True
    ),
    "await": Hostile("import asyncio\nawait asyncio.Future()", "停在第 2 行", endless=True),
    "fork of tasks": Hostile(TASK.format(FORK, "await task()"), STOPPED, endless=True),
    "fork left behind": Hostile(TASK.format(FORK, FORK), ""),
    "printing task left behind": Hostile(TASK.format("print('x')", FORK), ""),
    "files": Hostile(
        "n = 0\nwhile True:\n    open(f'/tmp/{n}', 'wb').write(bytes(10**7)); n += 1",
        STOPPED,
        endless=True,
    ),
    "messages": Hostile("import js\nwhile True: js.postMessage('x')", STOPPED, endless=True),
    "recursion": Hostile("def f(): f()\nf()", "函数调用自己，层数太多"),
    "recursion without limit": Hostile(
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()", STOPPED, endless=True
    ),
    "deep value": Hostile("x = []\nfor i in range(10**5): x = [x]\nx", ENDED),
    "deep text": Hostile("import json\njson.loads('[' * 10**6)", ENDED),
    "deep code": Hostile("eval('-' * 10**6 + '1')", "代码套得太深"),
    "exit": Hostile("import os\nos._exit(0)", "代码让它退出了"),
    "abort": Hostile("import os\nos.abort()", ENDED),
    "bad pointer": Hostile("import ctypes\nctypes.CFUNCTYPE(None)(1)()", ENDED),
    "giant array": Hostile("import numpy as np\nnp.zeros((10**6, 10**6))", "内存不够"),
    "giant layer": Hostile(
        "import numpy as np\nfrom labkit.layers import Dense\nDense(10**6)(np.ones((1, 10**6)))",
        "内存不够",
    ),
    "prints": Hostile("for i in range(10**7): print(i)", "还在打印"),
    "one long text": Hostile("print('x' * 10**8)", "没有显示"),
    "long error": Hostile("raise ValueError('x' * 10**7)", "xxx"),
    "100 megapixels": Hostile(
        "import matplotlib.pyplot as plt\nplt.figure(figsize=(100, 100), dpi=100)\nplt.plot([1])",
        "这幅图太大",
    ),
    "giant SVG": Hostile(
        "class A:\n    def _repr_svg_(self):\n        return '<svg xmlns="
        '"http://www.w3.org/2000/svg" width="1000000" height="1000000"/>\'\nA()',
        "",
    ),
    "no output": Hostile("import sys\nsys.stdout = sys.stderr = None\nprint(1)", ""),
    "no names": Hostile("globals().clear()", ""),
    "no files": Hostile("import shutil\nshutil.rmtree('/lib', ignore_errors=True)", ""),
    "no imports": Hostile("import sys\nsys.meta_path.clear()\nsys.path.clear()", ""),
    "trace": Hostile("import sys\nsys.settrace(lambda *a: 1 / 0)\n1", ""),
    "junk": Hostile("import js\njs.postMessage(None)\njs.self.close()", ""),
}
