"""A threshold over a confusion matrix, and what it does to a thousand people."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from helpers.interactive.someone import can_show_controls
from helpers.interactive.touch import touch
from helpers.notebook import Run
from helpers.plots import threshold_rows
from helpers.screening import in_a_thousand, price_text, referral, screening_confusion

CHOSEN = ((0.5, 0.02), (0.2, 0.02), (0.2, 0.2))
"""Thresholds and prevalences of the printed picture."""


def thresholds(
    predictions: pd.DataFrame, settings: Sequence[tuple[float, float]] = CHOSEN
) -> Figure:
    """Draw what thresholds do to a split's images, and to a thousand lesions.

    Parameters
    ----------
    predictions : DataFrame
        Of one split, of a screening model or of the seven diagnoses, whose malignant
        probabilities are then summed.
    settings : sequence of tuple of float
        Of each row the threshold in [0, 1] and the prevalence, a share of lesions in (0, 1).

    Returns
    -------
    Figure
        Left the matrix of the split's images, right a thousand lesions at the prevalence.
    """
    rows = []
    for threshold, prevalence in settings:
        lesions = in_a_thousand(referral(predictions, threshold), prevalence)
        name = f"threshold {threshold:.2f}: images"
        rows.append((name, screening_confusion(predictions, threshold), lesions.counts))
    return threshold_rows(rows)


def threshold_in_words(predictions: pd.DataFrame, threshold: float, prevalence: float) -> str:
    """What a threshold does to a thousand lesions, as sentences."""
    lesions = in_a_thousand(referral(predictions, threshold), prevalence)
    n = lesions.counts
    price = (
        f"{price_text(lesions.alarms_per_find)} benign ones are sent on for each find"
        if n["found"]
        else "nothing is found, so a find has no price"
    )
    return (
        f"At a threshold of {threshold:.2f}, of 1,000 lesions of which {n['found'] + n['missed']} "
        f"are malignant, {n['found']} are found, {n['missed']} missed and {n['alarms']} benign "
        f"ones sent on; {price}."
    )


def touch_threshold(run: Run, predictions: pd.DataFrame) -> None:
    """Let the student move a threshold and a prevalence; nothing in a batch run.

    Parameters
    ----------
    run : Run
        The chapter's.
    predictions : DataFrame
        As for `thresholds`.
    """
    if not can_show_controls():
        return
    import ipywidgets as widgets

    controls = {
        "threshold": widgets.FloatSlider(
            value=0.5, min=0.01, max=0.99, step=0.01, description="Threshold"
        ),
        "prevalence": widgets.FloatSlider(
            value=0.02, min=0.005, max=0.5, step=0.005, readout_format=".1%",
            description="Malignant, of all",
        ),
    }  # fmt: skip
    touch(
        run,
        controls,
        lambda threshold, prevalence: thresholds(predictions, [(threshold, prevalence)]),
        lambda threshold, prevalence: threshold_in_words(predictions, threshold, prevalence),
    )
