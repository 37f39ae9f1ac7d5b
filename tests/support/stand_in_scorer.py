"""A scorer without a network, and labelled folders for it: quick enough for every fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from helpers.core.classes import CLASSES
from helpers.dataset.truth_tables import CHALLENGE_CLASSES
from helpers.serving.cards.card import Card
from support.small_served import small_card


class StandInGate:
    """Refuses pictures whose first number is above a threshold."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def accepts(self, variations: np.ndarray) -> np.ndarray:
        """Whether each picture may be answered."""
        return variations[:, 0] <= self.threshold


@dataclass
class StandIn:
    """Says the class whose colour level a picture has, the surer the nearer it is."""

    card: Card = field(default_factory=small_card)
    gate: Any = field(default_factory=lambda: StandInGate(220.0))

    def answer(self, images: np.ndarray, face: str = "views") -> tuple[np.ndarray, Any]:
        """Probabilities by the mean red, and the mean green for the gate."""
        assert images.dtype == np.uint8 and images.shape[1:] == (*self.card.image_size, 3)
        red, green = images[..., 0].mean(axis=(1, 2)), images[..., 1].mean(axis=(1, 2))
        n_classes = len(self.card.classes)
        levels = 20 + 200 * np.arange(n_classes) / n_classes
        logits = -np.abs(red[:, None] - levels) / 12
        y_prob = np.exp(logits - logits.max(axis=1, keepdims=True))
        y_prob /= y_prob.sum(axis=1, keepdims=True)
        return y_prob, None if self.gate is None else green[:, None]


def level_of(dx: str) -> float:
    """The red that the stand-in takes for a class."""
    return 20 + 200 * CLASSES.index(dx) / len(CLASSES)


def labelled_rows(lesions_per_class: int = 4) -> pd.DataFrame:
    """Rows in HAM10000's layout, every second lesion with two images, in two cohorts."""
    rows = []
    for dx in CLASSES:
        for lesion in range(lesions_per_class):
            for _ in range(1 + lesion % 2):
                rows.append(
                    {
                        "lesion_id": f"CLINIC_{dx}_{lesion}",
                        "image_id": f"ISIC_{5000000 + len(rows)}",
                        "dx": dx,
                        "dataset": ("here", "elsewhere")[lesion // 2 % 2],
                    }
                )
    return pd.DataFrame(rows)


def one_hot(rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows as the challenge's truth table."""
    table = pd.DataFrame({"image": rows["image_id"]})
    for dx in CHALLENGE_CLASSES:
        table[dx.upper()] = (rows["dx"] == dx).astype(float)
    return table


def write_pictures(
    folder: Path, rows: pd.DataFrame, size: tuple[int, int] = (64, 48), seed: int = 0
) -> Path:
    """Pictures near their class's level, ``size`` in (width, height); the first is all green."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for number, row in enumerate(rows.itertuples()):
        red = np.clip(level_of(str(row.dx)) + rng.normal(0, 18), 0, 255)
        green = 250 if number == 0 else 90
        picture = np.full((size[1], size[0], 3), (40, green, red), np.uint8)  # OpenCV: BGR
        cv2.imwrite(str(folder / f"{row.image_id}.jpg"), picture)
    return folder
