"""Paired differences, calibration and the choice of a screening model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score
from support.predictions import make_screening_predictions
from support.scored_trials import make_screening_trial

from helpers.screening.comparison import (
    calibration_scores,
    choose_screening,
    compare_screening,
    paired_aucs,
    screening_reliability,
    with_probability,
)
from helpers.screening.prevalence import prior_corrected

FAST = {"n_resamples": 300}


@pytest.mark.parametrize("name", ["roc_auc", "brier"])
def test_difference_is_scikit_learns(name: str) -> None:
    """Score minus score, in whatever order the rows come, inside its interval."""
    first, second = make_screening_predictions(gap=2.0), make_screening_predictions(gap=0.5)
    function = {"roc_auc": roc_auc_score, "brier": brier_score_loss}[name]
    expected = function(first["y_true"], first["p_malignant"])
    expected -= function(second["y_true"], second["p_malignant"])
    shuffled = second.sample(frac=1, random_state=0)
    found = compare_screening(first, shuffled, name, **FAST)
    assert found.value == pytest.approx(expected)
    assert found.low < expected < found.high
    assert compare_screening(first, first, name, **FAST).value == 0


def test_other_images_are_refused() -> None:
    """Two tables that do not hold the same images have no paired difference."""
    table = make_screening_predictions()
    with pytest.raises(ValueError, match="the same images"):
        compare_screening(table, table.iloc[1:])


def test_correction_mends_what_under_sampling_did() -> None:
    """Ideal probabilities of balanced data are too high at a real share, and right once moved."""
    rng = np.random.default_rng(0)
    n = 6000
    malignant = rng.random(n) < 0.1
    logit = rng.normal(np.where(malignant, 2, -2), 2)  # the log odds at even priors are this
    table = pd.DataFrame(
        {
            "image_id": [f"i{k}" for k in range(n)],
            "lesion_id": [f"l{k}" for k in range(n)],
            "dx": np.where(malignant, "mel", "nv"),
            "y_true": malignant.astype(int),
        }
    )
    before = with_probability(table, 1 / (1 + np.exp(-logit)))
    after = with_probability(before, prior_corrected(before["p_malignant"], 0.5, 0.1))
    assert calibration_scores(before, **FAST)["excess"].low > 0.05
    mended = calibration_scores(after, **FAST)["excess"]
    assert mended.low < 0 < mended.high
    assert compare_screening(before, after, "brier", **FAST).low > 0
    assert compare_screening(before, after, "roc_auc", **FAST).value == pytest.approx(0)
    bins = screening_reliability(after)
    assert bins["n"].sum() == n
    assert (bins["low"] - 0.03 <= bins["probability"]).all()
    assert (bins["probability"] <= bins["high"] + 0.03).all()


def test_choice_is_by_validation_auc(tmp_path: Path) -> None:
    """The sharper trial is chosen; of equals the first; the differences are told."""
    trials = [
        make_screening_trial(tmp_path, name, noise) for name, noise in (("dull", 6), ("sharp", 1))
    ]
    assert choose_screening(trials).name == "sharp"
    assert choose_screening([trials[0], trials[0]]) is trials[0]
    table = paired_aucs(trials, trials[1])
    assert table["second"].tolist() == ["dull"] and table["verdict"].tolist() == ["higher"]
