"""Ratio and difference of two independent estimates, from the intervals that they have."""

from __future__ import annotations

from math import inf, isfinite, nan, sqrt

from helpers.statistics.intervals import Estimate


def difference_of_independent(first: Estimate, second: Estimate) -> Estimate:
    """First minus second, of scores on unlike images.

    Parameters
    ----------
    first, second : Estimate
        With intervals of one level. For two models on the *same* images take a paired
        comparison instead: it is sharper.

    Returns
    -------
    Estimate
        ``n`` counts the cases of both; NaN ends where an interval is missing.

    References
    ----------
    .. [1] Zou and Donner, "Construction of confidence limits about effect measures: a general
       approach", Statistics in Medicine 27 (2008).
    """
    value = first.value - second.value
    below = sqrt((first.value - first.low) ** 2 + (second.high - second.value) ** 2)
    above = sqrt((first.high - first.value) ** 2 + (second.value - second.low) ** 2)
    return Estimate(value, value - below, value + above, first.n + second.n)


def ratio_of_independent(first: Estimate, second: Estimate) -> Estimate:
    """First over second, of positive quantities measured on unlike cases.

    Parameters
    ----------
    first, second : Estimate
        Not negative, with intervals of one level.

    Returns
    -------
    Estimate
        The upper end is infinite where the second's interval reaches 0; NaN where the second is
        0 itself.

    References
    ----------
    .. [1] Donner and Zou, "Closed-form confidence intervals for functions of the normal mean and
       standard deviation", Statistical Methods in Medical Research 21 (2012), equation 9.

    Examples
    --------
    >>> some = Estimate(0.4, 0.3, 0.5, 100)
    >>> f"{ratio_of_independent(some, Estimate(0.8, 0.7, 0.9, 100)):.2f}"
    '0.50 [0.37, 0.65], n = 200'
    """
    n = first.n + second.n
    if not second.value > 0 or not isfinite(first.value):
        return Estimate(nan, nan, nan, n)
    product = first.value * second.value

    def root(numerator: Estimate, end: float, other: float) -> tuple[float, float, float]:
        top = end * (2 * numerator.value - end)
        bottom = other * (2 * second.value - other)
        return top, bottom, sqrt(max(product**2 - top * bottom, 0.0))

    top, _, spread = root(first, first.low, second.high)
    low = top / (product + spread) if product + spread > 0 else 0.0
    _, bottom, spread = root(first, first.high, second.low)
    high = (product + spread) / bottom if bottom > 0 else inf
    value = first.value / second.value
    return Estimate(value, min(max(low, 0.0), value), max(high, value), n)
