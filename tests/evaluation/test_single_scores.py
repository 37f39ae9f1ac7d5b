"""Scores against scikit-learn, their intervals in simulation, tables, and refused inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from support.predictions import COUNTS, make_predictions

from helpers.core.classes import CLASSES, MALIGNANT
from helpers.evaluation import single_scores as ev
from helpers.evaluation.metrics import PROBABILITY_COLUMNS
from helpers.evaluation.tables import class_recalls, class_report
from helpers.statistics.intervals import Estimate


@pytest.fixture(scope="module")
def predictions() -> pd.DataFrame:
    """Predictions of one split, made up."""
    return make_predictions()


@pytest.mark.parametrize("ties", [False, True])
def test_scores_agree_with_scikit_learn(ties: bool) -> None:
    """Every value is scikit-learn's to the ninth digit, with and without equal probabilities."""
    table = make_predictions(ties=ties)
    y, p = table["y_true"].to_numpy(), table[list(PROBABILITY_COLUMNS)].to_numpy()
    y_pred = p.argmax(axis=1)
    malignant = [i for i, dx in enumerate(CLASSES) if dx in MALIGNANT]
    one_hot = np.eye(7)[y]
    expected = {
        "accuracy": sk.accuracy_score(y, y_pred),
        "balanced_accuracy": sk.balanced_accuracy_score(y, y_pred),
        "macro_f1": sk.f1_score(y, y_pred, average="macro"),
        "macro_precision": sk.precision_score(y, y_pred, average="macro", zero_division=0),
        "macro_auc": sk.roc_auc_score(one_hot, p, average="macro"),
        "malignant_auc": sk.roc_auc_score(np.isin(y, malignant), p[:, malignant].sum(axis=1)),
        "brier_score": ((p - one_hot) ** 2).sum(axis=1).mean(),
    }
    if not ties:
        expected["top_2_accuracy"] = sk.top_k_accuracy_score(y, p, k=2)
        expected["top_3_accuracy"] = sk.top_k_accuracy_score(y, p, k=3)
    got = ev.scores(table, n_resamples=50)
    for name, value in expected.items():
        assert got[name].value == pytest.approx(value, abs=1e-9), name
        assert got[name].low <= value <= got[name].high
    auc = ev.roc_auc(table, "mel", n_resamples=50).value
    assert auc == pytest.approx(sk.roc_auc_score(y == 4, p[:, 4]), abs=1e-9)
    ap = ev.average_precision(table, "mel", n_resamples=50).value
    assert ap == pytest.approx(sk.average_precision_score(y == 4, p[:, 4]), abs=1e-9)


def test_weights_are_repetitions(predictions: pd.DataFrame) -> None:
    """A resample's score is that of the table with its rows repeated."""
    scored = ev.check_predictions(predictions)
    counts = np.random.default_rng(1).integers(0, 3, len(predictions))
    repeated = predictions.loc[predictions.index.repeat(counts)].reset_index(drop=True)
    repeated["image_id"] = [f"copy_{i}" for i in range(len(repeated))]
    again = ev.check_predictions(repeated)
    for name, score in ev.SCORES.items():
        weighted = score.function(scored, counts[None].astype(float))[0]
        plain = score.function(again, np.ones((1, len(repeated))))[0]
        assert weighted == pytest.approx(plain, abs=1e-9), name


def test_calibration_error_by_hand() -> None:
    """Two bins: 3 of 4 right at 0.9, 1 of 2 right at 0.5."""
    table = make_predictions(counts=(2, 0, 0, 0, 0, 0, 0)).iloc[:1]
    table = pd.concat([table] * 6, ignore_index=True)
    table["image_id"] = list("abcdef")
    table[list(PROBABILITY_COLUMNS)] = 0.0
    for row, (column, confidence) in enumerate(
        [("p_akiec", 0.9)] * 3 + [("p_nv", 0.9), ("p_akiec", 0.5), ("p_nv", 0.5)]
    ):
        table.loc[row, column] = confidence
        table.loc[row, ["p_df", "p_vasc"]] = (1 - confidence) / 2
    error = ev.expected_calibration_error(table, n_resamples=10)
    assert error.value == pytest.approx(4 / 6 * 0.15, abs=1e-9)


def test_interval_of_balanced_accuracy_covers_the_truth() -> None:
    """About 95 of 100 intervals hold the true value, with as few as four lesions a class."""
    recall = np.array([0.6, 0.75, 0.6, 0.6, 0.6, 0.9, 0.7])
    hits, n_trials = 0, 200
    for trial in range(n_trials):
        rng = np.random.default_rng(trial)
        table = make_predictions(trial, counts=(5, 7, 12, 4, 10, 40, 4))
        luck = pd.Series(rng.random(200), index=[f"HAM_{i:07d}" for i in range(200)])
        right = table["lesion_id"].map(luck).to_numpy() < recall[table["y_true"]]
        wrong = np.where(table["y_true"] == 5, 4, 5)
        table[list(PROBABILITY_COLUMNS)] = np.eye(7)[np.where(right, table["y_true"], wrong)]
        estimate = ev.balanced_accuracy(table, n_resamples=400, random_state=trial)
        hits += estimate.low <= recall.mean() <= estimate.high
    assert 0.90 <= hits / n_trials <= 0.99


def test_perfect_predictions_keep_an_interval() -> None:
    """All right in the sample does not mean all right: the interval has a width."""
    table = make_predictions(counts=(4, 5, 6, 3, 5, 20, 3))
    table[list(PROBABILITY_COLUMNS)] = np.eye(7)[table["y_true"]]
    accuracy, balanced = ev.accuracy(table), ev.balanced_accuracy(table)
    assert accuracy.value == balanced.value == balanced.high == 1
    assert balanced.low < accuracy.low < 0.95


def test_scores_depend_on_the_seed_alone(predictions: pd.DataFrame) -> None:
    """Equal seeds give equal intervals, and the table's order changes no value."""
    first, second = (ev.balanced_accuracy(predictions, random_state=1) for _ in range(2))
    other = ev.balanced_accuracy(predictions, random_state=2)
    shuffled = ev.balanced_accuracy(predictions.sample(frac=1, random_state=0), random_state=1)
    assert first == second == shuffled
    assert (first.low, first.high) != (other.low, other.high)


def test_lesions_and_images_are_both_counted(predictions: pd.DataFrame) -> None:
    """Both counts are given: n counts images, n_groups lesions."""
    estimate = ev.accuracy(predictions, n_resamples=10)
    assert (estimate.n, estimate.n_groups) == (len(predictions), sum(COUNTS))


def test_comparison_is_sharper_than_separate_intervals(predictions: pd.DataFrame) -> None:
    """A model and a slightly worse copy differ, though their own intervals overlap."""
    worse = predictions.sample(frac=1, random_state=5).reset_index(drop=True)
    broken = worse.index[:30]
    worse.loc[broken, list(PROBABILITY_COLUMNS)] = np.eye(7)[(worse.loc[broken, "y_true"] + 1) % 7]
    good, bad = ev.accuracy(predictions), ev.accuracy(worse)
    difference = ev.compare(predictions, worse, "accuracy")
    assert difference.value == pytest.approx(good.value - bad.value, abs=1e-9)
    assert bad.high > good.low
    assert difference.low > 0
    same = ev.compare(predictions, predictions)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_comparison_refuses_other_images(predictions: pd.DataFrame) -> None:
    """Models scored on different images or other labels are not compared."""
    with pytest.raises(ValueError, match="same images"):
        ev.compare(predictions, predictions.iloc[1:])
    moved = predictions.assign(lesion_id=predictions["image_id"])
    with pytest.raises(ValueError, match="same dx and lesion_id"):
        ev.compare(predictions, moved)
    with pytest.raises(ValueError, match="a score among"):
        ev.compare(predictions, predictions, "precision")


def test_score_table_has_a_row_a_model_and_score(predictions: pd.DataFrame) -> None:
    """The tidy table repeats what scores says."""
    table = ev.score_table({"A": predictions, "B": predictions}, ["accuracy"], n_resamples=50)
    assert list(table.columns) == ["model", "score", "label", "value", "low", "high", "n"]
    assert list(table["model"]) == ["A", "B"]
    expected = ev.accuracy(predictions, n_resamples=50)
    assert table.loc[0, "low"] == expected.low


def test_confusion_counts_every_image(predictions: pd.DataFrame) -> None:
    """Rows are true classes, columns predicted ones, as in scikit-learn."""
    table = ev.confusion(predictions)
    y_pred = predictions[list(PROBABILITY_COLUMNS)].to_numpy().argmax(axis=1)
    assert (table.to_numpy() == sk.confusion_matrix(predictions["y_true"], y_pred)).all()
    assert (list(table.index), list(table.columns)) == (list(CLASSES), list(CLASSES))


def test_per_class_agrees_with_scikit_learn(predictions: pd.DataFrame) -> None:
    """Precision, recall, F1 and support are scikit-learn's; intervals hold them."""
    table = ev.per_class(predictions, n_resamples=100)
    y_pred = predictions[list(PROBABILITY_COLUMNS)].to_numpy().argmax(axis=1)
    expected = sk.precision_recall_fscore_support(predictions["y_true"], y_pred)
    for name, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        assert np.allclose(table[name], values), name
    for name in ("precision", "recall", "f1"):
        assert (table[f"{name}_low"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_high"]).all()
    assert list(table["lesions"]) == list(COUNTS)
    for dx, recall in class_recalls(predictions).items():
        row = table.loc[dx]
        ends = row["recall"], row["recall_low"], row["recall_high"]
        assert recall == Estimate(*ends, int(row["support"]), n_groups=int(row["lesions"]))


def test_one_lesion_a_class_gives_an_interval() -> None:
    """Nothing varies between resamples, which is no certainty."""
    table = make_predictions(counts=(1,) * 7)
    found = ev.scores(table, ["accuracy", "balanced_accuracy", "macro_auc"], n_resamples=20)
    for estimate in found.values():
        assert estimate.high - estimate.low > 0.2


def test_class_report_has_the_same_numbers(predictions: pd.DataFrame) -> None:
    """One value with its interval in place of three columns."""
    table = ev.per_class(predictions, n_resamples=20)
    report = class_report(table)
    assert list(report) == ["support", "lesions", "predicted", "precision", "recall", "f1"]
    for dx, row in table.iterrows():
        ends = row["f1"], row["f1_low"], row["f1_high"]
        assert report.loc[dx, "f1"] == Estimate(*ends, n=int(row["support"]))


def test_absent_class_is_nan_not_zero() -> None:
    """A class without images has no recall, and the means leave it out."""
    table = make_predictions(counts=(10, 10, 10, 0, 10, 30, 10))
    rows = ev.per_class(table, n_resamples=20)
    assert np.isnan(rows.loc["df", "recall"])
    balanced = ev.balanced_accuracy(table, n_resamples=20).value
    assert balanced == pytest.approx(rows["recall"].mean(), abs=1e-9)
    assert "df" not in ev.roc_curves(table)
    with pytest.raises(ValueError, match="images of df"):
        ev.roc_auc(table, "df")


def test_single_class_gives_nan_auc() -> None:
    """An AUC without negatives is NaN; the other scores stand."""
    got = ev.scores(make_predictions(counts=(0, 0, 0, 0, 0, 20, 0)), n_resamples=20)
    assert np.isnan(got["malignant_auc"].value)
    assert np.isfinite(got["accuracy"].value)


def test_error_destinations_sum_to_one(predictions: pd.DataFrame) -> None:
    """Each class's images end somewhere; the share of errors in nv is among the errors."""
    table = ev.error_destinations(predictions)
    counts = ev.confusion(predictions)
    assert np.allclose(table[list(CLASSES)].sum(axis=1), 1)
    assert table.loc["mel", "errors"] == counts.loc["mel"].drop("mel").sum()
    expected = counts.loc["mel", "nv"] / table.loc["mel", "errors"]
    assert table.loc["mel", "errors_in_nv"] == pytest.approx(expected)
    assert np.isnan(table.loc["nv", "errors_in_nv"])


def test_curves_carry_the_areas(predictions: pd.DataFrame) -> None:
    """ROC and PR curves have scikit-learn's areas and run over the whole axis."""
    y, p = predictions["y_true"], predictions[list(PROBABILITY_COLUMNS)].to_numpy()
    for index, (dx, curve) in enumerate(ev.roc_curves(predictions).items()):
        assert dx == CLASSES[index]
        assert curve.area == pytest.approx(sk.roc_auc_score(y == index, p[:, index]), abs=1e-9)
        assert (curve.x[0], curve.x[-1]) == (0, 1)
    for index, curve in enumerate(ev.pr_curves(predictions).values()):
        known = sk.average_precision_score(y == index, p[:, index])
        assert curve.area == pytest.approx(known, abs=1e-9)
        assert curve.chance == pytest.approx((y == index).mean())


def test_reliability_bins_hold_all_images(predictions: pd.DataFrame) -> None:
    """The bins partition the images, and their gaps add up to the calibration error."""
    table = ev.reliability(predictions)
    assert table["n"].sum() == len(predictions)
    assert (table["left"] <= table["confidence"]).all()
    assert (table["confidence"] <= table["right"]).all()
    gap = ((table["accuracy"] - table["confidence"]).abs() * table["n"]).sum() / len(predictions)
    error = ev.expected_calibration_error(predictions, n_resamples=20)
    assert error.value == pytest.approx(gap, abs=1e-9)


def _spoil(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table = table.astype({column: object}) if isinstance(value, str) else table.copy()
        table.loc[0, column] = value
        return table

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="p_nv"), "p_nv"),
        (lambda t: t.iloc[:0], "expected rows"),
        (_spoil("p_nv", np.nan), "without NaN"),
        (_spoil("p_nv", 1.5), r"in \[0, 1\]"),
        (_spoil("p_nv", 0.0), "sum to 1"),
        (_spoil("dx", "healthy"), "dx among"),
        (_spoil("y_true", 6), "index of dx"),
        (_spoil("split", "train"), "one split"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "each image once"),
        (lambda t: t.assign(lesion_id="HAM_0"), "one diagnosis a lesion"),
        (lambda t: t.assign(lesion_id=None), "a lesion_id in every row"),
    ],
)
def test_bad_predictions_are_refused(
    predictions: pd.DataFrame,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    message: str,
) -> None:
    """Each defect of a predictions table is named with what was expected."""
    with pytest.raises(ValueError, match=message):
        ev.accuracy(change(predictions))


def test_all_defects_are_reported_together(predictions: pd.DataFrame) -> None:
    """Two defects give one error that names both and an image of each."""
    table = _spoil("p_nv", np.nan)(_spoil("dx", "healthy")(predictions))
    with pytest.raises(ValueError, match=r"(?s)dx among.*ISIC_.*without NaN"):
        ev.accuracy(table)
