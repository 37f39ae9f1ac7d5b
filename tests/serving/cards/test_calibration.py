"""Temperature scaling: finds what the probabilities were spoilt by, and changes no order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from helpers.core.classes import CLASSES
from helpers.serving.cards import frequencies_to_restore, make_face
from helpers.serving.cards.calibration import (
    BOUNDS,
    apply_temperature,
    fit_temperature,
    fit_weights,
    log_loss,
    weigh_classes,
)
from helpers.training import Stage, TrialConfig


def _drawn(temperature: float, n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Classes drawn from known probabilities, and what an overconfident model says of them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 7))
    true = softmax(logits, axis=1)
    y = (true.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return y, softmax(logits * temperature, axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_spoilt_is_found(temperature: float) -> None:
    """Logits that were multiplied by T are mended by T, within what 4,000 images tell."""
    y, y_prob = _drawn(temperature)
    assert fit_temperature(y, y_prob) == pytest.approx(temperature, rel=0.08)


def test_the_loss_is_least_at_the_found_temperature() -> None:
    """A little warmer or colder is worse."""
    y, y_prob = _drawn(2.0)
    found = fit_temperature(y, y_prob)
    best = log_loss(y, apply_temperature(y_prob, found))
    assert best < log_loss(y, y_prob)
    for other in (found * 0.95, found * 1.05):
        assert best < log_loss(y, apply_temperature(y_prob, other))


@settings(max_examples=50)
@given(st.floats(0.05, 20), st.integers(0, 1000))
def test_rows_sum_to_one_and_keep_their_order(temperature: float, seed: int) -> None:
    """Whatever the temperature: what was likelier stays likelier (or equal, when rounded)."""
    y_prob = softmax(np.random.default_rng(seed).normal(0, 3, (5, 7)), axis=1)
    scaled = apply_temperature(y_prob, temperature)
    np.testing.assert_allclose(scaled.sum(axis=1), 1)
    order = np.argsort(y_prob, axis=1)
    assert (np.diff(np.take_along_axis(scaled, order, axis=1), axis=1) >= 0).all()


def test_one_changes_nothing_and_more_softens() -> None:
    """At 1 the probabilities stay; above, the largest falls; below, it rises."""
    y_prob = np.array([[0.7, 0.2, 0.1]])
    np.testing.assert_allclose(apply_temperature(y_prob, 1.0), y_prob)
    assert apply_temperature(y_prob, 2.0)[0, 0] < 0.7 < apply_temperature(y_prob, 0.5)[0, 0]


def test_it_is_the_softmax_of_scaled_logits() -> None:
    """From probabilities and from logits the same comes out."""
    logits = np.random.default_rng(1).normal(size=(6, 7))
    expected = softmax(logits / 1.7, axis=1)
    np.testing.assert_allclose(apply_temperature(softmax(logits, axis=1), 1.7), expected)


def test_a_probability_of_nothing_is_no_trouble() -> None:
    """A rounded 0, also of the true class, gives finite numbers."""
    y_prob = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], dtype=np.float32)
    assert np.isfinite(apply_temperature(y_prob, 3.0)).all()
    assert np.isfinite(fit_temperature([1, 1], y_prob))


def test_a_perfect_model_gets_the_lowest_temperature() -> None:
    """Where surer is always better, the search ends near its bound, not at nothing."""
    y_prob = np.full((30, 3), 0.1)
    y = np.arange(30) % 3
    y_prob[np.arange(30), y] = 0.8
    assert BOUNDS[0] <= fit_temperature(y, y_prob) < 0.1


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_no_temperature_is_refused(temperature: float) -> None:
    """What cannot be divided by is told."""
    with pytest.raises(ValueError, match="temperature"):
        apply_temperature([[0.5, 0.5]], temperature)


@pytest.mark.parametrize(
    ("y", "y_prob"),
    [
        ([], np.empty((0, 3))),
        ([0], np.full((2, 3), 1 / 3)),
        ([3], np.full((1, 3), 1 / 3)),
        ([-1], np.full((1, 3), 1 / 3)),
        ([0], np.array([[np.nan, 0.5, 0.5]])),
        ([0], np.array([[2.0, -1.0, 0.0]])),
        ([0], np.array([0.2, 0.8])),
    ],
)
def test_what_cannot_be_calibrated_is_refused(y: list[int], y_prob: np.ndarray) -> None:
    """No images, unequal numbers, unknown classes, logits instead of probabilities."""
    with pytest.raises(ValueError, match="expected"):
        fit_temperature(y, y_prob)


FREQUENT = np.array([0.033, 0.051, 0.11, 0.011, 0.111, 0.67, 0.014])
MALIGNANT = [0, 1, 4]


def _balanced(n: int = 6000, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Classes as frequent as above, and what a model says that takes all to be equally so."""
    rng = np.random.default_rng(seed)
    y = rng.choice(7, n, p=FREQUENT)
    signs = rng.normal(0, 1, (n, 7)) + 1.2 * np.eye(7)[y]
    return y, softmax(1.2 * signs, axis=1)


def test_frequencies_are_put_back_as_far_as_they_were_taken_out() -> None:
    """By Bayes' rule to the power of 1, and to none where the probabilities hold them already."""
    y, y_prob = _balanced()
    is_one = np.isin(y, MALIGNANT)
    weights = fit_weights(is_one, y_prob, FREQUENT, MALIGNANT)
    power = np.log(weights[3] / weights[5]) / np.log(FREQUENT[3] / FREQUENT[5])
    assert power == pytest.approx(1, abs=0.1) and weights.max() == 1
    natural = weigh_classes(y_prob, FREQUENT)
    np.testing.assert_allclose(fit_weights(is_one, natural, FREQUENT, MALIGNANT), 1, atol=0.15)
    with pytest.raises(ValueError, match="above 0"):
        fit_weights(is_one, y_prob, [0, *FREQUENT[1:]], MALIGNANT)


def test_equal_weights_change_nothing_and_others_pull() -> None:
    """Rows sum to 1; the unit of the weights does not count."""
    y_prob = np.array([[0.6, 0.3, 0.1]])
    np.testing.assert_allclose(weigh_classes(y_prob, [5, 5, 5]), y_prob)
    pulled = weigh_classes(y_prob, [1, 1, 8])
    np.testing.assert_allclose(pulled, weigh_classes(y_prob, [0.1, 0.1, 0.8]))
    assert pulled[0, 2] > y_prob[0, 2] and pulled.sum() == pytest.approx(1)


def test_a_face_weighs_where_training_took_frequencies_out() -> None:
    """Its malignant scores get better, its diagnoses stay as they were."""
    y, y_prob = _balanced(3000)
    table = pd.DataFrame(y_prob, columns=[f"p_{dx}" for dx in CLASSES]).assign(
        image_id=[f"i{place}" for place in range(len(y))],
        lesion_id=[f"l{place}" for place in range(len(y))],
        dx=[CLASSES[place] for place in y],
        y_true=y,
        split="valid",
    )
    stages = (Stage(trainable="head", epochs=1),)
    plain = TrialConfig(name="a", backbone="SmallNetwork", image_size=(32, 32), stages=stages)
    assert frequencies_to_restore(plain, table) is None
    adjusted = plain.model_copy(update={"logit_adjustment": 1.0})
    frequencies = frequencies_to_restore(adjusted, table)
    assert frequencies is not None
    np.testing.assert_allclose(frequencies, np.bincount(y) / len(y))
    before = make_face(table, None)
    after = make_face(table, None, frequencies=frequencies)
    assert before.class_weights is None and after.class_weights is not None
    one, other = before.scores["valid"], after.scores["valid"]
    assert other["malignant_auc"].value > one["malignant_auc"].value + 0.005
    assert other["specificity"].value > one["specificity"].value
    for name in ("balanced_accuracy", "brier_score", "recall_mel"):
        assert other[name] == one[name]
