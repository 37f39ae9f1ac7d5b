"""Studies drawn again and again from known truth, to see how often an interval holds it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.evaluation.metrics import Scored
from helpers.statistics import Estimate

LESIONS = (14, 16, 24, 12, 20, 50, 14)
"""Lesions of each class in one study: 150, with 300 images on average."""


def draw_scored(seed: int, lesions: tuple[int, ...] = LESIONS, noise: float = 0.5) -> Scored:
    """Predictions of lesions with one to three images that share their difficulty."""
    rng = np.random.default_rng(seed)
    lesion_class = np.repeat(np.arange(7), lesions)
    lesion = np.repeat(np.arange(len(lesion_class)), rng.integers(1, 4, len(lesion_class)))
    y_true = lesion_class[lesion]
    logits = rng.normal(size=(len(lesion_class), 7))[lesion] + 2 * np.eye(7)[y_true]
    logits += noise * rng.normal(size=(len(lesion), 7))
    y_prob = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = np.arange(len(lesion)).astype(str).astype(object)
    return Scored(names, y_true, y_prob.argmax(axis=1), y_prob, lesion, lesion_class)


def as_table(scored: Scored, columns: Iterable[str]) -> pd.DataFrame:
    """The same as a table of malignant against benign."""
    malignant = np.isin(scored.y_true, [0, 1, 4])
    p = scored.y_prob[:, [0, 1, 4]].sum(axis=1)
    table = pd.DataFrame({"image_id": scored.image_id, "lesion_id": scored.lesion.astype(str)})
    table["dx"] = np.array(["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"])[scored.y_true]
    table = table.assign(y_true=malignant.astype(int), p_benign=1 - p, p_malignant=p)
    return table[list(columns)]


class Held:
    """Counts how often intervals hold what is true."""

    def __init__(self, truth: dict[str, float]) -> None:
        self.truth = truth
        self.hits = dict.fromkeys(truth, 0)
        self.n = 0

    def add(self, found: dict[str, Estimate]) -> None:
        """Count one study."""
        self.n += 1
        for name, value in self.truth.items():
            self.hits[name] += found[name].low <= value <= found[name].high

    @property
    def shares(self) -> dict[str, float]:
        """How often each truth was held."""
        return {name: hits / self.n for name, hits in self.hits.items()}


def mean_of(values: list[NDArray[np.float64]]) -> float:
    """Mean over the parts of a truth that is computed in parts."""
    return float(np.mean(values))
