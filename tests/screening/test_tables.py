"""Tables of screening scores."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.predictions import make_screening_predictions
from support.scored_trials import make_screening_trial

from helpers.published.numbers import claim
from helpers.screening.tables import (
    operating_point,
    probability_spread,
    scores_beside_published,
    thresholds_table,
    valid_scores,
)


def test_wished_sensitivities_are_reached() -> None:
    """Where it was chosen, each threshold finds what was wanted, at a falling specificity."""
    table = thresholds_table(make_screening_predictions(), [0.8, 0.95, 1.0])
    assert all(
        found.value >= wanted
        for found, wanted in zip(table["sensitivity"], table["wanted"], strict=True)
    )
    prices = [share.value for share in table["specificity"]]
    assert prices == sorted(prices, reverse=True)


def test_published_scores_stand_beside() -> None:
    """Each score has its published one; none was published of the specificity."""
    table = scores_beside_published(make_screening_predictions(), {"a": 0.5, "b": 0.2}).set_index(
        "score"
    )
    assert table.loc["accuracy", "published"] == claim("screening.accuracy").estimate
    assert table.loc["AUC", "published"].value == claim("screening.auc").value
    assert table.loc["specificity", "published"] is None
    assert table.loc["AUC", "a"] == table.loc["AUC", "b"]
    recall = "recall (sensitivity)"
    assert table.loc[recall, "b"].value > table.loc[recall, "a"].value


def test_operating_point_is_on_the_curves() -> None:
    """At 0 everything is called: both rates are 1, and precision is the share of malignant."""
    table = make_screening_predictions()
    assert operating_point(table, 0.0) == pytest.approx((1, 1, table["y_true"].mean()))


def test_valid_scores_and_spread(tmp_path: Path) -> None:
    """A row a trial; a model without an opinion has no spread."""
    trial = make_screening_trial(tmp_path, "one", 1)
    table = valid_scores([trial])
    assert table["trial"].tolist() == ["one"] and table["AUC"].iloc[0].value > 0.9
    flat = make_screening_predictions().assign(p_malignant=0.48)
    assert probability_spread(flat) == "0.480 to 0.480"
