"""Tests of pairs, and what several tests together may claim."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, chdtrc  # type: ignore[import-untyped]

EXACT_BELOW = 20
"""Discordant pairs from which McNemar's test takes the chi-square distribution.

Half of them are expected on either side, so that 20 is where n p q reaches 5, the usual condition
for a normal approximation of a binomial count; Rosner, "Fundamentals of Biostatistics", 7th ed.,
2011, section 10.4, gives the same rule for this test.
"""


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of two models on the same cases.

    Parameters
    ----------
    first_only, second_only : int
        Cases that the first alone has right, and the second alone: the discordant pairs.
    n : int
        All cases.
    p : float
        Two-sided, in [0, 1]; 1 without discordant pairs.
    exact : bool
        Whether it is that of the binomial distribution, else of the corrected chi-square.
    """

    first_only: int
    second_only: int
    n: int
    p: float
    exact: bool

    @property
    def method(self) -> str:
        """How p was computed, in a word: "exact" or "chi-square"."""
        return "exact" if self.exact else "chi-square"


def mcnemar(first_right: ArrayLike, second_right: ArrayLike) -> McNemar:
    """Test whether two models are right equally often on the same independent cases.

    Parameters
    ----------
    first_right, second_right : array-like of bool of shape (n_cases,)
        Whether each model is right on each case. Cases have to be independent: take lesions and
        not images.

    Returns
    -------
    McNemar
        Below `EXACT_BELOW` discordant pairs by the binomial distribution, from there on by
        chi-square with the correction for continuity.

    Raises
    ------
    ValueError
        If the two differ in shape, or there are no cases.

    References
    ----------
    .. [1] McNemar, "Note on the sampling error of the difference between correlated proportions
       or percentages", Psychometrika 12 (1947).
    .. [2] Edwards, "Note on the correction for continuity in testing the significance of the
       difference between correlated proportions", Psychometrika 13 (1948).
    .. [3] Dietterich, "Approximate statistical tests for comparing supervised classification
       learning algorithms", Neural Computation 10 (1998).

    Examples
    --------
    >>> test = mcnemar([True] * 9 + [False], [True] * 3 + [False] * 7)
    >>> test.first_only, test.second_only, test.p, test.method
    (6, 0, 0.03125, 'exact')
    """
    first, second = np.asarray(first_right, dtype=bool), np.asarray(second_right, dtype=bool)
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise ValueError(
            f"expected two rows of equal length but got shapes {first.shape} and {second.shape}; "
            "score both models on the same cases"
        )
    b, c = int((first & ~second).sum()), int((second & ~first).sum())
    n, fewer = b + c, min(b, c)
    if n == 0:
        p = 1.0
    elif n < EXACT_BELOW:  # as many heads of a coin, or fewer
        p = min(1.0, 2 * float(betainc(n - fewer, fewer + 1, 0.5)))
    else:
        p = float(chdtrc(1, max(abs(b - c) - 1, 0) ** 2 / n))
    return McNemar(b, c, len(first), p, n < EXACT_BELOW)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust the p values of several tests, so that the chance of any false claim keeps its level.

    Parameters
    ----------
    p_values : array-like of shape (n_tests,)
        In [0, 1]; NaN for a test that could not be made, which is not counted.

    Returns
    -------
    ndarray of shape (n_tests,)
        Adjusted p values in [0, 1]: below 0.05 is what may be claimed when of all tests together
        at most one in twenty such sets shall hold a false claim. However the tests depend on each
        other.

    Raises
    ------
    ValueError
        If a value is outside of [0, 1].

    References
    ----------
    .. [1] Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal
       of Statistics 6 (1979).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=float)
    tested = np.flatnonzero(~np.isnan(p))
    if ((p[tested] < 0) | (p[tested] > 1)).any():
        raise ValueError(f"expected p values in [0, 1] but got {p.min()} to {p.max()}; check them")
    order = tested[np.argsort(p[tested], kind="stable")]
    adjusted = np.full(p.shape, nan)
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def resampled_p(resampled: ArrayLike) -> float:
    """Two-sided p value of a difference of nil, from the bootstrap resamples of the difference.

    Parameters
    ----------
    resampled : array-like of shape (n_resamples,)
        The difference in each resample; NaN where it is undefined.

    Returns
    -------
    float
        Twice the share of resamples on the rarer side of 0, those at 0 counted on both sides: the
        level at which the percentile interval would just touch 0. At least
        ``2 / (n_resamples + 1)``; NaN without resamples.

    References
    ----------
    .. [1] Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 4.2, for
       counting the data as one of the resamples; section 5.3 for tests by intervals.

    Examples
    --------
    >>> round(resampled_p([0.1] * 97 + [-0.1] * 2), 3)
    0.06
    """
    drawn = np.asarray(resampled, dtype=float)
    drawn = drawn[np.isfinite(drawn)]
    if not drawn.size:
        return nan
    rarer = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return min(1.0, 2 * (rarer + 1) / (len(drawn) + 1))


def p_text(p: float) -> str:
    """Write a p value as tables do.

    Examples
    --------
    >>> p_text(0.2), p_text(0.0421), p_text(0.0004), p_text(float("nan"))
    ('0.20', '0.042', '< 0.001', '–')
    """
    if not isfinite(p):
        return "–"
    if p < 0.001:
        return "< 0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
