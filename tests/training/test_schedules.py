"""Rates and ends of stages follow from the history, as Keras' callbacks would have it."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.training.configuration import Stage, TrialConfig
from helpers.training.schedules import cosine_rate, epochs_without_gain, is_over, plateau_rate


def make_config(**fields: object) -> TrialConfig:
    """A configuration with the patience that the tests count on."""
    options = {"early_stopping_patience": 3, "reduce_lr_patience": 2, "reduce_lr_factor": 0.5}
    return TrialConfig(
        name="x",
        backbone="MobileNet",
        image_size=(32, 32),
        stages=(Stage(learning_rate=0.1, epochs=8),),
        **(options | fields),
    )


def rows(*values: float, name: str = "val_loss") -> list[dict[str, float]]:
    """A history of one score."""
    return [{name: value} for value in values]


def test_rate_falls_as_kerass_callback_lets_it() -> None:
    """Epoch by epoch the rate is that of ReduceLROnPlateau on the same scores."""
    import keras

    losses = [1.0, 0.9, 0.95, 0.93, 0.92, 0.91, 0.8, 0.85, 0.86, 0.87]
    config = make_config()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss="mse")
    callback = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=2, min_delta=0.0)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in range(len(losses)):
        callback.on_epoch_end(epoch, {"val_loss": losses[epoch]})
        expected = float(np.asarray(model.optimizer.learning_rate))
        found = plateau_rate(config, config.stages[0], rows(*losses[: epoch + 1]))
        assert found == pytest.approx(expected), epoch


def test_the_rate_has_a_floor() -> None:
    """As ``min_lr`` of ReduceLROnPlateau; a rate that begins below it stays where it is."""
    worse = rows(1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8)
    config = make_config(least_learning_rate=0.03)
    assert plateau_rate(config, config.stages[0], worse[:5]) == pytest.approx(0.03)
    assert plateau_rate(config, config.stages[0], worse) == pytest.approx(0.03)
    config = make_config(least_learning_rate=0.5)
    assert plateau_rate(config, config.stages[0], worse) == pytest.approx(0.1)


def test_a_stage_ends_with_its_epochs_or_its_patience() -> None:
    """Neither before nor after; a gain starts the count again."""
    config = make_config()
    stage = config.stages[0]
    assert not is_over(config, stage, [])
    assert not is_over(config, stage, rows(1.0, 1.1, 1.1))
    assert is_over(config, stage, rows(1.0, 1.1, 1.1, 1.0))  # an equal score is no gain
    assert not is_over(config, stage, rows(1.0, 1.1, 1.1, 0.9))
    assert is_over(config, stage, rows(*np.linspace(1, 0.1, 8)))


def test_accuracy_gains_upwards() -> None:
    """What is better depends on the score that is monitored."""
    config = make_config(monitor="val_accuracy")
    assert epochs_without_gain(config, rows(0.5, 0.6, 0.55, name="val_accuracy")) == 1


def test_cosine_starts_at_the_rate_and_ends_near_nothing() -> None:
    """It never rises."""
    stage = Stage(learning_rate=0.1, decay="cosine")
    rates = [cosine_rate(stage, step, 50) for step in range(50)]
    assert rates[0] == 0.1 and rates[-1] < 0.001
    assert rates == sorted(rates, reverse=True)
