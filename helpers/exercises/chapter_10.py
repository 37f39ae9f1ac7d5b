"""Exercises of chapter 10: eight bits, a temperature, a choice of file, a study, another clinic."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from helpers.core import MALIGNANT
from helpers.exercises.answers import Choice, Count, Number
from helpers.exercises.exercise import (
    AS_TEXT,
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
from helpers.exercises.of_run import NotRunYet, command_for, finished_trials, number, once
from helpers.exercises.table_answers import Matrix

if TYPE_CHECKING:
    from helpers.notebook import Run

LOWEST, HIGHEST = -128, 127
"""Whole numbers of eight bits."""

LEAST_SAME = 0.99
SENSITIVITY, PROMISE = 0.95, 0.925
_NORMAL = 1.959964
"""Half the width of a 95 % interval, in standard deviations of the normal distribution."""

_PROBABILITIES = [f"p_{dx}" for dx in MALIGNANT]


def predictions(run: Run, split: str) -> pd.DataFrame:
    """Predictions of the model that chapter 10 ships."""
    name = number(run, "10", "shipped")
    configs = [config for config in run.trial_configs("comparison") if config.name == name]
    table: pd.DataFrame = once(
        run,
        f"10.{split}",
        lambda: finished_trials(run, configs, "10")[0].predictions_of(split),
    )
    return table


def variants(run: Run) -> pd.DataFrame:
    """The exports of chapter 10, a row each."""
    found = sorted((run.folder / "tables").glob("10_*-variants.csv"))
    if not found:
        raise NotRunYet(
            f"{run.folder} has no table of exports yet: run '{command_for(run, '10')}' first, in "
            "a terminal"
        )
    return pd.read_csv(found[0]).set_index("format")


# 10.1: changed classes


def _changed(run: Run) -> int:
    least = float(variants(run)["same class"].min())
    return round((1 - least) * len(predictions(run, "valid")))


def _unchanged(right: int, run: Run) -> int:
    return int(differing(len(predictions(run, "valid")) - right, right))


def _changed_per_cent(right: int, run: Run) -> float:
    return float(differing(100 * right / len(predictions(run, "valid")), right))


def _changed_share(right: int, run: Run) -> float:
    return float(differing(right / len(predictions(run, "valid")), right))


# 10.2: eight bits


def _in_eight_bits(x: float, scale: float, zero: int) -> float:
    q = min(max(round(x / scale) + zero, LOWEST), HIGHEST)
    return scale * (q - zero)


def _unbounded(x: float, scale: float, zero: int) -> float:
    return scale * round(x / scale)


def _cut_off(x: float, scale: float, zero: int) -> float:
    q = min(max(int(x / scale) + zero, LOWEST), HIGHEST)
    return scale * (q - zero)


def _unshifted(x: float, scale: float, zero: int) -> float:
    return scale * min(max(round(x / scale) + zero, LOWEST), HIGHEST)


def _unsigned(x: float, scale: float, zero: int) -> float:
    q = min(max(round(x / scale) + zero, 0), 255)
    return scale * (q - zero)


def _eight_bit_cases(run: Run) -> list[tuple[Case, float]]:
    """Values within the range and beyond it, none of them halfway between two steps."""
    values = ((0.333, 0.02, -10), (-0.333, 0.02, -10), (5.0, 0.02, -10), (-5.0, 0.02, -10))
    return [
        (Case(f"x = {x}, scale = {scale}, zero = {zero}", (x, scale, zero)), _in_eight_bits(*case))
        for case in (*values, (0.0, 0.1, 40))
        for x, scale, zero in (case,)
    ]


# 10.3: a temperature


def _softened(p: np.ndarray, temperature: float) -> pd.DataFrame:
    raised = np.asarray(p, dtype=float) ** (1 / temperature)
    return pd.DataFrame(raised / raised.sum())


def _divided(p: np.ndarray, temperature: float) -> pd.DataFrame:
    return pd.DataFrame(np.asarray(p) / temperature)


def _divided_and_summed(p: np.ndarray, temperature: float) -> pd.DataFrame:
    divided = _divided(p, temperature)
    return divided / divided.sum()


def _other_power(p: np.ndarray, temperature: float) -> pd.DataFrame:
    return _softened(p, 1 / temperature)


def _not_summed(p: np.ndarray, temperature: float) -> pd.DataFrame:
    return pd.DataFrame(np.asarray(p) ** (1 / temperature))


def _temperature_cases(run: Run) -> list[tuple[Case, pd.DataFrame]]:
    p = np.array([0.7, 0.2, 0.1])
    temperatures = (2.0, 0.5, 1.0)
    return [(Case(f"p = {p}, temperature = {t}", (p, t)), _softened(p, t)) for t in temperatures]


# 10.4: which file


def _allowed(run: Run) -> pd.Series:
    """MiB of the exports that keep nearly all classes."""
    table = variants(run)
    allowed = table.loc[table["same class"] >= LEAST_SAME, "MiB"]
    if allowed.empty or len(allowed) == len(table):
        raise NotHere("the rule keeps all of its exports, or none")
    return allowed


def _smallest(run: Run) -> str:
    return str(_allowed(run).idxmin())


def _other_file(wrong: str, right: str) -> str:
    if wrong == right:
        raise NotHere("on this run it is the same")
    return wrong


# 10.5: a study


def _lower_end(share: float, n: int) -> float:
    """Of Wilson's interval around a share of n cases."""
    square = _NORMAL**2
    middle = share + square / (2 * n)
    half = _NORMAL * sqrt(share * (1 - share) / n + square / (4 * n * n))
    return (middle - half) / (1 + square / n)


def _needed(promise: float) -> int:
    return next(n for n in range(1, 100_000) if _lower_end(SENSITIVITY, n) >= promise)


def _lesions(run: Run) -> int:
    return _needed(PROMISE)


# 10.6: another clinic


def _excess(table: pd.DataFrame) -> float:
    """Mean malignant probability less the share of malignant images."""
    promised = float(table[_PROBABILITIES].sum(axis=1).mean())
    return promised - float(table["dx"].isin(MALIGNANT).mean())


def _halved(table: pd.DataFrame, malignant: bool = True) -> pd.DataFrame:
    """Without every second image of a kind, the second one first."""
    kind = table["dx"].isin(MALIGNANT) == malignant
    return pd.concat([table[~kind], table[kind].iloc[::2]])


def _excesses(run: Run) -> dict[str, float]:
    test = predictions(run, "test")
    if test["dx"].isin(MALIGNANT).sum() < 2:
        raise NotHere("its test split has fewer than two malignant images")
    return {"before": _excess(test), "after": _excess(_halved(test))}


def _benign_dropped(right: dict[str, float], run: Run) -> dict[str, float]:
    wrong = right | {"after": _excess(_halved(predictions(run, "test"), malignant=False))}
    return dict(differing(wrong, right))


def _promised_alone(right: dict[str, float], run: Run) -> dict[str, float]:
    test = predictions(run, "test")
    tables = (test, _halved(test))
    means = (float(table[_PROBABILITIES].sum(axis=1).mean()) for table in tables)
    return dict(differing(dict(zip(right, means, strict=True)), right))


def _observed_first(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing({name: -value for name, value in right.items()}, right))


EXERCISES = (
    Exercise(
        "10.1",
        "Images that change their class",
        "read",
        _changed,
        Count(),
        (
            "Which row has the lowest share of images that keep their class?",
            "What is left to 1 is the share that changes. Of how many images?",
            "(1 - exports['same class'].min()) * n_valid, rounded to a whole number.",
        ),
        (
            Mistake("the images that keep their class", _unchanged),
            Mistake("per cent, not images", _changed_per_cent),
            Mistake("the share, not the number of images", _changed_share),
            ONE_OFF,
            Mistake("two too few", lambda right, run: right - 2, told=False),
            Mistake("a text", lambda right, run: f"{right} images", told=False),
        ),
        "Each of them is a picture of which the file says something else than the network that "
        "was tested, whether it is right or wrong.",
    ),
    Exercise(
        "10.2",
        "Through eight bits and back",
        "compute",
        _eight_bit_cases,
        Function(Number(1e-6, "the arithmetic of floats is finer", "a number")),
        (
            "First the whole number q, then the number that q stands for.",
            "q is round(x / scale) + zero, but q has eight bits: from -128 to 127.",
            "Bound it with min(max(q, -128), 127), and give back scale * (q - zero).",
        ),
        (
            Mistake("no bounds: q may be any whole number", lambda right, run: _unbounded),
            Mistake("int(), which cuts off and does not round", lambda right, run: _cut_off),
            Mistake("the zero point left in on the way back", lambda right, run: _unshifted),
            Mistake("whole numbers from 0 to 255", lambda right, run: _unsigned),
            Mistake("a number", lambda right, run: right[0][1], told=False),
        ),
        "Within the range an error is at most half a step, and beyond it there is no bound. That "
        "is why the range is taken from images, and why these must be like those to come.",
    ),
    Exercise(
        "10.3",
        "A temperature",
        "compute",
        _temperature_cases,
        Function(Matrix(Number(0.001, "three decimals are enough", "a probability"))),
        (
            "Dividing logits by T is a power of the probabilities. Which one?",
            "Raise each probability to the power 1 / temperature. What do they sum to then?",
            "raised = p ** (1 / temperature), and raised / raised.sum().",
        ),
        (
            Mistake("probabilities divided by the temperature", lambda right, run: _divided),
            Mistake(
                "a division that the sum undoes: nothing has changed",
                lambda right, run: _divided_and_summed,
            ),
            Mistake("the power T in place of 1 / T", lambda right, run: _other_power),
            Mistake("numbers that do not sum to 1", lambda right, run: _not_summed),
            Mistake("a number", lambda right, run: 0.7, told=False),
        ),
        "The order of the classes stays at any temperature. Above 1 all come nearer to one "
        "another, and below 1 the largest takes from the others.",
    ),
    Exercise(
        "10.4",
        "Another rule, another file",
        "decide",
        _smallest,
        Choice(),
        (
            "The rule comes first: which rows may be taken at all?",
            "Keep the rows whose 'same class' is at least 0.99. Which of them is smallest?",
            "exports.loc[exports['same class'] >= 0.99, 'MiB'].idxmin()",
        ),
        (
            Mistake(
                "the smallest of all, whatever it does to classes",
                lambda right, run: _other_file(str(variants(run)["MiB"].idxmin()), right),
            ),
            Mistake(
                "the largest of those allowed",
                lambda right, run: _other_file(str(_allowed(run).idxmax()), right),
            ),
            Mistake(
                "another row",
                lambda right, run: next(name for name in variants(run).index if name != right),
                told=False,
            ),
            Mistake("a size", lambda right, run: float(_allowed(run).min()), told=False),
            Mistake("a list", lambda right, run: [right], told=False),
        ),
        "A rule that is written down before the numbers are seen cannot be bent to them.",
    ),
    Exercise(
        "10.5",
        "Half as far from the promise",
        "predict",
        _lesions,
        Number(2, "one more or less, by how the interval is computed", "a number of lesions"),
        (
            "The chapter's promise was 5 points below what is found, this one is 2.5.",
            "Try numbers n: wilson(0.95 * n, n).low is the lower end of the interval.",
            "next(n for n in range(1, 10_000) if wilson(0.95 * n, n).low >= 0.925)",
        ),
        (
            Mistake("the chapter's number", lambda right, run: _needed(0.9)),
            Mistake("twice the chapter's number", lambda right, run: 2 * _needed(0.9)),
            Mistake("patients, at one malignant lesion in fifty", lambda right, run: 50 * right),
            Mistake("a text", lambda right, run: str(right), told=False),
            Mistake("a tenth more", lambda right, run: 1.1 * right, told=False),
        ),
        "Half the distance takes about three times as many: certainty grows with the root of what "
        "one counts, and no cleverness in the network makes up for patients.",
    ),
    Exercise(
        "10.6",
        "Fewer malignant lesions, the same network",
        "change",
        _excesses,
        Values(Number(0.005, "two decimals are enough", "a difference of two shares")),
        (
            "Two numbers for each table: what is promised in the mean, and what is there.",
            "Promised: the malignant probabilities, summed over classes, in the mean over images.",
            "Keep the benign rows and test[is_malignant].iloc[::2]; then promised less there.",
        ),
        (
            Mistake("every second benign image dropped", _benign_dropped),
            Mistake("the mean probability alone", _promised_alone),
            Mistake("what is there less what is promised", _observed_first),
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "No picture has changed, and so no probability; but fewer are malignant, and the same "
        "words promise more than before. No temperature knows of that.",
    ),
)
