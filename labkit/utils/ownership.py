"""代码是谁的：labkit 自己的，还是读者写的。"""

from __future__ import annotations

from typing import Any

LIBRARY = __name__.partition(".")[0]


def is_own(thing: Any) -> bool:
    """Whether a class or function is labkit's; what tells no module (a NumPy ufunc) counts as such.

    The one place that knows where labkit's code lives: moving a module changes no answer.
    """
    return (getattr(thing, "__module__", None) or LIBRARY).partition(".")[0] == LIBRARY
