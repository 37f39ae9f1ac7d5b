"""Where a network looked: class activation maps, and how much of them lies on the lesion."""

from __future__ import annotations

from helpers.explanation.criteria_outlines import (
    criteria_beside,
    criterion_frequencies,
    drawn_criteria,
    outlined,
)
from helpers.explanation.gradcam import Explainer, Method, without_softmax
from helpers.explanation.heat_maps import (
    example_rows,
    map_likeness,
    mass_summary,
    method_grid,
    outline_mask,
)

__all__ = [
    "Explainer",
    "Method",
    "criteria_beside",
    "criterion_frequencies",
    "drawn_criteria",
    "example_rows",
    "map_likeness",
    "mass_summary",
    "method_grid",
    "outline_mask",
    "outlined",
    "without_softmax",
]
