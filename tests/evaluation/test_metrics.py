"""Absent classes, ties and probabilities of nil: as decided, and what scikit-learn does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from support.predictions import make_predictions

from helpers.core.classes import CLASSES
from helpers.evaluation import metrics, single_scores
from helpers.evaluation.metrics import PROBABILITY_COLUMNS, PROBABILITY_FLOOR, Scored
from helpers.evaluation.scoring import SCORES
from helpers.evaluation.tables import error_destinations, per_class, pr_curves, roc_curves
from helpers.serving.cards import calibration

DF = CLASSES.index("df")
LABELS = range(len(CLASSES))
IGNORED = pytest.mark.filterwarnings("ignore::UserWarning")


def value(score: Callable[..., np.ndarray], scored: Scored) -> float:
    """A score of all images, each counted once."""
    return float(score(scored, np.ones((1, scored.n_images)))[0])


def table_of(y_prob: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """Predictions of single images of the classes."""
    rows = pd.DataFrame(y_prob, columns=list(PROBABILITY_COLUMNS))
    y_true = [CLASSES.index(dx) for dx in classes]
    ids = [f"i{row}" for row in range(len(rows))]
    return rows.assign(image_id=ids, lesion_id=ids, dx=classes, y_true=y_true)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Predictions without an image of df, some of which are called df; no two are equal."""
    made = make_predictions(counts=(10, 10, 10, 0, 10, 30, 10), skill=1.0)
    assert (metrics.check_predictions(made).y_pred == DF).sum() > 3
    return made


@pytest.fixture(scope="module")
def scored(table: pd.DataFrame) -> Scored:
    """Their arrays."""
    return metrics.check_predictions(table)


@pytest.fixture(scope="module")
def undefined() -> Scored:
    """Predictions of a single class."""
    return metrics.check_predictions(make_predictions(counts=(0, 0, 0, 0, 0, 20, 0)))


def test_means_over_images_need_no_class(scored: Scored) -> None:
    """What df is given counts against the others; scikit-learn agrees once it has the labels."""
    y, p = scored.y_true, scored.y_prob
    expected = {
        "accuracy": sk.accuracy_score(y, scored.y_pred),
        "top_2_accuracy": sk.top_k_accuracy_score(y, p, k=2, labels=LABELS),
        "brier_score": sk.brier_score_loss(y, p, labels=LABELS),
    }
    for name, known in expected.items():
        assert value(SCORES[name].function, scored) == pytest.approx(known, abs=1e-12)
    known = sk.log_loss(y, p, labels=LABELS)
    assert value(metrics.log_loss, scored) == pytest.approx(known, abs=1e-9)
    for function in (sk.top_k_accuracy_score, sk.log_loss):
        with pytest.raises(ValueError, match="labels"):
            function(y, p)


@IGNORED
def test_means_over_classes_leave_an_absent_one_out(scored: Scored) -> None:
    """Also where images are called by its name, for which scikit-learn's F1 and precision fall."""
    y, y_pred, present = scored.y_true, scored.y_pred, list(scored.present)
    balanced = value(metrics.balanced_accuracy, scored)
    assert balanced == pytest.approx(sk.balanced_accuracy_score(y, y_pred), abs=1e-12)
    assert balanced == pytest.approx(7 / 6 * sk.recall_score(y, y_pred, average="macro"))
    for ours, theirs in (
        (metrics.macro_f1, sk.f1_score),
        (metrics.macro_precision, sk.precision_score),
    ):
        told = theirs(y, y_pred, average="macro", labels=present, zero_division=0)
        assert value(ours, scored) == pytest.approx(told, abs=1e-12)
        untold = theirs(y, y_pred, average="macro", zero_division=0)
        assert untold == pytest.approx(6 / 7 * told)
    areas = [sk.roc_auc_score(y == index, scored.y_prob[:, index]) for index in present]
    assert value(metrics.macro_auc, scored) == pytest.approx(np.mean(areas), abs=1e-12)
    one_hot = np.eye(7)[y]
    assert np.isnan(sk.roc_auc_score(one_hot, scored.y_prob))
    assert np.isfinite(sk.roc_auc_score(one_hot, scored.y_prob, average="weighted"))


def test_a_call_by_an_absent_name_costs_its_own_class_alone() -> None:
    """As much as any other wrong call of the image."""
    y_prob = np.eye(7)[[CLASSES.index(dx) for dx in ("nv", "nv", "mel", "bcc")]]
    truth = ["nv", "nv", "mel", "bcc"]
    wrong = y_prob.copy()
    wrong[0] = np.eye(7)[DF]
    right, one_off = (metrics.check_predictions(table_of(p, truth)) for p in (y_prob, wrong))
    for score, lost in ((metrics.balanced_accuracy, 1 / 6), (metrics.macro_f1, 1 / 9)):
        assert value(score, right) == 1
        assert value(score, one_off) == pytest.approx(1 - lost)
    assert value(metrics.macro_precision, one_off) == 1


@IGNORED
def test_its_own_scores_are_nan_or_an_error(table: pd.DataFrame, scored: Scored) -> None:
    """In tables NaN, though it is called; by name an error; no curve. scikit-learn says 0.0."""
    whole = metrics.weighted_confusions(scored, np.ones((1, scored.n_images)))
    assert np.isnan(metrics.class_recall(whole)[0, DF]) and np.isnan(metrics.class_f1(whole)[0, DF])
    assert metrics.class_precision(whole)[0, DF] == 0
    row = per_class(table, n_resamples=20).loc["df"]
    assert row[[name for name in row.index if name.startswith(("recall", "f1"))]].isna().all()
    assert (row["support"], row["precision"]) == (0, 0) and row["predicted"] > 3
    assert "df" not in roc_curves(table) and "df" not in pr_curves(table)
    assert error_destinations(table).loc["df", list(CLASSES)].isna().all()
    for function in (single_scores.roc_auc, single_scores.average_precision):
        with pytest.raises(ValueError, match=r"images of df .* 0 of"):
            function(table, "df")
    with np.errstate(invalid="ignore"):
        assert np.isnan(value(metrics.class_auc(DF), scored))
        assert np.isnan(value(metrics.class_average_precision(DF), scored))
    absent = scored.y_true == DF
    assert sk.average_precision_score(absent, scored.y_prob[:, DF]) == 0
    assert np.isnan(sk.roc_auc_score(absent, scored.y_prob[:, DF]))
    theirs = sk.precision_recall_fscore_support(scored.y_true, scored.y_pred, labels=LABELS)
    assert theirs[1][DF] == theirs[2][DF] == 0


def test_of_one_class_only_areas_are_undefined(undefined: Scored) -> None:
    """Everything else is a number, and its interval too."""
    found = single_scores.estimate_scores(undefined, SCORES, n_resamples=20)
    nan = {name for name, estimate in found.items() if np.isnan(estimate.value)}
    assert nan == {"macro_auc", "malignant_auc"}
    for name, estimate in found.items():
        assert np.isnan([estimate.low, estimate.high]).all() == (name in nan)
    assert value(metrics.balanced_accuracy, undefined) == value(metrics.accuracy, undefined)


def test_a_class_that_is_never_called_is_0_in_the_mean_and_nan_in_the_table() -> None:
    """It has images, so its precision is not left out of the mean."""
    truth = ["nv", "mel", "df"]
    table = table_of(np.eye(7)[[CLASSES.index(dx) for dx in ("nv", "mel", "nv")]], truth)
    scored = metrics.check_predictions(table)
    expected = sk.precision_score(scored.y_true, scored.y_pred, average="macro", zero_division=0)
    assert value(metrics.macro_precision, scored) == pytest.approx(expected) == 0.5
    row = per_class(table, n_resamples=20).loc["df"]
    assert np.isnan(row["precision"]) and (row["recall"], row["f1"]) == (0, 0)


def test_no_class_drops_out_of_a_resample(table: pd.DataFrame) -> None:
    """A class with a single lesion keeps it, so that every interval is finite."""
    rare = table[(table["dx"] != "vasc") | ~table["dx"].duplicated()].reset_index(drop=True)
    assert (rare["dx"] == "vasc").sum() == 1
    for estimate in single_scores.scores(rare, n_resamples=200).values():
        assert np.isfinite([estimate.low, estimate.value, estimate.high]).all()


def test_of_equal_probabilities_the_first_counts_as_higher() -> None:
    """The top 1 is the accuracy. In scikit-learn the last wins, and the two come apart."""
    equal = np.full((7, 7), 1 / 7)
    scored = metrics.check_predictions(table_of(equal, list(CLASSES)))
    for k in range(1, 7):
        right = metrics.top_k(k)(scored, np.eye(7))
        np.testing.assert_array_equal(right, np.arange(7) < k)
        theirs = [sk.top_k_accuracy_score([c], equal[:1], k=k, labels=LABELS) for c in range(7)]
        np.testing.assert_array_equal(theirs, np.arange(7) >= 7 - k)
    accuracy = metrics.accuracy(scored, np.eye(7))
    np.testing.assert_array_equal(metrics.top_k(1)(scored, np.eye(7)), accuracy)

    tied = metrics.check_predictions(make_predictions(ties=True))
    assert value(metrics.top_k(1), tied) == value(metrics.accuracy, tied)
    theirs = sk.top_k_accuracy_score(tied.y_true, tied.y_prob, k=1)
    assert theirs != sk.accuracy_score(tied.y_true, tied.y_pred) == value(metrics.accuracy, tied)


def test_ties_in_a_ranking_are_draws() -> None:
    """Half a pair for the area, one threshold for precision: the positives' share."""
    score, positive = np.full(5, 0.3), np.array([1.0, 0, 0, 1, 0])
    whole = np.ones((1, 5))
    assert metrics.weighted_auc(score, positive, whole)[0] == 0.5
    assert metrics.weighted_average_precision(score, positive, whole)[0] == pytest.approx(0.4)
    assert sk.average_precision_score(positive, score) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("dtype", "theirs"), [(np.float16, 6.93), (np.float32, 15.94), (np.float64, 36.04)]
)
def test_a_wrong_certainty_costs_the_same_in_every_type(dtype: type, theirs: float) -> None:
    """scikit-learn clips at the type's own spacing, so that storage decides the loss."""
    y_prob = np.eye(7, dtype=dtype)[[0]]
    table = table_of(y_prob, ["nv"])
    assert set(table[list(PROBABILITY_COLUMNS)].dtypes) == {np.dtype(dtype)}
    ours = single_scores.log_loss(table, n_resamples=2).value
    assert ours == pytest.approx(-np.log(PROBABILITY_FLOOR)) == pytest.approx(27.63, abs=0.01)
    assert calibration.log_loss(table["y_true"], y_prob) == ours
    assert sk.log_loss(table["y_true"], y_prob, labels=LABELS) == pytest.approx(theirs, abs=0.01)


def test_log_loss_of_stored_probabilities(scored: Scored, table: pd.DataFrame) -> None:
    """Above the floor it is scikit-learn's, in 32 bits as in 64, and a weight is a repetition."""
    stored = table.astype({column: np.float32 for column in PROBABILITY_COLUMNS})
    plain = value(metrics.log_loss, scored)
    assert value(metrics.log_loss, metrics.check_predictions(stored)) == pytest.approx(plain)
    few = table_of(
        np.array([[1 - 1e-9, 0, 0, 0, 0, 1e-9, 0], [0, 0.5, 0.5, 0, 0, 0, 0]]), ["nv", "bcc"]
    )
    y_prob = few[list(PROBABILITY_COLUMNS)].to_numpy()
    known = sk.log_loss(few["y_true"], y_prob, labels=LABELS)
    assert value(metrics.log_loss, metrics.check_predictions(few)) == pytest.approx(known, abs=1e-9)
    weighted = metrics.log_loss(metrics.check_predictions(few), np.array([[3.0, 1.0]]))[0]
    assert weighted == pytest.approx((3 * -np.log(1e-9) + np.log(2)) / 4)
