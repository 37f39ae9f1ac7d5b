"""The one training log that a published system printed: seven epochs of the course report."""

from __future__ import annotations

from functools import cache

import pandas as pd

from helpers.published.numbers import read_published

LOG_COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds")


@cache
def _log() -> pd.DataFrame:
    return read_published("course_report_log.csv")[list(LOG_COLUMNS)]


def course_report_log() -> pd.DataFrame:
    """Log of the course report's first stage, EfficientNetB3 at 224 x 224 in batches of 64.

    Returns
    -------
    DataFrame of shape (7, 6)
        A row an epoch: ``epoch`` from 1, ``loss``, ``accuracy``, ``val_loss`` and
        ``val_accuracy`` as Keras prints them, and ``seconds``. Training scores are means over
        the epoch's steps, while the weights change.
    """
    return _log().copy()


def patience_that_fits(scores: pd.Series, *, falling: bool) -> int | None:
    """Patience of an early stopping that would end a log where it ends.

    Parameters
    ----------
    scores : Series of float
        The monitored score, epoch by epoch.
    falling : bool
        Whether lower is better, as of a loss.

    Returns
    -------
    int or None
        Epochs from the best one to the last; None where the last is the best, so that nothing
        stopped there.
    """
    best = scores.argmin() if falling else scores.argmax()
    return len(scores) - 1 - int(best) or None
