"""docs/live/prerequisites.py: which cells must run before a cell."""

import pytest

from docs.live.prerequisites import History, accesses, providers
from tests.unreadable import UNREADABLE

NUMPY = "import numpy as np"
# Cells of a page; what the last one needs.
NEEDED = {
    "a name": (["x = 1", "y = 2", "x"], [0]),
    "a chain": (["x = 1", "y = x + 1", "y"], [0, 1]),
    "only the latest binding": (["x = 1", "x = 2", "x"], [1]),
    "a binding that may not happen": (["x = 1", "if ready:\n    x = 2", "x"], [0, 1]),
    "both branches bind": (["x = 1", "if 1:\n    x = 2\nelse:\n    x = 3", "x"], [1]),
    "a binding under with": (["x = 1", "with open(0) as f:\n    x = f", "x"], [1]),
    "bound here before it is read": (["x = 1", "x = 2\nx"], []),
    "read here before it is bound": (["x = 1", "print(x)\nx = 2"], [0]),
    "augmented assignment": (["x = 1", "x += 1", "x"], [0, 1]),
    "attribute assignment": (["x = object", "x.rate = 1", "x"], [0, 1]),
    "subscript assignment": (["x = [1]", "x[0] = 2", "x"], [0, 1]),
    "deletion": (["x = {}", "del x['a']", "x"], [0, 1]),
    "a method that may change": (["x = []", "x.append(1)", "x"], [0, 1]),
    "a method of a part": (["m = object", "m.layers[0].build(1)", "m"], [0, 1]),
    "a method that cannot change": (["x = [1]", "x.copy()", "x"], [0]),
    "a layer is built by calling it": (["d = Dense(1)", "d(1)", "d"], [0, 1]),
    "a module's function": ([NUMPY, "np.random.seed(0)", "np.zeros(1)"], [0]),
    "a module's alias": (["from labkit import backend as K", "K.clear()", "K.zeros(1)"], [0]),
    "calling a function": (["def f(): pass", "f()", "f()"], [0]),
    "using a class": (["class A: pass", "A.make()", "A()"], [0]),
    "a function's globals": (["k = 2", "def f(x):\n    return k * x", "f(1)"], [0, 1]),
    "parameters are no globals": (["x = 2", "def f(x):\n    return x", "f(1)"], [1]),
    "a global statement": (["n = 0", "def f():\n    global n\n    n = n + 1", "f()"], [0, 1]),
    "helpers defined later": (["g = 1", "def f(): return g()\ndef g(): return 2", "f()"], [1]),
    "comprehension variables": (["i = 1", "[i for i in range(3)]"], []),
    "variables of every comprehension": (
        [
            "i = j = k = 1",
            "{i for i in [1]}, {j: k for j, k in [(1, 2)]}, [[i for i in x] for x in []]",
        ],
        [],
    ),
    "outside the comprehension too": (["i = 1", "print(i, [i for i in range(3)])"], [0]),
    "comprehension sources": (["x = [1]", "[i for i in x]"], [0]),
    "lambda": (["k = 1", "f = lambda x: k * x", "f(2)"], [0, 1]),
    "loop variables": (["i = 1", "for i in range(3):\n    print(i)"], []),
    "what a loop may bind": (["for i in range(3):\n    pass", "i"], [0]),
    "tuple targets": (["a, (b, *c) = f()", "c"], [0]),
    "walrus": (["(n := 3)", "n"], [0]),
    "a handler's name": (["e = 1", "try:\n    1\nexcept E as e:\n    print(e)"], []),
    "star import": (["from labkit.layers import *", "x = 1", "Dense(x)"], [0, 1]),
    "f-string": (["x = 1", "f'{x:.2f}'"], [0]),
    "decorator": (["def d(f): return f", "@d\ndef g(): pass", "g()"], [0, 1]),
    "syntax error": (["x = 1", "x = = 2", "x"], [0]),
    "this cell does not parse": (["x = 1", "for"], []),
    "await": (["import asyncio", "x = await asyncio.sleep(0, 1)", "x"], [0, 1]),
    "async for": (["y = f()", "async for x in y:\n    z = x", "x, z"], [0, 1]),
    "async with": (["y = f()", "async with y as x:\n    z = x", "z"], [0, 1]),
    "async comprehension": (["y = f()", "x = [i async for i in y if await i]", "x"], [0, 1]),
    "a coroutine's globals": (["k = 2", "async def f():\n    return await k", "await f()"], [0, 1]),
    "a long sum": (["y = 1", f"x = y{' + 1' * 380}", "x"], [0, 1]),
    "later cells": (["x", "x = 1"], []),
    "builtins": (["print(1)", "print(2)"], []),
    "nothing": (["x = 1", ""], []),
}


@pytest.mark.parametrize("sources, needed", NEEDED.values(), ids=NEEDED)
def test_needed_cells(sources, needed):
    assert list(providers(accesses(sources), len(sources) - 1)) == needed


@pytest.mark.parametrize("source", UNREADABLE.values(), ids=UNREADABLE)
def test_a_cell_that_cannot_be_read_concerns_only_itself(source):
    history, cells = History(), ["x = 1", source, "x", source]
    assert history.missing(cells, 2) == [0]
    assert history.missing(cells, 1) == history.missing(cells, 3) == []
    history.record(cells, 1, complete=False)
    assert history.missing(cells, 2) == [0]


class Page:
    """Runs cells as the page does; `log` holds the order."""

    def __init__(self, *sources):
        self.sources, self.history = list(sources), History()

    def run(self, target, *, fails=()):
        before = self.history.missing(self.sources, target)
        for index in [*before, target]:
            self.history.record(self.sources, index, complete=False)
            if index in fails:
                break
            self.history.record(self.sources, index, complete=True)
        return before


def test_what_ran_is_not_run_again():
    page = Page("x = 1", "y = x", "y")
    assert page.run(2) == [0, 1]
    assert page.run(2) == []
    assert page.run(1) == []


def test_a_changed_cell_runs_again_with_all_that_follow_from_it():
    page = Page("x = 1", "y = x", "z = 5", "y, z")
    assert page.run(3) == [0, 1, 2]
    page.sources[0] = "x = 2"
    assert page.run(3) == [0, 1]


def test_a_cell_run_anew_makes_those_that_read_it_run_anew():
    page = Page("x = [1]", "x.append(2)", "x")
    page.run(2)
    page.run(0)
    assert page.run(2) == [1]


def test_a_name_taken_by_another_cell_is_made_again():
    page = Page("x = 1", "x", "x = 2", "x")
    assert page.run(1) == [0]
    assert page.run(3) == [2]
    assert page.run(1) == [0]


def test_a_cell_that_failed_runs_again():
    page = Page("x = 1", "x")
    assert page.run(1, fails=[0]) == [0]
    assert page.run(1) == [0]
    page.run(0, fails=[0])
    assert page.run(1) == [0]
