from .comparison import (
    calibration_scores,
    choose_screening,
    compare_screening,
    paired_aucs,
    screening_reliability,
    with_probability,
)
from .data import (
    kinds_by_split,
    malignant_share,
    predict_images,
    sampling_table,
    unseen_at_prevalence,
)
from .net_benefit import THRESHOLDS, net_benefit, worth_using
from .prevalence import precision_at, prior_corrected
from .referrals import in_a_thousand, price_text, referral, thousand_table
from .scores import (
    screening_confusion,
    screening_pr,
    screening_roc,
    screening_scores,
    threshold_for_sensitivity,
)
from .tables import (
    operating_point,
    probability_spread,
    scores_beside_published,
    thresholds_table,
    valid_scores,
)

__all__ = [
    "THRESHOLDS",
    "calibration_scores",
    "choose_screening",
    "compare_screening",
    "in_a_thousand",
    "kinds_by_split",
    "malignant_share",
    "net_benefit",
    "operating_point",
    "paired_aucs",
    "precision_at",
    "predict_images",
    "price_text",
    "prior_corrected",
    "probability_spread",
    "referral",
    "sampling_table",
    "scores_beside_published",
    "screening_confusion",
    "screening_pr",
    "screening_reliability",
    "screening_roc",
    "screening_scores",
    "thousand_table",
    "threshold_for_sensitivity",
    "thresholds_table",
    "unseen_at_prevalence",
    "valid_scores",
    "with_probability",
    "worth_using",
]
