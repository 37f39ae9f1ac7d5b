"""The structure of JPEGs: their end, their passes, and what they carry."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms
from support.small_layout import jpeg

from helpers.dataset.jpeg import jpeg_structure


def saved(mode: str = "RGB", **options: object) -> bytes:
    """A small JPEG as Pillow writes it."""
    pixels = np.random.default_rng(0).integers(0, 255, (40, 56, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize("behind", [b"", b"\0\0", b"a film" * 999, jpeg(1)])
def test_what_follows_the_end_is_not_looked_at(behind):
    """A picture with bytes behind its end is whole, and one that lacks its end is not."""
    assert jpeg_structure(jpeg(0) + behind).whole
    assert not jpeg_structure(jpeg(0)[:-2]).whole


def test_the_end_of_a_thumbnail_is_not_the_end():
    """A picture cut behind the thumbnail in its header is not whole."""
    data, thumbnail = saved(), saved()
    block = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    assert jpeg_structure(data[:2] + block + data[2:]).whole
    assert not jpeg_structure(data[:2] + block).whole


def test_plain_is_what_every_decoder_shows_alike():
    """Not plain: an EXIF block, a colour profile, four inks."""
    exif = Image.Exif()
    exif[274] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert jpeg_structure(saved()).plain and jpeg_structure(saved("L")).plain
    assert jpeg_structure(saved(progressive=True)).plain
    assert not jpeg_structure(saved(exif=exif)).plain
    assert not jpeg_structure(saved(icc_profile=profile)).plain
    assert not jpeg_structure(saved("CMYK")).plain


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe1\xff", b"<html>"])
def test_what_is_no_jpeg_is_not_whole(data):
    """Nothing is raised, and nothing of it counts."""
    found = jpeg_structure(data)
    assert not found.whole and not found.plain and found.scans == 0
