"""Numbers with their uncertainty: Wilson intervals and the bootstrap over whole lesions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri  # type: ignore[import-untyped]

N_RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A number, its confidence interval, and how many cases stand behind it.

    Parameters
    ----------
    value, low, high : float
        The estimate and the two ends of its interval; NaN where there is none.
    n : int
        Number of cases counted: images for a score of images, lesions for a score of lesions.
    unit : str, default=""
        Printed behind the value and behind the interval.
    n_groups : int or None, default=None
        Number of independent groups (lesions) among the ``n`` cases, where that was counted.

    Examples
    --------
    >>> str(Estimate(0.76, 0.70, 0.81, 120))
    '0.76 [0.70, 0.81], n = 120'
    >>> f"{Estimate(0.7634, 0.701, 0.8149, 1200):.1%}"
    '76.3% [70.1%, 81.5%], n = 1,200'
    """

    value: float
    low: float
    high: float
    n: int
    unit: str = ""
    n_groups: int | None = None

    def __post_init__(self) -> None:
        bounds = (self.low, self.value, self.high)
        if all(isfinite(bound) for bound in bounds) and not self.low <= self.value <= self.high:
            raise ValueError(
                f"expected low <= value <= high but got {self.low} <= {self.value} <= "
                f"{self.high}; pass the arguments in the order value, low, high"
            )

    def __str__(self) -> str:
        return format(self, ".2f")

    def __format__(self, spec: str) -> str:
        spec = spec or ".2f"
        unit = f" {self.unit}" if self.unit else ""
        value, low, high = (
            _no_minus_zero(format(x, spec)) for x in (self.value, self.low, self.high)
        )
        interval = f" [{low}, {high}]{unit}" if isfinite(self.low) and isfinite(self.high) else ""
        return f"{value}{unit}{interval}, n = {self.n:,}"

    def __float__(self) -> float:
        return float(self.value)

    def as_dict(self) -> dict[str, Any]:
        """The fields as a dictionary, for a table's row or a JSON file."""
        return asdict(self)


def _no_minus_zero(text: str) -> str:
    return text.lstrip("-") if not text.strip("-0.%") else text


def wilson(
    k: float, n: float, level: float = LEVEL, *, n_groups: int | None = None, unit: str = ""
) -> Estimate:
    """Wilson score interval of a proportion.

    Parameters
    ----------
    k : float
        Number of successes, in [0, ``n``].
    n : float
        Number of cases; 0 gives a NaN estimate.
    level : float, default=0.95
        Confidence level, in (0, 1).
    n_groups : int or None, default=None
        Number of independent groups (lesions) that the cases come from. Where given, the
        interval is that of ``n_groups`` cases with the same proportion: the worst case, in
        which all images of a lesion are right or wrong together.
    unit : str, default=""
        Unit of the estimate.

    Returns
    -------
    Estimate
        Value ``k / n``, in [0, 1]. Unlike the Wald interval, this one never leaves [0, 1] and
        has a width also at 0 and 1.

    Raises
    ------
    ValueError
        If ``k`` is not in [0, ``n``] or ``level`` not in (0, 1).

    References
    ----------
    .. [1] Wilson, "Probable inference, the law of succession, and statistical inference",
       J. Am. Stat. Assoc. 22 (1927).
    .. [2] Brown, Cai and DasGupta, "Interval estimation for a binomial proportion",
       Statistical Science 16 (2001).

    Examples
    --------
    >>> print(format(wilson(607, 782), ".3f"))
    0.776 [0.746, 0.804], n = 782
    """
    if not 0 <= k <= n:
        raise ValueError(f"expected 0 <= k <= n but got k={k}, n={n}; pass successes, then cases")
    check_level(level)
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, unit, n_groups)
    p = k / n
    m = n if n_groups is None else n_groups
    if not 0 < m <= n:
        raise ValueError(f"expected n_groups in 1 to {n} but got {m}; count the distinct groups")
    z = float(ndtri((1 + level) / 2))
    centre = (p + z**2 / (2 * m)) / (1 + z**2 / m)
    half = z / (1 + z**2 / m) * sqrt(p * (1 - p) / m + z**2 / (4 * m**2))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    # Rounding may leave an end an ulp on the wrong side of a proportion of 0 or 1.
    return Estimate(p, min(low, p), max(high, p), round(n), unit, n_groups)


@dataclass(frozen=True)
class Resampling:
    """Bootstrap resamples of whole groups, drawn within strata, as weights of the cases.

    Parameters
    ----------
    group : ndarray of int of shape (n_cases,)
        Group (lesion) of each case, in ``range(n_groups)``.
    strata : ndarray of int of shape (n_groups,)
        Stratum (diagnosis) of each group.
    n_resamples : int, default=2000
        Number of resamples.
    random_state : int, default=0
        Seed; equal seeds and groups give equal resamples, so two models scored on the same
        images are compared within the same resamples.

    Notes
    -----
    From a stratum of m groups, m - 1 are drawn with replacement, and each draw weighs
    m / (m - 1): with the usual m draws the variance would come out too small by the factor
    (m - 1) / m, which matters where a rare diagnosis has few lesions [1]_. A stratum of one
    group keeps that group at weight 1: nothing can be said about its variance.

    References
    ----------
    .. [1] Rao and Wu, "Resampling inference with complex survey data",
       J. Am. Stat. Assoc. 83 (1988).
    .. [2] Field and Welsh, "Bootstrapping clustered data", J. R. Stat. Soc. B 69 (2007).
    """

    group: NDArray[np.intp]
    strata: NDArray[np.intp]
    n_resamples: int = N_RESAMPLES
    random_state: int = 0

    def chunks(self, size: int = 500) -> Iterator[NDArray[np.float64]]:
        """Yield weights of shape (at most ``size``, n_cases), ``n_resamples`` rows in all."""
        members = [np.flatnonzero(self.strata == stratum) for stratum in np.unique(self.strata)]
        place = np.argsort(np.concatenate(members))[self.group]  # of each case's group below
        sizes = tuple(map(len, members))
        weight = np.repeat([m / (m - 1) if m > 1 else 1.0 for m in sizes], sizes)
        for counts in _draw_counts(sizes, self.n_resamples, size, self.random_state):
            # An index in brackets would take twice as long, and lay out column by column.
            yield np.take(counts * weight, place, axis=1)


@lru_cache(maxsize=4)  # scores of many models on the same lesions, one after the other
def _draw_counts(
    sizes: tuple[int, ...], n_resamples: int, chunk: int, random_state: int
) -> list[NDArray[np.uint8]]:
    """How often each group is drawn in each resample, stratum by stratum, in chunks of rows."""
    rng = np.random.default_rng(random_state)
    chunks = []
    for start in range(0, n_resamples, chunk):
        rows = min(chunk, n_resamples - start)
        counts: list[NDArray[np.uint8]] = []
        for m in sizes:
            if m == 1:
                counts.append(np.ones((rows, 1), np.uint8))
                continue
            draws = rng.integers(m, size=(rows, m - 1), dtype=np.int32)
            draws += (np.arange(rows, dtype=np.int32) * m)[:, None]
            counted = np.bincount(draws.ravel(), minlength=rows * m).reshape(rows, m)
            counts.append(counted.astype(np.uint8))  # 256 of m draws for one of m: never
        chunks.append(np.concatenate(counts, axis=1))
    return chunks


def percentile_interval(
    resampled: ArrayLike, value: float, level: float = LEVEL
) -> tuple[float, float]:
    """Percentile bootstrap interval, widened where needed to contain ``value``.

    Parameters
    ----------
    resampled : array-like of shape (n_resamples,)
        The statistic in each resample; NaN where it is undefined.
    value : float
        The statistic of the cases themselves.
    level : float, default=0.95
        Confidence level, in (0, 1).

    Returns
    -------
    low, high : float
        NaN where no resample defines the statistic.

    References
    ----------
    .. [1] Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    check_level(level)
    drawn = np.asarray(resampled, dtype=float)
    drawn = drawn[np.isfinite(drawn)]
    if not drawn.size or not isfinite(value):
        return np.nan, np.nan
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return min(float(low), value), max(float(high), value)


def mean_interval(
    values: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    unit: str = "",
    level: float = LEVEL,
    n_resamples: int = N_RESAMPLES,
    random_state: int = 0,
) -> Estimate:
    """Mean of values with a percentile bootstrap interval over groups.

    For paired comparisons, pass the differences.

    Parameters
    ----------
    values : array-like of shape (n_cases,)
        Finite numbers.
    groups : array-like of shape (n_cases,) or None, default=None
        Group of each case (``lesion_id``); None takes every case as its own group.
    unit : str, default=""
        Unit of the estimate.
    level : float, default=0.95
        Confidence level, in (0, 1).
    n_resamples : int, default=2000
        Number of resamples.
    random_state : int, default=0
        Seed of the resamples.

    Returns
    -------
    Estimate
        ``n`` counts the values. The interval is NaN where there is only one group.

    Raises
    ------
    ValueError
        If there are no values, one is not finite, or the lengths differ.

    Examples
    --------
    >>> mean_interval([2.0, 2.0, 2.0]).value
    2.0
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ValueError(
            f"expected a row of finite numbers but got shape {values.shape} with "
            f"{int((~np.isfinite(values)).sum())} not finite; drop or mend them first"
        )
    labels = np.arange(len(values)) if groups is None else np.asarray(groups)
    if labels.shape != values.shape:
        raise ValueError(
            f"expected one group a value but got {len(values)} values and {labels.shape} groups; "
            "take both from the same rows"
        )
    names, group = np.unique(labels, return_inverse=True)
    value = float(values.mean())
    if len(names) == 1:
        return Estimate(value, np.nan, np.nan, len(values), unit, 1)
    resampling = Resampling(group, np.zeros(len(names), dtype=np.intp), n_resamples, random_state)
    resampled = np.concatenate([w @ values / w.sum(axis=1) for w in resampling.chunks()])
    low, high = percentile_interval(resampled, value, level)
    return Estimate(value, low, high, len(values), unit, len(names))


def check_level(level: float) -> None:
    """Refuse a confidence level outside of (0, 1), such as one in percent."""
    if not 0 < level < 1:
        raise ValueError(f"expected a level in (0, 1) but got {level}; 0.95 is the usual one")
