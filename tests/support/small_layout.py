"""Small folders in the HAM10000 layout, written by the tests to be broken by them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from helpers.core.classes import CLASSES


def metadata_rows(lesions_per_class: int = 3) -> pd.DataFrame:
    """Metadata in 8 columns: every second lesion has two images."""
    rows = []
    for dx in CLASSES:
        for lesion in range(lesions_per_class):
            for _ in range(1 + lesion % 2):
                rows.append(
                    {
                        "lesion_id": f"HAM_{dx}_{lesion}",
                        "image_id": f"ISIC_{len(rows):07d}",
                        "dx": dx,
                        "dx_type": "histo",
                        "age": "50.0",
                        "sex": "female",
                        "localization": "back",
                        "dataset": "rosendahl",
                    }
                )
    return pd.DataFrame(rows)


def jpeg(number: int, size: tuple[int, int] = (60, 45)) -> bytes:
    """A small JPEG that differs from every other number's; ``size`` is width, height."""
    random = np.random.default_rng(number)
    coarse = random.integers(60, 220, (6, 8, 3), dtype=np.uint8)
    pixels = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def mask_png(size: tuple[int, int] = (60, 45)) -> bytes:
    """A mask with a disc inside; ``size`` is width, height."""
    mask = np.zeros(size[::-1], np.uint8)
    cv2.circle(mask, (size[0] // 2, size[1] // 2), min(size) // 4, 255, -1)
    return cv2.imencode(".png", mask)[1].tobytes()


def write_folder(
    folder: Path,
    rows: pd.DataFrame | None = None,
    *,
    masks: bool = True,
    under: str = "",
) -> Path:
    """Write a folder in the HAM10000 layout, images in ``under``."""
    rows = metadata_rows() if rows is None else rows
    (folder / under).mkdir(parents=True, exist_ok=True)
    rows.to_csv(folder / "HAM10000_metadata.csv", index=False)
    for number, image_id in enumerate(rows["image_id"].drop_duplicates()):
        (folder / under / f"{image_id}.jpg").write_bytes(jpeg(number))
        if masks:
            (folder / under / f"{image_id}_segmentation.png").write_bytes(mask_png())
    return folder
