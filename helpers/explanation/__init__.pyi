from .criteria_outlines import criteria_beside, criterion_frequencies, drawn_criteria, outlined
from .gradcam import Explainer, Method, without_softmax
from .heat_maps import example_rows, map_likeness, mass_summary, method_grid, outline_mask

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
