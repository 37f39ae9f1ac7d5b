"""Correction to another share of malignant images, against counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.screening.prevalence import precision_at, prior_corrected

PRIORS = st.floats(0.01, 0.99)


@pytest.mark.parametrize(("prior_train", "prior_real"), [(0.5, 0.02), (0.5, 0.195), (0.2, 0.7)])
def test_correction_is_bayes_by_counting(prior_train: float, prior_real: float) -> None:
    """Among lesions that look the same, the corrected probability is the share of malignant ones.

    Three looks with known shares in each kind; a population of each prior is counted out.
    """
    looks_of_malignant = np.array([0.1, 0.3, 0.6])
    looks_of_benign = np.array([0.7, 0.25, 0.05])

    def counted(prior: float) -> np.ndarray:
        malignant = 1_000_000 * prior * looks_of_malignant
        benign = 1_000_000 * (1 - prior) * looks_of_benign
        return malignant / (malignant + benign)

    corrected = prior_corrected(counted(prior_train), prior_train, prior_real)
    np.testing.assert_allclose(corrected, counted(prior_real), rtol=1e-12)
    assert not np.allclose(counted(prior_train), counted(prior_real), atol=0.05)


def test_correction_calibrates_a_simulated_model() -> None:
    """A model that is right at one half is right at one in twenty after correction."""
    rng = np.random.default_rng(0)
    malignant = rng.random(200_000) < 0.05
    x = rng.normal(np.where(malignant, 1.0, -1.0))
    p_train = 1 / (1 + np.exp(-2 * x))  # exact for equal shares
    p = prior_corrected(p_train, 0.5, 0.05)
    for low, high in ((0.02, 0.1), (0.1, 0.3), (0.3, 0.7)):
        here = (p >= low) & (p < high)
        assert p[here].mean() == pytest.approx(malignant[here].mean(), abs=0.02)
    assert p_train.mean() > 2 * malignant.mean(), "uncorrected it is far too high"


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=20), train=PRIORS, real=PRIORS)
def test_correction_keeps_order_and_can_be_undone(
    p: list[float], train: float, real: float
) -> None:
    """It rises with the probability, stays in [0, 1], and the reverse correction undoes it."""
    ordered = np.sort(np.array(p))
    corrected = prior_corrected(ordered, train, real)
    assert (corrected >= 0).all() and (corrected <= 1).all()
    assert (np.diff(corrected) >= -1e-12).all()
    np.testing.assert_allclose(prior_corrected(corrected, real, train), ordered, atol=1e-7)
    np.testing.assert_allclose(prior_corrected(ordered, train, train), ordered, atol=1e-12)


@pytest.mark.parametrize(
    "arguments", [([0.5], 0, 0.5), ([0.5], 0.5, 1), ([1.2], 0.5, 0.5), ([np.nan], 0.5, 0.5)]
)
def test_bad_numbers_are_told(arguments: tuple[list[float], float, float]) -> None:
    """A prior of 0 or 1, and what is no probability, are errors."""
    with pytest.raises(ValueError, match="expected"):
        prior_corrected(*arguments)


def test_precision_at_a_prevalence_is_counting() -> None:
    """Of 10,000 people with 200 malignant: finds over calls; undefined where nobody is called."""
    finds, alarms = 200 * 0.9, 9800 * 0.2
    assert precision_at(0.9, 0.8, 0.02) == pytest.approx(finds / (finds + alarms))
    assert np.isnan(precision_at(0, 1, 0.02))
