"""Intervals hold the truth about as often as they say, in few studies; the benchmark has many."""

from __future__ import annotations

import pytest

from benchmarks.coverage import coverage, draw_study, true_values
from helpers.evaluation.metrics import check_predictions

SUBJECTS = ("selective", "paired", "subgroups", "benefit")
N_STUDIES = 40


def test_studies_are_what_chapters_score() -> None:
    """Two models on the same images, of lesions with one to three."""
    first, second = (check_predictions(table) for table in draw_study(0))
    assert first.n_lesions == 150 < first.n_images
    assert (first.y_true == second.y_true).all()


def test_intervals_hold_the_truth() -> None:
    """In a share of studies that is within three standard errors of 95 %."""
    table = coverage(N_STUDIES, 150, true_values(SUBJECTS, 60, 2), SUBJECTS)
    assert len(table) == 10
    spread = 3 * (0.95 * 0.05 / N_STUDIES) ** 0.5
    assert table["held"].between(0.95 - spread, 1).all(), table
    assert table[["held", "below", "above"]].sum(axis=1).to_numpy() == pytest.approx(1)
