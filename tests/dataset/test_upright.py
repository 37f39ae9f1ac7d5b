"""Masks of pictures that EXIF turns."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from support.small_layout import jpeg

from helpers.core.errors import DataError
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.decoding import read_image, read_mask
from helpers.dataset.integrity import integrity_report
from helpers.dataset.sources import open_source


def turned(orientation: int, size: tuple[int, int]) -> tuple[bytes, np.ndarray]:
    """A JPEG with a bright corner and an EXIF orientation, and the corner as it is stored."""
    width, height = size
    inside = np.zeros((height, width), bool)
    inside[4:20, 4:28] = True
    exif = Image.Exif()
    exif[274] = orientation
    buffer = io.BytesIO()
    grey = np.where(inside, 220, 60).astype(np.uint8)
    Image.fromarray(grey).convert("RGB").save(buffer, "JPEG", exif=exif, quality=95)
    return buffer.getvalue(), inside


def put(folder, data: bytes, mask: np.ndarray) -> None:
    """Replace the picture and the mask of row 5."""
    (folder / "ISIC_0000005.jpg").write_bytes(data)
    path = folder / "ISIC_0000005_segmentation.png"
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_mask_is_turned_with_its_picture(make_folder, orientation):
    """The mask lies on what is bright, whether it was drawn on the stored or the seen picture."""
    folder = make_folder()
    data, stored = turned(orientation, (60, 45))
    put(folder, data, stored)
    catalogue = load_catalogue(open_source(folder))
    row = catalogue.loc[5]
    bright, mask = read_image(row)[..., 1] > 140, read_mask(row)
    assert mask.shape == (60, 45) and (mask == bright).mean() > 0.99
    assert "1 mask was turned" in " ".join(catalogue.attrs["notes"])
    assert load_catalogue(open_source(folder)).equals(catalogue)
    report = integrity_report(catalogue).set_index("check")["found"]
    assert report["masks"] == 28 and report["masks with nothing inside"] == 0

    put(folder, data, bright)
    catalogue = load_catalogue(open_source(folder))
    assert (read_mask(catalogue.loc[5]) == bright).all() and catalogue.attrs["notes"] == []


@pytest.mark.parametrize(("orientation", "size"), [(3, (60, 45)), (2, (60, 45)), (6, (48, 48))])
def test_two_readings_are_refused(make_folder, orientation, size):
    """Where the mask's shape does not tell, nobody can: the message says what to do."""
    folder = make_folder()
    put(folder, *turned(orientation, size))
    with pytest.raises(DataError, match=r"both turned by EXIF and unturned.*save picture and mask"):
        load_catalogue(open_source(folder))


def test_no_orientation_is_left_alone(make_folder):
    """Orientation 1, and a picture without EXIF."""
    folder = make_folder()
    put(folder, *turned(1, (60, 45)))
    (folder / "ISIC_0000006.jpg").write_bytes(jpeg(6))
    assert load_catalogue(open_source(folder)).attrs["notes"] == []
