"""When a stage ends, and its learning rate: functions of the history alone.

A training that was interrupted has its history and nothing else to remember, so it goes on
exactly as it would have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from helpers.training.configuration import Stage, TrialConfig

Row = dict[str, Any]


def is_better(config: TrialConfig, value: float, best: float) -> bool:
    """Whether a value of the monitored score is better than the best so far."""
    return value < best if config.monitor == "val_loss" else value > best


def epochs_without_gain(config: TrialConfig, rows: Sequence[Row]) -> int:
    """Epochs at the end of a stage's history that did not better its best score.

    Parameters
    ----------
    config : TrialConfig
        Names the score.
    rows : sequence of dict
        The stage's history, a row an epoch.

    Returns
    -------
    int
        0 after the first epoch, and after each that is the best so far.
    """
    best, waited = None, 0
    for row in rows:
        if best is None or is_better(config, row[config.monitor], best):
            best, waited = row[config.monitor], 0
        else:
            waited += 1
    return waited


def is_over(config: TrialConfig, stage: Stage, rows: Sequence[Row]) -> bool:
    """Whether a stage has had its epochs, or has not gained for as long as it may."""
    return (
        len(rows) >= stage.epochs
        or epochs_without_gain(config, rows) >= config.early_stopping_patience
    )


def plateau_rate(config: TrialConfig, stage: Stage, rows: Sequence[Row]) -> float:
    """Learning rate of a stage's next epoch when it falls at plateaus.

    Parameters
    ----------
    config : TrialConfig
        Gives score, patience and factor.
    stage : Stage
        Gives the first rate.
    rows : sequence of dict
        The stage's history.

    Returns
    -------
    float
        The first rate times `reduce_lr_factor` for each time that the score had not gained for
        `reduce_lr_patience` epochs; the count of epochs then starts again, as in Keras'
        ``ReduceLROnPlateau`` without cooldown and least change; never less than
        `least_learning_rate`, nor more than before.
    """
    rate, best, waited = stage.learning_rate, None, 0
    for row in rows:
        if best is None or is_better(config, row[config.monitor], best):
            best, waited = row[config.monitor], 0
            continue
        waited += 1
        if waited >= config.reduce_lr_patience:
            lowered = max(rate * config.reduce_lr_factor, config.least_learning_rate)
            rate, waited = min(rate, lowered), 0
    return rate


def cosine_rate(stage: Stage, step: int, n_steps: int) -> float:
    """Learning rate at a step (from 0) of a stage of `n_steps` steps in all.

    >>> from helpers.training.trials import Stage
    >>> stage = Stage(learning_rate=1.0, decay="cosine")
    >>> [round(cosine_rate(stage, step, 4), 3) for step in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    """
    return float(stage.learning_rate * 0.5 * (1 + np.cos(np.pi * step / n_steps)))
