"""Functions over the elements of a tensor: map_fn, foldl, foldr."""

from __future__ import annotations

from functools import reduce

from .elementwise import cast
from .movement import stack, unstack
from .tape import on_tensors
from .tensors import Symbol, known, record_symbol


def map_fn(fn, elems, name=None, dtype=None):
    """对第 0 轴的每个元素调用 fn，把结果叠起来。"""

    def run(elems):
        results = [fn(x) for x in unstack(elems, axis=0)]
        y = stack(results, axis=0)
        return y if dtype is None else cast(y, dtype)

    return _along_first(run, elems)


def foldl(fn, elems, initializer=None, name=None):
    """从左到右累积：acc = fn(acc, x)，初值是 initializer 或第一个元素。"""

    def run(elems):
        parts = unstack(elems, axis=0)
        return reduce(fn, parts if initializer is None else [initializer, *parts])

    return _along_first(run, elems)


def foldr(fn, elems, initializer=None, name=None):
    """从右到左累积：acc = fn(acc, x)，初值是 initializer 或最后一个元素。"""

    def run(elems):
        parts = unstack(elems, axis=0)[::-1]
        return reduce(fn, parts if initializer is None else [initializer, *parts])

    return _along_first(run, elems)


def _along_first(run, elems):
    elems = known(elems)
    if isinstance(elems, Symbol):
        return record_symbol(on_tensors(run), (elems,), {})
    return run(elems)
