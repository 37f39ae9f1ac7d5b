"""Losses against their formulas in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.scored_trials import make_config

from helpers.training.losses import make_loss

RNG = np.random.default_rng(0)
Y_PROB = RNG.dirichlet(np.ones(7), 40).astype(np.float32)
Y = RNG.integers(0, 7, 40)
ONE_HOT = np.eye(7, dtype=np.float32)[Y]
OF_TRUE = Y_PROB[np.arange(40), Y].astype(float)


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, 0.25), (0.0, 1.0), (0.5, 0.75), (5.0, 0.25)])
def test_focal_loss_is_its_formula(gamma: float, alpha: float) -> None:
    """The mean of -alpha (1 - p) ** gamma log(p), weighted by image where weights are given."""
    loss = make_loss(make_config(loss="focal", focal_gamma=gamma, focal_alpha=alpha), Y)
    each = -alpha * (1 - OF_TRUE) ** gamma * np.log(OF_TRUE)
    assert float(loss(ONE_HOT, Y_PROB)) == pytest.approx(each.mean(), rel=1e-4)
    weights = RNG.uniform(0.5, 3, 40).astype(np.float32)
    weighted = float(loss(ONE_HOT, Y_PROB, sample_weight=weights))
    assert weighted == pytest.approx((each * weights).mean(), rel=1e-4)


def test_cross_entropy_is_its_formula() -> None:
    """The default is the mean of -log(p), which the focal loss with a gamma of 2 is not."""
    plain = float(make_loss(make_config(), Y)(ONE_HOT, Y_PROB))
    assert plain == pytest.approx(-np.log(OF_TRUE).mean(), rel=1e-5)
    focal = make_loss(make_config(loss="focal", focal_alpha=1.0), Y)
    assert float(focal(ONE_HOT, Y_PROB)) < 0.9 * plain


def test_logit_adjustment_is_its_formula() -> None:
    """The mean of -log(q), q proportional to p times the class's share to the power tau."""
    y = np.array([0] * 10 + [1] * 5 + [2, 3, 4, 5])  # no image of the last class
    shares = np.array([10, 5, 1, 1, 1, 1, 0.5]) / 19.5
    for tau in (0.5, 1.0):
        q = Y_PROB * shares**tau
        q /= q.sum(axis=1, keepdims=True)
        each = -np.log(q[np.arange(40), Y])
        loss = make_loss(make_config(logit_adjustment=tau), y)
        np.testing.assert_allclose(np.asarray(loss(ONE_HOT, Y_PROB)), each, rtol=1e-4)


def test_logit_adjustment_moves_the_answer_to_rare_classes() -> None:
    """Of two classes that look alike, the network says "equally likely" at a tau of 1."""
    import keras

    y = np.array([0] * 90 + [1] * 10)
    found = []
    for tau in (0.0, 1.0):
        config = make_config(target="malignant", logit_adjustment=tau)
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, "softmax")])
        model.compile(optimizer=keras.optimizers.Adam(0.1), loss=make_loss(config, y))
        one_hot = np.tile(np.eye(2, dtype=np.float32)[y], (150, 1))  # an epoch of 150 whole batches
        model.fit(np.ones((15_000, 1)), one_hot, batch_size=100, shuffle=False, verbose=0)
        found.append(float(model.predict(np.ones((1, 1)), verbose=0)[0, 1]))
    assert found == pytest.approx([0.1, 0.5], abs=0.02)


def step_of(loss: Any, gap: float) -> tuple[float, np.ndarray]:
    """Loss of one image whose true class lies `gap` below the best logit, and the step it causes.

    A step of plain gradient descent at a rate of 1, so that the step is the gradient of the logits.
    """
    import keras

    logits = np.zeros((1, 7), np.float32)
    logits[0, 0] = -gap
    dense = keras.layers.Dense(7, activation="softmax", use_bias=False)
    model = keras.Sequential([keras.Input((1,)), dense])
    dense.set_weights([logits])
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss=loss)
    value = model.train_on_batch(np.ones((1, 1), np.float32), np.eye(7, dtype=np.float32)[:1])
    return float(value), logits - dense.get_weights()[0]


def test_without_gamma_the_focal_loss_is_the_cross_entropy_down_to_epsilon() -> None:
    """Value and gradient are equal above a probability of 1e-7; below it only one still teaches."""
    plain = make_loss(make_config(), Y)
    focal = make_loss(make_config(loss="focal", focal_gamma=0.0, focal_alpha=1.0), Y)
    above, below = 12.0, 18.0  # probabilities of 1e-6 and 2.5e-9
    (value, gradient), (focal_value, focal_gradient) = (step_of(x, above) for x in (plain, focal))
    assert focal_value == pytest.approx(value, rel=1e-5)
    np.testing.assert_allclose(focal_gradient, gradient, atol=1e-5)
    value, gradient = step_of(plain, below)
    assert value == pytest.approx(below + np.log(6), rel=1e-5)
    assert gradient[0, 0] == pytest.approx(-1, abs=1e-5)
    focal_value, focal_gradient = step_of(focal, below)
    assert focal_value == pytest.approx(-np.log(1e-7), rel=1e-5)
    assert not focal_gradient.any()


def test_gamma_turns_from_what_is_known() -> None:
    """A sure and right image counts less beside an unsure one, the more so the higher gamma."""
    y_prob = np.array([[0.9, 0.1], [0.3, 0.7]], np.float32)
    one_hot = np.array([[1, 0], [1, 0]], np.float32)
    shares = []
    for gamma in (0.0, 1.0, 2.0):
        loss = make_loss(make_config(target="malignant", loss="focal", focal_gamma=gamma), Y)
        sure, unsure = (float(loss(one_hot[i : i + 1], y_prob[i : i + 1])) for i in (0, 1))
        shares.append(sure / unsure)
    assert shares[0] > shares[1] > shares[2]
