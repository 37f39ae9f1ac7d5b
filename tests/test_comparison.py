"""Models beside each other on different images; on the same ones: tests/test_evaluation.py."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.comparison import unpaired_difference
from helpers.intervals import Estimate, wilson


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((10, 10, 0, 20), 0.6791, 1.0000),
    ],
)
def test_intervals_are_newcombes(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    """Those of his table for method 10, to four digits."""
    found = unpaired_difference(wilson(*counts[:2]), wilson(*counts[2:]))
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)
    assert found.n == counts[1] + counts[3]


@given(st.integers(0, 50), st.integers(0, 40))
def test_exchange_changes_the_sign(k: int, m: int) -> None:
    """The difference the other way round is the same interval mirrored."""
    first, second = wilson(k, 50), wilson(m, 40)
    one, other = unpaired_difference(first, second), unpaired_difference(second, first)
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))


def test_independent_samples_are_covered() -> None:
    """About 95 of 100 intervals of simulated pairs hold the true difference."""
    random = np.random.default_rng(0)
    k, m = random.binomial(120, 0.7, 1000), random.binomial(100, 0.6, 1000)
    found = [unpaired_difference(wilson(a, 120), wilson(b, 100)) for a, b in zip(k, m, strict=True)]
    assert 0.93 < np.mean([e.low <= 0.1 <= e.high for e in found]) < 0.97


def test_an_estimate_without_interval_gives_none() -> None:
    """NaN ends stay NaN."""
    found = unpaired_difference(Estimate(0.5, nan, nan, 3), wilson(5, 10))
    assert isnan(found.low) and isnan(found.high) and found.value == 0.0
