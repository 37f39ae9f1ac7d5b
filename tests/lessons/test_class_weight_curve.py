"""A class's weight and its threshold: the same names, recalls and costs by either way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_score, recall_score
from support.predictions import make_predictions
from support.scored_trials import make_config

from helpers.core import CLASS_INDEX, CLASSES
from helpers.lessons.class_weight_curve import (
    class_difference,
    factor_for_recall,
    shift_odds,
    threshold_costs,
    threshold_curve,
    weight_costs,
    weight_of,
)

COLUMNS = [f"p_{dx}" for dx in CLASSES]
MEL = CLASS_INDEX["mel"]


def called(predictions: pd.DataFrame) -> np.ndarray:
    """The most probable class of each image."""
    return predictions[COLUMNS].to_numpy().argmax(axis=1)


def hits_of(predictions: pd.DataFrame) -> int:
    """Melanomas called by their name."""
    return int(((predictions["y_true"] == MEL) & (called(predictions) == MEL)).sum())


def test_odds_are_multiplied() -> None:
    """Odds of the class rise by the factor, those of the others among themselves stay."""
    plain = make_predictions()
    moved = shift_odds(plain, "mel", 3.0)
    p, q = plain["p_mel"], moved["p_mel"]
    np.testing.assert_allclose(q / (1 - q), 3 * p / (1 - p), rtol=1e-6)
    np.testing.assert_allclose(moved["p_nv"] / moved["p_bkl"], plain["p_nv"] / plain["p_bkl"])
    np.testing.assert_allclose(moved[COLUMNS].sum(axis=1), 1)
    assert not (called(shift_odds(plain, "mel", 0.0)) == MEL).any()


@pytest.mark.parametrize("ties", [False, True])
def test_the_factor_is_the_smallest_for_its_recall(ties: bool) -> None:
    """It finds so many, and a little less of it finds fewer."""
    plain = make_predictions(skill=1.0, ties=ties)
    n = int((plain["dx"] == "mel").sum())
    assert factor_for_recall(plain, "mel", 0) == 0
    for hits in (1, n // 2, n):
        factor = factor_for_recall(plain, "mel", hits)
        assert hits_of(shift_odds(plain, "mel", factor)) >= hits
        assert hits_of(shift_odds(plain, "mel", factor * 0.9999)) < hits


def test_a_model_that_only_moved_its_threshold_is_no_better_than_a_threshold() -> None:
    """Weights that do what a factor does cost what it costs, and the factor is found again."""
    plain = make_predictions(skill=1.0)
    weighted = {w: shift_odds(plain, "mel", w) for w in (3.0, 10.0)}
    table = threshold_costs({1.0: plain, **weighted}, "mel", n_resamples=100)
    assert list(table.index) == [3.0, 10.0]
    assert (table["factor"] <= table.index).all() and (table["factor"] > 1).all()
    assert all(abs(each.value) < 0.05 for each in table["accuracy"])
    assert not any(each.low > 0 for name in ("precision", "accuracy") for each in table[name])


def test_better_models_beat_a_threshold() -> None:
    """At equal recall a model with more skill is more precise."""
    plain, skilled = make_predictions(2, skill=0.3), make_predictions(2, skill=2.5)
    table = threshold_costs({1.0: plain, 5.0: skilled}, "mel", n_resamples=200)
    assert table.loc[5.0, "precision"].low > 0 and table.loc[5.0, "accuracy"].low > 0


def test_costs_are_those_of_scikit_learn() -> None:
    """Recall rises and accuracy falls with the weight; changes are from weight 1."""
    plain = make_predictions(skill=1.0)
    tables = {w: shift_odds(plain, "mel", w) for w in (10.0, 1.0, 3.0)}
    costs = weight_costs(tables, "mel", n_resamples=100)
    assert list(costs.index) == [1.0, 3.0, 10.0]
    for weight, table in tables.items():
        of_mel = {"labels": [MEL], "average": None, "zero_division": 0}
        y_true, y_pred = table["y_true"], called(table)
        assert costs.loc[weight, "recall"].value == pytest.approx(
            recall_score(y_true, y_pred, **of_mel)[0]
        )
        assert costs.loc[weight, "precision"].value == pytest.approx(
            precision_score(y_true, y_pred, **of_mel)[0]
        )
    assert costs["recall"].map(float).is_monotonic_increasing
    assert costs.loc[10.0, "recall change"].low > 0 > costs.loc[10.0, "accuracy change"].high
    expected = costs.loc[10.0, "precision"].value - costs.loc[1.0, "precision"].value
    assert costs.loc[10.0, "precision change"].value == pytest.approx(expected)
    assert costs.loc[1.0, "recall change"].value == 0


def test_differences_of_a_class_need_the_same_images() -> None:
    """Two splits cannot be compared image by image."""
    with pytest.raises(ValueError, match="same images"):
        class_difference(make_predictions(1), make_predictions(1).iloc[1:], "mel", "recall")


@pytest.mark.parametrize("ties", [False, True])
def test_the_curve_goes_through_every_threshold(ties: bool) -> None:
    """Each point is what its factor does; the last one names all images."""
    plain = make_predictions(skill=1.0, ties=ties)
    curve = threshold_curve(plain, "mel")
    assert curve["recall"].is_monotonic_increasing and curve["factor"].is_monotonic_increasing
    assert curve["recall"].iloc[-1] == 1
    assert curve["precision"].iloc[-1] == pytest.approx((plain["dx"] == "mel").mean())
    row = curve.iloc[len(curve) // 3]
    moved = shift_odds(plain, "mel", row["factor"] * (1 + 1e-6))
    n = int((plain["dx"] == "mel").sum())
    assert hits_of(moved) / n == pytest.approx(row["recall"])
    assert hits_of(moved) / (called(moved) == MEL).sum() == pytest.approx(row["precision"])


def test_the_weight_is_read_off_a_configuration() -> None:
    """None is 1; weights of other classes are refused."""
    assert weight_of(make_config(), "mel") == 1
    assert weight_of(make_config(class_weight={"mel": 3.0}), "mel") == 3
    for weights in ("balanced", {"nv": 2.0}):
        with pytest.raises(ValueError, match="mel alone"):
            weight_of(make_config(class_weight=weights), "mel")
