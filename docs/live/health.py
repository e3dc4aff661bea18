"""Whether Python itself is whole: a cell can delete what every other cell needs."""

import builtins
import sys

BUILTINS = vars(builtins)
NAMES = tuple(BUILTINS)
CALLABLE = callable
FUNCTIONS = tuple(name for name in NAMES if callable(BUILTINS[name]))
MODULES = ("builtins", "sys")


def damage() -> str:
    """What is lost, in a sentence; empty where nothing is. It needs no built-in: it may be it."""
    for name in MODULES:
        if name not in sys.modules:
            return "Python 载入的模块（sys.modules）不见了"
    for name in NAMES:
        if name not in BUILTINS:
            return "Python 内置的 " + name + " 不见了"
    for name in FUNCTIONS:
        if not CALLABLE(BUILTINS[name]):
            return "Python 内置的 " + name + " 不再是函数"
    return ""
