"""What smaller weights cost: an export's answers on the test split, beside the model's own."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.serving.cards import Copy, Face, calibrated, face_scores, probability_columns
from helpers.serving.exports import Compute, Precision
from helpers.training import Trial, open_trial_store

_BATCH = 32


def score_copy(
    compute: Compute, precision: Precision, trial: Trial, catalogue: pd.DataFrame, face: Face
) -> Copy:
    """Hold an export of a trial's model beside the model, on the test split.

    Parameters
    ----------
    compute : callable
        The export; see `helpers.serving.exports.runtimes.open_runtime`.
    precision : {"float32", "float16", "int8"}
        How it stores weights.
    trial : Trial
        Its own predictions are those of one view.
    catalogue : DataFrame
        Whose pictures they are of.
    face : Face
        Of one view: its temperature and threshold count for the export too.
    """
    target = trial.config.target
    columns = probability_columns(target)
    own = trial.predictions_of("test")
    store = open_trial_store(trial.config, catalogue)
    ids = own["image_id"].tolist()
    parts = [
        compute(store.take(ids[start : start + _BATCH]))["probabilities"]
        for start in range(0, len(ids), _BATCH)
    ]
    theirs = own.copy()
    theirs[columns] = np.concatenate(parts).astype(np.float64)
    own, theirs = (calibrated(table, target, face.temperature) for table in (own, theirs))
    first, second = (table[columns].to_numpy() for table in (own, theirs))
    return Copy(
        precision=precision,
        images=len(ids),
        largest_difference=float(np.abs(first - second).max()),
        same_class=int((first.argmax(axis=1) == second.argmax(axis=1)).sum()),
        scores=face_scores(theirs, target, face.malignant_threshold, face.class_weights),
    )
