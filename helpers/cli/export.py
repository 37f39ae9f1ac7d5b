"""What ``dermbook export`` does: find the model and its images, and export."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import ROOT, ConfigError, writable
from helpers.dataset import load_catalogue, open_source, prepare_image, read_image
from helpers.serving.exports import REPRESENTATIVE_IMAGES, Export, export_model
from helpers.serving.model import open_model

CHECKED_IMAGES = 32
SEED = 0


def export_named(
    spec: str | None, to: str, precision: str, out: Path | None, source: str | None
) -> Export:
    """Export a model that a person named.

    Parameters
    ----------
    spec : str or None
        A folder with ``model.json``, the key or name of a trial, or None for the model in the
        box.
    to, precision : str
        See `helpers.serving.exports.export.export_model`.
    out : Path or None
        Where to; a folder in ``runs/exports`` where None.
    source : str or None
        Where images to check with and, for "int8", to take ranges from are; see
        `helpers.dataset.sources.open_source`. Spots of colour serve for a check where None.

    Returns
    -------
    Export

    Raises
    ------
    ConfigError
        If the model is unknown, "int8" has no source, or the export fails.
    """
    served = open_model(spec)
    folder = out or ROOT / "runs" / "exports" / f"{file_name(served.card.name)}-{to}-{precision}"
    writable(folder.parent)
    images = representative = None
    if source is not None:
        catalogue = load_catalogue(open_source(source))
        checked, training = pick_images(catalogue, training_lesions(served))
        images = read_images(served.card, checked)
        representative = read_images(served.card, training) if precision == "int8" else None
    elif precision == "int8":
        raise ConfigError(
            "export with int8: expected the images that the model was trained on, to take ranges "
            "of values from them, but got none; name them, as in '--source sample'"
        )
    return export_model(
        served, to, folder, precision=precision, images=images, representative=representative
    )


def training_lesions(served: Any) -> set[str]:
    """Lesions that a trial's model learned from; empty where that is not known."""
    folder = Path(served.folder)
    table = folder.with_name(f"{folder.name}.parquet")
    if not table.is_file():
        return set()
    rows = pd.read_parquet(table, columns=["lesion_id", "split"])
    return set(rows.loc[rows["split"].astype(str) == "train", "lesion_id"])


def pick_images(
    catalogue: pd.DataFrame, learned: set[str], seed: int = SEED
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw images to check an export with, and others to take the ranges of values from.

    Parameters
    ----------
    catalogue : DataFrame
        Of one source.
    learned : set of str
        Lesions of the model's training images: those are for ranges, the others for checking.
        Where the catalogue has none of them, or no others, both are drawn from all.
    seed : int, default=0
        Of the draw.

    Returns
    -------
    checked, training : DataFrame
        At most `CHECKED_IMAGES` and `REPRESENTATIVE_IMAGES` rows.
    """
    rows = catalogue.sample(frac=1.0, random_state=seed)
    inside = rows["lesion_id"].isin(learned)
    if inside.all() or not inside.any():
        return rows.head(CHECKED_IMAGES), rows.head(REPRESENTATIVE_IMAGES)
    return rows[~inside].head(CHECKED_IMAGES), rows[inside].head(REPRESENTATIVE_IMAGES)


def read_images(card: Any, rows: pd.DataFrame) -> NDArray[np.uint8]:
    """Images as the model wants them, shape (len(rows), height, width, 3)."""
    size = (int(card.image_size[0]), int(card.image_size[1]))
    return np.stack([prepare_image(read_image(path), size, card.clahe) for path in rows["path"]])


def file_name(name: str) -> str:
    """A name of letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "model"
