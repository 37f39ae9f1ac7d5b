from .combined_intervals import difference_of_independent, ratio_of_independent
from .intervals import (
    LEVEL,
    N_RESAMPLES,
    Estimate,
    Resampling,
    mean_interval,
    percentile_interval,
    wilson,
)
from .paired_tests import EXACT_BELOW, McNemar, holm, mcnemar, p_text, resampled_p
from .share_intervals import degrees_of_freedom, leave_out, logit_interval
from .verdicts import against, difference, in_points, listed, with_interval

__all__ = [
    "EXACT_BELOW",
    "LEVEL",
    "N_RESAMPLES",
    "Estimate",
    "McNemar",
    "Resampling",
    "against",
    "degrees_of_freedom",
    "difference",
    "difference_of_independent",
    "holm",
    "in_points",
    "leave_out",
    "listed",
    "logit_interval",
    "mcnemar",
    "mean_interval",
    "p_text",
    "percentile_interval",
    "ratio_of_independent",
    "resampled_p",
    "wilson",
    "with_interval",
]
