"""Cards made from predictions: calibrate, choose a threshold, score, and write it all down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Unpack

import numpy as np
import pandas as pd

from helpers.core import TARGET_INDEX, TARGETS, ConfigError
from helpers.evaluation import BootstrapOptions, class_recalls, scores
from helpers.screening import screening_scores, threshold_for_sensitivity
from helpers.serving.cards.calibration import (
    apply_temperature,
    fit_temperature,
    fit_weights,
    weigh_classes,
)
from helpers.serving.cards.card import Card, Face, Score, malignant_places
from helpers.serving.cards.provenance import LICENCES, NOTICES, provenance_of
from helpers.statistics import Estimate
from helpers.training import Trial, TrialConfig

WANTED_SENSITIVITY = 0.9
"""Share of the malignant validation images that a default threshold finds.

Of a trial that is served; the model in the box has its own in ``apps/model/recipe.yml``.
"""

_DIAGNOSIS_SCORES = (
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "top_2_accuracy",
    "top_3_accuracy",
    "malignant_auc",
    "calibration_error",
    "brier_score",
)
_SCREENING_SCORES = {"recall": "sensitivity", "specificity": "specificity"}


def probability_columns(target: str) -> list[str]:
    """Names of a predictions table's probabilities for a target."""
    return [f"p_{name}" for name in TARGETS[target]]


def calibrated(predictions: pd.DataFrame, target: str, temperature: float) -> pd.DataFrame:
    """A predictions table with its probabilities brought to a temperature."""
    columns = probability_columns(target)
    table = predictions.copy()
    table[columns] = apply_temperature(predictions[columns].to_numpy(), temperature)
    return table


def weighed(
    predictions: pd.DataFrame, target: str, class_weights: Sequence[float] | None
) -> pd.DataFrame:
    """A calibrated table as the malignant probability has its classes count."""
    if class_weights is None:
        return predictions
    columns = probability_columns(target)
    table = predictions.copy()
    table[columns] = weigh_classes(predictions[columns].to_numpy(), class_weights)
    return table


def with_area_of(
    asked: pd.DataFrame,
    predictions: pd.DataFrame,
    found: dict[str, Estimate],
    **options: Unpack[BootstrapOptions],
) -> dict[str, Estimate]:
    """Scores of a table, with the malignant AUC of the same table `weighed`."""
    if asked is predictions:
        return found
    return found | scores(asked, ("malignant_auc",), **options)


def frequencies_to_restore(config: TrialConfig, rows: pd.DataFrame) -> list[float] | None:
    """Shares of the classes that a training took out of its answers, or None if it took none out.

    Parameters
    ----------
    config : TrialConfig
        Its `logit_adjustment` takes them out.
    rows : DataFrame
        With ``split`` and ``dx``, of the images that it was trained on, or of others of the same
        source.
    """
    if not config.logit_adjustment:
        return None
    learned = rows[rows["split"].astype(str) == "train"]
    dx = (learned if len(learned) else rows)["dx"].astype(str)
    places = dx.map(TARGET_INDEX[config.target])
    counts = [max(int((places == place).sum()), 0.5) for place in range(len(config.classes))]
    return [count / sum(counts) for count in counts]


def make_face(
    valid: pd.DataFrame,
    test: pd.DataFrame | None,
    *,
    target: str = "diagnosis",
    views: Sequence[str] = ("identity",),
    wanted_sensitivity: float = WANTED_SENSITIVITY,
    frequencies: Sequence[float] | None = None,
) -> Face:
    """Choose temperature and threshold on validation images, and score them and the test's.

    Parameters
    ----------
    valid, test : DataFrame
        Uncalibrated predictions of the two splits, such as `Trial.predictions_of` or
        `helpers.evaluation.view_predictions` give; None leaves the test split alone.
    target : {"diagnosis", "malignant"}, default="diagnosis"
        What the model tells apart.
    views : sequence of str, default=("identity",)
        What the predictions are means of.
    wanted_sensitivity : float, default=0.9
        Share of the malignant validation images that the threshold must find.
    frequencies : sequence of float, optional
        Of `frequencies_to_restore`: validation tells how far they are put back into the malignant
        probability.

    Returns
    -------
    Face
        Its scores are those of calibrated probabilities; ``sensitivity`` and ``specificity`` are
        those at the threshold, ``recall_<class>`` what is recalled of each class.

    Raises
    ------
    ValueError
        If the predictions do not pass their check, or validation has only one kind of image.
    """
    columns = probability_columns(target)
    y_true = valid["dx"].astype(str).map(TARGET_INDEX[target]).to_numpy()
    temperature = fit_temperature(y_true, valid[columns].to_numpy())
    tables = {"valid": calibrated(valid, target, temperature)}
    if test is not None:
        tables["test"] = calibrated(test, target, temperature)
    weights = None
    if frequencies is not None:
        places = malignant_places(target)
        y_prob = tables["valid"][columns].to_numpy()
        fitted = fit_weights(np.isin(y_true, places), y_prob, frequencies, places)
        weights = tuple(float(weight) for weight in fitted)
    asked = weighed(tables["valid"], target, weights)
    threshold = threshold_for_sensitivity(asked, wanted_sensitivity).threshold
    found = {name: face_scores(table, target, threshold, weights) for name, table in tables.items()}
    return Face(
        views=tuple(views),
        temperature=temperature,
        malignant_threshold=min(threshold, 1.0),
        wanted_sensitivity=wanted_sensitivity,
        class_weights=weights,
        scores=found,  # type: ignore[arg-type]
    )


def face_scores(
    predictions: pd.DataFrame,
    target: str,
    threshold: float,
    class_weights: Sequence[float] | None = None,
) -> dict[str, Score]:
    """Scores of one split for a card.

    Parameters
    ----------
    predictions : DataFrame
        Of the split, calibrated.
    target : {"diagnosis", "malignant"}
        What they tell apart.
    threshold : float
        From which probability a picture is called malignant.
    class_weights : sequence of float, optional
        As of `Face`.

    Returns
    -------
    dict of str to Score
        Undefined ones are left out.
    """
    asked = weighed(predictions, target, class_weights)
    screened = screening_scores(asked, threshold)
    if target == "diagnosis":
        estimates = with_area_of(asked, predictions, scores(predictions, _DIAGNOSIS_SCORES))
    else:
        estimates = {"accuracy": screened["accuracy"], "malignant_auc": screened["roc_auc"]}
    estimates |= {name: screened[key] for key, name in _SCREENING_SCORES.items()}
    found = {name: _score(e.value, e.low, e.high, e.n) for name, e in estimates.items()}
    if target == "diagnosis":
        recalls = class_recalls(predictions)
        found |= {f"recall_{dx}": _score(e.value, e.low, e.high, e.n) for dx, e in recalls.items()}
    return {name: score for name, score in found.items() if score is not None}


def _score(value: float, low: float, high: float, n: int) -> Score | None:
    if not all(isfinite(bound) for bound in (value, low, high)):
        return None
    return Score(value=value, low=low, high=high, n=n)


def split_counts(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Images and lesions of each split of a table with ``split`` and ``lesion_id``."""
    groups = table.groupby(table["split"].astype(str), sort=True)["lesion_id"]
    return {
        str(name): {"images": len(lesions), "lesions": int(lesions.nunique())}
        for name, lesions in groups
    }


def card_of_trial(
    trial: Trial,
    *,
    name: str | None = None,
    faces: Mapping[str, Face] | None = None,
    data: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Card:
    """The card of a finished trial.

    Parameters
    ----------
    trial : Trial
        Whose predictions of validation and test images are calibrated and scored.
    name : str, optional
        What faces call the model; the trial's name where None.
    faces : mapping of str to Face, optional
        Ready ones. Where None, both ask one view: a trial keeps predictions of single pictures,
        and several views would need a calibration of their own, from the pictures.
    data : mapping, optional
        Added to the numbers of images and lesions and to the ``origin`` that the images' names
        tell (see `helpers.serving.cards.provenance`), such as the title of the source.
    **fields
        Any other field of the card. Licence and notice are those of the origin where not given.

    Returns
    -------
    Card

    Raises
    ------
    ConfigError
        If its predictions cannot be calibrated, for instance because validation has no
        malignant image.
    """
    target = trial.config.target
    table = trial.folder.with_name(f"{trial.folder.name}.parquet")  # what it was trained from
    rows = pd.read_parquet(table) if table.is_file() else trial.predictions
    if faces is None:
        try:
            valid, test = trial.predictions_of("valid"), trial.predictions_of("test")
            frequencies = frequencies_to_restore(trial.config, rows)
            single = make_face(valid, test, target=target, frequencies=frequencies)
        except (ValueError, KeyError) as error:
            raise ConfigError(
                f"{trial.folder.name}: expected predictions that can be calibrated but got: {error}"
            ) from error
        faces = {"single": single, "views": single}
    versions = {key: str(value) for key, value in trial.record.get("versions", {}).items()}
    facts = {"splits": split_counts(rows), "origin": provenance_of(rows)} | dict(data or {})
    values: dict[str, Any] = {
        "name": name or trial.name,
        "trial": str(trial.record.get("key", trial.folder.name)),
        "classes": trial.config.classes,
        "target": target,
        "image_size": trial.config.image_size,
        "clahe": trial.config.clahe,
        "licence": LICENCES[facts["origin"]],
        "notice": NOTICES[facts["origin"]],
        "faces": dict(faces),
        "training": trial.config.model_dump(mode="json", exclude={"weights_dir"}),
        "data": facts,
        "versions": versions,
    }
    return Card(**values | fields)
