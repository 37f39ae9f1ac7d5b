"""Confusion matrices that fit rounded scores: what a publication says without printing it."""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = ("true positives", "false negatives", "false positives", "true negatives")


def matrices_that_fit(
    n: int, accuracy: float, recall: float, precision: float, decimals: int = 4
) -> pd.DataFrame:
    """All confusion matrices of `n` images whose scores round to the published ones.

    Parameters
    ----------
    n : int
        Images scored. How many of them are malignant is not assumed.
    accuracy, recall, precision : float
        As published, in [0, 1].
    decimals : int, default=4
        Digits behind the point that were published; a score fits if it is no further than half
        of the last one away.

    Returns
    -------
    DataFrame of int
        A row a matrix, with the columns of `COLUMNS`.

    Notes
    -----
    Every number of malignant images is tried with every number of them found, which the recall
    leaves few of, and every number of false alarms, of which the precision leaves few.
    """
    half = 0.5 * 10.0**-decimals + 1e-12
    rows = []
    for positives in range(1, n):
        found = np.arange(positives + 1)
        for tp in found[np.abs(found / positives - recall) <= half].tolist():
            false = np.arange(n - positives + 1)
            fits = np.abs(tp / np.maximum(tp + false, 1) - precision) <= half
            fits &= np.abs((tp + n - positives - false) / n - accuracy) <= half
            rows += [(tp, positives - tp, fp, n - positives - fp) for fp in false[fits].tolist()]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=int)
