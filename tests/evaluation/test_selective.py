"""Risk over coverage: against its definition, at its ends, and with ties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score
from support.predictions import make_predictions

from helpers.evaluation.metrics import PROBABILITY_COLUMNS, check_predictions
from helpers.evaluation.selective import area_under_risk, kept_at, risk_area, risk_coverage

COLUMNS = list(PROBABILITY_COLUMNS)


@pytest.mark.parametrize("ties", [False, True])
def test_risk_is_one_less_scikit_learns_accuracy(ties: bool) -> None:
    """At every threshold of confidence, and the area is their mean over the images."""
    table = make_predictions(ties=ties)
    y, p = table["y_true"].to_numpy(), table[COLUMNS].to_numpy()
    confidence, called = p.max(axis=1), p.argmax(axis=1)
    curve = risk_coverage(table)
    assert curve["confidence"].tolist() == sorted(set(confidence), reverse=True)
    risk = {t: 1 - accuracy_score(y[confidence >= t], called[confidence >= t])
            for t in curve["confidence"]}  # fmt: skip
    assert np.allclose(curve["risk"], list(risk.values()), atol=1e-9, rtol=0)
    share = [(confidence >= t).mean() for t in curve["confidence"]]
    assert np.allclose(curve["coverage"], share, atol=1e-9, rtol=0)
    expected = np.mean([risk[c] for c in confidence])
    assert risk_area(table, n_resamples=20).value == pytest.approx(expected, abs=1e-9)


def test_curve_ends_at_the_share_of_errors() -> None:
    """With everything kept; the best order is never above, and reaches it there too."""
    table = make_predictions()
    curve = risk_coverage(table)
    error = (table[COLUMNS].to_numpy().argmax(axis=1) != table["y_true"]).mean()
    last = curve.iloc[-1]
    assert (last["coverage"], last["risk"], last["best"]) == pytest.approx((1, error, error))
    assert (curve["best"] <= curve["risk"] + 1e-12).all()


def test_a_confidence_that_knows_nothing_has_the_share_of_errors() -> None:
    """All images equally sure: they are kept or passed on together."""
    table = make_predictions()
    rest = 0.6 / 6
    probabilities = np.full((len(table), 7), rest)
    right = np.random.default_rng(0).random(len(table)) < 0.7
    called = np.where(right, table["y_true"], (table["y_true"] + 1) % 7)
    probabilities[np.arange(len(table)), called] = 0.4
    table[COLUMNS] = probabilities
    area = risk_area(table, n_resamples=50)
    assert area.value == pytest.approx((~right).mean(), abs=1e-9)
    assert len(risk_coverage(table)) == 1


def test_weights_are_repetitions() -> None:
    """A resample's area is that of the table with its rows repeated."""
    table = make_predictions(ties=True)
    counts = np.random.default_rng(1).integers(0, 3, len(table))
    repeated = table.loc[table.index.repeat(counts)].reset_index(drop=True)
    repeated["image_id"] = [f"copy_{i}" for i in range(len(repeated))]
    weighted = area_under_risk(check_predictions(table), counts[None].astype(float))[0]
    plain = area_under_risk(check_predictions(repeated), np.ones((1, len(repeated))))[0]
    assert weighted == pytest.approx(plain, abs=1e-9)


def test_thresholds_are_read_off_another_split() -> None:
    """What is kept on test by validation's threshold need not be the share that was wished."""
    test, valid = make_predictions(1), make_predictions(2, skill=1.0)
    table = kept_at(test, (1.0, 0.8, 0.5), chosen_on=valid)
    sure = valid[COLUMNS].max(axis=1)
    assert (sure >= table["threshold"].iloc[1]).mean() == pytest.approx(0.8, abs=0.01)
    kept = table["kept"].map(float)
    assert kept.iloc[0] == 1
    assert kept.is_monotonic_decreasing
    assert kept.iloc[1] > 0.82  # the model is surer on test
    whole = table.iloc[0]
    assert (whole["risk of the rest"].n, np.isnan(whole["risk of the rest"].value)) == (0, True)
    for row in table.iloc[1:].itertuples():
        n = row.risk.n + row[5].n
        assert n == len(test)
        assert row.risk.value < row[5].value


def test_impossible_shares_are_refused() -> None:
    """Nothing kept is no prediction."""
    with pytest.raises(ValueError, match="shares to keep"):
        kept_at(make_predictions(), (0.0, 80.0))


def test_single_image() -> None:
    """One image is kept."""
    table = make_predictions(counts=(1, 0, 0, 0, 0, 0, 0)).iloc[:1]
    assert isinstance(kept_at(table, (0.5,)), pd.DataFrame)
