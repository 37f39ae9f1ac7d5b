"""A served model that needs no network: what it says follows from a picture's colours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from helpers.serving.apps.shared_model import SharedModel
from helpers.serving.cards.card import Card
from helpers.serving.model.operating_points import operating_points, write_operating
from support.odd_files import encode
from support.small_served import small_card


class RedGate:
    """Takes reddish pictures for dermoscopy and no others."""

    def accepts(self, variations: np.ndarray) -> np.ndarray:
        """Whether red is more than blue."""
        return variations[:, 0] > variations[:, 2]


class NoGate:
    """Takes nothing for dermoscopy."""

    def accepts(self, variations: np.ndarray) -> np.ndarray:
        """No picture is."""
        return np.zeros(len(variations), dtype=bool)


class ColourModel:
    """Answers as `ServedModel` does; the share of red is the probability of a melanoma."""

    def __init__(self, folder: Path, card: Card | None = None, gate: Any = None) -> None:
        self.folder = folder
        self.card = card or small_card()
        self.gate = gate
        self.asked: list[str] = []

    def predict(self, images: np.ndarray, face: str = "views") -> np.ndarray:
        """Probabilities that sum to 1."""
        self.asked.append("predict")
        means = images.mean(axis=(1, 2)) / 255
        classes = self.card.classes
        y_prob = np.full((len(images), len(classes)), 0.01)
        y_prob[:, classes.index("mel")] += means[:, 0]
        y_prob[:, classes.index("nv")] += means[:, 1]
        y_prob[:, classes.index("bkl")] += means[:, 2]
        return y_prob / y_prob.sum(axis=1, keepdims=True)

    def judge(self, images: np.ndarray, face: str = "views") -> tuple[np.ndarray, np.ndarray]:
        """What is predicted, and what the gate says of the mean colours."""
        accepted = np.ones(len(images), dtype=bool)
        if self.gate is not None:
            accepted = self.gate.accepts(images.mean(axis=(1, 2)))
        return self.predict(images, face), accepted

    def malignant(self, probabilities: np.ndarray, face: str = "views") -> np.ndarray:
        """Sum of the malignant classes."""
        places = [self.card.classes.index(name) for name in ("akiec", "bcc", "mel")]
        return probabilities[:, places].sum(axis=1)

    def heat_map(self, image: np.ndarray, class_index: int) -> np.ndarray:
        """Warm on the left."""
        self.asked.append(f"heat {class_index}")
        height, width = image.shape[:2]
        return np.tile(np.linspace(1, 0, width, dtype=np.float32), (height, 1))


def colour_desk(
    folder: Path, gate: Any = None, points: bool = True, card: Card | None = None
) -> SharedModel:
    """A shared with a `ColourModel`, in a folder with operating points."""
    if points:
        rng = np.random.default_rng(0)
        malignant = np.arange(200) % 3 == 0
        score = np.clip(rng.normal(0.3 + 0.4 * malignant, 0.2), 0, 1)
        write_operating(folder, {"views": operating_points(malignant, score)})
    return SharedModel(ColourModel(folder, card, gate), prepare=lambda model: None)  # type: ignore[arg-type]


def plain_picture(colour: Sequence[int], size: tuple[int, int] = (120, 90)) -> bytes:
    """A PNG of one colour."""
    return encode(Image.new("RGB", size, tuple(colour)))


RED, BLUE, GREEN = (200, 90, 70), (60, 80, 220), (90, 190, 60)


def table_of(rows: int) -> bytes:
    """A small metadata table."""
    frame = pd.DataFrame(
        {
            "lesion_id": [f"HAM_{i // 2}" for i in range(rows)],
            "image_id": [f"ISIC_{i}" for i in range(rows)],
            "dx": ["nv" if i % 2 else "mel" for i in range(rows)],
            "dx_type": "histo",
            "age": [30 + 5 * (i % 8) for i in range(rows)],
            "sex": ["male" if i % 3 else "" for i in range(rows)],
            "localization": "back",
        }
    )
    return frame.to_csv(index=False).encode()
