"""A published training log beside trainings of ours: which could have written it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.statistics import Estimate, wilson
from helpers.training import Trial

SCORES = ("accuracy", "val_accuracy")


def beside_log(histories: Mapping[str, pd.DataFrame], log: pd.DataFrame) -> pd.DataFrame:
    """How far each training is from a published log, over the epochs that both have.

    Parameters
    ----------
    histories : mapping of str to DataFrame
        A row an epoch: ``accuracy`` and ``val_accuracy``, in [0, 1].
    log : DataFrame
        The same columns.

    Returns
    -------
    DataFrame
        A row a training, in the mapping's order: ``epochs`` in common; ``first`` and ``last``,
        its training accuracy in the first and last of them; ``accuracy`` and ``val_accuracy``,
        the root mean square of the differences from the log.

    Raises
    ------
    ValueError
        If there is no training, or one has no epoch.
    """
    if not histories or any(history.empty for history in histories.values()):
        raise ValueError("expected trainings with an epoch or more each; train them first")
    rows = {}
    for name, history in histories.items():
        n = min(len(history), len(log))
        ours, theirs = (table[list(SCORES)].to_numpy()[:n] for table in (history, log))
        apart = np.sqrt(np.square(ours - theirs).mean(axis=0))
        rows[name] = {
            "epochs": n,
            "first": ours[0, 0],
            "last": ours[-1, 0],
            **dict(zip(SCORES, apart, strict=True)),
        }
    return pd.DataFrame.from_dict(rows, orient="index").astype({"epochs": int})


def training_accuracies(trials: Sequence[Trial], epoch: int) -> dict[str, Estimate]:
    """Training accuracy of each trial in one epoch, as an estimate over its training images.

    Parameters
    ----------
    trials : sequence of Trial
        Each has that epoch.
    epoch : int
        From 1.

    Returns
    -------
    dict of str to Estimate
        With Wilson's interval, which takes images as independent.
    """
    found = {}
    for trial in trials:
        n = int(trial.record["n_train"])
        share = float(trial.history["accuracy"].iloc[epoch - 1])
        found[trial.name] = wilson(round(share * n), n)
    return found
