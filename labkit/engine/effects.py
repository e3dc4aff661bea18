"""What a call on symbols does besides its result: the losses and updates that it adds.

A layer's `call` does not run on symbols, so what it would add is found out when somebody asks: by
one run on ones. Each loss and new value is then a symbol, with a value wherever the graph runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend.config import learning_phase_scope
from ..backend.evaluation import Run
from ..backend.tensors import Symbol, Tensor
from ..backend.variables import Update
from ..utils.generic_utils import unpack_singleton
from .graph import Connected, Node, is_readers_own, layers_within

#: Unknown axes of the ones: windows fit into them.
BATCH, LENGTH = 2, 12


class Effects:
    """The losses and updates of one node, and which of them depend on its inputs."""

    def __init__(self, node: Node):
        run = traced(node)
        self.losses: list[Symbol] = [
            Symbol((), "float32", f"{node.outbound_layer.name}/loss", Effect(node, "losses", i))
            for i in range(len(run.losses))
        ]
        self.updates: list[Update] = [_update(node, i, pair) for i, pair in enumerate(run.updates)]
        self._conditional = {
            id(mine)
            for mine, added in [
                *zip(self.losses, run.losses, strict=True),
                *zip(self.updates, run.updates, strict=True),
            ]
            if id(added) in run.conditional
        }

    def of(self, kind: str, conditional: bool) -> list:
        """The "losses" or "updates" that depend on the node's inputs, or those that do not."""
        chosen = self._conditional
        return [effect for effect in getattr(self, kind) if (id(effect) in chosen) is conditional]


def _update(node: Node, index: int, pair) -> Update:
    def symbol(x, slot=None):
        return Symbol(x.shape, str(x.dtype), x.name, Effect(node, "updates", index, slot))

    made = Update((pair[0], symbol(pair[0])))
    slots: Any = getattr(pair, "slots", ())
    made.slots = tuple((x, symbol(x, i)) for i, (x, _) in enumerate(slots))
    return made


class Effect:
    """The record of such a symbol: it is taken from the run of its node."""

    needs_tape = False
    uses_learning_phase = False

    def __init__(self, node: Node, kind: str, index: int, slot: int | None = None):
        self.node, self.kind, self.index, self.slot = node, kind, index, slot

    def needed(self) -> list[Symbol]:
        return [*self.node.needed(), self.node.output_tensors[0]]

    def tensors(self) -> list[Tensor]:
        return self.node.tensors()

    def compute(self, feed, symbol: Symbol) -> None:
        found = feed.effects.get(id(self.node), {}).get(self.kind, [])
        if self.index >= len(found):  # what only training adds, asked for in prediction
            with learning_phase_scope(1), Run() as run:
                self.node.run(feed)
            found = getattr(run, self.kind)
        effect = found[self.index]
        if self.kind == "updates":
            effect = effect[1] if self.slot is None else effect.slots[self.slot][1]
        feed.values[id(symbol)] = effect


def traced(node: Node) -> Run:
    """A run of the node's call in training, on ones."""

    def ones(symbol: Symbol) -> np.ndarray:
        lengths = [BATCH, *[LENGTH] * symbol.ndim]
        shape = [n or m for n, m in zip(symbol.shape, lengths, strict=False)]
        return np.ones(shape, symbol.dtype)

    def given(argument: Any) -> Any:
        return ones(argument) if isinstance(argument, Symbol) else argument

    layer = node.outbound_layer
    before = [(part, dict(vars(part))) for part in layers_within(layer)]
    with learning_phase_scope(1), Run() as run:
        if any(map(may_add, layers_within(layer))):
            layer.evaluate_call(
                unpack_singleton([ones(x) for x in node.input_tensors]),
                unpack_singleton([None] * len(node.input_tensors)),
                {name: given(argument) for name, argument in node.arguments.items()},
            )
    for part, attributes in before:
        vars(part).update(attributes)
    return run


def may_add(layer: Connected) -> bool:
    """Whether a layer's call may add losses or updates: most of labkit's never do."""
    return (
        getattr(layer, "adds_updates", False)
        or getattr(layer, "stateful", False)
        or getattr(layer, "activity_regularizer", None) is not None
        or is_readers_own(layer)
    )
