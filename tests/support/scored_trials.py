"""Configurations that are never trained, and trials whose predictions are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.core import CLASSES, write_json
from helpers.screening import with_probability
from helpers.training import Stage, Trial, TrialConfig
from support.predictions import make_screening_predictions


def make_config(name: str = "x", **fields: Any) -> TrialConfig:
    """A small configuration of defaults but for `fields`."""
    given = {"backbone": "MobileNet", "image_size": (32, 32), "stages": (Stage(),)} | fields
    return TrialConfig(name=name, **given)


def make_scored_trial(folder: Path, name: str, skill: float, **record: Any) -> Trial:
    """A trial that is right on about a share ``skill`` of 420 images."""
    rng = np.random.default_rng(1)
    y_true = np.tile(np.arange(len(CLASSES)), 60)
    prob = rng.dirichlet(np.ones(len(CLASSES)), len(y_true)) * 0.4
    right = rng.random(len(y_true)) < skill
    called = np.where(right, y_true, (y_true + 1) % len(CLASSES))
    prob[np.arange(len(y_true)), called] += 0.6
    table = pd.DataFrame(prob, columns=[f"p_{dx}" for dx in CLASSES])
    table["image_id"] = [f"i{n}" for n in range(len(table))]
    table["lesion_id"] = [f"l{n}" for n in range(len(table))]
    table["split"] = np.where(np.arange(len(table)) < len(table) // 2, "valid", "test")
    table["dx"], table["y_true"] = np.array(CLASSES)[y_true], y_true
    place = folder / name
    place.mkdir()
    table.to_parquet(place / "predictions.parquet")
    write_json(place / "trial.json", record)
    return Trial(place, make_config(name))


def make_screening_trial(folder: Path, name: str, noise: float) -> Trial:
    """A trial whose probabilities get worse with the noise."""
    table = make_screening_predictions(seed=3).assign(split="valid")
    logit = np.random.default_rng(5).normal(0, noise, len(table)) + 3 * table["y_true"] - 1.5
    place = folder / name
    place.mkdir()
    with_probability(table, 1 / (1 + np.exp(-logit))).to_parquet(place / "predictions.parquet")
    return Trial(place, make_config(name, target="malignant"))
