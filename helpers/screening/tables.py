"""Tables of screening models: beside each other, beside the published one, over thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.published import claim
from helpers.screening.scores import screening_scores, threshold_for_sensitivity
from helpers.training import Trial

_TITLES = {
    "accuracy": "accuracy",
    "recall": "recall (sensitivity)",
    "specificity": "specificity",
    "precision": "precision",
    "roc_auc": "AUC",
}
_PUBLISHED = {
    "accuracy": "accuracy",
    "recall": "recall",
    "precision": "precision",
    "roc_auc": "auc",
}


def valid_scores(trials: Sequence[Trial]) -> pd.DataFrame:
    """AUC and accuracy of trials on validation.

    Parameters
    ----------
    trials : sequence of Trial
        Of the target "malignant".

    Returns
    -------
    DataFrame
        Columns ``trial``, ``AUC`` and ``accuracy``, the last two `Estimate`.
    """
    rows = []
    for trial in trials:
        found = screening_scores(trial.predictions_of("valid"))
        rows.append((trial.name, found["roc_auc"], found["accuracy"]))
    return pd.DataFrame(rows, columns=["trial", "AUC", "accuracy"])


def thresholds_table(valid: pd.DataFrame, wanted: Sequence[float]) -> pd.DataFrame:
    """Thresholds for several sensitivities, and what they do where they were chosen.

    Parameters
    ----------
    valid : DataFrame
        Predictions of the validation split.
    wanted : sequence of float
        Sensitivities in (0, 1].

    Returns
    -------
    DataFrame
        Columns ``wanted``, ``threshold``, ``sensitivity`` and ``specificity`` (`Estimate`).
    """
    chosen = [threshold_for_sensitivity(valid, share) for share in wanted]
    return pd.DataFrame(
        {
            "wanted": list(wanted),
            "threshold": [operation.threshold for operation in chosen],
            "sensitivity": [operation.sensitivity for operation in chosen],
            "specificity": [operation.specificity for operation in chosen],
        }
    )


def scores_beside_published(
    predictions: pd.DataFrame, thresholds: Mapping[str, float]
) -> pd.DataFrame:
    """Scores at several thresholds beside those of the published screening system.

    Parameters
    ----------
    predictions : DataFrame
        Of one split; see `helpers.screening.scores.check_screening`.
    thresholds : mapping of str to float
        By what the column is called.

    Returns
    -------
    DataFrame
        A row a score: ``score``, a column a threshold and ``published``, all `Estimate`; None
        where nothing was published.
    """
    columns = {name: screening_scores(predictions, value) for name, value in thresholds.items()}
    rows = []
    for key, title in _TITLES.items():
        row: dict[str, Any] = {"score": title}
        row |= {name: found[key] for name, found in columns.items()}
        row["published"] = (
            claim(f"screening.{_PUBLISHED[key]}").estimate if key in _PUBLISHED else None
        )
        rows.append(row)
    return pd.DataFrame(rows)


def operating_point(predictions: pd.DataFrame, threshold: float) -> tuple[float, float, float]:
    """False positive rate, recall and precision at a threshold."""
    found = screening_scores(predictions, threshold, n_resamples=2)
    return 1 - found["specificity"].value, found["recall"].value, found["precision"].value


def probability_spread(predictions: pd.DataFrame) -> str:
    """The middle nine tenths of the probabilities of "malignant", such as "0.121 to 0.913"."""
    low, high = np.quantile(predictions["p_malignant"], [0.05, 0.95])
    return f"{low:.3f} to {high:.3f}"
