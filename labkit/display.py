"""层、张量与符号张量在笔记本和代码格里显示成图。

Neither the engine nor the backend knows of diagrams; importing this module teaches both.
"""

from __future__ import annotations

from .backend.tensors import Operators
from .engine.base_layer import Layer
from .engine.network import Network


def _repr_svg_(self) -> str | None:
    from .diagrams.notebook import picture  # 0.03 s to load: only when something is first shown

    return picture(self)


for shown in (Layer, Operators):
    shown._repr_svg_ = _repr_svg_  # type: ignore[attr-defined]


def _repr_model_(self) -> str | None:
    """What a page of this site shows of a model: its pictures, which answer, and its numbers."""
    from .diagrams.model_page import model_page  # as above

    return model_page(self)


Network._repr_model_ = _repr_model_  # type: ignore[attr-defined]
