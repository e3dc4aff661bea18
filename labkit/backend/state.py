"""Everything that holds for the whole process, in one place.

Two things stand elsewhere: the table of custom objects, where Keras keeps it
(utils.generic_utils.get_custom_objects), and NumPy's global random generator.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class State:
    # Settings: they last until somebody sets them again.
    floatx: str = "float32"
    epsilon: float = 1e-7
    image_data_format: str = "channels_last"
    fixed_phase: int | None = None  # what K.set_learning_phase has fixed
    session: Any = None  # what K.set_session was given
    # How many names each prefix has given; K.reset_uids starts anew.
    uids: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    # Under way: each belongs to one kind of `with` block, which puts back what stood before.
    learning_phase: int = 0  # K.learning_phase_scope: 1 in training
    scopes: list[tuple[str, defaultdict[str, int]]] = field(default_factory=list)  # K.name_scope
    recording: bool = True  # tape.taping: do primitives on tensors return tensors
    shapes_only: bool = False  # engine.weighted.shapes_only: large weights are one number repeated
    feed: Any = None  # evaluation.Feed: the values of a graph's symbols
    run: Any = None  # evaluation.Run: the updates to write when it has succeeded


state = State()


@contextmanager
def changed(**values) -> Iterator[None]:
    """Inside, these fields of the state have other values."""
    before = {name: getattr(state, name) for name in values}
    vars(state).update(values)
    try:
        yield
    finally:
        vars(state).update(before)
