"""Net benefit: against the counts of its definition, at another prevalence, and its limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix
from support.predictions import make_predictions, make_screening_predictions

from helpers.screening.comparison import with_probability
from helpers.screening.net_benefit import THRESHOLDS, net_benefit, worth_using
from helpers.statistics import Estimate


@pytest.fixture(scope="module")
def predictions() -> pd.DataFrame:
    """Predictions of malignant against benign."""
    return make_screening_predictions()


def test_it_is_the_definition(predictions: pd.DataFrame) -> None:
    """True positives less false ones at the threshold's odds, by scikit-learn's counts."""
    y, p = predictions["y_true"], predictions["p_malignant"]
    table = net_benefit(predictions, n_resamples=20)
    assert table["threshold"].tolist() == list(THRESHOLDS)
    for row in table.itertuples():
        _, fp, _, tp = confusion_matrix(y, p >= row.threshold).ravel()
        odds = row.threshold / (1 - row.threshold)
        expected = (tp - fp * odds) / len(y)
        everybody = (y.sum() - (1 - y).sum() * odds) / len(y)
        assert row.model.value == pytest.approx(expected, abs=1e-9)
        assert row.all == pytest.approx(everybody, abs=1e-9)
        assert row.gain.value == pytest.approx(expected - max(everybody, 0), abs=1e-9)
        assert row.model.low <= row.model.value <= row.model.high


def test_own_prevalence_is_the_default(predictions: pd.DataFrame) -> None:
    """Told to the split's own share, the value is the same; a rarer disease leaves less."""
    own = float(predictions["y_true"].mean())
    first, second, rare = (
        net_benefit(predictions, [0.1, 0.3], prevalence, n_resamples=20)["model"].map(float)
        for prevalence in (None, own, own / 10)
    )
    assert first.to_numpy() == pytest.approx(second.to_numpy(), abs=1e-9)
    assert (rare < first).all()


def test_who_calls_everybody_gains_nothing(predictions: pd.DataFrame) -> None:
    """The model that says malignant to all is the rule that needs no model."""
    table = net_benefit(with_probability(predictions, np.ones(len(predictions))), n_resamples=20)
    assert (table["model"].map(float) - table["all"]).abs().max() < 1e-12
    assert max(estimate.value for estimate in table["gain"]) <= 0
    assert worth_using(table) is None


def test_a_perfect_model_gains_at_every_threshold(predictions: pd.DataFrame) -> None:
    """Its net benefit is the prevalence."""
    table = net_benefit(with_probability(predictions, predictions["y_true"]), n_resamples=20)
    assert table["model"].map(float).to_numpy() == pytest.approx(predictions["y_true"].mean())
    assert worth_using(table) == (THRESHOLDS[0], THRESHOLDS[-1])


def test_seven_diagnoses_are_summed() -> None:
    """Predictions of diagnoses are taken as in the other scores of screening."""
    assert len(net_benefit(make_predictions(), [0.2], n_resamples=20)) == 1


def test_the_widest_range_is_told() -> None:
    """Of two unbroken ranges the longer one."""
    lows = [0.1, -0.1, 0.1, 0.1, -0.1]
    gains = [Estimate(0.2, low, 0.3, 9) for low in lows]
    table = pd.DataFrame({"threshold": [0.1, 0.2, 0.3, 0.4, 0.5], "gain": gains})
    assert worth_using(table) == (0.3, 0.4)


def test_impossible_wishes_are_refused(predictions: pd.DataFrame) -> None:
    """Thresholds of certainty, a prevalence in percent, and one kind alone."""
    for thresholds, prevalence in (([0.0], None), ([1.0], None), ([0.1], 2.0)):
        with pytest.raises(ValueError, match=r"in \(0, 1\)"):
            net_benefit(predictions, thresholds, prevalence)
    with pytest.raises(ValueError, match="one kind"):
        net_benefit(predictions[predictions["y_true"] == 1])
