"""Intervals of shares and areas: in log odds, with as many degrees of freedom as lesions allow."""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, stdtrit  # type: ignore[import-untyped]

from helpers.statistics.intervals import LEVEL, check_level, percentile_interval

MOST_LEFT_OUT = 50
"""Parts that a stratum is divided into, each to be left out once: of fewer lesions each alone. The
degrees of freedom need no more than the strata's shares of the variance."""

NEAREST = 0.1
"""How near to an end a resample may come, in distances of the value from its nearer end. For areas
of 0.93 anything from a fifth to a fiftieth gives intervals that are alike; for those of 0.999, and
shares of 0.97, of 150 lesions, a tenth holds the truth in 96 to 99 of 100 studies, a fifth in 93
to 98: the wider is taken."""


def logit_interval(
    resampled: ArrayLike, value: float, level: float = LEVEL, df: float = inf
) -> tuple[float, float]:
    """Bootstrap interval of a share or an area in (0, 1), symmetric on the scale of log odds.

    Near 1, where areas under curves lie, resamples pile up against the end, and a percentile
    interval of few lesions holds the truth less often than it says: that of an area of 0.93 by
    twenty lesions of melanoma in 90 of 100 studies. In log odds the resamples are about normal;
    how far they spread is measured there, and how well that is known says Student's t.
    ``python -m benchmarks.coverage`` counts how often the interval holds the truth.

    Parameters
    ----------
    resampled : array-like of shape (n_resamples,)
        The statistic in each resample; NaN where it is undefined.
    value : float
        The statistic of the cases themselves. At 0, at 1 or outside, the percentile interval is
        given.
    level : float, default=0.95
        Confidence level, in (0, 1).
    df : float, default=inf
        Degrees of freedom of the standard error, above 0; see
        `degrees_of_freedom`. Infinite takes the normal distribution.

    Returns
    -------
    low, high : float
        In (0, 1); NaN where no resample defines the statistic.

    Notes
    -----
    An end is infinitely far in log odds, and one resample at it would make the interval so: none
    counts as nearer to an end than a tenth of the value's own distance (`NEAREST`).

    References
    ----------
    .. [1] Davison and Hinkley, "Bootstrap Methods and their Application", 1997, sections 5.2.1 and
       5.2.2 (normal and studentised intervals on a transformed scale).
    .. [2] Pepe, "The Statistical Evaluation of Medical Tests for Classification and Prediction",
       2003, section 5.2 (log odds of an area, and the delta method).
    .. [3] Qin and Hotilovac, "Comparison of non-parametric confidence intervals for the area under
       the ROC curve of a continuous-scale diagnostic test", Statistical Methods in Medical
       Research 17 (2008).

    Examples
    --------
    >>> low, high = logit_interval([0.85, 0.90, 0.95], 0.90)
    >>> round(low, 2), round(high, 2)
    (0.73, 0.97)
    """
    check_level(level)
    drawn = np.asarray(resampled, dtype=float)
    drawn = drawn[np.isfinite(drawn)]
    if drawn.size < 2 or not 0 < value < 1:
        return percentile_interval(resampled, value, level)
    centre, nearest = float(logit(value)), NEAREST * min(value, 1 - value)
    spread = float(logit(drawn.clip(nearest, 1 - nearest)).std(ddof=1))
    half = float(stdtrit(df, (1 + level) / 2)) * spread
    low, high = float(expit(centre - half)), float(expit(centre + half))
    # Rounding may leave an end an ulp on the wrong side of a value that never varies.
    return min(low, value), max(high, value)


def leave_out(
    group: NDArray[np.intp], strata: NDArray[np.intp], most: int = MOST_LEFT_OUT
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Weights of the cases that leave out one group after the other, or a few at a time.

    Parameters
    ----------
    group : ndarray of int of shape (n_cases,)
        Group (lesion) of each case, in ``range(n_groups)``.
    strata : ndarray of int of shape (n_groups,)
        Stratum (diagnosis) of each group.
    most : int, default=50
        A stratum of more groups is divided into so many parts of about equal size.

    Returns
    -------
    weights : ndarray of shape (n_parts, n_cases)
        0 for what is left out; the others of its stratum weigh as much more. A stratum of one
        group has none: what it adds to the variance cannot be known.
    stratum : ndarray of int of shape (n_parts,)
        From which stratum each row leaves out.

    References
    ----------
    .. [1] Kott, "The delete-a-group jackknife", Journal of Official Statistics 17 (2001).
    """
    rows, names = [], []
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        n_parts = min(len(members), most)
        for part in range(n_parts if len(members) > 1 else 0):
            out = members[part::n_parts]
            weights = np.ones(len(strata))
            weights[members] = len(members) / (len(members) - len(out))
            weights[out] = 0.0
            rows.append(weights)
            names.append(stratum)
    return np.array(rows).reshape(-1, len(strata))[:, group], np.array(names, dtype=np.intp)


def degrees_of_freedom(
    left_out: ArrayLike, stratum: NDArray[np.intp], strata: NDArray[np.intp]
) -> float:
    """Degrees of freedom of a statistic's standard error, by Satterthwaite.

    The variance is a sum of what the strata add, each known from as many groups as it has. Where
    most of it comes from twenty lesions of melanoma, it is hardly better known than theirs alone,
    however many nevi there are; and an interval needs the quantile of Student's t.

    Parameters
    ----------
    left_out : array-like of shape (n_parts,)
        The statistic under each row of weights of `leave_out`.
    stratum : ndarray of int of shape (n_parts,)
        As of `leave_out`.
    strata : ndarray of int of shape (n_groups,)
        Stratum of each group.

    Returns
    -------
    float
        At least 1; infinite where the statistic does not vary, or is undefined without a part.

    References
    ----------
    .. [1] Satterthwaite, "An approximate distribution of estimates of variance components",
       Biometrics Bulletin 2 (1946), equation 17.
    .. [2] Wolter, "Introduction to Variance Estimation", 2nd ed., 2007, section 4.5 (the jackknife
       of stratified samples).

    Examples
    --------
    >>> means = np.array([1.5, 1.0, 0.5, 4.0, 2.0])  # three lesions, then two
    >>> kinds = np.array([0, 0, 0, 1, 1])
    >>> round(degrees_of_freedom(means, kinds, kinds), 2)
    1.68
    """
    values = np.asarray(left_out, dtype=float)
    total = of_squares = 0.0
    for name in np.unique(stratum):
        found, n_groups = values[stratum == name], int((strata == name).sum())
        share = float(((found - found.mean()) ** 2).mean()) * (len(found) - 1)
        total += share
        of_squares += share**2 / (n_groups - 1)
    # What is only rounding, or NaN, has no shares.
    return total**2 / of_squares if total > 1e-18 else inf
