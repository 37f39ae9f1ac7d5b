"""What a few labelled images of a new place can mend: confidence, class shares, the threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import CLASSES, MALIGNANT, ConfigError
from helpers.evaluation import scores
from helpers.screening import screening_scores, threshold_for_sensitivity
from helpers.serving.cards import (
    apply_temperature,
    fit_temperature,
    weigh_classes,
    weighed,
    with_area_of,
)
from helpers.serving.external.evaluation import Evaluation

SHIPPED = "as shipped"
TEMPERATURE = "temperature fitted here"
SHARES = "and class shares corrected"
THRESHOLD = "and threshold chosen here"
STEPS = (SHIPPED, TEMPERATURE, SHARES, THRESHOLD)
"""Each step keeps those before it."""

_COLUMNS = [f"p_{dx}" for dx in CLASSES]
_SCORES = ("balanced_accuracy", "malignant_auc", "calibration_error")


@dataclass(frozen=True)
class Recalibration:
    """What each step does to the half of a test that it was not fitted to.

    Attributes
    ----------
    table : DataFrame
        A row each of `STEPS`; columns ``balanced_accuracy``, ``malignant_auc``,
        ``calibration_error``, ``sensitivity`` and ``specificity``, each an Estimate.
    predictions : dict of str to DataFrame
        Of the same half, by step.
    temperature, threshold : float
        What the fitted half gave.
    n_fitted, n_judged : int
        Images in the two halves.
    """

    table: pd.DataFrame
    predictions: dict[str, pd.DataFrame]
    temperature: float
    threshold: float
    n_fitted: int
    n_judged: int


def recalibrate(evaluation: Evaluation, learned: pd.Series, random_state: int = 0) -> Recalibration:
    """Fit on one half of an external test's lesions, judge on the other.

    Parameters
    ----------
    evaluation : Evaluation
        Of a model of seven diagnoses.
    learned : Series of str
        Diagnoses of the images that the model was trained on.
    random_state : int, default=0
        Of the halves, which are drawn by lesion within each class.

    Returns
    -------
    Recalibration

    Raises
    ------
    ConfigError
        If the model tells two kinds alone, or a half has no malignant or no benign lesion.
    """
    if evaluation.confusion is None:
        raise ConfigError("recalibrate: expected a model of seven diagnoses, got one of two kinds")
    table = evaluation.predictions.drop(columns="part")
    face = evaluation.card.faces[evaluation.face]
    # The temperature of validation is taken back: what the network said.
    raw = apply_temperature(table[_COLUMNS].to_numpy(), 1 / face.temperature)
    fitted = _first_half(table, random_state)
    if any(table.loc[half, "dx"].isin(MALIGNANT).nunique() < 2 for half in (fitted, ~fitted)):
        raise ConfigError(
            "recalibrate: expected malignant and benign lesions in both halves but one half lacks "
            "a kind; use more images"
        )
    temperature = fit_temperature(table.loc[fitted, "y_true"], raw[fitted])
    warmed = apply_temperature(raw, temperature)
    # A class that one of the two lacks counts as half an image. As far as training took its shares
    # out of the answers, nothing is to be taken out.
    weights = face.class_weights
    taken = np.ones(len(CLASSES)) if weights is None else np.asarray(weights)
    shares = _shares(table.loc[fitted, "dx"]) / _shares(learned) * taken
    answers = {
        SHIPPED: table[_COLUMNS].to_numpy(),
        TEMPERATURE: warmed,
        SHARES: weigh_classes(warmed, shares),
    }
    answers[THRESHOLD] = answers[SHARES]
    tables = {}
    for step, y_prob in answers.items():
        tables[step] = table.copy()
        tables[step][_COLUMNS] = y_prob
    wanted = face.wanted_sensitivity
    threshold = threshold_for_sensitivity(tables[SHARES][fitted], wanted).threshold
    rows = {}
    for step in STEPS:
        judged = tables[step][~fitted]
        called = threshold if step == THRESHOLD else face.malignant_threshold
        asked = weighed(judged, "diagnosis", weights if step in (SHIPPED, TEMPERATURE) else None)
        screened = screening_scores(asked, called)
        rows[step] = with_area_of(asked, judged, scores(judged, _SCORES)) | {
            "sensitivity": screened["recall"],
            "specificity": screened["specificity"],
        }
    return Recalibration(
        pd.DataFrame.from_dict(rows, orient="index"),
        {step: tables[step][~fitted] for step in STEPS},
        temperature,
        threshold,
        int(fitted.sum()),
        int((~fitted).sum()),
    )


def named(table: pd.DataFrame) -> pd.DataFrame:
    """The table of a `Recalibration` with columns as a reader calls them."""
    names = {"balanced_accuracy": "balanced accuracy", "malignant_auc": "malignant AUC"}
    names |= {"calibration_error": "calibration error"}
    return table.rename(columns=names).rename_axis("step")


def _first_half(table: pd.DataFrame, random_state: int) -> NDArray[np.bool_]:
    """Half of the lesions of each class."""
    rng = np.random.default_rng(random_state)
    lesions = table.drop_duplicates("lesion_id")[["lesion_id", "dx"]].sort_values("lesion_id")
    chosen: list[str] = []
    for _, group in lesions.groupby("dx", sort=True):
        shuffled = rng.permutation(group["lesion_id"].to_numpy(dtype=object))
        chosen += list(shuffled[: (len(shuffled) + 1) // 2])
    return table["lesion_id"].isin(chosen).to_numpy()


def _shares(dx: pd.Series) -> NDArray[np.float64]:
    counts = dx.value_counts().reindex(list(CLASSES), fill_value=0).clip(lower=0.5)
    return np.asarray(counts / counts.sum(), dtype=float)
