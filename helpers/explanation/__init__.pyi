from .criteria_outlines import criteria_beside, criterion_frequencies, drawn_criteria, outlined
from .gradcam import (
    METHODS,
    Explainer,
    Method,
    expand_maps,
    measure_maps,
    pick_examples,
    random_weights_control,
    sample_per_class,
    without_softmax,
)
from .heat_maps import example_rows, map_likeness, mass_summary, method_grid, outline_mask

__all__ = [
    "METHODS",
    "Explainer",
    "Method",
    "criteria_beside",
    "criterion_frequencies",
    "drawn_criteria",
    "example_rows",
    "expand_maps",
    "map_likeness",
    "mass_summary",
    "measure_maps",
    "method_grid",
    "outline_mask",
    "outlined",
    "pick_examples",
    "random_weights_control",
    "sample_per_class",
    "without_softmax",
]
