"""The ABCD rule of dermoscopy and the seven-point checklist."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lessons.checklists import (
    COLOURS,
    DRAWN_NAMES,
    MELANOMA,
    SEVEN_POINT_CUTOFF,
    SEVEN_POINTS,
    STRUCTURES,
    SUSPICIOUS,
    published_accuracy,
    read_score,
    seven_point_score,
    total_dermoscopy_score,
)
from helpers.sample.atlas import CRITERIA


def test_total_dermoscopy_score_spans_the_published_range() -> None:
    """The least score is 1.0 and the highest 8.9."""
    assert total_dermoscopy_score(0, 0, 1, 1) == 1.0
    assert total_dermoscopy_score(2, 8, COLOURS, STRUCTURES) == 8.9


def test_names_and_numbers_count_alike() -> None:
    """Naming colours and structures gives the score of their number; doubles count once."""
    named = total_dermoscopy_score(1, 3, ["red", "black", "red"], "network")
    assert named == total_dermoscopy_score(1, 3, 2, 1)


@given(st.integers(0, 1), st.integers(0, 7), st.integers(1, 5), st.integers(1, 4))
def test_each_letter_has_its_weight(a: int, b: int, c: int, d: int) -> None:
    """One step more of a letter adds that letter's weight."""
    score = total_dermoscopy_score(a, b, c, d)
    steps = [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)]
    for step, weight in zip(steps, (1.3, 0.1, 0.5, 0.5), strict=True):
        more = total_dermoscopy_score(*(x + y for x, y in zip((a, b, c, d), step, strict=True)))
        assert more - score == pytest.approx(weight)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((3, 0, 1, 1), "asymmetry"),
        ((0, 9, 1, 1), "border"),
        ((0, 0, 0, 1), "colours"),
        ((0, 0, 1, 6), "structures"),
        ((0, 0, ["pink"], 1), "pink"),
        ((0, 0, 1, ["veil"]), "veil"),
        ((0.5, 0, 1, 1), "asymmetry"),
    ],
)
def test_counts_out_of_range_are_refused(arguments: tuple, name: str) -> None:
    """A count beyond its range or an unknown name is an error that says which."""
    with pytest.raises(ValueError, match=name):
        total_dermoscopy_score(*arguments)


def test_readings_change_at_the_cutoffs() -> None:
    """Both cut-offs belong to the middle reading."""
    assert read_score(SUSPICIOUS - 0.01) == "benign"
    assert read_score(SUSPICIOUS) == read_score(MELANOMA) == "suspicious"
    assert read_score(MELANOMA + 0.01) == "suspect for melanoma"


def test_seven_points_are_three_major_and_four_minor() -> None:
    """All seven give ten points, one major alone stays below the cut-off, with a minor not."""
    assert sorted(SEVEN_POINTS.values()) == [1, 1, 1, 1, 2, 2, 2]
    assert seven_point_score(SEVEN_POINTS) == 10
    assert seven_point_score(["blue-white veil"]) < SEVEN_POINT_CUTOFF
    assert seven_point_score(["blue-white veil", "irregular streaks"]) == SEVEN_POINT_CUTOFF
    assert seven_point_score(["irregular streaks"] * 3) == 1
    with pytest.raises(ValueError, match="scale"):
        seven_point_score(["scale"])


def test_drawn_names_lead_from_the_sample_to_the_checklist() -> None:
    """Each drawn criterion that counts exists on both sides."""
    assert set(DRAWN_NAMES) <= set(CRITERIA)
    assert set(DRAWN_NAMES.values()) <= set(SEVEN_POINTS)


def test_published_accuracy_is_a_table_of_shares() -> None:
    """Sensitivities and specificities are shares, with a number of lesions and a source."""
    table = published_accuracy()
    assert table[["sensitivity", "specificity"]].apply(lambda s: s.between(0, 1)).all(axis=None)
    assert (table[["melanomas", "nevi"]] > 0).all(axis=None)
    assert table["source"].str.fullmatch(r"\w+ \d{4}").all()
