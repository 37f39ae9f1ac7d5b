"""Exercises of chapter 05: a log, a count, pairs of models, several tests at once, an average."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from helpers import evaluation
from helpers.core import CLASSES
from helpers.exercises.answers import Count, Number, Share
from helpers.exercises.exercise import (
    AS_TEXT,
    IN_PER_CENT,
    OFF,
    ONE_MISSING,
    ONE_OFF,
    Exercise,
    Mistake,
    NotHere,
    differing,
)
from helpers.exercises.function_answers import Case, Function
from helpers.exercises.listed_answers import Values
from helpers.exercises.of_run import finished_trials, once
from helpers.published import claim, course_report_log
from helpers.statistics import holm

if TYPE_CHECKING:
    from helpers.notebook import Run
    from helpers.training import Trial

HANDED_ON = 1536
"""Numbers that EfficientNetB3 hands to its head for each picture."""

N_MODELS = 5
LEVEL = 0.05
_PROBABILITIES = [f"p_{dx}" for dx in CLASSES]


def trials(run: Run) -> list[Trial]:
    """The models of chapter 5, the one that it chose first."""
    found = finished_trials(run, "comparison", "05")
    leader = once(run, "05.leader", lambda: run.choose(found))
    return [leader, *(trial for trial in found if trial.name != leader.name)]


def _valid(run: Run) -> list[pd.DataFrame]:
    tables: list[pd.DataFrame] = once(
        run, "05.valid", lambda: [trial.predictions_of("valid") for trial in trials(run)]
    )
    if len(tables) < 2:
        raise NotHere("it has one model alone, and two are needed")
    return tables


# 05.1: the log


def _best_epochs(run: Run) -> dict[str, int]:
    log = course_report_log()
    return {
        "loss": int(log["epoch"].iloc[int(log["val_loss"].argmin())]),
        "accuracy": int(log["epoch"].iloc[int(log["val_accuracy"].argmax())]),
    }


def _from_nought(right: dict[str, int], run: Run) -> dict[str, int]:
    return {name: epoch - 1 for name, epoch in right.items()}


def _on_training(right: dict[str, int], run: Run) -> dict[str, int]:
    log = course_report_log()
    wrong = {
        "loss": int(log["epoch"].iloc[int(log["loss"].argmin())]),
        "accuracy": int(log["epoch"].iloc[int(log["accuracy"].argmax())]),
    }
    return dict(differing(wrong, right))


def _exchanged(right: dict[str, float], run: Run) -> dict[str, float]:
    """The values of the two names of an answer, each under the other."""
    one, two = right
    return dict(differing({one: right[two], two: right[one]}, right))


# 05.2: two outputs


def _seven_outputs() -> int:
    return int(claim("keras.efficientnetb3_linear.parameters").value)


def _two_outputs(run: Run) -> int:
    return _seven_outputs() - 5 * (HANDED_ON + 1)


# 05.3: exactly one of the two


def _rights(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Whether the leader and the next model have each validation image right."""
    first, second = (
        table[_PROBABILITIES].to_numpy().argmax(axis=1) == table["y_true"].to_numpy()
        for table in _valid(run)[:2]
    )
    return first, second


def _one_alone(run: Run) -> dict[str, int]:
    first, second = _rights(run)
    return {
        "only the first": int((first & ~second).sum()),
        "only the second": int((second & ~first).sum()),
    }


def _all_right(right: dict[str, int], run: Run) -> dict[str, int]:
    counts = (int(each.sum()) for each in _rights(run))
    return dict(differing(dict(zip(right, counts, strict=True)), right))


def _all_wrong(right: dict[str, int], run: Run) -> dict[str, int]:
    counts = (int((~each).sum()) for each in _rights(run))
    return dict(differing(dict(zip(right, counts, strict=True)), right))


def _one_more(right: dict[str, int], run: Run) -> dict[str, int]:
    return {name: n + 1 for name, n in right.items()}


# 05.4: fooled at least once


def _fooled(run: Run) -> dict[str, float]:
    n_pairs = N_MODELS * (N_MODELS - 1) // 2
    return {
        "with the leader": 1 - (1 - LEVEL) ** (N_MODELS - 1),
        "all pairs": 1 - (1 - LEVEL) ** n_pairs,
    }


def _summed(right: dict[str, float], run: Run) -> dict[str, float]:
    n_pairs = N_MODELS * (N_MODELS - 1) // 2
    return {"with the leader": LEVEL * (N_MODELS - 1), "all pairs": LEVEL * n_pairs}


def _never_fooled(right: dict[str, float], run: Run) -> dict[str, float]:
    return {name: 1 - share for name, share in right.items()}


def _pairs_twice(right: dict[str, float], run: Run) -> dict[str, float]:
    n_pairs = N_MODELS * (N_MODELS - 1)
    return right | {"all pairs": 1 - (1 - LEVEL) ** n_pairs}


# 05.5: Holm's procedure


def _holm(p_values: Mapping[str, float]) -> dict[str, float]:
    return dict(zip(p_values, holm(list(p_values.values())).tolist(), strict=True))


def _as_they_were(p_values: Mapping[str, float]) -> dict[str, float]:
    return dict(p_values)


def _bonferroni(p_values: Mapping[str, float]) -> dict[str, float]:
    return {name: min(1.0, len(p_values) * p) for name, p in p_values.items()}


def _steps(p_values: Mapping[str, float]) -> dict[str, float]:
    """Each value times its factor, in the order of the values."""
    ordered = sorted(p_values, key=lambda name: p_values[name])
    return {name: p_values[name] * (len(ordered) - place) for place, name in enumerate(ordered)}


def _falling(p_values: Mapping[str, float]) -> dict[str, float]:
    return {name: min(1.0, p) for name, p in _steps(p_values).items()}


def _above_one(p_values: Mapping[str, float]) -> dict[str, float]:
    adjusted, most = {}, 0.0
    for name, p in _steps(p_values).items():
        most = max(most, p)
        adjusted[name] = most
    return adjusted


def _p_cases(run: Run) -> list[tuple[Case, dict[str, float]]]:
    cases = {
        "three values": {"A": 0.01, "B": 0.04, "C": 0.03},
        "one value": {"A": 0.04},
        "large values": {"A": 0.6, "B": 0.9, "C": 0.02},
        "equal values": {"A": 0.02, "B": 0.02},
    }
    return [(Case(f"{name}, {p}", (p,)), _holm(p)) for name, p in cases.items()]


# 05.6: an average of models


def _balanced(table: pd.DataFrame) -> float:
    return float(evaluation.balanced_accuracy(table, n_resamples=2).value)


def _averaged(run: Run) -> float:
    tables = _valid(run)
    together = tables[0].copy()
    together[_PROBABILITIES] = sum(table[_PROBABILITIES] for table in tables) / len(tables)
    return _balanced(together)


def _gain(run: Run) -> float:
    return _averaged(run) - _balanced(_valid(run)[0])


def _score_itself(right: float, run: Run) -> float:
    return float(differing(_averaged(run), right))


def _mean_score(right: float, run: Run) -> float:
    scores = [_balanced(table) for table in _valid(run)]
    return float(differing(float(np.mean(scores)) - scores[0], right))


def _of_accuracy(right: float, run: Run) -> float:
    tables = _valid(run)
    together = tables[0].copy()
    together[_PROBABILITIES] = sum(table[_PROBABILITIES] for table in tables) / len(tables)
    before, after = (
        evaluation.accuracy(table, n_resamples=2).value for table in (tables[0], together)
    )
    return float(differing(after - before, right))


EXERCISES = (
    Exercise(
        "05.1",
        "The best epoch, by two measures",
        "read",
        _best_epochs,
        Values(Count("the number of an epoch")),
        (
            "Best means least for a loss and most for an accuracy, and both on validation.",
            "Look at val_loss and at val_accuracy. The epochs have numbers of their own.",
            "log.loc[log['val_loss'].idxmin(), 'epoch'], and the same with idxmax.",
        ),
        (
            Mistake("the place in the table, which counts from 0", _from_nought),
            Mistake("the columns of the training images", _on_training),
            Mistake("the two exchanged", _exchanged),
            ONE_MISSING,
        ),
        "Loss and accuracy do not agree on when it was best: loss also asks how sure a wrong "
        "answer was. Which of them is watched decides which weights are kept.",
    ),
    Exercise(
        "05.2",
        "Parameters with two outputs",
        "compute",
        _two_outputs,
        Count(),
        (
            "The backbone stays as it is. What of the head goes, if five outputs go?",
            "Each output has a weight for each of the 1,536 numbers, and one bias.",
            "Subtract 5 * (1536 + 1) from the number with seven outputs.",
        ),
        (
            Mistake(
                "the weights of five outputs less, but not their biases",
                lambda right, run: right + 5,
            ),
            Mistake("the head alone, without the backbone", lambda right, run: 2 * (HANDED_ON + 1)),
            Mistake(
                "the backbone alone, without a head",
                lambda right, run: right - 2 * (HANDED_ON + 1),
            ),
            Mistake("the number with seven outputs", lambda right, run: _seven_outputs()),
            ONE_OFF,
        ),
        "A network has nearly all of its parameters in its backbone where the head is linear: "
        "whether it names seven diagnoses or two hardly shows.",
    ),
    Exercise(
        "05.3",
        "Right where the other is wrong",
        "compare",
        _one_alone,
        Values(Count()),
        (
            "For each image there are four cases: both right, both wrong, and two that are asked.",
            "Make a column for each model: is the most probable class the true one?",
            "(first_right & ~second_right).sum(), and the other way round.",
        ),
        (
            Mistake("all that each model has right", _all_right),
            Mistake("all that each model has wrong", _all_wrong),
            Mistake("the two exchanged", _exchanged),
            Mistake("one too many", _one_more, told=False),
            ONE_MISSING,
            AS_TEXT,
        ),
        "Only these images can tell the two apart. All others would be the same if one were the "
        "other, and make a difference look surer than it is.",
    ),
    Exercise(
        "05.4",
        "Fooled at least once",
        "predict",
        _fooled,
        Values(Share()),
        (
            "How likely is it that none of n intervals excludes nil, if nothing is there?",
            "Each holds with 0.95, all n together with 0.95 ** n. At least one does not: the rest.",
            "With the leader there are 4 pairs, in all 5 * 4 / 2.",
        ),
        (
            Mistake("the chances added up: how many to expect, which can pass 1", _summed),
            Mistake("the chance of not being fooled", _never_fooled),
            Mistake("each pair counted twice", _pairs_twice),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "Whoever compares all with all has many chances to be fooled. To compare with the leader "
        "alone has fewer, and Holm's procedure pays for those.",
    ),
    Exercise(
        "05.5",
        "Holm's procedure",
        "decide",
        _p_cases,
        Function(Values(Number(0.0005, "three decimals are enough", "a p value"))),
        (
            "Sort the p values. The smallest is multiplied by their number, the next by one less.",
            "What may be claimed of a test may not be less sure than of one with a smaller p.",
            "Go through them sorted, keep the largest product so far, and give at most 1.",
        ),
        (
            Mistake(
                "each p times the number of tests, which is Bonferroni's procedure",
                lambda right, run: _bonferroni,
            ),
            Mistake(
                "products that fall again: a larger p with a smaller result",
                lambda right, run: _falling,
            ),
            Mistake("probabilities above 1", lambda right, run: _above_one),
            Mistake("the p values as they were", lambda right, run: _as_they_were),
            Mistake("a number", lambda right, run: 0.03, told=False),
        ),
        "It promises as much as Bonferroni's procedure and never claims less.",
    ),
    Exercise(
        "05.6",
        "All models together",
        "change",
        _gain,
        Number(0.005, "two decimals are enough", "a difference of two scores"),
        (
            "Average the probabilities of the models, image by image, and score that table.",
            "The tables have the same images in the same order, so their p_ columns can be added.",
            "balanced_accuracy of the averaged table, minus that of the chosen model's.",
        ),
        (
            Mistake("the score of the average, not its difference", _score_itself),
            Mistake("the mean of the models' scores, less the chosen one's", _mean_score),
            Mistake("the difference in accuracy, not in balanced accuracy", _of_accuracy),
            Mistake(
                "the chosen model less the average",
                lambda right, run: differing(-right, right, by=0.0051),
            ),
            Mistake("a text", lambda right, run: f"{right:+.1%}", told=False),
            Mistake("a dict", lambda right, run: {"difference": right}, told=False),
            OFF,
        ),
        "An average is no better by itself: it helps where models err on different images, and is "
        "pulled down where one of them has learned little. And it was looked at on validation.",
    ),
)
