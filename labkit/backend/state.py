"""Everything that holds for the whole process, in one place.

What stands elsewhere: the tables of names, utils.generic_utils.get_custom_objects (where Keras
keeps it) and saving.serialization.KNOWN, the functions that Lambda layers keep
(layers.core.function), the manner (labkit.manner, below all that ask for it), the random generators
of NumPy and Python, and what tensors.Call is freeing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class State:
    def __init__(self):
        # Settings: they last until somebody sets them again.
        self.floatx = "float32"
        self.epsilon = 1e-7
        self.image_data_format = "channels_last"
        self.fixed_phase: int | None = None  # what K.set_learning_phase has fixed
        self.session: Any = None  # what K.set_session was given
        # How many names each prefix has given; K.reset_uids starts anew.
        self.uids: defaultdict[str, int] = defaultdict(int)
        # Under way: each belongs to one kind of `with` block, which puts back what stood before.
        self.learning_phase = 0  # K.learning_phase_scope: 1 in training
        self.scopes: list[tuple[str, defaultdict[str, int]]] = []  # K.name_scope
        self.recording = True  # tape.taping: do primitives on tensors return tensors
        self.shapes_only = False  # engine.weighted: large weights are one number repeated
        self.feed: Any = None  # evaluation.Feed: the values of a graph's symbols
        self.run: Any = None  # evaluation.Run: the updates to write when it has succeeded


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
