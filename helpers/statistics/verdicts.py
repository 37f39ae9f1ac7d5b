"""Words for what an interval says, so that prose reads right whatever the numbers are."""

from __future__ import annotations

from math import isfinite

from helpers.statistics.intervals import Estimate


def against(estimate: Estimate, reference: float) -> str:
    """Where an estimate lies beside a reference, by its whole interval.

    Parameters
    ----------
    estimate : Estimate
        With its interval.
    reference : float
        In the same unit: chance, a baseline, a published value.

    Returns
    -------
    str
        "above", "below", or "not told apart from", to stand before the reference.

    Examples
    --------
    >>> against(Estimate(0.42, 0.31, 0.55, 120), 1 / 7)
    'above'
    >>> against(Estimate(0.20, 0.11, 0.31, 120), 1 / 7)
    'not told apart from'
    """
    if isfinite(estimate.low) and estimate.low > reference:
        return "above"
    if isfinite(estimate.high) and estimate.high < reference:
        return "below"
    return "not told apart from"


def difference(estimate: Estimate) -> str:
    """What a difference of two scores says: "higher", "lower" or "no difference shown".

    Parameters
    ----------
    estimate : Estimate
        First minus second, with its interval.

    Examples
    --------
    >>> difference(Estimate(0.10, 0.02, 0.18, 120)), difference(Estimate(0.10, -0.02, 0.2, 120))
    ('higher', 'no difference shown')
    """
    words = {"above": "higher", "below": "lower"}
    return words.get(against(estimate, 0.0), "no difference shown")


def with_interval(estimate: Estimate, spec: str = ".2f") -> str:
    """Write an estimate for a cell of a table: value and interval without its n.

    Parameters
    ----------
    estimate : Estimate
        NaN becomes a dash.
    spec : str, default=".2f"
        Format of the numbers.

    Examples
    --------
    >>> with_interval(Estimate(0.763, 0.701, 0.815, 120))
    '0.76 [0.70, 0.81]'
    >>> with_interval(Estimate(float("nan"), float("nan"), float("nan"), 0))
    '–'
    """
    return format(estimate, spec).partition(", n =")[0] if isfinite(estimate.value) else "–"


def in_points(share: float) -> str:
    """Write a change of a share in percentage points, with its sign.

    Parameters
    ----------
    share : float
        In [-1, 1].

    Examples
    --------
    >>> in_points(-0.124), in_points(0.004), in_points(0.3)
    ('−12', '0', '+30')
    """
    text = f"{100 * share:+.0f}"
    return "0" if not text.strip("+-0") else text.replace("-", "−")


def listed(names: list[str], none: str = "none") -> str:
    """Join names as a sentence does.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"]), listed([])
    ('a', 'a and b', 'a, b and c', 'none')
    """
    if len(names) < 2:
        return names[0] if names else none
    return f"{', '.join(names[:-1])} and {names[-1]}"
