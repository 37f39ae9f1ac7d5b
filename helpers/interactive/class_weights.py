"""A class's weight in the loss beside a moved threshold, and the recall that each buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from helpers.core import CLASS_INDEX, CLASSES, NAMES
from helpers.evaluation import confusion
from helpers.interactive.someone import can_show_controls
from helpers.interactive.touch import touch
from helpers.lessons import shift_odds
from helpers.notebook import Run
from helpers.plots import recall_rows

Predictions = Mapping[float, pd.DataFrame]


def class_weights(
    predictions: Predictions,
    dx: str,
    settings: Sequence[tuple[float, float]] | None = None,
) -> Figure:
    """Draw each class's recall under weights in the loss, and under a threshold that is moved.

    Parameters
    ----------
    predictions : mapping of float to DataFrame
        Of one split, by the class's weight in the loss of the training; that of weight 1 is what
        the others are compared with.
    dx : str
        The class that was weighed.
    settings : sequence of tuple of float, optional
        Each a weight that was trained with, and a factor on the class's odds afterwards; where
        None, the greatest weight, and that factor on the odds of the model of weight 1.

    Returns
    -------
    Figure
        Recall by class, in a colour and a marker a setting; grey is weight 1, unmoved.
    """
    if settings is None:
        greatest = max(predictions)
        settings = [(greatest, 1.0), (1.0, greatest)]
    shown = [(1.0, 1.0), *(pair for pair in settings if pair != (1.0, 1.0))]
    return recall_rows({_name(*pair): _recalls(predictions, dx, *pair) for pair in shown}, dx)


def weight_in_words(predictions: Predictions, dx: str, weight: float, factor: float) -> str:
    """What a weight and a factor buy and cost, as sentences."""
    first, now = (_counts(predictions, dx, *pair) for pair in ((1.0, 1.0), (weight, factor)))
    return (
        f"{_name(weight, factor).capitalize()}: of {now['images']} images of {NAMES[dx].lower()} "
        f"{now['found']} are found (unweighted {first['found']}), {now['named']} images are called "
        f"so (unweighted {first['named']}), and {now['right']} of {now['all']} images are right "
        f"(unweighted {first['right']})."
    )


def touch_class_weight(run: Run, predictions: Predictions, dx: str) -> None:
    """Let the student choose a trained weight and move a threshold; nothing in a batch run.

    Parameters
    ----------
    run : Run
        The chapter's.
    predictions, dx
        As for `class_weights`. Nothing is trained when a control moves.
    """
    if not can_show_controls():
        return
    import ipywidgets as widgets

    controls = {
        "weight": widgets.SelectionSlider(
            options=[(f"{weight:g}", weight) for weight in sorted(predictions)],
            description=f"Weight of {dx}",
        ),
        "factor": widgets.SelectionSlider(
            options=[(f"{factor:g}", factor) for factor in (0.25, 0.5, 1, 2, 4, 8, 16, 32)],
            value=1,
            description=f"Odds of {dx}, times",
        ),
    }
    touch(
        run,
        controls,
        lambda weight, factor: class_weights(predictions, dx, [(weight, factor)]),
        lambda weight, factor: weight_in_words(predictions, dx, weight, factor),
    )


def _name(weight: float, factor: float) -> str:
    moved = "" if factor == 1 else f", odds × {factor:g}"
    return f"weight {weight:g}{moved}"


def _matrix(predictions: Predictions, dx: str, weight: float, factor: float) -> NDArray[np.int_]:
    return confusion(shift_odds(predictions[weight], dx, factor)).to_numpy()


def _recalls(predictions: Predictions, dx: str, weight: float, factor: float) -> pd.Series:
    matrix = _matrix(predictions, dx, weight, factor)
    images = matrix.sum(axis=1).astype(float)
    images[images == 0] = np.nan
    return pd.Series(matrix.diagonal() / images, list(CLASSES))


def _counts(predictions: Predictions, dx: str, weight: float, factor: float) -> dict[str, int]:
    matrix, place = _matrix(predictions, dx, weight, factor), CLASS_INDEX[dx]
    return {
        "images": int(matrix[place].sum()),
        "found": int(matrix[place, place]),
        "named": int(matrix[:, place].sum()),
        "right": int(matrix.trace()),
        "all": int(matrix.sum()),
    }
