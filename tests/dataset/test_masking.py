"""Pictures of the lesion alone: what is hidden, what stays, and what they are called."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from helpers.core import read_bytes
from helpers.dataset.catalogue import fingerprint
from helpers.dataset.decoding import inspect_mask, read_image, read_mask
from helpers.dataset.image_store import open_store, resize_image, store_key
from helpers.dataset.masking import hide_background, masked_catalogue, resize_mask


@pytest.fixture
def few(tiny_catalogue: pd.DataFrame) -> pd.DataFrame:
    """Six images of the drawn sample, the last one without a mask."""
    rows = tiny_catalogue.head(6).reset_index(drop=True)
    rows.loc[5, "mask_path"] = ""
    return rows


def test_a_pixel_is_inside_where_half_of_it_was() -> None:
    """Shrinking by two keeps a pixel of two quarters and drops one of a single quarter."""
    mask = np.array([[1, 1, 0, 1], [0, 0, 0, 0]], dtype=bool)
    assert resize_mask(mask, (1, 2)).tolist() == [[True, False]]


def test_what_is_outside_becomes_black() -> None:
    """The inside is the picture's own, whatever the mask's size; an empty mask hides nothing."""
    image = np.full((4, 6, 3), 200, np.uint8)
    mask = np.zeros((8, 12), dtype=bool)
    mask[:, :4] = True
    hidden = hide_background(image, mask)
    assert (hidden[:, :2] == 200).all() and not hidden[:, 2:].any()
    assert (image == 200).all()
    np.testing.assert_array_equal(hide_background(image, np.zeros((8, 12), dtype=bool)), image)


def test_the_store_of_a_masked_catalogue_shows_lesions_alone(few: pd.DataFrame) -> None:
    """Each picture is masked before it is resized; the one without a mask stays as it is."""
    masked = masked_catalogue(few)
    images = open_store(masked, (30, 40)).images
    expected = hide_background(read_image(few["path"][2]), read_mask(few["mask_path"][2]))
    np.testing.assert_array_equal(images[2], resize_image(expected, (30, 40)))
    np.testing.assert_array_equal(images[5], resize_image(read_image(few["path"][5]), (30, 40)))
    assert (images[:5] == 0).all(axis=3).mean(axis=(1, 2)).min() > 0.1


def test_masked_pictures_have_names_of_their_own(few: pd.DataFrame, tmp_path: Path) -> None:
    """Neither store nor trial is taken for that of the whole pictures, nor for another mask's."""
    masked = masked_catalogue(few)
    assert fingerprint(masked) != fingerprint(few)
    assert store_key(masked, (30, 40)) != store_key(few, (30, 40))
    assert fingerprint(masked_catalogue(few)) == fingerprint(masked)
    assert (masked["digest"] == few["digest"]).tolist() == [False] * 5 + [True]
    assert masked.attrs == few.attrs and "background_mask" not in few
    other = few.copy()
    other.loc[0, "mask_path"] = str(tmp_path / "other.png")
    cv2.imwrite(other["mask_path"][0], np.full((450, 600), 255, np.uint8))
    assert fingerprint(masked_catalogue(other)) != fingerprint(masked)


@pytest.mark.real
def test_an_inverted_palette_does_not_turn_a_mask_inside_out(real_catalogue: pd.DataFrame) -> None:
    """Masks with a palette hide the corners of the picture, as all others do, not the lesion."""
    rows = real_catalogue[real_catalogue["mask_path"] != ""].head(300)
    facts = [inspect_mask(read_bytes(path)) for path in rows["mask_path"]]
    # A large lesion may reach a corner.
    small = [fact.palette and fact.measure < 0.3 for fact in facts]
    assert sum(small) >= 3
    for row in rows[small].head(3).itertuples():
        hidden = hide_background(read_image(row.path), read_mask(row.mask_path))
        assert not hidden[[0, 0, -1, -1], [0, -1, 0, -1]].any(), row.image_id
        height, width = hidden.shape[:2]
        assert hidden[height // 3 : -height // 3, width // 3 : -width // 3].any(), row.image_id
