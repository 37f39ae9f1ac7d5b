"""Ratios and differences of independent estimates, against simulation and known limits."""

from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.statistics.combined_intervals import difference_of_independent, ratio_of_independent
from helpers.statistics.intervals import Estimate, wilson


def test_difference_is_newcombes() -> None:
    """With Wilson's intervals it is Newcombe's score interval: 56/70 less 48/80."""
    found = difference_of_independent(wilson(56, 70), wilson(48, 80))
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert found.n == 150


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 400 simulated studies about 95 % hold the true ratio and the true difference."""
    rng = np.random.default_rng(0)
    a, b, n = 0.3, 0.8, 120
    held = np.zeros(2)
    for _ in range(400):
        first, second = (wilson(int(rng.binomial(n, p)), n) for p in (a, b))
        ratio = ratio_of_independent(first, second)
        gap = difference_of_independent(first, second)
        held += [ratio.low <= a / b <= ratio.high, gap.low <= a - b <= gap.high]
    assert (np.abs(held / 400 - 0.95) < 0.03).all()


@given(st.integers(0, 40), st.integers(1, 40))
def test_ratio_lies_in_its_interval(k: int, m: int) -> None:
    """Whatever the counts, 0 and all included."""
    found = ratio_of_independent(wilson(k, 40), wilson(m, 40))
    assert 0 <= found.low <= found.value <= found.high
    assert found.high < inf


def test_ratio_to_what_may_be_nothing() -> None:
    """It has no upper end where the second reaches 0, and no value where it is 0."""
    assert ratio_of_independent(wilson(3, 9), Estimate(0.1, 0.0, 0.3, 9)).high == inf
    assert isnan(ratio_of_independent(wilson(3, 9), wilson(0, 9)).value)
