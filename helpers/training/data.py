"""What a training reads, and the scores of its epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.training.trials import Task


def validation_scores(
    y_true: NDArray[np.intp], y_prob: NDArray[np.floating[Any]]
) -> dict[str, float]:
    """Cross-entropy, accuracy and balanced accuracy of one epoch.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,)
        Class indices.
    y_prob : ndarray of shape (n_samples, n_classes)
        Probabilities.

    Returns
    -------
    dict of str to float
        ``val_loss``, ``val_accuracy``, ``val_balanced_accuracy`` (over the classes that occur)
        and ``val_top_3_accuracy``, the share of images whose class is among the three likeliest.
    """
    of_truth = y_prob[np.arange(len(y_true)), y_true]
    n_likelier = (y_prob > of_truth[:, None]).sum(axis=1)
    hit = y_prob.argmax(axis=1) == y_true
    recalls = [hit[y_true == label].mean() for label in np.unique(y_true)]
    return {
        "val_loss": float(-np.log(np.clip(of_truth, 1e-7, 1.0)).mean()),
        "val_accuracy": float(hit.mean()),
        "val_balanced_accuracy": float(np.mean(recalls)),
        "val_top_3_accuracy": float((n_likelier < 3).mean()),
    }


@dataclass
class Data:
    """What a training reads.

    Attributes
    ----------
    table : DataFrame
        A row an image of the store.
    images : ndarray of shape (n_images, height, width, 3), uint8
        The store.
    y : ndarray of shape (n_images,)
        Class indices.
    rows : dict of str to ndarray
        Rows of "train", "valid" and "test".
    """

    table: pd.DataFrame
    images: NDArray[np.uint8]
    y: NDArray[np.intp]
    rows: dict[str, NDArray[np.intp]]


def load_data(task: Task) -> Data:
    """Open what a task names."""
    table = pd.read_parquet(task.table)
    rows = {name: np.flatnonzero(table["split"] == name) for name in ("train", "valid", "test")}
    images = np.load(task.images, mmap_mode="r")
    return Data(table, images, table["y_true"].to_numpy(), rows)
