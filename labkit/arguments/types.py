"""The types of layer parameters; pages and controls offer the choices of their Literals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

Padding = Literal["valid", "same"]
ConvPadding = Literal["valid", "same", "causal"]
DataFormat = Literal["channels_last", "channels_first"]
Size = int | tuple[int, ...]
# A name, a function, a serialized {"class_name", "config"} dict, or None.
Activation = str | Callable[..., Any] | None
Initializer = str | Callable[..., Any] | dict
Regularizer = str | Callable[..., Any] | dict | None
Constraint = str | Callable[..., Any] | dict | None
