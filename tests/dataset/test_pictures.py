"""One reading of pictures: training sees what the app sees."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms
from support.small_layout import jpeg

from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.image_store import open_store
from helpers.dataset.pictures import DamagedError, decode_picture
from helpers.dataset.sources import open_source
from helpers.serving.uploads.pictures import read_picture

PIXELS = np.asarray(Image.open(io.BytesIO(jpeg(3, (64, 48)))))


def wide_gamut() -> bytes:
    """A colour profile whose numbers mean other colours: the primaries of sRGB exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    n_tags = int.from_bytes(profile[128:132], "big")
    tags = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(n_tags)}
    red, blue = tags[b"rXYZ"], tags[b"bXYZ"]
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    name = profile.find("sRGB".encode("utf-16-be"))
    if name > 0:
        profile[name : name + 8] = "wide".encode("utf-16-be")
    return bytes(profile)


def saved(kind: str, mode: str = "RGB", **options: object) -> bytes:
    """The picture in a format and mode."""
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def turned(orientation: int, kind: str = "JPEG") -> bytes:
    """The picture with an EXIF orientation."""
    exif = Image.Exif()
    exif[274] = orientation
    return saved(kind, exif=exif)


def transparent() -> bytes:
    """A PNG whose left half is seen through, with green hidden below."""
    alpha = np.full((48, 64, 4), 255, np.uint8)
    alpha[..., :3] = PIXELS
    alpha[:, :32] = (0, 255, 0, 0)
    buffer = io.BytesIO()
    Image.fromarray(alpha).save(buffer, "PNG")
    return buffer.getvalue()


def sixteen_bits() -> bytes:
    """A grey PNG of 16 bits."""
    buffer = io.BytesIO()
    Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257).save(buffer, "PNG")
    return buffer.getvalue()


FILES = {
    "plain": saved("JPEG"),
    "progressive": saved("JPEG", progressive=True),
    "grey": saved("JPEG", "L"),
    "inks": saved("JPEG", "CMYK"),
    "profile": saved("JPEG", icc_profile=wide_gamut()),
    "profile in PNG": saved("PNG", icc_profile=wide_gamut()),
    "upside down": turned(3),
    "on its side": turned(6),
    "mirrored": turned(7),
    "PNG on its side": turned(8, "PNG"),
    "PNG": saved("PNG"),
    "palette": saved("PNG", "P"),
    "transparent": transparent(),
    "16 bits": sixteen_bits(),
    "TIFF": saved("TIFF"),
    "WebP": saved("WEBP", lossless=True),
    "BMP": saved("BMP"),
    "GIF": saved("GIF"),
    "with a film behind": saved("JPEG") + b"\0film" * 999,
}


@pytest.mark.parametrize("name", FILES)
def test_training_sees_what_the_app_sees(name):
    """The same pixels to the last bit, whatever the file carries."""
    seen = decode_picture(FILES[name])[0]
    assert seen.dtype == np.uint8
    np.testing.assert_array_equal(seen, read_picture(FILES[name]).pixels)


def test_what_a_file_carries_matters():
    """The profile, the orientation and the transparency of the files above change pixels."""
    plain = decode_picture(FILES["plain"])[0].astype(int)
    assert np.abs(decode_picture(FILES["profile"])[0] - plain).mean() > 5
    assert (decode_picture(FILES["upside down"])[0] == plain[::-1, ::-1]).all()
    assert decode_picture(FILES["on its side"])[0].shape == (64, 48, 3)
    assert (decode_picture(FILES["transparent"])[0][:, :32] == 255).all()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (FILES["plain"][:-2], "no end-of-image mark"),
        (FILES["plain"][:300] + b"\xff\xd9", "cut short|cannot be decoded"),
        (FILES["PNG"][:300], "was cut short"),
        (FILES["PNG"].replace(FILES["PNG"][200:203], b"abc"), "a checksum in it differs"),
        (b"<html>", "cannot be decoded"),
    ],
)
def test_what_is_not_whole_is_said(data, said):
    """By what is wrong with it."""
    with pytest.raises(DamagedError, match=said):
        decode_picture(data)


def test_a_store_holds_what_the_app_sees(make_folder):
    """Through catalogue and store too: a phone's picture with a profile and a film behind it."""
    folder = make_folder(masks=False)
    data = FILES["profile"] + b"\0film" * 99
    (folder / "ISIC_0000005.jpg").write_bytes(data)
    catalogue = load_catalogue(open_source(folder))
    store = open_store(catalogue, (48, 64))
    np.testing.assert_array_equal(store.take(["ISIC_0000005"])[0], read_picture(data).pixels)
