"""Words follow from the whole interval."""

from __future__ import annotations

import pytest

from helpers.statistics.intervals import Estimate
from helpers.statistics.verdicts import against, difference, listed, with_interval

NAN = float("nan")


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.2, 0.4, "above"),
        (0.0, 0.1, "below"),
        (0.1, 0.2, "not told apart from"),
        (0.15, 0.2, "not told apart from"),
        (NAN, NAN, "not told apart from"),
    ],
)
def test_only_a_whole_interval_decides(low: float, high: float, word: str) -> None:
    """Above and below need the whole interval; touching, or no interval, decides nothing."""
    assert against(Estimate((low + high) / 2, low, high, 10), 0.15) == word


def test_a_difference_is_judged_against_nil() -> None:
    """Higher and lower exclude nil."""
    assert difference(Estimate(-0.2, -0.3, -0.1, 9)) == "lower"
    assert difference(Estimate(0.2, 0.1, 0.3, 9)) == "higher"
    assert difference(Estimate(0.2, -0.1, 0.3, 9)) == "no difference shown"


def test_cells_leave_out_n() -> None:
    """A cell has value and interval; what is undefined is a dash."""
    assert with_interval(Estimate(0.5, 0.4, 0.6, 1200), ".0%") == "50% [40%, 60%]"
    assert with_interval(Estimate(0.5, NAN, NAN, 12)) == "0.50"
    assert with_interval(Estimate(NAN, NAN, NAN, 0)) == "–"


def test_lists_read_as_sentences() -> None:
    """Commas, and one "and" before the last."""
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed([], none="nobody") == "nobody"
