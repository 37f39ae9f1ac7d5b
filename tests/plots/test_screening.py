"""Screening plots show what they are given."""

from __future__ import annotations

import numpy as np
import pytest
from support.predictions import make_screening_predictions

from helpers.plots.screening import (
    LESION_COLOURS,
    lightness_histograms,
    reliability_pair,
    screening_curves,
    thousand_lesions,
)
from helpers.screening.comparison import screening_reliability
from helpers.screening.scores import screening_pr, screening_roc


def test_every_lesion_is_a_square() -> None:
    """A thousand squares, as many of each colour as counted; other sums are refused."""
    counts = {"found": 19, "missed": 1, "alarms": 380, "spared": 600}
    ax = thousand_lesions(counts)
    drawn = {line.get_color(): len(line.get_xdata()) for line in ax.lines}
    assert drawn == {LESION_COLOURS[name]: n for name, n in counts.items()}
    places = np.concatenate([line.get_xydata() for line in ax.lines])
    assert len(np.unique(places, axis=0)) == 1000
    with pytest.raises(ValueError, match="sum to 1,000"):
        thousand_lesions(counts | {"found": 20})


def test_operating_points_are_marked() -> None:
    """Both panels carry every threshold and the published point, at their coordinates."""
    table = make_screening_predictions()
    figure = screening_curves(
        screening_roc(table), screening_pr(table), {"0.5": (0.2, 0.7, 0.6)}, (0.27, 0.82, 0.75)
    )
    left, right = figure.axes
    marked = [tuple(line.get_xydata()[0]) for line in left.lines if line.get_marker() in ("o", "D")]
    assert marked == [(0.2, 0.7), (0.27, 0.82)]
    marked = [
        tuple(line.get_xydata()[0]) for line in right.lines if line.get_marker() in ("o", "D")
    ]
    assert marked == [(0.7, 0.6), (0.82, 0.75)]


def test_panels_share_their_scales() -> None:
    """Two readings are drawn side by side on equal axes."""
    bins = screening_reliability(make_screening_predictions(), 5)
    figure = reliability_pair({"before": bins, "after": bins.head(2)})
    assert [ax.get_title(loc="left") for ax in figure.axes[:2]] == ["before", "after"]
    assert figure.axes[2].get_ylim() == figure.axes[3].get_ylim()


def test_histograms_hold_all_pixels() -> None:
    """Four levels are one step, and the steps of each set sum to one."""
    flat = np.full(256, 1 / 256)
    ax = lightness_histograms({"unchanged": flat, "equalised": flat[::-1]})
    assert [patch.get_data().values.sum() for patch in ax.patches] == pytest.approx([1, 1])
