"""Exercises of chapter 11: confusions, ranks, verdicts, widths and other mixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from helpers import evaluation
from helpers.core import CLASSES
from helpers.exercises.answers import Choice, Number, Share
from helpers.exercises.exercise import (
    AS_TEXT,
    IN_PER_CENT,
    OFF,
    ONE_MISSING,
    Exercise,
    Mistake,
    NotHere,
    differing,
)
from helpers.exercises.function_answers import Case, Function
from helpers.exercises.listed_answers import Values
from helpers.exercises.of_run import finished_trials, once
from helpers.published import ham10000_counts
from helpers.statistics import Estimate

if TYPE_CHECKING:
    from helpers.notebook import Run

VERDICTS = ("held", "not held", "undecided")
N_LARGEST = 3
TIMES = 4


def predictions(run: Run) -> pd.DataFrame:
    """Test predictions of the model that chapter 5 chose."""
    trials = finished_trials(run, "comparison", "05")
    table: pd.DataFrame = once(run, "11.chosen", lambda: run.choose(trials)).predictions_of("test")
    return table


def _matrix(run: Run) -> pd.DataFrame:
    matrix: pd.DataFrame = once(run, "11.matrix", lambda: evaluation.confusion(predictions(run)))
    return matrix


def _recalls(run: Run) -> pd.Series:
    """Recall of each class that is on the test split."""
    matrix = _matrix(run)
    images = matrix.sum(axis=1)
    recall = pd.Series(np.diag(matrix), index=matrix.index, dtype=float) / images
    return recall[images > 0]


# 11.1: the largest confusions


def _errors(run: Run) -> np.ndarray:
    """Images of each confusion, the most first."""
    counts = _matrix(run).to_numpy(dtype=float)
    errors = counts - np.diag(np.diag(counts))
    if not errors.sum():
        raise NotHere("its model makes no mistake on the test split")
    ranked: np.ndarray = np.sort(errors.ravel())[::-1]
    return ranked


def _in_largest(run: Run) -> float:
    errors = _errors(run)
    return float(errors[:N_LARGEST].sum() / errors.sum())


def _of_all_images(right: float, run: Run) -> float:
    errors = _errors(run)
    share = float(errors[:N_LARGEST].sum() / _matrix(run).to_numpy().sum())
    return float(differing(share, right))


def _the_first_alone(right: float, run: Run) -> float:
    errors = _errors(run)
    return float(differing(float(errors[0] / errors.sum()), right))


# 11.2: ranks


def _n_train(run: Run) -> pd.Series:
    catalogue = once(run, "11.catalogue", run.catalogue)
    train = catalogue.loc[catalogue["split"] == "train", "dx"]
    return train.value_counts().reindex(list(CLASSES), fill_value=0)


def _spearman(x: pd.Series, y: pd.Series) -> float:
    value: float = evaluation.rank_correlation(x, y).value
    if np.isnan(value):
        raise NotHere("its classes cannot be ranked by recall")
    return value


def _rank_correlation(run: Run) -> float:
    recall = _recalls(run)
    return _spearman(_n_train(run)[recall.index], recall)


def _pearson(right: float, run: Run) -> float:
    recall = _recalls(run)
    counts = _n_train(run)[recall.index].to_numpy(dtype=float)
    return float(differing(float(np.corrcoef(counts, recall)[0, 1]), right))


def _with_precision(right: float, run: Run) -> float:
    precision = evaluation.per_class(predictions(run))["precision"].dropna()
    return float(differing(_spearman(_n_train(run)[precision.index], precision), right))


# 11.3: a verdict by a rule


def _verdict(low: float, high: float) -> str:
    if low > 0:
        return "held"
    return "not held" if high < 0 else "undecided"


def _by_middle(low: float, high: float) -> str:
    return "held" if low + high > 0 else "not held"


def _reversed(low: float, high: float) -> str:
    return _verdict(-high, -low)


def _zero_inside(low: float, high: float) -> str:
    return "held" if low <= 0 <= high else "not held"


def _difference(run: Run) -> Estimate:
    trials = finished_trials(run, "comparison", "05")
    if len(trials) < 2:
        raise NotHere("it has one model, and nothing to compare it with")
    first, second = (trial.predictions_of("valid") for trial in trials[:2])
    found: Estimate = once(
        run,
        "11.difference",
        lambda: evaluation.compare(first, second, "accuracy", n_resamples=200),
    )
    return found


def _verdict_cases(run: Run) -> list[tuple[Case, str]]:
    """The run's own first two models, and an interval for each verdict."""
    own = _difference(run)
    intervals = [
        ("the interval of this run's first two models", own.low, own.high),
        ("low = 0.01 and high = 0.05", 0.01, 0.05),
        ("low = -0.06 and high = -0.01", -0.06, -0.01),
        ("low = -0.01 and high = 0.07", -0.01, 0.07),
        ("low = -0.07 and high = 0.01", -0.07, 0.01),
    ]
    cases = [Case(name, (low, high)) for name, low, high in intervals]
    return [(case, _verdict(*case.arguments)) for case in cases]


# 11.4: four times as many images


def _half_width(run: Run) -> float:
    found = once(run, "11.accuracy", lambda: evaluation.accuracy(predictions(run)))
    return float((found.high - found.low) / 2)


def _widths(run: Run) -> dict[str, float]:
    now = _half_width(run)
    return {"now": now, "then": now / np.sqrt(TIMES)}


# 11.5: another mixture


def _at_shares(recall: pd.Series, shares: pd.Series) -> float:
    there = shares[recall.index]
    return float((recall * there).sum() / there.sum())


def _published_shares() -> pd.Series:
    counts = ham10000_counts()["images"]
    return counts / counts.sum()


def _mixtures(run: Run) -> dict[str, float]:
    recall = _recalls(run)
    known = _published_shares()
    if not set(recall.index) <= set(known.index):
        raise NotHere("HAM10000 has other diagnoses")
    equal = pd.Series(1.0, index=recall.index)
    return {"HAM10000": _at_shares(recall, known), "equal": _at_shares(recall, equal)}


def _exchanged(right: dict[str, float], run: Run) -> dict[str, float]:
    wrong = {"HAM10000": right["equal"], "equal": right["HAM10000"]}
    return dict(differing(wrong, right))


def _as_they_are(right: dict[str, float], run: Run) -> dict[str, float]:
    counts = _matrix(run).to_numpy(dtype=float)
    accuracy = float(counts.trace() / counts.sum())
    return dict(differing(right | {"HAM10000": accuracy}, right))


def _not_divided(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing(right | {"equal": float(_recalls(run).sum())}, right))


EXERCISES = (
    Exercise(
        "11.1",
        "Errors in the three largest confusions",
        "read",
        _in_largest,
        Share(),
        (
            "The diagonal of the matrix is right. What is left are errors: how many are there?",
            "Sort the cells off the diagonal, and sum the three largest.",
            "errors = matrix.to_numpy() - np.diag(np.diag(matrix)); np.sort(errors.ravel())[-3:]",
        ),
        (
            Mistake("a share of all test images, not of the errors", _of_all_images),
            Mistake("the share of the largest confusion alone", _the_first_alone),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
        ),
        "Where it is large, a few pairs of diagnoses are worth a closer look; where it is small, "
        "the errors are spread.",
    ),
    Exercise(
        "11.2",
        "Do common classes have the better recall?",
        "compute",
        _rank_correlation,
        Number(0.005, "two decimals are enough", "a correlation"),
        (
            "Ranks are compared: which class has most training images, which the best recall?",
            "Use the training images, not those of the test split, and leave out absent classes.",
            "n_train[recall.index].corr(recall, method='spearman') does it.",
        ),
        (
            Mistake("the correlation of the numbers, not of their ranks", _pearson),
            Mistake("a correlation with precision", _with_precision),
            Mistake(
                "the order turned round",
                lambda right, run: differing(-right, right),
            ),
            Mistake("the correlation as text", lambda right, run: f"{right:.2f}", told=False),
            OFF,
        ),
        "Seven classes are seven points: look at the width of its interval in the chapter.",
    ),
    Exercise(
        "11.3",
        "A verdict by a rule",
        "decide",
        _verdict_cases,
        Function(Choice(VERDICTS)),
        (
            "The claim is that the first model is better: that the difference is above 0.",
            "Held needs the whole interval above 0. What needs the whole interval below it?",
            "Three cases: low > 0, high < 0, and all others, which decide nothing.",
        ),
        (
            Mistake("a verdict by the middle, which decides always", lambda right, run: _by_middle),
            Mistake("the order turned round", lambda right, run: _reversed),
            Mistake("the rule for a value, not for an order", lambda right, run: _zero_inside),
            Mistake("a text", lambda right, run: "undecided", told=False),
        ),
        "With few images nearly all is undecided: that is no verdict on the claim.",
    ),
    Exercise(
        "11.4",
        "Four times as many test images",
        "predict",
        _widths,
        Values(Number(0.001, "three decimals are enough", "a half width")),
        (
            "An interval shrinks more slowly than the images grow.",
            "Its width falls with the square root of the number of images.",
            "now = (high - low) / 2; four times as many images make it now / np.sqrt(4).",
        ),
        (
            Mistake(
                "a width that is four times smaller",
                lambda right, run: dict(
                    differing(right | {"then": right["now"] / TIMES}, right, by=0.002)
                ),
            ),
            Mistake(
                "the same width",
                lambda right, run: dict(differing(right | {"then": right["now"]}, right, by=0.002)),
            ),
            Mistake(
                "whole widths, from low to high",
                lambda right, run: dict(
                    differing({key: 2 * value for key, value in right.items()}, right, by=0.002)
                ),
            ),
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "To halve an interval takes four times as many lesions, which is why so little is decided.",
    ),
    Exercise(
        "11.5",
        "The same model in other mixtures",
        "change",
        _mixtures,
        Values(Share()),
        (
            "The recalls belong to the model. What belongs to the test split is how many of each.",
            "Accuracy is the mean of the recalls, each weighed by the share of its class.",
            "(recall * shares).sum() / shares.sum(), for both kinds of shares.",
        ),
        (
            Mistake("the two exchanged", _exchanged),
            Mistake("the accuracy on this run's own mixture", _as_they_are),
            Mistake("a sum of recalls that is not divided", _not_divided),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "Nothing was trained, and the accuracy is another. Two accuracies from two mixtures are "
        "no comparison of two models; with equal shares it is the balanced accuracy.",
    ),
)
