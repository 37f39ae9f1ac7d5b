"""Exercises of chapter 06: the chosen model's confusion matrix, read, cut and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from helpers import evaluation
from helpers.core import CLASSES, MALIGNANT
from helpers.exercises.answers import Number, Share
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

if TYPE_CHECKING:
    from helpers.notebook import Run

FACTOR = 3.0
ALLOWED = 0.1
_PROBABILITIES = [f"p_{dx}" for dx in CLASSES]
_MALIGNANT = [f"p_{dx}" for dx in CLASSES if dx in MALIGNANT]


def predictions(run: Run, split: str) -> pd.DataFrame:
    """Predictions of the model that chapter 5 chose."""
    trials = finished_trials(run, "comparison", "06")
    return once(run, "06.chosen", lambda: run.choose(trials)).predictions_of(split)  # type: ignore[no-any-return]


def _matrix(run: Run) -> pd.DataFrame:
    matrix: pd.DataFrame = once(
        run, "06.matrix", lambda: evaluation.confusion(predictions(run, "test"))
    )
    return matrix


# 06.1: a recall


def _cells(run: Run) -> tuple[float, float, float]:
    """Melanomas called so, all melanomas, all that are called so."""
    if "mel" not in CLASSES:
        raise NotHere("no melanoma is among its diagnoses")
    counts, place = _matrix(run).to_numpy(dtype=float), CLASSES.index("mel")
    row, column = counts[place].sum(), counts[:, place].sum()
    if not row:
        raise NotHere("no melanoma is on its test split")
    return float(counts[place, place]), float(row), float(column)


def _melanoma_recall(run: Run) -> float:
    found, row, _ = _cells(run)
    return found / row


def _melanomas_found(right: float, run: Run) -> float:
    found, _, _ = _cells(run)
    return float(differing(found, right))


def _melanoma_precision(right: float, run: Run) -> float:
    found, _, column = _cells(run)
    return float(differing(found / column if column else float("nan"), right))


# 06.2: a function for precision


def _precision(matrix: pd.DataFrame, dx: str) -> float:
    counts = matrix.to_numpy(dtype=float)
    place = list(matrix.columns).index(dx)
    called = counts[:, place].sum()
    return float(counts[place, place] / called) if called else float("nan")


def _recall(matrix: pd.DataFrame, dx: str) -> float:
    return _precision(matrix.T, dx)


def _of_all(matrix: pd.DataFrame, dx: str) -> float:
    counts = matrix.to_numpy(dtype=float)
    place = list(matrix.columns).index(dx)
    return float(counts[place, place] / counts.sum())


def _never_called_is_nought(matrix: pd.DataFrame, dx: str) -> float:
    return _precision(matrix, dx) if matrix[dx].sum() else 0.0


def _precision_cases(run: Run) -> list[tuple[Case, float]]:
    """The run's own matrix, and the same with a class that is never called."""
    matrix = _matrix(run)
    silent = matrix.copy()
    silent[CLASSES[0]] = 0
    cases = [Case(f"dx = {dx!r} of the run's matrix", (matrix, dx)) for dx in CLASSES]
    cases.append(Case(f"a matrix in which {CLASSES[0]!r} is never called", (silent, CLASSES[0])))
    return [(case, _precision(*case.arguments)) for case in cases]


# 06.3: accuracy and balanced accuracy


def _two_accuracies(run: Run) -> dict[str, float]:
    table = predictions(run, "test")
    return {
        "accuracy": evaluation.accuracy(table, n_resamples=2).value,
        "balanced": evaluation.balanced_accuracy(table, n_resamples=2).value,
    }


def _absent_as_nought(right: dict[str, float], run: Run) -> dict[str, float]:
    present = int((_matrix(run).sum(axis=1) > 0).sum())
    wrong = right | {"balanced": right["balanced"] * present / len(CLASSES)}
    return dict(differing(wrong, right))


def _exchanged(right: dict[str, float], run: Run) -> dict[str, float]:
    wrong = {"accuracy": right["balanced"], "balanced": right["accuracy"]}
    return dict(differing(wrong, right))


def _mean_precision(right: dict[str, float], run: Run) -> dict[str, float]:
    mean = float(np.nanmean([_precision(_matrix(run), dx) for dx in CLASSES]))
    return dict(differing(right | {"balanced": mean}, right))


# 06.4: a threshold


def _scored(run: Run, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Malignant scores of benign and of malignant images."""
    table = predictions(run, split)
    score = table[_MALIGNANT].sum(axis=1).to_numpy()
    malignant = table["dx"].isin(MALIGNANT).to_numpy()
    if malignant.all() or not malignant.any():
        raise NotHere("benign and malignant images are needed, and it has one kind alone")
    return score[~malignant], score[malignant]


def _best_recall(benign: np.ndarray, malignant: np.ndarray, allowed: float) -> float:
    """Largest share found by a threshold that calls in at most a share of the benign."""
    thresholds = np.unique(np.concatenate([benign, malignant]))
    kept = [t for t in thresholds if (benign >= t).mean() <= allowed]
    return max(((malignant >= t).mean() for t in kept), default=0.0)


def _recall_at_alarms(run: Run) -> float:
    return float(_best_recall(*_scored(run, "valid"), ALLOWED))


def _ten_per_cent_of_all(right: float, run: Run) -> float:
    benign, malignant = _scored(run, "valid")
    ranked = np.sort(np.concatenate([benign, malignant]))[::-1]
    n_called = int(ALLOWED * len(ranked))
    found = float((malignant >= ranked[n_called - 1]).mean()) if n_called else 0.0
    return float(differing(found, right))


def _at_one_half(right: float, run: Run) -> float:
    found = float((_scored(run, "valid")[1] >= 0.5).mean())
    return float(differing(found, right))


def _threshold_itself(right: float, run: Run) -> float:
    benign, malignant = _scored(run, "valid")
    thresholds = np.concatenate([benign, malignant])
    kept = [t for t in thresholds if (benign >= t).mean() <= ALLOWED]
    if not kept:
        raise NotHere("no score serves as a threshold")
    return float(differing(min(kept), right))


# 06.5: probabilities multiplied


def _raised(table: pd.DataFrame, factor: float) -> pd.DataFrame:
    changed = table.copy()
    changed[_MALIGNANT] *= factor
    changed[_PROBABILITIES] = changed[_PROBABILITIES].div(
        changed[_PROBABILITIES].sum(axis=1), axis=0
    )
    return changed


def _effects(table: pd.DataFrame) -> dict[str, float]:
    called = table[_PROBABILITIES].to_numpy().argmax(axis=1)
    called_in = np.isin(np.array(CLASSES)[called], sorted(MALIGNANT))
    malignant = table["dx"].isin(MALIGNANT).to_numpy()
    if malignant.all() or not malignant.any():
        raise NotHere("benign and malignant images are needed, and it has one kind alone")
    return {
        "found": float(called_in[malignant].mean()),
        "false alarms": float(called_in[~malignant].mean()),
        "auc": evaluation.malignant_auc(table, n_resamples=2).value,
    }


def _changes(run: Run, factor: float = FACTOR) -> dict[str, float]:
    table = predictions(run, "test")
    before, after = _effects(table), _effects(_raised(table, factor))
    return {name: after[name] - before[name] for name in before}


def _after(right: dict[str, float], run: Run) -> dict[str, float]:
    return _effects(_raised(predictions(run, "test"), FACTOR))


def _divided(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing(_changes(run, 1 / FACTOR), right))


def _the_other_way(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing({name: -value for name, value in right.items()}, right))


_DECIMALS = "two decimals are enough"

EXERCISES = (
    Exercise(
        "06.1",
        "Recall of melanoma, off the matrix",
        "read",
        _melanoma_recall,
        Share(),
        (
            "Recall asks of the images that are melanomas. Is that a row or a column?",
            "A row is a true class. All melanomas of the test split stand in the row mel.",
            "Divide the cell on the diagonal, matrix.loc['mel', 'mel'], by the sum of its row.",
        ),
        (
            Mistake("the precision, which is read down the column", _melanoma_precision),
            Mistake("the count of melanomas found, not their share", _melanomas_found),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
        ),
        "What is missing to 1 are melanomas that the model calls something else.",
    ),
    Exercise(
        "06.2",
        "Precision of any class, as a function",
        "compute",
        _precision_cases,
        Function(Number(0.005, "two decimals are enough", "a number")),
        (
            "Precision asks of the images that are called dx. Is that a row or a column?",
            "Sum the column, matrix[dx].sum(). What if that is 0, because dx was never said?",
            "Give back matrix.loc[dx, dx] / matrix[dx].sum(), and float('nan') where the sum is 0.",
        ),
        (
            Mistake("recall, which is read along the row", lambda right, run: _recall),
            Mistake("the share of all images, not of those called dx", lambda right, run: _of_all),
            Mistake(
                "precision with 0 for a class that is never called: it made no mistake either",
                lambda right, run: _never_called_is_nought,
            ),
            Mistake("a number", lambda right, run: right[0][1], told=False),
        ),
        "What is missing to 1 are images of another class that hide under the name.",
    ),
    Exercise(
        "06.3",
        "Accuracy and balanced accuracy, from the matrix",
        "compare",
        _two_accuracies,
        Values(Share()),
        (
            "Both use the diagonal. One weighs each image alike, the other each class.",
            "Balanced accuracy is the mean of the recalls. A class without images has none.",
            "Recalls are np.diag(matrix) / matrix.sum(axis=1); leave out rows whose sum is 0.",
        ),
        (
            Mistake("the two exchanged", _exchanged),
            Mistake("a mean that counts absent classes as never found", _absent_as_nought),
            Mistake("the mean of the precisions", _mean_precision),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "Where accuracy is the larger one, common classes are found better than rare ones.",
    ),
    Exercise(
        "06.4",
        "A threshold for one false alarm in ten",
        "decide",
        _recall_at_alarms,
        Share(),
        (
            "Only benign images can be false alarms: look at their scores alone for the threshold.",
            "Try each score as a threshold. Which ones call in at most a tenth of the benign?",
            "Of those take the lowest; then count (score[is_malignant] >= threshold).mean().",
        ),
        (
            Mistake(
                "one in ten of all images called in, not of the benign ones", _ten_per_cent_of_all
            ),
            Mistake("the recall at a threshold of one half", _at_one_half),
            Mistake("the threshold itself, not the share that it finds", _threshold_itself),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
        ),
        "It was chosen on validation, so this share flatters it; chapter 6 looks on test.",
    ),
    Exercise(
        "06.5",
        "Malignant probabilities times three",
        "change",
        _changes,
        Values(Number(0.005, _DECIMALS, "a difference of two shares")),
        (
            "Call effects(...) on the predictions as they are and on the changed ones.",
            "After the multiplication the seven must sum to 1 again: divide each row by its sum.",
            "The answer is after minus before, for each of the three names.",
        ),
        (
            Mistake("the values after the change, not what changed", _after),
            Mistake("probabilities divided in place of multiplied", _divided),
            Mistake("before minus after", _the_other_way),
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "The area stays: every score moves up, and none past another. Only the cut has moved, as "
        "with a class weight, but without a training.",
    ),
)
