"""Exercises of chapter 08: what weights, losses and thresholds do to the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from helpers import evaluation
from helpers.core import CLASSES
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
from helpers.exercises.listed_answers import TextSet, Values
from helpers.exercises.of_run import finished_trials, once
from helpers.lessons import weight_of, weight_table

if TYPE_CHECKING:
    from helpers.notebook import Run

LEAST = 1e-7
FACTORS = (1, 2, 3, 5, 10, 20, 50, 100)
_PROBABILITIES = [f"p_{dx}" for dx in CLASSES]


def training_weights(run: Run) -> pd.DataFrame:
    """Counts and weights of the training images, a row a class."""

    def compute() -> pd.DataFrame:
        catalogue = run.catalogue()
        return weight_table(catalogue.loc[catalogue["split"] == "train", "dx"])

    table: pd.DataFrame = once(run, "08.weights", compute)
    return table


def of_losses(run: Run) -> dict[str, pd.DataFrame]:
    """Validation predictions of the four losses, by name."""
    trials = finished_trials(run, "imbalance", "08")
    tables: dict[str, pd.DataFrame] = once(
        run, "08.losses", lambda: {t.name: t.predictions_of("valid") for t in trials}
    )
    return tables


def of_melanoma_weights(run: Run) -> dict[float, pd.DataFrame]:
    """Validation predictions by the weight of melanoma in the loss."""
    trials = finished_trials(run, "melanoma_weight", "08")
    tables: dict[float, pd.DataFrame] = once(
        run,
        "08.melanoma",
        lambda: {weight_of(t.config, "mel"): t.predictions_of("valid") for t in trials},
    )
    return tables


def chapter_gamma(run: Run) -> float:
    """Gamma of the chapter's focal loss."""
    return float(run.trial_configs("ablation")[0].focal_gamma)


# 08.1: a pull


def _ends(run: Run) -> pd.DataFrame:
    """The rows of the rarest and of the commonest class."""
    table = training_weights(run)
    if table["images"].nunique() < 2:
        raise NotHere("all its classes are equally common")
    return table.loc[[table["images"].idxmin(), table["images"].idxmax()]]


def _pull(run: Run, kind: str = "sqrt") -> float:
    rare, common = (float(weight) for weight in _ends(run)[kind])
    return rare / common


def _balanced_pull(right: float, run: Run) -> float:
    return float(differing(_pull(run, "balanced"), right, by=0.2))


def _inverse(right: float, run: Run) -> float:
    return float(differing(1 / right, right, by=0.2))


def _weight_alone(right: float, run: Run) -> float:
    return float(differing(float(_ends(run)["sqrt"].iloc[0]), right, by=0.2))


# 08.2: who makes up the loss


def _costs(table: pd.DataFrame, gamma: float) -> pd.Series:
    """Loss of each image by the probability of its own class."""
    places = [CLASSES.index(dx) for dx in table["dx"]]
    own = table[_PROBABILITIES].to_numpy(dtype=float)[np.arange(len(table)), places]
    own = own.clip(LEAST, 1)
    return pd.Series(-((1 - own) ** gamma) * np.log(own), index=table.index)


def _of_common(table: pd.DataFrame, costs: pd.Series) -> float:
    common = evaluation.majority_share(table)[0]
    if not costs.sum():
        raise NotHere("the model has no loss on validation")
    return float(costs[table["dx"] == common].sum() / costs.sum())


def _loss_shares(run: Run) -> dict[str, float]:
    table = of_losses(run)["Neither"]
    return {
        "cross-entropy": _of_common(table, _costs(table, 0)),
        "focal": _of_common(table, _costs(table, chapter_gamma(run))),
    }


def _shares_of_images(right: dict[str, float], run: Run) -> dict[str, float]:
    share = float(evaluation.majority_share(of_losses(run)["Neither"])[1])
    return dict(differing(dict.fromkeys(right, share), right))


def _mean_costs(right: dict[str, float], run: Run) -> dict[str, float]:
    table = of_losses(run)["Neither"]
    common = table["dx"] == evaluation.majority_share(table)[0]
    gammas = {"cross-entropy": 0.0, "focal": chapter_gamma(run)}
    wrong = {name: float(_costs(table, gamma)[common].mean()) for name, gamma in gammas.items()}
    return dict(differing(wrong, right))


def _exchanged(right: dict[str, float], run: Run) -> dict[str, float]:
    (one, a), (other, b) = right.items()
    return dict(differing({one: b, other: a}, right))


# 08.3: who pays


def _moves(run: Run) -> pd.Series:
    """Change of each class's recall by class weights, of the classes on validation."""
    recalls = {}
    for name in ("Class weights", "Neither"):
        table = of_losses(run)[name]
        called = np.array(CLASSES)[table[_PROBABILITIES].to_numpy().argmax(axis=1)]
        recalls[name] = (table["dx"].astype(str) == called).groupby(table["dx"].astype(str)).mean()
    moves: pd.Series = recalls["Class weights"] - recalls["Neither"]
    return moves


def _fallen(run: Run) -> set[str]:
    moves = _moves(run)
    return set(moves.index[moves < 0])


def _unless_right(wrong: set[str], right: set[str]) -> set[str]:
    if wrong == right:
        raise NotHere("on this run it is the same")
    return wrong


def _risen(right: set[str], run: Run) -> set[str]:
    moves = _moves(run)
    return _unless_right(set(moves.index[moves > 0]), right)


def _not_risen(right: set[str], run: Run) -> set[str]:
    moves = _moves(run)
    return _unless_right(set(moves.index[moves <= 0]), right)


def _common_alone(right: set[str], run: Run) -> set[str]:
    return _unless_right({evaluation.majority_share(of_losses(run)["Neither"])[0]}, right)


def _one_more(right: set[str], run: Run) -> set[str]:
    others = [dx for dx in CLASSES if dx not in right]
    return _unless_right(right | set(others[:1]), right)


# 08.4: a factor in place of a weight


def _hits(table: pd.DataFrame, factor: float = 1) -> int:
    changed = table[_PROBABILITIES].to_numpy(dtype=float, copy=True)
    changed[:, CLASSES.index("mel")] *= factor
    called = changed.argmax(axis=1) == CLASSES.index("mel")
    return int((called & (table["dx"] == "mel").to_numpy()).sum())


def _factor(run: Run) -> float:
    if "mel" not in CLASSES:
        raise NotHere("no melanoma is among its diagnoses")
    tables = of_melanoma_weights(run)
    wanted, plain = _hits(tables[max(tables)]), tables[1.0]
    if not (plain["dx"] == "mel").any():
        raise NotHere("no melanoma is on its validation split")
    enough = [factor for factor in FACTORS if _hits(plain, factor) >= wanted]
    if not enough:
        raise NotHere("no factor of the list finds as many melanomas as the weight does")
    return float(enough[0])


def _the_weight(right: float, run: Run) -> float:
    return float(differing(float(max(of_melanoma_weights(run))), right))


def _next_factor(right: float, run: Run) -> float:
    place = FACTORS.index(int(right)) + 1
    if place == len(FACTORS):
        raise NotHere("there is no larger one")
    return float(FACTORS[place])


def _largest_factor(right: float, run: Run) -> float:
    return float(differing(float(FACTORS[-1]), right))


# 08.5: leaking folds


def _leaking(lesion_id: pd.Series, fold: pd.Series) -> float:
    return float(fold.groupby(lesion_id).transform("nunique").gt(1).mean())


def _of_lesions(lesion_id: pd.Series, fold: pd.Series) -> float:
    return float(fold.groupby(lesion_id).nunique().gt(1).mean())


def _has_sibling(lesion_id: pd.Series, fold: pd.Series) -> float:
    return float(lesion_id.duplicated(keep=False).mean())


def _second_pictures(lesion_id: pd.Series, fold: pd.Series) -> float:
    return float((lesion_id.duplicated() & ~_pairs(lesion_id, fold).duplicated()).mean())


def _pairs(lesion_id: pd.Series, fold: pd.Series) -> pd.Series:
    return lesion_id.astype(str) + " " + fold.astype(str)


def _fold_cases(run: Run) -> list[tuple[Case, float]]:
    """Folds by lesion and by image of the run's catalogue, and a few lesions by hand."""
    lesion = run.catalogue()["lesion_id"].astype(str).head(150).reset_index(drop=True)
    by_image = pd.Series(np.arange(len(lesion)) % 3)
    by_lesion = pd.Series(pd.factorize(lesion)[0] % 3)
    three = pd.Series(["a", "a", "a", "b", "b", "c"])
    cases = [
        Case("three pictures of one lesion in two folds", (three, pd.Series([0, 0, 1, 2, 2, 0]))),
        Case("folds by image", (lesion, by_image)),
        Case("folds by lesion", (lesion, by_lesion)),
        Case("a single fold", (lesion, by_image * 0)),
    ]
    return [(case, _leaking(*case.arguments)) for case in cases]


# 08.6: weights taken back


def _both(table: pd.DataFrame) -> dict[str, float]:
    return {
        "accuracy": evaluation.accuracy(table, n_resamples=2).value,
        "balanced": evaluation.balanced_accuracy(table, n_resamples=2).value,
    }


def _reweighed(table: pd.DataFrame, weights: pd.Series, power: float) -> pd.DataFrame:
    changed = table.copy()
    for dx, weight in weights.items():
        changed[f"p_{dx}"] *= float(weight) ** power
    total = changed[_PROBABILITIES].sum(axis=1)
    changed[_PROBABILITIES] = changed[_PROBABILITIES].div(total, axis=0)
    return changed


def _taken_back(run: Run, power: float = -1.0) -> dict[str, float]:
    table = of_losses(run)["Class weights"]
    before = _both(table)
    after = _both(_reweighed(table, training_weights(run)["balanced"], power))
    return {name: after[name] - before[name] for name in before}


def _weighed_twice(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing(_taken_back(run, 1.0), right))


def _after(right: dict[str, float], run: Run) -> dict[str, float]:
    table = of_losses(run)["Class weights"]
    wrong = _both(_reweighed(table, training_weights(run)["balanced"], -1.0))
    return dict(differing(wrong, right))


def _the_other_way(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing({name: -value for name, value in right.items()}, right))


def _constant(lesion_id: pd.Series, fold: pd.Series) -> Any:
    return 0.0


EXERCISES = (
    Exercise(
        "08.1",
        "How hard a rare image pulls",
        "read",
        _pull,
        Number(0.05, "one decimal is enough", "a number of images"),
        (
            "An image pulls by its weight. Whose weights stand in which column?",
            "Take the column sqrt, the row with the fewest images, and the one with the most.",
            "Divide the weight of the rarer class by that of the commoner one.",
        ),
        (
            Mistake("the balanced weights, which are the squares of these", _balanced_pull),
            Mistake("the commoner class divided by the rarer one", _inverse),
            Mistake("the weight of the rarest class by itself", _weight_alone),
            Mistake("a tenth of an image off", lambda right, run: right + 0.1, told=False),
            Mistake("one image off", lambda right, run: right + 1, told=False),
            AS_TEXT,
        ),
        "With balanced weights it would be the square of this: the root is a step half way.",
    ),
    Exercise(
        "08.2",
        "Who makes up the loss",
        "compare",
        _loss_shares,
        Values(Share()),
        (
            "Add up the losses of the images of one class, and those of all images.",
            "Cross-entropy is -log(own). The focal loss multiplies it by (1 - own) ** gamma.",
            "The share is loss[is_common].sum() / loss.sum(), once for each of the two losses.",
        ),
        (
            Mistake("the share of the images, which knows no loss", _shares_of_images),
            Mistake("the mean loss of an image of that class", _mean_costs),
            Mistake("the two exchanged", _exchanged),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "Where the second share is smaller, the focal loss has taken weight from the commonest "
        "class without being told of classes: its images are the easy ones.",
    ),
    Exercise(
        "08.3",
        "Who pays for class weights",
        "read",
        _fallen,
        TextSet(CLASSES),
        (
            "Look at one class at a time: in which of the two columns is its recall larger?",
            "A class pays if its recall with class weights is below that without them.",
            "recalls.index[recalls['Class weights'] < recalls['Neither']]",
        ),
        (
            Mistake("the classes that gain", _risen),
            Mistake("those that stay as they were among them", _not_risen),
            Mistake("the commonest class alone", _common_alone),
            Mistake("one class too many", _one_more, told=False),
            Mistake("a number", lambda right, run: len(right), told=False),
            Mistake("all classes and another", lambda right, run: {*CLASSES, "all"}, told=False),
        ),
        "A mean over classes would have hidden them. With few lesions a class can be among them "
        "by chance: the interval of its change tells.",
    ),
    Exercise(
        "08.4",
        "A factor in place of a weight",
        "decide",
        _factor,
        Number(0.01, "it is one of the list", "a factor"),
        (
            "How many melanomas does the weighted model call so? That is the number to reach.",
            "Multiply the column p_mel of the unweighted model by a factor. Which class is now the "
            "largest of each row? There is no need to divide by the sum.",
            "Go up the list, and stop at the first factor with at least as many melanomas found.",
        ),
        (
            Mistake("the weight that the other model was trained with", _the_weight),
            Mistake("a larger factor than is needed", _next_factor),
            Mistake("the largest factor of the list", _largest_factor),
            Mistake("half of it", lambda right, run: right / 2, told=False),
            AS_TEXT,
            OFF,
        ),
        "The factor that does the work of a weight need not be the weight: a network of few epochs "
        "is no perfect learner. And the factor cost no training.",
    ),
    Exercise(
        "08.5",
        "How much folds leak",
        "compute",
        _fold_cases,
        Function(Share()),
        (
            "An image leaks if a picture of its own lesion lies in another fold than it does.",
            "For each lesion count its folds. An image leaks where its lesion has more than one.",
            "fold.groupby(lesion_id).transform('nunique') has that count for each image.",
        ),
        (
            Mistake("the share of lesions, not of images", lambda right, run: _of_lesions),
            Mistake(
                "the images whose lesion has several pictures, wherever they lie",
                lambda right, run: _has_sibling,
            ),
            Mistake(
                "the images that come after another one of their lesion: the first leaks too",
                lambda right, run: _second_pictures,
            ),
            Mistake("nil for all folds", lambda right, run: _constant, told=False),
        ),
        "By lesion it is nil, by construction. By image it grows with the pictures a lesion has, "
        "and with the number of folds.",
    ),
    Exercise(
        "08.6",
        "Class weights taken back",
        "change",
        _taken_back,
        Values(Number(0.005, "two decimals are enough", "a difference of two scores")),
        (
            "A weight of w makes a class w times as probable as it should be. How is that undone?",
            "Divide each column p_... by the balanced weight of its class, then each row by its "
            "sum.",
            "Score the predictions before and after with both functions; the answer is after "
            "minus before.",
        ),
        (
            Mistake("weights multiplied once more, not taken back", _weighed_twice),
            Mistake("the scores after the change, not what changed", _after),
            Mistake("before minus after", _the_other_way),
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "What class weights do to the names, a multiplication after the training can undo, or do. "
        "Where accuracy rises and balanced accuracy falls, the common class has its own again.",
    ),
)
