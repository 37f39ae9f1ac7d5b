"""Losses against their formulas in numpy."""

from __future__ import annotations

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
    loss = make_loss(make_config(loss="focal", focal_gamma=gamma, focal_alpha=alpha))
    each = -alpha * (1 - OF_TRUE) ** gamma * np.log(OF_TRUE)
    assert float(loss(ONE_HOT, Y_PROB)) == pytest.approx(each.mean(), rel=1e-4)
    weights = RNG.uniform(0.5, 3, 40).astype(np.float32)
    weighted = float(loss(ONE_HOT, Y_PROB, sample_weight=weights))
    assert weighted == pytest.approx((each * weights).mean(), rel=1e-4)


def test_cross_entropy_is_its_formula() -> None:
    """The default is the mean of -log(p), which the focal loss with a gamma of 2 is not."""
    plain = float(make_loss(make_config())(ONE_HOT, Y_PROB))
    assert plain == pytest.approx(-np.log(OF_TRUE).mean(), rel=1e-5)
    focal = make_loss(make_config(loss="focal", focal_alpha=1.0))
    assert float(focal(ONE_HOT, Y_PROB)) < 0.9 * plain


def test_gamma_turns_from_what_is_known() -> None:
    """A sure and right image counts less beside an unsure one, the more so the higher gamma."""
    y_prob = np.array([[0.9, 0.1], [0.3, 0.7]], np.float32)
    one_hot = np.array([[1, 0], [1, 0]], np.float32)
    shares = []
    for gamma in (0.0, 1.0, 2.0):
        loss = make_loss(make_config(target="malignant", loss="focal", focal_gamma=gamma))
        sure, unsure = (float(loss(one_hot[i : i + 1], y_prob[i : i + 1])) for i in (0, 1))
        shares.append(sure / unsure)
    assert shares[0] > shares[1] > shares[2]
