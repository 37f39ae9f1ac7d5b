"""Screening scores against scikit-learn, thresholds, and checks that fail on bad tables."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    confusion_matrix,
    precision_score,
    recall_score,
    roc_auc_score,
)
from support.predictions import make_screening_predictions

from helpers.core.classes import CLASSES, MALIGNANT
from helpers.screening.scores import (
    check_screening,
    screening_confusion,
    screening_pr,
    screening_roc,
    screening_scores,
    threshold_for_sensitivity,
)

FAST = {"n_resamples": 200}


@pytest.mark.parametrize("threshold", [0.5, 0.2, 0.9])
def test_scores_are_scikit_learns(threshold: float) -> None:
    """Each value is scikit-learn's, inside its interval, with the n of its denominator."""
    table = make_screening_predictions()
    y, p = table["y_true"], table["p_malignant"]
    called = p >= threshold
    found = screening_scores(table, threshold, **FAST)
    expected = {
        "accuracy": accuracy_score(y, called),
        "recall": recall_score(y, called),
        "specificity": recall_score(1 - y, ~called),
        "precision": precision_score(y, called),
        "roc_auc": roc_auc_score(y, p),
        "average_precision": average_precision_score(y, p),
    }
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, abs=1e-9), name
        assert found[name].low < value < found[name].high, name
    assert found["recall"].n == y.sum() and found["specificity"].n == (1 - y).sum()
    assert found["precision"].n == called.sum() and found["accuracy"].n == len(y)
    assert found["recall"].n_groups == table.loc[y == 1, "lesion_id"].nunique()
    matrix = screening_confusion(table, threshold)
    np.testing.assert_array_equal(matrix, confusion_matrix(y, called))
    assert list(matrix.index) == list(matrix.columns) == ["benign", "malignant"]


def test_intervals_grow_when_images_repeat() -> None:
    """Eight alike images a lesion in place of one: the values stay, the intervals are wider."""
    table = make_screening_predictions(400).drop_duplicates("lesion_id")
    table = table.sort_values(["y_true", "p_malignant"])
    number = table.groupby("y_true").cumcount() // 8
    shared = table.assign(lesion_id=table["y_true"].astype(str) + "-" + number.astype(str))
    alone, together = screening_scores(table, **FAST), screening_scores(shared, **FAST)
    for name in ("accuracy", "recall", "specificity", "roc_auc"):
        assert together[name].value == pytest.approx(alone[name].value)
        wider = together[name].high - together[name].low
        assert wider > 1.5 * (alone[name].high - alone[name].low), name


def test_the_two_kinds_are_drawn_apart() -> None:
    """Each resample has as many benign and malignant lesions: calling all leaves no chance."""
    table = make_screening_predictions().drop_duplicates("lesion_id")
    found = screening_scores(table, 0.0, **FAST)["precision"]
    assert found.value == pytest.approx(table["y_true"].mean())
    assert found.high - found.low < 1e-9


def test_perfect_scores_have_an_interval() -> None:
    """No resample is worse than perfect, yet twenty lesions do not prove perfection."""
    table = make_screening_predictions(40, gap=60)
    found = screening_scores(table, **FAST)
    for name, estimate in found.items():
        assert estimate.value == 1 and 0.7 < estimate.low < 1, name
    assert found["recall"].low < found["accuracy"].low


def test_nothing_called_and_one_kind() -> None:
    """A precision without calls is 0 of 0, anything from 0 to 1; recall without malignant NaN."""
    table = make_screening_predictions()
    none = screening_scores(table, 1.0, **FAST)
    assert (none["precision"].value, none["precision"].n) == (0, 0)
    assert (none["precision"].low, none["precision"].high) == (0, 1)
    benign = screening_scores(table[table["y_true"] == 0], **FAST)
    assert np.isnan(benign["recall"].value) and np.isnan(benign["roc_auc"].value)
    assert 0 < benign["specificity"].value < 1
    with pytest.raises(ValueError, match="0 of .* are malignant"):
        screening_roc(table[table["y_true"] == 0])


def test_seven_diagnoses_are_summed() -> None:
    """A model of seven diagnoses is scored by the sum over akiec, bcc and mel."""
    table = make_screening_predictions()
    seven = table.drop(columns=["p_benign", "p_malignant"])
    for name in CLASSES:
        kind, n = ("malignant", 3) if name in MALIGNANT else ("benign", 4)
        seven[f"p_{name}"] = table[f"p_{kind}"] / n
    seven["y_true"] = [CLASSES.index(dx) for dx in seven["dx"]]
    np.testing.assert_allclose(check_screening(seven).p, table["p_malignant"])
    one, other = screening_scores(table, 0.3, **FAST), screening_scores(seven, 0.3, **FAST)
    for name, estimate in one.items():
        assert other[name].value == pytest.approx(estimate.value, abs=1e-6)


def test_curves_end_where_they_should() -> None:
    """ROC from corner to corner, PR to full recall; areas are those of the scores."""
    table = make_screening_predictions()
    roc, pr = screening_roc(table), screening_pr(table)
    found = screening_scores(table, **FAST)
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    assert pr.x[0] == 1 and pr.x[-1] == 0
    assert roc.area == pytest.approx(found["roc_auc"].value)
    assert pr.area == pytest.approx(found["average_precision"].value)
    assert pr.chance == pytest.approx(table["y_true"].mean())


@pytest.mark.parametrize("wanted", [0.3, 0.8, 0.9, 0.95, 1.0])
def test_threshold_is_the_highest_that_does(wanted: float) -> None:
    """It reaches the sensitivity, and the next higher probability would not."""
    table = make_screening_predictions()
    chosen = threshold_for_sensitivity(table, wanted, **FAST)
    p, y = table["p_malignant"], table["y_true"] == 1
    assert (p[y] >= chosen.threshold).mean() == chosen.sensitivity.value >= wanted
    higher = p[p > chosen.threshold].min()
    assert (p[y] >= higher).mean() < wanted
    assert chosen.specificity.value == pytest.approx((p[~y] < chosen.threshold).mean())
    assert not chosen.calls_all


def test_a_sensitivity_out_of_reach_is_told() -> None:
    """It may cost all specificity, and few lesions cannot assure it: both are to be seen."""
    table = make_screening_predictions()
    blind = table.assign(p_malignant=0.4, p_benign=0.6)
    chosen = threshold_for_sensitivity(blind, 0.9, **FAST)
    assert chosen.calls_all and chosen.sensitivity.value == 1
    easy = make_screening_predictions(24, gap=60)
    chosen = threshold_for_sensitivity(easy, 0.95, **FAST)
    assert chosen.sensitivity.value == 1 and chosen.sensitivity.low < 0.95
    assert not chosen.calls_all
    for wanted in (0, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"\(0, 1\]"):
            threshold_for_sensitivity(table, wanted)
    with pytest.raises(ValueError, match="larger split"):
        threshold_for_sensitivity(table[table["y_true"] == 1], 0.9)


def test_bad_tables_are_told() -> None:
    """Missing columns, wrong truth, torn kinds, doubled images and logits, all at once."""
    table = make_screening_predictions()
    with pytest.raises(ValueError, match="p_benign are missing"):
        check_screening(table.drop(columns="p_benign"))
    with pytest.raises(ValueError, match="there are none"):
        check_screening(table.iloc[:0])
    bad = table.copy()
    bad.loc[0, "y_true"] = 1 - bad.loc[0, "y_true"]
    bad.loc[1, "p_malignant"] = 3.0
    bad.loc[2, "image_id"] = bad.loc[3, "image_id"]
    bad.loc[4, "split"] = "valid"
    bad["lesion_id"] = "one"
    with pytest.raises(ValueError) as caught:
        check_screening(bad)
    for words in ("y_true 1", "sum to 1", "each image once", "one split", "benign or malignant"):
        assert words in str(caught.value)
