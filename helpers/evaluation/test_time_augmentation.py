"""Test-time augmentation: the same lesion seen in several ways, and the mean of what is said.

Only views that move pixels and change none: flips and turns by right angles. A lesion has no up
and no left, so each view is as good a picture of it as the one that was taken.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import ConfigError, atomic_file
from helpers.models import predict
from helpers.training import Trial, open_trial_store

Images = NDArray[np.uint8]


def _turned(times: int) -> Callable[[Images], Images]:
    return lambda images: np.rot90(images, times, axes=(1, 2))


def _transposed(images: Images) -> Images:
    return images.swapaxes(1, 2)


VIEWS: dict[str, Callable[[Images], Images]] = {
    "identity": lambda images: images,
    "horizontal flip": lambda images: images[:, :, ::-1],
    "vertical flip": lambda images: images[:, ::-1],
    "half turn": _turned(2),
    "quarter turn": _turned(1),
    "three-quarter turn": _turned(3),
    "transpose": _transposed,
    "anti-transpose": lambda images: _turned(2)(_transposed(images)),
}
"""The eight symmetries of a square; the first four are also those of an oblong. Each takes images
of shape (n_images, height, width, channels) and copies nothing."""

OBLONG_VIEWS = tuple(VIEWS)[:4]


def views_of(size: tuple[int, int]) -> tuple[str, ...]:
    """Names of the views that images of (height, width) have: eight if square, else four."""
    return tuple(VIEWS) if size[0] == size[1] else OBLONG_VIEWS


def check_views(size: tuple[int, int], views: Sequence[str] | None = None) -> tuple[str, ...]:
    """Names of views that images of (height, width) have; all of them where None.

    Raises
    ------
    ConfigError
        If a view is unknown, would exchange the sides of an oblong image, or there is none.
    """
    known = views_of(size)
    chosen = known if views is None else tuple(views)
    wrong = [name for name in chosen if name not in known]
    if wrong or not chosen:
        raise ConfigError(
            f"views of {size[0]}x{size[1]} images: expected some of {', '.join(known)}, got "
            f"{', '.join(wrong) or 'none'}"
        )
    return chosen


def predict_views(
    model: Any, images: Images, views: Sequence[str] | None = None
) -> NDArray[np.float32]:
    """What a model says of each view.

    Parameters
    ----------
    model : keras.Model
        Takes pixels of shape (n_images, height, width, 3) in 0..255.
    images : ndarray of shape (n_images, height, width, 3), uint8
        As in the image store; a memory map is read batch by batch.
    views : sequence of str, optional
        Keys of `VIEWS`; all that the images' shape has where None.

    Returns
    -------
    ndarray of shape (n_views, n_images, n_classes)
        Average over the first axis for one prediction.

    Raises
    ------
    ConfigError
        If a view is unknown, would exchange the sides of an oblong image, or there is none.
    """
    chosen = check_views((images.shape[1], images.shape[2]), views)
    rows = np.arange(len(images))
    return np.stack([predict(model, VIEWS[name](images), rows) for name in chosen])


def view_predictions(
    trial: Trial,
    catalogue: pd.DataFrame,
    split: str = "test",
    views: Sequence[str] | None = None,
) -> pd.DataFrame:
    """A trial's predictions of one split, each the mean over several views.

    Parameters
    ----------
    trial : Trial
        Whose model sees them.
    catalogue : DataFrame
        What it was trained on: with its image store nothing needs to be decoded again.
    split : str, default="test"
        "valid" or "test".
    views : sequence of str, optional
        As in `predict_views`.

    Returns
    -------
    DataFrame
        `Trial.predictions_of` with other probabilities. Those over all views are kept in the
        trial's folder, where it can be written to, and are not computed twice.
    """
    rows = trial.predictions_of(split)
    columns = [f"p_{name}" for name in trial.config.classes]
    whole = views is None or set(views) == set(views_of(trial.config.image_size))
    if whole and (kept := kept_views(trial, split)) is not None:
        return kept
    images = open_trial_store(trial.config, catalogue).take(list(rows["image_id"]))
    y_prob = predict_views(trial.model, images, views).mean(axis=0, dtype=np.float64)
    rows[columns] = y_prob
    if whole and os.access(trial.folder, os.W_OK):
        with atomic_file(views_file(trial, split)) as temporary:
            rows[["image_id", *columns]].to_parquet(temporary, index=False)
    return rows


def views_file(trial: Trial, split: str) -> Path:
    """Where the mean over all views is kept."""
    return trial.folder / f"views-{split}.parquet"


def kept_views(trial: Trial, split: str) -> pd.DataFrame | None:
    """What `view_predictions` gave of all views, or None where nothing whole is kept.

    Parameters
    ----------
    trial : Trial
        In whose folder it is looked for; neither its model nor an image is read.
    split : str
        "valid" or "test".

    Returns
    -------
    DataFrame or None
        As of `view_predictions`.
    """
    try:
        kept = pd.read_parquet(views_file(trial, split))
    except (OSError, ValueError):  # none, or damaged: it is made again
        return None
    rows = trial.predictions_of(split)
    columns = [f"p_{name}" for name in trial.config.classes]
    alike = list(kept.columns) == ["image_id", *columns]
    if not alike or list(kept["image_id"]) != list(rows["image_id"]):
        return None
    rows[columns] = kept[columns]
    return rows
