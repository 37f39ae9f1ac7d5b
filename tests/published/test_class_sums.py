"""Sets of diagnoses with a published number of images."""

from __future__ import annotations

from helpers.published.class_sums import diagnoses_that_sum_to
from helpers.published.numbers import claim, ham10000_counts


def test_the_malignant_ones_are_the_only_set() -> None:
    """The published number of malignant images is of one set of diagnoses alone."""
    n = int(claim("screening.malignant_images").value)
    assert diagnoses_that_sum_to(n) == [("akiec", "bcc", "mel")]


def test_sets_have_that_sum_and_none_is_missed() -> None:
    """All diagnoses sum to all images; a number of no set gives none; sums are right."""
    images = ham10000_counts()["images"]
    assert diagnoses_that_sum_to(int(images.sum())) == [tuple(images.index)]
    assert diagnoses_that_sum_to(1) == []
    for dx, n in images.items():
        assert (dx,) in diagnoses_that_sum_to(int(n))
