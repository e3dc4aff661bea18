"""A model for a page that lets the reader choose layers: its pictures and its numbers."""

from __future__ import annotations

import json

from .architecture import outline
from .boxes import box_view
from .models import model_diagram

WIDTHS = (
    360,
    640,
    900,
)  # of the boxes in CSS pixels; the page shows the widest that it has room for


def model_page(model) -> str | None:
    """JSON for docs/live/model-view.js; None for a model that is not built yet."""
    if not getattr(model, "built", False) or not hasattr(model, "_nodes"):
        return None
    pictures = {
        **{f"{width}": box_view(model, width) for width in WIDTHS},
        "graph": model_diagram(model, expand_nested=True, show_costs=True),
    }
    return json.dumps({**outline(model), "pictures": pictures}, ensure_ascii=False)
