"""Running a graph of symbols on values, and the updates that wait until the run has succeeded."""

from __future__ import annotations

from typing import Any

from ..errors import explain
from .state import state
from .tape import operations_before, replay
from .tensors import Symbol, Tensor, Variable
from .variables import batch_set_value, eval, with_slots


def sources(symbol: Symbol) -> list[Symbol]:
    """The symbols that a symbol was computed from."""
    return symbol.record.needed() if symbol.record is not None else []


def ancestors(symbols) -> list[Symbol]:
    """The symbols and all that they are computed from, each after those it needs."""
    order: list[Symbol] = []
    seen: set[int] = set()
    stack = [(symbol, False) for symbol in symbols]
    while stack:
        symbol, expanded = stack.pop()
        if expanded:
            order.append(symbol)
        elif id(symbol) not in seen:
            seen.add(id(symbol))
            stack.append((symbol, True))
            stack += [(x, False) for x in reversed(sources(symbol))]
    return order


def uses_learning_phase(symbols) -> bool:
    """Whether training gives the symbols other values, by what they are computed with."""
    records = (x.record for x in ancestors(symbols) if x.record is not None)
    return any(record.uses_learning_phase for record in records)


# Keras noted it on every tensor; old code looks there.
Symbol._uses_learning_phase = property(lambda self: uses_learning_phase([self]))  # type: ignore[attr-defined]


def depends_on(loss: Symbol, x: Symbol | Tensor) -> bool:
    """Whether x, a symbol, a weight of a layer or any other tensor, plays a part in the loss."""
    for symbol in ancestors([loss]):
        if symbol is x:
            return True
        for tensor in symbol.record.tensors() if symbol.record is not None else ():
            operations = operations_before(tensor.operation, differentiable=True)
            if tensor is x or any(a is x for made in operations for a in made.arguments):
                return True
    return False


class Unfed(ValueError):
    """A symbol that a run has no value for."""


class Feed:
    """One run of a graph: the values of its symbols, each computed when it is first asked for.

    Inside the `with` block K functions put values in the place of symbols, so a loss may use any
    symbol of the graph. Tensors that were computed from variables before are computed anew.
    """

    def __init__(self, symbols=(), values=(), masks=()):
        self.values = {id(x): value for x, value in zip(symbols, values, strict=True)}
        self.masks = {id(x): mask for x, mask in zip(symbols, masks, strict=False)}
        #: What the records that have run gave, by their id; and the same of operations (replay).
        self.results: dict[int, Any] = {}
        #: The losses and updates that calls of layers have added, by the id of their node.
        self.effects: dict[int, dict[str, list]] = {}
        self.replayed: dict[tuple, Any] = {}

    def __enter__(self) -> Feed:
        self.outer, state.feed = state.feed, self
        return self

    def __exit__(self, *error) -> None:
        state.feed = self.outer

    def known(self, symbol: Symbol):
        """The symbol's value, or the symbol itself where it has none."""
        try:
            return self[symbol]
        except Unfed:
            return symbol

    def __getitem__(self, symbol: Symbol):
        """The symbol's value. Unfed where an input has none."""
        waiting = [symbol]
        while waiting:
            x = waiting[-1]
            needed = [] if id(x) in self.values else self._missing(x)
            if needed:
                waiting += reversed(needed)
                continue
            if id(x) not in self.values:
                self._compute(x)
            waiting.pop()
        return self.values[id(symbol)]

    def _missing(self, symbol: Symbol) -> list[Symbol]:
        return [x for x in sources(symbol) if id(x) not in self.values]

    def _compute(self, symbol: Symbol) -> None:
        if symbol.record is not None:
            symbol.record.compute(self, symbol)
        elif self.outer is not None:
            self.values[id(symbol)] = self.outer[symbol]
        else:
            raise Unfed(
                explain(
                    "计算图",
                    f"没有给出 {symbol.name} 的值",
                    "每个 Input 都要有数据",
                    f"把 {symbol.name} 加入模型的输入",
                )
            )

    def value(self, x):
        """What stands for x in this run."""
        if isinstance(x, Symbol):
            return self[x]
        if isinstance(x, Tensor) and x.operation is not None:
            return replay(x, self.replayed)
        if isinstance(x, list | tuple) and any(isinstance(item, Symbol) for item in x):
            return [self.value(item) for item in x]
        return x


class Run:
    """One evaluation from outside: it gathers the updates, written only once it has succeeded."""

    #: What tensors from outside of any run are in this one (tape.present).
    replayed: dict[tuple, Any]
    given: dict[tuple[int, int], Tensor]

    def __init__(self):
        self.updates: list[tuple[Variable, Any]] = []
        #: Those of stateful layers, which are written in prediction too.
        self.state_updates: list[tuple[Variable, Any]] = []
        self.losses: list[Any] = []
        #: The ids of the losses and updates that depend on the inputs of the call that added them.
        self.conditional: set[int] = set()

    def __enter__(self) -> Run:
        self.outer, state.run = state.run, self
        if self.outer is None:
            self.replayed, self.given = {}, {}
        else:
            self.replayed, self.given = self.outer.replayed, self.outer.given
        return self

    def keep(self, *given) -> None:
        """Tensors that come from outside are what they are: a gradient by them must find them."""
        for x in given:
            if isinstance(x, list | tuple):
                self.keep(*x)
            elif isinstance(x, Tensor) and x.operation is not None:
                self.given[id(x.operation), x.index] = x

    def __exit__(self, *error) -> None:
        state.run = self.outer

    @staticmethod
    def write(updates) -> None:
        """Compute every new value first, then write: within a step all read the old values."""
        batch_set_value([(x, eval(new)) for x, new in with_slots(updates)])
