"""The published systems, trained and scored: under their claim's protocol, and by lesion.

A preset says what to train, and a plan what that takes: the configurations and the catalogues
of one protocol, one of each for every training. What comes out is a table of predictions for
validation and one for test, from one model or from the mean of several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from helpers.core import ConfigError, DataError
from helpers.dataset import (
    assert_grouped,
    fold_catalogues,
    screening_split,
    split_catalogue,
    undersample,
)
from helpers.evaluation import average_predictions, scores, view_predictions
from helpers.screening import screening_scores
from helpers.statistics import Estimate, difference_of_independent
from helpers.study import Measure, Preset, SmallSystems, compared_presets, load_presets, made_small
from helpers.training import Trial, TrialConfig

if TYPE_CHECKING:
    from helpers.notebook import Run

By = Literal["image", "lesion"]


@dataclass(frozen=True)
class Plan:
    """What a system takes under one protocol.

    Attributes
    ----------
    preset : Preset
        The system.
    by : {"image", "lesion"}
        What is kept together.
    configs : tuple of TrialConfig
        One a training; several for folds.
    catalogues : tuple of DataFrame
        One a training, with the column ``split``.
    views : bool
        Whether a prediction is the mean over several views of an image.
    """

    preset: Preset
    by: By
    configs: tuple[TrialConfig, ...]
    catalogues: tuple[pd.DataFrame, ...]
    views: bool


def plan_system(
    preset: Preset,
    catalogue: pd.DataFrame,
    by: By,
    *,
    small: SmallSystems | None = None,
    seed: int = 0,
    weights_dir: str | None = None,
    keep_split: bool = False,
) -> Plan:
    """Divide the images as a system's protocol does, and say what to train on them.

    Parameters
    ----------
    preset : Preset
        The system.
    catalogue : DataFrame
        All images; a column ``split`` is looked at where `keep_split` asks for it alone.
    by : {"image", "lesion"}
        What is kept together: the preset's own, or the images of a lesion in its place, which is
        then asserted.
    small : SmallSystems, optional
        What to change so that it is small.
    seed : int, default=0
        Of the division and of the trainings.
    weights_dir : str, optional
        Folder of Keras' ImageNet weights.
    keep_split : bool, default=False
        Whether the catalogue's column ``split``, of a split file, is the division by lesion.
        Under-sampling leaves images out of it, and folds divide what is not test.

    Returns
    -------
    Plan

    Raises
    ------
    ConfigError
        If the split is to be kept of a division by image.
    DataError
        If a class has too few lesions or images to be divided so.
    """
    protocol, n_folds = preset.protocol, preset.n_folds(small)
    if keep_split and by != "lesion":
        raise ConfigError(f"keep_split: expected by='lesion', as split files are, got {by!r}")
    if keep_split:
        assert_grouped(catalogue)
        tables = [undersample(catalogue, seed) if protocol.division == "screening" else catalogue]
    elif protocol.division == "screening":
        tables = [screening_split(catalogue, by, seed)]
    elif by == protocol.by:
        drawn_by = seed if protocol.seed is None else protocol.seed
        tables = [split_catalogue(catalogue, protocol.fractions, by, drawn_by)]
    else:
        tables = [split_catalogue(catalogue, _with_test(protocol.fractions), by, seed)]
    if protocol.division == "folds":
        tables = fold_catalogues(tables[0], n_folds, by, seed)
    names = [f"{preset.title}, by {by}"]
    if len(tables) > 1:
        names = [f"{names[0]}, fold {number}" for number in range(1, len(tables) + 1)]
    configs = [
        preset.config(small, name=name, seed=seed, weights_dir=weights_dir) for name in names
    ]
    return Plan(preset, by, tuple(configs), tuple(tables), preset.averages_views(small))


def _with_test(fractions: tuple[float, float, float]) -> tuple[float, float, float]:
    """Shares with a test as large as validation, where there is none."""
    train, valid, test = fractions
    return fractions if test else (train - valid, valid, valid)


def system_predictions(plan: Plan, trials: Sequence[Trial]) -> dict[str, pd.DataFrame]:
    """Predictions of a system: what its one model says, or its folds' models together.

    Parameters
    ----------
    plan : Plan
        What was trained.
    trials : sequence of Trial
        In the plan's order.

    Returns
    -------
    dict of str to DataFrame
        "valid", and "test" where the plan has one. Of folds, "valid" has every image by the model
        that was not trained on it, and "test" the mean of all models' probabilities.
    """

    def predicted(split: str) -> list[pd.DataFrame]:
        pairs = zip(trials, plan.catalogues, strict=True)
        if plan.views:
            return [view_predictions(trial, table, split) for trial, table in pairs]
        return [trial.predictions_of(split) for trial, _ in pairs]

    found = {"valid": pd.concat(predicted("valid"), ignore_index=True)}
    if all((table["split"] == "test").any() for table in plan.catalogues):
        found["test"] = average_predictions(predicted("test"))
    return found


def system_scores(preset: Preset, predictions: pd.DataFrame) -> dict[str, Estimate]:
    """The scores that a preset names, of one table of predictions.

    Parameters
    ----------
    preset : Preset
        Whose measures.
    predictions : DataFrame
        Of one split.

    Returns
    -------
    dict of str to Estimate
        By score, with intervals over lesions.
    """
    names = list(dict.fromkeys(measure.score for measure in preset.measures))
    if preset.config().target == "malignant":
        found = screening_scores(predictions)
        return {name: found[name] for name in names}
    return scores(predictions, names)


@dataclass(frozen=True)
class SystemRow:
    """A system in the table of chapter 11.

    Attributes
    ----------
    preset : Preset
        The system.
    published, grouped : Estimate or None
        Its first score under its claim's protocol, and by lesion; None where it was not trained.
    changes : tuple of str
        What the profile made small.
    obstacle : str
        Why an estimate is None; "" where none is.
    """

    preset: Preset
    published: Estimate | None
    grouped: Estimate | None
    changes: tuple[str, ...] = ()
    obstacle: str = ""

    @property
    def measure(self) -> Measure:
        """Which score it is, and the claim."""
        return self.preset.measures[0]

    @property
    def gap(self) -> Estimate | None:
        """The first estimate less the second, on different test images."""
        if self.published is None or self.grouped is None:
            return None
        return difference_of_independent(self.published, self.grouped)


def compare_systems(run: Run) -> list[SystemRow]:
    """Train the presets that the profile compares under both protocols, all of them side by side.

    Parameters
    ----------
    run : Run
        Whose images and profile.

    Returns
    -------
    list of SystemRow
        One a preset, also of those that the profile leaves out. By lesion a system is scored on
        test, also where its claim comes from images that its best epoch was chosen on.
    """
    small, seed = run.profile.systems, run.seed
    presets = load_presets().values()
    compared = compared_presets(small)
    plans: dict[tuple[str, By], Plan] = {}
    obstacles: dict[str, str] = {}
    for preset in compared:
        for by in dict.fromkeys((preset.protocol.by, "lesion")):
            try:
                plans[preset.name, by] = plan_system(
                    preset,
                    run.catalogue(),
                    by,
                    small=small,
                    seed=seed,
                    weights_dir=run.profile.weights_dir,
                    keep_split=by == "lesion" and run.split_file is not None,
                )
            except DataError as error:
                obstacles[preset.name] = error.problems[0]
    configs = [config for plan in plans.values() for config in plan.configs]
    tables = [table for plan in plans.values() for table in plan.catalogues]
    trials = run.train(configs, tables, grouped=False)  # by lesion the plans have asserted it
    predictions = {}
    for key, plan in plans.items():
        own, trials = trials[: len(plan.configs)], trials[len(plan.configs) :]
        predictions[key] = system_predictions(plan, own)
    left_out = {preset.name: "not trained in this profile" for preset in presets}
    left_out |= {preset.name: obstacles.get(preset.name, "") for preset in compared}
    return [_row(preset, predictions, small, left_out[preset.name]) for preset in presets]


def _row(
    preset: Preset,
    predictions: Mapping[tuple[str, By], Mapping[str, pd.DataFrame]],
    small: SmallSystems,
    obstacle: str,
) -> SystemRow:
    def score(by: By, split: str) -> Estimate | None:
        if (preset.name, by) not in predictions:
            return None
        measure = preset.measures[0]
        return system_scores(preset, predictions[preset.name, by][split])[measure.score]

    return SystemRow(
        preset,
        score(preset.protocol.by, preset.measures[0].split),
        score("lesion", "test"),
        tuple(made_small(preset, small)),
        obstacle,
    )
