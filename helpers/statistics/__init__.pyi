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
from .verdicts import against, difference, in_points, listed, with_interval

__all__ = [
    "LEVEL",
    "N_RESAMPLES",
    "Estimate",
    "Resampling",
    "against",
    "difference",
    "difference_of_independent",
    "in_points",
    "listed",
    "mean_interval",
    "percentile_interval",
    "ratio_of_independent",
    "wilson",
    "with_interval",
]
