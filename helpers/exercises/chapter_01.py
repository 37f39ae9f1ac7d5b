"""Exercises of chapter 01: codes, two rules, their cut-offs and what was published of them."""

from __future__ import annotations

from itertools import product
from math import ceil, sqrt
from typing import TYPE_CHECKING

import pandas as pd

from helpers.core import CLASSES, HAM10000_CLASSES, MALIGNANT
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
from helpers.exercises.listed_answers import TextSet, Values
from helpers.exercises.of_run import once
from helpers.explanation import drawn_criteria
from helpers.lessons import (
    DRAWN_NAMES,
    SEVEN_POINT_CUTOFF,
    published_accuracy,
    seven_point_score,
    total_dermoscopy_score,
)
from helpers.statistics import wilson

if TYPE_CHECKING:
    from helpers.notebook import Run

LOW_CUTOFF = 1
BENIGN_BELOW = 4.75
SUSPECT_ABOVE = 5.45
BORDER = 8

# 01.1: codes


def _seven(run: Run) -> None:
    if CLASSES != HAM10000_CLASSES:
        raise NotHere("it has other diagnoses than HAM10000")


def _malignant(run: Run) -> set[str]:
    _seven(run)
    return set(MALIGNANT)


# 01.2: the total dermoscopy score

Four = tuple[int, int, int, int]


def _weighted(weights: tuple[float, float, float, float], letters: Four) -> float:
    return sum(weight * value for weight, value in zip(weights, letters, strict=True))


def _tds(asymmetry: int, border: int, colours: int, structures: int) -> float:
    return total_dermoscopy_score(asymmetry, border, colours, structures)


def _unweighted(asymmetry: int, border: int, colours: int, structures: int) -> float:
    return _weighted((1, 1, 1, 1), (asymmetry, border, colours, structures))


def _border_as_colours(asymmetry: int, border: int, colours: int, structures: int) -> float:
    return _weighted((1.3, 0.5, 0.1, 0.5), (asymmetry, border, colours, structures))


def _without_structures(asymmetry: int, border: int, colours: int, structures: int) -> float:
    return _weighted((1.3, 0.1, 0.5, 0), (asymmetry, border, colours, structures))


def _tds_cases(run: Run) -> list[tuple[Case, float]]:
    lesions: list[Four] = [(0, 0, 1, 1), (1, 3, 3, 3), (2, 8, 6, 5), (0, 8, 4, 4), (2, 1, 2, 3)]
    cases = [
        Case("A = {}, B = {}, C = {}, D = {}".format(*letters), letters) for letters in lesions
    ]
    return [(case, _tds(*case.arguments)) for case in cases]


# 01.3: the smallest suspect


def _least(cut: float, border: int) -> int:
    """Least sum of colours and structures that brings a symmetric lesion to a score."""
    choices = product(range(1, 7), range(1, 6))
    return min(c + d for c, d in choices if _tds(0, border, c, d) >= cut - 1e-9)


def _smallest_suspect(run: Run) -> int:
    return _least(BENIGN_BELOW, BORDER)


# 01.4: two intervals


def _published() -> pd.DataFrame:
    return published_accuracy().iloc[:2]


def _of_rules(compute: str) -> dict[str, float]:
    found = {}
    for name, row in zip(("authors", "routine"), _published().to_dict("records"), strict=True):
        n, p = int(row["melanomas"]), float(row["sensitivity"])
        k = round(p * n)
        half = 1.959964 * sqrt(k / n * (1 - k / n) / n)
        wilsons = wilson(k, n)
        values = {"low": wilsons.low, "high": wilsons.high, "wald": k / n - half, "value": k / n}
        found[name] = values[compute]
    return found


def _lower_ends(run: Run) -> dict[str, float]:
    return _of_rules("low")


# 01.5: another cut-off


def _points(run: Run) -> pd.Series:
    """Points of the seven-point checklist of each drawn melanoma and nevus, by diagnosis."""

    def score() -> pd.Series:
        if not run.source.drawn:
            raise NotHere("its images carry no list of criteria; the drawn sample has one")
        drawn = drawn_criteria(run.source.folder)
        lesions = run.catalogue().query("dx in ['mel', 'nv']").drop_duplicates("lesion_id")
        marks = drawn["criteria"].reindex(lesions["image_id"])
        named = [[DRAWN_NAMES[key] for key in keys if key in DRAWN_NAMES] for keys in marks]
        return pd.Series([seven_point_score(names) for names in named], index=lesions["dx"])

    points: pd.Series = once(run, "01.points", score)
    return points


def _at_cutoff(run: Run, cut: int, *, above: bool = False) -> dict[str, float]:
    points = _points(run)
    called = points > cut if above else points >= cut
    return {
        "sensitivity": float(called[called.index == "mel"].mean()),
        "specificity": float((~called[called.index == "nv"]).mean()),
    }


def _at_one(run: Run) -> dict[str, float]:
    return _at_cutoff(run, LOW_CUTOFF)


def _exchanged(right: dict[str, float], run: Run) -> dict[str, float]:
    wrong = {"sensitivity": right["specificity"], "specificity": right["sensitivity"]}
    return dict(differing(wrong, right))


def _called_nevi(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing(right | {"specificity": 1 - right["specificity"]}, right))


EXERCISES = (
    Exercise(
        "01.1",
        "Malignant or pre-malignant",
        "read",
        _malignant,
        TextSet(CLASSES),
        (
            "Three of the seven matter most, because missing them does harm.",
            "One of them is pre-malignant, and counts with the malignant ones in this book.",
            "The section on the seven diagnoses names all three, with their codes.",
        ),
        (
            Mistake(
                "the malignant ones without the one that is pre-malignant",
                lambda right, run: set(right) - {"akiec"},
            ),
            Mistake("the benign ones", lambda right, run: set(CLASSES) - set(right)),
            Mistake("melanoma alone", lambda right, run: {"mel"}),
            Mistake("all of them", lambda right, run: list(CLASSES), told=False),
        ),
        "Where a yes or no is needed, these three are the yes.",
    ),
    Exercise(
        "01.2",
        "The total dermoscopy score, as a function",
        "compute",
        _tds_cases,
        Function(Number(0.005, "two decimals are enough", "a score")),
        (
            "Each letter has a weight of its own. Which weighs most?",
            "Asymmetry weighs 1.3, a sector of the border 0.1; colours and structures weigh alike.",
            "return 1.3 * asymmetry + 0.1 * border + 0.5 * colours + 0.5 * structures",
        ),
        (
            Mistake("a sum without weights", lambda right, run: _unweighted),
            Mistake(
                "the weights of border and colours exchanged",
                lambda right, run: _border_as_colours,
            ),
            Mistake("a score without the structures", lambda right, run: _without_structures),
            Mistake("a number", lambda right, run: right[0][1], told=False),
        ),
        "An axis of asymmetry weighs as much as thirteen sectors of the border; there are eight.",
    ),
    Exercise(
        "01.3",
        "The smallest suspect",
        "decide",
        _smallest_suspect,
        Count(),
        (
            "A = 0 and B = 8 are given. How much of 4.75 do they bring?",
            "What is missing to 4.75 must come from C and D, which bring 0.5 each.",
            "Divide 4.75 - 0.1 * 8 by 0.5, and go up to the next whole number.",
        ),
        (
            Mistake(
                "a sum for the other cut-off, above which a melanoma is suspect",
                lambda right, run: _least(SUSPECT_ABOVE, BORDER),
            ),
            Mistake(
                "a sum for a lesion whose border ends nowhere abruptly",
                lambda right, run: _least(BENIGN_BELOW, 0),
            ),
            Mistake(
                "a number that is rounded down: it stays below the cut-off",
                lambda right, run: ceil((BENIGN_BELOW - 0.1 * BORDER) / 0.5) - 1,
            ),
            ONE_OFF,
        ),
        "A small, symmetric, dark melanoma has hardly that many colours and structures: the rule "
        "can let it pass.",
    ),
    Exercise(
        "01.4",
        "How sure is a published sensitivity?",
        "compare",
        _lower_ends,
        Values(Number(0.005, "two decimals are enough", "a lower end")),
        (
            "A sensitivity of so many melanomas is a share, with an interval like any other.",
            "helpers.statistics.wilson takes how many were caught and how many there were.",
            "wilson(round(sensitivity * melanomas), melanomas).low, for both rows.",
        ),
        (
            Mistake(
                "the sensitivities, not their lower ends", lambda right, run: _of_rules("value")
            ),
            Mistake("the upper ends", lambda right, run: _of_rules("high")),
            Mistake(
                "the interval of the normal approximation, which is too short near 1",
                lambda right, run: differing(_of_rules("wald"), right, by=0.006),
            ),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "A few dozen melanomas cannot tell the two sensitivities apart, though one looks better.",
    ),
    Exercise(
        "01.5",
        "The checklist with a lower cut-off",
        "change",
        _at_one,
        Values(Share()),
        (
            "A lower cut-off suspects more lesions. Which of the two shares can only fall?",
            "Sensitivity is the share of melanomas with at least 1 point.",
            "(points['mel'] >= 1).mean(), and (points['nv'] < 1).mean() for the specificity.",
        ),
        (
            Mistake(
                "the shares at the old cut-off",
                lambda right, run: dict(differing(_at_cutoff(run, SEVEN_POINT_CUTOFF), right)),
            ),
            Mistake(
                "more points than the cut-off, where it has to be reached",
                lambda right, run: dict(differing(_at_cutoff(run, LOW_CUTOFF, above=True), right)),
            ),
            Mistake("the two exchanged", _exchanged),
            Mistake("the nevi that are suspected, not those that pass", _called_nevi),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "No cut-off is right in itself: it trades missed melanomas against nevi cut out for "
        "nothing.",
    ),
)
