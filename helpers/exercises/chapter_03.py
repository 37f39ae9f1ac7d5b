"""Exercises of chapter 03: what a cut by position does, one-hot rows, parameters, pixels, a cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

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
from helpers.exercises.function_answers import Case, Facts, Function
from helpers.exercises.listed_answers import TextSet, Values
from helpers.exercises.of_run import once
from helpers.exercises.table_answers import Matrix
from helpers.lessons import cuts, in_file_order, last_fifth, range_share

if TYPE_CHECKING:
    from helpers.notebook import Run

UNITS = 256
SHARE = 0.2
BACKBONES = ("VGG16", "MobileNetV2", "EfficientNetLite0", "EfficientNetB0")


def rows(run: Run) -> pd.DataFrame:
    """The rows of chapter 3's file, in their order; test images are not among them."""
    catalogue = once(run, "catalogue", run.catalogue)
    table: pd.DataFrame = once(
        run,
        "03.rows",
        lambda: in_file_order(catalogue[catalogue["split"] != "test"], run.source),
    )
    return table


# 03.1: never validated


def _sides(run: Run) -> pd.DataFrame:
    return last_fifth(rows(run)["dx"])


def _unseen(run: Run) -> set[str]:
    sides = _sides(run)
    names = {str(dx) for dx in sides.query("trained > 0 and validated == 0").index}
    if not names:
        raise NotHere("each of its diagnoses is on both sides of the cut")
    return names


def _another_set(wrong: set[str], right: set[str]) -> set[str]:
    if wrong == right:
        raise NotHere("on this run it is the same")
    return wrong


def _unlearned(right: set[str], run: Run) -> set[str]:
    names = _sides(run).query("trained == 0 and validated > 0").index
    return _another_set({str(dx) for dx in names}, right)


def _validated(right: set[str], run: Run) -> set[str]:
    return _another_set({str(dx) for dx in _sides(run).query("validated > 0").index}, right)


def _all_but(right: set[str], run: Run) -> set[str]:
    return _another_set(set(CLASSES) - right, right)


# 03.2: one-hot rows


def _one_hot(labels: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    """Without names of columns: the order of the classes is what is asked."""
    places = [list(classes).index(dx) for dx in labels]
    return pd.DataFrame(np.eye(len(classes))[places])


def _own_list(labels: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    return _one_hot(labels, sorted(set(labels)))


def _sorted_list(labels: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    return _one_hot(labels, sorted(classes))


def _numbers(labels: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame([list(classes).index(dx) for dx in labels])


def _turned(labels: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    return _one_hot(labels, classes).T


def _label_cases(run: Run) -> list[tuple[Case, pd.DataFrame]]:
    """Labels of the file: of all classes, of few, and with classes in another order."""
    there = [dx for dx in CLASSES if dx in set(rows(run)["dx"])]
    few, classes = there[1:3] * 2, list(CLASSES)
    cases = [
        Case("a label of each class", (there, classes)),
        Case(f"labels of {few[0]} and {few[1]} alone", (few, classes)),
        Case("a single label", (there[-1:], classes)),
        Case("classes in another order", (few, classes[::-1])),
    ]
    return [(case, _one_hot(*case.arguments)) for case in cases]


# 03.3: always the same answer


def _shares(run: Run, side: bool = True) -> dict[str, float]:
    table = rows(run)
    said = (table["dx"] == table["dx"].value_counts().idxmax()).to_numpy()
    return {
        name: float(said[valid == side].mean()) for name, valid in cuts(table, run.seed).items()
    }


def _trained_on(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing(_shares(run, side=False), right))


def _of_the_file(right: dict[str, float], run: Run) -> dict[str, float]:
    share = float(rows(run)["dx"].value_counts(normalize=True).iloc[0])
    return dict(differing(dict.fromkeys(right, share), right))


def _own_commonest(right: dict[str, float], run: Run) -> dict[str, float]:
    """As if the rule were chosen anew on each cut's validation rows."""
    table = rows(run)
    found = {
        name: float(table.loc[valid, "dx"].value_counts(normalize=True).iloc[0])
        for name, valid in cuts(table, run.seed).items()
    }
    return dict(differing(found, right))


# 03.4: parameters of a head


def _head(height: int, width: int, maps: int, n_classes: int, pooled: bool) -> int:
    inputs = maps if pooled else height * width * maps
    return (inputs + 1) * UNITS + (UNITS + 1) * n_classes


def _no_bias(height: int, width: int, maps: int, n_classes: int, pooled: bool) -> int:
    return (maps if pooled else height * width * maps) * UNITS + UNITS * n_classes


def _first_alone(height: int, width: int, maps: int, n_classes: int, pooled: bool) -> int:
    return ((maps if pooled else height * width * maps) + 1) * UNITS


def _never_pooled(height: int, width: int, maps: int, n_classes: int, pooled: bool) -> int:
    return _head(height, width, maps, n_classes, False)


def _one_bias(height: int, width: int, maps: int, n_classes: int, pooled: bool) -> int:
    return _no_bias(height, width, maps, n_classes, pooled) + 2


def _head_cases(run: Run) -> list[tuple[Case, int]]:
    shapes = {"VGG16 at 224 × 224": (7, 7, 512), "EfficientNetB0 at 96 × 128": (3, 4, 1280)}
    cases = [
        Case(f"{name}, {how}", (*shape, n, how == "pooled"))
        for name, shape in shapes.items()
        for how, n in (("flattened", 7), ("pooled", 7), ("pooled", 2))
    ]
    return [(case, _head(*case.arguments)) for case in cases]


# 03.5: a division by 255


def _too_small(run: Run) -> dict[str, float]:
    return {name: 1 / range_share(name, "unit") for name in BACKBONES}


def _raw(right: dict[str, float], run: Run) -> dict[str, float]:
    return {name: 1 / range_share(name, "raw") for name in BACKBONES}


# 03.6: a cut that is right in both respects


def _in_lesions(table: pd.DataFrame) -> int:
    held = table.groupby("lesion_id")["valid"].nunique()
    return int((held > 1).sum())


def _one_sided(table: pd.DataFrame) -> int:
    """Diagnoses that could be on both sides and are not."""
    sides = table.groupby("dx", observed=True)["valid"].nunique()
    lesions = table.groupby("dx", observed=True)["lesion_id"].nunique()
    return int(((sides < 2) & (lesions > 1)).sum())


def _mended(run: Run) -> dict[str, float]:
    return {
        "rows": len(rows(run)),
        "lesions on both sides": 0,
        "diagnoses on one side only": 0,
        "share that validates": SHARE,
    }


def _with(valid: Any, run: Run) -> pd.DataFrame:
    return rows(run).assign(valid=valid)


def _cut_so(name: str) -> Any:
    """One of chapter 3's cuts, where it is not right here by chance."""

    def wrong(right: dict[str, float], run: Run) -> pd.DataFrame:
        table = _with(cuts(rows(run), run.seed)[name], run)
        if not _in_lesions(table) and not _one_sided(table):
            raise NotHere("on this run this cut does no harm")
        return table

    return wrong


EXERCISES = (
    Exercise(
        "03.1",
        "Trained on and never validated",
        "read",
        _unseen,
        TextSet(CLASSES),
        (
            "Each row is a diagnosis. Which of the two columns has to be nought?",
            "Trained on: the first column is not 0. Never validated: the second one is.",
            "sides[(sides['trained'] > 0) & (sides['validated'] == 0)].index",
        ),
        (
            Mistake("the diagnoses that are validated and were never trained on", _unlearned),
            Mistake("the diagnoses that do validate", _validated),
            Mistake("the diagnoses that are left, not those asked for", _all_but, told=False),
            Mistake("one missing", lambda right, run: set(sorted(right)[1:]), told=False),
            Mistake("all diagnoses as one text", lambda right, run: ", ".join(right), told=False),
        ),
        "The printed accuracy would be the same if the model took every one of their images for "
        "something else.",
    ),
    Exercise(
        "03.2",
        "One-hot rows, from one list",
        "compute",
        _label_cases,
        Function(Matrix(Number(1e-6, "they are noughts and ones", "a 0 or a 1"))),
        (
            "How many columns must each row have: as many as there are labels, or classes?",
            "The place of the one is classes.index(label): the list that is given, in its order.",
            "Of np.eye(len(classes)) take the rows classes.index(dx), one for each dx of labels.",
        ),
        (
            Mistake(
                "a list made anew from the labels: the tutorial's own mistake with its test file",
                lambda right, run: _own_list,
            ),
            Mistake(
                "a list that is sorted first, so that the order given does not count",
                lambda right, run: _sorted_list,
            ),
            Mistake("the numbers of the classes, one a label", lambda right, run: _numbers),
            Mistake("columns for labels and rows for classes", lambda right, run: _turned),
            Mistake("a table", lambda right, run: right[0][1], told=False),
        ),
        "A list that is made from the labels at hand is right as long as no class is missing from "
        "them; then each class behind the missing one gets another's number, and nothing warns.",
    ),
    Exercise(
        "03.3",
        "Always the same answer, on three cuts",
        "compare",
        _shares,
        Values(Share()),
        (
            "The rule is right on an image if its dx is `common`. On which rows is it scored?",
            "A mask picks the rows that validate: rows.loc[valid, 'dx'].",
            "(rows.loc[valid, 'dx'] == common).mean(), for each mask of validates.",
        ),
        (
            Mistake("the shares of the rows that are trained on", _trained_on),
            Mistake("the share in the whole file, for each cut", _of_the_file),
            Mistake("the commonest diagnosis of each cut's own validation rows", _own_commonest),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "A rule that looks at no picture gets another accuracy on each cut. So an accuracy says "
        "something of a model only beside this one, on the same images.",
    ),
    Exercise(
        "03.4",
        "Parameters of a head, before it is trained",
        "compute",
        _head_cases,
        Function(Count()),
        (
            "How many numbers come into Dense(256): after a flatten, and after pooling?",
            "A dense layer has a weight for each input and unit, and a bias for each unit.",
            "(inputs + 1) * 256 + (256 + 1) * n_classes; inputs is maps where pooled, else "
            "height * width * maps.",
        ),
        (
            Mistake("weights alone, without the biases", lambda right, run: _no_bias),
            Mistake("the first layer alone, without the softmax", lambda right, run: _first_alone),
            Mistake("a flatten, also where it is pooled", lambda right, run: _never_pooled),
            Mistake("one bias a layer, not one a unit", lambda right, run: _one_bias),
            Mistake("a number", lambda right, run: right[0][1], told=False),
        ),
        "Where maps are large, nearly all that can learn sits between the flatten and the first "
        "dense layer, and pooling leaves it out.",
    ),
    Exercise(
        "03.5",
        "What a division by 255 does",
        "predict",
        _too_small,
        Values(Number(0.02, "two decimals are enough", "a number of times")),
        (
            "Contrast is white less black. Subtracting a mean changes neither of them alone.",
            "After pixel / 255 white less black is 1. What is it after the network's own line?",
            "Own contrast over 1. The last network does its line itself, on what is divided "
            "already: there it has 255 times less than it should.",
        ),
        (
            Mistake(
                "the share that is left, the other way round",
                lambda right, run: {name: 1 / value for name, value in right.items()},
            ),
            Mistake("raw pixels, without the division", _raw),
            Mistake(
                "255 for each of them",
                lambda right, run: dict(differing(dict.fromkeys(right, 255.0), right)),
            ),
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "One line, recommended everywhere, halves the contrast for some networks and all but "
        "takes it away from others.",
    ),
    Exercise(
        "03.6",
        "A cut of your own",
        "change",
        _mended,
        Facts(
            {
                "rows": len,
                "lesions on both sides": _in_lesions,
                "diagnoses on one side only": _one_sided,
                "share that validates": lambda table: float(np.mean(table["valid"])),
            },
            {
                "rows": Count(),
                "lesions on both sides": Count(),
                "diagnoses on one side only": Count(),
                "share that validates": Number(
                    0.1, "whole lesions cannot be divided as evenly as images", "a share"
                ),
            },
        ),
        (
            "Draw lesions, not images: rows.drop_duplicates('lesion_id') has one row for each.",
            "Draw within each diagnosis, so that none is on one side only: groupby('dx').",
            "Of n lesions take max(1, round(0.2 * n)); valid is rows['lesion_id'].isin(drawn).",
        ),
        (
            Mistake(
                "images drawn at random, so that lesions are torn",
                _cut_so("shuffled first"),
                told=False,
            ),
            Mistake("the last fifth of the file", _cut_so("by position"), told=False),
            Mistake("nobody validates", lambda right, run: _with(False, run), told=False),
            Mistake("everybody validates", lambda right, run: _with(True, run), told=False),
            Mistake(
                "half of the images",
                lambda right, run: _with(np.arange(len(rows(run))) % 2 == 0, run),
                told=False,
            ),
            Mistake("no column valid", lambda right, run: rows(run), told=False),
        ),
        "That is what helpers.dataset.splits does for the whole book; test lesions are put aside "
        "by it in the same way.",
    ),
)
