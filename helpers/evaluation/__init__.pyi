from .comparison import align, compare, score_table
from .confusions import LITERATURE, largest_confusions, numbered_works, rank_correlation
from .cross_validation import cross_validation_scores, held_out_leak, most_folds
from .ensembles import average_predictions, out_of_fold
from .metadata_baselines import class_table, column_scores, predict_always
from .metrics import Array, Scored, check_predictions, weighted_auc, weighted_average_precision
from .scoring import SCORES, BootstrapOptions, Score, estimate_scores, scores
from .single_scores import (
    accuracy,
    balanced_accuracy,
    expected_calibration_error,
    malignant_auc,
    roc_auc,
)
from .tables import (
    Curve,
    confusion,
    error_destinations,
    per_class,
    pr_curves,
    reliability,
    roc_curves,
)
from .test_time_augmentation import predict_views, view_predictions, views_of
from .triage import errors_called, main_confusions, malignant_outcomes, recall_at_most_alarms
from .trial_tables import (
    augmentation_table,
    chance_level,
    cost_table,
    describe_stage,
    last_values,
    majority_share,
    paired_differences,
    recipe_table,
    scores_of,
    without_augmentation,
)

__all__ = [
    "LITERATURE",
    "SCORES",
    "Array",
    "BootstrapOptions",
    "Curve",
    "Score",
    "Scored",
    "accuracy",
    "align",
    "augmentation_table",
    "average_predictions",
    "balanced_accuracy",
    "chance_level",
    "check_predictions",
    "class_table",
    "column_scores",
    "compare",
    "confusion",
    "cost_table",
    "cross_validation_scores",
    "describe_stage",
    "error_destinations",
    "errors_called",
    "estimate_scores",
    "expected_calibration_error",
    "held_out_leak",
    "largest_confusions",
    "last_values",
    "main_confusions",
    "majority_share",
    "malignant_auc",
    "malignant_outcomes",
    "most_folds",
    "numbered_works",
    "out_of_fold",
    "paired_differences",
    "per_class",
    "pr_curves",
    "predict_always",
    "predict_views",
    "rank_correlation",
    "recall_at_most_alarms",
    "recipe_table",
    "reliability",
    "roc_auc",
    "roc_curves",
    "score_table",
    "scores",
    "scores_of",
    "view_predictions",
    "views_of",
    "weighted_auc",
    "weighted_average_precision",
    "without_augmentation",
]
