"""Exercises of chapter 12: what a second clinic's scores show, and what can be mended there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import CLASSES
from helpers.exercises.answers import Count, Number, Share
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
from helpers.exercises.listed_answers import TextSet, Values
from helpers.exercises.of_run import NotRunYet, command_for, once
from helpers.exercises.table_answers import Matrix

if TYPE_CHECKING:
    from helpers.notebook import Run

Array = NDArray[np.float64]

SHOWN = (
    "balanced_accuracy",
    "accuracy",
    "malignant_auc",
    "sensitivity",
    "specificity",
    "calibration_error",
)
"""Scores that chapter 12 sets beside the internal test."""

TEMPERATURE = 2.0
_PROBABILITIES = [f"p_{dx}" for dx in CLASSES]


def written(run: Run, name: str) -> pd.DataFrame:
    """A table that the external test wrote into the run's folder."""
    path = run.folder / "external-test" / f"{name}.csv"
    if not path.is_file():
        raise NotRunYet(
            f"there is no external test in this run yet: run '{command_for(run, '12')}' first, in "
            "a terminal"
        )
    table: pd.DataFrame = once(run, ("12", name), lambda: pd.read_csv(path))
    return table


def external(run: Run) -> pd.DataFrame:
    """Predictions of the second clinic."""
    return written(run, "predictions")


def learned_shares(run: Run) -> pd.Series:
    """Share of each class among the training images."""

    def compute() -> pd.Series:
        catalogue = run.catalogue()
        dx = catalogue.loc[catalogue["split"] == "train", "dx"].astype(str)
        return dx.value_counts(normalize=True)

    shares: pd.Series = once(run, "12.learned", compute)
    return shares


def _recalls(table: pd.DataFrame) -> pd.Series:
    called = np.array(CLASSES)[table[_PROBABILITIES].to_numpy(dtype=float).argmax(axis=1)]
    recalls: pd.Series = (table["dx"] == called).groupby(table["dx"]).mean()
    return recalls


def _accuracy(table: pd.DataFrame) -> float:
    called = np.array(CLASSES)[table[_PROBABILITIES].to_numpy(dtype=float).argmax(axis=1)]
    return float((table["dx"] == called).mean())


# 12.1: which differences are shown


def _differences(run: Run) -> pd.DataFrame:
    scores = written(run, "scores").query("part == 'all images'").set_index("score")
    table: pd.DataFrame = scores.loc[[name for name in SHOWN if name in scores.index]]
    return table.dropna(subset=["difference_low", "difference_high"])


def _shown(run: Run) -> set[str]:
    table = _differences(run)
    return set(table.index[(table["difference_low"] > 0) | (table["difference_high"] < 0)])


def _unless_right(wrong: set[str], right: set[str]) -> set[str]:
    if wrong == right:
        raise NotHere("on this run it is the same")
    return wrong


def _not_shown(right: set[str], run: Run) -> set[str]:
    return set(_differences(run).index) - right


def _all_that_moved(right: set[str], run: Run) -> set[str]:
    table = _differences(run)
    return _unless_right(set(table.index[table["difference"].abs() > 0]), right)


def _fallen(right: set[str], run: Run) -> set[str]:
    table = _differences(run)
    return _unless_right(set(table.index[table["difference"] < 0]), right)


def _one_more(right: set[str], run: Run) -> set[str]:
    others = [name for name in SHOWN if name not in right]
    return _unless_right(right | set(others[:1]), right)


# 12.2: the official score


def _official(run: Run) -> float:
    return float(_recalls(external(run)).mean())


def _plain_accuracy(right: float, run: Run) -> float:
    return float(differing(_accuracy(external(run)), right))


def _mean_precision(right: float, run: Run) -> float:
    table = external(run)
    called = pd.Series(CLASSES)[table[_PROBABILITIES].to_numpy(dtype=float).argmax(axis=1)]
    called.index = table.index
    precision = (table["dx"] == called).groupby(called).mean()
    return float(differing(float(precision.mean()), right))


def _mean_probability(right: float, run: Run) -> float:
    table = external(run)
    places = [CLASSES.index(dx) for dx in table["dx"]]
    own = table[_PROBABILITIES].to_numpy(dtype=float)[np.arange(len(table)), places]
    return float(differing(float(own.mean()), right))


# 12.3: class shares


def _correct(y_prob: Array, learned: Array, here: Array) -> Array:
    changed = y_prob * (here / learned)
    result: Array = changed / changed.sum(axis=1, keepdims=True)
    return result


def _reversed(y_prob: Array, learned: Array, here: Array) -> Array:
    return _correct(y_prob, here, learned)


def _not_normalised(y_prob: Array, learned: Array, here: Array) -> Array:
    return y_prob * (here / learned)


def _here_alone(y_prob: Array, learned: Array, here: Array) -> Array:
    return _correct(y_prob, np.ones_like(learned), here)


def _columns_normalised(y_prob: Array, learned: Array, here: Array) -> Array:
    changed = y_prob * (here / learned)
    result: Array = changed / changed.sum(axis=0, keepdims=True)
    return result


def _as_table(function: Callable[..., Array]) -> Callable[..., pd.DataFrame]:
    """A function with its result in the form of right answers."""
    return lambda *arguments: pd.DataFrame(function(*arguments))


def _share_cases(run: Run) -> list[tuple[Case, pd.DataFrame]]:
    """Pictures of the second clinic with its shares, and two classes by hand."""
    table = external(run)
    found = (learned_shares(run), table["dx"].value_counts(normalize=True))
    learned, here = (shares.reindex(CLASSES, fill_value=0.0).clip(lower=0.01) for shares in found)
    given: dict[str, tuple[Array, Array, Array]] = {
        "two classes, and one three times as common here": (
            np.array([[0.5, 0.5], [0.9, 0.1]]),
            np.array([0.5, 0.5]),
            np.array([0.25, 0.75]),
        ),
        "pictures of the second clinic": (
            table[_PROBABILITIES].to_numpy(dtype=float)[:8],
            np.asarray(learned / learned.sum(), dtype=float),
            np.asarray(here / here.sum(), dtype=float),
        ),
        "the same shares in both places": (
            np.array([[0.2, 0.3, 0.5]]),
            np.array([0.1, 0.6, 0.3]),
            np.array([0.1, 0.6, 0.3]),
        ),
    }
    return [(Case(name, args), pd.DataFrame(_correct(*args))) for name, args in given.items()]


# 12.4: a temperature


def _warmed(y_prob: Array, power: float) -> Array:
    changed = y_prob**power
    result: Array = changed / changed.sum(axis=1, keepdims=True)
    return result


def _effect(run: Run, power: float = 1 / TEMPERATURE) -> dict[str, float]:
    before = external(run)[_PROBABILITIES].to_numpy(dtype=float)
    after = _warmed(before, power)
    return {
        "other names": int((before.argmax(axis=1) != after.argmax(axis=1)).sum()),
        "confidence": float(after.max(axis=1).mean()),
    }


def _colder(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing(_effect(run, TEMPERATURE), right))


def _divided(right: dict[str, float], run: Run) -> dict[str, float]:
    before = external(run)[_PROBABILITIES].to_numpy(dtype=float)
    mean = float((before / TEMPERATURE).max(axis=1).mean())
    return dict(differing(right | {"confidence": mean}, right))


def _unnormalised(right: dict[str, float], run: Run) -> dict[str, float]:
    before = external(run)[_PROBABILITIES].to_numpy(dtype=float)
    mean = float((before ** (1 / TEMPERATURE)).max(axis=1).mean())
    return dict(differing(right | {"confidence": mean}, right))


def _as_before(right: dict[str, float], run: Run) -> dict[str, float]:
    before = external(run)[_PROBABILITIES].to_numpy(dtype=float)
    return dict(differing(right | {"confidence": float(before.max(axis=1).mean())}, right))


def _some_renamed(right: dict[str, float], run: Run) -> dict[str, float]:
    return right | {"other names": int(right["other names"]) + 1}


# 12.5: the mix of classes


def _with_shares(run: Run) -> dict[str, float]:
    table = external(run)
    recalls = _recalls(table)
    shares = learned_shares(run).reindex(recalls.index, fill_value=0.0)
    if not shares.sum():
        raise NotHere("the second clinic has no class of the training images")
    return {
        "as it is": _accuracy(table),
        "with the shares of training": float((recalls * shares).sum() / shares.sum()),
    }


def _exchanged(right: dict[str, float], run: Run) -> dict[str, float]:
    (one, a), (other, b) = right.items()
    return dict(differing({one: b, other: a}, right))


def _all_alike(right: dict[str, float], run: Run) -> dict[str, float]:
    last = list(right)[-1]
    return dict(differing(right | {last: float(_recalls(external(run)).mean())}, right))


def _summed_up(right: dict[str, float], run: Run) -> dict[str, float]:
    last = list(right)[-1]
    return dict(differing(right | {last: float(_recalls(external(run)).sum())}, right))


EXERCISES = (
    Exercise(
        "12.1",
        "Which differences are shown",
        "read",
        _shown,
        TextSet(SHOWN),
        (
            "A difference by itself shows nothing. What does its interval say?",
            "It is shown where the whole interval lies on one side of 0.",
            "Take the rows with difference_low > 0 or difference_high < 0.",
        ),
        (
            Mistake("those that are not shown", _not_shown),
            Mistake("all that moved at all, whatever their interval", _all_that_moved),
            Mistake("those that fell as point values", _fallen),
            Mistake("one too many", _one_more, told=False),
            Mistake("a number", lambda right, run: len(right), told=False),
        ),
        "What is not shown is not shown to be alike either: so few lesions may hide a drop.",
    ),
    Exercise(
        "12.2",
        "The official score, by hand",
        "compute",
        _official,
        Share(),
        (
            "It weighs each class alike, however many pictures it has.",
            "Call each picture by its largest probability; then one recall for each class.",
            "The mean over the classes of (called == dx) within the class.",
        ),
        (
            Mistake("the accuracy, which weighs each picture alike", _plain_accuracy),
            Mistake("the mean of the precisions", _mean_precision),
            Mistake("the mean probability of the true class", _mean_probability),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
        ),
        "No share of classes moves it by itself: a clinic with few nevi is no easier for it.",
    ),
    Exercise(
        "12.3",
        "Class shares of another place",
        "compute",
        _share_cases,
        Function(Matrix(Number(0.005, "two decimals are enough", "a probability"))),
        (
            "A class that is twice as common here as in training deserves twice the probability.",
            "Multiply each column by here / learned. What must a row of probabilities sum to?",
            "changed / changed.sum(axis=1, keepdims=True)",
        ),
        (
            Mistake("the correction the other way round", lambda right, run: _as_table(_reversed)),
            Mistake("rows that do not sum to 1", lambda right, run: _as_table(_not_normalised)),
            Mistake(
                "the shares here alone, not over those learned",
                lambda right, run: _as_table(_here_alone),
            ),
            Mistake(
                "columns divided by their sums", lambda right, run: _as_table(_columns_normalised)
            ),
            Mistake("a table", lambda right, run: right[0][1], told=False),
        ),
        "It needs no label of a single picture, only the shares. Where another camera changes how "
        "a class looks, it is not the whole truth.",
    ),
    Exercise(
        "12.4",
        "What a temperature leaves alone",
        "predict",
        _effect,
        Values({"other names": Count(), "confidence": Share()}),
        (
            "Does a power of 1/2 change which of two positive numbers is larger?",
            "Take y_prob ** (1 / 2), and divide each row by its sum.",
            "Compare the argmax of each row before and after; confidence is the mean of the "
            "largest of each row after.",
        ),
        (
            Mistake("a power of 2 in place of 1/2, which makes it surer", _colder),
            Mistake("the probabilities divided by two", _divided),
            Mistake("rows that do not sum to 1", _unnormalised),
            Mistake("the confidence before", _as_before),
            Mistake("one name changed", _some_renamed, told=False),
            AS_TEXT,
            ONE_MISSING,
        ),
        "So no temperature mends accuracy, and none costs any: it changes how sure, not what.",
    ),
    Exercise(
        "12.5",
        "The mix of classes, and the rest",
        "change",
        _with_shares,
        Values(Share()),
        (
            "Accuracy is a mean of the recalls, each class weighed by its share of the pictures.",
            "Keep the recalls of the second clinic, and weigh them by the shares of training.",
            "(recalls * learned).sum() over classes that both have, by the sum of their shares.",
        ),
        (
            Mistake("the two exchanged", _exchanged),
            Mistake("all classes weighed alike, which is the official score", _all_alike),
            Mistake("the sum of the recalls", _summed_up),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "Between the two lies the mix of classes alone. What then still parts it from the internal "
        "test is the pictures, or chance.",
    ),
)
