"""Exercises of chapter 09: what is left out, thresholds, prevalence, siblings, exchange rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from helpers.core import MALIGNANT
from helpers.dataset import screening_split, undersample
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
from helpers.published import claim, matrices_that_fit
from helpers.screening import (
    choose_screening,
    malignant_share,
    precision_at,
    prior_corrected,
    sampling_table,
    threshold_for_sensitivity,
)

if TYPE_CHECKING:
    from helpers.notebook import Run

WANTED = 0.8
PREVALENCE = 0.02
THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.2)
RULES = ("model", "everybody", "nobody")
_EQUAL = 1e-9
"""Net benefits no farther apart are equal: they are sums of a few products."""


def _catalogue(run: Run) -> pd.DataFrame:
    table: pd.DataFrame = once(run, "catalogue", run.catalogue)
    return table


def split_by(run: Run, by: Any) -> pd.DataFrame:
    """The under-sampled images, divided by lesion or by image."""
    table: pd.DataFrame = once(
        run, f"09.{by}", lambda: screening_split(_catalogue(run), by=by, seed=run.seed)
    )
    return table


def predictions(run: Run, split: str) -> pd.DataFrame:
    """Predictions of the trial that chapter 9 chose."""
    chosen = once(
        run,
        "09.chosen",
        lambda: choose_screening(finished_trials(run, "screening", "09", split_by(run, "lesion"))),
    )
    table: pd.DataFrame = chosen.predictions_of(split)
    return table


def _scored(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of "malignant" of the malignant and of the benign images."""
    malignant = table["dx"].isin(MALIGNANT).to_numpy()
    if malignant.all() or not malignant.any():
        raise NotHere("benign and malignant images are needed, and it has one kind alone")
    p = table["p_malignant"].to_numpy(dtype=float)
    return p[malignant], p[~malignant]


# 09.1: what is left out


def _sampling(run: Run) -> pd.DataFrame:
    kept = undersample(_catalogue(run), run.seed)
    table: pd.DataFrame = sampling_table(_catalogue(run), kept)
    return table


def _left_out(run: Run) -> float:
    benign = _sampling(run).query("kind == 'benign'")
    return float(benign["left out"].sum() / benign["images"].sum())


def _of_all(right: float, run: Run) -> float:
    return float(differing(float(_sampling(run)["share left out"].iloc[-1]), right))


def _mean_of_shares(right: float, run: Run) -> float:
    benign = _sampling(run).query("kind == 'benign'")
    return float(differing(float(benign["share left out"].mean()), right, by=0.0051))


# 09.2: another world, by its odds


def _moved(p: float, prior: float, share: float) -> float:
    return float(prior_corrected(p, prior, share))


def _times_share(p: float, prior: float, share: float) -> float:
    return p * share / prior


def _other_way(p: float, prior: float, share: float) -> float:
    return _moved(p, share, prior)


def _as_if_half(p: float, prior: float, share: float) -> float:
    return _moved(p, 0.5, share)


def _odds(p: float, prior: float, share: float) -> float:
    moved = _moved(p, prior, share)
    return moved / (1 - moved)


def _worlds(run: Run) -> list[tuple[Case, float]]:
    """A network trained at one half, brought to a clinic, to where it was trained, and back."""
    cases = [(0.9, 0.5, 0.02), (0.5, 0.5, 0.1), (0.3, 0.5, 0.5), (0.4, 0.2, 0.05), (0.1, 0.02, 0.5)]
    return [
        (Case(f"p = {p}, prior = {prior}, share = {share}", (p, prior, share)), _moved(*case))
        for case in cases
        for p, prior, share in (case,)
    ]


# 09.3: another wish


def _effects(run: Run, threshold: float) -> dict[str, float]:
    malignant, benign = _scored(predictions(run, "test"))
    return {
        "threshold": threshold,
        "found": float((malignant >= threshold).mean()),
        "alarms": float((benign >= threshold).mean()),
    }


def _at_wish(run: Run) -> dict[str, float]:
    valid = predictions(run, "valid")
    _scored(valid)
    return _effects(run, threshold_for_sensitivity(valid, WANTED, n_resamples=2).threshold)


def _at_half(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing(_effects(run, 0.5), right))


def _on_test(right: dict[str, float], run: Run) -> dict[str, float]:
    test = predictions(run, "test")
    chosen = threshold_for_sensitivity(test, WANTED, n_resamples=2).threshold
    return dict(differing(_effects(run, chosen), right))


def _of_all_called(right: dict[str, float], run: Run) -> dict[str, float]:
    p = np.sort(predictions(run, "valid")["p_malignant"].to_numpy(dtype=float))[::-1]
    chosen = float(p[int(np.ceil(WANTED * len(p))) - 1])
    return dict(differing(_effects(run, chosen), right))


def _among_called(right: dict[str, float], run: Run) -> dict[str, float]:
    malignant, benign = _scored(predictions(run, "test"))
    alarms = int((benign >= right["threshold"]).sum())
    called = alarms + int((malignant >= right["threshold"]).sum())
    return dict(differing(right | {"alarms": alarms / called if called else float("nan")}, right))


# 09.4: where every second one sent on is malignant


def _published_rates(run: Run) -> tuple[float, float, float]:
    """Sensitivity, false positive rate and precision of the published system."""
    scores = {
        name: claim(f"screening.{name}").value for name in ("accuracy", "recall", "precision")
    }
    n_images = int(claim("screening.accuracy").estimate.n)
    matrix = once(run, "09.matrix", lambda: matrices_that_fit(n_images, **scores, decimals=4))
    tp, fn, fp, tn = (float(count) for count in matrix.iloc[0])
    return tp / (tp + fn), fp / (fp + tn), tp / (tp + fp)


def _every_second(run: Run) -> float:
    found, alarmed, _ = _published_rates(run)
    return alarmed / (found + alarmed)


# 09.5: siblings


def _siblings(run: Run, by: str, seen: tuple[str, ...] = ("train",)) -> float:
    table = split_by(run, by)
    test, known = table[table["split"] == "test"], table[table["split"].isin(seen)]
    if test.empty:
        raise NotHere("its test split is empty")
    return float(test["lesion_id"].isin(set(known["lesion_id"])).mean())


def _leaks(run: Run) -> dict[str, float]:
    return {"by image": _siblings(run, "image"), "by lesion": _siblings(run, "lesion")}


def _of_lesions(right: dict[str, float], run: Run) -> dict[str, float]:
    table = split_by(run, "image")
    test = set(table.loc[table["split"] == "test", "lesion_id"])
    torn = test & set(table.loc[table["split"] == "train", "lesion_id"])
    return dict(differing(right | {"by image": len(torn) / len(test)}, right))


def _valid_too(right: dict[str, float], run: Run) -> dict[str, float]:
    wrong = right | {"by image": _siblings(run, "image", ("train", "valid"))}
    return dict(differing(wrong, right))


def _of_training(right: dict[str, float], run: Run) -> dict[str, float]:
    table = split_by(run, "image")
    test = set(table.loc[table["split"] == "test", "lesion_id"])
    train = table[table["split"] == "train"]
    share = float(train["lesion_id"].isin(test).mean())
    return dict(differing(right | {"by image": share}, right))


# 09.6: exchange rates


def _best_rules(
    run: Run, prevalence: float = PREVALENCE, corrected: bool = True, priced: bool = True
) -> dict[float, set[str]]:
    """The rules of greatest net benefit at each threshold; several where they are equal."""
    train = split_by(run, "lesion").query("split == 'train'")
    kinds = _scored(predictions(run, "test"))
    if corrected:
        prior = malignant_share(train)
        kinds = (
            prior_corrected(kinds[0], prior, prevalence),
            prior_corrected(kinds[1], prior, prevalence),
        )
    best: dict[float, set[str]] = {}
    for threshold in THRESHOLDS:
        price = threshold / (1 - threshold) if priced else 1.0
        found, alarmed = (float((p >= threshold).mean()) for p in kinds)
        benefits = dict(
            zip(
                RULES,
                (
                    found * prevalence - alarmed * (1 - prevalence) * price,
                    prevalence - (1 - prevalence) * price,
                    0.0,
                ),
                strict=True,
            )
        )
        most = max(benefits.values())
        best[threshold] = {name for name, value in benefits.items() if value >= most - _EQUAL}
    return best


def _unlike(wrong: dict[float, str], right: dict[float, set[str]]) -> dict[float, str]:
    """Rules that are not all among the right ones, or `NotHere`."""
    if all(wrong[threshold] in names for threshold, names in right.items()):
        raise NotHere("on this run it is the same")
    return wrong


def _first_of(best: dict[float, set[str]]) -> dict[float, str]:
    return {
        threshold: next(rule for rule in RULES if rule in names)
        for threshold, names in best.items()
    }


def _as_predicted(right: dict[float, set[str]], run: Run) -> dict[float, str]:
    return _unlike(_first_of(_best_rules(run, corrected=False)), right)


def _as_in_the_split(right: dict[float, set[str]], run: Run) -> dict[float, str]:
    share = malignant_share(predictions(run, "test"))
    return _unlike(_first_of(_best_rules(run, share)), right)


def _unpriced(right: dict[float, set[str]], run: Run) -> dict[float, str]:
    return _unlike(_first_of(_best_rules(run, priced=False)), right)


def _others(right: dict[float, set[str]], run: Run) -> dict[float, str]:
    return {
        threshold: next((rule for rule in RULES if rule not in names), "model")
        for threshold, names in right.items()
    }


EXERCISES = (
    Exercise(
        "09.1",
        "What under-sampling leaves out of the benign images",
        "read",
        _left_out,
        Share(),
        (
            "The last row is of all images. Which rows are of benign ones?",
            "Add up the column 'left out' over the benign rows. What is it a share of?",
            "table[table['kind'] == 'benign'][['left out', 'images']].sum(), and divide.",
        ),
        (
            Mistake("the share of all images, malignant ones among them", _of_all),
            Mistake("the mean of the diagnoses' shares, whatever their size", _mean_of_shares),
            Mistake("the share that is kept", lambda right, run: differing(1 - right, right)),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
        ),
        "All that was left out is benign: the pictures that could have shown the network what a "
        "false alarm looks like.",
    ),
    Exercise(
        "09.2",
        "A probability in another world",
        "compute",
        _worlds,
        Function(Number(0.002, "three decimals are enough", "a probability")),
        (
            "Probabilities cannot be multiplied, odds can: p / (1 - p).",
            "Multiply the odds of p by the odds of share, and divide them by the odds of prior.",
            "Odds o are the probability o / (1 + o); with share equal to prior nothing changes.",
        ),
        (
            Mistake(
                "the probability times the ratio of the shares, which can pass 1",
                lambda right, run: _times_share,
            ),
            Mistake("the way back, from the clinic to the training", lambda right, run: _other_way),
            Mistake(
                "a training in which one half is malignant, whatever prior is",
                lambda right, run: _as_if_half,
            ),
            Mistake("the odds, not yet a probability again", lambda right, run: _odds),
            Mistake("a number", lambda right, run: right[0][1], told=False),
        ),
        "At one half, odds are 1 to 1. So a network that was trained there and says 50 % says just "
        "what is known without it: the share.",
    ),
    Exercise(
        "09.3",
        "A threshold for four in five",
        "decide",
        _at_wish,
        Values(Share()),
        (
            "Choose on validation, look on test: which table is for which of the three numbers?",
            "Only malignant images decide the threshold: sort their probabilities, largest first.",
            "Take the place ceil(0.8 * n) of that list. On test, count who is at least there.",
        ),
        (
            Mistake("a threshold of one half", _at_half),
            Mistake("a threshold that was chosen on test", _on_test),
            Mistake("four in five of all images called, not of the malignant", _of_all_called),
            Mistake("alarms as a share of all that are sent on", _among_called),
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "What is found on test is not what was wished for, but for luck: the threshold is an "
        "estimate from the malignant images of validation, and there are few.",
    ),
    Exercise(
        "09.4",
        "Where every second one sent on is malignant",
        "predict",
        _every_second,
        Share(),
        (
            "Write down, for a prevalence x, the shares of all lesions that are found and alarms.",
            "Found are x times the sensitivity, alarms (1 - x) times the false positive rate.",
            "Set the two equal, and solve for x: precision_at(...) of it must be 0.5.",
        ),
        (
            Mistake(
                "the false positive rate itself",
                lambda right, run: differing(_published_rates(run)[1], right),
            ),
            Mistake(
                "the precision that was published",
                lambda right, run: differing(_published_rates(run)[2], right),
            ),
            Mistake(
                "the precision at a prevalence of 2 %",
                lambda right, run: differing(
                    precision_at(
                        _published_rates(run)[0], 1 - _published_rates(run)[1], PREVALENCE
                    ),
                    right,
                ),
            ),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
        ),
        "It is what the published precision lacks of 1, since half of its test images are "
        "malignant. A waiting room has far fewer, and there most of those sent on are healthy.",
    ),
    Exercise(
        "09.5",
        "Siblings on both sides",
        "compare",
        _leaks,
        Values(
            Number(
                0.01,
                "a lesion that the archive has under two numbers may be counted either way",
                "a share between 0 and 1",
            )
        ),
        (
            "Count test images, and ask of each whether its lesion is in training.",
            "Series.isin takes a set: test['lesion_id'].isin(set(train['lesion_id'])).",
            "The mean of that is the share. Training is split == 'train', without validation.",
        ),
        (
            Mistake("a share of the test lesions, not of the images", _of_lesions),
            Mistake("siblings in training or validation", _valid_too),
            Mistake("the share of the training images whose lesion is in test", _of_training),
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "By lesion it is nothing, by construction. By image it is known before any training, and "
        "no score can take it back.",
    ),
    Exercise(
        "09.6",
        "Who should be sent on?",
        "change",
        _best_rules,
        Values(Choice(RULES)),
        (
            "Three numbers at each threshold t, one a rule; of nobody it is 0. The largest wins.",
            "At a prevalence x: found * x - alarmed * (1 - x) * t / (1 - t). For everybody found "
            "and alarmed are 1.",
            "First move the test probabilities from the training's share to 0.02, then hold them "
            "against t.",
        ),
        (
            Mistake("the probabilities as predicted, not moved to the prevalence", _as_predicted),
            Mistake("the share of malignant images of the test split", _as_in_the_split),
            Mistake("an alarm that costs as much as a find is worth, at each threshold", _unpriced),
            Mistake("each time another rule", _others, told=False),
            Mistake(
                "numbers, not the names of rules",
                lambda right, run: dict.fromkeys(right, 0.0),
                told=False,
            ),
            ONE_MISSING,
        ),
        "Whoever fears a miss enough sends on everybody, and whoever fears an alarm enough nobody; "
        "a model is of use only between, and where it tells the kinds apart.",
    ),
)
