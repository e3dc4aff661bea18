"""The types of layer parameters; their Literal choices are also those that pages and controls offer."""

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
