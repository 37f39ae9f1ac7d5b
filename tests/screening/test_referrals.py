"""Referrals count lesions, and a thousand lesions stay a thousand."""

from __future__ import annotations

import pandas as pd
import pytest
from support.predictions import make_screening_predictions

from helpers.screening.prevalence import precision_at
from helpers.screening.referrals import (
    Referral,
    in_a_thousand,
    price_text,
    referral,
    thousand_table,
)
from helpers.statistics.intervals import wilson


def test_a_lesion_counts_once() -> None:
    """Pictures of a lesion are averaged first; repeating them changes nothing."""
    table = make_screening_predictions()
    rates = referral(table, 0.5)
    malignant = table[table["y_true"] == 1]
    called = (malignant["p_malignant"] >= 0.5).groupby(malignant["lesion_id"]).mean()
    assert rates.found.value == pytest.approx(called.mean())
    assert rates.found.n == malignant["lesion_id"].nunique()
    again = table.assign(image_id=table["image_id"] + "b")
    assert referral(pd.concat([table, again], ignore_index=True), 0.5) == rates


def test_a_lower_threshold_finds_and_alarms_more() -> None:
    """At 0 all are called, and the intervals still have a width."""
    table = make_screening_predictions()
    low, high = referral(table, 0.2), referral(table, 0.8)
    assert low.found.value > high.found.value and low.alarmed.value > high.alarmed.value
    everybody = referral(table, 0.0)
    assert everybody.found.value == everybody.alarmed.value == 1
    assert everybody.found.low < 1


@pytest.mark.parametrize("prevalence", [0.02, 0.195, 0.5])
def test_a_thousand_lesions(prevalence: float) -> None:
    """Counts sum up, the price is alarms over finds, and precision is Bayes'."""
    rates = referral(make_screening_predictions(), 0.3)
    lesions = in_a_thousand(rates, prevalence)
    assert sum(lesions.counts.values()) == 1000
    assert lesions.found.value + lesions.missed.value == pytest.approx(1000 * prevalence)
    assert lesions.missed.low == pytest.approx(1000 * prevalence - lesions.found.high)
    price = lesions.alarms_per_find
    assert price.low < price.value < price.high
    precision = precision_at(rates.found.value, 1 - rates.alarmed.value, prevalence)
    assert 1 / (1 + price.value) == pytest.approx(precision)


def test_rarer_malignancy_makes_a_find_dearer() -> None:
    """The same threshold costs more alarms for each find where fewer are malignant."""
    table = thousand_table(referral(make_screening_predictions(), 0.3), {"half": 0.5, "few": 0.02})
    assert table["alarms per find"].iloc[0].value < table["alarms per find"].iloc[1].value / 10


def test_nothing_found_has_no_price() -> None:
    """It is a dash and no number; and a prevalence of 0 is refused."""
    rates = Referral(0.9, wilson(0, 20), wilson(3, 20))
    assert price_text(in_a_thousand(rates, 0.1).alarms_per_find) == "–"
    with pytest.raises(ValueError, match="prevalence"):
        in_a_thousand(rates, 0)
