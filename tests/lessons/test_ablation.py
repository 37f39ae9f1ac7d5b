"""The published ablation: its rows, its two readings of one of them, and its five techniques."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from support.predictions import make_predictions
from support.scored_trials import make_scored_trial

from helpers.lessons.ablation import (
    TECHNIQUES,
    ablation_differences,
    ablation_scores,
    beside_published,
    half_width,
    no_fc_readings,
    published_rivals,
    published_signature,
    shows_signature,
    technique_effects,
)
from helpers.published.numbers import claim
from helpers.statistics import Estimate


def test_ablation_stands_beside_the_published_one(tmp_path: Path) -> None:
    """Published numbers belong to their rows, and a worse trial is lower than the full model."""
    trials = [
        make_scored_trial(tmp_path, "Full model", 0.9),
        make_scored_trial(tmp_path, "No GAP", 0.4),
        make_scored_trial(tmp_path, "No FC", 0.9),
    ]
    table = ablation_scores(trials)
    published = table.set_index(["row", "metric"])["published"]
    assert published["No GAP", "recall"] == claim("focal_loss.no_gap.recall").value
    assert published["No FC", "accuracy"] == claim("focal_loss.no_fc.accuracy").value
    changes = ablation_differences(trials).set_index(["row", "metric"])
    assert (changes.loc["No GAP", "verdict"] == "lower").all()
    assert (changes.loc["No FC", "verdict"] == "no difference shown").all()
    expected = published["No GAP", "F1"] - published["Full model", "F1"]
    assert changes.loc[("No GAP", "F1"), "published"] == pytest.approx(expected)
    assert beside_published(table).loc["No FC", "recall"].endswith("] | 0.80")
    wide = beside_published(changes.reset_index(), points=True)
    assert list(wide.index) == ["No GAP", "No FC"]
    assert list(wide.columns) == ["accuracy", "precision", "recall", "F1"]
    assert wide.loc["No GAP", "F1"].endswith("| −5")
    assert wide.loc["No FC", "F1"].startswith("0 [")


def test_full_beats_not_all_in_the_published_table() -> None:
    """Rows without dropout and class weights tie its accuracy, the latter its precision, too."""
    rivals = published_rivals()
    assert set(zip(rivals["row"], rivals["metric"], strict=True)) == {
        ("No dropout", "accuracy"),
        ("No class weights", "accuracy"),
        ("No class weights", "precision"),
        ("No FC", "recall"),
    }
    assert set(rivals["verdict"]) == {"ties"}


def change(value: float, half: float) -> Estimate:
    """A difference with an interval of this half width."""
    return Estimate(value, value - half, value + half, 120)


@pytest.mark.parametrize(
    ("accuracy", "recall", "verdict"),
    [
        (change(-0.16, 0.05), change(0.0, 0.05), "shown"),
        (change(-0.02, 0.05), change(0.0, 0.05), "not shown"),
        (change(-0.16, 0.05), change(-0.2, 0.05), "not shown"),
        (change(-0.16, 0.05), change(0.2, 0.05), "not shown"),
        (change(-0.16, 0.1), change(0.0, 0.05), "undecided"),
        (change(-0.16, 0.05), change(0.0, 0.1), "undecided"),
    ],
)
def test_the_signature_has_a_rule(accuracy: Estimate, recall: Estimate, verdict: str) -> None:
    """Accuracy far below, recall as before, both with their whole intervals."""
    assert published_signature() == pytest.approx((-0.16, 0.0))
    assert shows_signature(accuracy, recall) == verdict


def test_readings_are_compared_with_the_full_model() -> None:
    """A model like the full one does not show the signature, nor does one that loses recall."""
    full, worse = make_predictions(1, skill=3.0), make_predictions(1, skill=0.2)
    table = no_fc_readings(full, {"same": full, "worse": worse}, n_resamples=100)
    assert table.loc["same", "accuracy"].value == table.loc["same", "recall"].value == 0
    assert table.loc["worse", "accuracy"].high < 0 and table.loc["worse", "recall"].high < 0
    assert list(table["signature"]) == ["not shown", "not shown"]


def test_a_technique_that_helps_has_an_effect_above_nothing() -> None:
    """The effect is the full model minus the one without, technique by technique."""
    full = make_predictions(1, skill=3.0)
    others = {name: full for name in TECHNIQUES.values()} | {
        "No dropout": make_predictions(1, skill=0.2)
    }
    effects = technique_effects({"Full model": full, **others}, n_resamples=100)
    assert list(effects.index) == list(TECHNIQUES)
    assert effects.loc["dropout", "accuracy"].low > 0 and effects.loc["dropout", "recall"].low > 0
    assert effects.loc["focal loss", "recall"].value == 0


def test_half_width_is_the_median_of_half_the_intervals() -> None:
    """Of widths 0.2, 0.4 and 2 it is 0.2: one wide interval does not move it."""
    ends = ((-0.1, 0.1), (0.0, 0.4), (-1.0, 1.0))
    found = half_width(pd.Series([Estimate(0.0, low, high, 9) for low, high in ends]))
    assert found == pytest.approx(0.2)
