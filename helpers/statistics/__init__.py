"""Numbers with their uncertainty: intervals, how two combine, and words for what they say."""

from __future__ import annotations

from helpers.statistics.combined_intervals import difference_of_independent, ratio_of_independent
from helpers.statistics.intervals import (
    LEVEL,
    N_RESAMPLES,
    Estimate,
    Resampling,
    mean_interval,
    percentile_interval,
    wilson,
)
from helpers.statistics.verdicts import against, difference, in_points, listed, with_interval

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
