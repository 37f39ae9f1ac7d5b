"""Matrices from rounded scores."""

from __future__ import annotations

import pytest

from helpers.published.matrices import COLUMNS, matrices_that_fit
from helpers.published.numbers import claim


def test_the_published_screening_scores_have_one_matrix() -> None:
    """It is the one in the table of claims, and needs no assumption on the malignant images."""
    scores = [claim(f"screening.{name}").value for name in ("accuracy", "recall", "precision")]
    n = claim("screening.accuracy").n
    assert n is not None
    found = matrices_that_fit(n, *scores)
    expected = [claim(f"screening.{name.replace(' ', '_')}").value for name in COLUMNS]
    assert found.to_numpy().tolist() == [expected]


def test_every_matrix_that_fits_is_found() -> None:
    """Against trying all matrices of few images, with few digits and so many solutions."""
    n = 20
    found = matrices_that_fit(n, 0.75, 0.80, 0.7, decimals=1)
    expected = []
    for tp in range(1, n + 1):
        for fn in range(n - tp + 1):
            for fp in range(n - tp - fn + 1):
                scores = ((n - fn - fp) / n, tp / (tp + fn), tp / (tp + fp))
                if all(
                    abs(a - b) <= 0.05 + 1e-12
                    for a, b in zip(scores, (0.75, 0.8, 0.7), strict=True)
                ):
                    expected.append((tp, fn, fp, n - tp - fn - fp))
    assert sorted(map(tuple, found.to_numpy().tolist())) == sorted(
        row for row in expected if row[0] + row[1] < n
    )
    assert len(found) > 1


@pytest.mark.parametrize("accuracy", [0.5, 0.7763])
def test_scores_that_fit_nothing(accuracy: float) -> None:
    """Where one score cannot belong to the others there is no matrix."""
    assert matrices_that_fit(782, accuracy, 0.8184, 0.7547).empty
