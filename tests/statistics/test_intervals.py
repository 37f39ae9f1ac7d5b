"""Intervals: Wilson against scipy, resamples of whole lesions, coverage in simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from helpers.statistics.intervals import (
    Estimate,
    Resampling,
    mean_interval,
    percentile_interval,
    wilson,
)


@given(st.integers(1, 3000), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_agrees_with_scipy(n: int, share: float, level: float) -> None:
    """The interval is scipy's Wilson interval for every k, n and level."""
    k = round(share * n)
    expected = binomtest(k, n).proportion_ci(level, method="wilson")
    ours = wilson(k, n, level)
    assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert ours.low <= ours.value <= ours.high


def test_wilson_of_groups_is_wider() -> None:
    """Counting lesions instead of images widens the interval and keeps the value."""
    images, lesions = wilson(60, 100), wilson(60, 100, n_groups=50)
    assert images.value == lesions.value
    assert lesions.high - lesions.low > 1.3 * (images.high - images.low)
    assert (lesions.low, lesions.high) == pytest.approx((wilson(30, 50).low, wilson(30, 50).high))


def test_wilson_without_cases_is_nan() -> None:
    """No cases give no number instead of a division by zero."""
    assert np.isnan(wilson(0, 0).value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((5, 4), "0 <= k <= n"), ((-1, 4), "0 <= k <= n"), ((1, 4, 95), "level in")],
)
def test_wilson_refuses_impossible_counts(arguments: tuple[float, ...], message: str) -> None:
    """More successes than cases, or a level in percent, is an error that says so."""
    with pytest.raises(ValueError, match=message):
        wilson(*arguments)


def test_estimate_prints_value_interval_and_n() -> None:
    """An estimate prints in the report's form, with any number format and unit."""
    estimate = Estimate(0.7634, 0.701, 0.8149, 1200)
    assert str(estimate) == "0.76 [0.70, 0.81], n = 1,200"
    assert f"{estimate:.1%}" == "76.3% [70.1%, 81.5%], n = 1,200"
    assert str(Estimate(-0.001, -0.02, 0.01, 9, "s")) == "0.00 s [-0.02, 0.01] s, n = 9"
    assert str(Estimate(0.5, np.nan, np.nan, 1)) == "0.50, n = 1"


def test_estimate_refuses_value_outside_interval() -> None:
    """Arguments in the wrong order do not pass for an estimate."""
    with pytest.raises(ValueError, match="value, low, high"):
        Estimate(0.7, 0.76, 0.81, 120)


def _two_strata() -> Resampling:
    group = np.array([0, 0, 1, 2, 2, 2, 3, 4])
    return Resampling(group, np.array([0, 0, 0, 1, 2]), n_resamples=3000, random_state=3)


def test_resamples_keep_lesions_whole_and_strata_full() -> None:
    """Images of a lesion share a weight, and each class keeps its number of lesions."""
    weights = np.concatenate(list(_two_strata().chunks(700)))
    assert weights.shape == (3000, 8)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert np.allclose(weights[:, [0, 2, 3]].sum(axis=1), 3)  # three lesions of stratum 0
    assert (weights[:, 6:] == 1).all()  # one lesion each: nothing to vary


def test_resamples_have_the_variance_of_a_sample_mean() -> None:
    """Few lesions do not make the variance too small: it is s squared over m."""
    values = np.array([0.0, 1.0, 4.0])
    resampling = Resampling(np.arange(3), np.zeros(3, dtype=int), 40_000)
    means = np.concatenate([w @ values / 3 for w in resampling.chunks()])
    assert means.mean() == pytest.approx(values.mean(), abs=0.02)
    assert means.var() == pytest.approx(values.var(ddof=1) / 3, rel=0.05)


def test_resamples_depend_on_the_seed_alone() -> None:
    """Equal seeds give equal weights, other seeds others."""
    first, second = (np.concatenate(list(_two_strata().chunks())) for _ in range(2))
    other = Resampling(_two_strata().group, _two_strata().strata, 3000, random_state=4)
    assert (first == second).all()
    assert (first != np.concatenate(list(other.chunks()))).any()


def test_percentile_interval_contains_the_value() -> None:
    """The interval is widened to a value outside it, and is NaN without resamples."""
    assert percentile_interval([0.5, 0.6], 0.4)[0] == 0.4
    assert np.isnan(percentile_interval([np.nan], 0.4)).all()


def test_mean_interval_covers_the_truth_with_correlated_images() -> None:
    """About 95 of 100 intervals hold the true mean; counting images as independent does not."""
    rng = np.random.default_rng(0)
    hits, naive_hits, n_trials = 0, 0, 300
    for trial in range(n_trials):
        group = np.repeat(np.arange(40), rng.integers(1, 7, 40))
        values = rng.normal(size=40)[group] + 0.1 * rng.normal(size=len(group))
        estimate = mean_interval(values, group, n_resamples=400, random_state=trial)
        naive = mean_interval(values, n_resamples=400, random_state=trial)
        hits += estimate.low <= 0 <= estimate.high
        naive_hits += naive.low <= 0 <= naive.high
    assert 0.90 <= hits / n_trials <= 0.985
    assert naive_hits / n_trials < 0.80


def test_mean_interval_refuses_bad_values() -> None:
    """NaN, nothing, and groups of another length are errors."""
    for values, groups in (([0.1, np.nan], None), ([], None), ([0.1, 0.2], [1])):
        with pytest.raises(ValueError, match="expected"):
            mean_interval(values, groups)


def test_mean_interval_of_one_group_has_no_interval() -> None:
    """One lesion says nothing about how lesions differ."""
    estimate = mean_interval([0.1, 0.3], ["a", "a"])
    assert estimate.value == pytest.approx(0.2)
    assert np.isnan(estimate.low)
