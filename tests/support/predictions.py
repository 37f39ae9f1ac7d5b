"""Predictions made up, of seven diagnoses and of benign and malignant."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.core import CLASSES, MALIGNANT
from helpers.evaluation.metrics import PROBABILITY_COLUMNS

COUNTS = (16, 22, 48, 6, 40, 260, 8)


def make_predictions(
    seed: int = 0, counts: tuple[int, ...] = COUNTS, skill: float = 2.0, ties: bool = False
) -> pd.DataFrame:
    """Draw predictions of lesions with one to three images that share their difficulty."""
    rng = np.random.default_rng(seed)
    lesion_class = np.repeat(np.arange(7), counts)
    lesion = np.repeat(np.arange(len(lesion_class)), rng.integers(1, 4, len(lesion_class)))
    y_true = lesion_class[lesion]
    shared = rng.normal(size=(len(lesion_class), 7))[lesion]
    logits = shared + 0.5 * rng.normal(size=(len(lesion), 7)) + skill * np.eye(7)[y_true]
    y_prob = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    if ties:
        y_prob = np.round(y_prob, 1) + 0.01
        y_prob /= y_prob.sum(axis=1, keepdims=True)
    table = pd.DataFrame(y_prob, columns=list(PROBABILITY_COLUMNS))
    table.insert(0, "image_id", [f"ISIC_{i:07d}" for i in range(len(lesion))])
    table.insert(1, "lesion_id", [f"HAM_{i:07d}" for i in lesion])
    table.insert(2, "split", "test")
    table.insert(3, "dx", np.array(CLASSES)[y_true])
    table.insert(4, "y_true", y_true)
    return table.sample(frac=1, random_state=seed).reset_index(drop=True)


def make_screening_predictions(
    n_lesions: int = 120, seed: int = 0, gap: float = 1.5
) -> pd.DataFrame:
    """Predictions of one to three images a lesion; `gap` is how well the kinds are apart."""
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 4, n_lesions)
    dx = np.repeat(rng.choice(CLASSES, n_lesions), size)
    malignant = np.isin(dx, list(MALIGNANT))
    logit = rng.normal(np.where(malignant, gap, -gap), 2).round(1)  # ties on purpose
    p = 1 / (1 + np.exp(-logit))
    return pd.DataFrame(
        {
            "image_id": [f"ISIC_{row:07d}" for row in range(len(dx))],
            "lesion_id": np.repeat([f"HAM_{i}" for i in range(n_lesions)], size),
            "dx": dx,
            "split": "test",
            "y_true": malignant.astype(int),
            "p_benign": 1 - p,
            "p_malignant": p,
        }
    )
