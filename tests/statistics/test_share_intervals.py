"""Intervals in log odds against scipy, and degrees of freedom against Welch's test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import binom, norm, t, ttest_ind

from helpers.statistics.intervals import Resampling, percentile_interval
from helpers.statistics.share_intervals import (
    NEAREST,
    degrees_of_freedom,
    leave_out,
    logit_interval,
)


def binomial_shares(k: int, n: int) -> np.ndarray:
    """Shares as the quantiles of their distribution, as if so many resamples were drawn."""
    return binom.ppf((np.arange(4000) + 0.5) / 4000, n, k / n) / n


@pytest.mark.parametrize("df", [np.inf, 7.3])
def test_interval_is_that_of_the_log_odds(df: float) -> None:
    """To the last digit Student's by scipy; for a share of many cases about Woolf's by counts."""
    drawn = binomial_shares(90, 120)
    expected = expit(t.interval(0.95, df, loc=logit(0.75), scale=logit(drawn).std(ddof=1)))
    assert logit_interval(drawn, 0.75, df=df) == pytest.approx(expected, abs=1e-9)
    many = binomial_shares(900, 1200)
    half = norm.ppf(0.975) * np.sqrt(1 / 900 + 1 / 300)
    woolf = expit(np.log(900 / 300) + np.array([-half, half]))
    assert logit_interval(many, 0.75) == pytest.approx(woolf, abs=2e-4)


def test_few_degrees_of_freedom_widen_it() -> None:
    """As Student's quantile does: 2.06 in place of 1.96 with twenty-five."""
    drawn = binomial_shares(18, 20)
    wide, narrow = (np.diff(logit(logit_interval(drawn, 0.9, df=df)))[0] for df in (25, np.inf))
    assert wide / narrow == pytest.approx(t.ppf(0.975, 25) / norm.ppf(0.975), abs=1e-9)


def test_an_end_counts_as_near_it() -> None:
    """It has no log odds: what lies closer than a tenth of the value's distance counts as there."""
    low, high = logit_interval([0.93, 0.97, 1.0], 0.97)
    assert (low, high) == logit_interval([0.93, 0.97, 1 - NEAREST * 0.03], 0.97)
    assert 0 < low < 0.97 < high < 1
    assert 0.97 - low > high - 0.97
    low, high = logit_interval([0.0, 0.03, 0.07], 0.03)
    assert 0 < low < 0.03 < high < 1


def test_there_is_a_way_out_at_an_end() -> None:
    """At an end, or without resamples, it is the percentiles; what never varies has no width."""
    assert logit_interval([0.9, 1.0], 1.0) == percentile_interval([0.9, 1.0], 1.0)
    assert np.isnan(logit_interval([np.nan], 0.5)).all()
    for value in (4 / 21, 5 / 42, 1 / 7):  # a model that calls all alike never varies
        low, high = logit_interval([value] * 9, value)
        assert low <= value <= high
        assert high - low < 1e-9
    with pytest.raises(ValueError, match="level in"):
        logit_interval([0.1, 0.2], 0.15, 95)


@pytest.mark.parametrize("seed", range(8))
def test_degrees_of_freedom_are_those_of_welch(seed: int) -> None:
    """For the difference of two means of single cases, each left out in turn, by scipy."""
    rng = np.random.default_rng(seed)
    m, n, spread = int(rng.integers(2, 30)), int(rng.integers(2, 60)), 10 ** rng.uniform(-1, 1)
    values = np.r_[rng.normal(size=m), spread * rng.normal(size=n)]
    strata = np.repeat([0, 1], [m, n])
    weights, stratum = leave_out(np.arange(m + n), strata, most=60)
    left_out = (weights * values) @ np.where(strata == 0, 1 / m, -1 / n)
    expected = ttest_ind(values[:m], values[m:], equal_var=False).df
    assert degrees_of_freedom(left_out, stratum, strata) == pytest.approx(expected, rel=1e-9)


def test_lesions_are_left_out_whole_and_strata_stay_full() -> None:
    """A stratum of one keeps it; a large one is left out in parts that cover it once."""
    group = np.array([0, 0, 1, 2, 2, 3, 4, 5, 6, 7])
    strata = np.array([0, 0, 1, 2, 2, 2, 2, 2])
    weights, stratum = leave_out(group, strata, most=3)
    assert list(stratum) == [0, 0, 2, 2, 2]
    assert (weights[:, 0] == weights[:, 1]).all() and (weights[:, 3] == 1)[:2].all()
    assert (weights[0, :3] == [0, 0, 2]).all()
    large = weights[2:][:, 5:]  # five lesions in parts of two, two and one
    assert (np.sort((large == 0).sum(axis=1)) == [1, 2, 2]).all()
    assert ((large == 0).sum(axis=0) == 1).all()
    singles = weights[:, [0, 2, 3, 5, 6, 7, 8, 9]]
    for members in (strata == 0, strata == 2):
        assert singles[:, members].sum(axis=1) == pytest.approx(members.sum())


def test_parts_of_a_large_stratum_tell_as_much() -> None:
    """Fifty parts of 400 lesions give about the degrees of freedom of all that are left out."""
    rng = np.random.default_rng(2)
    values, strata = rng.normal(size=430), np.repeat([0, 1], [400, 30])
    found = []
    for most in (50, 400):
        weights, stratum = leave_out(np.arange(430), strata, most)
        left_out = (weights * values) @ np.where(strata == 0, 1 / 400, 1 / 30)
        found.append(degrees_of_freedom(left_out, stratum, strata))
    assert found[0] == pytest.approx(found[1], rel=0.1)


def test_what_does_not_vary_has_a_normal_quantile() -> None:
    """Nor what is undefined, nor strata of one lesion each."""
    strata = np.array([0, 0, 1, 1])
    weights, stratum = leave_out(np.arange(4), strata)
    for values in (np.ones(4), np.full(4, np.nan), np.ones(4) + 1e-15 * np.arange(4)):
        assert degrees_of_freedom(values, stratum, strata) == np.inf
    weights, stratum = leave_out(np.arange(3), np.arange(3))
    assert weights.shape == (0, 3)
    assert degrees_of_freedom(weights.sum(axis=1), stratum, np.arange(3)) == np.inf


def test_interval_of_few_lesions_holds_an_area_near_one() -> None:
    """Ten melanomas of one or two images: in about 95 of 100 studies, percentiles in fewer."""
    truth, n_studies = float(norm.cdf(1.5)), 300
    held = np.zeros(2)
    for seed in range(n_studies):
        rng = np.random.default_rng(seed)
        strata = np.repeat([0, 1], [40, 10])
        group = np.repeat(np.arange(50), rng.integers(1, 3, 50))
        score = (rng.normal(size=50) * 0.8**0.5 + 1.5 * 2**0.5 * strata)[group]
        score += rng.normal(size=len(group)) * 0.2**0.5
        above = (score[strata[group] == 1][:, None] > score[strata[group] == 0]).astype(float)

        def area(weights: np.ndarray, above: np.ndarray = above, of: np.ndarray = strata[group]):
            w, v = weights[:, of == 1], weights[:, of == 0]
            return np.einsum("ij,jk,ik->i", w, above, v) / (w.sum(axis=1) * v.sum(axis=1))

        value = float(area(np.ones((1, len(group))))[0])
        (drawn,) = Resampling(group, strata, 200, seed).chunks()
        weights, stratum = leave_out(group, strata)
        df = degrees_of_freedom(area(weights), stratum, strata)
        intervals = [logit_interval(area(drawn), value, df=df)]
        intervals += [percentile_interval(area(drawn), value)]
        # A perfect ranking has no interval here; scores give it Wilson's, which holds the truth.
        held += [low <= truth <= high or value == 1 for low, high in intervals]
    assert 0.92 <= held[0] / n_studies <= 0.98
    assert held[1] < held[0]
