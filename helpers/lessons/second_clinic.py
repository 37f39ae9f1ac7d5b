"""What chapter 12 shows: the second clinic's folder, and one lesion by two cameras."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.dataset import read_image, resize_image
from helpers.sample import draw_second_clinic, second_camera

_DRAWN_AT = (450, 600)
_SHOWN = (150, 200)


def clinic_folder(folder: str | Path, n_images: int, seed: int) -> Path:
    """Folder of the second clinic, drawn where it is not there yet.

    Parameters
    ----------
    folder : str or Path
        Number of images and seed are added to its name, so that each has its own.
    n_images, seed : int
        See `helpers.sample.draw_second_clinic`.
    """
    folder = Path(folder)
    place = folder.with_name(f"{folder.name}-{n_images}-{seed}")
    return place if place.is_dir() else draw_second_clinic(place, n_images, seed)


def looks_of_both(
    catalogue: pd.DataFrame, seed: int, n_images: int = 5
) -> tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]]:
    """The same pictures by the first camera and by the second.

    Parameters
    ----------
    catalogue : DataFrame
        Of which pictures are drawn at random.
    seed : int
        Of the draw and of the rulers.
    n_images : int, default=5

    Returns
    -------
    first, second : list of ndarray of uint8 of shape (150, 200, 3)
    """
    rng = np.random.default_rng(seed)
    paths = catalogue["path"].sample(n_images, random_state=seed)
    first = [resize_image(read_image(path), _DRAWN_AT) for path in paths]
    second = [second_camera(picture, rng) for picture in first]
    return (
        [resize_image(picture, _SHOWN) for picture in first],
        [resize_image(picture, _SHOWN) for picture in second],
    )
