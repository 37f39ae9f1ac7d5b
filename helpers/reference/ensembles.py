"""Several models as one: those of folds, asked about one view of each image or several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from helpers.evaluation import average_predictions
from helpers.reference.study import Study

FOLD = re.compile(r"Fold \d+ by (?P<by>image|lesion)")
"""Name of a model of a fold; see chapter 8."""


@dataclass(frozen=True)
class Ensemble:
    """Models of one recipe, each trained without another fold.

    Attributes
    ----------
    group : str
        Chapter that trained them.
    by : {"lesion", "image"}
        What the folds keep together.
    keys : tuple of str
        One a fold.
    """

    group: str
    by: str
    keys: tuple[str, ...]


def ensembles_of(study: Study) -> list[Ensemble]:
    """Models of folds that belong together, those by lesion first."""
    found: dict[tuple[str, str], list[str]] = {}
    for group in study.manifest["groups"]:
        for trial in group["trials"]:
            if match := FOLD.fullmatch(trial["name"]):
                found.setdefault((group["name"], match["by"]), []).append(trial["key"])
    ensembles = [Ensemble(group, by, tuple(keys)) for (group, by), keys in found.items()]
    return sorted(
        (each for each in ensembles if len(each.keys) > 1),
        key=lambda each: (each.group, each.by != "lesion"),
    )


def mean_predictions(study: Study, keys: Sequence[str], split: str, views: bool) -> pd.DataFrame:
    """What several models say together.

    Parameters
    ----------
    study : Study
        With their predictions.
    keys : sequence of str
        The models.
    split : str
        "valid": of folds, each image by the model that was not trained on it. "test": the mean of
        all models' probabilities.
    views : bool
        Of several views of each image.

    Returns
    -------
    DataFrame
        As one model's; empty where one of them was not asked so.
    """
    tables = [study.predictions(key, split, views=views) for key in keys]
    if any(table.empty for table in tables):
        return tables[0].iloc[:0]
    if split == "valid":
        whole = pd.concat(tables, ignore_index=True)
        return whole.sort_values("image_id", ignore_index=True)
    return average_predictions(tables)
