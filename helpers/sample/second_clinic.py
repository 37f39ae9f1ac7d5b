"""A second clinic: other patients, another camera and light, more rulers, more malignant lesions.

A model meets such a place after it was made. Here everything that changes is known: the lesions are
drawn by the same criteria, from another seed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import atomic_folder
from helpers.sample.artefacts import add_ruler
from helpers.sample.canvas import Field
from helpers.sample.folder import PARTS, draw_sample

GAINS = (0.80, 0.96, 1.12)
"""The second camera's R, G and B beside the first's: a cold light."""

GAMMA = 1.25
"""Its tone curve: darker middle tones."""

BLUR = 1.1
"""Softness of its lens, a standard deviation in pixels of 600x450."""

RULERS = 0.6
"""Share of its pictures with a ruler, whatever the diagnosis."""

NEVI_KEPT = 0.35
"""Share of the nevi that are seen there: general practitioners have sent the others home."""

IMAGES, TRUTH = "images", "truth.csv"
"""What a second clinic's folder holds."""

_QUALITY = 92


def second_camera(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The same picture as the second clinic would have taken it.

    Parameters
    ----------
    picture : ndarray of uint8 of shape (450, 600, 3)
        RGB.
    rng : numpy.random.Generator
        Says whether there is a ruler, and where.

    Returns
    -------
    ndarray of uint8 of shape (450, 600, 3)
    """
    seen: Field = picture.astype(np.float32)
    if rng.random() < RULERS:
        add_ruler(rng, seen)
    seen = np.float32(255) * (np.clip(seen, 0, 255) / np.float32(255)) ** np.float32(GAMMA)
    seen *= np.array(GAINS, dtype=np.float32)
    seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), BLUR), dtype=np.float32)
    return (np.clip(seen, 0, 255) + 0.5).astype(np.uint8)


def draw_second_clinic(folder: str | Path, n_images: int = 200, seed: int = 0) -> Path:
    """Draw the pictures of a second clinic and their truth.

    Parameters
    ----------
    folder : str or Path
        Is written under a temporary name and renamed when it is complete; an earlier one is
        replaced.
    n_images : int, default=200
        Pictures that are drawn, at least 42; fewer stay, because most nevi are left out.
    seed : int, default=0
        Of the sample that the model learned from: the second clinic's patients are others.

    Returns
    -------
    Path
        ``folder``: ``images/`` and ``truth.csv`` with ``image_id, lesion_id, dx, dataset``.
    """
    folder = Path(folder)
    with tempfile.TemporaryDirectory() as place:
        drawn = draw_sample(Path(place) / "first", n_images=n_images, seed=seed + 7919)
        rows = pd.read_csv(drawn / "HAM10000_metadata.csv")
        rng = np.random.default_rng([seed, 7919])
        nevi = rows.loc[rows["dx"] == "nv", "lesion_id"].drop_duplicates()
        sent_home = nevi[rng.permutation(len(nevi)) >= max(2, round(NEVI_KEPT * len(nevi)))]
        rows = rows[~rows["lesion_id"].isin(sent_home)].reset_index(drop=True)
        truth = pd.DataFrame(
            {
                "image_id": rows["image_id"].str.replace("ISIC_", "CLINIC_"),
                "lesion_id": rows["lesion_id"].str.replace("HAM_", "PATIENT_"),
                "dx": rows["dx"],
                "dataset": "second_clinic",
            }
        )
        with atomic_folder(folder) as made:
            (made / IMAGES).mkdir()
            for old, new in zip(rows["image_id"], truth["image_id"], strict=True):
                path = next(drawn / part / f"{old}.jpg" for part in PARTS
                            if (drawn / part / f"{old}.jpg").is_file())  # fmt: skip
                picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
                assert picture is not None  # it was drawn a moment ago
                seen = second_camera(np.asarray(picture, dtype=np.uint8), rng)
                options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
                data = cv2.imencode(".jpg", seen[:, :, ::-1], options)[1].tobytes()
                (made / IMAGES / f"{new}.jpg").write_bytes(data)
            truth.to_csv(made / TRUTH, index=False)
    return folder
