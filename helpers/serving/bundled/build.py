"""The model in the box: candidates trained, one chosen on validation, trained on, scored once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from helpers.core import ConfigError, atomic_folder, explain_validation, read_yaml, sha256_file
from helpers.dataset import (
    fingerprint,
    keep_together,
    load_catalogue,
    open_source,
    read_split,
    split_catalogue,
    split_path,
)
from helpers.evaluation import scores, view_predictions, views_of
from helpers.serving.bundled.export_scores import score_copy
from helpers.serving.cards import card_of_trial, frequencies_to_restore, make_face, model_card
from helpers.serving.exports import Precision, export_model, open_runtime
from helpers.serving.model import (
    ServedModel,
    face_points,
    fit_gate,
    open_model,
    write_operating,
    write_served,
)
from helpers.training import Event, LocalExecutor, Trial, TrialConfig, open_trial_store, run_trials

CHOOSE_BY = ("balanced_accuracy", "malignant_auc")
"""Scores on validation whose mean chooses among the candidates: the two that the box is judged by.
The first alone would take a model that names rare classes too often for hardly a point."""

SCORED = ("valid", "test")

BROWSER_PRECISION: Precision = "float16"
"""Of the weights that the browser loads: half the bytes."""


class Round(BaseModel):
    """Trainings that go on from one model, each a little differently, and one from their mean.

    Attributes
    ----------
    common : dict
        Fields of the model's training that change in all of them.
    trainings : tuple of dict
        Fields that change in each, its ``name`` among them.
    average : dict or None
        Fields of the first that change, with a ``name``, when one more goes on from the mean of
        their weights; None for no such training.
    average_with_start : bool
        Whether what they began with counts in that mean as much as each of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    common: dict[str, Any] = {}
    trainings: tuple[dict[str, Any], ...] = Field(min_length=1)
    average: dict[str, Any] | None = None
    average_with_start: bool = False

    def configs(self, config: TrialConfig, key: str) -> list[TrialConfig]:
        """Configurations with which a trial goes on."""
        fields = config.model_dump() | self.common | {"start": key}
        return [TrialConfig(**fields | training) for training in self.trainings]

    def average_config(self, configs: Sequence[TrialConfig], keys: Sequence[str]) -> TrialConfig:
        """Configuration that goes on from the mean weights of this round's trainings."""
        began = list(configs[0].starts) if self.average_with_start else []
        starts = {"start": [*began, *keys]}
        return TrialConfig(**configs[0].model_dump() | (self.average or {}) | starts)


class Recipe(BaseModel):
    """How a model in the box is made; see ``apps/model/recipe.yml``.

    Attributes
    ----------
    name : str
        What the faces call the model.
    fractions : tuple of float
        Shares of train, valid and test; lesions stay whole.
    seed : int
        Of the split.
    group_duplicates : bool
        Whether lesions that share a picture stay together.
    wanted_sensitivity : float
        What the default threshold for "malignant" reaches on validation, in (0, 1).
    candidates : tuple of TrialConfig
        What validation chooses from, by the mean of `CHOOSE_BY`.
    rounds : tuple of Round
        How the chosen candidate goes on; each round from the best on validation of the one before,
        its mean included. Validation then chooses among all of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    fractions: tuple[float, float, float]
    seed: int = Field(ge=0)
    group_duplicates: bool = False
    wanted_sensitivity: float = Field(gt=0, lt=1)
    candidates: tuple[TrialConfig, ...] = Field(min_length=1)
    rounds: tuple[Round, ...] = ()

    @model_validator(mode="after")
    def _can_be_trained(self) -> Self:
        """No training of a round is found impossible after hours of those before it."""
        names = [config.name for config in self.candidates]
        starts = list(self.candidates)
        for number, turn in enumerate(self.rounds, start=1):
            for fields in (*turn.trainings, *filter(None, [turn.average])):
                if "name" not in fields:
                    raise ValueError(f"rounds: expected a name of each training of round {number}")
                names.append(fields["name"])
            following = []
            for start in starts:
                configs = turn.configs(start, "start")
                following += configs
                if turn.average is not None:
                    following.append(turn.average_config(configs, ["start"]))
            starts = following
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"expected different names of all trainings, got {twice[0]!r} twice")
        return self


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises
    ------
    ConfigError
        If there is no such file, it is no YAML, or a field is missing, unknown or out of range.
    """
    content = read_yaml(path, "a recipe")
    content.pop("common", None)  # what YAML merges into the candidates
    try:
        return Recipe(**content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain_validation(error)}") from None


@dataclass(frozen=True)
class Training:
    """What `train_recipe` found.

    Attributes
    ----------
    catalogue : DataFrame
        With its split.
    candidates : dict of str to float
        Mean of `CHOOSE_BY` on validation, by name, in the recipe's order.
    chosen : str
        The best of them.
    later : dict of str to float
        The same of the trainings of all rounds.
    final : Trial
        The best of these, or the chosen candidate where there are none.
    """

    catalogue: pd.DataFrame
    candidates: dict[str, float]
    chosen: str
    later: dict[str, float]
    final: Trial


def train_recipe(
    recipe: Recipe,
    source: str,
    progress: Callable[[Event], None] | None = None,
    split_file: Path | None = None,
) -> Training:
    """Train a recipe, as far as its trials are not in the cache.

    Parameters
    ----------
    recipe : Recipe
        What to train.
    source : str
        "sample", "ham10000", a folder or an archive.
    progress : callable, optional
        Gets the events of the trainings.
    split_file : Path, optional
        A split to use in place of the recipe's.

    Returns
    -------
    Training
        No score of the test split took part in it.
    """
    whole = keep_together(load_catalogue(open_source(source)), recipe.group_duplicates)
    if split_file is None:
        catalogue = split_catalogue(whole, recipe.fractions, seed=recipe.seed)
    else:
        catalogue = read_split(split_file, whole)
    candidates = run_trials(recipe.candidates, catalogue, progress=progress)
    first = best = max(candidates, key=_validation_score)
    later: list[Trial] = []
    alone = LocalExecutor(parallel=1)  # a single training gets all cores
    for turn in recipe.rounds:
        configs = turn.configs(best.config, best.folder.name)
        executor = alone if len(configs) == 1 else "local"
        trials = run_trials(configs, catalogue, executor=executor, progress=progress)
        if turn.average is not None:
            config = turn.average_config(configs, [trial.folder.name for trial in trials])
            trials = trials + run_trials([config], catalogue, executor=alone, progress=progress)
        best = max(trials, key=_validation_score)
        later += trials
    return Training(
        catalogue,
        {trial.name: _validation_score(trial) for trial in candidates},
        first.name,
        {trial.name: _validation_score(trial) for trial in later},
        max(later, key=_validation_score) if later else first,
    )


def _validation_score(trial: Trial) -> float:
    found = scores(trial.predictions_of("valid"), CHOOSE_BY)
    return float(np.mean([estimate.value for estimate in found.values()]))


LICENCE_TEXT = """\
The weights in this folder were trained on HAM10000 (Tschandl, Rosendahl, Kittler, Scientific Data
5:180161, 2018), whose pictures are licensed CC BY-NC 4.0:
https://creativecommons.org/licenses/by-nc/4.0/

They are therefore offered under the same terms: give credit to the data set, and do not use them
commercially. The code of DermBook has a licence of its own (MIT). The weights began as those of
EfficientNet-Lite0 for ImageNet (Apache License 2.0).
"""


def build_bundled(
    recipe_path: Path,
    source: str,
    folder: Path,
    progress: Callable[[Event], None] | None = None,
    split_file: Path | None = None,
) -> ServedModel:
    """Train a recipe and write the folder that the faces serve, all or nothing.

    Parameters
    ----------
    recipe_path : Path
        The recipe, which is copied into the folder.
    source : str
        "ham10000", a folder or an archive; see `helpers.dataset.sources.open_source`.
    folder : Path
        What stood there before is replaced.
    progress : callable, optional
        Gets the events of the trainings.
    split_file : Path, optional
        A split to use in place of the recipe's; the card names it.

    Returns
    -------
    ServedModel
        Card, model, gate, operating points, the browser's float16 copy, model card, licence and
        recipe.
    """
    recipe = read_recipe(recipe_path)
    made = train_recipe(recipe, source, progress, split_file)
    return write_bundled(recipe_path, made, source, folder, split_file)


def write_bundled(
    recipe_path: Path,
    made: Training,
    source: str,
    folder: Path,
    split_file: Path | None = None,
) -> ServedModel:
    """Score what a recipe has made, once, and write the folder; see `build_bundled`."""
    recipe = read_recipe(recipe_path)
    divided: dict[str, Any] = {"group_duplicates": True} if recipe.group_duplicates else {}
    command = "dermbook box --source FOLDER"
    if split_file is not None:
        sha256 = sha256_file(split_path(split_file))
        divided["split_file"] = {"name": split_file.name, "sha256": sha256}
        command += " --split FILE"
    trial, catalogue = made.final, made.catalogue
    views = views_of(trial.config.image_size)
    seen = {
        "single": {split: trial.predictions_of(split) for split in SCORED},
        "views": {split: view_predictions(trial, catalogue, split) for split in SCORED},
    }
    frequencies = frequencies_to_restore(trial.config, catalogue)
    faces = {
        name: make_face(
            seen[name]["valid"],
            seen[name]["test"],
            views=asked,
            wanted_sensitivity=recipe.wanted_sensitivity,
            frequencies=frequencies,
        )
        for name, asked in (("single", ("identity",)), ("views", views))
    }
    card = card_of_trial(
        trial,
        name=recipe.name,
        faces=faces,
        data={
            "source": open_source(source).title,
            "fingerprint": fingerprint(catalogue),
            "chosen": made.chosen,
            "chosen_by": list(CHOOSE_BY),
            "candidates": made.candidates,
            "finals": made.later,
        }
        | divided,
        command=command,
    )
    valid = catalogue[catalogue["split"] == "valid"]
    images = open_trial_store(trial.config, catalogue).take(list(valid["image_id"]))
    weights = trial.folder / "model.keras"
    with atomic_folder(folder) as temporary:
        served = write_served(temporary / "served", weights, card)
        gate = fit_gate(served.variations(images), valid["lesion_id"])
        export_model(served, "tfjs", temporary / "web", precision=BROWSER_PRECISION)
        compute = open_runtime("tfjs", temporary / "web")
        copy = score_copy(compute, BROWSER_PRECISION, trial, catalogue, faces["single"])
        card = card.model_copy(update={"browser": copy})
        served = write_served(temporary / "served", weights, card, gate)
        for path in (temporary / "served").iterdir():
            path.rename(temporary / path.name)
        (temporary / "served").rmdir()
        points = {name: face_points(served, name, seen[name]["valid"]) for name in card.faces}
        write_operating(temporary, points)
        (temporary / "README.md").write_text(model_card(served.card), encoding="utf-8")
        (temporary / "LICENSE.txt").write_text(LICENCE_TEXT, encoding="utf-8")
        shutil.copyfile(recipe_path, temporary / "recipe.yml")
    return open_model(folder)
