"""All plots by one name: of data, of training, of evaluation, and of images.

They take numbers, tables and arrays, draw on the axes they are given or on a new figure of the
page's width, and give it back. They save nothing and write no captions.
"""

from __future__ import annotations

from helpers.plots_data import (
    age_histograms,
    class_counts,
    cohort_shortcut,
    dx_type_bars,
    images_per_lesion,
    leakage_bars,
    localization_heatmap,
    sex_bars,
    split_table,
)
from helpers.plots_evaluation import (
    confusion_matrix,
    error_flow,
    per_class_bars,
    recall_vs_count,
    reliability_diagram,
    roc_pr,
)
from helpers.plots_images import (
    CamRow,
    augmentation_grid,
    cam_grid,
    cam_overlay,
    class_gallery,
    contact_sheet,
    mass_strip,
)
from helpers.plots_imbalance import ablation_panels, loss_curves, recall_change_map
from helpers.plots_training import cost_bars, learning_curves, score_bars

__all__ = [
    "CamRow",
    "ablation_panels",
    "age_histograms",
    "augmentation_grid",
    "cam_grid",
    "cam_overlay",
    "class_counts",
    "class_gallery",
    "cohort_shortcut",
    "confusion_matrix",
    "contact_sheet",
    "cost_bars",
    "dx_type_bars",
    "error_flow",
    "images_per_lesion",
    "leakage_bars",
    "learning_curves",
    "localization_heatmap",
    "loss_curves",
    "mass_strip",
    "per_class_bars",
    "recall_change_map",
    "recall_vs_count",
    "reliability_diagram",
    "roc_pr",
    "score_bars",
    "sex_bars",
    "split_table",
]
