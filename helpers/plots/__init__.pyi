from .axes import picture_grid
from .dataset import (
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
from .decisions import decision_curve, risk_over_coverage, subgroup_points
from .deployment import latency_dots, reliability_before_after, size_against_score
from .evaluation import (
    confusion_matrix,
    error_flow,
    per_class_bars,
    recall_vs_count,
    reliability_diagram,
    roc_pr,
)
from .first_model import file_strips, value_histograms
from .images import (
    CamRow,
    augmentation_grid,
    cam_grid,
    cam_overlay,
    class_gallery,
    contact_sheet,
    mass_strip,
)
from .imbalance import ablation_panels, loss_curves, recall_change_map, weight_and_threshold
from .screening import lightness_histograms, reliability_pair, screening_curves, thousand_lesions
from .settings import recall_rows, threshold_rows
from .style import use_style
from .training import cost_bars, learning_curves, log_beside_trainings, score_bars

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
    "decision_curve",
    "dx_type_bars",
    "error_flow",
    "file_strips",
    "images_per_lesion",
    "latency_dots",
    "leakage_bars",
    "learning_curves",
    "lightness_histograms",
    "localization_heatmap",
    "log_beside_trainings",
    "loss_curves",
    "mass_strip",
    "per_class_bars",
    "picture_grid",
    "recall_change_map",
    "recall_rows",
    "recall_vs_count",
    "reliability_before_after",
    "reliability_diagram",
    "reliability_pair",
    "risk_over_coverage",
    "roc_pr",
    "score_bars",
    "screening_curves",
    "sex_bars",
    "size_against_score",
    "split_table",
    "subgroup_points",
    "thousand_lesions",
    "threshold_rows",
    "use_style",
    "value_histograms",
    "weight_and_threshold",
]
