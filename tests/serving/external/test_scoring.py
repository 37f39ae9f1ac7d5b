"""Scores of an external test: the official one, the logarithmic one, and differences."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.metrics import log_loss as reference_log_loss
from support.predictions import make_predictions, make_screening_predictions
from support.small_served import small_card
from support.stand_in_scorer import one_hot

from helpers.core.classes import CLASSES
from helpers.dataset.truth_tables import CHALLENGE_CLASSES
from helpers.evaluation.metrics import PROBABILITY_COLUMNS, check_predictions, log_loss
from helpers.serving.cards import weighed
from helpers.serving.external.scoring import (
    BEFORE,
    LABELS,
    OFFICIAL,
    beside_internal,
    challenge_accuracy,
    external_scores,
    refused_share,
)


def value(function, predictions: pd.DataFrame) -> float:
    """A score of all images alike."""
    return float(function(check_predictions(predictions), np.ones((1, len(predictions))))[0])


def with_ties(predictions: pd.DataFrame) -> pd.DataFrame:
    """Every fifth image has two highest probabilities, the true class's among them."""
    table = predictions.reset_index(drop=True)
    columns = list(PROBABILITY_COLUMNS)
    for row in range(0, len(table), 5):
        probabilities = np.full(7, 0.02)
        true = int(table.loc[row, "y_true"])
        probabilities[[true, (true + 1) % 7]] = 0.45
        table.loc[row, columns] = probabilities
    return table


def test_the_official_metric_is_the_mean_recall() -> None:
    """Without ties it is scikit-learn's balanced accuracy."""
    table = make_predictions(3)
    y_pred = table[list(PROBABILITY_COLUMNS)].to_numpy().argmax(axis=1)
    expected = balanced_accuracy_score(table["y_true"], y_pred)
    assert value(challenge_accuracy, table) == pytest.approx(expected, abs=1e-12)


def test_a_tie_is_undecided_and_wrong() -> None:
    """Whichever of the two comes first: neither counts."""
    table = with_ties(make_predictions(3))
    columns = list(PROBABILITY_COLUMNS)
    highest = table[columns].max(axis=1)
    decided = (table[columns].to_numpy() == highest.to_numpy()[:, None]).sum(axis=1) == 1
    assert 0 < decided.sum() < len(table)
    right = decided & (table[columns].to_numpy().argmax(axis=1) == table["y_true"].to_numpy())
    expected = np.mean([right[table["y_true"] == k].mean() for k in range(7)])
    assert value(challenge_accuracy, table) == pytest.approx(expected, abs=1e-12)


def test_an_absent_class_is_left_out() -> None:
    """As the challenge's mean skips what is not a number."""
    table = make_predictions(3)
    table = table[table["dx"] != "df"].reset_index(drop=True)
    y_pred = table[list(PROBABILITY_COLUMNS)].to_numpy().argmax(axis=1)
    present = [k for k in range(7) if k != CLASSES.index("df")]
    recalls = [(y_pred[table["y_true"] == k] == k).mean() for k in present]
    assert value(challenge_accuracy, table) == pytest.approx(np.mean(recalls), abs=1e-12)


def test_log_loss_is_scikit_learns() -> None:
    """In nats, over the seven classes."""
    table = make_predictions(4)
    y_prob = table[list(PROBABILITY_COLUMNS)]
    expected = reference_log_loss(table["y_true"], y_prob, labels=range(7))
    assert value(log_loss, table) == pytest.approx(expected, abs=1e-9)


def test_all_scores_the_official_first() -> None:
    """Every one has a label and contains its value; before differs from after."""
    after, before = make_predictions(1), make_predictions(1, skill=1.0)
    found = external_scores(after, before, "diagnosis", 0.3, n_resamples=100)
    assert next(iter(found)) == OFFICIAL
    assert set(found) <= set(LABELS)
    for estimate in found.values():
        assert estimate.low <= estimate.value <= estimate.high
    assert found["brier_score"].value != found[f"brier_score{BEFORE}"].value
    malignant = after["dx"].isin(["mel", "bcc", "akiec"])
    assert found["sensitivity"].n == malignant.sum()
    assert found["specificity"].n == (~malignant).sum()
    assert found["recall_mel"].n == (after["dx"] == "mel").sum()


def test_weights_of_classes_count_in_what_is_malignant_alone() -> None:
    """Area, threshold and both their errors follow them; the diagnoses do not."""
    table = make_predictions(1)
    weights = (0.2, 0.3, 0.5, 0.1, 0.4, 1.0, 0.1)
    options: dict[str, Any] = {"n_resamples": 100}
    found = external_scores(table, table, "diagnosis", 0.3, weights, **options)
    plain = external_scores(table, table, "diagnosis", 0.3, **options)
    of_weighed = external_scores(
        weighed(table, "diagnosis", weights), table, "diagnosis", 0.3, **options
    )
    assert list(found) == list(plain)
    for name, estimate in found.items():
        counted = name in ("malignant_auc", "sensitivity", "specificity", "precision")
        assert estimate == (of_weighed if counted else plain)[name], name
    assert found["malignant_auc"] != plain["malignant_auc"]


def test_two_kinds_have_no_official_metric() -> None:
    """Malignant against benign has what screening has."""
    table = make_screening_predictions()
    found = external_scores(table, table, "malignant", 0.5, n_resamples=100)
    assert next(iter(found)) == "malignant_auc" and OFFICIAL not in found
    assert set(found) <= set(LABELS)


def test_differences_stand_beside_the_internal_test() -> None:
    """Here less there, with an interval wider than either; none where the card holds no score."""
    card = small_card()
    found = external_scores(
        make_predictions(1), make_predictions(1), "diagnosis", 0.3, n_resamples=100
    )
    table = beside_internal("all", found, card, "views").set_index("score")
    row = table.loc[OFFICIAL]
    assert row["internal"] == 0.7 and row["internal_n"] == 100
    assert row["difference"] == pytest.approx(row["value"] - 0.7)
    assert row["difference_low"] == pytest.approx(
        row["difference"] - np.hypot(row["value"] - row["low"], 0.1)
    )
    assert np.isnan(table.loc["log_loss", "difference"])


def test_means_of_other_classes_have_no_difference() -> None:
    """Without dermatofibroma the mean recall is one of six classes: no drop can be told."""
    table = make_predictions(1)
    table = table[table["dx"] != "df"].reset_index(drop=True)
    found = external_scores(table, table, "diagnosis", 0.3, n_resamples=100)
    rows = beside_internal("all", found, small_card(), "views").set_index("score")
    assert np.isfinite(rows.loc[OFFICIAL, "value"])
    assert np.isnan(rows.loc[OFFICIAL, "difference"])
    assert np.isfinite(rows.loc["accuracy", "difference"])


def test_refused_share_is_over_lesions() -> None:
    """Its interval is that of as many cases as there are lesions."""
    found = refused_share(np.array([True, False, False, False]), pd.Series(["a", "a", "b", "b"]))
    assert (found.value, found.n, found.n_groups) == (0.25, 4, 2)


SCORER = """
import sys
from isic_challenge_scoring.load_csv import parse_csv, parse_truth_csv, sort_rows
from isic_challenge_scoring.metrics import balanced_multiclass_accuracy
with open(sys.argv[1]) as truth_file, open(sys.argv[2]) as submission_file:
    truth, weights = parse_truth_csv(truth_file)
    submission = parse_csv(submission_file, truth.columns)
sort_rows(truth), sort_rows(submission), sort_rows(weights)
print(repr(float(balanced_multiclass_accuracy(truth, submission, weights.score_weight))))
"""


@pytest.mark.parametrize("case", ["plain", "ties", "absent class"])
def test_the_challenges_own_scorer_agrees(tmp_path: Path, case: str) -> None:
    """Where an interpreter with isic-challenge-scoring is named, to 1e-12. It needs pandas 2."""
    python = os.environ.get("DERMBOOK_PYTHON_ISIC")
    if not python:
        pytest.skip("set DERMBOOK_PYTHON_ISIC to a Python that has isic-challenge-scoring")
    table = make_predictions(7)
    if case == "ties":
        table = with_ties(table)
    if case == "absent class":
        table = table[table["dx"] != "df"].reset_index(drop=True)
    truth, submission = tmp_path / "truth.csv", tmp_path / "submission.csv"
    one_hot(table).to_csv(truth, index=False)
    columns = {f"p_{dx}": dx.upper() for dx in CHALLENGE_CLASSES}
    answers = table.rename(columns={"image_id": "image", **columns})
    answers[["image", *columns.values()]].to_csv(submission, index=False)
    done = subprocess.run(
        [python, "-W", "ignore", "-c", SCORER, str(truth), str(submission)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert value(challenge_accuracy, table) == pytest.approx(json.loads(done.stdout), abs=1e-12)
