"""McNemar's test against scipy, Holm against its definition, p values against intervals."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare, ttest_1samp

from helpers.statistics.intervals import percentile_interval
from helpers.statistics.paired_tests import EXACT_BELOW, holm, mcnemar, p_text, resampled_p


def pairs(b: int, c: int, both: int = 5, neither: int = 4) -> tuple[list[bool], list[bool]]:
    """Two models that disagree on b and c cases."""
    first = [True] * b + [False] * c + [True] * both + [False] * neither
    second = [False] * b + [True] * c + [True] * both + [False] * neither
    return first, second


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_agrees_with_scipy(b: int, c: int) -> None:
    """The binomial test below the rule's number, chi-square of the corrected counts from there."""
    found = mcnemar(*pairs(b, c))
    assert (found.first_only, found.second_only, found.n) == (b, c, b + c + 9)
    assert found.exact == (b + c < EXACT_BELOW)
    if b == c:
        assert found.p == pytest.approx(1, abs=1e-9)
    elif found.exact:
        assert found.p == pytest.approx(binomtest(b, b + c).pvalue, abs=1e-9)
    else:
        nearer = np.sign(b - c) / 2
        expected = chisquare([b - nearer, c + nearer]).pvalue
        assert found.p == pytest.approx(expected, abs=1e-9)


def test_the_rule_joins_two_tests_that_agree() -> None:
    """Where it changes over, the two are within 0.01 of each other, whatever the counts."""
    for b in range(EXACT_BELOW + 1):
        exact = binomtest(b, EXACT_BELOW).pvalue
        assert mcnemar(*pairs(b, EXACT_BELOW - b)).p == pytest.approx(exact, abs=0.01)


def test_mcnemar_claims_too_much_in_at_most_one_of_twenty() -> None:
    """Two models that err independently and alike are told apart in at most 5 % of studies."""
    rng = np.random.default_rng(0)
    claims = [mcnemar(*(rng.random((2, 120)) < 0.85)).p < 0.05 for _ in range(2000)]
    assert 0.01 < np.mean(claims) <= 0.05


def test_mcnemar_refuses_unlike_cases() -> None:
    """Rows of unlike length, or none, are no pairs."""
    for first, second in (([True], [True, False]), ([], [])):
        with pytest.raises(ValueError, match="equal length"):
            mcnemar(first, second)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closed_test(p_values: list[float]) -> None:
    """An adjusted value is the largest Bonferroni value of any set of tests that holds it."""
    found = holm(p_values)
    for index in range(len(p_values)):
        sets = [
            chosen
            for size in range(1, len(p_values) + 1)
            for chosen in combinations(range(len(p_values)), size)
            if index in chosen
        ]
        expected = max(min(1.0, len(s) * min(p_values[i] for i in s)) for s in sets)
        assert found[index] == pytest.approx(expected, abs=1e-9)


def test_holm_leaves_out_what_was_not_tested() -> None:
    """NaN stays NaN and does not count; none at all is none; impossible values are refused."""
    assert holm([0.01, np.nan, 0.04])[[0, 2]].tolist() == pytest.approx([0.02, 0.04])
    assert np.isnan(holm([0.01, np.nan])[1])
    assert len(holm([])) == 0
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        holm([0.5, 1.5])


def test_holm_keeps_the_chance_of_any_false_claim() -> None:
    """Of ten tests without any difference, 5 % of studies claim one; without Holm 40 %."""
    p_values = np.random.default_rng(1).random((2000, 10))
    adjusted = np.array([holm(row).min() < 0.05 for row in p_values])
    assert adjusted.mean() < 0.065
    assert (p_values.min(axis=1) < 0.05).mean() > 0.35


def test_resampled_p_is_the_level_at_which_the_interval_touches_nil() -> None:
    """The interval of a smaller level excludes 0, that of a larger one holds it."""
    drawn = np.random.default_rng(2).normal(1.8, 1, 1999)
    p = resampled_p(drawn)
    assert 0.02 < p < 0.2
    assert percentile_interval(drawn, 1.8, 1 - p - 0.01)[0] > 0
    assert percentile_interval(drawn, 1.8, 1 - p + 0.01)[0] < 0
    assert resampled_p(-drawn) == p


def test_resampled_p_is_nearly_that_of_student() -> None:
    """For a mean of many cases."""
    rng = np.random.default_rng(3)
    for shift in (0.0, 0.1, 0.2):
        values = rng.normal(shift, 1, 200)
        means = rng.choice(values, (4000, 200)).mean(axis=1)
        assert resampled_p(means) == pytest.approx(ttest_1samp(values, 0).pvalue, abs=0.03)


def test_resampled_p_is_never_nil_nor_above_one() -> None:
    """No resample on the other side still leaves the data; equal models have 1."""
    assert resampled_p([1.0] * 99) == pytest.approx(0.02)
    assert resampled_p([0.0] * 99) == 1
    assert np.isnan(resampled_p([np.nan]))


def test_p_values_are_written_with_their_digits() -> None:
    """Never as nil."""
    assert [p_text(p) for p in (1.0, 0.05, 1e-9)] == ["1.00", "0.050", "< 0.001"]
