"""What a threshold of the malignant score means: sensitivity and specificity on validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.core import MALIGNANT, ConfigError, read_json, write_json
from helpers.serving.cards import apply_temperature
from helpers.statistics import Estimate, wilson

if TYPE_CHECKING:
    from helpers.serving.cards import FaceName
    from helpers.serving.model.served import ServedModel

OPERATING_FILE = "operating.json"
FORMAT = 1
N_STEPS = 100
"""Thresholds are known at each hundredth from 0 to 1."""

_COLUMNS = (
    "threshold", "found", "n_malignant", "malignant_lesions", "cleared", "n_benign",
    "benign_lesions",
)  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """What one threshold does to the images that it was measured on.

    Attributes
    ----------
    threshold : float
        In [0, 1].
    sensitivity, specificity : Estimate
        Share of malignant images called malignant, and of benign ones not called so.
    """

    threshold: float
    sensitivity: Estimate
    specificity: Estimate


def operating_points(
    malignant: ArrayLike, score: ArrayLike, lesion_id: ArrayLike | None = None
) -> pd.DataFrame:
    """Count what each threshold finds and clears.

    Parameters
    ----------
    malignant : array-like of bool of shape (n_images,)
        Whether an image shows a malignant lesion.
    score : array-like of float of shape (n_images,)
        Its calibrated malignant probability, in [0, 1].
    lesion_id : array-like of str of shape (n_images,), optional
        Images of one lesion are not independent; without it each is taken for a lesion.

    Returns
    -------
    DataFrame
        A row for each of 0, 0.01, ... 1: ``threshold``, ``found`` (malignant images whose score
        is at least the threshold) of ``n_malignant`` images of ``malignant_lesions``, and
        ``cleared`` (benign images below it) of ``n_benign`` images of ``benign_lesions``.

    Raises
    ------
    ConfigError
        If the lengths differ, a score is no probability, or one of the two kinds is missing.
    """
    is_malignant = np.asarray(malignant, dtype=bool)
    scores = np.asarray(score, dtype=float)
    if is_malignant.shape != scores.shape or scores.ndim != 1:
        raise ConfigError(
            f"expected a score for each of {is_malignant.size} images but got {scores.shape}"
        )
    if not np.all((scores >= 0) & (scores <= 1)):
        raise ConfigError("score: expected probabilities from 0 to 1; calibrate them first")
    lesions = np.arange(scores.size) if lesion_id is None else np.asarray(lesion_id)
    if lesions.shape != scores.shape:
        raise ConfigError(f"expected a lesion for each of {scores.size} images")
    positive, negative = np.sort(scores[is_malignant]), np.sort(scores[~is_malignant])
    if not len(positive) or not len(negative):
        raise ConfigError(
            f"expected malignant and benign images but got {len(positive)} and {len(negative)}"
        )
    thresholds = np.arange(N_STEPS + 1) / N_STEPS
    return pd.DataFrame(
        {
            "threshold": thresholds,
            "found": len(positive) - np.searchsorted(positive, thresholds),
            "n_malignant": len(positive),
            "malignant_lesions": len(np.unique(lesions[is_malignant])),
            "cleared": np.searchsorted(negative, thresholds),
            "n_benign": len(negative),
            "benign_lesions": len(np.unique(lesions[~is_malignant])),
        }
    )


def operation_at(points: pd.DataFrame, threshold: float) -> Operation:
    """The operation nearest to a threshold, with Wilson intervals.

    Parameters
    ----------
    points : DataFrame
        Of :func:`operating_points`.
    threshold : float
        In [0, 1].
    """
    place = int(np.abs(points["threshold"].to_numpy() - threshold).argmin())
    row = points.iloc[place]
    found, n_malignant, cleared, n_benign = (
        int(row[name]) for name in ("found", "n_malignant", "cleared", "n_benign")
    )
    return Operation(
        threshold=float(row["threshold"]),
        sensitivity=wilson(found, n_malignant, n_groups=int(row["malignant_lesions"])),
        specificity=wilson(cleared, n_benign, n_groups=int(row["benign_lesions"])),
    )


def write_operating(folder: str | Path, faces: Mapping[Any, pd.DataFrame]) -> Path:
    """Write the points of each face as ``operating.json``, atomically, and return its path."""
    path = Path(folder) / OPERATING_FILE
    content = {name: {c: points[c].tolist() for c in _COLUMNS} for name, points in faces.items()}
    write_json(path, {"format": FORMAT, "split": "valid", "faces": content})
    return path


def read_operating(folder: str | Path) -> dict[str, pd.DataFrame]:
    """Points by face; empty where the folder has none.

    Raises
    ------
    ConfigError
        If the file is there but is not what :func:`write_operating` writes.
    """
    path = Path(folder) / OPERATING_FILE
    if not path.is_file():
        return {}
    try:
        values = read_json(path)
        if values["format"] != FORMAT:
            raise ValueError(f"format {values['format']!r}")
        return {
            name: pd.DataFrame(table)[list(_COLUMNS)] for name, table in values["faces"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"{path}: expected operating points of format {FORMAT} but got {error!r}; make the "
            "model's folder again"
        ) from error


def operations_of(served: ServedModel, face: FaceName) -> pd.DataFrame | None:
    """Points of a served model's face, from its file or its training's validation predictions.

    Parameters
    ----------
    served : ServedModel
    face : {"single", "views"}

    Returns
    -------
    DataFrame or None
        None where neither is there: a trial's predictions tell nothing of several views.
    """
    known = read_operating(served.folder)
    if face in known:
        return known[face]
    path = served.folder / "predictions.parquet"
    if not path.is_file() or served.card.faces[face].views != ("identity",):
        return None
    predictions = pd.read_parquet(path)
    valid = predictions[predictions["split"].astype(str) == "valid"]
    return face_points(served, face, valid)


def face_points(served: ServedModel, face: FaceName, valid: pd.DataFrame) -> pd.DataFrame:
    """Points of one face from its uncalibrated predictions of the validation split."""
    y_prob = valid[[f"p_{name}" for name in served.card.classes]].to_numpy()
    calibrated = apply_temperature(y_prob, served.card.faces[face].temperature)
    malignant = valid["dx"].astype(str).isin(MALIGNANT)
    return operating_points(malignant, served.malignant(calibrated, face), valid["lesion_id"])
