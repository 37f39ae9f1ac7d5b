"""A model to be served, as the box holds one, but with a random head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers.core.classes import CLASSES
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.decoding import read_image
from helpers.dataset.sources import Source
from helpers.evaluation.test_time_augmentation import OBLONG_VIEWS
from helpers.serving.cards.card import Card, Face, Score
from helpers.serving.model.opening import write_served
from helpers.serving.model.out_of_distribution import fit_gate
from helpers.serving.uploads.pictures import fit_picture
from support.made_once import made_once

IMAGE_SIZE = (144, 192)


def small_card(**fields: object) -> Card:
    """A card with numbers that no training gave."""
    score = Score(value=0.7, low=0.6, high=0.8, n=100)
    scores = {
        split: {"accuracy": score, "balanced_accuracy": score, "malignant_auc": score}
        for split in ("valid", "test")
    }

    def face(views: tuple[str, ...], temperature: float, threshold: float) -> Face:
        return Face(
            views=views,
            temperature=temperature,
            malignant_threshold=threshold,
            wanted_sensitivity=0.9,
            scores=scores,  # type: ignore[arg-type]
        )

    values: dict[str, object] = {
        "name": "Small model for tests",
        "trial": "efficientnetlite0-0123456789abcdef",
        "classes": CLASSES,
        "target": "diagnosis",
        "image_size": IMAGE_SIZE,
        "licence": "For tests.",
        "notice": "Its head is random: what it says means nothing.",
        "faces": {
            "single": face(("identity",), 0.6, 0.4),
            "views": face(OBLONG_VIEWS, 0.5, 0.35),
        },
        "training": {"backbone": "EfficientNetLite0", "head": "linear", "weights": "imagenet"},
        "data": {"source": "none", "splits": {"test": {"images": 100, "lesions": 80}}},
        "versions": {"keras": "3"},
    }
    return Card(**values | fields)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def small_served(common: Path, tiny_source: Source) -> Path:
    """Folder of a served EfficientNetLite0 with ImageNet weights and a random head.

    Its gate knows the drawn sample: such pictures are accepted, photographs are not.
    """
    return made_once(common, "served", lambda folder: _write_small(folder, tiny_source))


def _write_small(folder: Path, source: Source) -> None:
    import keras

    from helpers.models.build import build_model

    keras.utils.set_random_seed(0)
    model = build_model("EfficientNetLite0", IMAGE_SIZE, weights="imagenet", head="linear")
    served = write_served(folder, model, small_card())
    catalogue = load_catalogue(source)
    drawn = np.stack([fit_picture(read_image(path), IMAGE_SIZE) for path in catalogue["path"]])
    gate = fit_gate(served.variations(drawn), catalogue["lesion_id"].to_numpy())
    write_served(folder, model, small_card(), gate)
