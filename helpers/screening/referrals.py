"""What a screening threshold does to people: lesions found, missed, and sent on for nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite

import pandas as pd

from helpers.screening.scores import check_screening
from helpers.statistics import Estimate, ratio_of_independent, wilson, with_interval


@dataclass(frozen=True)
class Referral:
    """How often lesions of the two kinds are called malignant at a threshold.

    Parameters
    ----------
    threshold : float
        A picture is called malignant where its probability is at least this.
    found : Estimate
        Share of the malignant lesions (sensitivity).
    alarmed : Estimate
        Share of the benign lesions (one minus specificity).
    """

    threshold: float
    found: Estimate
    alarmed: Estimate


def referral(predictions: pd.DataFrame, threshold: float) -> Referral:
    """Shares of lesions called malignant, a lesion counted once however many pictures it has.

    Parameters
    ----------
    predictions : DataFrame
        Of one split; see `helpers.screening.scores.check_screening`.
    threshold : float
        In [0, 1].

    Returns
    -------
    Referral
        A lesion whose pictures are called differently counts by their share. The intervals are
        Wilson's for as many cases as lesions, no narrower than such shares deserve.
    """
    screened = check_screening(predictions)
    table = pd.DataFrame(
        {
            "lesion": screened.lesion,
            "malignant": screened.malignant,
            "called": screened.p >= threshold,
        }
    )
    by_lesion = table.groupby("lesion").mean()
    shares = {}
    for kind in (True, False):
        called = by_lesion.loc[by_lesion["malignant"] == kind, "called"]
        shares[kind] = wilson(min(float(called.sum()), len(called)), len(called))
    return Referral(threshold, shares[True], shares[False])


@dataclass(frozen=True)
class Thousand:
    """A thousand lesions of some prevalence, sorted by a threshold.

    Parameters
    ----------
    prevalence : float
        Share of malignant lesions.
    found, missed, alarms, spared : Estimate
        Malignant lesions sent on and not, benign ones sent on and not, of a thousand.
    alarms_per_find : Estimate
        Benign lesions sent on for each malignant one found; NaN where none is found, and an
        infinite upper end where none may be.
    """

    prevalence: float
    found: Estimate
    missed: Estimate
    alarms: Estimate
    spared: Estimate
    alarms_per_find: Estimate

    @property
    def counts(self) -> dict[str, int]:
        """The four counts as whole lesions that sum to a thousand."""
        malignant = round(1000 * self.prevalence)
        found = min(round(self.found.value), malignant)
        alarms = min(round(self.alarms.value), 1000 - malignant)
        return {
            "found": found,
            "missed": malignant - found,
            "alarms": alarms,
            "spared": 1000 - malignant - alarms,
        }


def in_a_thousand(rates: Referral, prevalence: float) -> Thousand:
    """Turn shares of each kind into counts where the kinds have other shares than in the split.

    Parameters
    ----------
    rates : Referral
        Taken to hold there too: the same mix of lesions within each kind, the same cameras.
    prevalence : float
        Share of malignant lesions there, in (0, 1).

    Raises
    ------
    ValueError
        If the prevalence is not in (0, 1).
    """
    if not 0 < prevalence < 1:
        raise ValueError(f"prevalence: expected a share in (0, 1) but got {prevalence}")
    malignant, benign = 1000 * prevalence, 1000 * (1 - prevalence)
    found, alarms = _times(rates.found, malignant), _times(rates.alarmed, benign)
    return Thousand(
        prevalence,
        found,
        _rest(found, malignant),
        alarms,
        _rest(alarms, benign),
        ratio_of_independent(alarms, found),
    )


def _times(share: Estimate, n: float) -> Estimate:
    return replace(share, value=share.value * n, low=share.low * n, high=share.high * n)


def _rest(part: Estimate, whole: float) -> Estimate:
    return replace(part, value=whole - part.value, low=whole - part.high, high=whole - part.low)


def price_text(price: Estimate) -> str:
    """Benign lesions for each malignant one found, as a table or a sentence gives them.

    >>> price_text(Estimate(12.34, 5.0, float("inf"), 20)), price_text(Estimate(2, 1, 3, 20))
    ('12.3 [5.0 or more]', '2.0 [1.0, 3.0]')
    """
    if isfinite(price.value) and price.high == inf:
        return f"{price.value:.1f} [{price.low:.1f} or more]"
    return with_interval(price, ".1f")


def thousand_table(rates: Referral, prevalences: dict[str, float]) -> pd.DataFrame:
    """`in_a_thousand` for several prevalences, a row each.

    Parameters
    ----------
    rates : Referral
        Of one threshold.
    prevalences : dict of str to float
        By what the row is called.

    Returns
    -------
    DataFrame
        Columns ``where``, ``prevalence``, ``found``, ``missed``, ``alarms`` and
        ``alarms per find``; all but the first two are `Estimate`.
    """
    rows = []
    for name, prevalence in prevalences.items():
        lesions = in_a_thousand(rates, prevalence)
        rows.append(
            {
                "where": name,
                "prevalence": prevalence,
                "found": lesions.found,
                "missed": lesions.missed,
                "alarms": lesions.alarms,
                "alarms per find": lesions.alarms_per_find,
            }
        )
    return pd.DataFrame(rows)
